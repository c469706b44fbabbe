//! Opening the store of earlier runs, which must be there already.

use std::path::Path;

use crate::cli::args::Global;
use crate::cli::refusal::Refusal;
use crate::cli::{dotenv, request};
use crate::config::load;
use crate::config::store::Opening;
use crate::history::ledger::Ledger;
use crate::model::run::JobName;

/// The ledger of `--out-dir`, or of the folder that the settings name.
pub fn open(global: &Global, out_dir: Option<&Path>) -> Result<Ledger, Refusal> {
    let request = request::of_store(global, out_dir, dotenv::read()?);
    let loaded = load::load(&request)?;
    open_root(&load::opening(&loaded.job, &request)?)
}

/// The ledger of a root. Reading makes no folder.
pub fn open_root(opening: &Opening) -> Result<Ledger, Refusal> {
    let folder = opening.root.strip_prefix("file://").unwrap_or(&opening.root);
    if !folder.contains("://") && !Path::new(folder).is_dir() {
        let message = format!("no runs: there is no folder {folder}; --out-dir names another");
        return Err(Refusal::Usage(message));
    }
    let store = opening.open().map_err(|error| Refusal::Store(error.to_string()))?;
    Ok(Ledger::of(&store))
}

pub fn job_name(text: Option<&str>) -> Result<Option<JobName>, Refusal> {
    let parsed = text.map(JobName::parse).transpose();
    parsed.map_err(|error| Refusal::Usage(error.to_string()))
}
