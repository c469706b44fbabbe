//! Earlier runs as people read them: the list, the picture, the damage, the changes.

use std::collections::BTreeMap;

use lustrum::cli::diff::Compared;
use lustrum::cli::terminal::Look;
use lustrum::cli::{diff_text, runs_text};
use lustrum::history::diff::{Thresholds, diff};
use lustrum::history::ledger::Entry;
use lustrum::history::picture::Picture;
use lustrum::history::picture_view::PictureView;
use lustrum::history::snapshot::{Checkpoint, Disk, Snapshot, Told, Vm};
use lustrum::history::verify::{Checked, Finding};
use lustrum::model::artifact::{Artifact, ArtifactFormat};
use lustrum::model::event::{CancelCause, Event};
use lustrum::model::manifest::Manifest;
use lustrum::model::run::Scope;
use lustrum::model::status::Reason;
use lustrum::output::store::Store;

use crate::world::golden::assert_golden;
use crate::world::past::PastRun;
use crate::world::sample_rows::host;

const GIB: i64 = 1 << 30;

fn golden(name: &str, text: &str) {
    assert_golden(&format!("tests/it/fixtures/cli/{name}"), &format!("{text}\n"));
}

/// Ends the run with files of fixed sizes.
fn ended(run: PastRun) -> Manifest {
    let PastRun { header, mut manifest, .. } = run;
    let (slot, date) = (header.slot, header.slot.date());
    let files = [
        (
            format!("data/vinfo/v1/run_date={date}/{}-ab.parquet", header.run_id),
            ArtifactFormat::Parquet,
            Some("vinfo"),
        ),
        (format!("runs/daily/{slot}/ab/vinfo.csv"), ArtifactFormat::Csv, Some("vinfo")),
        (format!("runs/daily/{slot}/ab/vhost.csv"), ArtifactFormat::Csv, Some("vhost")),
        (format!("runs/daily/{slot}/ab/hyperv_run_report.json"), ArtifactFormat::Json, None),
    ];
    for (path, format, table) in files {
        let table = table.map(str::to_owned);
        let (sha256, schema_fingerprint) = ("00".repeat(32), None);
        let artifact = Artifact { path, format, table, rows: 3, bytes: 5000, sha256, schema_fingerprint };
        manifest.apply(&Event::ArtifactWritten { artifact });
    }
    manifest.apply(&Event::RunEnded { at: header.started_at + chrono::TimeDelta::seconds(90) });
    manifest
}

fn runs() -> [Manifest; 4] {
    let full = PastRun::full("daily", "20261120T060000.000Z")
        .ok("hv01")
        .down("hv02")
        .host("hv03", &[Reason::NoVmsConfirmed], &["vinfo"])
        .host("hv04", &[Reason::CollectorError, Reason::TimedOut], &["vinfo"])
        .vm("hv01", "1")
        .vm("hv04", "2");
    let full = ended(full);
    let retry =
        PastRun::retry("daily", "20261120T063000.000Z", &full).ok("hv02").down("hv04").vm("hv02", "3");
    let part = PastRun::full("daily", "20261120T070000.000Z").part().ok("hv01");
    let next = PastRun::full("daily", "20261121T060000.000Z").ok("hv01").down("hv02");
    let (retry, part, mut next) = (ended(retry), ended(part), ended(next));
    next.apply(&Event::CancelRequested { cause: CancelCause::Deadline, at: next.started_at });
    [full, retry, part, next]
}

#[test]
fn the_list_is_a_line_a_run() {
    let entries: Vec<_> = runs().iter().rev().map(Entry::of).collect();
    assert_eq!(entries[1].scope, Scope::Part);
    golden("runs_list.txt", &runs_text::list(&entries, "/srv/census", Look::default()));
    assert_eq!(runs_text::list(&[], "out", Look::default()), "No committed runs in out.");
}

#[test]
fn the_picture_is_a_screenful() {
    let [full, retry, ..] = runs();
    let view = PictureView::of(&Picture::merge(vec![retry, full]), &Store::memory());
    golden("runs_show.txt", &runs_text::show(&view, Look::default()));
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["hosts"][1]["run_id"], "daily-20261120T063000.000Z");
    assert_eq!(json["hosts"][3]["reasons"][1], "timed_out");
    let counts = serde_json::json!({
        "inventory_ok": 2, "inventory_empty": 1, "inventory_partial": 1, "inventory_error": 0,
    });
    assert_eq!((&json["counts"], json["to_retry"].as_u64()), (&counts, Some(2)));
}

#[test]
fn damage_is_told_object_by_object() {
    let [full, ..] = runs();
    let checked = |finding| Checked { path: "runs/daily/x".to_owned(), finding };
    let objects = [
        Finding::Ok,
        Finding::Missing,
        Finding::SizeDiffers { expected_bytes: 1200, found_bytes: 7 },
        Finding::HashDiffers { expected_sha256: "aa".to_owned(), found_sha256: "bb".to_owned() },
        Finding::Extra,
    ];
    let text = runs_text::verified(&full, &objects.map(checked), Look::default());
    let expected = "  \
  missing       runs/daily/x
  size differs  runs/daily/x  7 bytes, not 1,200
  hash differs  runs/daily/x  sha256 bb, not aa
  extra         runs/daily/x  the manifest does not list it
4 things wrong with daily-20261120T060000.000Z; its manifest lists 4 objects";
    assert_eq!(text, expected);
    let well = runs_text::verified(&full, &[checked(Finding::Ok)], Look::default());
    assert_eq!(well, "ok: 4 objects of daily-20261120T060000.000Z, 19.5 KiB: all as the manifest says");
}

