//! What the script on a host writes, record by record.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub const VM_A: &str = "0f0f0f0f-0000-4000-8000-00000000000a";
pub const VM_B: &str = "0f0f0f0f-0000-4000-8000-00000000000b";

/// What PowerShell writes on stderr.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/it/fixtures/hyperv/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header that fits the payload; `change` makes it one that does not.
pub fn record_with(
    collector: &str,
    seq: u32,
    status: &str,
    payload: &str,
    change: impl Fn(&mut Value),
) -> String {
    let rows = serde_json::from_str::<Value>(payload).unwrap().as_array().map_or(1, Vec::len);
    let crc32 = format!("{:08x}", crc32fast::hash(payload.as_bytes()));
    let mut header = json!({
        "collector": collector, "seq": seq, "status": status, "rows": rows, "vm_ids": rows, "ms": 12,
        "raw": payload.len(), "crc32": crc32, "enc": "gzip+base64", "source": null, "error": null
    });
    change(&mut header);
    format!("@@lustrum1 {header} {}\r\n", STANDARD.encode(gzip(payload.as_bytes())))
}

pub fn record(collector: &str, seq: u32, status: &str, payload: &str) -> String {
    record_with(collector, seq, status, payload, |_| {})
}

pub fn bare(collector: &str, status: &str, error: Value) -> String {
    let header = json!({"collector": collector, "seq": 0, "status": status, "ms": 61_000, "error": error});
    format!("@@lustrum1 {header}\r\n")
}

pub fn end() -> String {
    bare("end", "ok", Value::Null)
}

pub fn vms(ids: &[&str]) -> String {
    json!(ids.iter().map(|id| json!({"VMId": id, "Name": "a VM"})).collect::<Vec<_>>()).to_string()
}

pub fn facts(may_read_vms: Value) -> String {
    let facts = json!([{"RoleInstalled": true, "VmmsRunning": true, "MayReadVms": may_read_vms}]);
    record("facts", 0, "ok", &facts.to_string())
}
