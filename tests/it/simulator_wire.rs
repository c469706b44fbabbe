//! The host script's records, as a simulated host writes them.

use std::collections::BTreeSet;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lustrum::simulator::fault::{COLLECTORS, Fault};
use serde_json::Value;

use crate::world::simulated_host::{Output, SimulatedHost};

struct Record {
    header: Value,
    payload: String,
}

impl Record {
    fn collector(&self) -> &str {
        self.header["collector"].as_str().unwrap()
    }

    fn status(&self) -> &str {
        self.header["status"].as_str().unwrap()
    }

    /// The JSON text behind the payload.
    fn json(&self) -> Vec<u8> {
        match self.header["enc"].as_str().unwrap() {
            "json" => self.payload.clone().into_bytes(),
            "base64" => BASE64.decode(&self.payload).unwrap(),
            "gzip+base64" => {
                let mut raw = Vec::new();
                let gzip = BASE64.decode(&self.payload).unwrap();
                flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut raw).unwrap();
                raw
            }
            other => panic!("{other}"),
        }
    }

    fn objects(&self) -> Vec<Value> {
        serde_json::from_slice(&self.json()).unwrap()
    }

    fn checksum_fits(&self) -> bool {
        self.header["crc32"] == format!("{:08x}", crc32fast::hash(&self.json()))
    }
}

fn request(record_chars: usize, gzip: bool) -> String {
    serde_json::json!({
        "wire": 1, "collectors": COLLECTORS, "collector_deadline_ms": 60000,
        "record_chars": record_chars, "gzip": gzip,
    })
    .to_string()
}

async fn conversation(faults: &[Fault], record_chars: usize, gzip: bool) -> (Vec<Record>, Output) {
    let host = SimulatedHost::with(faults);
    let output = host.run_script(&request(record_chars, gzip)).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = |line: &str| {
        let mut values =
            serde_json::Deserializer::from_str(line.strip_prefix("@@lustrum1 ")?).into_iter::<Value>();
        let header = values.next()?.unwrap();
        let payload = line["@@lustrum1 ".len() + values.byte_offset()..].trim().to_owned();
        Some(Record { header, payload })
    };
    (text.lines().filter_map(read).collect(), output)
}

fn of<'a>(records: &'a [Record], collector: &str) -> &'a Record {
    records.iter().find(|record| record.collector() == collector).unwrap()
}

#[tokio::test]
async fn a_healthy_host_answers_every_collector_in_order_and_ends() {
    let (records, output) = conversation(&[], 1_500_000, true).await;
    let collectors: Vec<_> = records.iter().map(Record::collector).collect();
    assert_eq!(collectors, [COLLECTORS, &["end"]].concat());
    assert!(records.iter().all(|record| record.status() == "ok"));
    assert_eq!(records.last().unwrap().header["records"], COLLECTORS.len());
    assert_eq!(output.exit_code, Some(0));
    assert_eq!(of(&records, "baseline").header["source"], "cim");
    for record in &records[..COLLECTORS.len()] {
        let objects = record.objects();
        let ids: BTreeSet<_> = objects.iter().filter_map(|object| object["VMId"].as_str()).collect();
        assert!(record.checksum_fits(), "{}", record.header);
        assert_eq!(record.header["raw"], record.json().len());
        assert_eq!(record.header["rows"], objects.len());
        assert_eq!(record.header["vm_ids"], ids.len());
        assert!(ids.iter().all(|id| **id == id.to_lowercase() && id.len() == 36));
    }
}

