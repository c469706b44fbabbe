//! The Delta logs: every committed run once, whoever publishes it, when, and how often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lustrum::daemon::face::gate::Gate;
use lustrum::engine::publish::{Publishing, publish, publish_all};
use lustrum::history::ledger::Ledger;
use lustrum::model::manifest::Manifest;
use lustrum::output::delta::delta_error::DeltaError;
use lustrum::output::delta::publisher::Publisher;
use lustrum::output::layout::Key;
use lustrum::output::store::Store;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::time::clock::Clock;
use object_store::memory::InMemory;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::daemon_at_work::with_daemon;
use crate::world::exposition::parse;
use crate::world::fault_store::{FaultStore, Faults, When};
use crate::world::past::PastRun;

const ROOT: &str = "data/vinfo/v1";
const TABLES: [&str; 4] = ["vdisk", "vhost", "vinfo", "vsnapshot"];

fn slot(day: u32) -> String {
    format!("202611{day:02}T060000.000Z")
}

async fn committed(store: &Store, job: &str, day: u32) -> Manifest {
    PastRun::full(job, &slot(day)).ok("hv01").vm("hv01", "vm1").commit(store).await
}

async fn publish_one(store: &Store, run: &Manifest) -> Result<u64, DeltaError> {
    Publisher::of(store).publish(run, run.started_at).await
}

/// The versions of a table's log, each a list of actions.
async fn versions(store: &Store, root: &str) -> Vec<Vec<Value>> {
    let mut versions = Vec::new();
    for (key, _) in store.list(&Key::parse(&format!("{root}/_delta_log")).unwrap()).await.unwrap() {
        assert_eq!(key.file_name(), format!("{:020}.json", versions.len()));
        let body = store.get(&key).await.unwrap().unwrap();
        let lines = std::str::from_utf8(&body).unwrap().lines();
        versions.push(lines.map(|line| serde_json::from_str(line).unwrap()).collect());
    }
    versions
}

fn of_kind<'a>(versions: &'a [Vec<Value>], kind: &str) -> Vec<&'a Value> {
    versions.iter().flatten().filter_map(|action| action.get(kind)).collect()
}

/// The files of a table; one that stands twice in its log fails the test.
async fn files(store: &Store, root: &str) -> BTreeSet<String> {
    let versions = versions(store, root).await;
    let added = of_kind(&versions, "add");
    let files: BTreeSet<_> =
        added.iter().map(|add| format!("{root}/{}", add["path"].as_str().unwrap())).collect();
    assert_eq!(files.len(), added.len(), "a file stands twice: {added:?}");
    files
}

fn of_table(runs: &[&Manifest], table: &str) -> BTreeSet<String> {
    let artifacts = runs.iter().flat_map(|run| run.artifacts.values());
    artifacts
        .filter(|artifact| artifact.table.as_deref() == Some(table))
        .map(|artifact| artifact.path.clone())
        .collect()
}

async fn put(store: &Store, version: u64, actions: &[Value]) {
    let body: String = actions.iter().map(|action| format!("{action}\n")).collect();
    store.put(&Key::parse(&format!("{ROOT}/_delta_log/{version:020}.json")).unwrap(), body).await.unwrap();
}

