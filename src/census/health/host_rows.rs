//! The rows of one host, as far as the checks read them.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use chrono::{DateTime, Utc};

use crate::census::ground::{Ground, HostStanding};
use crate::census::health::thresholds::Thresholds;
use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::columns::{Ints, Texts};

/// Gives the rows of a table by its name, as this host told them; an empty batch for a
/// table that nobody knows. Clusters and datastores are wanted from every node that sees
/// them, not only from the one for which they are published.
pub type RowsOf<'a> = dyn Fn(&str) -> Result<RecordBatch, SpoolError> + 'a;

/// One host and what it told.
pub struct HostRows<'a> {
    pub host: &'a HostName,
    pub standing: &'a HostStanding,
    pub started_at: DateTime<Utc>,
    pub thresholds: &'a Thresholds,
    pub vinfo: RecordBatch,
    pub vcpu: RecordBatch,
    pub vdisk: RecordBatch,
    pub vnetwork: RecordBatch,
    pub vcd: RecordBatch,
    pub vsnapshot: RecordBatch,
    pub vtools: RecordBatch,
    pub vhost: RecordBatch,
    pub vdatastore: RecordBatch,
    pub vcluster: RecordBatch,
    pub vrole: RecordBatch,
    pub vfile: RecordBatch,
}

/// What the checks of a VM's parts ask about the VM itself.
#[derive(Clone, Copy)]
pub struct Vm<'a> {
    pub name: Option<&'a str>,
    pub running: bool,
    /// A copy that Hyper-V Replica keeps: it shares name and addresses with its original.
    pub replica: bool,
    pub generation: Option<i64>,
}

impl<'a> HostRows<'a> {
    /// Nothing for a host that is not of this run.
    pub fn read(ground: &'a Ground, host: &'a HostName, rows: &RowsOf) -> Result<Option<Self>, SpoolError> {
        let Some(standing) = ground.hosts.get(host) else { return Ok(None) };
        Ok(Some(Self {
            host,
            standing,
            started_at: ground.started_at,
            thresholds: &ground.health,
            vinfo: rows("vinfo")?,
            vcpu: rows("vcpu")?,
            vdisk: rows("vdisk")?,
            vnetwork: rows("vnetwork")?,
            vcd: rows("vcd")?,
            vsnapshot: rows("vsnapshot")?,
            vtools: rows("vtools")?,
            vhost: rows("vhost")?,
            vdatastore: rows("vdatastore")?,
            vcluster: rows("vcluster")?,
            vrole: rows("vrole")?,
            vfile: rows("vfile")?,
        }))
    }

    /// Whether a table's collector ended well: only then absence of a row says anything.
    pub fn told(&self, table: &str) -> bool {
        self.standing.told.iter().any(|told| told.as_str() == table)
    }

    /// The VMs of vInfo by id.
    pub fn vms(&self) -> HashMap<&str, Vm<'_>> {
        let ids = Texts::of(&self.vinfo, "vm_id");
        let names = Texts::of(&self.vinfo, "vm_name");
        let power = Texts::of(&self.vinfo, "power_state");
        let modes = Texts::of(&self.vinfo, "replication_mode");
        let generations = Ints::of(&self.vinfo, "generation");
        let vm = |row: usize| {
            let vm = Vm {
                name: names.at(row),
                running: power.at(row) == Some("poweredOn"),
                replica: modes.at(row).is_some_and(|mode| mode.ends_with("Replica")),
                generation: generations.at(row),
            };
            Some((ids.at(row)?, vm))
        };
        (0..self.vinfo.num_rows()).filter_map(vm).collect()
    }

    /// The names under which a cluster may know this host: first labels, in lower case.
    pub fn aliases(&self) -> Vec<String> {
        let computer = Texts::of(&self.vhost, "computer_name");
        let fqdn = Texts::of(&self.vhost, "fqdn");
        let own = self.host.to_string();
        let told = (0..self.vhost.num_rows()).flat_map(|row| [computer.at(row), fqdn.at(row)]).flatten();
        let is_name = own.parse::<std::net::IpAddr>().is_err();
        told.chain(is_name.then_some(own.as_str())).map(first_label).collect()
    }
}

/// `HV01.example.com` and `HV01` are one node: `hv01`.
pub fn first_label(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_lowercase()
}

/// States in which a cluster node carries no VMs; `Joining` passes by itself.
pub fn is_bad_node(state: &str) -> bool {
    matches!(state, "Down" | "Paused" | "Isolated" | "Quarantined")
}
