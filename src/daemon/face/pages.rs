//! The status page and a run's page, for people; no script, nothing to load.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};

use crate::daemon::face::html::{bytes, duration, escaped, instant, page};
use crate::daemon::face::probe_rows;
use crate::daemon::face::runs;
use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::Visitor;
use crate::daemon::picture::{JobPicture, Picture, RunOutcome, RunPicture};
use crate::daemon::scheduler::Pause;
use crate::history::ledger::Entry;
use crate::history::picture_view::{HostView, PictureView};
use crate::model::status::FinalStatus;

/// Runs on the status page.
const RUNS_SHOWN: usize = 20;

pub async fn status(State(visitor): State<Arc<Visitor>>) -> Result<Response, Trouble> {
    let now = visitor.clock.read_anew().now();
    let committed = visitor.archives.page(&visitor.roots(), |_| true, None, RUNS_SHOWN).await;
    let committed = committed.map(|page| page.runs).map_err(|error| error.to_string());
    let body = visitor.state.read(|picture| status_body(picture, &committed, now));
    Ok(page("Lustrum", &body))
}

pub async fn run(
    State(visitor): State<Arc<Visitor>>,
    named: Result<Path<String>, PathRejection>,
) -> Result<Response, Trouble> {
    let view = runs::found(&visitor, named).await?;
    Ok(page(view.run.run_id.as_str(), &run_body(&view)))
}

/// The jobs, the files that were refused, the last runs. A store that cannot be read leaves
/// its runs out and says so.
pub fn status_body(picture: &Picture, committed: &Result<Vec<Entry>, String>, now: DateTime<Utc>) -> String {
    let standing = if picture.draining { "shutting down" } else { "at work" };
    let version = env!("CARGO_PKG_VERSION");
    let mut html = format!(
        "<header>\n<h1>Lustrum</h1>\n<p class=\"faint\">{version}, {standing}; as of {} UTC. All times are UTC.</p>\n</header>\n<main>\n",
        instant(now)
    );
    refused_files(&mut html, picture);
    html.push_str("<section>\n<h2>Jobs</h2>\n");
    if picture.jobs.is_empty() {
        html.push_str("<p>There is no job yet: put a job file into the folder of jobs.</p>\n");
    } else {
        let jobs: Vec<_> = picture.jobs.values().map(job_row).collect();
        html.push_str(&table(&["Job", "State", "Next start", "Last run", "Result"], &jobs));
    }
    html.push_str("</section>\n");
    let unfinished: Vec<_> = picture.runs.iter().rev().filter(|run| is_worth_telling(run)).collect();
    if !unfinished.is_empty() {
        let rows: Vec<_> = unfinished.into_iter().take(RUNS_SHOWN).map(run_row).collect();
        html.push_str("<section>\n<h2>Runs under way, and without a result</h2>\n");
        html.push_str(&table(&["Run", "State", "Began", "Hosts so far"], &rows));
        html.push_str("</section>\n");
    }
    html.push_str("<section>\n<h2>Last runs</h2>\n");
    match committed {
        Err(why) => {
            let _infallible =
                writeln!(html, "<p class=\"bad\">The store cannot be read: {}</p>", escaped(why));
        }
        Ok(runs) if runs.is_empty() => html.push_str("<p>No run has been committed yet.</p>\n"),
        Ok(runs) => {
            let rows: Vec<_> = runs.iter().map(entry_row).collect();
            html.push_str(&table(&["Run", "Began", "Took", "VMs", "Written", "Result"], &rows));
        }
    }
    html.push_str("</section>\n</main>\n");
    html
}

