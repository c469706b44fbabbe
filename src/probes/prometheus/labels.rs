//! Sets of labels, and how operators bring them together.

use std::collections::BTreeMap;

use promql_parser::label::{METRIC_NAME, Matcher};
use promql_parser::parser::{LabelModifier, VectorSelector};

/// One series, its metric's name among them.
pub type Labels = BTreeMap<String, String>;

/// All that a series must have; a bare name is one of them.
pub fn matchers(selector: &VectorSelector) -> Vec<Vec<Matcher>> {
    let name = selector
        .name
        .iter()
        .map(|name| Matcher::new(promql_parser::label::MatchOp::Equal, METRIC_NAME, name));
    let name: Vec<_> = name.collect();
    let all = &selector.matchers;
    let with_name = |one: &[Matcher]| name.iter().chain(one).cloned().collect::<Vec<_>>();
    match all.or_matchers.as_slice() {
        [] => vec![with_name(&all.matchers)],
        groups => groups.iter().map(|group| with_name(group)).collect(),
    }
}

pub fn matches(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| matcher.is_match(labels.get(&matcher.name).map_or("", String::as_str)))
}

/// What two series must have alike for an operator to bring them together.
pub fn key(labels: &Labels, matching: Option<&LabelModifier>) -> Labels {
    let stays = |name: &String| match matching {
        Some(LabelModifier::Include(on)) => on.labels.contains(name),
        Some(LabelModifier::Exclude(ignored)) => name != METRIC_NAME && !ignored.labels.contains(name),
        None => name != METRIC_NAME,
    };
    labels.iter().filter(|(name, _)| stays(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What an aggregation leaves of a series.
pub fn grouped(labels: &Labels, modifier: Option<&LabelModifier>) -> Labels {
    match modifier {
        None => Labels::new(),
        modifier => key(labels, modifier),
    }
}

pub fn without(mut labels: Labels, names: &[&str]) -> Labels {
    names.iter().for_each(|name| drop(labels.remove(*name)));
    labels
}

/// Each once, in order.
pub fn distinct(mut all: Vec<Labels>) -> Vec<Labels> {
    all.sort();
    all.dedup();
    all
}

/// `a, b, c`: the names that any of them has.
pub fn names(all: &[Labels]) -> String {
    let mut names: Vec<_> =
        all.iter().flat_map(|labels| labels.keys()).filter(|name| *name != METRIC_NAME).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
