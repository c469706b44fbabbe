//! A dashboard's query, from its text to what is seen of it in a scene.

use promql_parser::parser::{Expr, VectorSelector};

use crate::probes::prometheus::dashboard::Asked;
use crate::probes::prometheus::promql;
use crate::probes::prometheus::question::Question;
use crate::probes::prometheus::resolve::{Seen, resolve};
use crate::probes::prometheus::scene::Scene;
use crate::probes::prometheus::substitution::{Substituted, substitute};
use crate::probes::prometheus::variable::Variables;
use crate::probes::prometheus::verdict::{Judged, Trouble, Verdict, nearest};

/// A query ready to be looked for.
pub struct Query {
    pub substituted: Substituted,
    /// Absent where no PromQL is asked.
    pub parsed: Option<Result<Expr, promql::Refused>>,
    /// Of `label_values`, its variables replaced.
    pub label: Option<String>,
}

/// What was seen without asking for values.
pub struct Look {
    /// Nothing, or why there can be no answer.
    pub impossible: Option<Trouble>,
    pub seen: Seen,
}

impl Query {
    pub fn of(asked: &Asked, variables: &Variables) -> Self {
        let substituted = substitute(&asked.text, variables);
        let has_query = match &asked.question {
            Question::Query | Question::Result { .. } => true,
            Question::LabelValues { metric, .. } => metric.is_some(),
            Question::Names { .. } => false,
        };
        let label = match &asked.question {
            Question::LabelValues { label, .. } => Some(substitute(label, variables).text),
            _ => None,
        };
        let parsed = has_query.then(|| promql::read(&substituted.text));
        Self { substituted, parsed, label }
    }

    pub fn expr(&self) -> Option<&Expr> {
        self.parsed.as_ref()?.as_ref().ok()
    }

    pub fn selectors(&self) -> Vec<&VectorSelector> {
        self.expr().map(promql::selectors).unwrap_or_default()
    }

    /// What is wrong whatever is there.
    pub fn own_troubles(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        if let Some(Err(refused)) = &self.parsed {
            let why = format!("column {}: {}", refused.column, refused.message);
            troubles.push(Trouble::new(Verdict::TypeError, why));
        }
        for name in &self.substituted.undeclared {
            let why = format!("the dashboard declares no variable `{name}`");
            troubles.push(Trouble::new(Verdict::Degraded, why));
        }
        for name in &self.substituted.guessed {
            let why = format!("the variable `{name}` has no value, and stands for a part of a name");
            troubles.push(Trouble::new(Verdict::Unverifiable, why));
        }
        troubles
    }

    pub fn look(&self, question: &Question, scene: &Scene) -> Look {
        let mut seen = Seen::default();
        let shape = match (question, self.expr()) {
            (Question::Names { .. }, _) => names(&self.substituted.text, scene),
            (Question::LabelValues { .. }, expr) => self.label_values(expr, scene),
            (Question::Query | Question::Result { .. }, Some(expr)) => {
                resolve(expr, scene, &mut seen).map(drop)
            }
            (Question::Query | Question::Result { .. }, None) => Ok(()),
        };
        Look { impossible: shape.err(), seen }
    }

    fn label_values(&self, expr: Option<&Expr>, scene: &Scene) -> Result<(), Trouble> {
        let label = self.label.as_deref().unwrap_or_default();
        let series = match expr {
            Some(expr) => {
                let mut found = Vec::new();
                for selector in promql::selectors(expr) {
                    found.extend(scene.pick(selector)?);
                }
                found
            }
            None => Vec::new(),
        };
        let known: Vec<&str> = match expr {
            Some(_) => series.iter().flat_map(|labels| labels.keys()).map(String::as_str).collect(),
            None => scene.labels.iter().map(String::as_str).collect(),
        };
        if known.contains(&label) || scene.series.has_wildcard(label) {
            return Ok(());
        }
        let whose = if expr.is_some() { "none of these series has" } else { "no series has" };
        let suggestion = nearest(label, known);
        Err(Trouble::new(Verdict::MissingLabel, format!("{whose} the label `{label}`"))
            .with_suggestion(suggestion))
    }

    /// On an endpoint, where nothing can be run.
    pub fn judge_by_look(&self, question: &Question, scene: &Scene) -> Judged {
        let mut troubles = self.own_troubles();
        if !self.substituted.guessed.is_empty() || matches!(self.parsed, Some(Err(_))) {
            return Judged::of(troubles, Vec::new());
        }
        let look = self.look(question, scene);
        troubles.extend(look.impossible);
        troubles.extend(look.seen.troubles);
        let standing = self.selectors().into_iter().filter_map(|selector| selector.name.as_deref());
        let mut standing: Vec<_> = standing.filter(|name| scene.standing.contains(*name)).collect();
        standing.sort_unstable();
        standing.dedup();
        let remark = |name: &str| format!("`{name}` did not move between the scrapes");
        Judged::of(troubles, standing.into_iter().map(remark).collect())
    }
}

/// `metrics(regex)`: unanchored, as Grafana's.
fn names(pattern: &str, scene: &Scene) -> Result<(), Trouble> {
    let regex = match regex::Regex::new(pattern) {
        Ok(regex) => regex,
        Err(_) => {
            return Err(Trouble::new(Verdict::TypeError, format!("`{pattern}` is no regular expression")));
        }
    };
    if scene.series.names().any(|name| regex.is_match(name)) {
        return Ok(());
    }
    Err(Trouble::new(Verdict::MissingMetric, format!("no metric's name matches `{pattern}`")))
}