#[tokio::test]
async fn objects_have_the_properties_of_the_contract_and_are_flat() {
    let contract = include_str!("../../ARCHITECTURE.md");
    let (records, _) = conversation(&[], 1_500_000, true).await;
    for collector in COLLECTORS {
        let row = contract.lines().find(|line| line.starts_with(&format!("| `{collector}` |"))).unwrap();
        let properties = row.split('|').nth(3).unwrap().split('`').nth(1).unwrap();
        let promised: BTreeSet<_> = properties.split_whitespace().collect();
        for object in of(&records, collector).objects() {
            let object = object.as_object().unwrap();
            let given: BTreeSet<_> = object.keys().map(String::as_str).collect();
            assert_eq!(given, promised, "{collector}");
            for (name, value) in object {
                let members = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                assert!(
                    members.iter().all(|member| !member.is_object() && !member.is_array()),
                    "{collector} {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_long_payload_is_split_between_objects() {
    let (whole, _) = conversation(&[], 1_500_000, true).await;
    let (split, _) = conversation(&[], 3_000, true).await;
    let parts: Vec<_> = split.iter().filter(|record| record.collector() == "vm").collect();
    assert!(parts.len() > 2);
    for (seq, part) in parts.iter().enumerate() {
        assert_eq!(part.header["seq"], seq);
        assert_eq!(part.status(), if seq + 1 == parts.len() { "ok" } else { "more" });
        assert!(part.json().len() <= 3_000 || part.objects().len() == 1);
    }
    let objects: Vec<_> = parts.iter().flat_map(|part| part.objects()).collect();
    assert_eq!(objects, of(&whole, "vm").objects());
    assert_eq!(split.last().unwrap().header["records"], split.len() - 1);
}

/// Labels and chains follow from all rows of a VM, so a reader must get them at once.
#[tokio::test]
async fn the_rows_of_one_vm_stay_in_one_record() {
    let (split, _) = conversation(&[], 1, true).await;
    for collector in ["disk", "nic", "checkpoint"] {
        let mut told = BTreeSet::new();
        let parts = split.iter().filter(|record| record.collector() == collector);
        for part in parts {
            let objects = part.objects();
            let ids: BTreeSet<_> =
                objects.iter().map(|object| object["VMId"].as_str().unwrap().to_owned()).collect();
            assert!(ids.len() <= 1, "{collector}: a record of 1 character holds one VM");
            assert!(ids.into_iter().all(|id| told.insert(id)), "{collector}: a VM in two records");
        }
    }
}

#[tokio::test]
async fn payloads_travel_as_asked_and_as_the_host_can() {
    let (plain, _) = conversation(&[], 1_500_000, false).await;
    assert_eq!(of(&plain, "vm").header["enc"], "base64");
    assert!(of(&plain, "vm").checksum_fits());
    let (constrained, _) = conversation(&[Fault::ConstrainedLanguage], 1_500_000, true).await;
    let vm = of(&constrained, "vm");
    assert_eq!((vm.header["enc"].as_str(), &vm.header["crc32"]), (Some("json"), &Value::Null));
    assert_eq!(vm.objects(), of(&plain, "vm").objects());
    assert_eq!(of(&constrained, "facts").objects()[0]["LanguageMode"], "ConstrainedLanguage");
}

#[tokio::test]
async fn damaged_conversations_are_damaged_where_they_say() {
    let (truncated, output) = conversation(&[Fault::TruncatedRecord], 1_500_000, true).await;
    let last = COLLECTORS.len() - 1;
    assert_eq!(truncated.len(), last + 1);
    let (whole, _) = conversation(&[], 1_500_000, true).await;
    assert!(whole[last].payload.starts_with(&truncated[last].payload));
    assert_ne!(whole[last].payload, truncated[last].payload);
    assert!(!output.stdout.ends_with(b"\r\n"));
    let (wrong, _) = conversation(&[Fault::BadCrc], 1_500_000, true).await;
    let damaged: Vec<_> =
        wrong[..=last].iter().filter(|record| !record.checksum_fits()).map(Record::collector).collect();
    assert_eq!(damaged, ["vm"]);
    let (endless, output) = conversation(&[Fault::MissingEnd], 1_500_000, true).await;
    assert_eq!((endless.len(), output.exit_code), (COLLECTORS.len(), Some(1)));
}

#[tokio::test]
async fn failing_collectors_say_how() {
    let faults = [
        Fault::BaselineError,
        Fault::CollectorError("nic".into()),
        Fault::CollectorTimeout("switch".into()),
        Fault::VhdInUse,
        Fault::MissingVms(2),
    ];
    let (records, _) = conversation(&faults, 1_500_000, true).await;
    assert_eq!(of(&records, "baseline").status(), "error");
    assert_eq!(of(&records, "nic").header["error"]["category"], "PermissionDenied");
    assert_eq!((of(&records, "switch").status(), of(&records, "switch").payload.as_str()), ("timeout", ""));
    let disk = of(&records, "disk");
    let failed = disk.objects().iter().filter(|row| !row["VhdError"].is_null()).count();
    assert_eq!((disk.status(), &disk.header["error"]["count"]), ("partial", &Value::from(failed)));
    assert!(failed > 0);
    assert!(disk.objects().iter().all(|row| row["VhdError"].is_null() || row["Size"].is_null()));
    assert_eq!(of(&records, "vm").objects().len(), 5);
    assert_eq!(records.last().unwrap().collector(), "end");
}

#[tokio::test]
async fn an_empty_host_shows_whether_that_is_proven() {
    let rights = |records: &[Record]| {
        let facts = of(records, "facts").objects().remove(0);
        ["RoleInstalled", "VmmsRunning", "MayReadVms"].map(|name| facts[name].clone())
    };
    let (proven, _) = conversation(&[Fault::EmptyNode], 1_500_000, true).await;
    assert_eq!(rights(&proven), [true, true, true].map(Value::from));
    assert_eq!(of(&proven, "vm").objects(), Vec::<Value>::new());
    let (unproven, _) = conversation(&[Fault::EmptyUnproven], 1_500_000, true).await;
    assert_eq!(rights(&unproven), [true, true, false].map(Value::from));
    let (no_role, _) = conversation(&[Fault::NoRole], 1_500_000, true).await;
    assert_eq!(of(&no_role, "vm").status(), "not_applicable");
    assert_eq!(of(&no_role, "host").status(), "ok");
}

#[tokio::test]
async fn noise_stays_outside_the_records() {
    let faults = [Fault::Noise(300_000), Fault::ClixmlNoise, Fault::WrongCodePage];
    let (records, output) = conversation(&faults, 1_500_000, true).await;
    assert_eq!(records.len(), COLLECTORS.len() + 1);
    assert!(output.stdout.len() > 300_000 && output.receives > 2);
    assert!(std::str::from_utf8(&output.stdout).is_err());
    assert!(output.stderr.starts_with(b"#< CLIXML"));
}

#[tokio::test]
async fn a_request_that_breaks_the_contract_is_an_error_of_powershell() {
    let host = SimulatedHost::with(&[]);
    let output = host.run_script("{\"wire\":2}").await;
    assert_eq!((output.exit_code, output.stdout.len()), (Some(1), 0));
}
