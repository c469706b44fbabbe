//! One thing wrong with what we were asked: where it stands, what it says, what was expected.

use std::fmt;

use serde::Serialize;

/// One problem. `value` is absent for unknown and missing keys, and masked for secrets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file, variable or flag.
    pub origin: String,
    /// The dotted key, `limits.concurrency`; empty when the whole file is meant.
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A lowercase fragment: `expected an integer from 1 to 4096`.
    pub message: String,
}

impl Problem {
    pub fn new(origin: impl fmt::Display, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { origin: origin.to_string(), key: key.into(), value: None, message: message.into() }
    }

    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Whether a whole file is missing or unreadable.
    pub fn is_about_a_file(&self) -> bool {
        self.key.is_empty()
    }

    /// The setting a problem is about, without the part that is wrong inside it:
    /// `credentials.default` of `credentials.default.password`, `fleet.hosts` of `fleet.hosts[0]`.
    fn setting(&self) -> String {
        let mut parts = self.key.split('.');
        let second = |part: &str| part.split('[').next().unwrap_or_default().to_owned();
        let parts = [parts.next().map(str::to_owned), parts.next().map(second)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            f.write_str(&self.key)?;
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong, in the order in which it was found, without repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub fn add(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Adds what a later look found, except where it only echoes what is wrong already: a
    /// refused value was put back to its default, and the default may not fit either.
    pub fn add_consequences(&mut self, found: Problems) {
        let settings: Vec<String> = self.0.iter().map(Problem::setting).collect();
        for problem in found.0 {
            if !settings.contains(&problem.setting()) {
                self.add(problem);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, unless something is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The candidate a person probably meant.
pub fn nearest<'a>(meant: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let meant = meant.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&meant, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.84)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// `one of a, b, c`, and the one that was probably meant.
pub fn one_of<'a>(meant: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let all: Vec<String> = candidates.clone().into_iter().map(|word| format!("`{word}`")).collect();
    let hint = nearest(meant, candidates).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
    format!("one of {}{hint}", all.join(", "))
}
