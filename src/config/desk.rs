//! Where one entry of a list of settings is made ready: its secrets, its files, and what is
//! wrong with it.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::config::problem::{Problem, Problems};
use crate::config::secret::SecretReference;
use crate::model::credential::Secret;

/// What making an entry ready needs, and what came out against it.
pub struct Desk<'a> {
    key: String,
    environment: &'a Environment,
    directory: &'a Path,
    origin: &'a dyn Fn(&str) -> String,
    reads_secrets: bool,
    pub problems: Problems,
}

impl<'a> Desk<'a> {
    /// `key` is the entry's, `notify[0].webhook`; `origin` tells where a key is set.
    pub fn at(
        key: impl Into<String>,
        environment: &'a Environment,
        directory: &'a Path,
        origin: &'a dyn Fn(&str) -> String,
    ) -> Self {
        let problems = Problems::default();
        Self { key: key.into(), environment, directory, origin, reads_secrets: true, problems }
    }

    /// For whoever only wants to know what is meant: secrets are empty and may be elsewhere.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.reads_secrets = false;
        self
    }

    /// Fetches a secret; a problem when it cannot be had.
    pub fn secret(&mut self, field: &str, reference: &SecretReference) -> Option<Secret> {
        if !self.reads_secrets {
            return Some(Secret::new(String::new()));
        }
        match reference.resolve(self.environment) {
            Ok(secret) => Some(secret),
            Err(why) => {
                self.add_value(field, format!("\"{reference}\""), why);
                None
            }
        }
    }

    /// Reads a PEM file with certificates.
    pub fn ca_pem(&mut self, path: Option<&str>) -> Option<Vec<u8>> {
        match std::fs::read(self.path(path?)) {
            Ok(pem) if pem.windows(11).any(|window| window == b"-----BEGIN ") => return Some(pem),
            Ok(_) => self.add("ca-bundle", "holds no certificate in PEM"),
            Err(error) => self.add("ca-bundle", format!("cannot be read: {error}")),
        }
        None
    }

    /// A path of the settings, from where relative ones begin.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.directory.join(path)
    }

    /// A problem with a field of the entry; with the entry itself where the field is empty.
    pub fn add(&mut self, field: &str, why: impl Display) {
        self.problems.add(self.problem(field, why));
    }

    /// A problem with what a field says.
    pub fn add_value(&mut self, field: &str, value: impl Into<String>, why: impl Display) {
        self.problems.add(self.problem(field, why).with_value(value));
    }

    fn problem(&self, field: &str, why: impl Display) -> Problem {
        let key = if field.is_empty() { self.key.clone() } else { format!("{}.{field}", self.key) };
        Problem::new((self.origin)(&key), key, why.to_string())
    }
}
