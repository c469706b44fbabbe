//! Puts the host script together: the request, what every script needs, the collectors
//! asked for, and the loop that runs them.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::providers::hyperv::collector::Collector;
use crate::providers::hyperv::{baseline, facts};

pub const PRELUDE: &str = include_str!("scripts/prelude.ps1");
pub const VALUES: &str = include_str!("scripts/values.ps1");
pub const RECORD: &str = include_str!("scripts/record.ps1");
pub const EPILOGUE: &str = include_str!("scripts/epilogue.ps1");

/// Characters of JSON in one record: Windows PowerShell 3 and 4 handle 2,097,152 at most.
const RECORD_CHARS: u32 = 1_500_000;

/// The first line of the script, read by it with ConvertFrom-Json.
#[derive(Debug, Serialize)]
struct Request<'a> {
    wire: u32,
    collectors: &'a [&'a str],
    collector_deadline_ms: u64,
    record_chars: u32,
    gzip: bool,
}

/// The whole script. `facts` and `baseline` are always asked, and first: they prove what
/// an empty answer means.
pub fn assemble(collectors: &[Collector], collector_deadline: Duration) -> String {
    let mut bodies = vec![(facts::WORD, facts::SCRIPT), (baseline::WORD, baseline::SCRIPT)];
    bodies.extend(collectors.iter().map(|collector| (collector.word(), collector.script())));
    let words: Vec<_> = bodies.iter().map(|(word, _)| *word).collect();
    let request = Request {
        wire: 1,
        collectors: &words,
        // [int] in the script.
        collector_deadline_ms: (collector_deadline.as_millis() as u64).clamp(1, i32::MAX as u64),
        record_chars: RECORD_CHARS,
        gzip: true,
    };
    let request = serde_json::to_string(&request).expect("a request holds only plain values");
    let mut script = format!("$LustrumRequest = '{request}'\n{PRELUDE}\n$LustrumValues = {{\n{VALUES}\n}}\n");
    for (word, body) in bodies {
        write!(script, "$LustrumCollectors['{word}'] = {{\n{body}\n}}\n").expect("a String takes everything");
    }
    script.push_str(RECORD);
    script.push('\n');
    script.push_str(EPILOGUE);
    bare(&script)
}

/// The script without its comments and indentation, which the host has no use for: a fifth
/// less to seal and send to every host. No script holds a here-string or a block comment,
/// in which a line's beginning would count; a test keeps it so.
fn bare(script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.fold(String::with_capacity(script.len()), |mut bare, line| {
        bare.push_str(line);
        bare.push('\n');
        bare
    })
}
