//! `lustrum diff`: what changed from one picture of a fleet to the next.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::cli::archive;
use crate::cli::args::Global;
use crate::cli::diff_text;
use crate::cli::dispatch::json;
use crate::cli::exit::Exit;
use crate::cli::history_args::DiffArguments;
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::terminal::Terminal;
use crate::history::capture::capture;
use crate::history::change::{Change, Line};
use crate::history::diff::{Diff, Thresholds, diff};
use crate::history::ledger::Ledger;
use crate::history::picture::Picture;
use crate::model::event::RunHeader;
use crate::model::manifest::Manifest;
use crate::model::run::RunId;
use crate::output::crew::Crew;
use crate::output::format::{EncodeError, Encoder};
use crate::output::parquet::ParquetEncoder;
use crate::output::published::Published;
use crate::tables::history::vchange::Vchange;
use crate::tables::table::Row;

/// A comparison for people and programs.
pub struct Compared<'a> {
    pub a: &'a Picture,
    pub b: &'a Picture,
    pub diff: &'a Diff,
}

pub async fn changes(global: &Global, asked: &DiffArguments, terminal: &Terminal) -> Answer {
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let (a, b) = pictures(&ledger, asked).await?;
    let (before, after) = (capture(ledger.store(), &a).await?, capture(ledger.store(), &b).await?);
    let thresholds = Thresholds {
        growth_percent: asked.growth_percent,
        growth_bytes: i64::from(asked.growth_mib) << 20,
        checkpoint_days: i64::from(asked.checkpoint_days),
    };
    let diff = diff(&before, &after, &thresholds);
    if let Some(file) = &asked.parquet {
        let written = write_parquet(file, &diff, a.root(), b.root());
        written.map_err(|error| Refusal::Store(format!("cannot write {}: {error}", file.display())))?;
    }
    let compared = Compared { a: &a, b: &b, diff: &diff };
    let text = if asked.store.json {
        json(&DiffView::of(&compared))
    } else {
        diff_text::render(&compared, terminal.out)
    };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

/// The two that are meant: those named, or the last two full ones of a job.
async fn pictures(ledger: &Ledger, asked: &DiffArguments) -> Result<(Picture, Picture), Refusal> {
    let job = archive::job_name(asked.job.as_deref())?;
    if let (Some(a), Some(b)) = (&asked.run_a, &asked.run_b) {
        let (a, b) = (ledger.find(a, job.as_ref()).await?, ledger.find(b, job.as_ref()).await?);
        return Ok((Picture::around(ledger, a).await?, Picture::around(ledger, b).await?));
    }
    let mut last = Picture::last_full(ledger, job.as_ref(), 2).await?;
    match (last.pop(), last.pop()) {
        (Some(a), Some(b)) => Ok((a, b)),
        (Some(only), None) => Err(Refusal::Usage(format!(
            "nothing to compare with: `{}` is the only full run of its job in {}",
            only.root().run_id,
            ledger.store().root()
        ))),
        (None, _) => {
            let of_job = job.map_or_else(String::new, |job| format!(" of the job `{job}`"));
            Err(Refusal::Usage(format!("no full run{of_job} in {}", ledger.store().root())))
        }
    }
}

/// The comparison for programs.
#[derive(Serialize)]
struct DiffView<'a> {
    run_a: &'a RunId,
    /// Merged into it.
    retries_a: Vec<&'a RunId>,
    run_b: &'a RunId,
    retries_b: Vec<&'a RunId>,
    hosts_compared: u64,
    /// Changes by their word.
    counts: BTreeMap<&'static str, u64>,
    changes: Vec<Line>,
    old_checkpoints: Vec<Line>,
    not_compared: Vec<Line>,
}

impl<'a> DiffView<'a> {
    fn of(compared: &Compared<'a>) -> Self {
        let Compared { a, b, diff } = *compared;
        let lines = |changes: &[Change]| changes.iter().map(Change::line).collect();
        let retries = |picture: &'a Picture| picture.retries().iter().map(|run| &run.run_id).collect();
        let mut counts = BTreeMap::new();
        for change in &diff.changes {
            *counts.entry(change.what.word()).or_default() += 1;
        }
        Self {
            run_a: &a.root().run_id,
            retries_a: retries(a),
            run_b: &b.root().run_id,
            retries_b: retries(b),
            hosts_compared: diff.hosts_compared,
            counts,
            changes: lines(&diff.changes),
            old_checkpoints: lines(&diff.old_checkpoints),
            not_compared: lines(&diff.not_compared),
        }
    }
}

/// Writes the table `vchange`; the file is whole or not there.
fn write_parquet(file: &Path, diff: &Diff, a: &Manifest, b: &Manifest) -> Result<(), EncodeError> {
    let table = Published::of(&Vchange::SPEC);
    let header = RunHeader {
        job: b.job.clone(),
        slot: b.slot,
        run_id: b.run_id.clone(),
        attempt: b.attempt.clone(),
        started_at: b.started_at,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_digest: b.plan_digest.clone(),
        scope: b.scope,
        parent: b.parent.clone(),
    };
    let mut rows: Vec<_> = diff.all().map(|change| change.row(&a.run_id, &b.run_id)).collect();
    rows.sort_by(|a, b| {
        (&a.change, &a.host, &a.vm_id, &a.subject).cmp(&(&b.change, &b.host, &b.vm_id, &b.subject))
    });
    let mut body = Vec::new();
    let mut encoder = Box::new(ParquetEncoder::open(&table, &header, &Crew::of(0), &mut body)?);
    encoder.encode(&[table.stamp(&header, &Vchange::batch(rows).columns)?].into())?;
    encoder.finish()?;
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, body)?;
    Ok(std::fs::rename(&part, file)?)
}
