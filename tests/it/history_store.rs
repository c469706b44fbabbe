//! The past of a store: runs by name, pictures with retries, their rows, and what became of their files.

use lustrum::history::capture::capture;
use lustrum::history::change::Change;
use lustrum::history::diff::{Diff, Thresholds, diff};
use lustrum::history::ledger::{HistoryError, Ledger};
use lustrum::history::picture::Picture;
use lustrum::history::remembered::remembered;
use lustrum::history::verify::{Finding, verify};
use lustrum::model::artifact::ArtifactFormat;
use lustrum::model::manifest::{Manifest, MovedVm};
use lustrum::model::remembered::Remembered;
use lustrum::model::run::JobName;
use lustrum::model::status::Reason;
use lustrum::output::layout::Key;
use lustrum::output::store::Store;
use lustrum::tables::catalogue;
use lustrum::tables::columns::Texts;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use serde_json::json;

use crate::world::past::{PastRun, batch};
use crate::world::sample_rows::host;

const DAY_1: &str = "20261120T060000.000Z";
const DAY_1_AGAIN: &str = "20261120T070000.000Z";
const DAY_1_THIRD: &str = "20261120T080000.000Z";
const DAY_2: &str = "20261121T060000.000Z";

fn job(name: &str) -> JobName {
    JobName::parse(name).unwrap()
}

async fn picture(store: &Store, run: &Manifest) -> Picture {
    Picture::around(&Ledger::of(store), run.clone()).await.unwrap()
}

/// `host vm_id`, as the picture has them.
async fn vms(store: &Store, picture: &Picture) -> Vec<String> {
    let mut found = Vec::new();
    let residences = picture.residences(store).await.unwrap();
    let reading = picture.read(store, &residences, "vinfo", &[], |rows| {
        let (hosts, vm_ids) = (Texts::of(rows, "host"), Texts::of(rows, "vm_id"));
        found.extend(
            (0..rows.num_rows()).map(|row| format!("{} {}", hosts.at(row).unwrap(), vm_ids.at(row).unwrap())),
        );
    });
    reading.await.unwrap();
    found.sort();
    found
}

async fn compared(store: &Store, a: &Manifest, b: &Manifest) -> Diff {
    let (a, b) = (picture(store, a).await, picture(store, b).await);
    let (a, b) = (capture(store, &a).await.unwrap(), capture(store, &b).await.unwrap());
    diff(&a, &b, &Thresholds::default())
}

fn words(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let line = change.line();
        format!("{} {} {}", line.change, line.host, line.vm_id.unwrap_or_default())
    };
    changes.iter().map(line).collect()
}

async fn not_found(store: &Store, meant: &str) -> String {
    match Ledger::of(store).find(meant, None).await {
        Err(HistoryError::NotFound(message)) => message,
        other => panic!("{meant}: {:?}", other.map(|run| run.run_id)),
    }
}

#[tokio::test]
async fn runs_are_found_by_what_people_write() {
    let store = Store::memory();
    for (name, slot) in [("daily", DAY_1), ("daily", DAY_2), ("lab", DAY_1_AGAIN)] {
        PastRun::full(name, slot).ok("a").commit(&store).await;
    }
    // A folder without a manifest is no run.
    store.put(&Key::parse("runs/daily/20261122T060000.000Z/ab/left.csv").unwrap(), "x").await.unwrap();
    let ledger = Ledger::of(&store);
    let listed = ledger.entries(None).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|entry| entry.run_id.as_str()).collect();
    let newest_first = [format!("daily-{DAY_2}"), format!("lab-{DAY_1_AGAIN}"), format!("daily-{DAY_1}")];
    assert_eq!(ids, newest_first);
    assert_eq!(ledger.entries(Some(&job("lab"))).await.unwrap().len(), 1);
    for (meant, expected) in [
        ("latest", &newest_first[0]),
        ("daily", &newest_first[0]),
        ("daily/latest", &newest_first[0]),
        ("lab", &newest_first[1]),
        ("lab/latest", &newest_first[1]),
        ("daily/20261120", &newest_first[2]),
        ("daily-20261120", &newest_first[2]),
        ("20261121", &newest_first[0]),
        (&newest_first[2], &newest_first[2]),
    ] {
        assert_eq!(ledger.find(meant, None).await.unwrap().run_id.as_str(), expected, "{meant}");
    }
    assert_eq!(ledger.find("latest", Some(&job("lab"))).await.unwrap().job, job("lab"));
    let several = format!("`20261120` fits several runs: `{}`, `{}`", newest_first[1], newest_first[2]);
    assert_eq!(not_found(&store, "20261120").await, several);
    assert_eq!(
        not_found(&store, "dayly").await,
        "no committed run `dayly` in memory:; did you mean `daily`?"
    );
    assert_eq!(
        not_found(&store, "x").await,
        "no committed run `x` in memory:; it holds runs of `daily`, `lab`"
    );
    assert_eq!(not_found(&Store::memory(), "latest").await, "no committed run `latest` in memory:");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_named() {
    let store = Store::memory();
    let mut run = PastRun::full("daily", DAY_1).ok("a");
    run.manifest.manifest_version = 2;
    run.commit(&store).await;
    let ledger = Ledger::of(&store);
    let place = format!("memory:/runs/daily/{DAY_1}/manifest.json cannot be read as a manifest: ");
    let newer = ledger.entries(None).await.unwrap_err().to_string();
    assert_eq!(newer, format!("{place}it is of version 2, written by a newer program"));
    store.put(&Key::parse(&format!("runs/daily/{DAY_1}/manifest.json")).unwrap(), "{").await.unwrap();
    let broken = ledger.find("latest", None).await.unwrap_err().to_string();
    assert!(broken.starts_with(&place) && broken.contains("EOF"), "{broken}");
}

