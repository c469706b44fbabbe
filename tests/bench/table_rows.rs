//! Rows of a made-up fleet for every inventory table, by the names and types of its columns.
//!
//! What a column holds follows from its name (ids are GUIDs, paths are long and alike, states
//! are few words) and from a hash of row and column, so the same rows come at every call and
//! a table that is new gets values without a line here. Tables agree on VMs, and eight hosts
//! are a cluster with shared volumes, so that the census has what it joins.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow_schema::{DataType, Field};
use lustrum::model::target::HostName;
use lustrum::tables::catalogue::INVENTORY;
use lustrum::tables::table::TableSpec;

pub const VMS_PER_HOST: usize = 20;
const HOSTS_PER_CLUSTER: usize = 8;
const VOLUMES: usize = 3;
/// 2026-11-21T06:00:00Z.
const BEGAN_AT_MICROS: i64 = 1_795_240_800_000_000;
const GIB: u64 = 1 << 30;

/// Rows that a VM has in a table, in fifths: 7.5 is a disk and a half.
fn fifths_per_vm(table: &str) -> usize {
    match table {
        "vdisk" => 7,
        "vnetwork" => 6,
        "vsnapshot" => 1,
        "vrole" => 4,
        _ => 5,
    }
}

/// Rows that a host has in a table that is not about VMs.
fn rows_per_host(table: &str) -> usize {
    match table {
        "vhost" | "vcluster" => 1,
        "vfile" => 3 * VMS_PER_HOST / 2,
        _ => VOLUMES,
    }
}

/// Whether a table has a row for VMs: then it counts towards the million.
pub fn of_vms(table: &TableSpec) -> bool {
    (table.schema)().field_with_name("vm_id").is_ok()
}

/// How many hosts of [`VMS_PER_HOST`] give at least so many VM rows over all tables.
pub fn hosts_for(vm_rows: usize) -> usize {
    let fifths: usize =
        INVENTORY.iter().filter(|table| of_vms(table)).map(|table| fifths_per_vm(table.id.as_str())).sum();
    (vm_rows * 5).div_ceil(fifths * VMS_PER_HOST)
}

pub fn host_name(host: usize) -> String {
    format!("hv{host:05}.site{:02}.example.net", host / 64)
}

pub fn parsed(host: usize) -> HostName {
    HostName::parse(&host_name(host)).expect("a made-up name is a name")
}

/// One row: which host, which VM on it, the how manieth of that VM or host.
#[derive(Clone, Copy)]
struct Place {
    host: usize,
    vm: usize,
    item: usize,
    /// The row is about a volume itself, not about a file on it.
    of_volume: bool,
    /// The row is about no VM.
    of_host: bool,
}

