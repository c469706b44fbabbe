//! What a finished run's plan and manifest tell the census.

use std::collections::HashMap;

use crate::census::ground::{Ground, HostStanding};
use crate::engine::plan::Plan;
use crate::model::event::{RunHeader, Verdict};
use crate::model::failure::FailureKind;
use crate::model::manifest::{HostRecord, Manifest, MovedVm, StepRecord};
use crate::model::outcome::{Outcome, Stage, StepName};
use crate::model::remembered::Remembered;
use crate::model::status::FinalStatus;
use crate::model::target::HostName;
use crate::tables::catalogue;
use crate::tables::inventory::vinfo::Vinfo;
use crate::tables::table::Row;

pub fn of(
    plan: &Plan,
    header: &RunHeader,
    manifest: &Manifest,
    remembered: HashMap<String, Remembered>,
) -> Ground {
    let sites: HashMap<_, _> =
        plan.targets.iter().map(|target| (&target.host, target.site.as_str())).collect();
    let standing = |(host, record): (&HostName, &HostRecord)| {
        let asked = || record.steps.iter().filter(|step| step.stage == Stage::Collect);
        let table = |step: &StepRecord| catalogue::named(&step.step.0).map(|spec| spec.id);
        let standing = HostStanding {
            site: sites.get(host).map_or_else(String::new, |site| (*site).to_owned()),
            status: record.verdict.as_ref().map_or(FinalStatus::InventoryError, |verdict| verdict.status),
            told: asked().filter(|step| step.outcome.is_ok()).filter_map(table).collect(),
            all_vms_seen: record.verdict.as_ref().is_some_and(saw_all_vms),
            failed: asked().filter(|step| is_trouble(&step.outcome)).filter_map(table).collect(),
        };
        (host.clone(), standing)
    };
    Ground {
        hosts: manifest.hosts.iter().map(standing).collect(),
        started_at: header.started_at,
        program_version: header.program_version.clone(),
        remembered,
        moved: manifest.moved_vms.values().flat_map(left).collect(),
        health: plan.health.clone(),
    }
}

fn saw_all_vms(verdict: &Verdict) -> bool {
    let vinfo = verdict.coverage.get(&StepName(Vinfo::TABLE.as_str().to_owned()));
    verdict.status != FinalStatus::InventoryError && vinfo.is_some_and(|seen| seen.missing.is_empty())
}

fn left(moved: &MovedVm) -> impl Iterator<Item = (HostName, HostName)> {
    let left = moved.seen_on.iter().filter(|host| **host != moved.kept);
    left.map(|host| (host.clone(), moved.kept.clone()))
}

fn is_trouble(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Ok { .. } | Outcome::NotRun { .. } => false,
        Outcome::Partial { failure, .. } | Outcome::Failed { failure } => {
            failure.kind != FailureKind::NotApplicable
        }
    }
}
