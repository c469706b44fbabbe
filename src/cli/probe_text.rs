//! The probes of a run for people: how each ended, and which condition stands how.

use std::collections::BTreeMap;

use crate::cli::columns::{Columns, duration, visible};
use crate::cli::progress::paint_of_probe;
use crate::cli::terminal::{Look, Paint};
use crate::model::probe::{Finding, ProbeName, ProbeRecord};

/// A line a probe, its headline, and a line a condition.
pub fn lines(probes: &BTreeMap<ProbeName, ProbeRecord>, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, ProbeRecord { kind, verdict, duration_ms, .. }) in probes {
        let ending = look.paint(paint_of_probe(&verdict.ending), verdict.ending.spoken());
        let (kind, taken) = (kind.spoken(), duration(*duration_ms));
        let grade = verdict.grade.as_ref().map(|grade| format!("  {grade}")).unwrap_or_default();
        lines.push(format!("  {name}  {kind}  {ending}{grade}  {taken}"));
        lines.push(format!("    {}", visible(&verdict.headline)));
        lines.extend(verdict.why().map(|why| format!("    {}", visible(&why))));
        let mut columns = Columns::default();
        for check in &verdict.checks {
            let (word, paint) = match check.finding {
                Finding::Held => ("held", Paint::Good),
                Finding::Broken => ("broken", Paint::Bad),
                Finding::Unknown => ("unknown", Paint::Warn),
            };
            columns.row(["", &look.paint(paint, word), &check.expression, &check.shown]);
        }
        lines.extend(columns.lines(look.width));
    }
    lines
}
