//! A fleet that tells what is written here, without a socket: on tokio's paused clock a run
//! takes no time, however long its hosts and its store hold it up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lustrum::config::fleet::Fleet;
use lustrum::config::job::{Job, Output, TableFormat};
use lustrum::config::load::Asked;
use lustrum::engine::plan::Plan;
use lustrum::model::credential::{Credential, CredentialName, Secret};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::{Outcome, StepName};
use lustrum::model::run::JobName;
use lustrum::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use lustrum::providers::provider::{Ask, Baseline, Contact, Finding, Provider, Session, Sink};
use lustrum::tables::catalogue;
use lustrum::tables::table::RowBatch;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::past::batch;
use crate::world::sample_rows::host;

const HOSTS: [&str; 5] = ["hv1", "hv2", "hv3", "hv4", "hv5"];

/// Nobody listens there.
const SILENT: &str = "hv4";

/// What a host needs to tell everything.
const TELLING: Duration = Duration::from_secs(40);

/// Five hosts, one of which cannot be reached.
#[derive(Clone, Default)]
pub struct WrittenFleet {
    told: Arc<Mutex<BTreeSet<HostName>>>,
}

impl WrittenFleet {
    /// The hosts that have told everything, ever.
    pub fn told(&self) -> BTreeSet<HostName> {
        self.told.lock().unwrap().clone()
    }

    /// One host at a time, in their order.
    pub fn plan() -> Plan {
        let output = Output { formats: vec![TableFormat::Parquet, TableFormat::Csv], ..Output::default() };
        let tables = vec!["vInfo".to_owned(), "vDisk".to_owned()];
        let mut job = Job { name: JobName::parse("census").unwrap(), output, tables, ..Job::default() };
        job.limits.concurrency = 1;
        let name = CredentialName::default_name();
        let password = Secret::new("census".to_owned());
        let credential = Credential {
            name: name.clone(),
            user: "census".to_owned(),
            password,
            certificate: None,
            realm: None,
        };
        let target = |name: &str| Target {
            host: host(name),
            platform: Platform::Hyperv,
            address: name.to_owned(),
            port: 5985,
            scheme: Scheme::Http,
            auth: AuthMethod::Negotiate,
            trust: Trust::default(),
            credential: CredentialName::default_name(),
            spn: None,
            site: "Leuven".to_owned(),
        };
        let fleet = Fleet { targets: HOSTS.map(target).to_vec(), warnings: Vec::new() };
        let credentials = [(name, credential)].into();
        Plan::of(Asked { job, fleet, credentials, probes: Vec::new(), warnings: Vec::new() }, false)
    }
}

pub struct Written {
    host: HostName,
    fleet: WrittenFleet,
}

impl Provider for WrittenFleet {
    type Contact = Written;

    async fn reach(&self, target: &Target) -> Result<Written, Failure> {
        if target.host.as_str() == SILENT {
            return Err(Failure::new(FailureKind::Unreachable, "connection refused"));
        }
        Ok(Written { host: target.host.clone(), fleet: self.clone() })
    }
}

impl Contact for Written {
    type Session = Self;

    fn greeting(&self) -> Option<String> {
        None
    }

    async fn logon(self, _: &Credential) -> Result<Self, Failure> {
        Ok(self)
    }
}

impl Session for Written {
    async fn collect(&mut self, ask: &Ask, sink: &mut impl Sink) -> Result<(), Failure> {
        tokio::time::sleep(TELLING).await;
        let number = HOSTS.iter().position(|name| *name == self.host.as_str()).unwrap() as u128;
        let vms: Vec<_> = (1..=2).map(|vm| Uuid::from_u128(number << 64 | vm)).collect();
        let baseline = vms.iter().map(|vm| (*vm, format!("vm-{vm}"))).collect();
        let baseline = Baseline { vms: baseline, zero_proven: false, path: "cim".to_owned() };
        sink.put(Finding::Baseline(Ok(baseline))).await;
        for table in &ask.tables {
            let spec = catalogue::named(table.as_str()).unwrap();
            let row = |vm: &Uuid| -> Value {
                let at = ask.collected_at.to_rfc3339();
                json!({ "host": self.host, "vm_id": vm.to_string(), "collected_at": at, "vm_name": format!("vm-{vm}"),
                        "disk_key": "SCSI 0:0", "disk_path": format!("C:\\vms\\{vm}.vhdx"), "capacity_bytes": 1 << 30 })
            };
            let known = |mut row: Value| {
                let names: Vec<_> = (spec.columns)().iter().map(|column| column.name).collect();
                row.as_object_mut().unwrap().retain(|name, _| names.contains(&name.as_str()));
                row
            };
            let rows: Vec<_> = vms.iter().map(|vm| known(row(vm))).collect();
            sink.put(Finding::Rows(RowBatch { table: *table, columns: batch(spec, &rows) })).await;
            let outcome = Outcome::Ok { rows: rows.len() as u64 };
            let step = StepName(table.to_string());
            let seen = (table.as_str() == "vinfo").then(|| vms.clone());
            sink.put(Finding::Ended { step, table: *table, outcome, seen, duration_ms: 0 }).await;
        }
        self.fleet.told.lock().unwrap().insert(self.host.clone());
        Ok(())
    }

    async fn close(self) -> Result<(), Failure> {
        Ok(())
    }
}
