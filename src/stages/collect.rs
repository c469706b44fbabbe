//! Ask an open target for its tables, keep what it told before any failure, and always
//! give back what it holds for us.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::model::event::Event;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::{Outcome, Stage, StepName};
use crate::model::target::HostName;
use crate::providers::provider::{Ask, Baseline, Finding, Session, Sink};
use crate::stages::env::Env;
use crate::stages::preflight::Reached;
use crate::tables::table::TableId;

/// What a host told, without its rows: those are with the recorder already.
#[derive(Debug, Default)]
pub struct Collected {
    /// Absent when the conversation ended before it.
    pub baseline: Option<Result<Baseline, Failure>>,
    pub collectors: BTreeMap<StepName, CollectorEnd>,
    /// What ended the conversation early.
    pub broken_off: Option<Failure>,
}

#[derive(Debug)]
pub struct CollectorEnd {
    pub outcome: Outcome,
    /// Distinct VM ids, sorted; only from collectors that owe a row for every VM.
    pub seen: Option<Vec<Uuid>>,
}

/// Collects from one target within the deadline and closes its session.
pub async fn collect<S: Session>(env: &Env, reached: Reached<S>, ask: &Ask, deadline: Duration) -> Collected {
    let (target, mut session) = reached.into_parts();
    let mut findings = Findings { env, host: &target.host, collected: Collected::default() };
    let ended = env.bounded(deadline, session.collect(ask, &mut findings)).await;
    findings.end_what_is_left(ask, ended.as_ref().err()).await;
    let mut collected = findings.collected;
    collected.broken_off = ended.err();
    if let Err(failure) = session.close().await {
        env.warn(&target.host, format!("a shell may be left to the host's idle timeout: {failure}")).await;
    }
    collected
}

/// Sorts findings as they arrive: rows to the recorder, the rest into `collected`.
struct Findings<'a> {
    env: &'a Env,
    host: &'a HostName,
    collected: Collected,
}

impl Sink for Findings<'_> {
    async fn put(&mut self, finding: Finding) {
        match finding {
            Finding::Baseline(baseline) => self.collected.baseline = Some(baseline),
            Finding::Rows(batch) => self.env.hand_over(self.host, batch).await,
            Finding::Ended { table, outcome, seen, duration_ms, .. } => {
                self.end(table, CollectorEnd { outcome, seen }, duration_ms).await;
            }
        }
    }
}

impl Findings<'_> {
    /// The step of a collector is called by its table: one word for what was asked, what
    /// ran and what was written.
    async fn end(&mut self, table: TableId, end: CollectorEnd, duration_ms: u64) {
        let step = StepName(table.to_string());
        let (host, stage, outcome) = (self.host.clone(), Stage::Collect, end.outcome.clone());
        self.collected.collectors.insert(step.clone(), end);
        let at = self.env.clock.now();
        self.env.tell(Event::StepEnded { host, stage, step, outcome, duration_ms, at }).await;
    }

    /// Tables that nothing was heard of share the failure that ended the conversation.
    async fn end_what_is_left(&mut self, ask: &Ask, broken_off: Option<&Failure>) {
        for table in &ask.tables {
            if self.collected.collectors.contains_key(&StepName(table.to_string())) {
                continue;
            }
            let failure = broken_off.cloned().unwrap_or_else(|| {
                Failure::new(FailureKind::Bug, format!("the session ended without a word about `{table}`"))
            });
            let outcome = Outcome::Failed { failure };
            self.end(*table, CollectorEnd { outcome, seen: None }, 0).await;
        }
    }
}
