//! The daemon's pages: everything on them is escaped, and they load and run nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lustrum::daemon::face::html::{bytes, duration, escaped, page};
use lustrum::daemon::face::pages::{run_body, status_body};
use lustrum::daemon::picture::{Picture, RunOutcome, RunPicture};
use lustrum::history::ledger::Entry;
use lustrum::history::picture_view::PictureView;
use lustrum::model::event::{Coverage, Event, NamedVm, Verdict};
use lustrum::model::outcome::StepName;
use lustrum::model::probe::{Check, Finding, ProbeEnding, ProbeKind, ProbeName, ProbeRecord, ProbeVerdict};
use lustrum::model::run::{JobName, RunId, Slot};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::output::store::Store;

use crate::world::past::PastRun;
use crate::world::sample_rows::host;

const HOSTILE: &str = "</p><script>alert(1)</script>\"'&\u{202e}gpj.exe\u{7}";

/// No text may have become a tag: of all tags only ours are there.
fn is_tame(html: &str) {
    let known = [
        "header", "main", "section", "h1", "h2", "p", "a", "dl", "dt", "dd", "ul", "li", "table", "thead",
        "tbody", "tr", "th", "td", "div", "span", "code", "time", "details", "summary",
    ];
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_alphanumeric()).next().unwrap();
        assert!(known.contains(&name), "<{tag}");
    }
    assert!(!html.contains(['\u{202e}', '\u{7}']));
}

/// A probe whose one condition does not hold, with a text wherever one may stand.
fn judged(text: &str) -> ProbeRecord {
    let check =
        Check { expression: text.to_owned(), value: None, shown: text.to_owned(), finding: Finding::Broken };
    let verdict = ProbeVerdict {
        ending: ProbeEnding::ThresholdFailed,
        grade: Some(text.to_owned()),
        checks: vec![check],
        headline: text.to_owned(),
    };
    let ended_at = chrono::DateTime::UNIX_EPOCH;
    ProbeRecord { kind: ProbeKind::HttpLoad, verdict, rows: 0, duration_ms: 1, ended_at }
}

#[test]
fn hostile_names_stay_text() {
    let mut run = PastRun::full("census", "20260101T060000.000Z").ok("hv01");
    let missing = vec![NamedVm { vm_id: "1".into(), vm_name: HOSTILE.into() }];
    let coverage = Coverage { seen: 0, missing, unexpected: Vec::new(), share: Some(0.0) };
    run.manifest.apply(&Event::HostAudited {
        host: host("hv01"),
        duration_ms: 1,
        verdict: Verdict {
            status: FinalStatus::InventoryPartial,
            reachable: true,
            reasons: vec![Reason::CoverageGap],
            baseline_vms: Some(1),
            coverage: BTreeMap::from([(StepName("vinfo".into()), coverage)]),
        },
    });
    run.manifest.apply(&Event::Warning { host: None, message: HOSTILE.into() });
    run.manifest.probes.insert(ProbeName::parse("api").unwrap(), judged(HOSTILE));
    let entry = Entry::of(&run.manifest);
    let picture = lustrum::history::picture::Picture::merge(vec![run.manifest]);
    let html = run_body(&PictureView::of(&picture, &Store::memory()));
    is_tame(&html);
    assert!(html.contains("&lt;script&gt;") && html.contains(r"\u202e"), "{html}");
    let probes = &html[html.find("<h2>Probes</h2>").unwrap()..html.find("<h2>Warnings</h2>").unwrap()];
    assert_eq!(probes.matches("&lt;script&gt;").count(), 4, "{probes}");
    let html = status_body(&Picture::default(), &Ok(vec![entry]), chrono::DateTime::UNIX_EPOCH);
    assert!(html.contains("1 Partial") && html.contains("1 probe did not pass"), "{html}");

    let slot = Slot::parse("20260101T060000.000Z").unwrap();
    let job = JobName::parse("census").unwrap();
    let mut picture = Picture::default();
    picture.refused.insert(PathBuf::from(format!("{HOSTILE}.toml")), vec![HOSTILE.to_owned()]);
    picture.runs.push_back(RunPicture {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        started_at: slot.instant(),
        ended_at: Some(slot.instant()),
        outcome: RunOutcome::Failed,
        hosts: None,
        counts: BTreeMap::new(),
        bytes: 0,
        steps: Vec::new(),
        failure: Some(HOSTILE.to_owned()),
        undelivered_notifications: 0,
    });
    let html = status_body(&picture, &Err(HOSTILE.to_owned()), slot.instant());
    is_tame(&html);
    assert_eq!(html.matches("&lt;script&gt;").count(), 4, "{html}");
}

#[test]
fn a_page_loads_and_runs_nothing() {
    let answer = page("a <b> & c", "<main></main>");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
    assert_eq!(escaped("a<b>\n&\"'"), "a&lt;b&gt; &amp;&quot;&#39;");
}

#[test]
fn quantities_are_told_as_people_say_them() {
    let told: Vec<_> = [7, 1000, 61_000, 7_500_000].into_iter().map(duration).collect();
    assert_eq!(told, ["7 ms", "1 s", "1 min 1 s", "2 h 5 min"]);
    let told: Vec<_> = [0, 1023, 1536, 5 << 20, 3 << 30].into_iter().map(bytes).collect();
    assert_eq!(told, ["0 B", "1023 B", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
}
