//! The word on a load: what fails it, what only is told, and the line for people.

use std::time::Duration;

use chrono::DateTime;
use lustrum::model::failure::FailureKind;
use lustrum::model::probe::{Finding, ProbeEnding, ProbeVerdict};
use lustrum::probes::http_load::account::Account;
use lustrum::probes::http_load::compare::{By, Change, Delta};
use lustrum::probes::http_load::grades::GradeSet;
use lustrum::probes::http_load::result::{Comparison, Seen};
use lustrum::probes::http_load::statistics::Statistics;
use lustrum::probes::http_load::verdict::{Facts, Judging, judge};
use lustrum::probes::http_load::words::of_a_run;
use lustrum::probes::threshold::expression::Expression;
use lustrum::transport::http::error::ErrorClass;

const MEASURED: Duration = Duration::from_secs(2);

/// So many answers of 100 ms, and so many requests that failed by a class.
fn statistics(ok: u64, failed: u64, class: ErrorClass) -> Statistics {
    let mut account = Account::default();
    for _ in 0..ok {
        account.ok.latency.record(Duration::from_millis(100));
        account.count_status(200);
    }
    for _ in 0..failed {
        account.failed.latency.record(Duration::from_millis(100));
        account.count_error(class);
        if class == ErrorClass::Status {
            account.count_status(500);
        }
    }
    Statistics::of("overall", &account, MEASURED, None)
}

fn judging(grades: GradeSet, thresholds: &[&str]) -> Judging {
    let vocabulary = of_a_run(Vec::new());
    let thresholds = thresholds.iter().map(|text| Expression::parse(text, &vocabulary).unwrap());
    Judging { thresholds: thresholds.collect(), grades, ..Judging::default() }
}

fn verdict<'a>(judging: &Judging, overall: &'a Statistics, but: impl FnOnce(&mut Facts<'a>)) -> ProbeVerdict {
    let monitor = &|name: &str| name.starts_with("sys.cpu.").then_some(20.0);
    let mut facts = Facts {
        seen: Seen { overall, endpoints: &[], monitor },
        measured: MEASURED,
        aborted: None,
        stopped: false,
        comparison: None,
        url: "http://chat:8000/health",
    };
    but(&mut facts);
    judge(judging, &facts)
}

fn judged(grades: GradeSet, thresholds: &[&str], overall: &Statistics) -> ProbeVerdict {
    verdict(&judging(grades, thresholds), overall, |_| {})
}

#[test]
fn conditions_and_grades_decide_together() {
    use ErrorClass::Status;
    let (good, fair, bad) =
        (statistics(100, 0, Status), statistics(93, 7, Status), statistics(80, 20, Status));
    let passed = judged(GradeSet::ThreeLevel, &["p95 < 2s"], &good);
    assert_eq!((&passed.ending, passed.grade.as_deref()), (&ProbeEnding::Passed, Some("excellent")));
    assert_eq!(passed.checks.len(), 6);
    let headline = "100 requests in 2.0 s, 100 % ok, 50/s, p95 100 ms: excellent";
    assert_eq!(passed.headline, headline);

    let moderate = judged(GradeSet::ThreeLevel, &[], &fair);
    assert_eq!((&moderate.ending, moderate.grade.as_deref()), (&ProbeEnding::Passed, Some("moderate")));
    assert!(moderate.headline.ends_with(": moderate; success >= 90% (93 %)"), "{}", moderate.headline);

    let problem = judged(GradeSet::ThreeLevel, &[], &bad);
    assert_eq!((&problem.ending, problem.grade.as_deref()), (&ProbeEnding::ThresholdFailed, Some("problem")));

    let broken = judged(GradeSet::ThreeLevel, &["p95 < 50ms"], &good);
    assert_eq!((&broken.ending, broken.grade.as_deref()), (&ProbeEnding::ThresholdFailed, Some("excellent")));

    assert_eq!(judged(GradeSet::Ci, &[], &fair).ending, ProbeEnding::ThresholdFailed);
    assert_eq!(judged(GradeSet::Ci, &[], &good).checks.len(), 2);
    assert_eq!(judged(GradeSet::None, &[], &bad).ending, ProbeEnding::Passed);
}

