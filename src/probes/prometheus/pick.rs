//! Which series a selector picks, and why it picks none.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

use crate::probes::prometheus::labels::{Labels, matchers, matches};
use crate::probes::prometheus::verdict::{Trouble, Verdict, nearest};

/// Of a label's values, so many are told.
const VALUES_TOLD: usize = 5;

/// Series by their metric's name.
#[derive(Clone, Debug, Default)]
pub struct Series {
    by_name: BTreeMap<String, Vec<Labels>>,
    /// Said to be there, by their heads, and without a sample.
    declared: BTreeSet<String>,
    /// Names of metrics beyond those of the series, to suggest.
    further_names: BTreeSet<String>,
    /// Labels that are given to every series elsewhere: any value of them fits.
    wildcards: Vec<String>,
}

impl Series {
    pub fn new(
        all: impl IntoIterator<Item = Labels>,
        declared: impl IntoIterator<Item = String>,
        wildcards: Vec<String>,
    ) -> Self {
        let mut by_name: BTreeMap<String, Vec<Labels>> = BTreeMap::new();
        for labels in all {
            by_name.entry(labels.get(METRIC_NAME).cloned().unwrap_or_default()).or_default().push(labels);
        }
        let declared = declared.into_iter().collect();
        Self { by_name, declared, further_names: BTreeSet::new(), wildcards }
    }

    #[must_use]
    pub fn with_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.further_names.extend(names);
        self
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().chain(&self.further_names).map(String::as_str)
    }

    pub fn named(&self, name: &str) -> &[Labels] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn has_wildcard(&self, label: &str) -> bool {
        self.wildcards.iter().any(|wildcard| wildcard == label)
    }

    /// At least one, or why there is none.
    pub fn pick(&self, selector: &VectorSelector) -> Result<Vec<Labels>, Trouble> {
        let mut found = Vec::new();
        let mut trouble = None;
        for group in matchers(selector) {
            match self.of_group(&group) {
                Ok(series) => found.extend(series),
                Err(why) => trouble = trouble.or(Some(why)),
            }
        }
        trouble.filter(|_| found.is_empty()).map_or(Ok(found), Err)
    }

    fn of_group(&self, group: &[Matcher]) -> Result<Vec<Labels>, Trouble> {
        let (by_name, by_label): (Vec<_>, Vec<_>) =
            group.iter().cloned().partition(|one| one.name == METRIC_NAME);
        let named =
            self.by_name.iter().filter(|(name, _)| by_name.iter().all(|matcher| matcher.is_match(name)));
        let named: Vec<&Labels> = named.flat_map(|(_, series)| series).collect();
        let asked = asked(&by_name);
        if named.is_empty() {
            return Err(self.missing(&by_name, &asked));
        }
        let by_label: Vec<_> = by_label.into_iter().filter(|one| !self.is_wildcard(one, &named)).collect();
        let found: Vec<Labels> = named
            .iter()
            .filter(|labels| matches(labels, &by_label))
            .map(|labels| (*labels).clone())
            .collect();
        if found.is_empty() { Err(unmatched(&by_label, &named, &asked)) } else { Ok(found) }
    }

    fn is_wildcard(&self, matcher: &Matcher, named: &[&Labels]) -> bool {
        self.wildcards.contains(&matcher.name)
            && !named.iter().any(|labels| labels.contains_key(&matcher.name))
    }

    fn missing(&self, by_name: &[Matcher], asked: &str) -> Trouble {
        let declared = self.declared.iter().find(|name| by_name.iter().all(|matcher| matcher.is_match(name)));
        if declared.is_some() && !by_name.is_empty() {
            return Trouble::new(Verdict::NoValue, format!("{asked} is declared and has no sample yet"));
        }
        let meant = by_name.first().map(|matcher| matcher.value.as_str()).unwrap_or_default();
        Trouble::new(Verdict::MissingMetric, format!("{asked} is not there"))
            .with_suggestion(nearest(meant, self.names()))
    }
}

fn asked(by_name: &[Matcher]) -> String {
    match by_name {
        [] => "a series of any name".to_owned(),
        [Matcher { op: MatchOp::Equal, value, .. }] => format!("metric `{value}`"),
        several => {
            let all: Vec<_> = several.iter().map(|one| format!("name{}\"{}\"", one.op, one.value)).collect();
            format!("a metric with {}", all.join(" and "))
        }
    }
}

/// The label that no series has, the value that none has, or that they never come together.
fn unmatched(by_label: &[Matcher], named: &[&Labels], asked: &str) -> Trouble {
    let fits = |labels: &Labels, one: &Matcher| matches(labels, std::slice::from_ref(one));
    let failing = by_label.iter().filter(|one| !named.iter().any(|labels| fits(labels, one)));
    let failing: Vec<_> = failing.collect();
    let is_missing = |one: &&&Matcher| !named.iter().any(|labels| labels.contains_key(&one.name));
    if let Some(one) = failing.iter().find(is_missing) {
        let known: BTreeSet<&str> =
            named.iter().flat_map(|labels| labels.keys()).map(String::as_str).collect();
        let known = known.into_iter().filter(|name| *name != METRIC_NAME);
        let why = format!("no series of {asked} has the label `{}`", one.name);
        return Trouble::new(Verdict::MissingLabel, why).with_suggestion(nearest(&one.name, known));
    }
    let Some(one) = failing.first() else {
        let all: Vec<_> = by_label.iter().map(ToString::to_string).collect();
        let why = format!("no series of {asked} has all of {}", all.join(", "));
        return Trouble::new(Verdict::NoValue, why);
    };
    let values: BTreeSet<&str> =
        named.iter().filter_map(|labels| labels.get(&one.name)).map(String::as_str).collect();
    let mut told: Vec<_> = values.iter().take(VALUES_TOLD).map(|value| format!("\"{value}\"")).collect();
    if values.len() > VALUES_TOLD {
        told.push(format!("{} more", values.len() - VALUES_TOLD));
    }
    let why = format!("no series of {asked} has {one}: there is {}", told.join(", "));
    let suggestion = if matches!(one.op, MatchOp::Equal) { nearest(&one.value, values) } else { None };
    Trouble::new(Verdict::NoValue, why).with_suggestion(suggestion)
}
