//! Half-written files that a killed process leaves on disk, and that no listing shows.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

/// A file that was being written and is at no key: an object lies under `<name>#<number>`
/// until it is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub path: PathBuf,
    pub bytes: u64,
    pub written_at: DateTime<Utc>,
}

/// Those below the folders that Lustrum writes into; sorted by path. Blocks.
pub fn torn(root: &Path) -> io::Result<Vec<Torn>> {
    let mut found = Vec::new();
    for folder in ["data", "probe", "runs"] {
        collect(&root.join(folder), &mut found)?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Torn>) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), found)?;
        } else if kind.is_file() && is_torn(&entry.file_name().to_string_lossy()) {
            let metadata = entry.metadata()?;
            let written_at = metadata.modified()?.into();
            found.push(Torn { path: entry.path(), bytes: metadata.len(), written_at });
        }
    }
    Ok(())
}

fn is_torn(name: &str) -> bool {
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
