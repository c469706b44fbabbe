//! One run, from its plan to its commit.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::census::taken::Census;
use crate::engine::pipeline::Driven;
use crate::engine::plan::Plan;
use crate::engine::recorder::{Listener, Recorder};
use crate::engine::report;
use crate::engine::resume::{self, Beginning, Note};
use crate::engine::share::Share;
use crate::engine::stop::{Stop, StopCause};
use crate::engine::taking_up::{self, Beginnings};
use crate::engine::tenure::{Entry, Pass, Patience, Tenure, admitted};
use crate::engine::{ground, launch, pipeline, shards, spools, staging};
use crate::history::ledger::Ledger;
use crate::history::remembered::remembered;
use crate::model::event::{Event, RunHeader};
use crate::model::failure::{Failure, FailureKind};
use crate::model::manifest::{Cancelled, Manifest};
use crate::model::probe::ProbeName;
use crate::model::remembered::Remembered;
use crate::model::run::Attempt;
use crate::output::commit::{Commit, commit};
use crate::output::draft::Draft;
use crate::output::export::{Standing, copy_audit_files, point_latest};
use crate::output::faces::{Written, write_face};
use crate::output::gathered::Gathered;
use crate::output::lease::Terms;
use crate::output::press::Stopped;
use crate::output::source::TableSource;
use crate::output::spool::{Spool, TakenUp};
use crate::output::spooled::{KeptOn, Spooled};
use crate::output::store::Store;
use crate::output::store_error::StoreError;
use crate::output::writer::write_table;
use crate::probes::probe::{Harvest, ReportFile};
use crate::providers::provider::Provider;
use crate::stages::audit::Sightings;
use crate::stages::env::{Env, News};
use crate::time::clock::Clock;

/// News that may wait for the recorder; more makes the steps wait.
const NEWS_WAITING: usize = 256;

/// What a run stands on.
pub struct Ground {
    pub clock: Clock,
    pub store: Store,
    /// A local file: new, or what an earlier try at the slot left.
    pub spool: PathBuf,
    pub stop: Stop,
    pub listeners: Vec<Box<dyn Listener>>,
    /// Told before the first step: what the configuration had to say.
    pub warnings: Vec<String>,
    pub lease: Terms,
    pub patience: Patience,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Its manifest stands in the store.
    Committed(Arc<Manifest>),
    /// Nothing was collected and nothing committed.
    DryRun(Arc<Manifest>),
    /// SIGTERM: nothing was committed, the slot is free, and its spool waits for the next try.
    Interrupted(Arc<Manifest>),
    /// Another attempt has committed this slot; nothing of ours is left.
    LostTo(Attempt),
    /// A shard has ended: its hosts are staged, nothing was committed.
    Staged(Arc<Manifest>),
}

