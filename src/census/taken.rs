//! The census of a run: its collected rows, completed by what follows from all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use crate::census::collected::Collected;
use crate::census::completed::beside::Beside;
use crate::census::completed::{vcluster, vcpu, vdatastore, vhost, vinfo, vnic, vtools};
use crate::census::derived::{dvswitch, vmetadata, vport, vsource};
use crate::census::folded::best::Best;
use crate::census::folded::fleet::Fleet;
use crate::census::ground::Ground;
use crate::census::health::survey::{Health, Survey};
use crate::census::walk::Walk;
use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;
use crate::tables::derived::vport::Vport;
use crate::tables::sheet::Place;
use crate::tables::table::{Row, TableSpec};

/// The rows of a run as they are published.
pub struct Census {
    ground: Ground,
    rows: Collected,
    fleet: Fleet,
    health: Health,
}

impl Census {
    /// Passes over the rows of `tables`, those that were collected, for what only the whole
    /// can tell. Blocks on the disk.
    pub fn take(
        rows: Arc<dyn TableSource>,
        tables: Vec<&'static TableSpec>,
        ground: Ground,
    ) -> Result<Self, SpoolError> {
        let rows = Collected::new(rows, tables);
        let names: Vec<_> = ground.hosts.keys().cloned().collect();
        let walk = Walk::of(&rows, &names);
        let mut fleet = Fleet::meet(&walk, &ground)?;
        let mut survey = Survey::default();
        for (index, (host, standing)) in ground.hosts.iter().enumerate() {
            fleet.meet_guests(&walk, index, &standing.told)?;
            survey.note(&ground, host, &|table| walk.rows(table, index))?;
        }
        drop(walk);
        let health = survey.close(&ground);
        Ok(Self { ground, rows, fleet, health })
    }

    /// The rows that speak for all, in order of their names, and which of `told` each is.
    fn once(
        &self,
        table: &'static TableSpec,
        name: &str,
        told: &[(Best, &str)],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let mut of_hosts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, (best, _)) in told.iter().enumerate() {
            of_hosts.entry(best.host).or_default().push(index);
        }
        let (mut batches, mut which) = (Vec::new(), Vec::new());
        for (host, of_host) in of_hosts {
            let rows = self.rows.host_rows(table, &self.fleet.names[host])?;
            let kept = of_host.iter().map(|index| told[*index].0.row as u32);
            batches.push(chosen(&rows, kept.collect()));
            which.extend(of_host);
        }
        let rows = concat_batches(&(table.schema)(), &batches).expect("batches of one declared schema");
        let names = Texts::of(&rows, name);
        let mut order: Vec<usize> = (0..which.len()).collect();
        order.sort_by_key(|row| (names.at(*row), told[which[*row]].1, told[which[*row]].0.host));
        let which = order.iter().map(|row| which[*row]).collect();
        Ok((chosen(&rows, order.into_iter().map(|row| row as u32).collect()), which))
    }

    /// The rows of some hosts that follow from others of theirs.
    fn derived(
        &self,
        table: &'static TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        let walk = Walk::of(&self.rows, hosts);
        let of_host = |(index, host): (usize, &HostName)| {
            if table.id == Vport::TABLE {
                return Ok(vport::rows(host, &walk.rows("vnetwork", index)?, &walk.rows("vswitch", index)?));
            }
            let told = |table: &str| walk.rows(table, index);
            self.health.findings(&self.ground, host, &self.place(host), &told)
        };
        let of_hosts = hosts.iter().enumerate().map(of_host).collect::<Result<Vec<_>, _>>()?;
        let rows = concat_batches(&(table.schema)(), &of_hosts).expect("batches of one declared schema");
        Ok((rows, of_hosts.iter().map(RecordBatch::num_rows).collect()))
    }

    /// The rows of hosts from `first` on, so many of each, with what the whole tells.
    fn completed(
        &self,
        table: &'static TableSpec,
        rows: &RecordBatch,
        first: usize,
        of_hosts: &[usize],
    ) -> Result<RecordBatch, SpoolError> {
        let complete: fn(&RecordBatch, &Beside<'_>) -> Result<RecordBatch, SpoolError> =
            match table.id.as_str() {
                "vinfo" => vinfo::complete,
                "vcpu" => vcpu::complete,
                "vnic" => vnic::complete,
                "vhost" => |rows, beside| Ok(vhost::complete(rows, beside)),
                "vtools" => |rows, beside| Ok(vtools::complete(rows, beside)),
                _ => return Ok(rows.clone()),
            };
        if rows.num_rows() == 0 {
            return Ok(rows.clone());
        }
        let names = &self.fleet.names[first..first + of_hosts.len()];
        let standing = |name| self.ground.hosts.get(name).map(|standing| &standing.told);
        let rows_of_host = |(host, count): (usize, &usize)| std::iter::repeat_n(host, *count);
        let beside = Beside {
            names,
            hosts: &self.fleet.hosts[first..first + of_hosts.len()],
            told: names.iter().map(standing).collect(),
            of_hosts,
            host_of: of_hosts.iter().enumerate().flat_map(rows_of_host).collect(),
            remembered: &self.ground.remembered,
            strays: &self.fleet.strays,
            rows: &self.rows,
        };
        complete(rows, &beside)
    }

    fn volumes(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        let all = &self.fleet.volumes.all;
        let told: Vec<_> = all.iter().map(|volume| (volume.told_by, volume.path.as_str())).collect();
        let (rows, which) = self.once(table, "datastore_name", &told)?;
        let of: Vec<_> = which.into_iter().map(|index| &all[index]).collect();
        Ok(vdatastore::complete(&rows, &of, &self.fleet))
    }

    fn clusters(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        let all = self.fleet.clusters.iter().filter_map(|cluster| Some((cluster, cluster.told_by?)));
        let all: Vec<_> = all.collect();
        let told: Vec<_> = all.iter().map(|(cluster, best)| (*best, cluster.fqdn.as_str())).collect();
        let (rows, which) = self.once(table, "cluster_name", &told)?;
        let of: Vec<_> = which.into_iter().map(|index| all[index].0).collect();
        Ok(vcluster::complete(&rows, &of, &self.fleet))
    }
}

