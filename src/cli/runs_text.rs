//! Earlier runs for people: the list, the picture of one, the word on its files.

use crate::cli::columns::{Columns, count, counted, duration, size, visible};
use crate::cli::probe_text;
use crate::cli::progress::paint_of;
use crate::cli::terminal::{Look, Paint};
use crate::history::ledger::Entry;
use crate::history::picture_view::{HostView, PictureView, RunFiles};
use crate::history::verify::{Checked, Finding};
use crate::model::artifact::Artifact;
use crate::model::event::CancelCause;
use crate::model::manifest::Manifest;
use crate::model::run::Scope;
use crate::model::status::FinalStatus;

/// Lists are cut here; `--json` has everything.
pub const LONGEST_LIST: usize = 20;

/// One line a run.
pub fn list(entries: &[Entry], root: &str, look: Look) -> String {
    if entries.is_empty() {
        return format!("No committed runs in {}.", visible(root));
    }
    let mut lines = vec![look.paint(Paint::Strong, &format!("Runs in {}", visible(root)))];
    let mut columns = (1..=7).fold(Columns::default(), Columns::right);
    columns.row(["run", "hosts", "ok", "empty", "partial", "error", "VMs", "took", "scope"]);
    for entry in entries {
        let of = |status| count(entry.counts.get(&status).copied().unwrap_or_default());
        let counts = FinalStatus::ALL.map(of);
        let cells = [entry.run_id.to_string(), count(entry.hosts)].into_iter().chain(counts);
        columns.row(cells.chain([count(entry.vms), duration(entry.duration_ms), scope(entry)]));
    }
    // Unwrapped: run ids are for pasting, and a line is a run.
    lines.extend(columns.lines(None));
    lines.join("\n")
}

fn scope(entry: &Entry) -> String {
    let scope = match (entry.scope, &entry.parent) {
        (Scope::Full, _) => "full".to_owned(),
        (Scope::Part, _) => "part".to_owned(),
        (Scope::Retry, Some(parent)) => format!("retry of {parent}"),
        (Scope::Retry, None) => "retry".to_owned(),
    };
    let probes = match (entry.probes_not_ok, entry.probes) {
        (_, 0) => String::new(),
        (0, probes) => format!(", {}", counted(probes, "probe", "probes")),
        (not_ok, probes) => format!(", {not_ok} of {} not OK", counted(probes, "probe", "probes")),
    };
    let cancelled = match entry.cancelled {
        None => "",
        Some(CancelCause::Operator) => ", cancelled by the operator",
        Some(CancelCause::Deadline) => ", cancelled by its deadline",
        Some(CancelCause::Replaced) => ", cancelled for a newer slot",
    };
    format!("{scope}{probes}{cancelled}")
}

/// A screenful, however large the fleet.
pub fn show(view: &PictureView, look: Look) -> String {
    let run = &view.run;
    let what = if view.hosts.is_empty() && !view.probes.is_empty() { "Probes" } else { "Census" };
    let title = look.paint(Paint::Strong, &format!("{what} of {}", run.job));
    let mut page = Page { look, lines: vec![format!("{title}  run {}", run.run_id)] };
    let began = run.started_at.format("%Y-%m-%d %H:%M:%S UTC");
    page.lines.push(format!("began {began}, took {}, {}", duration(run.duration_ms), scope(run)));
    page.retries(view);
    if !view.hosts.is_empty() || view.probes.is_empty() {
        page.counts(view);
    }
    page.not_ok(view);
    if !view.probes.is_empty() {
        page.section("Probes", "");
        page.lines.extend(probe_text::lines(&view.probes, look));
    }
    page.warnings(view);
    page.files(view);
    page.lines.join("\n")
}

struct Page {
    look: Look,
    lines: Vec<String>,
}

impl Page {
    fn section(&mut self, title: &str, note: &str) {
        self.lines.push(String::new());
        let title = self.look.paint(Paint::Strong, title);
        self.lines.push(if note.is_empty() { title } else { format!("{title}  {note}") });
    }

    fn retries(&mut self, view: &PictureView) {
        if view.retries.is_empty() {
            return;
        }
        self.section("Retries", "their results stand below where they are better");
        let mut columns = Columns::default().right(1).right(2);
        for retry in &view.retries {
            let ok = retry.counts.get(&FinalStatus::InventoryOk).copied().unwrap_or_default();
            columns.row([
                retry.run_id.to_string(),
                counted(retry.hosts, "host", "hosts"),
                format!("{} OK", count(ok)),
            ]);
        }
        self.lines.extend(columns.lines(None));
    }

    fn counts(&mut self, view: &PictureView) {
        self.lines.push(String::new());
        let mut columns = Columns::default().right(1);
        for (status, hosts) in &view.counts {
            let note = match status {
                FinalStatus::InventoryOk => {
                    let all = counted(view.hosts.len() as u64, "host", "hosts");
                    format!("of {all}; {} in all baselines", counted(view.vms, "VM", "VMs"))
                }
                FinalStatus::InventoryEmpty if *hosts > 0 => "proven to hold no VM".to_owned(),
                _ => String::new(),
            };
            columns.row([status.spoken(), &count(*hosts), &note]);
        }
        let look = self.look;
        self.lines.extend(columns.lines(None).into_iter().zip(&view.counts).map(
            |(line, (status, hosts))| {
                if *hosts > 0 { look.paint(paint_of(*status), &line) } else { line }
            },
        ));
    }