/// Drives the plan and records what comes of it. An error means that the run could not be
/// recorded; a host that fails is no error.
pub async fn run<P: Provider + 'static>(
    plan: Plan,
    provider: Arc<P>,
    header: RunHeader,
    ground: Ground,
) -> Result<Ended, Failure> {
    let Ground { clock, store, spool, stop, listeners, warnings, lease, patience } = ground;
    let plan = Arc::new(plan);
    spools::remove_stale(&store, &spool, clock.now()).await;
    let enter = async || enter(&plan, &header, &clock, &store, lease, spool.clone()).await;
    let (taken, tenure) = match admitted(patience, lease.heartbeat, &stop, enter).await? {
        (taken, Entry::Ours(tenure)) => (taken, Some(*tenure)),
        (taken, Entry::Unasked) => (taken, None),
        (_, Entry::Committed(winner)) => {
            staging::remove_parts(&store, &header).await;
            return Ok(Ended::LostTo(winner));
        }
    };
    let spool = taken.spool.clone();
    let pass = tenure.as_ref().map_or(Pass::FREE, |tenure| tenure.pass(&stop));
    let going = async {
        let taken = taking_up::take_up(&plan, &header, &store, taken).await?;
        let Beginnings { spool, finished, staging, warnings: of_earlier_tries } = taken;
        let manifest = Manifest::open(header.clone(), plan.own_hosts());
        let mut recorder = Recorder::new(manifest, spool, staging, listeners);
        recorder.note(&Event::RunStarted { header: header.clone(), hosts: plan.own_hosts().collect() });
        for message in warnings.into_iter().chain(of_earlier_tries) {
            recorder.note(&Event::Warning { host: None, message });
        }
        if !finished.is_empty() {
            recorder.note(&Event::HostsTakenUp { hosts: finished.len() as u64 });
        }
        resume::events(&finished, &header).for_each(|event| recorder.recall(&event));
        if let Share::Finalizer { cancelled: Some(Cancelled { cause, at }) } = plan.share {
            recorder.note(&Event::CancelRequested { cause, at });
        }
        let book = shards::logon_book(&plan, &header, &store, &clock);
        let beginning = Beginning::after(&plan, &finished, book);
        drop(finished);
        // Of a divided slot, whoever commits it measures: once, and after all hosts.
        let measures = !plan.dry_run && plan.share.shard().is_none();
        let live = measures.then(|| launch::live_folder(&store, &header.job));
        let live = live.as_deref();
        let drive = |env| pipeline::drive(plan.clone(), provider, env, stop.clone(), beginning, pass, live);
        record(&plan, &header, &clock, &store, &stop, recorder, drive).await
    };
    let recorded = match tenure {
        Some(tenure) => held(tenure, &stop, going).await,
        None => going.await,
    };
    if plan.dry_run || !stays(&recorded, &stop) {
        remove(&spool).await;
    }
    if matches!(recorded, Ok(Ended::Committed(_) | Ended::LostTo(_))) {
        staging::remove_parts(&store, &header).await;
    }
    recorded
}

/// Drives a run under its lease, and gives that back.
async fn held(
    tenure: Tenure,
    stop: &Stop,
    going: impl Future<Output = Result<Ended, Failure>>,
) -> Result<Ended, Failure> {
    let recorded = tenure.during(stop, going).await;
    let is_committed = matches!(recorded, Ok(Ended::Committed(_) | Ended::LostTo(_)));
    let lost = tenure.lost().filter(|_| !is_committed);
    tenure.end(is_committed).await;
    lost.map_or(recorded, Err)
}

/// Takes what keeps others off the slot: on this machine the spool, elsewhere the lease.
async fn enter(
    plan: &Arc<Plan>,
    header: &RunHeader,
    clock: &Clock,
    store: &Store,
    terms: Terms,
    path: PathBuf,
) -> Result<(TakenUp<Note>, Entry), Failure> {
    let taken = taking_up::take_spool(plan, header, path).await?;
    if plan.dry_run {
        return Ok((taken, Entry::Unasked));
    }
    let lock = taken.spool.lock();
    let entry = Tenure::begin(store, header, plan.share.extent(), clock, terms, lock).await;
    // A store that failed may have taken the claim: by the spool's lock the next try knows it.
    let is_idle = match &entry {
        Ok(Entry::Committed(_)) => true,
        Ok(Entry::Ours(_) | Entry::Unasked) => false,
        Err(failure) => failure.kind == FailureKind::Busy && taken.finished.is_empty(),
    };
    if is_idle {
        remove(&taken.spool).await;
    }
    Ok((taken, entry?))
}

async fn remove(spool: &Spool) {
    if let Err(error) = spool.clone().remove().await {
        tracing::warn!(%error, "the spool stays behind");
    }
}

/// Whether the next try at the slot can make use of the spool. One that could not be written
/// is of no use.
fn stays(recorded: &Result<Ended, Failure>, stop: &Stop) -> bool {
    match recorded {
        Ok(Ended::Interrupted(_)) => true,
        Ok(Ended::Committed(_) | Ended::DryRun(_) | Ended::LostTo(_) | Ended::Staged(_)) => false,
        Err(_) => stop.cause() != Some(StopCause::Unrecordable),
    }
}

