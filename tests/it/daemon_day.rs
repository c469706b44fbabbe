//! A day of one daemon with fifty jobs, on virtual time: the real loop, library, scheduler and
//! picture, runs that are played. What it keeps is as large in the evening as in the morning.

use std::cell::RefCell;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use lustrum::config::load::Request;
use lustrum::daemon::execution::Execution;
use lustrum::daemon::library::Library;
use lustrum::daemon::metrics::of_daemon;
use lustrum::daemon::picture::{Picture, RunOutcome};
use lustrum::daemon::scheduler::Width;
use lustrum::daemon::state::State;
use lustrum::daemon::watch::{Closed, Daemon, Order, Surroundings};
use lustrum::engine::run::Ended;
use lustrum::model::artifact::{Artifact, ArtifactFormat};
use lustrum::model::event::{Event, RunHeader, Verdict};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::manifest::Manifest;
use lustrum::model::outcome::{Outcome, Stage, StepName};
use lustrum::model::run::{Attempt, JobName, RunId, Scope};
use lustrum::model::status::FinalStatus;
use lustrum::time::clock::Clock;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::world::sample_rows::host;

const JOBS: usize = 50;
const HOURS: usize = 24;
const WIDTH: usize = 40;
/// Of a job's slots some are left, some wait: all four policies and a jitter are there.
const SCHEDULES: [(&str, &str); 5] = [
    ("*/3 * * * *", "overlap = \"skip\""),
    ("@every 4m", "overlap = \"queue-one\"\njitter = \"90s\""),
    ("*/5 * * * *", "overlap = \"replace\""),
    ("1-59/2 * * * *", "overlap = \"allow\""),
    ("*/10 6-20 * * *", "catch-up = \"all\""),
];
/// The process that has nothing to do but to live through the day is told where to say how it was.
const ALONE: &str = "LUSTRUM_TEST_DAY";

/// What is kept after one hour.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Hour {
    ended_runs: u64,
    left_slots: u64,
    shown_runs: usize,
    going_runs: usize,
    tallies: usize,
    waiting: usize,
    metrics_bytes: usize,
    /// Without the pages of the program file, which come as its parts are first used.
    own_memory_kib: u64,
}

fn beginning() -> DateTime<Utc> {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

fn write_job(folder: &Path, number: usize, comment: &str) {
    let (cron, more) = SCHEDULES[number % SCHEDULES.len()];
    let text = format!(
        "# {comment}\nfleet.hosts = [\"hv01\"]\noutput.dir = \"{}\"\n[[schedule]]\ncron = \"{cron}\"\n[scheduling]\n{more}\n",
        folder.join("out").display()
    );
    std::fs::write(folder.join(format!("schedules/job-{number:02}.toml")), text).unwrap();
}

/// A run that tells what a real one tells, and takes between one minute and seven.
async fn played(execution: Execution) -> Result<Ended, Failure> {
    let Execution { request, slot, clock, mut listeners, stop, .. } = execution;
    let job = PathBuf::from(request.job.unwrap());
    let job = JobName::parse(job.file_stem().unwrap().to_str().unwrap()).unwrap();
    let dice =
        (slot.instant().timestamp() / 60 * 31 + job.as_str().bytes().map(i64::from).sum::<i64>() * 7) as u64;
    let header = RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(dice),
        started_at: clock.now(),
        program_version: "0.1.0".to_owned(),
        plan_digest: "0".repeat(64),
        scope: Scope::Full,
        parent: None,
    };
    let hosts: Vec<_> = (1..=3).map(|number| host(&format!("hv{number:02}"))).collect();
    let mut manifest = Manifest::open(header.clone(), hosts.clone());
    let mut tell = |event: Event| {
        manifest.apply(&event);
        listeners.iter_mut().for_each(|listener| listener.hear(&event));
    };
    tell(Event::RunStarted { header: header.clone(), hosts: hosts.clone() });
    for host in hosts {
        let pause = Duration::from_secs(20 + dice % 120);
        if tokio::time::timeout(pause, stop.token().cancelled()).await.is_ok() {
            return Ok(Ended::Interrupted(Arc::new(manifest)));
        }
        for (stage, step) in
            [(Stage::Preflight, "logon"), (Stage::Collect, "vinfo"), (Stage::Collect, "vdisk")]
        {
            tell(Event::StepEnded {
                host: host.clone(),
                stage,
                step: StepName(step.to_owned()),
                outcome: Outcome::Ok { rows: 20 },
                duration_ms: dice % 9_000,
                at: clock.now(),
            });
        }
        let verdict = Verdict {
            status: FinalStatus::InventoryOk,
            reachable: true,
            reasons: Vec::new(),
            baseline_vms: Some(20),
            coverage: Default::default(),
        };
        tell(Event::HostAudited { host, verdict, duration_ms: dice % 20_000 });
    }
    for table in ["vinfo", "vdisk"] {
        let artifact = Artifact {
            path: format!("data/{table}/v1/{}.parquet", header.run_id),
            format: ArtifactFormat::Parquet,
            table: Some(table.to_owned()),
            rows: 60,
            bytes: 9_000,
            sha256: "0".repeat(64),
            schema_fingerprint: None,
        };
        tell(Event::ArtifactWritten { artifact });
    }
    tell(Event::RunEnded { at: clock.now() });
    match dice % 10 {
        0 => Err(Failure::new(FailureKind::Store, format!("the store of {} is full", header.run_id))),
        1 => Ok(Ended::LostTo(header.attempt)),
        _ => Ok(Ended::Committed(Arc::new(manifest))),
    }
}

