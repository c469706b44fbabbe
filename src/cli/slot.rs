//! The slot that a run is told from outside: typed, or in the name of a CronJob's Job.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::cli::args::RunArguments;
use crate::config::environment::Environment;
use crate::model::run::Slot;

/// The variable into which a pod's manifest puts the name of its Job.
pub const JOB_NAME_VARIABLE: &str = "KUBERNETES_JOB_NAME";

/// How far the clocks of two machines may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// A Job that waited longer is not believed to carry its slot in its name: a name that
/// somebody made up ends in a number as well, a date for example.
const OLDEST: TimeDelta = TimeDelta::days(31);

/// What the surroundings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Slot(Slot),
    /// A Job that a person made and named (`kubectl create job --from`): the run stands for
    /// its start.
    HandMade(String),
    Nothing,
}

/// Looks at the command line, then at the name of the Job. That one is the slot of a whole
/// run of a job only: who debugs one host inside the pod does not mean the slot.
///
/// The error is a fragment of a sentence: nobody can have counted a fleet in the future.
pub fn told(arguments: &RunArguments, environment: &Environment, now: DateTime<Utc>) -> Result<Told, String> {
    if let Some(slot) = arguments.slot {
        let is_past = slot.instant() <= now + SKEW;
        return if is_past { Ok(Told::Slot(slot)) } else { Err(format!("slot {slot} lies in the future")) };
    }
    Ok(match environment.get(JOB_NAME_VARIABLE).filter(|name| is_whole(arguments) && !name.is_empty()) {
        Some(name) => of_job_name(name, now).map_or_else(|| Told::HandMade(name.to_owned()), Told::Slot),
        None => Told::Nothing,
    })
}

/// Whether all of a job is asked for: then what the surroundings say is about this run.
pub fn is_whole(arguments: &RunArguments) -> bool {
    let fleet = &arguments.fleet;
    arguments.job.is_some()
        && fleet.hosts.is_empty()
        && fleet.hosts_file.is_none()
        && fleet.only.is_empty()
        && arguments.retry.is_none()
}

/// The CronJob controller names a Job `<cronjob>-<minutes since 1970 of the slot>`.
pub fn of_job_name(name: &str, now: DateTime<Utc>) -> Option<Slot> {
    let (_, digits) = name.rsplit_once('-')?;
    let minutes: i64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    let instant = DateTime::from_timestamp(minutes.checked_mul(60)?, 0)?;
    (now - OLDEST <= instant && instant <= now + SKEW).then(|| Slot::at(instant))
}

/// `20261121T060000Z` as keys spell it, with or without its milliseconds, or RFC 3339.
pub fn parse(text: &str) -> Result<Slot, String> {
    let as_key = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S%.fZ").map(|naive| naive.and_utc());
    let instant = as_key
        .or_else(|_| DateTime::parse_from_rfc3339(text).map(|instant| instant.to_utc()))
        .map_err(|_| "not an instant such as 20261121T060000Z or 2026-11-21T07:00:00+01:00".to_owned())?;
    if instant < DateTime::UNIX_EPOCH {
        return Err("before 1970".to_owned());
    }
    Ok(Slot::at(instant))
}