fn told(vms: bool) -> Told {
    let cluster = Some("c1".to_owned());
    let why_not = (!vms).then(|| "unreachable".to_owned());
    Told { vms, disks: vms, checkpoints: vms, cluster, why_not }
}

fn vm(on: &str, name: &str) -> Vm {
    Vm {
        name: Some(name.to_owned()),
        vcpus: Some(2),
        memory_bytes: Some(4 * GIB),
        state: Some("Running".to_owned()),
        ..Vm::on(host(on))
    }
}

fn disk(path: &str, capacity_gib: i64, file_gib: i64) -> Disk {
    Disk {
        path: Some(path.to_owned()),
        capacity_bytes: Some(capacity_gib * GIB),
        file_bytes: Some(file_gib * GIB),
        chain_bytes: None,
    }
}

fn snapshots() -> (Snapshot, Snapshot) {
    let [full, _, _, next] = runs();
    let of = |run: &Manifest, hosts: &[(&str, bool)]| Snapshot {
        run: run.run_id.clone(),
        taken_at: run.started_at,
        hosts: hosts.iter().map(|(name, vms)| (host(name), told(*vms))).collect(),
        vms: BTreeMap::new(),
        unseen: Default::default(),
    };
    let mut a = of(&full, &[("hv01", true), ("hv02", true), ("hv03", true)]);
    let mut b = of(&next, &[("hv01", true), ("hv02", false), ("hv03", true), ("hv04", true)]);
    let mut put = |vm_id: &str, before: Option<Vm>, after: Option<Vm>| {
        a.vms.extend(before.map(|vm| (vm_id.to_owned(), vm)));
        b.vms.extend(after.map(|vm| (vm_id.to_owned(), vm)));
    };
    put("0a", None, Some(vm("hv03", "new\u{1b}[31m")));
    put("0b", Some(vm("hv01", "gone")), None);
    put("0c", Some(vm("hv01", "moved")), Some(vm("hv03", "moved")));
    let resized = Vm {
        vcpus: Some(8),
        memory_bytes: Some(16 * GIB),
        state: Some("Off".to_owned()),
        ..vm("hv01", "big")
    };
    put("0d", Some(vm("hv01", "small")), Some(resized));
    let with = |disks: &[(&str, Disk)], checkpoint: Option<(&str, &str)>| {
        let disks = disks.iter().map(|(key, disk)| ((*key).to_owned(), disk.clone())).collect();
        let checkpoint = checkpoint.map(|(id, at)| {
            (id.to_owned(), Checkpoint { name: Some(format!("before {id}")), created_at: at.parse().ok() })
        });
        Vm { disks, checkpoints: checkpoint.into_iter().collect(), ..vm("hv01", "store") }
    };
    let before = [("3000", disk("D:\\a.vhdx", 40, 10)), ("3001", disk("D:\\b.vhdx", 40, 10))];
    let after = [("3000", disk("D:\\a.vhdx", 60, 20)), ("3002", disk("D:\\c.vhdx", 80, 1))];
    let before = with(&before, Some(("p1", "2026-11-19T10:00:00Z")));
    put("0e", Some(before), Some(with(&after, Some(("p0", "2026-11-01T10:00:00Z")))));
    put("0f", Some(vm("hv02", "nobody knows")), None);
    (a, b)
}

#[test]
fn changes_are_grouped_and_each_is_a_line() {
    let [full, retry, _, next] = runs();
    let (before, after) = snapshots();
    let found = diff(&before, &after, &Thresholds::default());
    let (a, b) = (Picture::merge(vec![full, retry]), Picture::merge(vec![next]));
    let text = diff_text::render(&Compared { a: &a, b: &b, diff: &found }, Look::default());
    golden("diff.txt", &text);
    let nothing = diff(&after, &after, &Thresholds { checkpoint_days: 100, ..Thresholds::default() });
    let text = diff_text::render(&Compared { a: &b, b: &b, diff: &nothing }, Look::default());
    assert!(text.contains("\nNothing changed.\n") && text.contains("3 hosts compared, 1 not"), "{text}");
}

#[test]
fn every_change_has_a_row_in_words() {
    let (a, b) = snapshots();
    let found = diff(&a, &b, &Thresholds::default());
    let rows: Vec<_> = found
        .all()
        .map(|change| {
            let row = change.row(&a.run, &b.run);
            assert_eq!((row.run_a.as_str(), row.run_b.as_str()), (a.run.as_str(), b.run.as_str()));
            let cells = [row.host, row.vm_id, row.vm_name, row.subject, row.before, row.after];
            let cells =
                cells.map(|cell| cell.map_or_else(|| "-".to_owned(), |cell| cell.escape_debug().to_string()));
            format!("{} | {}", row.change, cells.join(" | "))
        })
        .collect();
    golden("vchange.txt", &rows.join("\n"));
}
