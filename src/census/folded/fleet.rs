//! The fleet as one walk through all rows leaves it in memory.
//!
//! Every host is met in name order: first is heard what hosts say of themselves, then of what
//! they share, then of their VMs. That order makes the result the same whichever host
//! answered first.

use std::collections::{BTreeSet, HashMap};

use arrow_array::RecordBatch;

use crate::census::folded::cluster::{Claim, Cluster, settle};
use crate::census::folded::guests::Rows;
use crate::census::folded::host::{Host, Machine};
use crate::census::folded::owner::Owner;
use crate::census::folded::role::{Role, Roles};
use crate::census::folded::switch::{self, Switches};
use crate::census::folded::volume::Volumes;
use crate::census::ground::Ground;
use crate::census::identity;
use crate::census::vm_order::by_vm;
use crate::census::walk::Walk;
use crate::model::target::HostName;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;
use crate::tables::sheet::Place;
use crate::tables::table::TableId;

/// What the rows say together.
#[derive(Default)]
pub struct Fleet {
    /// As in `Ground::hosts`: in name order.
    pub names: Vec<HostName>,
    pub hosts: Vec<Host>,
    /// In the order of their full names.
    pub clusters: Vec<Cluster>,
    pub volumes: Volumes,
    pub switches: Switches,
    /// By VM id: roles that the VM's own host did not tell.
    pub strays: HashMap<String, Role>,
}

impl Fleet {
    /// The hosts, and what they share; `walk` goes over all of them in name order. Their VMs
    /// are told by [`Fleet::meet_guests`]. Blocks on the disk, as does that.
    pub fn meet(walk: &Walk<'_>, ground: &Ground) -> Result<Self, SpoolError> {
        let mut fleet = Self::default();
        fleet.meet_hosts(walk, ground)?;
        for index in 0..fleet.hosts.len() {
            let cluster = fleet.hosts[index].cluster;
            fleet.volumes.tell(index, cluster, &walk.rows("vdatastore", index)?);
            let owner = fleet.owner(index);
            switch::tell(&mut fleet.switches, owner, index, &walk.rows("vswitch", index)?);
        }
        fleet.volumes.close();
        Ok(fleet)
    }

    /// Counts a host's VMs, and what they take of what hosts share; every host once, in order.
    pub fn meet_guests(
        &mut self,
        walk: &Walk<'_>,
        index: usize,
        told: &BTreeSet<TableId>,
    ) -> Result<(), SpoolError> {
        let (vinfo, vdisk) = (walk.rows("vinfo", index)?, walk.rows("vdisk", index)?);
        let nics = walk.rows("vnic", index)?.num_rows();
        let hbas = walk.rows("vhba", index)?.num_rows();
        let of_host = Rows { vinfo: &vinfo, vdisk: &vdisk, nics, hbas, told };
        let cluster = self.hosts[index].cluster;
        let mut guests = of_host.count();
        guests.whole &= of_host.lay(&mut self.volumes, index, cluster);
        self.hosts[index].guests = guests;
        let owner = self.owner(index);
        switch::connect(&mut self.switches, owner, &walk.rows("vnetwork", index)?);
        self.keep_strays(&vinfo, &walk.rows("vrole", index)?);
        Ok(())
    }

    fn meet_hosts(&mut self, walk: &Walk<'_>, ground: &Ground) -> Result<(), SpoolError> {
        let mut claims = Vec::with_capacity(ground.hosts.len());
        for (index, (name, standing)) in ground.hosts.iter().enumerate() {
            let vhost = walk.rows("vhost", index)?;
            claims.push(Claim::of(index, name, &vhost, &walk.rows("vcluster", index)?));
            let place = standing_alone(name, &vhost, &standing.site);
            let machine = Machine::of(&vhost);
            self.names.push(name.clone());
            self.hosts.push(Host { place, machine, ..Host::default() });
        }
        let sites: Vec<_> = ground.hosts.values().map(|standing| standing.site.as_str()).collect();
        let (clusters, places) = settle(&claims, &sites);
        for (host, place) in self.hosts.iter_mut().zip(places) {
            host.cluster = place;
            let Some(cluster) = place.map(|place| &clusters[place]) else { continue };
            host.place.cluster.clone_from(&cluster.name);
            host.place.sdk_server.clone_from(&cluster.fqdn);
            host.place.sdk_uuid.clone_from(&cluster.uuid);
        }
        self.clusters = clusters;
        Ok(())
    }

