//! The spool: what goes in comes out, table by table, host by host, torn tails aside.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::RecordBatch;
use lustrum::output::spool::Spool;
use lustrum::tables::table::{Row, RowBatch, TableId, TableSpec};
use proptest::prelude::*;

use crate::world::sample_rows::{Plain, Sample, host, named, tricky};

static TABLES: [&TableSpec; 2] = [&Sample::SPEC, &Plain::SPEC];

async fn read(spool: &Spool, table: TableId) -> Vec<(String, RecordBatch)> {
    let table = TABLES.into_iter().find(|spec| spec.id == table).unwrap();
    let rows = spool.reader().await.unwrap();
    let of_hosts = rows.hosts().iter().map(|host| (host.to_string(), rows.rows(table, host).unwrap()));
    of_hosts.filter(|(_, rows)| rows.num_rows() > 0).collect()
}

fn plain(host: &str, notes: &[&str]) -> RowBatch {
    let row = |note: &&str| Plain { host: host.to_owned(), note: Some((*note).to_owned()) };
    Plain::batch(notes.iter().map(row).collect())
}

fn spool_at(folder: &Path) -> (std::path::PathBuf, Spool) {
    let path = folder.join("spool");
    let spool = Spool::create(&path, &TABLES).unwrap();
    (path, spool)
}

/// What an earlier try left for the same question.
fn taken_up(path: &Path) -> lustrum::output::spool::TakenUp<Vec<u8>> {
    let found = Spool::take_up(path, &TABLES, "", |note| Some(note.to_vec())).unwrap();
    assert!(!found.discarded);
    found
}

#[tokio::test]
async fn hosts_come_back_in_name_order_whatever_the_order_of_arrival() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool) = spool_at(folder.path());
    let (a, b) = (host("a"), host("b"));
    spool.append(&b, &plain("b", &["1"])).await.unwrap();
    spool.append(&a, &Sample::batch(tricky("a"))).await.unwrap();
    spool.append(&a, &plain("a", &["2"])).await.unwrap();
    spool.append(&b, &plain("b", &["3", "4"])).await.unwrap();
    let expected = [
        ("a".to_owned(), plain("a", &["2"]).columns),
        ("b".to_owned(), plain("b", &["1", "3", "4"]).columns),
    ];
    assert_eq!(read(&spool, Plain::TABLE).await, expected);
    assert_eq!(read(&spool, Sample::TABLE).await, [("a".to_owned(), Sample::batch(tricky("a")).columns)]);
}

#[tokio::test]
async fn a_table_that_is_not_of_the_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::create(&folder.path().join("spool"), &[&Plain::SPEC]).unwrap();
    let refused = spool.append(&host("a"), &Sample::batch(tricky("a"))).await.unwrap_err();
    assert!(refused.to_string().contains("not opened for table sample"), "{refused}");
}

#[tokio::test]
async fn a_restart_takes_finished_hosts_and_forgets_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (path, spool) = spool_at(folder.path());
    for name in ["done", "open"] {
        spool.append(&host(name), &plain(name, &["first life"])).await.unwrap();
    }
    spool.finish_host(&host("done"), b"noted").await.unwrap();
    spool.flush().await.unwrap();
    drop(spool);

    let recovered = taken_up(&path);
    assert_eq!(recovered.finished, [(host("done"), b"noted".to_vec())]);
    let spool = recovered.spool;
    spool.append(&host("open"), &plain("open", &["second life"])).await.unwrap();
    spool.finish_host(&host("open"), b"").await.unwrap();
    let expected = [
        ("done".to_owned(), plain("done", &["first life"]).columns),
        ("open".to_owned(), plain("open", &["second life"]).columns),
    ];
    assert_eq!(read(&spool, Plain::TABLE).await, expected);
    drop(spool);

    let again = taken_up(&path);
    assert_eq!(read(&again.spool, Plain::TABLE).await, expected);
}

/// Cuts and damages the file at every byte: the whole frames before stay, nothing panics.
#[tokio::test]
async fn a_torn_tail_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (path, spool) = spool_at(folder.path());
    spool.append(&host("a"), &plain("a", &["kept"])).await.unwrap();
    spool.finish_host(&host("a"), b"").await.unwrap();
    spool.flush().await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    spool.append(&host("b"), &plain("b", &["torn"])).await.unwrap();
    spool.finish_host(&host("b"), b"").await.unwrap();
    spool.flush().await.unwrap();
    let longer = std::fs::read(&path).unwrap();
    drop(spool);
    for cut in whole.len()..longer.len() {
        let mut damaged = longer.clone();
        damaged[cut] ^= 0x40;
        for bytes in [&longer[..cut], &damaged] {
            std::fs::write(&path, bytes).unwrap();
            let recovered = taken_up(&path);
            assert_eq!(recovered.finished, [(host("a"), Vec::new())], "cut at {cut}");
            assert_eq!(
                read(&recovered.spool, Plain::TABLE).await,
                [("a".to_owned(), plain("a", &["kept"]).columns)]
            );
        }
    }
}

