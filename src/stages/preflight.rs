//! May we enter? Reach the target without a credential, then one logon behind the gate.

use std::time::Duration;

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Stage;
use crate::model::target::Target;
use crate::providers::provider::{Contact, Provider, Session};
use crate::stages::env::Env;
use crate::stages::gate::Gate;

/// A target that let us in. Only [`preflight`] makes one, so nothing can be collected from
/// a host that did not answer.
pub struct Reached<S: Session> {
    target: Target,
    session: S,
}

impl<S: Session> Reached<S> {
    pub fn into_parts(self) -> (Target, S) {
        (self.target, self.session)
    }
}

/// Where preflight ended when it did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing usable listens there.
    NotReached(Failure),
    /// It listens, and we did not get in.
    NotEntered(Failure),
}

/// Reaches one target and logs on to it.
pub async fn preflight<P: Provider>(
    env: &Env,
    provider: &P,
    gate: &Gate,
    target: Target,
    credential: &Credential,
    deadline: Duration,
) -> Result<Reached<<P::Contact as Contact>::Session>, Refused> {
    let host = target.host.clone();
    let contact = env
        .step(&host, (Stage::Preflight, "reach"), deadline, provider.reach(&target))
        .await
        .map_err(Refused::NotReached)?;
    if let Some(greeting) = contact.greeting() {
        tracing::debug!(host.name = %host, greeting, "host reached");
    }
    // Waiting for the canary is not the host's fault and does not count against its deadline.
    let pass = match env.bounded(Duration::MAX, gate.admit(&credential.name)).await {
        Ok(pass) => pass,
        Err(held_back) => {
            let told: Result<(), Failure> = Err(held_back);
            let told = env.step(&host, (Stage::Preflight, "logon"), deadline, async { told }).await;
            return Err(Refused::NotEntered(told.expect_err("the step was given an error")));
        }
    };
    let logon = env.step(&host, (Stage::Preflight, "logon"), deadline, contact.logon(credential)).await;
    match logon {
        Ok(session) => {
            pass.accepted().await;
            Ok(Reached { target, session })
        }
        Err(failure) => {
            if failure.kind == FailureKind::AuthFailed {
                pass.refused().await;
            } else {
                pass.unheard().await;
            }
            Err(Refused::NotEntered(failure))
        }
    }
}
