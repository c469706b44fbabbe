//! What a finished run's plan and manifest tell the census.

use std::collections::HashMap;

use crate::census::ground::{Ground, HostStanding};
use crate::engine::plan::Plan;
use crate::model::event::RunHeader;
use crate::model::manifest::{HostRecord, Manifest, StepRecord};
use crate::model::outcome::Stage;
use crate::model::status::FinalStatus;
use crate::model::target::HostName;
use crate::tables::catalogue;

pub fn of(plan: &Plan, header: &RunHeader, manifest: &Manifest) -> Ground {
    let sites: HashMap<_, _> =
        plan.targets.iter().map(|target| (&target.host, target.site.as_str())).collect();
    let standing = |(host, record): (&HostName, &HostRecord)| {
        let ended_well = |step: &&StepRecord| step.stage == Stage::Collect && step.outcome.is_ok();
        let told = record.steps.iter().filter(ended_well);
        let standing = HostStanding {
            site: sites.get(host).map_or_else(String::new, |site| (*site).to_owned()),
            status: record.verdict.as_ref().map_or(FinalStatus::InventoryError, |verdict| verdict.status),
            told: told.filter_map(|step| catalogue::named(&step.step.0)).map(|spec| spec.id).collect(),
        };
        (host.clone(), standing)
    };
    Ground {
        hosts: manifest.hosts.iter().map(standing).collect(),
        started_at: header.started_at,
        program_version: header.program_version.clone(),
        remembered: HashMap::new(),
    }
}
