//! `lustrum schedule next`: the coming slots of a job.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::cli::columns::{Columns, duration};
use crate::cli::terminal::{Look, Paint};
use crate::config::job::Job;
use crate::daemon::agenda::Agenda;
use crate::model::run::{JobName, RunId, Slot};
use crate::stages::env::millis;

/// The coming slots, and what is to be known beside them.
#[derive(Debug, Serialize)]
pub struct Coming {
    job: JobName,
    paused: bool,
    /// From a slot to the start of its run.
    delay_seconds: u64,
    slots: Vec<ComingSlot>,
    #[serde(skip)]
    zones: Vec<Tz>,
}

#[derive(Debug, Serialize)]
struct ComingSlot {
    slot: Slot,
    run_id: RunId,
    at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
}

impl Coming {
    /// A fragment of a sentence when the job has no schedule.
    pub fn of(job: &Job, after: DateTime<Utc>, count: usize) -> Result<Self, String> {
        if job.schedule.is_empty() {
            return Err(format!("job {} has no [[schedule]]: it runs only when it is started", job.name));
        }
        let agenda = Agenda::of(&job.name, &job.schedule, &job.scheduling);
        let coming = |slot: Slot| ComingSlot {
            slot,
            run_id: RunId::new(&job.name, slot),
            at: slot.instant(),
            starts_at: slot.instant() + agenda.delay(),
        };
        let zones: BTreeSet<&str> = job.schedule.iter().map(|line| line.timezone.as_str()).collect();
        Ok(Self {
            job: job.name.clone(),
            paused: job.scheduling.paused,
            delay_seconds: agenda.delay().as_secs(),
            slots: agenda.slots_after(after).take(count).map(coming).collect(),
            zones: zones.into_iter().filter_map(|zone| zone.parse().ok()).collect(),
        })
    }

    pub fn text(&self, look: Look) -> String {
        let mut heading = look.paint(Paint::Strong, &format!("Coming slots of {}", self.job));
        if self.delay_seconds > 0 {
            let delay = duration(millis(std::time::Duration::from_secs(self.delay_seconds)));
            heading.push_str(&format!("  each starts {delay} later"));
        }
        if self.paused {
            heading.push_str("  paused: none of them fires");
        }
        let mut columns = Columns::default();
        for slot in &self.slots {
            // UTC comes first, because keys and file names carry it.
            let utc = slot.at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let local =
                |zone: &Tz| slot.at.with_timezone(zone).format("%a %Y-%m-%d %H:%M:%S %Z %:z").to_string();
            let elsewhere = self.zones.iter().filter(|zone| **zone != Tz::UTC).map(local);
            columns.row(std::iter::once(utc).chain(elsewhere));
        }
        if self.slots.is_empty() {
            columns.row(["none before the year 2100"]);
        }
        [heading].into_iter().chain(columns.lines(None)).collect::<Vec<_>>().join("\n")
    }
}