#[tokio::test]
async fn retries_are_merged_host_by_host() {
    let store = Store::memory();
    let run = PastRun::full("daily", DAY_1)
        .ok("a")
        .down("b")
        .host("c", &[Reason::CollectorError], &["vinfo", "vdisk"])
        .down("d")
        .vm("a", "1")
        .vm("c", "3");
    let run = run.commit(&store).await;
    // b comes back; c gets worse; d stays down.
    let retry = PastRun::retry("daily", DAY_1_AGAIN, &run)
        .ok("b")
        .host("c", &[Reason::CollectorError], &["vinfo"])
        .down("d")
        .vm("b", "2")
        .vm("c", "4");
    let retry = retry.commit(&store).await;
    // A retry that names the retry belongs to the run all the same; other runs do not.
    let third = PastRun::retry("daily", DAY_1_THIRD, &retry).ok("d").vm("d", "5").commit(&store).await;
    PastRun::full("daily", DAY_2).ok("a").commit(&store).await;
    for asked in [&run, &retry, &third] {
        let picture = picture(&store, asked).await;
        assert_eq!(picture.root().run_id, run.run_id);
        assert_eq!(picture.retries().len(), 2);
        let wins: Vec<_> =
            picture.hosts().map(|(host, standing)| format!("{host} {}", standing.run.slot)).collect();
        let slots = [("a", DAY_1), ("b", DAY_1_AGAIN), ("c", DAY_1), ("d", DAY_1_THIRD)];
        assert_eq!(wins, slots.map(|(host, slot)| format!("{host} {slot}")));
        assert_eq!(picture.to_retry(false), [host("c")]);
        assert_eq!(vms(&store, &picture).await, ["a 1", "b 2", "c 3", "d 5"]);
    }
}

#[tokio::test]
async fn proven_empty_hosts_are_asked_again_unless_they_are_skipped() {
    let store = Store::memory();
    let run = PastRun::full("daily", DAY_1).ok("a").host("b", &[Reason::NoVmsConfirmed], &["vinfo"]);
    let picture = picture(&store, &run.commit(&store).await).await;
    assert_eq!((picture.to_retry(false), picture.to_retry(true)), (vec![host("b")], vec![]));
}

#[tokio::test]
async fn a_vm_on_two_hosts_of_a_picture_is_kept_where_it_was_collected_last() {
    let store = Store::memory();
    let run = PastRun::full("daily", DAY_1)
        .ok("a")
        .down("b")
        .vm("a", "moved")
        .vm("a", "stays")
        .commit(&store)
        .await;
    PastRun::retry("daily", DAY_1_AGAIN, &run).ok("b").vm("b", "moved").commit(&store).await;
    let merged = picture(&store, &run).await;
    assert_eq!(vms(&store, &merged).await, ["a stays", "b moved"]);
    let next =
        PastRun::full("daily", DAY_2).ok("a").ok("b").vm("a", "moved").vm("a", "stays").commit(&store).await;
    assert_eq!(words(&compared(&store, &run, &next).await.changes), ["vm_moved a moved"]);
}

