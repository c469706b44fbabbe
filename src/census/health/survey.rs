//! The health of a run: first all hosts are noted, then each host's findings are told.
//!
//! Checks of one host read its rows only; what needs the whole (names, addresses, the
//! references of a cluster, datastores) is kept from the first pass, small: 8 bytes a VM
//! name, MAC address, VM, checkpoint and referenced path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::census::ground::Ground;
use crate::census::health::cluster::{self, Cluster};
use crate::census::health::datastore::Datastores;
use crate::census::health::device::Addresses;
use crate::census::health::findings::Findings;
use crate::census::health::host_rows::{HostRows, RowsOf};
use crate::census::health::realm::{self, Realm};
use crate::census::health::tally::Tally;
use crate::census::health::{device, disk, host, tips, vm};
use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::sheet::Place;

/// Tables that only the checks of one host read.
const OF_ONE_HOST: [&str; 3] = ["vcpu", "vcd", "vtools"];

/// The first pass, under way.
#[derive(Default)]
pub struct Survey {
    names: Tally,
    addresses: Addresses,
    realms: BTreeMap<String, Realm>,
    realm_of: HashMap<HostName, String>,
    clusters: BTreeMap<String, Cluster>,
    datastores: Datastores,
}

/// The first pass, done.
pub struct Health(Survey);

impl Survey {
    /// Notes one host; every host of the run once, also one without rows, in name order.
    pub fn note(&mut self, ground: &Ground, name: &HostName, rows: &RowsOf) -> Result<(), SpoolError> {
        let noted = |table: &str| {
            let nothing = || Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
            if OF_ONE_HOST.contains(&table) { nothing() } else { rows(table) }
        };
        let Some(host) = HostRows::read(ground, name, &noted)? else { return Ok(()) };
        vm::note(&host, &mut self.names);
        self.addresses.note(&host);
        let realm = realm::key(&host);
        self.realms.entry(realm.clone()).or_default().note(&host);
        self.datastores.note(&host, &realm);
        if let Some(cluster) = cluster::note(self.clusters.remove(&realm), &host) {
            self.clusters.insert(realm.clone(), cluster);
        }
        self.realm_of.insert(name.clone(), realm);
        Ok(())
    }

    pub fn close(mut self, ground: &Ground) -> Health {
        // Where a VM was seen as well, its rows are left out, and with them its references.
        for (left, kept) in &ground.moved {
            let realm = self.realm_of.get(left);
            if realm != self.realm_of.get(kept)
                && let Some(realm) = realm.and_then(|realm| self.realms.get_mut(realm))
            {
                realm.lacks_references();
            }
        }
        self.names.close();
        self.addresses.close();
        self.realms.values_mut().for_each(Realm::close);
        Health(self)
    }
}

impl Health {
    /// A host's rows of vHealth: its own findings, those of its VMs in VM order, those of
    /// the files it lists.
    pub fn findings(
        &self,
        ground: &Ground,
        name: &HostName,
        place: &Place,
        rows: &RowsOf,
    ) -> Result<RecordBatch, SpoolError> {
        let mut findings = Findings::new(&ground.health);
        let Some(host) = HostRows::read(ground, name, rows)? else { return Ok(findings.into_rows()) };
        host::check(&host, &mut findings);
        let mut of_vms = Findings::new(&ground.health);
        vm::check(&host, &self.0.names, &mut of_vms);
        device::check(&host, &self.0.addresses, &mut of_vms);
        disk::check(&host, &mut of_vms);
        tips::check(&host, &mut of_vms);
        of_vms.sort_by_vm();
        findings.append(of_vms);
        if let Some(realm) = self.0.realm_of.get(name).and_then(|realm| self.0.realms.get(realm)) {
            disk::check_files(&host, realm, &mut findings);
        }
        findings.place(place);
        Ok(findings.into_rows())
    }

    /// Findings about clusters, then about datastores: rows of no single host.
    pub fn fleet_findings(&self, ground: &Ground, place_of: &dyn Fn(&HostName) -> Place) -> RecordBatch {
        let mut findings = Findings::new(&ground.health);
        for cluster in self.0.clusters.values() {
            cluster.check(&mut findings);
            findings.place(&place_of(&cluster.told_by));
        }
        for datastore in self.0.datastores.all() {
            datastore.check(&ground.health, &mut findings);
            findings.place(&place_of(&datastore.told_by));
        }
        findings.into_rows()
    }
}
