//! One contract for every store, the in-memory one included.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lustrum::model::credential::Secret;
use lustrum::output::layout::Key;
use lustrum::output::s3::{self, Keys, S3Access};
use lustrum::output::staged::Staged;
use lustrum::output::store::{PutNew, Store};
use lustrum::output::store_error::Cause;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use tokio::task::JoinSet;

use crate::world::fault_store::{FaultStore, Faults, When};

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn stores(folder: &Path) -> Vec<Store> {
    let undecorated = Arc::new(LocalFileSystem::new_with_prefix(folder).unwrap());
    let mut stores = vec![
        Store::open(folder.join("opened").to_str().unwrap()).unwrap(),
        Store::memory(),
        Store::renaming(undecorated, "renaming"),
        Store::uploading(Arc::new(InMemory::new()), "uploading"),
    ];
    // tests/s3/run.sh names a server on which there is a bucket `census`.
    if let Ok(endpoint) = std::env::var("LUSTRUM_S3_ENDPOINT") {
        let key = || Secret::new("census".to_owned());
        let keys = Keys { access_key: key(), secret_key: key(), session_token: None };
        let access = S3Access { endpoint: Some(endpoint), keys: Some(keys), ..S3Access::default() };
        let prefix = folder.file_name().unwrap().to_str().unwrap();
        stores.push(s3::open(&format!("s3://census/{prefix}"), &access).unwrap());
    }
    stores
}

async fn stage(store: &Store, to: &str, chunks: &[Bytes]) -> Staged {
    let mut write =
        store.stage(key(to), key(&format!("runs/staged/{}.part", to.replace('/', "~")))).await.unwrap();
    for chunk in chunks {
        write.write(chunk.clone()).await.unwrap();
    }
    write.close().await.unwrap()
}

#[tokio::test]
async fn every_store_puts_gets_lists_and_deletes() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let (a, b) = (key("runs/j/run_date=2026-11-21/a b.json"), key("runs/j/z/ü"));
        assert_eq!(store.get(&a).await.unwrap(), None);
        assert_eq!(store.size(&a).await.unwrap(), None);
        assert_eq!(store.list(&key("runs")).await.unwrap(), []);
        store.put(&a, Bytes::from_static(b"one")).await.unwrap();
        store.put(&a, Bytes::from_static(b"second")).await.unwrap();
        store.put(&b, Bytes::new()).await.unwrap();
        assert_eq!(store.get(&a).await.unwrap().unwrap(), "second");
        assert_eq!(store.size(&b).await.unwrap(), Some(0));
        assert_eq!(store.list(&key("runs/j")).await.unwrap(), [(a.clone(), 6), (b.clone(), 0)]);
        store.delete(&a).await.unwrap();
        store.delete(&a).await.unwrap();
        assert_eq!(store.list(&key("runs")).await.unwrap(), [(b, 0)]);
    }
}

#[tokio::test]
async fn a_key_stays_below_the_root() {
    for text in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b"] {
        assert!(Key::parse(text).is_err(), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_writers_at_once_exactly_one_creates() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        for round in 0..8 {
            let manifest = key(&format!("runs/j/{round}/manifest.json"));
            let mut writers = JoinSet::new();
            for writer in 0..16_u8 {
                let (store, manifest) = (store.clone(), manifest.clone());
                writers.spawn(async move {
                    let body = Bytes::from(vec![writer; 1000]);
                    (body.clone(), store.put_new(&manifest, body.clone()).await)
                });
            }
            let kept = {
                let ended = writers.join_all().await;
                let kept = store.get(&manifest).await.unwrap().unwrap();
                for (body, ended) in ended {
                    match ended {
                        PutNew::Written => assert_eq!(body, kept),
                        PutNew::Exists(found) => assert!(found == kept && body != kept),
                        other => panic!("{other:?}"),
                    }
                }
                kept
            };
            assert_eq!(kept.len(), 1000);
        }
    }
}

#[tokio::test]
async fn a_staged_object_is_unseen_until_completed() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let chunks =
            [Bytes::from(vec![1; 5_000_000]), Bytes::from(vec![2; 5_000_000]), Bytes::from_static(b"end")];
        let staged = stage(&store, "data/t/v1/x.parquet", &chunks).await;
        assert_eq!(store.list(&key("data")).await.unwrap(), []);
        let remembered: Staged = serde_json::from_str(&serde_json::to_string(&staged).unwrap()).unwrap();
        store.complete(&remembered).await.unwrap();
        assert_eq!(store.get(&staged.key).await.unwrap().unwrap(), chunks.concat());
        assert_eq!(store.list(&key("runs")).await.unwrap(), [], "nothing waits any more");
    }
}

