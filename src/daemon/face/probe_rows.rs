//! Probes on the pages: how each ended, and how many did not pass.

use crate::daemon::face::html::{duration, escaped};
use crate::history::picture_view::PictureView;
use crate::model::probe::{Finding, ProbeEnding, ProbeName, ProbeRecord};

/// A row a probe of a run: its name, kind and end, what it says and which conditions do not hold,
/// and how long it took.
pub fn rows(view: &PictureView) -> Vec<Vec<String>> {
    let row = |(name, record): (&ProbeName, &ProbeRecord)| {
        let verdict = &record.verdict;
        let grade = verdict.grade.as_ref().map(|grade| format!(", {}", escaped(grade))).unwrap_or_default();
        let (class, ending) = (class(&verdict.ending), verdict.ending.spoken());
        let broken = verdict.checks.iter().filter(|check| check.finding != Finding::Held).map(|check| {
            let (expression, shown) = (escaped(&check.expression), escaped(&check.shown));
            format!("<p><code>{expression}</code> does not hold: {shown}</p>")
        });
        let why = verdict.why().map(|why| format!("<p>{}</p>", escaped(&why))).unwrap_or_default();
        let says = format!("<p>{}</p>{why}{}", escaped(&verdict.headline), broken.collect::<String>());
        vec![
            escaped(name.as_str()),
            record.kind.spoken().to_owned(),
            format!("<span><span class=\"{class}\">{ending}</span>{grade}</span>"),
            format!("<div>{says}</div>"),
            format!("<span class=\"number\">{}</span>", duration(record.duration_ms)),
        ]
    };
    view.probes.iter().map(row).collect()
}

/// Nothing where nothing was measured.
pub fn counts(not_ok: u64, all: u64) -> String {
    match (not_ok, all) {
        (_, 0) => String::new(),
        (0, 1) => "<span class=\"good\">1 probe passed</span>".to_owned(),
        (0, all) => format!("<span class=\"good\">{all} probes passed</span>"),
        (not_ok, 1) => format!("<span class=\"bad\">{not_ok} probe did not pass</span>"),
        (not_ok, all) => format!("<span class=\"bad\">{not_ok} of {all} probes did not pass</span>"),
    }
}

const fn class(ending: &ProbeEnding) -> &'static str {
    match ending {
        ProbeEnding::Passed => "good",
        ProbeEnding::ThresholdFailed | ProbeEnding::Failed { .. } => "bad",
        ProbeEnding::NotRun { .. } => "fair",
    }
}
