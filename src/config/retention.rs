//! How long committed runs stay, and when what no manifest names may go: for `lustrum runs gc`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::form;

/// What `lustrum runs gc` leaves in the store. Without a `keep-…` every committed run stays; a
/// run goes when neither keeps it. Runs and the runs that retried them stay or go together, and
/// the last full one of a job always stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Retention {
    /// So many full runs of a job, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keep_runs: Option<u32>,
    /// Runs of the last so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36_500))]
    pub keep_days: Option<u32>,
    /// How long the files of a run outlive its manifest, for those who are reading them.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub grace: Duration,
    /// The age from which objects go that no manifest names: what an attempt left that was cut
    /// off or lost. Longer than anybody comes back to an interrupted slot.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub orphans_after: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            keep_runs: None,
            keep_days: None,
            grace: Duration::from_secs(3600),
            orphans_after: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
