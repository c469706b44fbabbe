//! One layer of settings: where it comes from, and the part of the tree that it sets.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use crate::config::environment::Environment;
use crate::config::job::Job;
use crate::config::problem::Problem;

/// Where a layer comes from, weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// The job's name, when the file's name gives it.
    FileName(PathBuf),
    File(PathBuf),
    Variable(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::FileName(path) => write!(f, "name of {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

#[derive(Clone)]
pub struct Layer {
    pub origin: Origin,
    pub settings: Dict,
}

impl Layer {
    /// What holds where nobody says otherwise.
    pub fn defaults() -> Self {
        let settings = Value::serialize(Job::default()).ok().and_then(Value::into_dict);
        Self { origin: Origin::Default, settings: settings.expect("a job is a table of plain values") }
    }

    /// A layer that sets one key, `limits.concurrency`.
    pub fn one(origin: Origin, key: &str, value: impl Into<Value>) -> Self {
        let parts: Vec<&str> = key.split('.').collect();
        Self { origin, settings: nest(&parts, value.into()) }
    }

    /// Texts of the environment have no type of their own; the schema gives them one.
    pub fn is_untyped(&self) -> bool {
        matches!(self.origin, Origin::Variable(_))
    }

    /// Reads a TOML file. Its errors name the line and never quote it: the line may hold a
    /// password.
    pub fn from_file(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::new(path.display(), "", format!("cannot be read: {error}")))?;
        let table: toml::Table =
            toml::from_str(&text).map_err(|error| syntax_problem(path, &text, &error))?;
        let settings = Value::serialize(&table)
            .ok()
            .and_then(Value::into_dict)
            .ok_or_else(|| Problem::new(path.display(), "", "is not a table of settings"))?;
        Ok(Self { origin: Origin::File(path.to_owned()), settings })
    }
}

fn syntax_problem(path: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().map_or(0, |span| span.start);
    let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let message = error.message().replace('\n', ", ");
    Problem::new(format!("{}:{line}", path.display()), "", format!("not TOML: {message}"))
}

/// One layer for each `LUSTRUM__SECTION__SOME_KEY`, which sets `section.some-key`.
pub fn from_environment(environment: &Environment) -> Vec<Layer> {
    environment
        .iter()
        .filter_map(|(name, text)| {
            let key = name.strip_prefix("LUSTRUM__")?.to_lowercase().replace("__", ".").replace('_', "-");
            Some(Layer::one(Origin::Variable(name.to_owned()), &key, text))
        })
        .collect()
}

fn nest(keys: &[&str], value: Value) -> Dict {
    match keys {
        [] => Dict::new(),
        [key] => Dict::from([((*key).to_owned(), value)]),
        [key, rest @ ..] => Dict::from([((*key).to_owned(), Value::from(nest(rest, value)))]),
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}
