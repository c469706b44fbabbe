//! The word on a load: its conditions, its grade, and one line for people.

use std::time::Duration;

use crate::model::failure::{Failure, FailureKind};
use crate::model::probe::{Check, Finding, ProbeEnding, ProbeVerdict};
use crate::probes::http_load::grades::{self, Grade, GradeSet, Graded};
use crate::probes::http_load::result::{Comparison, Seen};
use crate::probes::http_load::statistics::Statistics;
use crate::probes::threshold::expression::Expression;
use crate::probes::threshold::judgement::check;
use crate::probes::threshold::quantity::Quantity;
use crate::transport::http::error::ErrorClass;

/// What a load is judged by.
#[derive(Clone, Debug, Default)]
pub struct Judging {
    pub thresholds: Vec<Expression>,
    pub grades: GradeSet,
    /// Whether a regression against the earlier run fails the load.
    pub fail_on_regression: bool,
    /// Whether the target tells of its own processor.
    pub target_is_watched: bool,
}

/// What is judged, beside the values.
pub struct Facts<'a> {
    pub seen: Seen<'a>,
    pub measured: Duration,
    /// The condition that ended the load early, and after how many seconds.
    pub aborted: Option<(&'a str, u64)>,
    /// It was told to stop.
    pub stopped: bool,
    pub comparison: Option<&'a Comparison>,
    /// The URL of an endpoint, to check the server by.
    pub url: &'a str,
}

/// Judges. A condition without a value is not met; a grade may lack a measure, and says so.
pub fn judge(judging: &Judging, facts: &Facts<'_>) -> ProbeVerdict {
    let graded = match judging.grades {
        GradeSet::ThreeLevel => grades::grade(&facts.seen, judging.target_is_watched),
        GradeSet::Ci | GradeSet::None => Vec::new(),
    };
    let grade = grades::worst(&graded);
    let ci = if judging.grades == GradeSet::Ci { grades::ci() } else { Vec::new() };
    let mut asked: Vec<Check> =
        ci.iter().chain(&judging.thresholds).map(|expression| check(expression, &facts.seen)).collect();
    asked.extend(facts.aborted.map(|(text, second)| Check {
        expression: format!("never {text}"),
        value: None,
        shown: format!("ended early, after {second} s"),
        finding: Finding::Broken,
    }));
    asked.extend(facts.comparison.map(|comparison| regression_check(comparison, judging.fail_on_regression)));
    let not_met = asked.iter().any(|check| check.finding != Finding::Held) || grade == Some(Grade::Problem);
    let ending = if facts.stopped {
        let failure = Failure::new(FailureKind::Cancelled, "stopped before its end");
        ProbeEnding::Failed { failure }
    } else if let Some(failure) = nothing_answered(facts) {
        ProbeEnding::Failed { failure }
    } else if not_met {
        ProbeEnding::ThresholdFailed
    } else {
        ProbeEnding::Passed
    };
    let headline = match &ending {
        ProbeEnding::Failed { failure } => failure.to_string(),
        _ => headline(facts, grade, &graded, &asked),
    };
    let of_grade = graded.into_iter().map(|graded| graded.check);
    let checks = of_grade.chain(asked).collect();
    ProbeVerdict { ending, grade: grade.map(|grade| grade.word().to_owned()), checks, headline }
}

/// A load that met nobody has measured nothing.
fn nothing_answered(facts: &Facts<'_>) -> Option<Failure> {
    let overall = facts.seen.overall;
    if !overall.statuses.is_empty() {
        return None;
    }
    let (url, requests) = (facts.url, overall.requests);
    let Some((class, _)) = ErrorClass::ALL
        .into_iter()
        .map(|class| (class, overall.errors_in(&[class])))
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(_, count)| *count)
    else {
        return Some(Failure::new(FailureKind::NoAnswer, "no request ended in the measured time"));
    };
    let (kind, what) = match class {
        ErrorClass::Refused => (FailureKind::Unreachable, "the connection was refused: nobody listens there"),
        ErrorClass::Dns => (FailureKind::Unreachable, "the name was not resolved"),
        ErrorClass::Unreachable => (FailureKind::Unreachable, "there is no way to the address"),
        ErrorClass::ConnectTimeout => (FailureKind::Unreachable, "no connection came about in time"),
        ErrorClass::Tls => (FailureKind::Tls, "TLS did not come up"),
        ErrorClass::Reset => (FailureKind::NoAnswer, "connections ended before an answer began"),
        ErrorClass::ReadTimeout => (FailureKind::NoAnswer, "no answer came in time"),
        ErrorClass::Local => (FailureKind::Bug, "this machine has no file descriptors or ports left"),
        _ => (FailureKind::Protocol, "what came is no HTTP"),
    };
    let message =
        format!("{requests} requests, none was answered: {what}; check the server with `curl -v {url}`");
    let message = match class {
        ErrorClass::Refused => format!("{message}, and on its machine what listens with `ss -ltn`"),
        _ => message,
    };
    Some(Failure::new(kind, message))
}