async fn record<D: Future<Output = Driven>>(
    plan: &Arc<Plan>,
    header: &RunHeader,
    clock: &Clock,
    store: &Store,
    stop: &Stop,
    mut recorder: Recorder,
    drive: impl FnOnce(Env) -> D,
) -> Result<Ended, Failure> {
    let (news, arriving) = mpsc::channel::<News>(NEWS_WAITING);
    let env = Env::new(clock.clone(), news, stop.token().clone());
    let (driven, listened) = tokio::join!(drive(env), recorder.listen(arriving, stop));
    listened?;

    if matches!(stop.cause(), Some(StopCause::Interrupted | StopCause::Lost)) {
        recorder.spool().flush().await?;
        return Ok(Ended::Interrupted(recorder.into_manifest()));
    }
    if let Share::Shard(_) = plan.share {
        recorder.stage_all().await?;
        recorder.note(&Event::RunEnded { at: clock.now() });
        return Ok(Ended::Staged(recorder.into_manifest()));
    }
    if plan.dry_run {
        recorder.note(&Event::RunEnded { at: clock.now() });
        return Ok(Ended::DryRun(recorder.into_manifest()));
    }
    let mut draft = Draft::new(store.clone(), header);
    match write(plan, header, clock, driven, &mut recorder, &mut draft).await {
        Ok(()) if stop.cause() != Some(StopCause::Lost) => {
            close(header, store, draft, recorder.into_manifest()).await
        }
        ended => {
            if let Err(left) = draft.discard().await {
                tracing::warn!(%left, "objects of the failed run stay behind");
            }
            ended.map(|()| Ended::Interrupted(recorder.into_manifest()))
        }
    }
}

/// Stages every table and every report.
async fn write(
    plan: &Plan,
    header: &RunHeader,
    clock: &Clock,
    driven: Driven,
    recorder: &mut Recorder,
    draft: &mut Draft,
) -> Result<(), Failure> {
    if !plan.targets.is_empty() {
        write_survey(plan, header, driven.sightings, recorder, draft).await?;
    }
    write_samples(plan, header, driven.harvests, recorder, draft).await?;
    recorder.note(&Event::RunEnded { at: clock.now() });
    let kinds = if plan.targets.is_empty() { &[][..] } else { &report::Kind::ALL[..] };
    for kind in kinds.iter().copied() {
        let (manifest, header, skip) = (recorder.manifest(), header.clone(), plan.skip_confirmed_empty);
        let making = draft.press().run(move || report::report(kind, &manifest, &header, skip));
        let made = making.await.map_err(broken)??;
        let report::Report { name, format, rows, body } = made;
        let artifact = draft.put_report(name, format, rows, body).await.map_err(unrecordable)?;
        recorder.note(&Event::ArtifactWritten { artifact });
    }
    Ok(())
}

/// What the hosts told, in all forms.
async fn write_survey(
    plan: &Plan,
    header: &RunHeader,
    sightings: Sightings,
    recorder: &mut Recorder,
    draft: &mut Draft,
) -> Result<(), Failure> {
    let mut kept_on = KeptOn::new();
    for moved in sightings.moved() {
        if let Event::VmMoved { vm_id, kept, .. } = &moved {
            kept_on.insert(vm_id.clone(), kept.clone());
        }
        recorder.note(&moved);
    }
    let reader = recorder.spool().reader().await.map_err(unrecordable)?;
    let spooled = Arc::new(Spooled::new(reader, kept_on));
    let remembered = remember(plan, draft.store(), recorder).await;
    let (tables, ground) = (plan.tables.clone(), ground::of(plan, header, &recorder.manifest(), remembered));
    let census = draft.press().run(move || Census::take(spooled, tables, ground)).await.map_err(broken)?;
    let rows: Arc<dyn TableSource> = Arc::new(census.map_err(unrecordable)?);
    for table in plan.tables.iter().chain(&plan.derived) {
        let artifacts = write_table(draft, header, &rows, table, &plan.formats).await?;
        for artifact in artifacts {
            recorder.note(&Event::ArtifactWritten { artifact });
        }
    }
    let asked: Vec<_> = plan.tables.iter().chain(&plan.derived).copied().collect();
    for face in &plan.faces {
        let scratch = recorder.spool().folder();
        let Written { artifacts, warnings } =
            write_face(draft, header, &rows, &asked, *face, &scratch).await?;
        for message in warnings {
            recorder.note(&Event::Warning { host: None, message });
        }
        for artifact in artifacts {
            recorder.note(&Event::ArtifactWritten { artifact });
        }
    }
    Ok(())
}

