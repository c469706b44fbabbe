//! The sentences behind a host's final status.

use crate::model::event::Coverage;
use crate::model::manifest::HostRecord;

/// What the steps said, then what the baseline misses. A failure that many steps share is
/// told once.
pub fn why(record: &HostRecord) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for failure in record.steps.iter().filter_map(|step| step.outcome.failure()) {
        let sentence = failure.to_string();
        if !sentences.iter().any(|told| told.ends_with(&failure.message)) {
            sentences.push(sentence);
        }
    }
    // Collectors that miss the same VMs are told together.
    let mut gaps: Vec<(Vec<&str>, &Coverage)> = Vec::new();
    let coverage = record.verdict.iter().flat_map(|verdict| &verdict.coverage);
    for (step, coverage) in coverage.filter(|(_, coverage)| !coverage.missing.is_empty()) {
        match gaps.iter_mut().find(|(_, told)| told.missing == coverage.missing) {
            Some((steps, _)) => steps.push(&step.0),
            None => gaps.push((vec![&step.0], coverage)),
        }
    }
    for (steps, coverage) in gaps {
        let known = coverage.seen + coverage.missing.len() as u64;
        let names: Vec<&str> = coverage.missing.iter().take(3).map(|vm| vm.vm_name.as_str()).collect();
        let more = if coverage.missing.len() > names.len() { ", …" } else { "" };
        sentences.push(format!(
            "{} saw {} of {known} VMs; missing {}{more}",
            steps.join(" "),
            coverage.seen,
            names.join(", ")
        ));
    }
    sentences
}
