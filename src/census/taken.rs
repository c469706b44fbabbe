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
use crate::model::target::HostName;
use crate::output::source::TableSource;
use crate::output::spool::SpoolError;
use crate::tables::columns::Texts;
use crate::tables::sheet::Place;
use crate::tables::table::TableSpec;

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
        let fleet = Fleet::fold(&rows, &ground)?;
        let mut survey = Survey::default();
        for host in &fleet.names {
            survey.note(&ground, host, &|table| rows.of(table, host))?;
        }
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
        let index = self.fleet.index(host);
        let (Some(index), Some(standing)) = (index, self.ground.hosts.get(host)) else {
            return self.rows.host_rows(table, host);
        };
        let beside = Beside {
            name: host,
            host: &self.fleet.hosts[index],
            told: &standing.told,
            remembered: &self.ground.remembered,
            strays: &self.fleet.strays,
            rows: &self.rows,
        };
        let completed: fn(&RecordBatch, &Beside<'_>) -> Result<RecordBatch, SpoolError> =
            match table.id.as_str() {
                "vport" => return vport::rows(&beside),
                "vhealth" => {
                    let told = |table: &str| self.rows.of(table, host);
                    return self.health.findings(&self.ground, host, &self.place(host), &told);
                }
                "vdatastore" | "vcluster" => return Ok(RecordBatch::new_empty((table.schema)())),
                "vinfo" => vinfo::complete,
                "vcpu" => vcpu::complete,
                "vnic" => vnic::complete,
                "vhost" => |rows, beside| Ok(vhost::complete(rows, beside)),
                "vtools" => |rows, beside| Ok(vtools::complete(rows, beside)),
                _ => return self.rows.host_rows(table, host),
            };
        let rows = self.rows.host_rows(table, host)?;
        if rows.num_rows() == 0 { Ok(rows) } else { completed(&rows, &beside) }
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