/// A run merged with its retries: first what went wrong.
pub fn run_body(view: &PictureView) -> String {
    let run = &view.run;
    let mut html = format!(
        "<header>\n<p><a href=\"/\">Lustrum</a></p>\n<h1>{}</h1>\n</header>\n<main>\n<dl>\n",
        escaped(run.run_id.as_str())
    );
    let mut fact = |term: &str, told: &str| {
        let _infallible = writeln!(html, "<dt>{term}</dt><dd>{told}</dd>");
    };
    let asks_hosts = !view.hosts.is_empty() || view.probes.is_empty();
    if asks_hosts {
        fact("Hosts", &counts(&view.counts));
        fact("VMs", &view.vms.to_string());
    }
    if !view.probes.is_empty() {
        fact("Probes", &probe_rows::counts(view.run.probes_not_ok, view.run.probes));
    }
    fact("Began", &format!("{} UTC", instant(run.started_at)));
    fact("Took", &duration(run.duration_ms));
    if run.cancelled.is_some() {
        fact("Cancelled", "<span class=\"bad\">before its end</span>");
    }
    for retry in &view.retries {
        fact("Retried by", &run_link(retry));
    }
    html.push_str("</dl>\n");
    let (failed, good): (Vec<&HostView>, Vec<&HostView>) =
        view.hosts.iter().partition(|host| !host.status.is_good());
    if asks_hosts {
        html.push_str("<section>\n<h2>Hosts that are not OK</h2>\n");
        if failed.is_empty() {
            html.push_str("<p class=\"good\">None.</p>\n");
        } else {
            let rows: Vec<_> = failed.into_iter().map(host_row).collect();
            html.push_str(&table(&["Host", "Status", "Reasons", "Why"], &rows));
        }
        html.push_str("</section>\n");
    }
    if !view.probes.is_empty() {
        html.push_str("<section>\n<h2>Probes</h2>\n");
        let heads = ["Probe", "Kind", "Ended", "What it says", "Took"];
        html.push_str(&table(&heads, &probe_rows::rows(view)));
        html.push_str("</section>\n");
    }
    if !view.warnings.is_empty() {
        html.push_str("<section>\n<h2>Warnings</h2>\n<ul>\n");
        for warning in &view.warnings {
            let host = warning.host.as_ref().map_or_else(String::new, |host| format!("{host}: "));
            let _infallible = writeln!(html, "<li>{}{}</li>", escaped(&host), escaped(&warning.message));
        }
        html.push_str("</ul>\n</section>\n");
    }
    if !good.is_empty() {
        let rows: Vec<_> =
            good.iter().map(|host| vec![escaped(host.host.as_str()), word(host.status)]).collect();
        let _infallible =
            writeln!(html, "<details>\n<summary>{} hosts are OK or proven empty</summary>", good.len());
        html.push_str(&table(&["Host", "Status"], &rows));
        html.push_str("</details>\n");
    }
    files(&mut html, view);
    html.push_str("</main>\n");
    html
}

fn files(html: &mut String, view: &PictureView) {
    html.push_str("<details>\n<summary>Files</summary>\n");
    for run in &view.files {
        let (run_id, root) = (escaped(run.run_id.as_str()), escaped(&run.root));
        let _infallible = writeln!(html, "<p>{run_id} in <code>{root}</code></p>");
        let row = |artifact: &crate::model::artifact::Artifact| {
            let path = format!("<code>{}</code>", escaped(&artifact.path));
            vec![
                path,
                number(artifact.rows),
                format!("<span class=\"number\">{}</span>", bytes(artifact.bytes)),
            ]
        };
        let rows: Vec<_> = run.artifacts.iter().map(row).collect();
        html.push_str(&table(&["File", "Rows", "Size"], &rows));
    }
    html.push_str("</details>\n");
}

fn refused_files(html: &mut String, picture: &Picture) {
    if picture.refused.is_empty() {
        return;
    }
    html.push_str("<section>\n<h2 class=\"bad\">Job files that cannot be used</h2>\n");
    for (path, problems) in &picture.refused {
        let _infallible =
            writeln!(html, "<p><code>{}</code></p>\n<ul>", escaped(&path.display().to_string()));
        for problem in problems {
            let _infallible = writeln!(html, "<li>{}</li>", escaped(problem));
        }
        html.push_str("</ul>\n");
    }
    html.push_str("</section>\n");
}

/// Committed runs are told by their store; the others nobody else remembers.
fn is_worth_telling(run: &RunPicture) -> bool {
    matches!(run.outcome, RunOutcome::Running | RunOutcome::Interrupted | RunOutcome::Failed)
}

fn job_row(job: &JobPicture) -> Vec<String> {
    let state = match (job.running.len(), job.waiting.len(), job.paused) {
        (0, 0, None) => "idle".to_owned(),
        (0, 0, Some(Pause::File)) => "<span class=\"fair\">paused by its file</span>".to_owned(),
        (0, 0, Some(Pause::Hand)) => "<span class=\"fair\">paused by hand</span>".to_owned(),
        (0, waiting, _) => format!("{waiting} waiting"),
        (1, 0, _) => "running".to_owned(),
        (running, waiting, _) => format!("{running} running, {waiting} waiting"),
    };
    let next = match (job.next_start_at, job.paused) {
        (Some(at), None) => instant(at),
        (Some(_), Some(_)) => "<span class=\"faint\">when resumed</span>".to_owned(),
        (None, _) => "<span class=\"faint\">by hand only</span>".to_owned(),
    };
    let (last, result) = match &job.last_committed {
        Some(last) => {
            let run_id = escaped(last.run_id.as_str());
            let not_ok = last.probes.values().filter(|passed| !**passed).count() as u64;
            let result = result(&last.counts, not_ok, last.probes.len() as u64);
            (format!("<a href=\"/runs/{run_id}\">{}</a>", instant(last.ended_at)), result)
        }
        None => ("<span class=\"faint\">none</span>".to_owned(), String::new()),
    };
    vec![escaped(job.name.as_str()), state, next, last, result]
}

