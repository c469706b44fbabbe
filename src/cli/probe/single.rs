//! A run of one probe and no host: measured, written and committed as any run is.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::aftermath::Aftermath;
use crate::cli::exit::Exit;
use crate::cli::survey::{Scene, Survey, not_recorded};
use crate::cli::terminal::Terminal;
use crate::config::job::Job;
use crate::config::load::Asked;
use crate::config::store::Opening;
use crate::engine::launch::Lineage;
use crate::engine::plan::Plan;
use crate::engine::run::Ended;
use crate::model::manifest::Manifest;
use crate::model::run::{Scope, Slot};
use crate::probes::catalogue::PlannedProbe;
use crate::providers::catalogue;
use crate::time::clock::Clock;

/// What is measured, and where it is written.
pub struct Single {
    pub job: Job,
    pub planned: PlannedProbe,
    pub opening: Opening,
    pub warnings: Vec<String>,
    /// Cancelled, the probe ends as by an operator's Ctrl-C: for a screen that takes the keys.
    pub quit: CancellationToken,
    /// Whether lines about the run may be written to the terminal while it measures.
    pub shows_progress: bool,
}

/// How it ended.
pub struct Measured {
    pub exit: Exit,
    /// What was committed, to be told by the caller; what else happened is told already.
    pub manifest: Option<Arc<Manifest>>,
}

/// Measures. The run is a part of its job: it is compared with no other, and nobody is told.
pub async fn measure(single: Single, terminal: &Terminal) -> io::Result<Measured> {
    let Single { job, planned, opening, warnings, quit, shows_progress } = single;
    let (delta, shell) = (job.output.delta, job.limits.shell());
    let aftermath = Aftermath::of(&job, Vec::new(), None);
    let asked = Asked {
        job,
        fleet: Default::default(),
        credentials: Default::default(),
        probes: vec![planned],
        warnings: Vec::new(),
    };
    let survey = Survey {
        plan: Plan::of(asked, false),
        warnings,
        opening,
        delta,
        lineage: Lineage { scope: Scope::Part, parent: None },
        slot: Some(Slot::at(Clock::system().now())),
        json: false,
        by_collector: false,
        zero_if_recorded: false,
        quit,
        shows_progress,
    };
    let mut scene = match Scene::open(survey, &aftermath, catalogue::hyperv(shell), terminal).await {
        Ok(scene) => scene,
        Err(failure) => {
            return Ok(Measured { exit: not_recorded(&failure.to_string(), terminal), manifest: None });
        }
    };
    let (plan, header) = (scene.survey.plan.clone(), scene.header(scene.run.slot));
    match scene.conduct(plan, header, Vec::new()).await {
        Some(Ok(Ended::Committed(manifest))) => {
            scene.publish(&manifest).await;
            Ok(Measured { exit: scene.exit_of(&manifest), manifest: Some(manifest) })
        }
        ended => Ok(Measured { exit: scene.end(&ended).await?, manifest: None }),
    }
}