#[test]
fn what_was_not_measured_does_not_pass_a_condition_and_is_named_beside_a_grade() {
    let good = statistics(100, 0, ErrorClass::Status);
    let unknown = judged(GradeSet::None, &["first_event.p95 < 1s"], &good);
    assert_eq!(unknown.ending, ProbeEnding::ThresholdFailed);
    assert_eq!(unknown.checks[0].finding, Finding::Unknown);
    assert!(unknown.headline.ends_with("first_event.p95 < 1s (not measured)"), "{}", unknown.headline);
    let nobody_watched = verdict(&judging(GradeSet::ThreeLevel, &[]), &good, |facts| {
        facts.seen.monitor = &|_| None;
    });
    assert_eq!(nobody_watched.ending, ProbeEnding::Passed);
    assert!(nobody_watched.headline.ends_with("excellent; sys.cpu.p95 not measured"));
}

#[test]
fn a_load_that_nobody_answered_has_measured_nothing() {
    for (class, kind, told) in [
        (ErrorClass::Refused, FailureKind::Unreachable, "ss -ltn"),
        (ErrorClass::Dns, FailureKind::Unreachable, "the name was not resolved"),
        (ErrorClass::Tls, FailureKind::Tls, "TLS did not come up"),
        (ErrorClass::ReadTimeout, FailureKind::NoAnswer, "no answer came in time"),
        (ErrorClass::Malformed, FailureKind::Protocol, "no HTTP"),
    ] {
        let verdict = judged(GradeSet::ThreeLevel, &[], &statistics(0, 9, class));
        let ProbeEnding::Failed { failure } = &verdict.ending else { panic!("{class:?}: {verdict:?}") };
        assert_eq!(failure.kind, kind, "{class:?}");
        assert!(failure.message.contains(told), "{failure}");
        assert!(failure.message.contains("curl -v http://chat:8000/health"), "{failure}");
    }
    // One answer, whatever it says, and it was measured.
    let mixed = statistics(1, 99, ErrorClass::Refused);
    assert_eq!(judged(GradeSet::ThreeLevel, &[], &mixed).ending, ProbeEnding::ThresholdFailed);
    let nothing = judged(GradeSet::None, &[], &statistics(0, 0, ErrorClass::Dns));
    assert!(matches!(nothing.ending, ProbeEnding::Failed { .. }));
}

#[test]
fn what_ended_early_has_failed() {
    let good = statistics(100, 0, ErrorClass::Status);
    let all = judging(GradeSet::None, &[]);
    let aborted = verdict(&all, &good, |facts| facts.aborted = Some(("p95 > 10s for 10s", 23)));
    assert_eq!(aborted.ending, ProbeEnding::ThresholdFailed);
    assert_eq!(aborted.checks[0].expression, "never p95 > 10s for 10s");
    assert_eq!(aborted.checks[0].shown, "ended early, after 23 s");
    let stopped = verdict(&all, &good, |facts| facts.stopped = true);
    let failure = stopped.ending.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Cancelled);
}

#[test]
fn a_regression_fails_when_it_was_asked_to() {
    let good = statistics(100, 0, ErrorClass::Status);
    let change = Change { before: 10.0, after: 20.0, difference: 100.0, lowest: 80.0, highest: 120.0 };
    let worse = Delta {
        endpoint: "chat".to_owned(),
        by: By::Seconds,
        p50: Some(change),
        p95: None,
        success: Change { before: 100.0, after: 100.0, difference: 0.0, lowest: -1.0, highest: 1.0 },
        regressions: vec!["p50 is 100 % slower".to_owned()],
    };
    let with =
        |endpoints: Vec<Delta>| Comparison { with: DateTime::UNIX_EPOCH, endpoints, left_out: Vec::new() };
    let same = Delta { regressions: Vec::new(), ..worse.clone() };
    for (comparison, fails, ending, finding, shown) in [
        (
            with(vec![worse.clone()]),
            true,
            ProbeEnding::ThresholdFailed,
            Finding::Broken,
            "chat: p50 is 100 % slower",
        ),
        (with(vec![worse]), false, ProbeEnding::Passed, Finding::Held, "chat: p50 is 100 % slower"),
        (with(vec![same]), true, ProbeEnding::Passed, Finding::Held, "none"),
        // Nothing that could be compared is no proof.
        (with(Vec::new()), true, ProbeEnding::ThresholdFailed, Finding::Unknown, "nothing could be compared"),
        (with(Vec::new()), false, ProbeEnding::Passed, Finding::Held, "nothing could be compared"),
    ] {
        let judging = Judging { fail_on_regression: fails, ..judging(GradeSet::None, &[]) };
        let verdict = verdict(&judging, &good, |facts| facts.comparison = Some(&comparison));
        assert_eq!(verdict.ending, ending);
        let check = verdict.checks.last().unwrap();
        assert_eq!((check.finding, check.shown.as_str()), (finding, shown));
    }
}
