//! The end of a run, from its manifest, for people and for programs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lustrum::cli::summary::Summary;
use lustrum::cli::summary_text::render;
use lustrum::cli::terminal::Look;
use lustrum::model::artifact::{Artifact, ArtifactFormat};
use lustrum::model::event::{CancelCause, Coverage, Event, NamedVm, RunHeader, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::model::target::HostName;

use crate::world::golden::assert_golden;

fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn open(hosts: &[&str]) -> Manifest {
    let job = JobName::parse("hyperv-daily").unwrap();
    let slot = Slot::at(at("2026-11-21T06:00:00Z"));
    let header = RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(0xab),
        started_at: at("2026-11-21T06:00:01Z"),
        program_version: "0.1.0".to_owned(),
        plan_digest: "d".to_owned(),
        scope: Scope::Full,
        parent: None,
    };
    Manifest::open(header, hosts.iter().map(|name| host(name)))
}

fn step(
    manifest: &mut Manifest,
    name: &str,
    (stage, step): (Stage, &str),
    outcome: Outcome,
    duration_ms: u64,
) {
    let at = at("2026-11-21T06:00:30Z");
    let step = StepName(step.to_owned());
    manifest.apply(&Event::StepEnded { host: host(name), stage, step, outcome, duration_ms, at });
}

fn audited(
    manifest: &mut Manifest,
    name: &str,
    reasons: &[Reason],
    vms: Option<u64>,
    missing: &[&str],
    ms: u64,
) {
    let status = reasons.iter().map(|reason| reason.leads_to()).max().unwrap_or(FinalStatus::InventoryOk);
    let missing: Vec<NamedVm> = missing
        .iter()
        .map(|name| NamedVm {
            vm_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            vm_name: (*name).to_owned(),
        })
        .collect();
    let seen = vms.unwrap_or_default() - missing.len() as u64;
    let coverage = Coverage { seen, missing, unexpected: Vec::new(), share: None };
    let verdict = Verdict {
        status,
        reachable: !reasons.contains(&Reason::Unreachable),
        reasons: reasons.to_vec(),
        baseline_vms: vms,
        coverage: vms.map(|_| (StepName("vdisk".to_owned()), coverage)).into_iter().collect(),
    };
    manifest.apply(&Event::HostAudited { host: host(name), verdict, duration_ms: ms });
}

fn failed(kind: FailureKind, doing: &str, message: &str) -> Outcome {
    Outcome::Failed { failure: Failure::new(kind, message).during(doing) }
}

fn sample() -> Manifest {
    let mut run = open(&["hv01", "hv02", "hv03", "hv04", "hv05"]);
    for name in ["hv01", "hv02", "hv03"] {
        step(&mut run, name, (Stage::Preflight, "logon"), Outcome::Ok { rows: 0 }, 40);
    }
    step(&mut run, "hv01", (Stage::Collect, "vinfo"), Outcome::Ok { rows: 20 }, 3100);
    step(&mut run, "hv01", (Stage::Collect, "vdisk"), Outcome::Ok { rows: 41 }, 9000);
    step(&mut run, "hv02", (Stage::Collect, "vinfo"), Outcome::Ok { rows: 3 }, 200);
    let timeout = Failure::new(FailureKind::TimedOut, "no end within 60.0 s").during("collector disk");
    step(&mut run, "hv02", (Stage::Collect, "vdisk"), Outcome::Partial { rows: 1, failure: timeout }, 60_000);
    let refused = "connection refused (os error 111)";
    step(
        &mut run,
        "hv04",
        (Stage::Preflight, "reach"),
        failed(FailureKind::Unreachable, "reach", refused),
        5,
    );
    let denied = "the user name or password is wrong";
    step(&mut run, "hv05", (Stage::Preflight, "logon"), failed(FailureKind::AuthFailed, "logon", denied), 30);
    audited(&mut run, "hv01", &[], Some(20), &[], 12_300);
    audited(
        &mut run,
        "hv02",
        &[Reason::CoverageGap, Reason::CollectorError],
        Some(3),
        &["web\u{1b}[31m-1", "b"],
        61_000,
    );
    audited(&mut run, "hv03", &[Reason::NoVmsConfirmed], Some(0), &[], 900);
    audited(&mut run, "hv04", &[Reason::Unreachable], None, &[], 5);
    audited(&mut run, "hv05", &[Reason::AuthFailed], None, &[], 70);
    run.apply(&Event::VmMoved {
        vm_id: "11111111-1111-1111-1111-111111111111".to_owned(),
        vm_name: "db-7".to_owned(),
        seen_on: vec![host("hv01"), host("hv02")],
        kept: host("hv02"),
    });
    run.apply(&Event::Warning {
        host: None,
        message: "host hv01 is named 2 times; it is asked once".to_owned(),
    });
    let artifacts = [
        (
            "data/vinfo/v1/run_date=2026-11-21/hyperv-daily-x-ab.parquet",
            ArtifactFormat::Parquet,
            Some("vinfo"),
            23,
        ),
        ("runs/hyperv-daily/x/ab/vinfo.csv", ArtifactFormat::Csv, Some("vinfo"), 23),
        (
            "data/vdisk/v1/run_date=2026-11-21/hyperv-daily-x-ab.parquet",
            ArtifactFormat::Parquet,
            Some("vdisk"),
            42,
        ),
        (
            "runs/hyperv-daily/x/ab/RVTools_export_all_2026-11-21_06.00.00.xlsx",
            ArtifactFormat::Xlsx,
            None,
            65,
        ),
        ("runs/hyperv-daily/x/ab/hyperv_run_report.json", ArtifactFormat::Json, None, 5),
        ("runs/hyperv-daily/x/ab/targets_retry_hosts.txt", ArtifactFormat::Text, None, 3),
    ];
    for (path, format, table, rows) in artifacts {
        let artifact = Artifact {
            path: path.to_owned(),
            format,
            table: table.map(str::to_owned),
            rows,
            bytes: 1000,
            sha256: String::new(),
            schema_fingerprint: None,
        };
        run.apply(&Event::ArtifactWritten { artifact });
    }
    run.apply(&Event::RunEnded { at: at("2026-11-21T06:01:12.500Z") });
    run
}