/// What the probes measured: their sample tables, each written once whoever fills it, and
/// their own documents.
async fn write_samples(
    plan: &Plan,
    header: &RunHeader,
    harvests: Vec<(ProbeName, Harvest)>,
    recorder: &mut Recorder,
    draft: &mut Draft,
) -> Result<(), Failure> {
    let mut rows = Gathered::default();
    let mut reports = Vec::new();
    for (probe, harvest) in harvests {
        harvest.batches.into_iter().for_each(|batch| rows.add(batch));
        reports.extend(harvest.reports.into_iter().map(|report| (probe.clone(), report)));
    }
    let rows: Arc<dyn TableSource> = Arc::new(rows);
    for table in plan.samples() {
        for artifact in write_table(draft, header, &rows, table, &plan.formats).await? {
            recorder.note(&Event::ArtifactWritten { artifact });
        }
    }
    for (probe, ReportFile { name, format, body }) in reports {
        let written = draft.put_report(&format!("{probe}/{name}"), format, 1, body).await;
        let artifact = written.map_err(unrecordable)?;
        recorder.note(&Event::ArtifactWritten { artifact });
    }
    Ok(())
}

/// What the last committed run knew, for facts that this one did not learn. Without it they
/// stay unknown, which is worth a warning and no failure.
async fn remember(plan: &Plan, store: &Store, recorder: &mut Recorder) -> HashMap<String, Remembered> {
    let known = remembered(&Ledger::of(store), &plan.job).await;
    known.unwrap_or_else(|error| {
        let message = format!("nothing is taken over from earlier runs: {error}");
        recorder.note(&Event::Warning { host: None, message });
        HashMap::new()
    })
}

/// Commits, and then points the places that always hold the newest to this run.
async fn close(
    header: &RunHeader,
    store: &Store,
    draft: Draft,
    manifest: Arc<Manifest>,
) -> Result<Ended, Failure> {
    let closing = manifest.clone();
    let body = draft.press().run(move || report::json(&*closing)).await.map_err(broken)??;
    match commit(draft, body).await.map_err(unrecordable)? {
        Commit::LostTo { winner, left } => {
            if let Some(left) = left {
                tracing::warn!(%left, "objects of the losing attempt stay behind");
            }
            return Ok(Ended::LostTo(winner));
        }
        Commit::Committed => {}
    }
    let artifacts: Vec<_> = manifest.artifacts.values().cloned().collect();
    let advisory = async {
        if point_latest(store, header).await? == Standing::Newest {
            copy_audit_files(store, header, &artifacts, store).await?;
        }
        Ok::<_, StoreError>(())
    };
    if let Err(error) = advisory.await {
        tracing::warn!(%error, "the run is committed, but the newest copies were not updated");
    }
    Ok(Ended::Committed(manifest))
}

fn broken(error: Stopped) -> Failure {
    Failure::new(FailureKind::Bug, error.to_string())
}

fn unrecordable(error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Store, error.to_string())
}

/// The report of a dry run, as it is left at the top of the output folder.
pub async fn leave_dry_report(store: &Store, manifest: &Manifest) -> Result<String, Failure> {
    let body = report::json(&report::run_report(manifest))?;
    let key = crate::output::layout::top("dry_run_report.json");
    store.put(&key, body).await.map_err(unrecordable)?;
    Ok(store.shown(&key))
}