#[tokio::test]
async fn a_vm_whose_kept_rows_gave_way_to_a_retry_is_not_said_to_be_removed() {
    let store = Store::memory();
    let before = PastRun::full("daily", DAY_1).ok("a").ok("b").vm("a", "1").commit(&store).await;
    let mut run =
        PastRun::full("daily", DAY_2).ok("a").host("b", &[Reason::CollectorError], &["vinfo"]).vm("b", "1");
    let seen_on = vec![host("a"), host("b")];
    let moved = MovedVm { vm_name: "1".to_owned(), seen_on, kept: host("b") };
    run.manifest.moved_vms.insert("1".to_owned(), moved);
    let run = run.commit(&store).await;
    // It went back to a, which nobody asks again.
    PastRun::retry("daily", "20261121T070000.000Z", &run).ok("b").commit(&store).await;
    assert_eq!(words(&compared(&store, &before, &run).await.changes), [""; 0]);
}

#[tokio::test]
async fn what_a_run_did_not_collect_is_unknown_in_the_diff() {
    let store = Store::memory();
    let disk =
        |size: i64| json!({"vm_id": "1", "disk_key": "3000", "path": "C:\\1.vhdx", "capacity_bytes": size});
    let a = PastRun::full("daily", DAY_1)
        .ok("a")
        .ok("b")
        .ok("c")
        .vm("a", "1")
        .vm("b", "2")
        .vm("c", "3")
        .vm("c", "4")
        .row("vdisk", "a", disk(10))
        .row("vsnapshot", "a", json!({"vm_id": "1", "checkpoint_id": "s", "checkpoint_name": "before"}));
    let a = a.commit(&store).await;
    let b = PastRun::full("daily", DAY_2)
        .host("a", &[Reason::CollectorError], &["vinfo", "vdisk"])
        .down("b")
        .ok("c")
        .unseen("c", "4")
        .vm_with("a", "1", json!({"vcpus": 4, "native_state": "Off"}))
        .row("vdisk", "a", disk(20));
    let b = b.commit(&store).await;
    let found = compared(&store, &a, &b).await;
    let expected = ["disk_resized a 1", "state_changed a 1", "vm_removed c 3", "vm_resized_cpu a 1"];
    assert_eq!(
        words(&found.changes),
        expected,
        "no checkpoint removed, no VM of b, and 4 is in the baseline"
    );
    assert_eq!(words(&found.not_compared), ["host_unknown b "]);
    assert_eq!(found.not_compared[0].line().after.as_deref(), Some("not collected: unreachable"));
}

/// A file as an older program wrote it: without the columns that came since.
async fn shortened(store: &Store, run: &Manifest, table: &str, columns: &[&str]) {
    let of_table = |artifact: &&lustrum::model::artifact::Artifact| {
        artifact.format == ArtifactFormat::Parquet && artifact.table.as_deref() == Some(table)
    };
    let key = Key::parse(&run.artifacts.values().find(of_table).unwrap().path).unwrap();
    let rows = [
        json!({"host": "a", "vm_id": "1", "collected_at": "2026-11-20T06:00:00Z", "vcpus": 1, "vm_name": "one"}),
        json!({"host": "a", "vm_id": "2", "collected_at": "2026-11-20T06:00:00Z", "vcpus": 1, "vm_name": "two"}),
    ];
    let rows = batch(catalogue::named(table).unwrap(), &rows);
    let kept: Vec<_> = columns.iter().map(|name| rows.schema().index_of(name).unwrap()).collect();
    let rows = rows.project(&kept).unwrap();
    let mut body = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut body, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    store.put(&key, body).await.unwrap();
}

#[tokio::test]
async fn a_run_of_an_older_schema_reads_and_compares() {
    let store = Store::memory();
    let a = PastRun::full("daily", DAY_1).ok("a").only(&["vinfo"]).commit(&store).await;
    shortened(&store, &a, "vinfo", &["vm_name", "host", "vcpus", "vm_id"]).await;
    let b = PastRun::full("daily", DAY_2)
        .ok("a")
        .vm_with("a", "1", json!({"vm_name": "one"}))
        .commit(&store)
        .await;
    let found = compared(&store, &a, &b).await;
    // No state, memory, disks or checkpoints in the older one: nothing is said about them.
    assert_eq!(words(&found.changes), ["vm_removed a 2", "vm_resized_cpu a 1"]);
}

#[tokio::test]
async fn many_rows_are_read_row_group_by_row_group() {
    let store = Store::memory();
    let mut run = PastRun::full("daily", DAY_1).ok("a");
    // More than one row group holds.
    for number in 0..70_000 {
        run = run.row("vdisk", "a", json!({"vm_id": format!("{number:06}"), "disk_key": "3000"}));
    }
    let picture = picture(&store, &run.commit(&store).await).await;
    let (mut rows, mut largest) = (0, 0);
    let residences = Default::default();
    let reading = picture.read(&store, &residences, "vdisk", &["disk_key", "no_such_column"], |batch| {
        assert_eq!(batch.num_columns(), 3, "only what was asked for");
        rows += batch.num_rows();
        largest = largest.max(batch.num_rows());
    });
    reading.await.unwrap();
    assert_eq!(rows, 70_000);
    assert!(largest <= 8192, "{largest} rows at once");
}

