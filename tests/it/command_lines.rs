//! Every `lustrum …` that people copy from the manifests, the units and the README is one that
//! the program understands.

use std::path::{Path, PathBuf};

use clap::Parser;
use lustrum::cli::args::Arguments;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Texts and manifests at the top, and all that lies below these folders.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    let mut folders = ["deploy", "k8s", "schedules"].map(|folder| root().join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// A line as a shell splits it: quotes of both kinds, a comment at the end.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The command lines of one document: lines of their own, in code, comments and units, and
/// what stands between backticks or in `$(…)`. Behind three spaces a comment begins.
fn command_lines(text: &str) -> Vec<String> {
    let begun = |line: &str| {
        let line = line.trim_start_matches(['#', '$', ' ', '\t']);
        let line = line.strip_prefix("ExecStart=/usr/local/bin/").unwrap_or(line);
        line.starts_with("lustrum ").then(|| line.split("   ").next().unwrap_or(line).to_owned())
    };
    let lines = text.lines().filter_map(begun);
    let inner = text.split("$(").skip(1).filter_map(|rest| rest.split(')').next());
    let quoted = text.split('`').skip(1).step_by(2).chain(inner).map(str::trim);
    let quoted =
        quoted.filter(|code| code.starts_with("lustrum ") && !code.contains('\n')).map(str::to_owned);
    lines.chain(quoted).collect()
}

/// Commands of containers are lists, not lines.
fn container_commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Vec<serde_json::Value> = serde_norway::Deserializer::from_str(text)
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect();
    while let Some(value) = open.pop() {
        let list = |key| -> Option<Vec<String>> { serde_json::from_value(value.get(key)?.clone()).ok() };
        if let (Some(command), Some(arguments)) = (list("command"), list("args")) {
            found.push([command, arguments].concat());
        }
        match value {
            serde_json::Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

fn refused(words: &[String]) -> Option<String> {
    Arguments::try_parse_from(words).err().map(|error| error.to_string())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml")
}

#[test]
fn every_command_line_parses() {
    let (mut lines, mut wrong) = (0, Vec::new());
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut commands: Vec<_> = command_lines(&text).iter().map(|line| words(line)).collect();
        if is_manifest(&path) {
            commands.extend(container_commands(&text));
        }
        lines += commands.len();
        let refused = commands.iter().filter_map(|words| Some((words.join(" "), refused(words)?)));
        wrong.extend(refused.map(|(line, why)| format!("{}: {line}\n{why}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines > 20, "only {lines} lines were found: the search is broken");
}

#[test]
fn the_search_finds_lines_comments_units_and_code() {
    let text = "#   lustrum run a   # daily\n    $ lustrum demo\nExecStart=/usr/local/bin/lustrum serve\nsee `lustrum schema vInfo` and `cargo`, cat $(lustrum runs files)";
    let found: Vec<_> = command_lines(text).iter().map(|line| words(line).join(" ")).collect();
    assert_eq!(
        found,
        ["lustrum run a", "lustrum demo", "lustrum serve", "lustrum schema vInfo", "lustrum runs files"]
    );
    assert_eq!(words("run 'a b' \"c\" # d"), ["run", "a b", "c"]);
    assert!(refused(&words("lustrum run a --slott 1")).is_some());
    let manifest = "a:\n  - command: [lustrum]\n    args: [run, x]\n";
    assert_eq!(container_commands(manifest), [["lustrum", "run", "x"]]);
}
