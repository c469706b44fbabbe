//! A session against simulated hosts over real sockets: what each fault makes of the
//! findings. The scenarios judge whole runs; here is what the provider itself owes.

use std::collections::BTreeMap;
use std::time::Duration;

use lustrum::config::limits::Limits;
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::Outcome;
use lustrum::model::target::AuthMethod;
use lustrum::providers::catalogue;
use lustrum::providers::provider::{Ask, Baseline, Contact, Finding, Provider, Session, Sink};
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::tables::catalogue::INVENTORY;
use uuid::Uuid;

/// Everything a session told.
#[derive(Default)]
struct Told {
    baselines: Vec<Result<Baseline, Failure>>,
    rows: BTreeMap<&'static str, u64>,
    ended: BTreeMap<&'static str, (Outcome, Option<Vec<Uuid>>)>,
}

impl Sink for Told {
    async fn put(&mut self, finding: Finding) {
        match finding {
            Finding::Baseline(baseline) => self.baselines.push(baseline),
            Finding::Rows(batch) => *self.rows.entry(batch.table.as_str()).or_default() += batch.rows(),
            Finding::Ended { table, outcome, seen, .. } => {
                let before = self.ended.insert(table.as_str(), (outcome, seen));
                assert!(before.is_none(), "{table} ended twice");
            }
        }
    }
}

impl Told {
    fn baseline(&self) -> &Result<Baseline, Failure> {
        assert_eq!(self.baselines.len(), 1);
        &self.baselines[0]
    }

    fn failure(&self, table: &str) -> FailureKind {
        self.ended[table].0.failure().unwrap_or_else(|| panic!("{table} ended well")).kind
    }

    fn all_ok_but(&self, tables: &[&str]) {
        assert_eq!(self.ended.len(), INVENTORY.len());
        for (table, (outcome, _)) in &self.ended {
            assert_eq!(outcome.is_ok(), !tables.contains(table), "{table}: {outcome:?}");
            let told = self.rows.get(table).copied().unwrap_or_default();
            assert_eq!(outcome.rows(), told, "{table} counts other rows than it told");
        }
    }
}

async fn census(faults: Vec<Fault>) -> (Told, Result<(), Failure>) {
    let mut spec = FleetSpec::new(1, 12, 7);
    for fault in faults {
        spec = spec.with_fault(0, fault);
    }
    let simulator = Simulator::start(spec).await.unwrap();
    let target = simulator.targets(AuthMethod::Negotiate).remove(0);
    let provider = catalogue::hyperv(Limits::default().shell());
    let contact = provider.reach(&target).await.unwrap();
    let mut session = contact.logon(&simulator.credential()).await.unwrap();
    let ask = Ask {
        tables: INVENTORY.iter().map(|table| table.id).collect(),
        collected_at: "2026-11-21T06:00:00Z".parse().unwrap(),
        collector_deadline: Duration::from_secs(60),
    };
    let mut told = Told::default();
    let ended = session.collect(&ask, &mut told).await;
    session.close().await.unwrap();
    assert_eq!(simulator.tally().shells_open, 0);
    (told, ended)
}

#[tokio::test]
async fn a_healthy_host_tells_every_table() {
    let (told, ended) = census(Vec::new()).await;
    ended.unwrap();
    told.all_ok_but(&[]);
    let baseline = told.baseline().as_ref().unwrap();
    assert!(!baseline.vms.is_empty() && baseline.path == "cim");
    let ids: Vec<_> = baseline.vms.iter().map(|(id, _)| *id).collect();
    for (table, (outcome, seen)) in &told.ended {
        let owes = matches!(*table, "vinfo" | "vcpu" | "vmemory" | "vtools");
        assert_eq!(seen.as_ref(), owes.then_some(&ids), "{table}");
        assert!(!owes || outcome.rows() == ids.len() as u64);
    }
    assert_eq!(told.rows["vhost"], 1);
    assert!(told.rows["vdisk"] > 0 && told.rows["vnetwork"] > 0 && told.rows["vswitch"] > 0);
}