#[tokio::test]
async fn a_committed_run_stands_in_the_log_of_each_of_its_tables() {
    let store = Store::memory();
    let run = committed(&store, "daily", 21).await;
    assert_eq!(publish_one(&store, &run).await, Ok(4));
    for table in TABLES {
        assert_eq!(files(&store, &format!("data/{table}/v1")).await, of_table(&[&run], table));
    }

    let versions = versions(&store, ROOT).await;
    let first = &versions[0];
    assert_eq!((versions.len(), first.len()), (1, 5), "{first:?}");
    assert_eq!(first[1]["protocol"], json!({ "minReaderVersion": 1, "minWriterVersion": 2 }));
    let metadata = &first[2]["metaData"];
    assert_eq!(metadata["partitionColumns"], json!(["run_date"]));
    let schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let fields: BTreeMap<_, _> = schema["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            (field["name"].as_str().unwrap(), (&field["type"], field["nullable"].as_bool().unwrap()))
        })
        .collect();
    assert_eq!(fields["run_date"], (&json!("date"), true));
    assert_eq!(fields["slot"], (&json!("timestamp"), false));
    assert_eq!(fields["vcpus"], (&json!("long"), true));
    let texts = json!({ "type": "array", "elementType": "string", "containsNull": true });
    assert!(fields.values().any(|(kind, _)| **kind == texts), "{fields:?}");
    let (txn, add) = (&first[3]["txn"], &first[4]["add"]);
    assert_eq!((&txn["appId"], &txn["version"]), (&json!("daily"), &json!(1_795_240_800_000_i64)));
    assert_eq!(add["partitionValues"], json!({ "run_date": "2026-11-21" }));
    let stats: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
    let bound = json!({ "run_id": "daily-20261121T060000.000Z", "slot": "2026-11-21T06:00:00.000Z" });
    assert_eq!((&stats["numRecords"], &stats["minValues"], &stats["maxValues"]), (&json!(1), &bound, &bound));

    // A table without rows has no bounds, and no glob for Parquet meets a log.
    let empty = self::versions(&store, "data/vdisk/v1").await;
    assert_eq!(of_kind(&empty, "add")[0]["stats"], json!({ "numRecords": 0 }).to_string());
    let listed = store.list(&Key::parse("data").unwrap()).await.unwrap();
    let parquet = listed.iter().filter(|(key, _)| key.as_str().ends_with(".parquet"));
    assert!(parquet.map(|(key, _)| key.as_str()).eq(run.artifacts.keys().map(String::as_str)));
}

#[tokio::test]
async fn a_slot_is_published_once_also_when_it_comes_late() {
    let store = Store::memory();
    let mut runs = Vec::new();
    for day in [20, 21, 22] {
        runs.push(committed(&store, "daily", day).await);
    }
    let other = committed(&store, "lab", 21).await;
    for (run, grown) in [(&runs[0], 4), (&runs[2], 4), (&runs[1], 4), (&other, 4)] {
        assert_eq!(publish_one(&store, run).await, Ok(grown), "{}", run.run_id);
    }
    let before = versions(&store, ROOT).await;
    for run in runs.iter().chain([&other]) {
        assert_eq!(publish_one(&store, run).await, Ok(0), "{}", run.run_id);
    }
    assert_eq!(versions(&store, ROOT).await, before);
    let all: Vec<_> = runs.iter().chain([&other]).collect();
    assert_eq!(files(&store, ROOT).await, of_table(&all, "vinfo"));
    // The job's version never goes back, although the slot of the 21st came last.
    let txns = of_kind(&before, "txn");
    let of_daily: Vec<_> = txns
        .iter()
        .filter(|txn| txn["appId"] == "daily")
        .map(|txn| txn["version"].as_i64().unwrap())
        .collect();
    assert_eq!(of_daily, [20, 22, 22].map(|day| 1_795_240_800_000_i64 + (day - 21) * 86_400_000));
    assert_eq!(of_kind(&before, "metaData").len(), 1);
}

