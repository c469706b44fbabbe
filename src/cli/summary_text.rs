//! The end of a run for people: a screenful, however large the fleet.

use crate::cli::columns::{Columns, count, counted, duration, size, visible};
use crate::cli::probe_text;
use crate::cli::progress::paint_of;
use crate::cli::summary::Summary;
use crate::cli::terminal::{Look, Paint};
use crate::model::artifact::ArtifactFormat;
use crate::model::event::CancelCause;
use crate::model::status::FinalStatus;

/// Lists are cut here; the files have everything.
const LONGEST_LIST: usize = 20;

/// The summary as text. `by_collector` adds a line a collector, which is what one wants
/// when asking for a few of them with `--only`.
pub fn render(summary: &Summary, look: Look, by_collector: bool) -> String {
    let mut page = Page { look, lines: Vec::new() };
    page.heading(summary);
    if summary.hosts > 0 || summary.probes.is_empty() {
        page.counts(summary);
    }
    page.not_ok(summary);
    if by_collector {
        page.collectors(summary);
    }
    page.slowest(summary);
    page.moved(summary);
    page.probes(summary);
    page.warnings(summary);
    page.files(summary);
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

    fn columns(&mut self, columns: &Columns) {
        self.lines.extend(columns.lines(self.look.width));
    }

    fn heading(&mut self, summary: &Summary) {
        let what = match summary {
            Summary { dry_run: true, .. } => "Dry run",
            Summary { hosts: 0, probes, .. } if !probes.is_empty() => "Probes",
            _ => "Census",
        };
        let title = self.look.paint(Paint::Strong, &format!("{what} of {}", summary.job));
        let taken = duration(summary.duration_ms);
        self.lines.push(format!("{title}  slot {}  attempt {}  took {taken}", summary.slot, summary.attempt));
        let stopped = match summary.cancelled {
            None => return,
            Some(CancelCause::Operator) => {
                "cancelled by the operator: hosts without a turn are counted as errors"
            }
            Some(CancelCause::Deadline) => {
                "cancelled by the run's deadline: hosts without a turn are counted as errors"
            }
            Some(CancelCause::Replaced) => {
                "cancelled for a newer slot: hosts without a turn are counted as errors"
            }
        };
        self.lines.push(self.look.paint(Paint::Warn, stopped));
    }

    fn counts(&mut self, summary: &Summary) {
        self.lines.push(String::new());
        let mut columns = Columns::default().right(1);
        let mut paints = vec![None];
        columns.row([
            "Reachable",
            &count(summary.reachable),
            &format!("of {}", counted(summary.hosts, "host", "hosts")),
        ]);
        if summary.dry_run {
            columns.row(["Logged on", &count(summary.entered), ""]);
            paints.push(None);
        }
        for (status, hosts) in &summary.counts {
            if summary.dry_run && *hosts == 0 {
                continue;
            }
            let note = match status {
                FinalStatus::InventoryOk if summary.vms > 0 => {
                    format!("{} in all baselines", counted(summary.vms, "VM", "VMs"))
                }
                FinalStatus::InventoryEmpty if *hosts > 0 => "proven to hold no VM".to_owned(),
                _ => String::new(),
            };
            columns.row([status.spoken(), &count(*hosts), &note]);
            paints.push((*hosts > 0).then(|| paint_of(*status)));
        }
        let look = self.look;
        // Unwrapped, so that a line is a row.
        self.lines.extend(columns.lines(None).into_iter().zip(paints).map(|(line, paint)| match paint {
            Some(paint) => look.paint(paint, &line),
            None => line,
        }));
    }

    fn not_ok(&mut self, summary: &Summary) {
        if summary.not_ok.is_empty() {
            return;
        }
        let reasons: Vec<String> = summary
            .reasons()
            .iter()
            .map(|(reason, hosts)| format!("{} {}", reason.word(), count(*hosts)))
            .collect();
        self.section("Not OK", &reasons.join(" · "));
        let mut columns = Columns::default();
        for host in summary.not_ok.iter().take(LONGEST_LIST) {
            let reasons: Vec<&str> = host.reasons.iter().map(|reason| reason.word()).collect();
            let first = host.why.first().map_or("", String::as_str);
            columns.row([host.host.as_str(), host.status.spoken(), &reasons.join(", "), first]);
            for sentence in host.why.iter().skip(1).take(2) {
                columns.row(["", "", "", sentence]);
            }
        }
        self.columns(&columns);
        self.rest(summary.not_ok.len());
    }

    fn rest(&mut self, all: usize) {
        if all > LONGEST_LIST {
            let rest = count((all - LONGEST_LIST) as u64);
            self.lines
                .push(self.look.paint(Paint::Faint, &format!("  and {rest} more; the report has them all")));
        }
    }

    fn collectors(&mut self, summary: &Summary) {
        if summary.collectors.is_empty() {
            return;
        }
        self.section("Collectors", "");
        let mut columns = (1..=6).fold(Columns::default(), Columns::right);
        columns.row(["", "ok", "partial", "failed", "not run", "rows", "longest"]);
        for (name, totals) in &summary.collectors {
            let numbers = [totals.ok, totals.partial, totals.failed, totals.not_run, totals.rows].map(count);
            columns.row([name.clone()].into_iter().chain(numbers).chain([duration(totals.longest_ms)]));
        }
        self.columns(&columns);
    }

    fn slowest(&mut self, summary: &Summary) {
        if summary.slowest.is_empty() || summary.dry_run {
            return;
        }
        self.section("Slowest", "");
        let mut columns = Columns::default().right(1);
        for slow in &summary.slowest {
            let step = slow.longest_step.as_ref().map(|step| format!("longest: {step}")).unwrap_or_default();
            columns.row([slow.host.to_string(), duration(slow.duration_ms), step]);
        }
        self.columns(&columns);
    }

    fn moved(&mut self, summary: &Summary) {
        if summary.moved_vms.is_empty() {
            return;
        }
        self.section("Moved during the run", &counted(summary.moved_vms.len() as u64, "VM", "VMs"));
        let mut columns = Columns::default();
        for vm in summary.moved_vms.iter().take(LONGEST_LIST) {
            let seen_on: Vec<&str> = vm.seen_on.iter().map(|host| host.as_str()).collect();
            columns.row([vm.vm_name.clone(), seen_on.join(", "), format!("kept on {}", vm.kept)]);
        }
        self.columns(&columns);
        self.rest(summary.moved_vms.len());
    }

    fn probes(&mut self, summary: &Summary) {
        if summary.probes.is_empty() {
            return;
        }
        self.section("Probes", "");
        self.lines.extend(probe_text::lines(&summary.probes, self.look));
    }

    fn warnings(&mut self, summary: &Summary) {
        if summary.warnings.is_empty() {
            return;
        }
        self.section("Warnings", "");
        let mut columns = Columns::default();
        for warning in summary.warnings.iter().take(LONGEST_LIST) {
            columns.row([warning.host.as_ref().map_or("run", |host| host.as_str()), &warning.message]);
        }
        self.columns(&columns);
        self.rest(summary.warnings.len());
    }

    fn files(&mut self, summary: &Summary) {
        let files = &summary.files;
        if files.manifest.is_none() && files.tables.is_empty() {
            self.lines.push(String::new());
            self.lines.push("Nothing was committed.".to_owned());
            return;
        }
        self.section("Written", &format!("{} to {}", size(files.bytes), visible(&files.root)));
        let root = format!("{}/", files.root.trim_end_matches('/'));
        let below = |path: &str| path.strip_prefix(&root).unwrap_or(path).to_owned();
        let mut columns = Columns::default().right(1);
        for (table, files) in &files.tables {
            let best = [
                ArtifactFormat::Parquet,
                ArtifactFormat::Csv,
                ArtifactFormat::Ndjson,
                ArtifactFormat::RvtoolsCsv,
            ];
            let path = best.iter().find_map(|format| files.paths.get(format)).map_or("", String::as_str);
            columns.row([table, &counted(files.rows, "row", "rows"), &below(path)]);
        }
        let reports = [
            ("workbook", &files.workbook),
            ("manifest", &files.manifest),
            ("report", &files.report),
            ("retry hosts", &files.retry_hosts),
        ];
        for (name, path) in reports {
            if let Some(path) = path {
                columns.row([name, "", &below(path)]);
            }
        }
        for path in &files.of_probes {
            columns.row(["probe", "", &below(path)]);
        }
        // Paths are for pasting: they are never wrapped.
        self.lines.extend(columns.lines(None));
        if let Some(query) = &files.query {
            self.section("Look at it", "");
            self.lines.push(format!("  {query}"));
        }
    }
}