fn own_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn look(picture: &Picture, now: DateTime<Utc>) -> Hour {
    let tallies = &picture.tallies;
    Hour {
        ended_runs: tallies.runs.values().sum(),
        left_slots: tallies.left.values().sum(),
        shown_runs: picture.runs.len(),
        going_runs: picture.runs.iter().filter(|run| run.outcome == RunOutcome::Running).count(),
        tallies: tallies.runs.len()
            + tallies.left.len()
            + tallies.written_bytes.len()
            + tallies.steps.len()
            + tallies.unpublished.len(),
        waiting: picture.jobs.values().map(|job| job.waiting.len()).sum(),
        metrics_bytes: of_daemon(picture, now).len(),
        own_memory_kib: own_memory_kib(),
    }
}

/// Lives through the day. Job files are written anew, and one goes and comes back.
async fn day(folder: PathBuf) -> Vec<Hour> {
    std::fs::create_dir_all(folder.join("schedules")).unwrap();
    (0..JOBS).for_each(|number| write_job(&folder, number, "first"));
    let clock = Clock::starting_at(beginning());
    let state = State::new(&clock);
    let (orders, received) = mpsc::channel(1);
    let hours: Rc<RefCell<Vec<Hour>>> = Rc::default();
    let (seen, shown, time, at) = (hours.clone(), state.clone(), clock.clone(), folder.clone());
    let surroundings = Surroundings {
        clock,
        runner: Box::new(|execution| played(execution).boxed_local()),
        nonce: Box::new(|| 7),
        listeners: Box::new(Vec::new),
        alive: Box::new(move || {
            let (mut hours, now) = (seen.borrow_mut(), time.now());
            let passed = (now - beginning()).num_hours() as usize;
            if passed <= hours.len() {
                return;
            }
            hours.push(shown.read(|picture| look(picture, now)));
            match passed % 8 {
                2 => write_job(&at, 0, &"x".repeat(passed)),
                0 => write_job(&at, JOBS - 1, "back again"),
                4 => std::fs::remove_file(at.join(format!("schedules/job-{:02}.toml", JOBS - 1))).unwrap(),
                _ => {}
            }
            if passed == HOURS {
                orders.try_send(Order::Drain).unwrap();
            }
        }),
        state,
    };
    let request = Request { directory: folder.clone(), ..Request::default() };
    let daemon = Daemon::new(Library::new(folder.join("schedules"), request), Width(WIDTH), surroundings);
    let closed = LocalSet::new().run_until(daemon.serve(received)).await;
    assert_eq!(closed, Closed::Interrupted);
    hours.take()
}

/// A process of its own: others would share its memory.
#[test]
fn a_day_leaves_a_daemon_of_fifty_jobs_as_large_as_its_first_hours() {
    if let Some(folder) = std::env::var_os(ALONE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let hours = runtime.unwrap().block_on(day(PathBuf::from(&folder)));
        std::fs::write(Path::new(&folder).join("hours.json"), serde_json::to_vec(&hours).unwrap()).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = std::thread::current().name().unwrap().to_owned();
    let lived = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--test-threads", "1"])
        .env(ALONE, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&lived.stdout);
    assert!(lived.status.success(), "{told}{}", String::from_utf8_lossy(&lived.stderr));
    let hours: Vec<Hour> =
        serde_json::from_slice(&std::fs::read(folder.path().join("hours.json")).unwrap()).unwrap();
    let table = hours.iter().fold(String::new(), |mut table, hour| {
        let _infallible = writeln!(table, "{hour:?}");
        table
    });

    assert_eq!(hours.len(), HOURS, "{table}");
    let (early, late) = (&hours[1..5], &hours[HOURS - 4..]);
    let last = hours[HOURS - 1];
    assert!(last.ended_runs > 8_000 && last.left_slots > 1_000, "a quiet day: {table}");
    for hour in &hours[1..] {
        assert!(hour.shown_runs <= 200 + hour.going_runs, "{table}");
        assert!(hour.going_runs <= WIDTH && hour.waiting <= 2 * JOBS, "{table}");
        // By job: four ends, four reasons, bytes; three steps.
        assert!(hour.tallies <= JOBS * 9 + 3, "{table}");
    }
    let most = |hours: &[Hour], of: fn(&Hour) -> usize| hours.iter().map(of).max().unwrap();
    let metrics = |hours| most(hours, |hour| hour.metrics_bytes);
    assert!(metrics(late) < metrics(early) * 11 / 10, "{table}");
    // A few hundred bytes for each of the runs between would be megabytes.
    let memory = |hours| most(hours, |hour| hour.own_memory_kib as usize);
    assert!(memory(late) <= memory(early) + 1_024, "{table}");
}
