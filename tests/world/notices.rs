//! Notices to be told of.

use std::collections::BTreeMap;

use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::status::{FinalStatus, Reason};
use lustrum::notify::courier::{Courier, Way};
use lustrum::notify::notice::{NotOkHost, Notice, Occasion, On, RunFacts, Since};

use crate::world::sample_rows::host;

const SLOT: &str = "20261121T060000.000Z";

/// Three hosts, one of them not OK, with this sentence behind its reason.
pub fn hosts_not_ok(why: &str) -> Notice {
    let (job, slot) = (JobName::parse("nightly").unwrap(), Slot::parse(SLOT).unwrap());
    let not_ok = NotOkHost {
        host: host("hv-03"),
        status: FinalStatus::InventoryError,
        reasons: vec![Reason::Unreachable],
        why: why.to_owned(),
    };
    let run = RunFacts {
        run_id: RunId::new(&job, slot),
        attempt: Attempt::from_bits(0xab),
        scope: Scope::Full,
        started_at: slot.instant(),
        duration_ms: 90_000,
        counts: BTreeMap::from([(FinalStatus::InventoryOk, 2), (FinalStatus::InventoryError, 1)]),
        vms: 41,
        probes: 0,
        probes_not_ok: Vec::new(),
        not_ok: vec![not_ok],
        manifest: format!("out/runs/nightly/{SLOT}/manifest.json"),
    };
    let since = Since { changed: true, newly_not_ok: [host("hv-03")].into(), ..Since::default() };
    let at = slot.instant() + chrono::TimeDelta::seconds(90);
    Notice { run: Some(run), since, ..Notice::plain(job, slot, Occasion::HostsNotOk, at) }
}

/// Without a run.
pub fn plain(occasion: Occasion, cause: &str) -> Notice {
    let (job, slot) = (JobName::parse("nightly").unwrap(), Slot::parse(SLOT).unwrap());
    Notice { cause: Some(cause.to_owned()), ..Notice::plain(job, slot, occasion, slot.instant()) }
}

/// One who carries everything, and tries so often.
pub fn courier(way: Way, attempts: u32) -> Courier {
    let timeout = std::time::Duration::from_secs(60);
    Courier { name: "notify[0]".to_owned(), on: vec![On::Always], way, timeout, attempts }
}
