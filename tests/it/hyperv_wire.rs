//! Records on the wire under every trap: noise, splits, damage, and what powershell.exe says on
//! stderr.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lustrum::providers::hyperv::clixml::Complaints;
use lustrum::providers::hyperv::wire::{Damage, Decoder, Item, PAYLOAD_BYTES, Status};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::wire_records::{VM_A, VM_B, end, facts, fixture, gzip, record, record_with, vms};

fn decode(stdout: &[u8]) -> Vec<Item> {
    let mut decoder = Decoder::default();
    let mut items = decoder.feed(stdout);
    items.extend(decoder.finish());
    items
}

fn damage(line: &str) -> Damage {
    match decode(line.as_bytes()).remove(0) {
        Item::Record { payload, .. } => payload.unwrap_err(),
        Item::Damaged(damage) => damage,
    }
}

#[test]
fn a_record_is_read_in_every_encoding() {
    let payload = vms(&[VM_A]);
    let packed = record("vm", 0, "ok", &payload);
    let plain = record_with("vm", 0, "ok", &payload, |header| header["enc"] = json!("base64"));
    let plain = plain.replace(&STANDARD.encode(gzip(payload.as_bytes())), &STANDARD.encode(&payload));
    let json_enc = record_with("vm", 0, "ok", &payload, |header| {
        header["enc"] = json!("json");
        header["crc32"] = Value::Null;
    });
    let json_enc = json_enc.replace(&STANDARD.encode(gzip(payload.as_bytes())), &payload);
    for line in [packed, plain, json_enc] {
        let items = decode(line.as_bytes());
        let [Item::Record { header, payload: read }] = &items[..] else { panic!("{items:?}") };
        assert_eq!((header.collector.as_str(), header.seq, header.status), ("vm", 0, Status::Ok));
        assert_eq!(read.as_ref().unwrap().as_deref(), Some(payload.as_bytes()));
    }
}

#[test]
fn everything_else_is_noise() {
    let mut noise = Vec::new();
    for line in [
        "",
        "Windows PowerShell",
        "WARNING: @@lustrum1 {}",
        "@@lustrum2 {}",
        "@@lustrum1",
        "\u{feff}hello",
        "@@lus",
    ] {
        noise.extend_from_slice(line.as_bytes());
        noise.extend_from_slice(b"\r\n");
    }
    noise.extend_from_slice(b"Passerelle par d\x82faut\n\x00\xff\n");
    assert_eq!(decode(&noise), []);
    noise.extend_from_slice(end().as_bytes());
    assert_eq!(decode(&noise).len(), 1);
}

#[test]
fn a_byte_order_mark_hides_no_record() {
    assert_eq!(decode(format!("\u{feff}{}", end()).as_bytes()), decode(end().as_bytes()));
}

#[test]
fn endless_noise_takes_no_memory() {
    let mut decoder = Decoder::default();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        assert_eq!(decoder.feed(&piece), []);
    }
    assert!(format!("{decoder:?}").len() < 200, "the line is kept");
    assert_eq!(decoder.feed(format!("\n{}", end()).as_bytes()).len(), 1);
}

#[test]
fn a_line_without_end_is_given_up() {
    let mut decoder = Decoder::default();
    let mut items = decoder.feed(b"@@lustrum1 ");
    for _ in 0..40 {
        items.extend(decoder.feed(&vec![b'x'; 1 << 20]));
    }
    items.extend(decoder.feed(format!("\n{}", end()).as_bytes()));
    assert_eq!(items.len(), 2);
    assert_eq!(items[0], Item::Damaged(Damage::Line));
}

#[test]
fn damage_is_told_by_its_kind() {
    let payload = vms(&[VM_A]);
    let with = |change: fn(&mut Value)| record_with("vm", 0, "ok", &payload, change);
    assert_eq!(damage(&with(|header| header["crc32"] = json!("00000000"))), Damage::Checksum);
    assert_eq!(damage(&with(|header| header["crc32"] = json!("no hex"))), Damage::Checksum);
    assert_eq!(damage(&with(|header| header["crc32"] = Value::Null)), Damage::Checksum);
    assert_eq!(damage(&with(|header| header["raw"] = json!(7))), Damage::Length);
    assert_eq!(damage(&with(|header| header["raw"] = json!(7_000))), Damage::Length);
    assert_eq!(damage(&with(|header| header["raw"] = Value::Null)), Damage::Length);
    assert_eq!(damage(&with(|header| header["enc"] = json!("zstd"))), Damage::Encoding("zstd".into()));
    assert_eq!(damage(&with(|header| header["enc"] = Value::Null)), Damage::Length);
    assert_eq!(damage(&with(|header| header["enc"] = json!("base64"))), Damage::Length);
    assert_eq!(damage(&with(|header| header["status"] = json!("fine"))), Damage::Header);
    assert_eq!(damage("@@lustrum1 {\"collector\":\"vm\",\"se"), Damage::Header);
    assert_eq!(damage("@@lustrum1 "), Damage::Header);
    assert_eq!(damage("@@lustr"), Damage::Header);
}