#[tokio::test]
async fn an_empty_object_can_be_staged() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let staged = stage(&store, "runs/j/retry.txt", &[]).await;
        store.complete(&staged).await.unwrap();
        assert_eq!(store.get(&staged.key).await.unwrap().unwrap(), "");
    }
}

#[tokio::test]
async fn an_object_is_taken_back_before_and_after_completion() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let waiting = stage(&store, "data/a", &[Bytes::from_static(b"a")]).await;
        let completed = stage(&store, "data/b", &[Bytes::from_static(b"b")]).await;
        store.complete(&completed).await.unwrap();
        for staged in [&waiting, &completed, &completed] {
            store.take_back(staged).await.unwrap();
        }
        assert_eq!(store.list(&key("data")).await.unwrap(), []);
        assert_eq!(store.list(&key("runs")).await.unwrap(), []);
        assert!(store.complete(&waiting).await.is_err(), "what was taken back cannot be shown");
    }
}

#[tokio::test]
async fn a_completion_whose_object_vanished_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    let staged = stage(&store, "data/a", &[Bytes::from_static(b"a")]).await;
    std::fs::remove_dir_all(folder.path().join("runs")).unwrap();
    let error = store.complete(&staged).await.unwrap_err();
    assert_eq!(error.cause, Cause::Vanished);
    assert_eq!(
        error.to_string(),
        format!("cannot complete {}: the directory or object has vanished", store.shown(&staged.key))
    );
}

async fn failing_with(kind: std::io::ErrorKind) -> PutNew {
    let faults = Faults { from: 0, calls: 1_000, when: When::Before, error: kind };
    let store = Store::renaming(Arc::new(FaultStore::new(Arc::new(InMemory::new()), faults)), "/srv/census");
    store.put_new(&key("runs/j/s/manifest.json"), Bytes::from_static(b"{}")).await
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_nothing_leaves_it_open_whether_the_object_is_there() {
    let PutNew::Unknown(error) = failing_with(std::io::ErrorKind::StorageFull).await else { panic!() };
    assert_eq!(
        error.to_string(),
        "cannot write /srv/census/runs/j/s/manifest.json: no space left on the device"
    );
    let PutNew::Unknown(error) = failing_with(std::io::ErrorKind::ReadOnlyFilesystem).await else { panic!() };
    assert_eq!(error.cause, Cause::ReadOnly);
    let PutNew::Unknown(error) = failing_with(std::io::ErrorKind::TimedOut).await else { panic!() };
    assert!(matches!(error.cause, Cause::Other(_)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_of_a_create_is_a_success() {
    let memory = Arc::new(InMemory::new());
    let faults = Faults { from: 0, calls: 1, when: When::After, error: std::io::ErrorKind::TimedOut };
    let store = Store::uploading(Arc::new(FaultStore::new(memory, faults)), "memory:");
    let (manifest, body) = (key("manifest.json"), Bytes::from_static(b"mine"));
    assert!(matches!(store.put_new(&manifest, body.clone()).await, PutNew::Written));
    assert!(matches!(store.put_new(&manifest, Bytes::from_static(b"other")).await, PutNew::Exists(_)));
}

#[tokio::test]
async fn a_lost_acknowledgement_of_a_completion_is_a_success() {
    let memory = Arc::new(InMemory::new());
    let staged =
        stage(&Store::uploading(memory.clone(), "memory:"), "data/a", &[Bytes::from_static(b"a")]).await;
    let faults = Faults { from: 0, calls: 1, when: When::After, error: std::io::ErrorKind::TimedOut };
    let store = Store::uploading(Arc::new(FaultStore::new(memory.clone(), faults)), "memory:");
    store.complete(&staged).await.unwrap();
    let shorter = Staged { bytes: 0, ..staged };
    assert!(store.complete(&shorter).await.is_err(), "an object of another size is not ours");
}

#[test]
fn a_root_that_cannot_be_opened_says_why() {
    let refused = |root: &str| Store::open(root).err().unwrap().to_string();
    assert_eq!(refused("gopher://x"), "cannot open gopher://x: scheme `gopher` is not one of: file, s3");
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("below");
    assert!(refused(below.to_str().unwrap()).starts_with("cannot open "));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/made", folder.path().display());
    assert_eq!(
        Store::open(&url).unwrap().root(),
        folder.path().join("made").canonicalize().unwrap().to_str().unwrap()
    );
}
