//! A run as the census meets it: rows as hosts told them, and how each host ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::{DataType, Schema, SchemaRef};
use chrono::DateTime;
use lustrum::census::ground::{Ground, HostStanding};
use lustrum::census::health::thresholds::Thresholds;
use lustrum::census::taken::Census;
use lustrum::model::remembered::Remembered;
use lustrum::model::status::FinalStatus;
use lustrum::output::source::TableSource;
use lustrum::output::spool::Spool;
use lustrum::output::spooled::{KeptOn, Spooled};
use lustrum::tables::catalogue;
use lustrum::tables::table::{RowBatch, TableId, TableSpec};
use serde_json::{Map, Value, json};

use crate::world::sample_rows::host;

const ASKED_AT: &str = "2026-11-21T06:00:00Z";

#[derive(Clone, Default)]
pub struct Run {
    /// Host, table, row: in the order in which hosts told.
    told: Vec<(String, String, Value)>,
    hosts: BTreeMap<String, HostStanding>,
    pub kept_on: KeptOn,
    pub remembered: HashMap<String, Remembered>,
}

impl Run {
    /// A host all of whose collectors ended well.
    pub fn host(&mut self, name: &str) -> &mut Self {
        let told = catalogue::INVENTORY.iter().map(|spec| spec.id).collect();
        let standing = HostStanding {
            site: "Leuven".to_owned(),
            status: FinalStatus::InventoryOk,
            told,
            all_vms_seen: true,
            failed: BTreeSet::new(),
        };
        self.hosts.insert(name.to_owned(), standing);
        self
    }

    pub fn site(&mut self, name: &str, site: &str) -> &mut Self {
        self.hosts.get_mut(name).unwrap().site = site.to_owned();
        self
    }

    /// These collectors of the host did not end well.
    pub fn failed(&mut self, name: &str, tables: &[&'static str]) -> &mut Self {
        let failed: BTreeSet<_> = tables.iter().map(|table| TableId(table)).collect();
        self.hosts.get_mut(name).unwrap().told.retain(|table| !failed.contains(table));
        self
    }

    /// A row the host told; columns that are not named are null.
    pub fn row(&mut self, host: &str, table: &str, row: Value) -> &mut Self {
        self.told.push((host.to_owned(), table.to_owned(), row));
        self
    }

    pub fn told(&self) -> &[(String, String, Value)] {
        &self.told
    }

    /// The same run with its hosts' rows in another order.
    pub fn reordered(&self, order: &[usize]) -> Self {
        let told = order.iter().map(|index| self.told[*index].clone()).collect();
        Self { told, ..self.clone() }
    }

    pub fn take(&self) -> Census {
        let folder = tempfile::tempdir().unwrap();
        let tables = catalogue::INVENTORY.to_vec();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reader = runtime.block_on(async {
            let spool = Spool::create(&folder.path().join("spool"), &tables).unwrap();
            for (name, table, row) in &self.told {
                let spec = tables.iter().find(|spec| spec.id.as_str() == table).unwrap();
                spool
                    .append(&host(name), &RowBatch { table: spec.id, columns: batch(spec, name, row) })
                    .await
                    .unwrap();
            }
            spool.reader().await.unwrap()
        });
        let standing = self.hosts.iter().map(|(name, standing)| (host(name), standing.clone()));
        let ground = Ground {
            moved: BTreeSet::new(),
            health: Thresholds::default(),
            hosts: standing.collect(),
            started_at: ASKED_AT.parse::<DateTime<_>>().unwrap(),
            program_version: "0.1.0".to_owned(),
            remembered: self.remembered.clone(),
        };
        let rows = Arc::new(Spooled::new(reader, self.kept_on.clone()));
        Census::take(rows, tables, ground).unwrap()
    }

    /// A table as it is published: every host's rows, then the fleet's, nulls left out.
    pub fn published(&self, table: &str) -> Vec<Value> {
        published(&self.take(), table)
    }
}

pub fn published(census: &Census, table: &str) -> Vec<Value> {
    let spec = spec(table);
    let of_hosts = census.hosts().iter().map(|host| census.host_rows(spec, host).unwrap());
    let batches: Vec<_> = of_hosts.chain([census.fleet_rows(spec).unwrap()]).collect();
    batches.iter().for_each(|batch| assert_eq!(batch.schema(), (spec.schema)()));
    batches.iter().flat_map(rows).collect()
}

pub fn spec(table: &str) -> &'static TableSpec {
    catalogue::INVENTORY.iter().chain(catalogue::DERIVED).find(|spec| spec.id.as_str() == table).unwrap()
}

fn batch(spec: &TableSpec, host: &str, row: &Value) -> RecordBatch {
    let mut object =
        Map::from_iter([("host".to_owned(), json!(host)), ("collected_at".to_owned(), json!(ASKED_AT))]);
    object.extend(row.as_object().unwrap().clone());
    let names: Vec<_> = (spec.columns)().iter().map(|column| column.name).collect();
    object.keys().for_each(|name| assert!(names.contains(&name.as_str()), "{}.{name}", spec.id));
    let schema = (spec.schema)();
    let mut decoder = arrow_json::ReaderBuilder::new(in_zone(&schema, "+00:00")).build_decoder().unwrap();
    decoder.serialize(&[object]).unwrap();
    relabelled(&decoder.flush().unwrap().unwrap(), "UTC")
}

/// Arrow reads and writes instants of a named zone only with a zone database.
fn in_zone(schema: &SchemaRef, zone: &str) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let instant = DataType::Timestamp(*unit, Some(zone.into()));
            field.as_ref().clone().with_data_type(instant)
        }
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn relabelled(batch: &RecordBatch, zone: &str) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Timestamp(..) => {
            let instants = column.as_primitive::<TimestampMicrosecondType>().clone();
            Arc::new(instants.with_timezone(zone))
        }
        _ => column.clone(),
    });
    RecordBatch::try_new(in_zone(&batch.schema(), zone), columns.collect()).unwrap()
}

fn rows(batch: &RecordBatch) -> Vec<Value> {
    let mut writer = arrow_json::ArrayWriter::new(Vec::new());
    writer.write(&relabelled(batch, "+00:00")).unwrap();
    writer.finish().unwrap();
    let written = writer.into_inner();
    if written.is_empty() { Vec::new() } else { serde_json::from_slice(&written).unwrap() }
}
