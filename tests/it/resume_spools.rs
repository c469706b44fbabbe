//! Which spools are stale, and which wait for their next try.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lustrum::engine::begun::begun;
use lustrum::engine::spools::{interrupted, remove_stale};
use lustrum::model::run::{JobName, Slot};
use lustrum::output::hold::hold;
use lustrum::output::layout::{self, Key};
use lustrum::output::store::Store;

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A file last written so long before `now`.
fn put(folder: &Path, name: &str, now: DateTime<Utc>, days: u64) {
    let file = std::fs::File::create(folder.join(name)).unwrap();
    file.set_modified((now - Duration::from_secs(days * 86_400)).into()).unwrap();
}

#[tokio::test]
async fn stale_are_committed_slots_and_those_long_left() {
    let now: DateTime<Utc> = "2026-11-21T06:00:00Z".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (store, job) = (Store::memory(), JobName::parse("census").unwrap());
    let committed = Slot::parse("20261120T060000.000Z").unwrap();
    store.put(&layout::manifest(&job, committed), "{}").await.unwrap();
    for (name, days) in [
        ("census-20261120T060000.000Z.spool", 1),
        ("census-20261101T060000.000Z.spool", 20),
        ("census-20261101T060000.000Z.dry", 20),
        // A slot of the past that is filled now; one that is held; one that may go on.
        ("census-20261102T060000.000Z.spool", 1),
        ("census-20261103T060000.000Z.spool", 20),
        ("census-20261121T050000.000Z.spool", 0),
        // Shards of a committed slot and of one that may go on: no runs of their own.
        ("census-20261120T060000.000Z.2-of-8.spool", 1),
        ("census-20261121T050000.000Z.2-of-8.spool", 0),
        ("census-20261121T040000.000Z.finalizer.spool", 0),
        // One's own, and what is nobody's spool.
        ("census-20261104T060000.000Z.spool", 20),
        ("notes.spool", 20),
        ("census-20261101T060000.000Z.txt", 20),
    ] {
        put(folder.path(), name, now, days);
    }
    let held = hold(&folder.path().join("census-20261103T060000.000Z.spool")).unwrap().unwrap();
    let own = folder.path().join("census-20261104T060000.000Z.spool");
    assert_eq!(
        interrupted(&store, folder.path(), &job).await.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["20261101T060000.000Z", "20261102T060000.000Z", "20261104T060000.000Z", "20261121T050000.000Z"],
    );
    remove_stale(&store, &own, now).await;
    assert_eq!(
        names(folder.path()),
        [
            "census-20261101T060000.000Z.txt",
            "census-20261102T060000.000Z.spool",
            "census-20261103T060000.000Z.spool",
            "census-20261104T060000.000Z.spool",
            "census-20261121T040000.000Z.finalizer.spool",
            "census-20261121T050000.000Z.2-of-8.spool",
            "census-20261121T050000.000Z.spool",
            "notes.spool",
        ]
    );
    drop(held);
    assert_eq!(interrupted(&store, &folder.path().join("absent"), &job).await, []);
}

#[tokio::test]
async fn begun_are_slots_with_staged_parts_and_without_a_manifest() {
    let (store, job) = (Store::memory(), JobName::parse("census").unwrap());
    for key in [
        "runs/census/20261119T060000.000Z/staged/000000000001-000000.part",
        "runs/census/20261120T060000.000Z/staged/000000000001-000000.part",
        "runs/census/20261120T070000.000Z/staged/000000000001-000000.part",
        "runs/census/20261120T070000.000Z/manifest.json",
        // On its way to the manifest, or failed before that.
        "runs/census/20261120T080000.000Z/000000000001/vinfo.csv",
        "runs/census/20261120T090000.000Z/staged/000000000001-000000.part",
        "runs/census/20261120T090000.000Z/staged/000000000002-000000.part",
        // Divided: pods may be at work on it, each under a lease of its own.
        "runs/census/20261120T100000.000Z/parts/division.json",
        "runs/census/20261120T100000.000Z/staged/2-of-8/000000000001-000000.part",
        "runs/census/latest.json",
        "runs/census2/20261120T100000.000Z/staged/000000000001-000000.part",
    ] {
        store.put(&Key::parse(key).unwrap(), "").await.unwrap();
    }
    let since = "2026-11-20T06:00:00Z".parse().unwrap();
    let slots = begun(&store, &job, since).await.unwrap();
    assert_eq!(
        slots.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["20261120T060000.000Z", "20261120T090000.000Z"]
    );
}
