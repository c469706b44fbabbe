//! Every route, once: how it is served and how it is described.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::daemon::exposition;
use crate::daemon::face::gate::guard;
use crate::daemon::face::health::{Healthy, Ready};
use crate::daemon::face::jobs::{JobDetail, JobList, Trigger, Triggered};
use crate::daemon::face::runs::RunList;
use crate::daemon::face::trouble::Trouble;
use crate::daemon::face::visitor::Visitor;
use crate::daemon::face::{health, jobs, metrics, openapi, pages, runs};
use crate::daemon::picture::JobPicture;
use crate::history::picture_view::PictureView;

/// One method on one path.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub summary: &'static str,
    /// Parameters by name, as `openapi` describes them.
    pub parameters: &'static [&'static str],
    pub body: Option<SchemaOf>,
    pub success: StatusCode,
    pub content: Content,
    /// Beside those that every route may give.
    pub troubles: &'static [StatusCode],
    /// Answered without the token.
    pub open: bool,
    handler: MethodRouter<Arc<Visitor>>,
}

pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a good answer holds.
pub enum Content {
    Json(SchemaOf),
    Text(&'static str),
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const OF_A_JOB: &[StatusCode] = &[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND];
const OF_AN_ERRAND: &[StatusCode] =
    &[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE];
const OF_A_TRIGGER: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];
const OF_RUNS: &[StatusCode] = &[
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];
const OF_STORES: &[StatusCode] = &[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];

impl Route {
    fn get(
        path: &'static str,
        summary: &'static str,
        content: Content,
        handler: MethodRouter<Arc<Visitor>>,
    ) -> Self {
        Self {
            method: Method::GET,
            path,
            summary,
            parameters: &[],
            body: None,
            success: StatusCode::OK,
            content,
            troubles: &[],
            open: false,
            handler,
        }
    }

    fn post(
        path: &'static str,
        summary: &'static str,
        content: Content,
        handler: MethodRouter<Arc<Visitor>>,
    ) -> Self {
        let route = Self::get(path, summary, content, handler);
        Self { method: Method::POST, parameters: &["job"], troubles: OF_AN_ERRAND, ..route }
    }
}

/// All of them, in the order in which the document lists them.
pub fn routes() -> Vec<Route> {
    use Content::{Json, Text};
    const HTML: &str = "text/html; charset=utf-8";
    vec![
        Route {
            open: true,
            troubles: &[StatusCode::SERVICE_UNAVAILABLE],
            ..Route::get("/healthz", "Whether the loop turns", Json(of::<Healthy>), get(health::healthz))
        },
        Route {
            open: true,
            troubles: &[StatusCode::SERVICE_UNAVAILABLE],
            ..Route::get(
                "/readyz",
                "Whether the jobs are read and their stores answer",
                Json(of::<Ready>),
                get(health::readyz),
            )
        },
        Route::get("/metrics", "Prometheus metrics", Text(exposition::CONTENT_TYPE), get(metrics::metrics)),
        Route::get("/v1/jobs", "The jobs and how they stand", Json(of::<JobList>), get(jobs::list)),
        Route {
            parameters: &["job"],
            troubles: OF_A_JOB,
            ..Route::get(
                "/v1/jobs/{job}",
                "A job, and its runs of this process",
                Json(of::<JobDetail>),
                get(jobs::show),
            )
        },
        Route {
            body: Some(of::<Trigger>),
            success: StatusCode::ACCEPTED,
            troubles: OF_A_TRIGGER,
            ..Route::post(
                "/v1/jobs/{job}/trigger",
                "Run a job now, or make up for a slot of the past",
                Json(of::<Triggered>),
                post(jobs::trigger),
            )
        },
        Route::post(
            "/v1/jobs/{job}/pause",
            "Fire nothing by itself until resumed, also after a restart; runs that go on go on",
            Json(of::<JobPicture>),
            post(jobs::pause),
        ),
        Route::post(
            "/v1/jobs/{job}/resume",
            "Fire again; a pause in the job's file stays",
            Json(of::<JobPicture>),
            post(jobs::resume),
        ),
        Route {
            parameters: &["for_job", "limit", "before"],
            troubles: OF_RUNS,
            ..Route::get("/v1/runs", "Committed runs, newest first", Json(of::<RunList>), get(runs::list))
        },
        Route {
            parameters: &["run_id"],
            troubles: OF_RUNS,
            ..Route::get(
                "/v1/runs/{run_id}",
                "A committed run merged with its retries",
                Json(of::<PictureView>),
                get(runs::show),
            )
        },
        Route::get(
            "/v1/openapi.json",
            "This document",
            Json(|_| schemars::json_schema!({ "type": "object" })),
            get(openapi::serve),
        ),
        Route { troubles: OF_STORES, ..Route::get("/", "The status page", Text(HTML), get(pages::status)) },
        Route {
            parameters: &["run_id"],
            troubles: OF_RUNS,
            ..Route::get("/runs/{run_id}", "A run's page", Text(HTML), get(pages::run))
        },
    ]
}

/// What answers requests.
pub fn router(visitor: &Arc<Visitor>) -> Router {
    let router =
        routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(visitor.clone(), guard))
        .with_state(visitor.clone())
}

async fn no_such_route(uri: Uri) -> Trouble {
    let message = format!("there is nothing at {}; /v1/openapi.json lists what there is", uri.path());
    Trouble::not_found(message).with("path", uri.path())
}

async fn no_such_method(method: Method, uri: Uri) -> Trouble {
    let message = format!("{} does not take {method}", uri.path());
    Trouble::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
        .with("method", method.as_str())
}
