//! The gate before a logon: how many logons a wrong password costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lustrum::model::credential::CredentialName;
use lustrum::model::failure::FailureKind;
use lustrum::stages::gate::Gate;
use lustrum::time::clock::Clock;

fn name() -> CredentialName {
    CredentialName::default_name()
}

/// Sends `hosts` logons through one gate at once; `accepts` says which are accepted.
/// Returns how many reached the fleet and how many were held back.
async fn storm(gate: Arc<Gate>, hosts: u32, accepts: fn(u32) -> bool) -> (u32, u32) {
    let logons = Arc::new(AtomicU32::new(0));
    let held = Arc::new(AtomicU32::new(0));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..hosts {
        let (gate, logons, held) = (gate.clone(), logons.clone(), held.clone());
        all.spawn(async move {
            match gate.admit(&name()).await {
                Ok(pass) => {
                    let nth = logons.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    if accepts(nth) { pass.accepted().await } else { pass.refused().await }
                }
                Err(failure) => {
                    assert_eq!(failure.kind, FailureKind::CredentialBlocked);
                    held.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    while let Some(joined) = all.join_next().await {
        joined.unwrap();
    }
    (logons.load(Ordering::SeqCst), held.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_costs_as_many_logons_as_the_budget() {
    assert_eq!(storm(Arc::new(Gate::new(3)), 200, |_| false).await, (3, 197));
}

#[tokio::test(start_paused = true)]
async fn an_accepted_canary_opens_the_gate_for_all() {
    let before = Clock::starting_at(chrono::DateTime::UNIX_EPOCH).instant();
    assert_eq!(storm(Arc::new(Gate::new(3)), 200, |_| true).await, (200, 0));
    assert_eq!(before.elapsed(), Duration::from_millis(40), "the canary, then all the others at once");
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_resets_the_count() {
    // Two refusals, then accepted: never three in a row.
    assert_eq!(storm(Arc::new(Gate::new(3)), 50, |nth| nth >= 2).await, (50, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_frees_the_canary_and_counts_for_nothing() {
    let gate = Gate::new(1);
    for _ in 0..10 {
        gate.admit(&name()).await.unwrap().unheard().await;
        drop(gate.admit(&name()).await.unwrap());
    }
    gate.admit(&name()).await.unwrap().refused().await;
    assert!(gate.admit(&name()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn credentials_are_judged_apart() {
    let gate = Gate::new(1);
    gate.admit(&name()).await.unwrap().refused().await;
    assert!(gate.admit(&CredentialName("other".into())).await.is_ok());
}
