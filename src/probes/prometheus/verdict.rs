//! What can be said of a query.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From the harmless to the hopeless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything it asks for is there.
    Ok,
    /// It answers, but a part of it does not, or says something else than people think.
    Degraded,
    /// It cannot be told from here: a recording rule is asked of an endpoint that has none.
    Unverifiable,
    /// Metric and labels are there, but no series has these values, or none is left.
    NoValue,
    /// A label is there in no series of the metric.
    MissingLabel,
    /// No series has the metric's name.
    MissingMetric,
    /// It is no query, or one that can never have an answer.
    TypeError,
}

impl Verdict {
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Degraded,
        Self::Unverifiable,
        Self::NoValue,
        Self::MissingLabel,
        Self::MissingMetric,
        Self::TypeError,
    ];

    /// The word in data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Unverifiable => "unverifiable",
            Self::NoValue => "no_value",
            Self::MissingLabel => "missing_label",
            Self::MissingMetric => "missing_metric",
            Self::TypeError => "type_error",
        }
    }
}

/// Why something is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub verdict: Verdict,
    /// A fragment for people.
    pub why: String,
    /// A name that was probably meant.
    pub suggestion: Option<String>,
}

impl Trouble {
    pub fn new(verdict: Verdict, why: impl Into<String>) -> Self {
        Self { verdict, why: why.into(), suggestion: None }
    }

    #[must_use]
    pub fn with_suggestion(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }
}

/// The word on one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    /// What was found, the gravest first; nothing where all is well.
    pub troubles: Vec<Trouble>,
    /// What is no fault and yet good to know.
    pub remarks: Vec<String>,
}

impl Judged {
    pub fn of(mut troubles: Vec<Trouble>, remarks: Vec<String>) -> Self {
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.verdict));
        let verdict = troubles.first().map_or(Verdict::Ok, |trouble| trouble.verdict);
        Self { verdict, troubles, remarks }
    }

    pub fn reason(&self) -> Option<String> {
        let all: Vec<_> = self.troubles.iter().map(|trouble| trouble.why.as_str()).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    pub fn suggestion(&self) -> Option<String> {
        self.troubles.iter().find_map(|trouble| trouble.suggestion.clone())
    }
}

/// The name that a person probably meant.
pub fn nearest<'a>(meant: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let alike = known.into_iter().map(|name| (strsim::normalized_damerau_levenshtein(meant, name), name));
    let close = alike.filter(|(likeness, _)| *likeness >= 0.6);
    close.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name.to_owned())
}
