//! A condition held against measured values.

use std::collections::BTreeMap;

use crate::model::probe::{Check, Finding};
use crate::probes::threshold::expression::Expression;
use crate::probes::threshold::vocabulary::Name;

/// Measured values by name, each in its quantity's base unit. What was not measured is absent.
pub trait Values {
    fn value(&self, name: &Name) -> Option<f64>;
}

/// By their full names: `p95`, `health.p95`.
impl Values for BTreeMap<String, f64> {
    fn value(&self, name: &Name) -> Option<f64> {
        let full = match &name.subject {
            Some(subject) => format!("{subject}.{}", name.word),
            None => name.word.clone(),
        };
        self.get(&full).copied()
    }
}

/// Whether a condition holds; without a number there is nothing to judge.
pub fn finding(expression: &Expression, values: &impl Values) -> Finding {
    match known(expression, values) {
        None => Finding::Unknown,
        Some(value) if expression.comparison.holds(value, expression.limit) => Finding::Held,
        Some(_) => Finding::Broken,
    }
}

/// The finding with the value that led to it.
pub fn check(expression: &Expression, values: &impl Values) -> Check {
    let value = known(expression, values);
    Check {
        expression: expression.text.clone(),
        value,
        shown: value.map_or_else(|| "not measured".to_owned(), |value| shown(expression, value)),
        finding: finding(expression, values),
    }
}

fn known(expression: &Expression, values: &impl Values) -> Option<f64> {
    values.value(&expression.name).filter(|value| value.is_finite())
}

/// Short, unless that would read like the limit.
fn shown(expression: &Expression, value: f64) -> String {
    let quantity = expression.quantity;
    let short = quantity.show(value);
    if value != expression.limit && short == quantity.show(expression.limit) {
        return quantity.show_exactly(value);
    }
    short
}