#[test]
fn people_read_a_screenful() {
    let summary = Summary::of(&sample(), "out", Some("runs/hyperv-daily/x/manifest.json"), false);
    let text = render(&summary, Look::default(), true);
    assert_golden(
        "tests/it/fixtures/cli/summary.txt",
        &format!(
            "{text}
"
        ),
    );
}

#[test]
fn programs_read_all_of_it() {
    let mut run = sample();
    run.apply(&Event::CancelRequested { cause: CancelCause::Operator, at: at("2026-11-21T06:01:00Z") });
    let summary = Summary::of(&run, "out", Some("runs/m.json"), false);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(
        (json["hosts"].as_u64(), json["reachable"].as_u64(), json["vms"].as_u64()),
        (Some(5), Some(4), Some(23))
    );
    let counts = serde_json::json!({
        "inventory_ok": 1, "inventory_partial": 1, "inventory_empty": 1, "inventory_error": 2,
    });
    assert_eq!(json["counts"], counts);
    assert_eq!(json["cancelled"], "operator");
    assert_eq!(json["not_ok"][0]["reasons"][0], "unreachable");
    assert_eq!(json["files"]["manifest"], "out/runs/m.json");
    assert_eq!(json["files"]["retry_hosts"], "out/runs/hyperv-daily/x/ab/targets_retry_hosts.txt");
    assert_eq!(json["collectors"]["vdisk"]["partial"], 1);
    assert!(
        json["files"]["query"]
            .as_str()
            .unwrap()
            .starts_with("duckdb -c \"SELECT host, count(*) AS vms FROM 'out/data/vinfo")
    );
}

#[test]
fn no_host_writes_to_the_screen_what_a_terminal_would_obey() {
    let text = render(&Summary::of(&sample(), "out", None, false), Look::default(), true);
    assert!(!text.contains('\u{1b}') && text.contains("web\u{fffd}[31m-1"), "{text}");
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let summary = Summary::of(&sample(), "out", Some("runs/m.json"), false);
    let plain = render(&summary, Look::default(), true);
    let painted = render(&summary, Look { colors: true, width: None }, true);
    assert_ne!(plain, painted);
    assert_eq!(console::strip_ansi_codes(&painted), plain);
}

#[test]
fn a_large_fleet_still_fits_a_screen() {
    let names: Vec<String> = (0..3000).map(|n| format!("hv{n:04}")).collect();
    let mut run = open(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        audited(&mut run, name, &[Reason::Unreachable], None, &[], 10);
    }
    let text = render(&Summary::of(&run, "out", None, false), Look::default(), false);
    assert!(text.lines().count() < 50, "{text}");
    assert!(text.contains("unreachable 3,000") && text.contains("and 2,980 more"), "{text}");
}

#[test]
fn a_dry_run_tells_who_would_let_us_in_and_that_nothing_was_kept() {
    let mut run = open(&["hv01", "hv02"]);
    step(&mut run, "hv01", (Stage::Preflight, "reach"), Outcome::Ok { rows: 0 }, 5);
    step(&mut run, "hv01", (Stage::Preflight, "logon"), Outcome::Ok { rows: 0 }, 5);
    audited(&mut run, "hv02", &[Reason::Unreachable], None, &[], 10);
    let text = render(&Summary::of(&run, "out", None, true), Look::default(), false);
    let words: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = BTreeMap::from([
        ("reached", "Reachable 1 of 2 hosts"),
        ("in", "Logged on 1"),
        ("end", "Nothing was committed."),
    ]);
    for line in expected.values() {
        assert!(words.iter().any(|words| words == line), "{line} in\n{text}");
    }
}
