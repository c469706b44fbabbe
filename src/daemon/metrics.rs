//! The metrics: what an alert on a missed or failing run needs, of the daemon and of one run.

use chrono::{DateTime, Utc};

use crate::daemon::exposition::{Exposition, Kind};
use crate::daemon::picture::{JobPicture, LastCommitted, Notified, Picture, RunOutcome, RunPicture};
use crate::daemon::scheduler::Left;
use crate::model::run::JobName;

pub const LAST_SUCCESS: &str = "lustrum_job_last_success_timestamp_seconds";

/// The daemon's picture as Prometheus reads it.
pub fn of_daemon(picture: &Picture, now: DateTime<Utc>) -> String {
    let mut text = Exposition::default();
    text.family("lustrum_build_info", Kind::Gauge, "Always 1; the version is in the label.");
    text.sample("lustrum_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    text.family("lustrum_refused_job_files", Kind::Gauge, "Job files that cannot be used.");
    text.sample("lustrum_refused_job_files", &[], count(picture.refused.len() as u64));
    jobs(&mut text, picture, now);
    last_committed(&mut text, picture);
    last_ended(&mut text, picture);
    tallies(&mut text, picture);
    steps(&mut text, picture);
    text.into_text()
}

/// The picture of one run, for a file beside those of other jobs: every sample names the job.
/// `earlier` is the last success as far as it is known from elsewhere.
pub fn of_run(picture: &Picture, job: &JobName, earlier: Option<f64>) -> String {
    let mut text = Exposition::of_job(job);
    last_committed(&mut text, picture);
    let is_known = picture.jobs.get(job).is_some_and(|job| job.last_committed.is_some());
    if let Some(earlier) = earlier.filter(|_| !is_known) {
        text.sample(LAST_SUCCESS, &[], earlier);
    }
    last_ended(&mut text, picture);
    steps(&mut text, picture);
    text.into_text()
}

/// One sample a job, of those that have a value.
fn by_job(
    text: &mut Exposition,
    picture: &Picture,
    (name, help): (&str, &str),
    value: impl Fn(&JobPicture) -> Option<f64>,
) {
    text.family(name, Kind::Gauge, help);
    for (job, shown) in &picture.jobs {
        if let Some(value) = value(shown) {
            text.sample(name, &[("job", job.as_str())], value);
        }
    }
}

fn jobs(text: &mut Exposition, picture: &Picture, now: DateTime<Utc>) {
    let mut gauge = |name, help, value: &dyn Fn(&JobPicture) -> Option<f64>| {
        by_job(text, picture, (name, help), value);
    };
    gauge(
        "lustrum_job_next_fire_timestamp_seconds",
        "When the job's next run starts; absent while it is paused or has no schedule.",
        &|job| job.next_start_at.filter(|_| job.paused.is_none()).map(seconds),
    );
    gauge("lustrum_job_paused", "1 while the job does not fire by itself.", &|job| {
        Some(count(u64::from(job.paused.is_some())))
    });
    gauge("lustrum_job_running_runs", "Runs of the job that go on.", &|job| {
        Some(count(job.running.len() as u64))
    });
    gauge("lustrum_job_waiting_slots", "Slots of the job that wait for a place.", &|job| {
        Some(count(job.waiting.len() as u64))
    });
    gauge(
        "lustrum_job_schedule_lag_seconds",
        "By how much the oldest slot that is due and has not started is late; 0 when none is.",
        &|job| {
            let late = job.oldest_due.map(|due| seconds(now) - seconds(due));
            Some(late.unwrap_or_default().max(0.0))
        },
    );
}

/// Of each job's newest run of this process.
fn last_ended(text: &mut Exposition, picture: &Picture) {
    let ended = |job: &JobPicture| -> Option<&RunPicture> {
        picture
            .runs
            .iter()
            .filter(|run| run.job == job.name && run.ended_at.is_some())
            .max_by_key(|run| run.ended_at)
    };
    by_job(
        text,
        picture,
        (
            "lustrum_job_last_run_end_timestamp_seconds",
            "When the job's newest run of this process ended, however.",
        ),
        |job| ended(job)?.ended_at.map(seconds),
    );
    by_job(
        text,
        picture,
        (
            "lustrum_job_last_run_undelivered_notifications",
            "Notifications of the job's newest run of this process that could not be delivered.",
        ),
        |job| ended(job).map(|run| count(run.undelivered_notifications)),
    );
    let name = "lustrum_job_last_run_outcome";
    text.family(
        name,
        Kind::Gauge,
        "1 for how the job's newest run of this process ended, 0 for the other ways.",
    );
    for (job, run) in picture.jobs.values().filter_map(|job| Some((&job.name, ended(job)?))) {
        for outcome in RunOutcome::ENDED {
            let is_it = count(u64::from(outcome == run.outcome));
            text.sample(name, &[("job", job.as_str()), ("outcome", outcome.word())], is_it);
        }
    }
}

fn last_committed(text: &mut Exposition, picture: &Picture) {
    let mut gauge = |name, help, value: &dyn Fn(&LastCommitted) -> f64| {
        by_job(text, picture, (name, help), |job| job.last_committed.as_ref().map(value));
    };
    gauge(
        "lustrum_job_last_run_duration_seconds",
        "How long the job's newest committed run took.",
        &|last| last.duration_ms as f64 / 1000.0,
    );
    gauge("lustrum_job_last_run_written_bytes", "Bytes of the job's newest committed run.", &|last| {
        count(last.bytes)
    });
    let name = "lustrum_hosts";
    text.family(name, Kind::Gauge, "Hosts of the job's newest committed run by final status.");
    for (job, shown) in &picture.jobs {
        for (status, hosts) in shown.last_committed.iter().flat_map(|last| &last.counts) {
            text.sample(name, &[("job", job.as_str()), ("status", status.word())], count(*hosts));
        }
    }
    let name = "lustrum_probe_passed";
    text.family(
        name,
        Kind::Gauge,
        "1 for each probe of the job's newest committed run that passed, 0 for the others.",
    );
    for (job, shown) in &picture.jobs {
        for (probe, passed) in shown.last_committed.iter().flat_map(|last| &last.probes) {
            let labels = [("job", job.as_str()), ("probe", probe.as_str())];
            text.sample(name, &labels, count(u64::from(*passed)));
        }
    }
    let help = "When the job's newest committed run ended, also one of an earlier process.";
    by_job(text, picture, (LAST_SUCCESS, help), |job| {
        job.last_committed.as_ref().map(|last| seconds(last.ended_at))
    });
}

fn tallies(text: &mut Exposition, picture: &Picture) {
    let tallies = &picture.tallies;
    let name = "lustrum_runs_total";
    text.family(name, Kind::Counter, "Runs that ended since the daemon started, by how.");
    for job in picture.jobs.keys() {
        for outcome in RunOutcome::ENDED {
            let runs = tallies.runs.get(&(job.clone(), outcome)).copied().unwrap_or_default();
            text.sample(name, &[("job", job.as_str()), ("outcome", outcome.word())], count(runs));
        }
    }
    let name = "lustrum_slots_left_total";
    text.family(name, Kind::Counter, "Slots that were due and are not run, by reason.");
    for job in picture.jobs.keys() {
        for why in Left::ALL {
            let slots = tallies.left.get(&(job.clone(), why)).copied().unwrap_or_default();
            text.sample(name, &[("job", job.as_str()), ("reason", why.word())], count(slots));
        }
    }
    let name = "lustrum_written_bytes_total";
    text.family(name, Kind::Counter, "Bytes of objects that runs of this process wrote.");
    for job in picture.jobs.keys() {
        let bytes = tallies.written_bytes.get(job).copied().unwrap_or_default();
        text.sample(name, &[("job", job.as_str())], count(bytes));
    }
    let name = "lustrum_delta_failures_total";
    text.family(name, Kind::Counter, "Committed runs that could not be published in every Delta log.");
    for job in picture.jobs.keys() {
        let runs = tallies.unpublished.get(job).copied().unwrap_or_default();
        text.sample(name, &[("job", job.as_str())], count(runs));
    }
    let name = "lustrum_notifications_total";
    text.family(name, Kind::Counter, "Notifications since the daemon started, by what became of them.");
    for job in picture.jobs.keys() {
        for outcome in Notified::ALL {
            let number = tallies.notified.get(&(job.clone(), outcome)).copied().unwrap_or_default();
            text.sample(name, &[("job", job.as_str()), ("outcome", outcome.word())], count(number));
        }
    }
}

fn steps(text: &mut Exposition, picture: &Picture) {
    let tallies = &picture.tallies;
    let name = "lustrum_step_duration_seconds";
    text.family(name, Kind::Histogram, "How long steps took, by stage and step, over all hosts.");
    for ((stage, step), times) in &tallies.steps {
        let labels = [("stage", stage.word()), ("step", step.0.as_str())];
        let mut bucket = |bound: &str, steps| {
            let [stage, step] = labels;
            text.sample("lustrum_step_duration_seconds_bucket", &[stage, step, ("le", bound)], count(steps));
        };
        for (bound_ms, steps) in times.cumulated() {
            bucket(&(bound_ms as f64 / 1000.0).to_string(), steps);
        }
        bucket("+Inf", times.count());
        let sum = times.sum_ms() as f64 / 1000.0;
        text.sample("lustrum_step_duration_seconds_sum", &labels, sum);
        text.sample("lustrum_step_duration_seconds_count", &labels, count(times.count()));
    }
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn count(number: u64) -> f64 {
    number as f64
}