fn run_row(run: &RunPicture) -> Vec<String> {
    let state = match (&run.failure, run.outcome) {
        (Some(failure), _) => {
            format!("<p class=\"bad\">could not be recorded</p><p>{}</p>", escaped(failure))
        }
        (None, RunOutcome::Running) => "running".to_owned(),
        (None, _) => "<span class=\"fair\">interrupted</span>".to_owned(),
    };
    let judged: u64 = run.counts.values().sum();
    let of = run.hosts.map_or_else(String::new, |hosts| format!("{judged} of {hosts}"));
    let hosts = format!("<p class=\"number\">{of}</p>{}", counts(&run.counts));
    vec![
        escaped(run.run_id.as_str()),
        format!("<div>{state}</div>"),
        instant(run.started_at),
        format!("<div>{hosts}</div>"),
    ]
}

fn entry_row(run: &Entry) -> Vec<String> {
    vec![
        run_link(run),
        instant(run.started_at),
        format!("<span class=\"number\">{}</span>", duration(run.duration_ms)),
        number(run.vms),
        format!("<span class=\"number\">{}</span>", bytes(run.bytes)),
        result(&run.counts, run.probes_not_ok, run.probes),
    ]
}

fn host_row(host: &HostView) -> Vec<String> {
    let reasons: Vec<&str> = host.reasons.iter().map(|reason| reason.word()).collect();
    let why: String = host.why.iter().map(|why| format!("<p>{}</p>", escaped(why))).collect();
    vec![
        escaped(host.host.as_str()),
        word(host.status),
        escaped(&reasons.join(", ")),
        format!("<div>{why}</div>"),
    ]
}

fn run_link(run: &Entry) -> String {
    let run_id = escaped(run.run_id.as_str());
    format!("<a href=\"/runs/{run_id}\">{run_id}</a>")
}

fn number(number: u64) -> String {
    format!("<span class=\"number\">{number}</span>")
}

const fn class(status: FinalStatus) -> &'static str {
    match status {
        FinalStatus::InventoryOk | FinalStatus::InventoryEmpty => "good",
        FinalStatus::InventoryPartial => "fair",
        FinalStatus::InventoryError => "bad",
    }
}

fn word(status: FinalStatus) -> String {
    format!("<span class=\"{}\">{}</span>", class(status), status.spoken())
}

/// Hosts by final status, those there are, and how the probes ended.
fn result(hosts: &BTreeMap<FinalStatus, u64>, probes_not_ok: u64, probes: u64) -> String {
    let hosts = if hosts.values().any(|hosts| *hosts > 0) { counts(hosts) } else { String::new() };
    let probes = match probe_rows::counts(probes_not_ok, probes) {
        told if told.is_empty() => told,
        told => format!("<div class=\"counts\">{told}</div>"),
    };
    format!("<div>{hosts}{probes}</div>")
}

fn counts(counts: &BTreeMap<FinalStatus, u64>) -> String {
    let told = counts.iter().filter(|(_, hosts)| **hosts > 0);
    let spoken = |status: FinalStatus| status.spoken().trim_start_matches("Inventory ");
    let each = told.map(|(status, hosts)| {
        format!("<span class=\"{}\">{hosts} {}</span> ", class(*status), spoken(*status))
    });
    format!("<div class=\"counts\">{}</div>", each.collect::<String>())
}

/// Cells are HTML. On a narrow screen a row becomes a block in which each cell says what it is.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let mut html = format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n");
    for row in rows {
        let cells = heads.iter().zip(row);
        let cells: String =
            cells.map(|(head, cell)| format!("<td data-head=\"{head}\">{cell}</td>")).collect();
        let _infallible = writeln!(html, "<tr>{cells}</tr>");
    }
    html.push_str("</tbody>\n</table>\n");
    html
}