/// Held without a regression. Where a regression is not to fail the load it is only told.
fn regression_check(comparison: &Comparison, fails: bool) -> Check {
    let worse: Vec<String> = comparison
        .endpoints
        .iter()
        .flat_map(|delta| delta.regressions.iter().map(|what| format!("{}: {what}", delta.endpoint)))
        .collect();
    let finding = match (worse.is_empty(), comparison.endpoints.is_empty()) {
        (true, true) if fails => Finding::Unknown,
        (true, _) => Finding::Held,
        (false, _) if fails => Finding::Broken,
        (false, _) => Finding::Held,
    };
    let shown = match (&worse[..], comparison.endpoints.is_empty()) {
        ([], true) => "nothing could be compared".to_owned(),
        ([], false) => "none".to_owned(),
        _ => worse.join(", "),
    };
    let expression = if fails { "no regression" } else { "regressions are told" };
    Check { expression: expression.to_owned(), value: Some(worse.len() as f64), shown, finding }
}

fn headline(facts: &Facts<'_>, grade: Option<Grade>, graded: &[Graded], asked: &[Check]) -> String {
    let mut text = figures(facts.seen.overall, facts.measured);
    if let Some(grade) = grade {
        text.push_str(&format!(": {}", grade.word()));
    }
    let worst = graded.iter().filter(|one| one.grade.is_some() && one.grade == grade);
    let why = worst.filter(|_| grade > Some(Grade::Excellent)).map(|one| &one.check);
    let reasons = why.chain(asked.iter().filter(|check| check.finding != Finding::Held));
    let mut told: Vec<String> =
        reasons.map(|check| format!("{} ({})", check.expression, check.shown)).collect();
    let unknown = graded.iter().filter(|one| one.grade.is_none());
    told.extend(unknown.map(|one| format!("{} not measured", measure_of(&one.check))));
    if !told.is_empty() {
        text.push_str(&format!("; {}", told.join(", ")));
    }
    text
}

/// `sys.cpu.p95` of `sys.cpu.p95 < 80%`.
fn measure_of(check: &Check) -> &str {
    check.expression.split(' ').next().unwrap_or_default()
}

fn figures(overall: &Statistics, measured: Duration) -> String {
    let shown = |quantity: Quantity, value: Option<f64>| {
        value.map_or_else(|| "unknown".to_owned(), |value| quantity.show(value))
    };
    format!(
        "{} requests in {:.1} s, {} ok, {}, p95 {}",
        overall.requests,
        measured.as_secs_f64(),
        shown(Quantity::Share, overall.success_percent),
        shown(Quantity::Rate, overall.rps),
        shown(Quantity::Time, overall.value("p95")),
    )
}

/// What makes the numbers doubtful.
pub fn warnings(
    overall: &Statistics,
    generator: &crate::probes::http_load::result::Generator,
    measured: Duration,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(percent) = generator.thread_cpu_percent.filter(|percent| *percent > SATURATED_PERCENT) {
        warnings.push(format!(
            "the generator itself was saturated: a thread of it took {percent:.0} % of a core, so latencies \
             are partly its own; send less, or from more cores"
        ));
    }
    let is_long = measured >= Duration::from_secs(1);
    if let Some(law) = generator.littles_law.filter(|law| is_long && *law > IDLE_USERS) {
        warnings.push(format!(
            "by Little's law only {:.0} of {} users were in a request at a time: the others waited for the \
             generator or for connections",
            f64::from(generator.users) / law,
            generator.users
        ));
    }
    if overall.dropped > Some(0) {
        warnings.push(format!(
            "{} intended requests were never sent: {} users are too few for the rate, or the server is too slow",
            overall.dropped.unwrap_or_default(),
            generator.users
        ));
    }
    let local = overall.errors_in(&[ErrorClass::Local]);
    if local > 0 {
        warnings.push(format!(
            "{local} requests failed on this machine, which has no file descriptors or ports left"
        ));
    }
    warnings
}

/// Of one core.
const SATURATED_PERCENT: f64 = 90.0;
/// Users over those in a request: above this, more than a tenth of their time is not the server's.
const IDLE_USERS: f64 = 1.1;