#[tokio::test]
async fn runs_that_a_crash_left_out_are_made_up_for() {
    let (store, clock) = (Store::memory(), Clock::system());
    let mut runs = Vec::new();
    for day in 1..=6 {
        runs.push(committed(&store, "daily", day).await);
    }
    let of = |runs: u64| Publishing { runs, versions: runs * 4 };
    // Published for the first time: what was before is left alone.
    assert_eq!(publish(&store, &runs[2], &clock).await, Ok(of(1)));
    // The process ended between the commits of the 4th and the 5th and their publishing.
    assert_eq!(publish(&store, &runs[5], &clock).await, Ok(of(3)));
    assert_eq!(publish(&store, &runs[5], &clock).await, Ok(Publishing::default()));
    let late: Vec<_> = runs[2..].iter().collect();
    assert_eq!(files(&store, ROOT).await, of_table(&late, "vinfo"));
    // In one table only: also a crash.
    let log = store.list(&Key::parse("data/vhost/v1/_delta_log").unwrap()).await.unwrap();
    store.delete(&log.last().unwrap().0).await.unwrap();
    let next = committed(&store, "daily", 7).await;
    assert_eq!(publish(&store, &next, &clock).await, Ok(Publishing { runs: 2, versions: 5 }));

    assert_eq!(publish_all(&store, None, &clock).await, Ok(of(2)));
    assert_eq!(publish_all(&store, None, &clock).await, Ok(Publishing::default()));
    let all: Vec<_> = runs.iter().chain([&next]).collect();
    for table in TABLES {
        assert_eq!(files(&store, &format!("data/{table}/v1")).await, of_table(&all, table));
    }
}

#[tokio::test]
async fn a_schema_that_grew_is_declared_once_and_others_columns_stay() {
    let store = Store::memory();
    let (first, second) = (committed(&store, "daily", 20).await, committed(&store, "daily", 21).await);
    publish_one(&store, &first).await.unwrap();
    let mut log = versions(&store, ROOT).await.remove(0);
    let mut schema: Value =
        serde_json::from_str(log[2]["metaData"]["schemaString"].as_str().unwrap()).unwrap();
    let whole = schema["fields"].as_array().unwrap().clone();
    // As an older program with two columns fewer left it, and somebody who added one.
    let theirs =
        json!({ "name": "theirs", "type": "string", "nullable": true, "metadata": { "by": "them" } });
    let mut fields = whole[..whole.len() - 2].to_vec();
    fields.push(theirs.clone());
    schema["fields"] = fields.into();
    log[0]["commitInfo"]["schemaFingerprint"] = "of another program".into();
    log[2]["metaData"]["schemaString"] = schema.to_string().into();
    log[2]["metaData"]["configuration"]["delta.somebody"] = "cares".into();
    put(&store, 0, &log).await;

    assert_eq!(publish_one(&store, &second).await, Ok(4));
    let third = committed(&store, "daily", 22).await;
    assert_eq!(publish_one(&store, &third).await, Ok(4));
    let versions = versions(&store, ROOT).await;
    let told = of_kind(&versions, "metaData");
    assert_eq!(told.len(), 2);
    let grown: Value = serde_json::from_str(told[1]["schemaString"].as_str().unwrap()).unwrap();
    let mut expected = whole[..whole.len() - 2].to_vec();
    expected.push(theirs);
    expected.extend_from_slice(&whole[whole.len() - 2..]);
    assert_eq!(grown["fields"], Value::from(expected));
    assert_eq!((&told[1]["id"], &told[1]["configuration"]), (&told[0]["id"], &told[0]["configuration"]));

    // The same column as something else is no growth; the other tables are published all the same.
    log[2]["metaData"]["schemaString"] =
        told[0]["schemaString"].as_str().unwrap().replace("\"long\"", "\"string\"").into();
    put(&store, 0, &log).await;
    for version in 1..3 {
        store.delete(&Key::parse(&format!("{ROOT}/_delta_log/{version:020}.json")).unwrap()).await.unwrap();
    }
    let fourth = committed(&store, "daily", 23).await;
    let refused = publish_one(&store, &fourth).await.unwrap_err();
    assert!(matches!(refused, DeltaError::Clash { .. }), "{refused}");
    assert_eq!(files(&store, ROOT).await, of_table(&[&first], "vinfo"));
    assert!(files(&store, "data/vhost/v1").await.is_superset(&of_table(&[&fourth], "vhost")));
}

