//! The live CSV: what outlives a crash, what is put aside, and who may write.

use std::path::Path;

use chrono::{DateTime, Utc};
use lustrum::probes::http_latency::journal::{Journal, JournalError};
use lustrum::probes::http_latency::line::{COLUMNS, header};
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

fn open(path: &Path) -> Journal {
    Journal::open(path, now()).unwrap()
}

/// A line of a cycle with commas, quotes and letters of two bytes in it.
fn line(run: u64) -> Vec<u8> {
    let mut fields = vec![String::new(); COLUMNS.len()];
    fields[0] = run.to_string();
    fields[17] = "\"größer, \"\"lang\"\"\"".to_owned();
    format!("{}\r\n", fields.join(",")).into_bytes()
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.csv");
    (folder, path)
}

fn files(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_header_is_the_one_that_was_promised() {
    let promised = "run_id,cycle,sequence,label,route_type,endpoint,host,level,refresh,http_status,success,\
        latency_sec,timeout_hit,retry_count,retry_reason,token_refresh,error_type,error_message,started_at,\
        finished_at,query\r\n";
    assert_eq!(String::from_utf8(header()).unwrap(), promised);
}

#[test]
fn numbers_go_on_where_the_file_ends() {
    let (_folder, path) = folder();
    let mut journal = open(&path);
    assert_eq!(journal.last_run(), 0);
    journal.append(&line(1), now()).unwrap();
    journal.append(&line(1), now()).unwrap();
    drop(journal);
    let mut journal = open(&path);
    assert_eq!(journal.last_run(), 1);
    journal.append(&line(2), now()).unwrap();
    assert_eq!(journal.last_run(), 2);
    let expected = [header(), line(1), line(1), line(2)].concat();
    assert_eq!(std::fs::read(&path).unwrap(), expected);
}

#[test]
fn a_second_writer_is_refused_and_changes_nothing() {
    let (_folder, path) = folder();
    let mut first = open(&path);
    first.append(&line(1), now()).unwrap();
    let refused = Journal::open(&path, now()).unwrap_err();
    assert!(matches!(refused, JournalError::Busy { .. }));
    assert!(
        refused
            .to_string()
            .ends_with("api.csv is being written by another process; expected one probe for one file")
    );
    first.append(&line(1), now()).unwrap();
    drop(first);
    assert_eq!(open(&path).last_run(), 1);
}

#[test]
fn other_columns_are_put_aside_and_never_overwritten() {
    let (folder, path) = folder();
    let one_more = [&header()[..header().len() - 2], b",more\r\n1"].concat();
    for old in [&b"run_id,cycle\r\n1,1\r\n"[..], b"anything", &one_more] {
        std::fs::write(&path, old).unwrap();
        let journal = open(&path);
        assert_eq!(journal.last_run(), 0);
        assert_eq!(std::fs::read(journal.put_aside().unwrap()).unwrap(), old);
        assert_eq!(std::fs::read(&path).unwrap(), header());
    }
    let stamp = "api.csv.bak-20261121T060000.000Z";
    assert_eq!(files(&folder), ["api.csv", stamp, &format!("{stamp}-2"), &format!("{stamp}-3")]);
    // A last line that none of ours is: the file is somebody else's.
    std::fs::write(&path, [header(), b"1,2,3\r\n".to_vec()].concat()).unwrap();
    assert!(open(&path).put_aside().is_some());
}

#[test]
fn a_file_that_was_moved_or_emptied_is_begun_anew() {
    let (folder, path) = folder();
    let mut journal = open(&path);
    journal.append(&line(7), now()).unwrap();
    std::fs::rename(&path, folder.path().join("moved.csv")).unwrap();
    journal.append(&line(8), now()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), [header(), line(8)].concat());
    // As logrotate's copytruncate does.
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    assert_eq!(journal.last_run(), 8);
    journal.append(&line(9), now()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), [header(), line(9)].concat());
    assert!(
        matches!(Journal::open(&path, now()), Err(JournalError::Busy { .. })),
        "the lock went with the file"
    );
}

proptest! {
    /// Wherever a crash cut the file, also within a letter or a line end: whole lines stay, and the
    /// rest is gone.
    #[test]
    fn a_torn_end_costs_one_line_at_most(runs in proptest::collection::vec(1_u64..1_000, 0..4), cut in 0_usize..1_000, noise in any::<bool>()) {
        let (_folder, path) = folder();
        let lines: Vec<_> = std::iter::once(header()).chain(runs.iter().map(|run| line(*run))).collect();
        let whole = lines.concat();
        let cut = cut % (whole.len() + 1);
        let mut torn = whole[..cut].to_vec();
        let mut kept = Vec::new();
        let mut last = 0;
        for (index, line) in lines.iter().enumerate() {
            if kept.len() + line.len() > cut {
                break;
            }
            kept.extend_from_slice(line);
            last = if index == 0 { 0 } else { runs[index - 1] };
        }
        if noise && cut >= header().len() {
            // What some file systems leave of a block that was never written.
            torn.extend_from_slice(&[0; 70_000]);
        }
        if kept.is_empty() {
            kept = header();
        }
        std::fs::write(&path, &torn).unwrap();
        let mut journal = open(&path);
        prop_assert_eq!(journal.last_run(), last);
        journal.append(&line(last + 1), now()).unwrap();
        prop_assert_eq!(std::fs::read(&path).unwrap(), [kept, line(last + 1)].concat());
        prop_assert_eq!(journal.put_aside(), None);
    }
}
