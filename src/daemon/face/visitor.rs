//! What a request's handler is given: the daemon's picture, its stores, its ear.

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::daemon::errand::{Errand, Wish};
use crate::daemon::face::archives::Archives;
use crate::daemon::face::gate::Gate;
use crate::daemon::face::trouble::Trouble;
use crate::daemon::state::State;
use crate::daemon::watch::Order;
use crate::model::run::JobName;
use crate::time::clock::Clock;

/// Shared by all requests.
pub struct Visitor {
    pub state: Arc<State>,
    pub clock: Clock,
    pub orders: mpsc::Sender<Order>,
    pub archives: Archives,
    pub gate: Gate,
}

impl Visitor {
    /// The roots of all jobs' stores.
    pub fn roots(&self) -> Vec<String> {
        let mut roots: Vec<String> =
            self.state.read(|picture| picture.jobs.values().map(|job| job.store.clone()).collect());
        roots.sort();
        roots.dedup();
        roots
    }

    /// Hands a wish to the loop and waits for its word.
    pub async fn ask(&self, job: &JobName, wish: Wish) -> Result<(), Trouble> {
        if self.state.read(|picture| picture.draining) {
            return Err(Trouble::shutting_down());
        }
        let (answer, word) = oneshot::channel();
        let errand = Order::Errand(Errand { job: job.clone(), wish, answer });
        self.orders.send(errand).await.map_err(|_| Trouble::shutting_down())?;
        let granted = word.await.map_err(|_| Trouble::shutting_down())?;
        granted.map_err(|declined| Trouble::declined(declined, job.as_str()))
    }
}

/// A JSON answer.
pub fn json(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("plain values with text keys");
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
