//! The jobs of a folder, read again when a file has changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::job::Job;
use crate::config::load::{self, Request};
use crate::config::problem::Problems;

/// A folder of job files, one job a file.
pub struct Library {
    folder: PathBuf,
    /// What every job is read with: settings file, environment, flags.
    template: Request,
    seen: BTreeMap<PathBuf, Version>,
}

/// What changes when somebody writes a file.
type Version = (Option<SystemTime>, u64);

/// One reading of the folder.
pub struct Reading {
    pub jobs: BTreeMap<PathBuf, Job>,
    /// Files that cannot be used, with everything that is wrong with them.
    pub refused: BTreeMap<PathBuf, Problems>,
}

impl Reading {
    /// What is wrong with the refused files, a sentence each.
    pub fn told(&self) -> BTreeMap<PathBuf, Vec<String>> {
        let sentences = |problems: &Problems| problems.0.iter().map(ToString::to_string).collect();
        self.refused.iter().map(|(path, problems)| (path.clone(), sentences(problems))).collect()
    }
}

impl Library {
    pub fn new(folder: PathBuf, template: Request) -> Self {
        Self { folder, template, seen: BTreeMap::new() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a file came, went or was written since the last reading.
    pub fn has_changed(&self) -> bool {
        self.versions() != self.seen
    }

    /// Settings only: the fleet and the secrets are read when a run begins.
    pub fn read(&mut self) -> Reading {
        self.seen = self.versions();
        let mut reading = Reading { jobs: BTreeMap::new(), refused: BTreeMap::new() };
        for path in self.job_files() {
            match load::load(&self.request(&path)) {
                Ok(loaded) => {
                    reading.jobs.insert(path, loaded.job);
                }
                Err(problems) => {
                    reading.refused.insert(path, problems);
                }
            }
        }
        reading
    }

    /// What to load for the job in a file.
    pub fn request(&self, path: &Path) -> Request {
        Request { job: Some(path.display().to_string()), ..self.template.clone() }
    }

    fn job_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
        files.sort();
        files
    }

    fn versions(&self) -> BTreeMap<PathBuf, Version> {
        let settings = match &self.template.config {
            Some(path) => self.template.directory.join(path),
            None => self.template.directory.join("lustrum.toml"),
        };
        let version = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, (metadata.modified().ok(), metadata.len())))
        };
        self.job_files().into_iter().chain([settings]).filter_map(version).collect()
    }
}