#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = gzip(&vec![b' '; 8 << 20]);
    let line = |raw: u64| {
        let header = json!({"collector": "vm", "seq": 0, "status": "ok", "raw": raw, "crc32": "00000000", "enc": "gzip+base64"});
        format!("@@lustrum1 {header} {}\n", STANDARD.encode(&bomb))
    };
    assert_eq!(damage(&line(PAYLOAD_BYTES + 1)), Damage::Payload(PAYLOAD_BYTES + 1));
    assert_eq!(damage(&line(100)), Damage::Length);
}

#[test]
fn a_record_cut_off_anywhere_never_passes_as_whole() {
    let whole = record("vm", 0, "ok", &vms(&[VM_A, VM_B]));
    let whole = whole.trim_end();
    for length in 1..whole.len() {
        let items = decode(&whole.as_bytes()[..length]);
        let damaged = match &items[..] {
            [Item::Damaged(_)] => true,
            [Item::Record { payload, .. }] => payload.is_err(),
            _ => false,
        };
        assert!(damaged, "{length}: {items:?}");
    }
    assert_eq!(decode(whole.as_bytes()), decode(format!("{whole}\n").as_bytes()));
}

fn conversation() -> Vec<u8> {
    let mut text = String::from("\u{feff}banner\r\n\r\n");
    text.push_str(&facts(json!(true)));
    text.push_str(&record("baseline", 0, "ok", &vms(&[VM_A, VM_B])));
    text.push_str("@@lustrum1 broken\n@@ noise \u{30d5}\n");
    text.push_str(&record("vm", 0, "more", &vms(&[VM_A])));
    text.push_str(&record("vm", 1, "ok", &vms(&[VM_B])));
    text.push_str(&end());
    text.push_str("@@lustrum1 {\"coll");
    text.into_bytes()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_records(cuts in proptest::collection::vec(0usize..4000, 0..40)) {
        let bytes = conversation();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut % bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::default();
        let mut items = Vec::new();
        for pair in cuts.windows(2) {
            items.extend(decoder.feed(&bytes[pair[0]..pair[1]]));
        }
        items.extend(decoder.finish());
        prop_assert_eq!(items, decode(&bytes));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), marked in any::<bool>()) {
        let mut stdout = if marked { b"@@lustrum1 ".to_vec() } else { Vec::new() };
        stdout.extend(bytes);
        decode(&stdout);
    }
}

#[test]
fn one_byte_at_a_time_is_enough() {
    let bytes = conversation();
    let mut decoder = Decoder::default();
    let mut items: Vec<_> = bytes.iter().flat_map(|byte| decoder.feed(std::slice::from_ref(byte))).collect();
    items.extend(decoder.finish());
    assert_eq!(items, decode(&bytes));
    assert_eq!(items.len(), 7);
}

fn complaints(bytes: &[u8]) -> Complaints {
    let mut complaints = Complaints::default();
    bytes.chunks(7).for_each(|piece| complaints.feed(piece));
    complaints
}

#[test]
fn progress_on_stderr_is_no_error() {
    assert_eq!(complaints(&fixture("clixml_progress.xml")).error(), None);
    assert_eq!(complaints(b"\r\n").error(), None);
}

#[test]
fn errors_on_stderr_are_found_in_an_open_document() {
    let complaints = complaints(&fixture("clixml_error.xml"));
    assert_eq!(complaints.error_id().unwrap(), "CouldNotAutoLoadModule");
    let error = complaints.error().unwrap();
    assert!(
        error.starts_with("Die Benennung \"Get-VM\" wurde") && !error.contains("not an error"),
        "{error}"
    );
    assert!(!error.contains("_x000D_"));
}

#[test]
fn plain_stderr_is_taken_as_it_is() {
    let text = b"'powershell.exe' is not recognized\r\nas an internal or external command.\r\n";
    let told = complaints(text).error().unwrap();
    assert_eq!(told, "'powershell.exe' is not recognized as an internal or external command.");
}

#[test]
fn endless_stderr_is_bounded() {
    let mut complaints = Complaints::default();
    (0..200).for_each(|_| complaints.feed(&[b'e'; 10_000]));
    assert_eq!(complaints.error().unwrap().len(), Complaints::LIMIT_BYTES);
}

/// Samples from a real Windows host, which are not ours to keep in the repository.
#[test]
fn recorded_stderr_is_read() {
    let Ok(folder) = std::env::var("LUSTRUM_WSMAN_RECORDINGS") else {
        let told = std::io::stderr()
            .write_all(b"SKIPPED recorded_stderr_is_read: LUSTRUM_WSMAN_RECORDINGS is not set\n");
        return told.unwrap();
    };
    let read = |name: &str| complaints(&std::fs::read(format!("{folder}/{name}")).unwrap());
    assert_eq!(read("sanitise_clixml_with_no_errors.xml").error(), None);
    let errors = read("sanitise_clixml_with_error.xml");
    assert_eq!(errors.error_id().unwrap(), "CommandNotFoundException");
    assert!(errors.error().unwrap().starts_with("fake : The term 'fake' is not recognized"));
}
