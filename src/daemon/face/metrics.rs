//! `/metrics`: the daemon's picture as Prometheus reads it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::daemon::exposition::CONTENT_TYPE;
use crate::daemon::face::visitor::Visitor;
use crate::daemon::metrics::of_daemon;

pub async fn metrics(State(visitor): State<Arc<Visitor>>) -> Response {
    let now = visitor.clock.read_anew().now();
    let text = visitor.state.read(|picture| of_daemon(picture, now));
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}