#[tokio::test]
async fn constrained_language_tells_the_same() {
    let ((plain, _), (packed, _)) =
        (census(vec![Fault::ConstrainedLanguage]).await, census(Vec::new()).await);
    plain.all_ok_but(&[]);
    assert_eq!((plain.rows, plain.baselines), (packed.rows, packed.baselines));
}

#[tokio::test]
async fn zero_is_proven_or_it_is_not() {
    let (empty, ended) = census(vec![Fault::EmptyNode]).await;
    ended.unwrap();
    empty.all_ok_but(&[]);
    let baseline = empty.baseline().as_ref().unwrap();
    assert!(baseline.vms.is_empty() && baseline.zero_proven);
    let (hidden, _) = census(vec![Fault::EmptyUnproven]).await;
    let baseline = hidden.baseline().as_ref().unwrap();
    assert!(baseline.vms.is_empty() && !baseline.zero_proven);
    let (no_role, _) = census(vec![Fault::NoRole]).await;
    assert_eq!(no_role.baseline().as_ref().unwrap_err().kind, FailureKind::BaselineError);
    assert_eq!(no_role.failure("vinfo"), FailureKind::NotApplicable);
}

#[tokio::test]
async fn a_failing_baseline_costs_no_rows() {
    let (told, ended) = census(vec![Fault::BaselineError]).await;
    ended.unwrap();
    told.all_ok_but(&[]);
    assert_eq!(told.baseline().as_ref().unwrap_err().kind, FailureKind::BaselineError);
}

#[tokio::test]
async fn one_collector_fails_alone() {
    let (told, ended) = census(vec![Fault::CollectorError("disk".into())]).await;
    ended.unwrap();
    told.all_ok_but(&["vdisk"]);
    assert_eq!(told.failure("vdisk"), FailureKind::RemoteError);
    let (told, ended) = census(vec![Fault::CollectorTimeout("nic".into())]).await;
    ended.unwrap();
    told.all_ok_but(&["vnetwork"]);
    assert_eq!(told.failure("vnetwork"), FailureKind::TimedOut);
}

#[tokio::test]
async fn a_disk_in_use_keeps_its_row() {
    let ((told, _), (healthy, _)) = (census(vec![Fault::VhdInUse]).await, census(Vec::new()).await);
    told.all_ok_but(&["vdisk"]);
    assert!(matches!(told.ended["vdisk"].0, Outcome::Partial { .. }));
    assert_eq!(told.rows["vdisk"], healthy.rows["vdisk"]);
}

#[tokio::test]
async fn damage_is_told_from_absence() {
    let (told, ended) = census(vec![Fault::BadCrc]).await;
    ended.unwrap();
    told.all_ok_but(&["vinfo"]);
    assert_eq!(told.failure("vinfo"), FailureKind::Corrupt);
    assert_eq!(told.ended["vinfo"].1, None, "nothing read is not nothing there");

    let (told, ended) = census(vec![Fault::TruncatedRecord]).await;
    assert_eq!(ended.unwrap_err().kind, FailureKind::Corrupt);
    told.all_ok_but(&["vfile"]);
    assert_eq!(told.failure("vfile"), FailureKind::Corrupt);

    let (told, ended) = census(vec![Fault::MissingEnd]).await;
    assert_eq!(ended.unwrap_err().kind, FailureKind::Corrupt);
    told.all_ok_but(&[]);
}

#[tokio::test]
async fn noise_is_no_error() {
    let faults = vec![Fault::ClixmlNoise, Fault::WrongCodePage, Fault::Noise(300_000)];
    let (told, ended) = census(faults).await;
    ended.unwrap();
    told.all_ok_but(&[]);
}

#[tokio::test]
async fn missing_vms_are_not_seen() {
    let (told, _) = census(vec![Fault::MissingVms(2)]).await;
    told.all_ok_but(&[]);
    let baseline = told.baseline().as_ref().unwrap().vms.len();
    for table in ["vinfo", "vcpu", "vmemory"] {
        assert_eq!(told.ended[table].1.as_ref().unwrap().len(), baseline - 2, "{table}");
    }
}