    fn not_ok(&mut self, view: &PictureView) {
        let is_ok = |status| matches!(status, FinalStatus::InventoryOk | FinalStatus::InventoryEmpty);
        let mut not_ok: Vec<&HostView> = view.hosts.iter().filter(|host| !is_ok(host.status)).collect();
        if not_ok.is_empty() {
            return;
        }
        not_ok.sort_by_key(|host| std::cmp::Reverse(host.status));
        self.section("Not OK", &counted(not_ok.len() as u64, "host", "hosts"));
        let mut columns = Columns::default();
        for host in not_ok.iter().take(LONGEST_LIST) {
            let reasons: Vec<&str> = host.reasons.iter().map(|reason| reason.word()).collect();
            let first = host.why.first().map_or("", String::as_str);
            columns.row([host.host.as_str(), host.status.spoken(), &reasons.join(", "), first]);
        }
        self.lines.extend(columns.lines(self.look.width));
        self.rest(not_ok.len());
        let again = counted(view.to_retry, "host", "hosts");
        self.lines
            .push(format!("  `lustrum run {} --retry {}` asks {again} again", view.run.job, view.run.run_id));
    }

    fn warnings(&mut self, view: &PictureView) {
        if view.warnings.is_empty() {
            return;
        }
        self.section("Warnings", "");
        let mut columns = Columns::default();
        for warning in view.warnings.iter().take(LONGEST_LIST) {
            columns.row([warning.host.as_ref().map_or("run", |host| host.as_str()), &warning.message]);
        }
        self.lines.extend(columns.lines(self.look.width));
        self.rest(view.warnings.len());
    }

    fn files(&mut self, view: &PictureView) {
        for (place, run) in view.files.iter().enumerate() {
            let title = if place == 0 { "Files".to_owned() } else { format!("Files of {}", run.run_id) };
            let bytes = run.artifacts.iter().map(|artifact| artifact.bytes).sum();
            self.section(&title, &format!("{} in {}", size(bytes), visible(&run.root)));
            let mut columns = Columns::default().right(1);
            for artifact in run.artifacts.iter().filter(|artifact| place == 0 && is_best(artifact, run)) {
                let name = artifact.table.as_deref().unwrap_or_default();
                columns.row([name, &counted(artifact.rows, "row", "rows"), &artifact.path]);
            }
            columns.row(["manifest", "", &run.manifest]);
            // Paths are for pasting: they are never wrapped.
            self.lines.extend(columns.lines(None));
        }
        let all = format!("  `lustrum runs files {}` prints them all", view.run.run_id);
        self.lines.push(self.look.paint(Paint::Faint, &all));
    }

    fn rest(&mut self, all: usize) {
        if all > LONGEST_LIST {
            let rest = count((all - LONGEST_LIST) as u64);
            self.lines
                .push(self.look.paint(Paint::Faint, &format!("  and {rest} more; --json has them all")));
        }
    }
}

/// Whether no file of the run holds the same table in a better format.
fn is_best(artifact: &Artifact, run: &RunFiles) -> bool {
    let rivals = run.artifacts.iter().filter(|rival| rival.table == artifact.table);
    artifact.table.is_some() && rivals.map(|rival| rival.format).min() == Some(artifact.format)
}

/// What is wrong, all of it, and the verdict.
pub fn verified(run: &Manifest, objects: &[Checked], look: Look) -> String {
    let mut columns = Columns::default();
    for object in objects {
        let (word, more) = match &object.finding {
            Finding::Ok => continue,
            Finding::Missing => ("missing", String::new()),
            Finding::SizeDiffers { expected_bytes, found_bytes } => {
                ("size differs", format!("{} bytes, not {}", count(*found_bytes), count(*expected_bytes)))
            }
            Finding::HashDiffers { expected_sha256, found_sha256 } => {
                ("hash differs", format!("sha256 {found_sha256}, not {expected_sha256}"))
            }
            Finding::Extra => ("extra", "the manifest does not list it".to_owned()),
        };
        columns.row([word, &object.path, &more]);
    }
    let listed = counted(run.artifacts.len() as u64, "object", "objects");
    if columns.is_empty() {
        let bytes = size(run.artifacts.values().map(|artifact| artifact.bytes).sum());
        let verdict = format!("{listed} of {}, {bytes}: all as the manifest says", run.run_id);
        return look.paint(Paint::Good, "ok: ") + &verdict;
    }
    let mut lines = columns.lines(None);
    let wrong = objects.iter().filter(|object| object.finding != Finding::Ok).count();
    let verdict = format!(
        "{} wrong with {}; its manifest lists {listed}",
        counted(wrong as u64, "thing", "things"),
        run.run_id
    );
    lines.push(look.paint(Paint::Bad, &verdict));
    lines.join("\n")
}
