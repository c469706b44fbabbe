//! The shipped grades: every line of the table in ARCHITECTURE.md.

use std::collections::BTreeMap;

use lustrum::model::probe::Finding;
use lustrum::probes::http_load::grades::{self, Grade, grade, worst};
use lustrum::probes::http_load::words::of_a_run;
use lustrum::probes::threshold::expression::Expression;

/// A run without any trouble, with some values exchanged.
fn values(but: &[(&str, Option<f64>)]) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, f64> = [
        ("success", 100.0),
        ("mean", 100.0),
        ("p95", 300.0),
        ("unanswered", 0.0),
        ("sys.cpu.p95", 30.0),
        ("sys.cpu.sustained", 30.0),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for (name, value) in but {
        values.remove(*name);
        values.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    values
}

fn graded(but: &[(&str, Option<f64>)]) -> Option<Grade> {
    worst(&grade(&values(but), false))
}

#[test]
fn each_boundary_belongs_to_one_grade() {
    use Grade::{Excellent, Moderate, Problem};
    for (name, value, expected) in [
        ("success", 95.01, Excellent),
        ("success", 95.0, Moderate),
        ("success", 90.0, Moderate),
        ("success", 89.99, Problem),
        ("mean", 999.9, Excellent),
        ("mean", 1_000.0, Moderate),
        ("mean", 3_000.0, Moderate),
        ("mean", 3_000.1, Problem),
        ("p95", 1_999.9, Excellent),
        ("p95", 2_000.0, Moderate),
        ("p95", 4_999.9, Moderate),
        ("p95", 5_000.0, Problem),
        ("unanswered", 0.0, Excellent),
        ("unanswered", 0.01, Moderate),
        ("unanswered", 5.0, Moderate),
        ("unanswered", 5.01, Problem),
        ("sys.cpu.p95", 79.9, Excellent),
        ("sys.cpu.p95", 80.0, Moderate),
        ("sys.cpu.p95", 100.0, Moderate),
    ] {
        assert_eq!(graded(&[(name, Some(value))]), Some(expected), "{name} {value}");
    }
    // Above 90 % only what lasts is a problem.
    for (sustained, expected) in [(90.0, Moderate), (90.1, Problem)] {
        let cpu = [("sys.cpu.p95", Some(99.0)), ("sys.cpu.sustained", Some(sustained))];
        assert_eq!(graded(&cpu), Some(expected), "{sustained}");
    }
}

#[test]
fn the_worst_measure_decides() {
    assert_eq!(graded(&[]), Some(Grade::Excellent));
    assert_eq!(graded(&[("mean", Some(1_500.0))]), Some(Grade::Moderate));
    assert_eq!(graded(&[("mean", Some(1_500.0)), ("success", Some(20.0))]), Some(Grade::Problem));
}

#[test]
fn what_is_unknown_is_told_and_decides_nothing() {
    let graded = grade(&values(&[("sys.cpu.p95", None), ("sys.cpu.sustained", None)]), false);
    let cpu = graded.last().unwrap();
    assert_eq!((cpu.grade, cpu.check.finding), (None, Finding::Unknown));
    assert_eq!(cpu.check.shown, "not measured");
    assert_eq!(worst(&graded), Some(Grade::Excellent));
    assert_eq!(worst(&grade(&BTreeMap::new(), false)), None);
}

#[test]
fn a_target_that_tells_of_itself_is_judged_by_its_own_processor() {
    let busy = values(&[("target.cpu.p95", Some(99.0)), ("target.cpu.sustained", Some(98.0))]);
    assert_eq!(worst(&grade(&busy, true)), Some(Grade::Problem));
    assert_eq!(worst(&grade(&busy, false)), Some(Grade::Excellent));
}

#[test]
fn the_condition_that_is_shown_is_the_one_that_was_reached() {
    let shown = |success: f64| grade(&values(&[("success", Some(success))]), false)[0].check.clone();
    for (success, expression, finding) in [
        (99.0, "success > 95%", Finding::Held),
        (93.0, "success >= 90%", Finding::Held),
        (12.0, "success >= 90%", Finding::Broken),
    ] {
        let check = shown(success);
        assert_eq!((check.expression.as_str(), check.finding), (expression, finding));
    }
}

#[test]
fn every_shipped_condition_can_be_read() {
    let cpus = [&grades::TARGET_CPU, &grades::OWN_CPU];
    let graded = grades::THREE_LEVEL.iter().chain(cpus).flat_map(|one| [one.excellent, one.moderate]);
    for text in graded.chain(grades::CI.iter().copied()) {
        Expression::parse(text, &of_a_run(Vec::new())).unwrap();
    }
    assert_eq!(grades::CI, ["success > 95%", "p95 < 2s"]);
}
