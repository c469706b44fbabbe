//! When a job's runs happen, as it is written down.

use std::time::Duration;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::form;
use crate::time::cron::fires::Fires;
use crate::time::cron::zone::DstPolicy;

/// One line of a job's schedule; a job may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ScheduleSettings {
    /// Five fields (minute hour day-of-month month day-of-week), six with seconds first, or
    /// `@daily`, `@hourly`, `@every 6h`. 0 and 7 are Sunday; either of two day fields will do.
    #[schemars(schema_with = "form::schema::cron_line")]
    pub cron: String,
    /// The IANA zone in whose time the line is meant.
    #[schemars(schema_with = "form::schema::time_zone")]
    pub timezone: String,
    /// What happens in the hour that a change of the clock skips or repeats.
    pub dst: DstPolicy,
    /// Days, in the zone's time, on which the line does not fire.
    #[schemars(schema_with = "form::schema::dates")]
    pub excluded_dates: Vec<NaiveDate>,
}

/// What holds for all schedules of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scheduling {
    /// Fire nothing by itself; runs by hand are not affected.
    pub paused: bool,
    /// Start up to this much later, always by the same amount for the same job, so that many
    /// jobs at one time do not start together. The slot keeps its scheduled time.
    #[serde(with = "form::some_duration", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::duration")]
    pub jitter: Option<Duration>,
    /// A slot that could not start within this time has been missed.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub start_deadline: Duration,
    /// What becomes of missed slots.
    pub catch_up: CatchUp,
    /// How far back missed slots are looked for.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub catch_up_window: Duration,
    /// What becomes of a slot whose job still runs.
    pub overlap: Overlap,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// They are reported and left.
    None,
    /// The newest of them is run.
    #[default]
    Latest,
    /// All are run, one after the other, the oldest first.
    All,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// It is reported and left.
    #[default]
    Skip,
    /// It waits for the run to end; a newer one takes its place in the queue.
    QueueOne,
    /// The run is cancelled, and the new one starts when it has ended.
    Replace,
    /// Both run.
    Allow,
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        Self {
            cron: "@daily".to_owned(),
            timezone: "UTC".to_owned(),
            dst: DstPolicy::default(),
            excluded_dates: Vec::new(),
        }
    }
}

impl Default for Scheduling {
    fn default() -> Self {
        Self {
            paused: false,
            jitter: None,
            start_deadline: Duration::from_secs(300),
            catch_up: CatchUp::default(),
            catch_up_window: Duration::from_secs(24 * 3600),
            overlap: Overlap::default(),
        }
    }
}

impl ScheduleSettings {
    /// # Panics
    /// When a text has not the form that the check of the settings lets through.
    pub fn fires(&self) -> Fires {
        Fires {
            expression: self.cron.parse().expect("a checked cron line"),
            zone: self.timezone.parse().expect("a checked time zone"),
            policy: self.dst,
        }
    }
}
