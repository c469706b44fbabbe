//! A staged part: hosts go in and come out, and whatever is wrong with one costs only itself.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use bytes::Bytes;
use lustrum::output::part::{Part, Reading};
use lustrum::output::spool::Spool;
use lustrum::tables::table::{Row, TableSpec};

use crate::world::sample_rows::{Plain, Sample, host, tricky};

static TABLES: [&TableSpec; 2] = [&Sample::SPEC, &Plain::SPEC];

/// A spool in which some hosts are finished and `open` is not.
async fn spool(folder: &tempfile::TempDir, finished: &[&str]) -> Spool {
    let spool = Spool::create(&folder.path().join("spool"), &TABLES).unwrap();
    for name in finished.iter().chain(&["open"]) {
        let plain = Plain { host: (*name).to_owned(), note: Some(format!("of {name}")) };
        spool.append(&host(name), &Sample::batch(tricky(name))).await.unwrap();
        spool.append(&host(name), &Plain::batch(vec![plain])).await.unwrap();
        spool.append(&host(name), &Sample::batch(tricky(name))).await.unwrap();
    }
    for name in finished {
        spool.finish_host(&host(name), name.as_bytes()).await.unwrap();
    }
    spool
}

async fn part(finished: &[&str]) -> Bytes {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(&folder, finished).await;
    let hosts = spool.finished_since(0);
    let (frames, copied) = spool.copy(&hosts, usize::MAX).await.unwrap();
    assert_eq!(copied, hosts.len());
    Part::write(&TABLES, "who", &hosts, &frames).into()
}

async fn rows(spool: &Spool) -> Vec<(String, Vec<RecordBatch>)> {
    let reader = spool.reader().await.unwrap();
    let of_host = |host| TABLES.iter().map(|table| reader.rows(table, host).unwrap()).collect();
    reader.hosts().iter().map(|host| (host.to_string(), of_host(host))).collect()
}

#[tokio::test]
async fn hosts_come_out_as_they_went_in() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let told = rows(&spool(&from, &["b", "a", "c"]).await).await;
    let body = part(&["b", "a", "c"]).await;
    let Reading::Ours(part) = Part::read(&body, &TABLES, "who") else { panic!("it is ours") };
    let noted: Vec<_> = part.hosts().map(|(host, note)| (host.to_string(), note.to_vec())).collect();
    assert_eq!(noted, ["b", "a", "c"].map(|name| (name.to_owned(), name.as_bytes().to_vec())));

    let path = to.path().join("spool");
    let spool = Spool::create(&path, &TABLES).unwrap();
    let (a, c) = (host("a"), host("c"));
    spool.adopt(&part, &BTreeSet::from([&a, &c])).await.unwrap();
    let expected: Vec<_> = told.into_iter().filter(|(name, _)| ["a", "c"].contains(&name.as_str())).collect();
    assert_eq!(rows(&spool).await, expected);
    assert_eq!(spool.finished_since(0), [a, c]);
    spool.flush().await.unwrap();
    drop(spool);

    // They are as good as hosts that were asked here.
    let again = Spool::take_up(&path, &TABLES, "", |note| Some(note.to_vec())).unwrap();
    assert_eq!(again.finished, ["a", "c"].map(|name| (host(name), name.as_bytes().to_vec())));
    assert_eq!(rows(&again.spool).await, expected);
}

#[tokio::test]
async fn a_part_is_bounded_and_holds_one_host_at_least() {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(&folder, &["a", "b", "c"]).await;
    let hosts = spool.finished_since(0);
    let (one, copied) = spool.copy(&hosts, 1).await.unwrap();
    assert_eq!(copied, 1);
    assert_eq!(spool.copy(&hosts, one.len() + 1).await.unwrap().1, 2);
}

#[tokio::test]
async fn what_answers_another_question_is_not_ours() {
    let body = part(&["a"]).await;
    let is_other = |tables: &[&'static TableSpec], question: &str| {
        matches!(Part::read(&body, tables, question), Reading::Other)
    };
    assert!(is_other(&TABLES, "whom") && is_other(&[&Plain::SPEC], "who"));
    assert!(!is_other(&TABLES, "who"));
    let mut newer = body.to_vec();
    let version = newer.iter().position(|byte| *byte == b':').unwrap() + 1;
    newer[version] = b'2';
    assert!(matches!(Part::read(&newer.into(), &TABLES, "who"), Reading::Other));
}

/// Cut or damaged at every byte: never taken, never a panic.
#[tokio::test]
async fn a_part_that_is_not_whole_is_not_taken() {
    let whole = part(&["a", "b"]).await;
    for at in 0..whole.len() {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0x40;
        for body in [whole.slice(..at), damaged.into()] {
            let read = Part::read(&body, &TABLES, "who");
            assert!(!matches!(read, Reading::Ours(_)), "damaged at {at}");
        }
    }
    let longer = Bytes::from([&whole[..], &whole[..]].concat());
    assert!(matches!(Part::read(&longer, &TABLES, "who"), Reading::Damaged(_)));
}