/// A host's rows in a table, ordered as a collector hands them over.
pub fn of_host(table: &TableSpec, host: usize) -> RecordBatch {
    let id = table.id.as_str();
    let places: Vec<Place> = if of_vms(table) {
        let items = |vm: usize| {
            let fifths = fifths_per_vm(id);
            fifths / 5 + usize::from((host * VMS_PER_HOST + vm) % 5 < fifths % 5)
        };
        let of_vm =
            |vm| (0..items(vm)).map(move |item| Place { host, vm, item, of_volume: false, of_host: false });
        (0..VMS_PER_HOST).flat_map(of_vm).collect()
    } else {
        let of_volume = id == "vdatastore";
        (0..rows_per_host(id)).map(|item| Place { host, vm: item, item, of_volume, of_host: true }).collect()
    };
    let ids = vm_ids(host);
    let (schema, declared) = ((table.schema)(), (table.columns)());
    let columns = schema.fields().iter().zip(declared).map(|(field, declared)| {
        // Collectors leave these open.
        let open = declared.doc.contains("Completed by the census");
        if open { new_null_array(field.data_type(), places.len()) } else { column(id, field, &places, &ids) }
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).expect("columns made for the schema")
}

/// In the order of the text, as collectors sort.
fn vm_ids(host: usize) -> Vec<String> {
    let mut ids: Vec<_> = (0..VMS_PER_HOST).map(|vm| guid(mix(vm as u64, host as u64))).collect();
    ids.sort();
    ids
}

fn column(table: &str, field: &Field, places: &[Place], ids: &[String]) -> ArrayRef {
    let of_column = word(field.name());
    let seed = |place: &Place| {
        mix(of_column, (((place.host * VMS_PER_HOST + place.vm) * 8 + place.item) as u64) ^ word(table))
    };
    let nulls = if field.is_nullable() { null_percent(field.name(), of_column) } else { 0 };
    let told = |place: &Place| Some(seed(place)).filter(|seed| mix(*seed, 1) % 100 >= nulls);
    match field.data_type() {
        DataType::Utf8 => {
            let cell = |place: &Place| told(place).map(|seed| text(field.name(), place, seed, ids));
            Arc::new(places.iter().map(cell).collect::<StringArray>())
        }
        DataType::Int64 => {
            let cell = |place: &Place| told(place).map(|seed| whole(field.name(), seed));
            Arc::new(places.iter().map(cell).collect::<Int64Array>())
        }
        DataType::Float64 => {
            let cell = |place: &Place| told(place).map(|seed| (seed % 1001) as f64 / 10.0);
            Arc::new(places.iter().map(cell).collect::<Float64Array>())
        }
        DataType::Boolean => {
            let share = 50 + of_column % 50;
            let cell = |place: &Place| told(place).map(|seed| seed % 100 < share);
            Arc::new(places.iter().map(cell).collect::<BooleanArray>())
        }
        DataType::Timestamp(_, _) => {
            let cell = |place: &Place| told(place).map(|seed| instant(field.name(), place, seed));
            let cells: TimestampMicrosecondArray = places.iter().map(cell).collect();
            Arc::new(cells.with_timezone("UTC"))
        }
        DataType::List(_) => {
            let mut cells = ListBuilder::new(StringBuilder::new());
            for place in places {
                if matches!(field.name().as_str(), "node_names" | "node_states") {
                    cells.append_value(nodes(field.name(), place.host).map(Some));
                    continue;
                }
                let items = told(place).map(|seed| (0..seed % 3).map(move |nth| mix(seed, nth)));
                cells.append_option(
                    items.map(|items| items.map(|seed| Some(text(field.name(), place, seed, ids)))),
                );
            }
            Arc::new(cells.finish())
        }
        other => unimplemented_type(field.name(), other),
    }
}

fn unimplemented_type(column: &str, data_type: &DataType) -> ArrayRef {
    panic!("no cells are made up for column {column} of type {data_type}")
}

/// The nodes of a host's cluster.
fn nodes(column: &str, host: usize) -> impl Iterator<Item = String> {
    let first = host - host % HOSTS_PER_CLUSTER;
    let state = if column == "node_states" { "=Up" } else { "" };
    (first..first + HOSTS_PER_CLUSTER).map(move |node| format!("hv{node:05}{state}"))
}

/// Names and ids are always told; the rest is told always, mostly, seldom or never.
fn null_percent(name: &str, of_column: u64) -> u64 {
    match name {
        "vm_name" | "path" | "fqdn" | "domain" | "cluster_fqdn" | "kind" | "power_state" => 0,
        _ if name.ends_with("_id") || name.ends_with("_name") => 0,
        _ if name.contains("notes") || name.contains("error") => 95,
        _ => [0, 0, 0, 0, 0, 5, 30, 70, 100, 0][(of_column % 10) as usize],
    }
}

fn text(name: &str, place: &Place, seed: u64, ids: &[String]) -> String {
    const ROLES: [&str; 8] = ["web", "sql", "app", "dc", "file", "build", "mail", "vdi"];
    const STAGES: [&str; 4] = ["prod", "test", "dev", "qa"];
    const WORDS: [&str; 9] =
        ["Ok", "Running", "connected", "None", "StartIfRunning", "green", "Production", "VHDX", "SCSI"];
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let number = place.host * VMS_PER_HOST + place.vm;
    let vm_name =
        || format!("{}-{}-{number:06}", STAGES[number % STAGES.len()], ROLES[number / 3 % ROLES.len()]);
    match name {
        "host" => host_name(place.host),
        "vm_id" => ids[place.vm].clone(),
        "vm_name" => vm_name(),
        "computer_name" => format!("hv{:05}", place.host),
        "domain" => "example.net".to_owned(),
        "cluster_name" => format!("hvc{:04}", place.host / HOSTS_PER_CLUSTER),
        "cluster_fqdn" => format!("hvc{:04}.example.net", place.host / HOSTS_PER_CLUSTER),
        "kind" => "csv".to_owned(),
        "power_state" => (if seed.is_multiple_of(8) { "poweredOff" } else { "poweredOn" }).to_owned(),
        "path" if place.of_volume => format!("C:\\ClusterStorage\\Volume{:02}", place.item),
        _ if has(&["path", "directory", "location"]) => {
            let volume = place.vm % VOLUMES;
            format!(
                "C:\\ClusterStorage\\Volume{volume:02}\\{}\\Virtual Hard Disks\\disk{}.vhdx",
                vm_name(),
                place.item
            )
        }
        _ if has(&["uuid", "_key"]) || name.ends_with("_id") => guid(seed),
        _ if has(&["mac_address"]) => {
            format!("00:15:5d:{:02x}:{:02x}:{:02x}", seed >> 8 & 255, seed >> 16 & 255, seed & 255)
        }
        _ if has(&["address", "ip_", "ipv4"]) => {
            format!("10.{}.{}.{}", seed >> 8 & 63, seed >> 16 & 255, seed & 255)
        }
        "fqdn" if place.of_host => host_name(place.host),
        _ if has(&["fqdn", "computer"]) => format!("{}.corp.example.net", vm_name()),
        _ if has(&["notes", "message"]) => format!(
            "owner team-{:02}, ticket CHG{:07}, do not move before the quarter ends",
            seed % 40,
            seed % 9_999_999
        ),
        _ if has(&["name", "network", "switch"]) => format!("{} {:02}", name.replace('_', " "), seed % 40),
        _ => WORDS[((word(name) % 3 + mix(seed, 2) % (1 + word(name) % 5)) % WORDS.len() as u64) as usize]
            .to_owned(),
    }
}

fn whole(name: &str, seed: u64) -> i64 {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let value = match name {
        _ if has(&["file", "used", "in_use", "assigned", "demand", "free"]) => seed % (256 * GIB),
        _ if has(&["block", "sector"]) => [512, 4096][(seed % 2) as usize],
        _ if has(&["bytes"]) => (1 << (seed % 8)) * GIB,
        _ if has(&["mhz"]) => 2_400,
        _ if has(&["seconds"]) => seed % 8_000_000,
        _ if has(&["vlan"]) => seed % 60 * 10,
        _ => 1 << (seed % 5),
    };
    value as i64
}

fn instant(name: &str, place: &Place, seed: u64) -> i64 {
    if name == "collected_at" {
        return BEGAN_AT_MICROS + place.host as i64 * 7_351;
    }
    BEGAN_AT_MICROS - (seed % 90_000_000) as i64 * 1_000_000
}

fn guid(seed: u64) -> String {
    let (a, b) = (mix(seed, 3), mix(seed, 5));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xffff,
        b >> 48,
        b & 0xffff_ffff_ffff
    )
}

/// SplitMix64's finalizer over two numbers.
fn mix(a: u64, b: u64) -> u64 {
    let mut mixed = a.wrapping_add(b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn word(text: &str) -> u64 {
    text.bytes().fold(7, |hash, byte| mix(hash, u64::from(byte)))
}
