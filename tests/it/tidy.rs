//! The house keeps its shape: floors, file sizes, names, and what may stand at the top.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rooms from the ground up; a room may import any room of an earlier group.
const FLOORS: [&[&str]; 7] = [
    &["model", "time", "tables"],
    &["transport", "output", "notify", "simulator"],
    &["census", "history", "probes", "providers"],
    &["config", "stages"],
    &["engine"],
    &["daemon"],
    &["cli"],
];

/// The simulator shares nothing with the code that talks to it, but the clock.
const SIMULATOR_MAY_IMPORT: [&str; 3] = ["model", "tables", "time"];

/// Whoever tells people knows what happened, and nothing of how.
const NOTIFY_MAY_IMPORT: [&str; 2] = ["model", "time"];

const LONGEST_FILE_LINES: usize = 500;
const MEDIAN_FILE_LINES: usize = 200;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|ext| ext == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let name = |path: &Path| path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
    files_below(&src, "rs").iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn room(file: &str) -> Option<&str> {
    file.split_once('/').map(|(room, _)| room)
}

/// The rooms a file names by `crate::room`.
fn imports(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.match_indices("crate::").map(move |(at, found)| &line[at + found.len()..]))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .filter(|name| FLOORS.concat().contains(name))
        .collect()
}

fn may_import(from: &str, to: &str) -> bool {
    if from == "simulator" && from != to {
        return SIMULATOR_MAY_IMPORT.contains(&to);
    }
    if from == "notify" && from != to {
        return NOTIFY_MAY_IMPORT.contains(&to);
    }
    let floor = |room| FLOORS.iter().position(|rooms| rooms.contains(&room));
    from == to || floor(to) < floor(from)
}

#[test]
fn imports_run_down_the_floors() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(from) = room(&file) else { continue };
        wrong.extend(
            imports(&text)
                .into_iter()
                .filter(|to| !may_import(from, to))
                .map(|to| format!("{file} imports {to}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_floor_check_itself_can_fail() {
    assert!(!may_import("model", "engine") && !may_import("output", "transport"));
    assert!(!may_import("simulator", "transport") && may_import("engine", "model"));
    assert!(!may_import("notify", "tables") && may_import("notify", "time"));
    assert_eq!(imports("use crate::engine::plan::Plan;"), BTreeSet::from(["engine"]));
}

#[test]
fn every_room_stands_on_a_floor() {
    let rooms: BTreeSet<_> = sources().iter().filter_map(|(file, _)| room(file).map(str::to_owned)).collect();
    let floors: BTreeSet<_> = FLOORS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(rooms, floors);
}

#[test]
fn a_file_says_in_its_first_line_what_it_is() {
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "{file} begins without its one sentence");
    }
}

#[test]
fn mod_rs_holds_a_sentence_and_a_list() {
    for (file, text) in sources() {
        if !(file.ends_with("mod.rs") || file == "lib.rs") {
            continue;
        }
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let plain = line.starts_with("//!") || line.starts_with("pub mod ") || line.starts_with("mod ");
            assert!(plain || line.starts_with("#[cfg("), "{file} holds logic: {line}");
        }
    }
}

#[test]
fn files_stay_small() {
    let mut lengths: Vec<_> =
        sources().into_iter().map(|(file, text)| (text.lines().count(), file)).collect();
    lengths.sort();
    let (longest, file) = lengths.last().unwrap();
    assert!(*longest <= LONGEST_FILE_LINES, "{file} has {longest} lines");
    let (median, _) = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN_FILE_LINES, "the median file has {median} lines");
}

#[test]
fn no_name_says_nothing() {
    for (file, _) in sources() {
        for name in file.trim_end_matches(".rs").split('/') {
            let empty =
                ["util", "utils", "common", "helpers", "helper", "core", "service", "misc", "manager"];
            assert!(!empty.contains(&name), "{file}");
        }
    }
}

#[test]
fn nothing_is_silenced_or_left_open() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let left =
                ["TODO", "FIXME", "XXX", "#[allow(", "#[ignore"].iter().any(|word| line.contains(word));
            if left {
                wrong.push(format!("{file}:{} {line}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_top_level_holds_what_the_card_names() {
    let kept = ["src", "schedules", "deploy", "k8s", "tests", ".ci", ".config", ".git"];
    // What git ignores: builds, and what a run leaves.
    let left = ["target", "out"];
    for entry in std::fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = kept.iter().chain(&left).any(|folder| *folder == name);
            assert!(known, "unexpected folder {name}");
        }
    }
}

/// What people copy from the README is what CI runs.
#[test]
fn the_readme_quotes_the_lines_that_ci_runs() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let lines = root().join("tests/interop/lines");
    for quoted in
        ["duckdb_run.sh", "polars_run.sh", "duckdb_committed.sql", "polars_committed.py", "duckdb_glob.sql"]
    {
        let text = std::fs::read_to_string(lines.join(quoted)).unwrap();
        let is_comment = |line: &&str| line.starts_with("-- ") || line.starts_with("# ");
        for line in text.lines().filter(|line| !is_comment(line) && !line.trim().is_empty()) {
            assert!(readme.lines().any(|told| told.trim_end() == format!("    {line}")), "{quoted}: {line}");
        }
    }
}