#[tokio::test]
async fn the_last_full_picture_is_remembered() {
    let store = Store::memory();
    let ledger = Ledger::of(&store);
    assert!(remembered(&ledger, &job("daily")).await.unwrap().is_empty());
    let known = |os: &str| json!({"guest_os_name": os});
    PastRun::full("daily", DAY_1).ok("a").vm_with("a", "9", known("older")).commit(&store).await;
    let run = PastRun::full("daily", DAY_1_AGAIN).ok("a").down("b").vm_with("a", "1", known("Windows"));
    let run = run.vm("a", "2").commit(&store).await;
    PastRun::retry("daily", DAY_1_THIRD, &run).ok("b").vm_with("b", "3", known("Linux")).commit(&store).await;
    PastRun::full("daily", DAY_2)
        .part()
        .ok("a")
        .vm_with("a", "1", known("a part does not count"))
        .commit(&store)
        .await;
    PastRun::full("lab", DAY_2).ok("a").vm_with("a", "1", known("another job")).commit(&store).await;
    let found = remembered(&ledger, &job("daily")).await.unwrap();
    let os = |os: &str| Remembered { os: Some(os.to_owned()), ..Remembered::default() };
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found["1"], &found["3"]), (&os("Windows"), &os("Linux")));
}

#[tokio::test]
async fn verify_finds_every_kind_of_damage() {
    let store = Store::memory();
    let run = PastRun::full("daily", DAY_1).ok("a").vm("a", "1").commit(&store).await;
    let ledger = Ledger::of(&store);
    assert!(verify(&ledger, &run).await.unwrap().iter().all(|object| object.finding == Finding::Ok));
    let path = |table: &str| {
        let of_table = run.artifacts.values().find(|artifact| artifact.table.as_deref() == Some(table));
        Key::parse(&of_table.unwrap().path).unwrap()
    };
    store.delete(&path("vinfo")).await.unwrap();
    store.put(&path("vdisk"), "short").await.unwrap();
    let mut body = store.get(&path("vhost")).await.unwrap().unwrap().to_vec();
    body[10] ^= 1;
    store.put(&path("vhost"), body).await.unwrap();
    let strays = [
        format!("data/vinfo/v1/run_date=2026-11-20/{}-ffffffffffff.parquet", run.run_id),
        format!("runs/daily/{DAY_1}/ffffffffffff/vinfo.csv"),
    ];
    for stray in &strays {
        store.put(&Key::parse(stray).unwrap(), "left by another attempt").await.unwrap();
    }
    // What other runs of the day wrote is theirs.
    PastRun::full("daily", DAY_1_AGAIN).ok("a").commit(&store).await;
    let found = verify(&ledger, &run).await.unwrap();
    let word =
        |finding: &Finding| serde_json::to_value(finding).unwrap()["finding"].as_str().unwrap().to_owned();
    let mut found: Vec<_> = found.iter().map(|object| (word(&object.finding), object.path.clone())).collect();
    found.sort();
    let mut expected = vec![
        ("extra".to_owned(), strays[0].clone()),
        ("extra".to_owned(), strays[1].clone()),
        ("hash_differs".to_owned(), path("vhost").to_string()),
        ("missing".to_owned(), path("vinfo").to_string()),
        ("ok".to_owned(), path("vsnapshot").to_string()),
        ("size_differs".to_owned(), path("vdisk").to_string()),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_rows_does_not_matter(turn in 0_usize..6, seen in proptest::collection::vec(any::<bool>(), 6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = [0, turn].map(|turn| runtime.block_on(async {
            let store = Store::memory();
            let a = PastRun::full("daily", DAY_1).ok("a").vm("a", "0").vm("a", "3").commit(&store).await;
            let mut b = PastRun::full("daily", DAY_2).ok("a");
            let mut numbers: Vec<_> = (0..6).filter(|number| seen[*number]).collect();
            let turn = turn.min(numbers.len());
            numbers.rotate_left(turn);
            for number in numbers {
                b = b.vm_with("a", &number.to_string(), json!({"vcpus": number}));
                b = b.row("vdisk", "a", json!({"vm_id": number.to_string(), "disk_key": "3000"}));
            }
            let b = b.commit(&store).await;
            compared(&store, &a, &b).await
        }));
        prop_assert_eq!(&found[0], &found[1]);
    }
}
