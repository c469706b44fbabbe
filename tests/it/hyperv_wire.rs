//! The wire contract under every trap: noise, splits, damage, records out of turn, and what
//! powershell.exe says on stderr.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use lustrum::model::credential::Credential;
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::Outcome;
use lustrum::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use lustrum::providers::hyperv::clixml::Complaints;
use lustrum::providers::hyperv::collector::Collector;
use lustrum::providers::hyperv::session::Hyperv;
use lustrum::providers::hyperv::wire::{Damage, Decoder, Item, PAYLOAD_BYTES, Status};
use lustrum::providers::provider::{Ask, Contact, Finding, Provider, Session, Sink};
use lustrum::tables::catalogue::{INVENTORY, named};
use lustrum::transport::shell::{CommandLine, Identity, Received, Shell, ShellLimits};
use proptest::prelude::*;
use serde_json::{Value, json};

const VM_A: &str = "0f0f0f0f-0000-4000-8000-00000000000a";
const VM_B: &str = "0f0f0f0f-0000-4000-8000-00000000000b";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/it/fixtures/hyperv/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header that fits the payload; `change` makes it one that does not.
fn record_with(
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

fn record(collector: &str, seq: u32, status: &str, payload: &str) -> String {
    record_with(collector, seq, status, payload, |_| {})
}

fn bare(collector: &str, status: &str, error: Value) -> String {
    let header = json!({"collector": collector, "seq": 0, "status": status, "ms": 61_000, "error": error});
    format!("@@lustrum1 {header}\r\n")
}

fn end() -> String {
    bare("end", "ok", Value::Null)
}

fn vms(ids: &[&str]) -> String {
    json!(ids.iter().map(|id| json!({"VMId": id, "Name": "a VM"})).collect::<Vec<_>>()).to_string()
}

fn facts(may_read_vms: Value) -> String {
    let facts = json!([{"RoleInstalled": true, "VmmsRunning": true, "MayReadVms": may_read_vms}]);
    record("facts", 0, "ok", &facts.to_string())
}

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

/// A shell that says what it was told to say.
struct Scripted {
    answers: VecDeque<Result<Received, Failure>>,
    identity: Identity,
}

impl Scripted {
    async fn put(self, sink: &mut Heard) -> Result<(), Failure> {
        STAGED.with(|staged| *staged.borrow_mut() = Some(self));
        let provider = Hyperv::<Self>::new(limits());
        let contact = provider.reach(&target()).await.unwrap();
        assert_eq!(contact.greeting().unwrap(), "Windows 10.0.20348");
        let mut session = contact.logon(&credential()).await.unwrap();
        let ask = Ask {
            tables: INVENTORY.iter().map(|table| table.id).collect(),
            collected_at: "2026-11-21T06:00:00Z".parse().unwrap(),
            collector_deadline: Duration::from_secs(60),
        };
        let ended = session.collect(&ask, sink).await;
        session.close().await.unwrap();
        ended
    }
}

thread_local! {
    static STAGED: std::cell::RefCell<Option<Scripted>> = const { std::cell::RefCell::new(None) };
}

impl Shell for Scripted {
    type Shared = ();

    async fn reach(_: &Target, _: &ShellLimits, _: &Arc<()>) -> Result<Self, Failure> {
        Ok(STAGED.with(|staged| staged.borrow_mut().take()).unwrap())
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn logon(&mut self, _: &Credential) -> Result<(), Failure> {
        Ok(())
    }

    async fn start(&mut self, command: &CommandLine, stdin: &[u8]) -> Result<(), Failure> {
        assert_eq!(command.bare_program(), "powershell.exe");
        assert!(stdin.starts_with(b"$LustrumRequest = '{\"wire\":1,"));
        Ok(())
    }

    async fn receive(&mut self) -> Result<Received, Failure> {
        self.answers.pop_front().expect("nothing is asked after the end")
    }

    async fn close(self) -> Result<(), Failure> {
        Ok(())
    }
}

fn limits() -> ShellLimits {
    let second = Duration::from_secs(1);
    ShellLimits {
        connect_timeout: second,
        operation_timeout: second,
        silence_timeout: second,
        idle_timeout: second,
        close_timeout: second,
        output_bytes: 1 << 30,
        attempts: 1,
    }
}

fn target() -> Target {
    Target {
        host: HostName::parse("hv01").unwrap(),
        platform: Platform::Hyperv,
        address: "hv01".into(),
        port: 5985,
        scheme: Scheme::Http,
        auth: AuthMethod::Negotiate,
        trust: Trust::default(),
        credential: credential().name,
        spn: None,
        site: "Default".to_owned(),
    }
}

fn credential() -> Credential {
    Credential {
        name: lustrum::model::credential::CredentialName::default_name(),
        user: "user".into(),
        password: lustrum::model::credential::Secret::new("secret".into()),
        certificate: None,
        realm: None,
    }
}

/// What a session told, in short.
#[derive(Default)]
struct Heard {
    findings: Vec<Finding>,
}

impl Sink for Heard {
    async fn put(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

impl Heard {
    fn outcome(&self, table: &str) -> (&Outcome, Option<usize>) {
        let id = named(table).unwrap().id;
        let mut ends = self.findings.iter().filter_map(|finding| match finding {
            Finding::Ended { table, outcome, seen, .. } if *table == id => {
                Some((outcome, seen.as_ref().map(Vec::len)))
            }
            _ => None,
        });
        let end = ends.next().unwrap();
        assert!(ends.next().is_none(), "{table} ended twice");
        end
    }

    fn kind(&self, table: &str) -> FailureKind {
        self.outcome(table).0.failure().unwrap().kind
    }

    fn rows(&self, table: &str) -> Vec<u64> {
        let id = named(table).unwrap().id;
        let batches = self.findings.iter().filter_map(|finding| match finding {
            Finding::Rows(batch) if batch.table == id => Some(batch.rows()),
            _ => None,
        });
        batches.collect()
    }

    fn baseline(&self) -> Option<Result<(usize, bool), FailureKind>> {
        let mut told = self.findings.iter().filter_map(|finding| match finding {
            Finding::Baseline(Ok(baseline)) => Some(Ok((baseline.vms.len(), baseline.zero_proven))),
            Finding::Baseline(Err(failure)) => Some(Err(failure.kind)),
            _ => None,
        });
        let first = told.next();
        assert!(told.next().is_none(), "two baselines");
        first
    }
}

/// A whole conversation on stdout; every other collector says "ok" without rows.
async fn heard(records: &[String]) -> (Heard, Result<(), Failure>) {
    let told: String = records.concat();
    let silent = Collector::ALL
        .iter()
        .map(|collector| collector.word())
        .filter(|word| !told.contains(&format!("\"collector\":\"{word}\"")))
        .map(|word| record(word, 0, "ok", "[]"));
    let rest: String = silent.collect();
    heard_raw(vec![Ok(stdout(&(told + &rest + &end())))]).await
}

fn stdout(text: &str) -> Received {
    Received { stdout: Bytes::copy_from_slice(text.as_bytes()), ..Received::default() }
}

async fn heard_raw(answers: Vec<Result<Received, Failure>>) -> (Heard, Result<(), Failure>) {
    let identity =
        Identity { vendor: None, product_version: Some("OS: 10.0.20348 SP: 0.0 Stack: 3.0".to_owned()) };
    let mut heard = Heard::default();
    let ended = Scripted { answers: answers.into(), identity }.put(&mut heard).await;
    (heard, ended)
}

#[tokio::test]
async fn rows_are_handed_on_record_by_record() {
    let records = [record("vm", 0, "more", &vms(&[VM_A])), record("vm", 1, "ok", &vms(&[VM_B]))];
    let (heard, ended) = heard(&records).await;
    ended.unwrap();
    assert_eq!(heard.rows("vinfo"), [1, 1]);
    assert_eq!(heard.outcome("vinfo"), (&Outcome::Ok { rows: 2 }, Some(2)));
    assert_eq!(heard.outcome("vdisk"), (&Outcome::Ok { rows: 0 }, None));
}

#[tokio::test]
async fn a_lost_record_is_missed() {
    let records = [record("vm", 0, "more", &vms(&[VM_A])), record("vm", 2, "ok", &vms(&[VM_B]))];
    let (heard, _) = heard(&records).await;
    let (outcome, seen) = heard.outcome("vinfo");
    assert_eq!((outcome.word(), outcome.rows(), seen), ("partial", 2, Some(2)));
    assert_eq!(heard.kind("vinfo"), FailureKind::Corrupt);
}

#[tokio::test]
async fn a_repeated_record_adds_no_rows() {
    let first = record("disk", 0, "more", &vms(&[VM_A]));
    let records = [first.clone(), first, record("disk", 1, "ok", &vms(&[VM_B]))];
    let (heard, _) = heard(&records).await;
    assert_eq!(heard.rows("vdisk"), [1, 1]);
    assert_eq!((heard.outcome("vdisk").0.word(), heard.kind("vdisk")), ("partial", FailureKind::Corrupt));
}

#[tokio::test]
async fn a_vm_told_twice_is_kept_once() {
    let records = [record("vm", 0, "more", &vms(&[VM_A, VM_A])), record("vm", 1, "ok", &vms(&[VM_A, VM_B]))];
    let (heard, _) = heard(&records).await;
    assert_eq!(heard.rows("vinfo"), [1, 1]);
    assert_eq!((heard.outcome("vinfo").0.rows(), heard.kind("vinfo")), (2, FailureKind::Corrupt));
}

#[tokio::test]
async fn a_header_that_counts_wrong_is_noticed() {
    let short = record_with("nic", 0, "ok", &vms(&[VM_A]), |header| header["rows"] = json!(3));
    let (heard, _) = heard(&[short]).await;
    assert_eq!((heard.outcome("vnetwork").0.rows(), heard.kind("vnetwork")), (1, FailureKind::Corrupt));
}

#[tokio::test]
async fn each_status_has_its_outcome() {
    let error = json!({"id": "ObjectInUse,Get-VHD", "category": "ResourceBusy", "message": "Zugriff\r\nverweigert", "count": 3});
    let partial = record_with("disk", 0, "partial", &vms(&[VM_A]), |header| header["error"] = error.clone());
    let records = [
        partial,
        bare("vm", "error", error.clone()),
        bare("nic", "timeout", Value::Null),
        bare("switch", "not_applicable", Value::Null),
        bare("memory", "error", Value::Null),
    ];
    let (heard, ended) = heard(&records).await;
    ended.unwrap();
    let told = heard.outcome("vdisk").0.failure().unwrap().to_string();
    assert_eq!(
        told,
        "collector disk: the host reported ObjectInUse,Get-VHD (ResourceBusy), 3 times: Zugriff verweigert"
    );
    assert_eq!((heard.outcome("vdisk").0.rows(), heard.kind("vdisk")), (1, FailureKind::RemoteError));
    assert_eq!((heard.outcome("vinfo").1, heard.kind("vinfo")), (None, FailureKind::RemoteError));
    assert_eq!(heard.kind("vnetwork"), FailureKind::TimedOut);
    assert_eq!(heard.kind("vswitch"), FailureKind::NotApplicable);
    assert_eq!(heard.kind("vmemory"), FailureKind::RemoteError);
}

#[tokio::test]
async fn what_a_timeout_left_is_kept() {
    let timeout = bare("disk", "timeout", Value::Null).replace("\"seq\":0", "\"seq\":1");
    let (heard, _) = heard(&[record("disk", 0, "more", &vms(&[VM_A])), timeout]).await;
    assert_eq!((heard.outcome("vdisk").0.word(), heard.kind("vdisk")), ("partial", FailureKind::TimedOut));
}

#[tokio::test]
async fn facts_prove_zero_in_either_order() {
    let empty = record("baseline", 0, "ok", "[]");
    for (records, expected) in [
        (vec![facts(json!(true)), empty.clone()], true),
        (vec![empty.clone(), facts(json!(true))], true),
        (vec![empty.clone(), facts(json!(false))], false),
        (vec![facts(Value::Null), empty.clone()], false),
        (vec![empty.clone(), bare("facts", "error", Value::Null)], false),
        (vec![empty.clone()], false),
    ] {
        assert_eq!(heard(&records).await.0.baseline(), Some(Ok((0, expected))), "{records:?}");
    }
}

#[tokio::test]
async fn a_baseline_is_whole_or_none() {
    let failed = Some(Err(FailureKind::BaselineError));
    let bad_crc =
        record_with("baseline", 0, "ok", &vms(&[VM_A]), |header| header["crc32"] = json!("00000000"));
    let gap = [record("baseline", 0, "more", &vms(&[VM_A])), record("baseline", 2, "ok", &vms(&[VM_B]))];
    for records in [
        vec![bad_crc],
        gap.to_vec(),
        vec![record("baseline", 0, "partial", &vms(&[VM_A]))],
        vec![record("baseline", 0, "ok", "[{\"Name\":\"no id\"}]")],
        vec![bare("baseline", "timeout", Value::Null)],
        vec![record("baseline", 0, "more", &vms(&[VM_A]))],
        vec![],
    ] {
        assert_eq!(heard(&records).await.0.baseline(), failed, "{records:?}");
    }
    let whole = [record("baseline", 0, "more", &vms(&[VM_A])), record("baseline", 1, "ok", &vms(&[VM_B]))];
    assert_eq!(heard(&whole).await.0.baseline(), Some(Ok((2, false))));
}

#[tokio::test]
async fn what_came_before_trouble_stays() {
    let records = record("baseline", 0, "ok", &vms(&[VM_A]))
        + &record("vm", 0, "ok", &vms(&[VM_A]))
        + &record("disk", 0, "more", &vms(&[VM_A]));
    let limit = Failure::new(FailureKind::OutputLimit, "too much");
    let (heard, ended) = heard_raw(vec![Ok(stdout(&records)), Err(limit)]).await;
    assert_eq!(ended.unwrap_err().kind, FailureKind::OutputLimit);
    assert_eq!(heard.baseline(), Some(Ok((1, false))));
    assert!(heard.outcome("vinfo").0.is_ok());
    assert_eq!((heard.outcome("vdisk").0.word(), heard.kind("vdisk")), ("partial", FailureKind::OutputLimit));
    assert_eq!((heard.outcome("vcpu").0.word(), heard.kind("vcpu")), ("failed", FailureKind::OutputLimit));
}

#[tokio::test]
async fn an_early_exit_is_explained_by_stderr() {
    let exit =
        |stderr: Vec<u8>, text: &str| Received { stderr: stderr.into(), exit_code: Some(1), ..stdout(text) };
    let (heard, ended) = heard_raw(vec![Ok(exit(fixture("clixml_error.xml"), "banner\r\n"))]).await;
    let failure = ended.unwrap_err();
    assert_eq!(failure.kind, FailureKind::RemoteError);
    assert!(failure.message.contains("CouldNotAutoLoadModule"), "{failure}");
    assert_eq!((heard.baseline(), heard.kind("vinfo")), (None, FailureKind::RemoteError));

    let (_, ended) = heard_raw(vec![Ok(exit(fixture("clixml_progress.xml"), ""))]).await;
    assert_eq!(ended.unwrap_err().kind, FailureKind::Corrupt);

    let cut = record("vm", 0, "ok", &vms(&[VM_A]));
    let (heard, ended) = heard_raw(vec![Ok(exit(Vec::new(), &cut[..cut.len() - 20]))]).await;
    assert_eq!((ended.unwrap_err().kind, heard.kind("vinfo")), (FailureKind::Corrupt, FailureKind::Corrupt));
}

#[tokio::test]
async fn the_last_record_may_lack_its_line_break() {
    let records: String =
        Collector::ALL.iter().map(|collector| record(collector.word(), 0, "ok", "[]")).collect();
    let text = records + end().trim_end();
    let (_, ended) = heard_raw(vec![Ok(Received { exit_code: Some(0), ..stdout(&text) })]).await;
    ended.unwrap();
}
