//! `lustrum runs`: which runs there are, what they found, where their files lie.

use serde::Serialize;

use crate::cli::archive;
use crate::cli::args::Global;
use crate::cli::columns::counted;
use crate::cli::dispatch::json;
use crate::cli::exit::Exit;
use crate::cli::gc::gc;
use crate::cli::history_args::{FilesArguments, ListArguments, PublishArguments, RunsCommand, ShowArguments};
use crate::cli::refusal::{Answer, Refusal};
use crate::cli::runs_text;
use crate::cli::terminal::Terminal;
use crate::engine::publish;
use crate::history::ledger::Ledger;
use crate::history::picture::Picture;
use crate::history::picture_view::PictureView;
use crate::history::verify::{self, Finding};
use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::manifest::Manifest;
use crate::output::delta::publisher::BUILT;
use crate::output::layout::Key;
use crate::time::clock::Clock;

pub async fn runs(global: &Global, command: &RunsCommand, terminal: &Terminal) -> Answer {
    match command {
        RunsCommand::List(asked) => list(global, asked, terminal).await,
        RunsCommand::Show(asked) => show(global, asked, terminal).await,
        RunsCommand::Verify(asked) => verify(global, asked, terminal).await,
        RunsCommand::Files(asked) => files(global, asked, terminal).await,
        RunsCommand::Gc(asked) => gc(global, asked, terminal).await,
        RunsCommand::Publish(asked) => publish(global, asked, terminal).await,
    }
}

async fn publish(global: &Global, asked: &PublishArguments, terminal: &Terminal) -> Answer {
    if !BUILT {
        let message = "this program was built without the feature `delta`".to_owned();
        return Err(Refusal::Usage(message));
    }
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let (job, clock) = (archive::job_name(asked.job.as_deref())?, Clock::system());
    let published = publish::publish_all(ledger.store(), job.as_ref(), &clock).await;
    let published = published.map_err(|failure| Refusal::Store(failure.to_string()))?;
    let (runs, versions) =
        (counted(published.runs, "run", "runs"), counted(published.versions, "version", "versions"));
    let text = if asked.store.json { json(&published) } else { format!("published {runs}: {versions}") };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

async fn list(global: &Global, asked: &ListArguments, terminal: &Terminal) -> Answer {
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let job = archive::job_name(asked.job.as_deref())?;
    let entries = ledger.entries(job.as_ref()).await?;
    if let (true, Some(job)) = (entries.is_empty(), &job) {
        // Nothing to list because of a slip of the pen is an error that says so.
        ledger.find(job.as_str(), None).await?;
    }
    let text = if asked.store.json {
        json(&entries)
    } else {
        runs_text::list(&entries, ledger.store().root(), terminal.out)
    };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

async fn show(global: &Global, asked: &ShowArguments, terminal: &Terminal) -> Answer {
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let run = ledger.find(&asked.run, None).await?;
    let picture = Picture::around(&ledger, run).await?;
    let view = PictureView::of(&picture, ledger.store());
    let text = if asked.store.json { json(&view) } else { runs_text::show(&view, terminal.out) };
    terminal.print(&text)?;
    Ok(Exit::Ok)
}

async fn verify(global: &Global, asked: &ShowArguments, terminal: &Terminal) -> Answer {
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let run = ledger.find(&asked.run, None).await?;
    let objects = verify::verify(&ledger, &run).await?;
    let is_well = objects.iter().all(|object| object.finding == Finding::Ok);
    let text = if asked.store.json {
        json(&serde_json::json!({ "run_id": run.run_id, "ok": is_well, "objects": objects }))
    } else {
        runs_text::verified(&run, &objects, terminal.out)
    };
    terminal.print(&text)?;
    Ok(if is_well { Exit::Ok } else { Exit::NotAllOk })
}

/// A file of a run as other tools want it.
#[derive(Serialize)]
struct Located<'a> {
    /// A path, or a URL where the store is no folder.
    location: String,
    #[serde(flatten)]
    artifact: &'a Artifact,
}

async fn files(global: &Global, asked: &FilesArguments, terminal: &Terminal) -> Answer {
    let ledger = archive::open(global, asked.store.out_dir.as_deref())?;
    let run = ledger.find(&asked.run, None).await?;
    let format = asked.format.map(ArtifactFormat::from);
    let fits = |artifact: &&Artifact| {
        let of_table =
            |name: &str| artifact.table.as_deref().is_some_and(|table| table.eq_ignore_ascii_case(name));
        format.is_none_or(|format| artifact.format == format) && asked.table.as_deref().is_none_or(of_table)
    };
    let found: Vec<_> =
        run.artifacts.values().filter(fits).map(|artifact| located(&ledger, artifact)).collect();
    if found.is_empty() {
        return Err(Refusal::Usage(nothing_fits(&run)));
    }
    let paths = || found.iter().map(|file| file.location.as_str()).collect::<Vec<_>>().join("\n");
    terminal.print(&if asked.store.json { json(&found) } else { paths() })?;
    Ok(Exit::Ok)
}

fn located<'a>(ledger: &Ledger, artifact: &'a Artifact) -> Located<'a> {
    let shown = Key::parse(&artifact.path).map(|key| ledger.store().shown(&key));
    Located { location: shown.unwrap_or_else(|_| artifact.path.clone()), artifact }
}

fn nothing_fits(run: &Manifest) -> String {
    let mut tables: Vec<_> =
        run.artifacts.values().filter_map(|artifact| artifact.table.as_deref()).collect();
    tables.sort_unstable();
    tables.dedup();
    format!("run `{}` has no such file; it holds the tables {}", run.run_id, tables.join(", "))
}