    fn keep_strays(&mut self, vinfo: &RecordBatch, vrole: &RecordBatch) {
        let (vm_id, roles) = (Texts::of(vrole, "vm_id"), Roles::of(vrole));
        for (row, here) in by_vm(vrole, vinfo).into_iter().enumerate() {
            if let (Some(vm_id), true) = (vm_id.at(row), here.is_empty()) {
                self.strays.entry(vm_id.to_owned()).or_insert_with(|| roles.at(row));
            }
        }
    }

    pub fn owner(&self, host: usize) -> Owner {
        self.hosts[host].cluster.map_or(Owner::Host(host), Owner::Cluster)
    }

    /// A host's place among the hosts.
    pub fn index(&self, host: &HostName) -> Option<usize> {
        self.names.binary_search(host).ok()
    }

    /// Where an owner stands.
    pub fn place(&self, owner: Owner) -> Place {
        match owner {
            Owner::Host(host) => self.hosts[host].place.clone(),
            Owner::Cluster(cluster) => {
                let cluster = &self.clusters[cluster];
                Place {
                    datacenter: cluster.site.clone(),
                    cluster: cluster.name.clone(),
                    sdk_server: cluster.fqdn.clone(),
                    sdk_uuid: cluster.uuid.clone(),
                }
            }
        }
    }

    /// Everyone who could add to what an owner shares was heard, and told all of it: a count
    /// is one only then. For a cluster these are all its nodes.
    pub fn is_whole(&self, owner: Owner, heard: impl Fn(usize) -> bool) -> bool {
        match owner {
            Owner::Host(host) => heard(host),
            Owner::Cluster(cluster) => self.clusters[cluster]
                .nodes
                .as_ref()
                .is_some_and(|nodes| nodes.iter().all(|node| node.host.is_some_and(&heard))),
        }
    }

    /// The hosts of an owner, in name order.
    pub fn members(&self, owner: Owner) -> Vec<usize> {
        match owner {
            Owner::Host(host) => vec![host],
            Owner::Cluster(cluster) => self.clusters[cluster].members.clone(),
        }
    }

    /// Every cluster, and every host that stands alone.
    pub fn owners(&self) -> impl Iterator<Item = Owner> {
        let alone = (0..self.hosts.len()).filter(|host| self.hosts[*host].cluster.is_none());
        (0..self.clusters.len()).map(Owner::Cluster).chain(alone.map(Owner::Host))
    }
}

/// A host's place while no cluster is known: its full name, by the fleet's own word for it
/// where that is one, so that a host that tells nothing keeps its id.
fn standing_alone(name: &HostName, vhost: &RecordBatch, site: &str) -> Place {
    let told = (vhost.num_rows() > 0).then(|| Texts::of(vhost, "fqdn").at(0)).flatten();
    let full = match identity::domain_of(name.as_str()) {
        Some(_) => name.to_string(),
        None => told.map_or_else(|| name.to_string(), str::to_lowercase),
    };
    Place {
        datacenter: site.to_owned(),
        cluster: name.to_string(),
        sdk_uuid: identity::uuid_of(&full),
        sdk_server: full,
    }
}

/// Whether a host's collector of a table ended well.
pub fn heard(ground: &Ground, name: &HostName, table: &'static str) -> bool {
    ground.hosts.get(name).is_some_and(|standing| standing.told.contains(&TableId(table)))
}