fn chosen(rows: &RecordBatch, indices: Vec<u32>) -> RecordBatch {
    take_record_batch(rows, &UInt32Array::from(indices)).expect("rows that the batch has")
}

impl TableSource for Census {
    fn hosts(&self) -> &[HostName] {
        &self.fleet.names
    }

    fn place(&self, host: &HostName) -> Place {
        self.fleet.index(host).map(|index| self.fleet.hosts[index].place.clone()).unwrap_or_default()
    }

    fn host_rows(&self, table: &'static TableSpec, host: &HostName) -> Result<RecordBatch, SpoolError> {
        match (self.fleet.index(host), table.id.as_str()) {
            (Some(_), "vport" | "vhealth") => {
                self.derived(table, std::slice::from_ref(host)).map(|(rows, _)| rows)
            }
            (Some(_), "vdatastore" | "vcluster") => Ok(RecordBatch::new_empty((table.schema)())),
            (Some(index), _) => {
                let rows = self.rows.host_rows(table, host)?;
                self.completed(table, &rows, index, &[rows.num_rows()])
            }
            (None, _) => self.rows.host_rows(table, host),
        }
    }

    fn rows_of(
        &self,
        table: &'static TableSpec,
        hosts: &[HostName],
    ) -> Result<(RecordBatch, Vec<usize>), SpoolError> {
        match (self.fleet.index(&hosts[0]), table.id.as_str()) {
            (Some(_), "vport" | "vhealth") => self.derived(table, Walk::first(hosts)),
            (None, _) => {
                let rows = self.host_rows(table, &hosts[0])?;
                let count = rows.num_rows();
                Ok((rows, vec![count]))
            }
            (Some(_), "vdatastore" | "vcluster") => {
                Ok((RecordBatch::new_empty((table.schema)()), vec![0; hosts.len()]))
            }
            (Some(first), _) => {
                let (rows, of_hosts) = self.rows.rows_of(table, hosts)?;
                Ok((self.completed(table, &rows, first, &of_hosts)?, of_hosts))
            }
        }
    }

    fn fleet_rows(&self, table: &'static TableSpec) -> Result<RecordBatch, SpoolError> {
        match table.id.as_str() {
            "vdatastore" => self.volumes(table),
            "vcluster" => self.clusters(table),
            "vsource" => Ok(vsource::rows(&self.fleet)),
            "dvswitch" => Ok(dvswitch::switches(&self.fleet, &self.ground)),
            "dvport" => Ok(dvswitch::ports(&self.fleet, &self.ground)),
            "vhealth" => Ok(self.health.fleet_findings(&self.ground, &|host| self.place(host))),
            "vmetadata" => Ok(vmetadata::rows(&self.fleet, &self.ground)),
            _ => self.rows.fleet_rows(table),
        }
    }
}
