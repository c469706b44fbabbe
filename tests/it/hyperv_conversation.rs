//! A conversation with the script: records out of turn, lost, repeated and late, and how each
//! step ends.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lustrum::model::credential::Credential;
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::outcome::Outcome;
use lustrum::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use lustrum::providers::hyperv::collector::Collector;
use lustrum::providers::hyperv::session::Hyperv;
use lustrum::providers::provider::{Ask, Contact, Finding, Provider, Session, Sink};
use lustrum::tables::catalogue::{INVENTORY, named};
use lustrum::transport::shell::{CommandLine, Identity, Received, Shell, ShellLimits};
use serde_json::{Value, json};

use crate::world::wire_records::{VM_A, VM_B, bare, end, facts, fixture, record, record_with, vms};

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
