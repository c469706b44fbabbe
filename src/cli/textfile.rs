//! Metrics in a file for the textfile collector of Prometheus' node exporter.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::daemon::metrics::LAST_SUCCESS;
use crate::model::run::JobName;

/// The collector reads no other files.
const EXTENSION: &str = "prom";

/// The file that is meant by a path: itself, or one of the job's in a folder that is there.
pub fn file(asked: &Path, job: &JobName) -> Result<PathBuf, String> {
    if asked.is_dir() {
        return Ok(asked.join(format!("lustrum-{job}.{EXTENSION}")));
    }
    if asked.extension().is_some_and(|extension| extension == EXTENSION) {
        return Ok(asked.to_owned());
    }
    Err("is neither a folder nor a file that ends in .prom: the node exporter would not read it".to_owned())
}

/// Writes beside the file and renames, so that the collector, which reads at any moment,
/// never meets half a file; and lets everybody read it, whatever the umask.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    if written.is_err() {
        // What is left does no harm: its name does not end in .prom.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// When the job last succeeded, as an earlier run left it in the file.
pub fn last_success(path: &Path, job: &JobName) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    let sample = format!("{LAST_SUCCESS}{{job=\"{job}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok())
}
