//! A fleet written down as JSON, `{host: {table: [row, …], …}, …}`, and the health of it.
//!
//! A number is an integer or a float, `@2026-11-21T06:00:00Z` an instant, an array a list
//! of text. Beside its tables a host may have `_told` (tables whose collector ended well;
//! all unless said), `_failed`, `_status`, `_site`, `_moved_to`, and
//! `_unseen` when its baseline holds a VM that vInfo does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_schema::Schema;
use chrono::{DateTime, Utc};
use serde_json::Value;

use lustrum::census::ground::{Ground, HostStanding};
use lustrum::census::health::survey::Survey;
use lustrum::census::health::thresholds::Thresholds;
use lustrum::model::status::FinalStatus;
use lustrum::model::target::HostName;
use lustrum::tables::columns::Texts;
use lustrum::tables::sheet::Place;
use lustrum::tables::table::TableId;

pub const TABLES: [&str; 12] = [
    "vinfo",
    "vcpu",
    "vdisk",
    "vnetwork",
    "vcd",
    "vsnapshot",
    "vtools",
    "vhost",
    "vdatastore",
    "vcluster",
    "vrole",
    "vfile",
];

/// One row of vHealth, as far as tests ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub host: Option<String>,
    pub vm_id: Option<String>,
    pub name: String,
    pub message: String,
    pub message_type: String,
    pub check: String,
    pub severity: String,
    pub sdk_server: Option<String>,
}

pub fn started_at() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

/// All findings: of each host in name order, then those of no host.
pub fn health(fleet: &Value, thresholds: &Thresholds) -> Vec<Found> {
    let hosts: BTreeMap<HostName, &Value> = fleet
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, told)| (HostName::parse(name).unwrap(), told))
        .collect();
    let ground = Ground {
        remembered: HashMap::new(),
        hosts: hosts.iter().map(|(name, told)| (name.clone(), standing(told))).collect(),
        started_at: started_at(),
        program_version: "0.0.0".to_owned(),
        moved: moved(fleet),
        health: thresholds.clone(),
    };
    let place = |host: &HostName| Place { sdk_server: format!("sdk of {host}"), ..Place::default() };
    let mut survey = Survey::default();
    for (name, told) in &hosts {
        survey.note(&ground, name, &|table| Ok(batch(&told[table]))).unwrap();
    }
    let health = survey.close(&ground);
    let mut found = Vec::new();
    for (name, told) in &hosts {
        let rows = health.findings(&ground, name, &place(name), &|table| Ok(batch(&told[table]))).unwrap();
        found.extend(read(&rows));
    }
    found.extend(read(&health.fleet_findings(&ground, &place)));
    found
}

/// `_moved_to` of a host: where a VM's rows are kept that it showed as well.
fn moved(fleet: &Value) -> BTreeSet<(HostName, HostName)> {
    let hosts = fleet.as_object().unwrap().iter();
    let moved = hosts.filter_map(|(left, told)| Some((left.as_str(), told["_moved_to"].as_str()?)));
    moved.map(|(left, kept)| (HostName::parse(left).unwrap(), HostName::parse(kept).unwrap())).collect()
}

fn standing(told: &Value) -> HostStanding {
    let tables = |key: &str, usual: &[&'static str]| -> BTreeSet<TableId> {
        let named = told[key].as_array().map(|names| {
            TABLES.into_iter().filter(|table| names.iter().any(|name| name == table)).collect::<Vec<_>>()
        });
        named.unwrap_or_else(|| usual.to_vec()).into_iter().map(TableId).collect()
    };
    HostStanding {
        site: told["_site"].as_str().unwrap_or("Default").to_owned(),
        status: match told["_status"].as_str() {
            Some("inventory_error") => FinalStatus::InventoryError,
            _ => FinalStatus::InventoryOk,
        },
        told: tables("_told", &TABLES),
        all_vms_seen: told["_unseen"] != true,
        failed: tables("_failed", &[]),
    }
}

fn read(rows: &RecordBatch) -> Vec<Found> {
    let text = |column: &str, row: usize| Texts::of(rows, column).at(row).map(str::to_owned);
    let found = |row| Found {
        host: text("host", row),
        vm_id: text("vm_id", row),
        name: text("name", row).unwrap(),
        message: text("message", row).unwrap(),
        message_type: text("message_type", row).unwrap(),
        check: text("check", row).unwrap(),
        severity: text("severity", row).unwrap(),
        sdk_server: text("sdk_server", row),
    };
    (0..rows.num_rows()).map(found).collect()
}

/// Rows as a batch; a column that no row has is not there.
fn batch(rows: &Value) -> RecordBatch {
    let rows: Vec<&Value> = rows.as_array().into_iter().flatten().collect();
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.as_object().unwrap().keys()).collect();
    let columns = names.into_iter().filter_map(|name| Some((name, column(&rows, name)?)));
    let columns: Vec<(&String, ArrayRef)> = columns.collect();
    if columns.is_empty() {
        return RecordBatch::new_empty(Arc::new(Schema::empty()));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .unwrap()
}

fn column(rows: &[&Value], name: &str) -> Option<ArrayRef> {
    let cells = || rows.iter().map(|row| &row[name]);
    let instant = |text: &str| text.strip_prefix('@').map(|text| text.parse::<DateTime<Utc>>().unwrap());
    Some(match cells().find(|cell| !cell.is_null())? {
        Value::Bool(_) => Arc::new(cells().map(Value::as_bool).collect::<BooleanArray>()),
        Value::Number(number) if number.is_i64() => {
            Arc::new(cells().map(Value::as_i64).collect::<Int64Array>())
        }
        Value::Number(_) => Arc::new(cells().map(Value::as_f64).collect::<Float64Array>()),
        Value::String(text) if instant(text).is_some() => {
            let instants =
                cells().map(|cell| cell.as_str().and_then(instant).map(|at| at.timestamp_micros()));
            Arc::new(instants.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Value::Array(_) => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for cell in cells() {
                let items = cell.as_array().map(|items| items.iter().map(Value::as_str));
                match items {
                    Some(items) => lists.append_value(items),
                    None => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
        _ => Arc::new(cells().map(Value::as_str).collect::<StringArray>()),
    })
}
