//! One run of the daemon, from its job file to its end.

use std::sync::Arc;

use futures::future::LocalBoxFuture;

use crate::config::load::{self, Request, Secrets};
use crate::config::problem::Problems;
use crate::daemon::state::State;
use crate::engine::launch::{self, Lineage};
use crate::engine::plan::Plan;
use crate::engine::publish::publish;
use crate::engine::recorder::Listener;
use crate::engine::run::{Ended, Ground, run};
use crate::engine::stop::Stop;
use crate::engine::tenure::Patience;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::Slot;
use crate::model::target::Platform;
use crate::providers::catalogue;
use crate::time::clock::Clock;

/// Drives one run to its end.
pub type Runner = Box<dyn Fn(Execution) -> LocalBoxFuture<'static, Result<Ended, Failure>>>;

/// One run of the daemon.
pub struct Execution {
    pub request: Request,
    pub slot: Slot,
    pub clock: Clock,
    pub nonce: u64,
    pub listeners: Vec<Box<dyn Listener>>,
    pub stop: Stop,
    pub state: Arc<State>,
}

impl Execution {
    /// The fleet and the secrets are read now: a password that was changed holds from the
    /// next run on.
    pub async fn run(self) -> Result<Ended, Failure> {
        let told = |problems: &Problems| {
            let told: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
            Failure::new(FailureKind::NotApplicable, told.join("; "))
        };
        let asked = load::ask(&self.request, Secrets::All).map_err(|problems| told(&problems))?;
        let opening = load::opening(&asked.job, &self.request).map_err(|problems| told(&problems))?;
        let (store, unsafe_to_share) = launch::store(&opening, self.nonce).await?;
        let warnings = [asked.warnings.clone(), unsafe_to_share].concat();
        let (platform, shell, delta) = (asked.job.platform, asked.job.limits.shell(), asked.job.output.delta);
        let plan = Plan::of(asked, false);
        let header = launch::header(&plan, self.slot, Lineage::default(), &self.clock, self.nonce);
        let spool = launch::spool_path(&store, &header, &plan.share)?;
        let ground = Ground {
            clock: self.clock.clone(),
            store: store.clone(),
            spool,
            stop: self.stop,
            listeners: self.listeners,
            warnings,
            lease: opening.lease,
            patience: Patience::StandBy,
        };
        let ended = match platform {
            Platform::Hyperv => run(plan, Arc::new(catalogue::hyperv(shell)), header, ground).await,
        };
        if let (true, Ok(Ended::Committed(manifest))) = (delta, &ended)
            && let Err(failure) = publish(&store, manifest, &self.clock).await
        {
            tracing::warn!(job.name = %manifest.job, slot = %manifest.slot, %failure, "the run is committed but not published in every Delta log");
            self.state.note_unpublished(&manifest.job);
        }
        ended
    }
}
