//! Excellent, moderate or a problem: the shipped grades, and the conditions for a CI job.
//!
//! The boundaries stand in ARCHITECTURE.md, "Probe: http-load verdicts"; each is a test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::probe::{Check, Finding};
use crate::probes::http_load::words;
use crate::probes::threshold::expression::Expression;
use crate::probes::threshold::judgement::{Values, check};
use crate::probes::threshold::vocabulary::Vocabulary;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Excellent,
    Moderate,
    Problem,
}

impl Grade {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Moderate => "moderate",
            Self::Problem => "problem",
        }
    }
}

/// By which shipped conditions a load is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GradeSet {
    /// Excellent, moderate or a problem, by success, mean, p95, timeouts and connection errors, and
    /// CPU; a problem fails the probe.
    #[default]
    ThreeLevel,
    /// `success > 95%` and `p95 < 2s`.
    Ci,
    None,
}

/// One measure and its two boundaries; what meets neither is a problem.
pub struct Criterion {
    pub excellent: &'static str,
    pub moderate: &'static str,
}

/// Timeouts and connections that failed are counted together: `unanswered`.
pub static THREE_LEVEL: &[Criterion] = &[
    Criterion { excellent: "success > 95%", moderate: "success >= 90%" },
    Criterion { excellent: "mean < 1s", moderate: "mean <= 3s" },
    Criterion { excellent: "p95 < 2s", moderate: "p95 < 5s" },
    Criterion { excellent: "unanswered == 0%", moderate: "unanswered <= 5%" },
];

/// Of the machine that bears the load where it tells of itself, else of this one.
pub static TARGET_CPU: Criterion =
    Criterion { excellent: "target.cpu.p95 < 80%", moderate: "target.cpu.sustained <= 90%" };
pub static OWN_CPU: Criterion =
    Criterion { excellent: "sys.cpu.p95 < 80%", moderate: "sys.cpu.sustained <= 90%" };

/// What a CI job wants to know.
pub fn ci() -> Vec<Expression> {
    CI.iter().map(|text| shipped(text, &words::of_a_run(Vec::new()))).collect()
}

fn shipped(text: &str, vocabulary: &Vocabulary) -> Expression {
    Expression::parse(text, vocabulary).expect("a shipped condition, held by a test")
}

pub static CI: &[&str] = &["success > 95%", "p95 < 2s"];

/// One measure, graded.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    /// Nothing when the measure is unknown.
    pub grade: Option<Grade>,
    /// The condition of the grade it reached; of a problem, the one it missed last.
    pub check: Check,
}

/// Each measure graded by itself.
pub fn grade(values: &impl Values, target_is_watched: bool) -> Vec<Graded> {
    let vocabulary = words::of_a_run(Vec::new());
    let cpu = if target_is_watched { &TARGET_CPU } else { &OWN_CPU };
    THREE_LEVEL.iter().chain([cpu]).map(|criterion| criterion.grade(values, &vocabulary)).collect()
}

/// The worst decides; what is unknown decides nothing.
pub fn worst(graded: &[Graded]) -> Option<Grade> {
    graded.iter().filter_map(|one| one.grade).max()
}

impl Criterion {
    fn grade(&self, values: &impl Values, vocabulary: &Vocabulary) -> Graded {
        let judged = |text: &str| check(&shipped(text, vocabulary), values);
        let excellent = judged(self.excellent);
        let moderate = judged(self.moderate);
        let (grade, check) = match (excellent.finding, moderate.finding) {
            (Finding::Held, _) => (Some(Grade::Excellent), excellent),
            (Finding::Broken, Finding::Held) => (Some(Grade::Moderate), moderate),
            (Finding::Broken, Finding::Broken) => (Some(Grade::Problem), moderate),
            (Finding::Unknown, _) => (None, excellent),
            (Finding::Broken, Finding::Unknown) => (None, moderate),
        };
        Graded { grade, check }
    }
}
