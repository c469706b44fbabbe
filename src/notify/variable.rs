//! What a template may name.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::model::status::FinalStatus;
use crate::notify::notice::{Notice, RunFacts};
use crate::notify::wording;

/// Hosts that are listed one by one.
const HOSTS_LISTED: usize = 50;

/// One of the words between `{{` and `}}`.
#[derive(Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    pub doc: &'static str,
    of: fn(&Notice) -> Value,
}

impl Variable {
    pub fn named(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }

    /// Null where the notice has no such thing.
    pub fn of(&self, notice: &Notice) -> Value {
        (self.of)(notice)
    }
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn is(name: &'static str, doc: &'static str, of: fn(&Notice) -> Value) -> Variable {
    Variable { name, doc, of }
}

/// All of them.
pub const VARIABLES: [Variable; 30] = [
    is(
        "occasion",
        "all_ok, hosts_not_ok, probes_not_ok, cancelled, not_recorded, interrupted or missed",
        |notice| json!(notice.occasion.word()),
    ),
    is("severity", "info, warning or error", |notice| json!(notice.occasion.severity())),
    is("title", "what happened, on one line", |notice| json!(wording::title(notice))),
    is(
        "details",
        "what stands below: counts, and up to 20 hosts with their reasons, a line each; may be empty",
        |notice| json!(wording::details(notice)),
    ),
    is("at", "when it happened, RFC 3339 in UTC", |notice| instant(notice.at)),
    is("job", "the job's name", |notice| json!(notice.job)),
    is("slot", "the instant the run stands for: 20261121T060000.000Z", |notice| json!(notice.slot)),
    is("slot_at", "the same, RFC 3339", |notice| instant(notice.slot.instant())),
    is("cause", "why nothing was recorded, or why the slot is not run; null otherwise", |notice| {
        json!(notice.cause.as_deref().map(wording::one_line))
    }),
    is("missed_slots", "slots that are not run and told of together; 0 for a run", |notice| {
        json!(notice.missed_slots)
    }),
    is("recovered", "true when all is well, and was not before", |notice| json!(notice.since.recovered)),
    is(
        "changed",
        "true when other hosts or probes are not OK than before, or it ended in another way",
        |notice| json!(notice.since.changed),
    ),
    is("run_id", "the committed run; null, like all below, where nothing was committed", |notice| {
        of_run(notice, |run| json!(run.run_id))
    }),
    is("attempt", "which try at the run: 12 hex digits", |notice| of_run(notice, |run| json!(run.attempt))),
    is("scope", "full, or retry: then hosts are counted together with the run that was retried", |notice| {
        of_run(notice, |run| json!(run.scope))
    }),
    is("started_at", "when the run began, RFC 3339", |notice| of_run(notice, |run| instant(run.started_at))),
    is("duration_ms", "how long it took", |notice| of_run(notice, |run| json!(run.duration_ms))),
    is("hosts", "how many hosts", |notice| of_run(notice, |run| json!(run.counts.values().sum::<u64>()))),
    is("inventory_ok", "hosts of this final status", |notice| hosts_of(notice, FinalStatus::InventoryOk)),
    is("inventory_empty", "hosts of this final status", |notice| {
        hosts_of(notice, FinalStatus::InventoryEmpty)
    }),
    is("inventory_partial", "hosts of this final status", |notice| {
        hosts_of(notice, FinalStatus::InventoryPartial)
    }),
    is("inventory_error", "hosts of this final status", |notice| {
        hosts_of(notice, FinalStatus::InventoryError)
    }),
    is("hosts_not_ok", "inventory_partial and inventory_error together", |notice| {
        of_run(notice, |run| json!(run.not_ok.len()))
    }),
    is("vms", "VMs in all baselines together", |notice| of_run(notice, |run| json!(run.vms))),
    is("not_ok", "up to 50 hosts that are not OK, the worst first: {host, status, reasons, why}", |notice| {
        of_run(notice, |run| json!(run.not_ok.iter().take(HOSTS_LISTED).collect::<Vec<_>>()))
    }),
    is("probes", "how many probes", |notice| of_run(notice, |run| json!(run.probes))),
    is(
        "probes_not_ok",
        "probes that failed or are beyond a threshold: {probe, kind, ended, headline}",
        |notice| of_run(notice, |run| json!(run.probes_not_ok)),
    ),
    is("newly_not_ok", "hosts that are not OK and were, or were not asked", |notice| {
        of_run(notice, |_| json!(notice.since.newly_not_ok))
    }),
    is("ok_again", "hosts that were not OK and are", |notice| {
        of_run(notice, |_| json!(notice.since.ok_again))
    }),
    is("manifest", "where the manifest is", |notice| of_run(notice, |run| json!(run.manifest))),
];

fn of_run(notice: &Notice, value: impl Fn(&RunFacts) -> Value) -> Value {
    notice.run.as_ref().map_or(Value::Null, value)
}

fn hosts_of(notice: &Notice, status: FinalStatus) -> Value {
    of_run(notice, |run| json!(run.counts.get(&status).copied().unwrap_or_default()))
}

fn instant(at: DateTime<Utc>) -> Value {
    json!(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
