//! Every quantity of a run has a limit, and every limit a default.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::form;
use crate::transport::shell::ShellLimits;

/// The limits of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Hosts asked at the same time.
    #[schemars(range(min = 1, max = 4096))]
    pub concurrency: u32,
    /// The longest that reaching a host may take, and then the longest a logon may take.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub preflight_deadline: Duration,
    /// The longest one host may take to tell its tables once it let us in.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub host_deadline: Duration,
    /// The longest the whole run may take; hosts that had no turn end as `not_run`.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub run_deadline: Duration,
    /// The longest one collector may take on a host before the next one begins.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub collector_deadline: Duration,
    /// TCP and TLS.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub connect_timeout: Duration,
    /// How long a host may hold a question open before it says "nothing yet".
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub operation_timeout: Duration,
    /// How long a connection may stay silent beyond `operation-timeout`.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub silence_timeout: Duration,
    /// Idle time after which a host deletes a shell that was lost.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub idle_timeout: Duration,
    /// How long closing a shell may take.
    #[serde(with = "form::duration")]
    #[schemars(schema_with = "form::schema::duration")]
    pub close_timeout: Duration,
    /// The most one host may answer, standard output and error together.
    #[serde(with = "form::size")]
    #[schemars(schema_with = "form::schema::size")]
    pub output_bytes: u64,
    /// Tries of one request on connection and quota trouble, the first included.
    #[schemars(range(min = 1, max = 10))]
    pub attempts: u32,
    /// Refused logons in a row after which a credential is held back for the rest of the run.
    #[schemars(range(min = 1, max = 10))]
    pub auth_failures: u32,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            concurrency: 64,
            preflight_deadline: Duration::from_secs(MINUTE),
            host_deadline: Duration::from_secs(15 * MINUTE),
            run_deadline: Duration::from_secs(4 * 60 * MINUTE),
            collector_deadline: Duration::from_secs(5 * MINUTE),
            connect_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_secs(20),
            silence_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(3 * MINUTE),
            close_timeout: Duration::from_secs(10),
            output_bytes: 64 << 20,
            attempts: 3,
            auth_failures: 3,
        }
    }
}

impl Limits {
    /// Deadlines that another deadline makes pointless, in words.
    pub fn uneven(&self) -> Vec<String> {
        let pairs = [
            ("collector-deadline", self.collector_deadline, "host-deadline", self.host_deadline),
            ("host-deadline", self.host_deadline, "run-deadline", self.run_deadline),
            ("connect-timeout", self.connect_timeout, "preflight-deadline", self.preflight_deadline),
        ];
        let uneven = pairs.into_iter().filter(|(_, inner, _, outer)| inner > outer);
        let told = uneven.map(|(inner, _, outer, _)| {
            format!("limits.{inner} is longer than limits.{outer}, which ends it")
        });
        told.collect()
    }

    pub fn shell(&self) -> ShellLimits {
        ShellLimits {
            connect_timeout: self.connect_timeout,
            operation_timeout: self.operation_timeout,
            silence_timeout: self.silence_timeout,
            idle_timeout: self.idle_timeout,
            close_timeout: self.close_timeout,
            output_bytes: self.output_bytes,
            attempts: self.attempts,
        }
    }
}
