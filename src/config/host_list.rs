//! A hosts file: one host a line, or the first column of a CSV.

use std::path::Path;

use crate::config::form::Form;
use crate::config::problem::Problem;
use crate::model::target::HostName;

/// What the first line of a retry list begins with; the id of its run follows.
pub const RETRY_MARK: &str = "# lustrum retry of ";

/// A host and the line that names it, counted from 1.
pub type Listed = (HostName, usize);

/// Why a file gives no hosts.
#[derive(Debug)]
pub enum HostListError {
    /// The file as a whole: a lowercase fragment.
    Unreadable(String),
    /// Every name that was refused, by its line.
    Refused(Vec<Problem>),
}

/// Reads the file; every refused name is a problem of its own. Reads UTF-8 and, because
/// PowerShell's `>` writes it, UTF-16 with a byte order mark.
pub fn read(path: &Path) -> Result<Vec<Listed>, HostListError> {
    let bytes =
        std::fs::read(path).map_err(|error| HostListError::Unreadable(format!("cannot be read: {error}")))?;
    let text = decode(&bytes)
        .ok_or_else(|| HostListError::Unreadable("is not text in UTF-8 or UTF-16".to_owned()))?;
    let mut hosts = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(name) = name_in(line) else { continue };
        match Form::HostName.check(name).map(|()| HostName::parse(name)) {
            Ok(Ok(host)) => hosts.push((host, index + 1)),
            Ok(Err(refused)) => problems.push(at_line(path, index + 1, name, refused.to_string())),
            Err(message) => problems.push(at_line(path, index + 1, name, message)),
        }
    }
    if problems.is_empty() { Ok(hosts) } else { Err(HostListError::Refused(problems)) }
}

/// The run whose retry list a file is; `None` for a plain list, and for one that cannot be read.
pub fn retried_run(path: &Path) -> Option<String> {
    let text = decode(&std::fs::read(path).ok()?)?;
    let run = text.lines().next()?.strip_prefix(RETRY_MARK)?.trim();
    Some(run.to_owned())
}

fn at_line(path: &Path, line: usize, name: &str, message: String) -> Problem {
    let shown: String = name.chars().take(80).collect();
    Problem::new(format!("{}:{line}", path.display()), "host", message).with_value(format!("{shown:?}"))
}

/// The host of a line: without comment, further columns and quotes. A column header that
/// says `host` or the like is none.
fn name_in(line: &str) -> Option<&str> {
    const HEADERS: [&str; 5] = ["host", "hostname", "name", "computername", "fqdn"];
    let is_comment = |at: &usize| line[..*at].ends_with(char::is_whitespace) || *at == 0;
    let comment = line.match_indices('#').map(|(at, _)| at).find(is_comment);
    let line = line[..comment.unwrap_or(line.len())].trim();
    let (first, is_csv) = match line.split_once([',', ';', '\t']) {
        Some((first, _)) => (first, true),
        None => (line, false),
    };
    let name = first.trim().trim_matches('"').trim();
    let is_header = is_csv && HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header));
    (!name.is_empty() && !is_header).then_some(name)
}

fn decode(bytes: &[u8]) -> Option<String> {
    let units = |read: fn([u8; 2]) -> u16| {
        bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect::<Vec<_>>()
    };
    match bytes {
        [0xFF, 0xFE, ..] => String::from_utf16(&units(u16::from_le_bytes)).ok(),
        [0xFE, 0xFF, ..] => String::from_utf16(&units(u16::from_be_bytes)).ok(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}