#[tokio::test]
async fn what_other_programs_did_to_a_log_is_heeded() {
    let store = Store::memory();
    let (first, second) = (committed(&store, "daily", 20).await, committed(&store, "daily", 21).await);
    publish_one(&store, &first).await.unwrap();
    // A compaction took the file: the run is still published.
    let path = of_kind(&versions(&store, ROOT).await, "add")[0]["path"].clone();
    put(&store, 1, &[json!({ "remove": { "path": path, "dataChange": false } })]).await;
    assert_eq!(publish_one(&store, &first).await, Ok(0));
    assert_eq!(publish_one(&store, &second).await, Ok(4));

    // A checkpoint took the place of the first versions: newer runs are told by what is left.
    let checkpoint = format!("{ROOT}/_delta_log/{:020}.checkpoint.parquet", 2);
    store.put(&Key::parse(&checkpoint).unwrap(), "PAR1").await.unwrap();
    for version in 0..2 {
        store.delete(&Key::parse(&format!("{ROOT}/_delta_log/{version:020}.json")).unwrap()).await.unwrap();
    }
    let third = committed(&store, "daily", 22).await;
    assert_eq!(publish_one(&store, &second).await, Ok(0));
    assert_eq!(publish_one(&store, &third).await, Ok(4));
    let cut = publish_one(&store, &first).await.unwrap_err();
    assert!(matches!(cut, DeltaError::Cut { begins: 2, .. }), "{cut}");

    // Features that we do not know are no invitation to write.
    put(&store, 4, &[json!({ "protocol": { "minReaderVersion": 3, "minWriterVersion": 7 } })]).await;
    let fourth = committed(&store, "daily", 23).await;
    let refused = publish_one(&store, &fourth).await.unwrap_err();
    assert!(matches!(refused, DeltaError::Protocol { writer: 7, .. }), "{refused}");
    store.put(&Key::parse(&format!("{ROOT}/_delta_log/{:020}.json", 5)).unwrap(), "{").await.unwrap();
    let refused = publish_one(&store, &fourth).await.unwrap_err();
    assert!(refused.to_string().contains("00000000000000000005.json cannot be read"), "{refused}");
}

#[tokio::test]
async fn eight_publishers_at_once_leave_every_run_once() {
    let folder = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::open(folder.path().to_str().unwrap()).unwrap()] {
        let mut runs = Vec::new();
        for day in 1..=8 {
            runs.push(committed(&store, "daily", day).await);
        }
        let all: Vec<_> = runs.iter().collect();
        let publishing = (0..8).map(async |first| {
            let mut publisher = Publisher::of(&store);
            for index in 0..8 {
                publisher.publish(&runs[(first + index) % 8], runs[0].started_at).await.unwrap();
            }
        });
        futures::future::join_all(publishing).await;
        for table in TABLES {
            assert_eq!(files(&store, &format!("data/{table}/v1")).await, of_table(&all, table));
        }
    }
}