#[tokio::test]
async fn rows_for_another_question_are_discarded() {
    let others: [(&[&TableSpec], &str); 2] = [(&[&Plain::SPEC], ""), (&TABLES, "another plan")];
    for (tables, question) in others {
        let folder = tempfile::tempdir().unwrap();
        let (path, spool) = spool_at(folder.path());
        spool.append(&host("a"), &plain("a", &["old"])).await.unwrap();
        spool.finish_host(&host("a"), b"").await.unwrap();
        spool.flush().await.unwrap();
        drop(spool);
        assert!(Spool::create(&path, &TABLES).is_err(), "an existing spool is never overwritten");
        for discarded in [true, false] {
            let found = Spool::take_up(&path, tables, question, |_| Some(())).unwrap();
            assert_eq!((found.discarded, found.finished.len()), (discarded, 0));
            assert_eq!(read(&found.spool, Plain::TABLE).await, []);
        }
    }
}

#[tokio::test]
async fn a_host_whose_note_makes_no_sense_is_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (path, spool) = spool_at(folder.path());
    for name in ["a", "b"] {
        spool.append(&host(name), &plain(name, &["old"])).await.unwrap();
        spool.finish_host(&host(name), name.as_bytes()).await.unwrap();
    }
    spool.flush().await.unwrap();
    drop(spool);
    let only_b = |note: &[u8]| (note == b"b").then_some(());
    let found = Spool::take_up(&path, &TABLES, "", only_b).unwrap();
    assert_eq!(found.finished, [(host("b"), ())]);
    assert_eq!(read(&found.spool, Plain::TABLE).await, [("b".to_owned(), plain("b", &["old"]).columns)]);
}

#[tokio::test]
async fn only_one_at_a_time_holds_a_spool() {
    let folder = tempfile::tempdir().unwrap();
    let (path, spool) = spool_at(folder.path());
    let refused = Spool::take_up(&path, &TABLES, "", |_| Some(())).err().unwrap();
    assert!(refused.to_string().contains("another process is at work"), "{refused}");
    // Who reads it still holds it.
    let reader = spool.reader().await.unwrap();
    drop(spool);
    assert!(Spool::take_up(&path, &TABLES, "", |_| Some(())).is_err());
    drop(reader);
    assert!(Spool::take_up(&path, &TABLES, "", |_| Some(())).is_ok());
}

#[tokio::test]
async fn a_vanished_folder_surfaces_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool) = spool_at(folder.path());
    spool.append(&host("a"), &plain("a", &["lost"])).await.unwrap();
    folder.close().unwrap();
    let first = spool.flush().await.unwrap_err();
    assert!(first.to_string().starts_with("cannot write the spool "), "{first}");
    assert_eq!(spool.append(&host("a"), &plain("a", &["more"])).await.unwrap_err(), first);
}

/// More than the memory buffer holds, from many steps at once, some of them dropped while
/// they wait for the disk.
#[tokio::test]
async fn many_steps_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_, spool) = spool_at(folder.path());
    let note = "x".repeat(100_000);
    let steps = (0..40).map(|number| {
        let (spool, note) = (spool.clone(), note.clone());
        async move {
            let name = format!("hv{number:02}");
            let (host, rows) = (host(&name), plain(&name, &[&note]));
            let step = spool.append(&host, &rows);
            if number % 5 == 0 {
                // Polled once, then dropped: the row is promised and must be there.
                let _pending = futures::FutureExt::now_or_never(step);
            } else {
                step.await.unwrap();
            }
        }
    });
    futures::future::join_all(steps).await;
    let found = read(&spool, Plain::TABLE).await;
    assert_eq!(found.len(), 40);
    for (name, rows) in found {
        assert_eq!(rows, plain(&name, &[&note]).columns);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any rows, split into any batches, from hosts that take turns in any way.
    #[test]
    fn what_goes_in_comes_out(turns in prop::collection::vec((0..4_u8, prop::collection::vec(".*", 0..6)), 0..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (path, spool) = spool_at(folder.path());
        let mut expected: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for (number, names) in &turns {
            let name = format!("hv{number}");
            let rows: Vec<_> = names.iter().map(|vm| named(&name, vm, vm)).collect();
            runtime.block_on(spool.append(&host(&name), &Sample::batch(rows.clone()))).unwrap();
            runtime.block_on(spool.finish_host(&host(&name), b"")).unwrap();
            expected.entry(name).or_default().extend(rows);
        }
        let expected = expected.into_iter().filter(|(_, rows)| !rows.is_empty());
        let expected: Vec<_> =
            expected.map(|(name, rows)| (name, Sample::batch(rows).columns)).collect();
        prop_assert_eq!(&runtime.block_on(read(&spool, Sample::TABLE)), &expected);
        drop(spool);
        let recovered = taken_up(&path).spool;
        prop_assert_eq!(&runtime.block_on(read(&recovered, Sample::TABLE)), &expected);
    }
}