/// Each call in turn fails, or takes effect and says that it failed, and so do a few after it:
/// what is left is repaired by publishing again.
#[tokio::test(start_paused = true)]
async fn a_call_that_fails_leaves_nothing_that_publishing_again_does_not_mend() {
    for when in [When::Before, When::After] {
        for calls in [1, 5] {
            let mut clean = false;
            let mut failed = 0;
            for from in 0.. {
                let inner = Arc::new(InMemory::new());
                let store = Store::uploading(inner.clone(), "memory:");
                let (first, second) =
                    (committed(&store, "daily", 20).await, committed(&store, "daily", 21).await);
                publish_one(&store, &first).await.unwrap();
                let faults = Faults { from, calls, when, error: std::io::ErrorKind::ConnectionReset };
                let faulty = Arc::new(FaultStore::new(inner, faults));
                let published = publish_one(&Store::uploading(faulty.clone(), "memory:"), &second).await;
                failed += u32::from(published.is_err());
                publish_one(&store, &second).await.unwrap();
                for table in TABLES {
                    let root = format!("data/{table}/v1");
                    assert_eq!(
                        files(&store, &root).await,
                        of_table(&[&first, &second], table),
                        "call {from}"
                    );
                }
                clean = faulty.called() <= from;
                if clean {
                    assert_eq!(published, Ok(4));
                    break;
                }
            }
            assert!(clean && failed > 0, "{when:?}: {failed} failed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_publishes_and_counts_what_it_could_not() {
    let more = "output.delta = true\n[[schedule]]\ncron = \"0 3 1 1 *\"";
    with_daemon(FleetSpec::new(1, 2, 7), more, Gate::default(), async |daemon| {
        let failures = async || {
            let metrics = parse(&daemon.get("/metrics").await.body).unwrap();
            let labels = BTreeMap::from([("job".to_owned(), "census".to_owned())]);
            metrics[&("lustrum_delta_failures_total".to_owned(), labels)]
        };
        let run = async || {
            let asked = daemon.post("/v1/jobs/census/trigger", "").await;
            assert_eq!(asked.status, 202, "{asked:?}");
            let ended = daemon.until("/v1/jobs/census", |job| job["runs"][0]["outcome"] != "running").await;
            assert_eq!(ended["runs"][0]["outcome"], "committed", "{ended}");
            let ledger = Ledger::of(&daemon.store);
            ledger.find(ended["runs"][0]["run_id"].as_str().unwrap(), None).await.unwrap()
        };
        let first = run().await;
        assert_eq!(files(&daemon.store, ROOT).await, of_table(&[&first], "vinfo"));
        assert_eq!(failures().await, 0.0);

        // What is no version stands where the next would be.
        let in_the_way = Key::parse(&format!("{ROOT}/_delta_log/{:020}.json", 1)).unwrap();
        daemon.store.put(&in_the_way, "not JSON").await.unwrap();
        let second = run().await;
        assert_eq!(failures().await, 1.0);

        daemon.store.delete(&in_the_way).await.unwrap();
        let third = run().await;
        assert_eq!(files(&daemon.store, ROOT).await, of_table(&[&first, &second, &third], "vinfo"));
        assert_eq!(failures().await, 1.0);
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is published in whatever order, by publishers that know more or less of the log.
    #[test]
    fn a_log_is_the_set_of_what_was_published(
        steps in prop::collection::vec((0_usize..6, 0_usize..3), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::memory();
            let mut runs = Vec::new();
            for (job, day) in [("daily", 1), ("daily", 2), ("daily", 3), ("lab", 1), ("lab", 2), ("lab", 3)] {
                let run = PastRun::full(job, &slot(day)).only(&["vinfo"]).ok("hv01");
                runs.push(run.commit(&store).await);
            }
            let mut publishers: Vec<_> = (0..3).map(|_| Publisher::of(&store)).collect();
            let mut published = BTreeSet::new();
            for (second, (run, who)) in steps.into_iter().enumerate() {
                // What is alike to the last byte is one's own: time tells versions apart.
                let at = runs[0].started_at + chrono::TimeDelta::seconds(second as i64);
                let grown = publishers[who].publish(&runs[run], at).await.unwrap();
                prop_assert_eq!(grown, u64::from(published.insert(run)));
            }
            let expected: Vec<_> = published.iter().map(|run| &runs[*run]).collect();
            prop_assert_eq!(files(&store, ROOT).await, of_table(&expected, "vinfo"));
            let versions = versions(&store, ROOT).await;
            for job in ["daily", "lab"] {
                let told: Vec<_> = of_kind(&versions, "txn")
                    .into_iter()
                    .filter(|txn| txn["appId"] == job)
                    .map(|txn| txn["version"].as_i64().unwrap())
                    .collect();
                prop_assert!(told.is_sorted(), "{:?}", told);
            }
            Ok(())
        })?;
    }
}
