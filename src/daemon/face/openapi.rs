//! The OpenAPI 3.1 document, written from the table of routes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::daemon::face::routes::{Content, Route, routes};
use crate::daemon::face::runs::{MOST_RUNS, USUAL_RUNS};
use crate::daemon::face::trouble::TroubleBody;
use crate::daemon::face::visitor::{self, Visitor};

/// As `JobName` has it.
const JOB_PATTERN: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";

pub async fn serve(State(visitor): State<Arc<Visitor>>) -> Response {
    visitor::json(&document(visitor.gate.is_locked()))
}

/// The document; with `locked`, a token is asked for.
pub fn document(locked: bool) -> Value {
    let answers = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut asked = answers.clone().into_generator();
    let mut generator = answers.for_serialize().into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let operations = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        operations[route.method.as_str().to_lowercase()] = operation(&route, &mut generator, &mut asked);
    }
    let mut schemas = asked.take_definitions(true);
    schemas.extend(generator.take_definitions(true));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lustrum",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What `lustrum serve` tells and takes. Every error has one shape. All times are UTC.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    });
    if locked {
        document["components"]["securitySchemes"] =
            json!({ "token": { "type": "http", "scheme": "bearer" } });
        document["security"] = json!([{ "token": [] }]);
    }
    document
}

fn operation(route: &Route, generator: &mut SchemaGenerator, asked: &mut SchemaGenerator) -> Value {
    let trouble = generator.subschema_for::<TroubleBody>();
    let good = match &route.content {
        Content::Json(schema) => json!({ "application/json": { "schema": schema(generator) } }),
        Content::Text(kind) => json!({ *kind: { "schema": { "type": "string" } } }),
    };
    let mut responses = Map::new();
    let described = |status: StatusCode| status.canonical_reason().unwrap_or("See the code");
    responses.insert(
        route.success.as_str().to_owned(),
        json!({ "description": described(route.success), "content": good }),
    );
    // The gate stands before every route but the open ones.
    let of_gate: &[StatusCode] =
        if route.open { &[] } else { &[StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] };
    for status in route.troubles.iter().chain(of_gate).chain(&[StatusCode::METHOD_NOT_ALLOWED]) {
        let content = json!({ "application/json": { "schema": trouble } });
        responses.insert(
            status.as_str().to_owned(),
            json!({ "description": described(*status), "content": content }),
        );
    }
    let parameters: Vec<Value> = route.parameters.iter().map(|name| parameter(name)).collect();
    let mut operation = json!({
        "summary": route.summary,
        "operationId": format!("{} {}", route.method.as_str().to_lowercase(), route.path),
        "parameters": parameters,
        "responses": responses,
    });
    if route.open {
        operation["security"] = json!([]);
    }
    if let Some(body) = route.body {
        operation["requestBody"] =
            json!({ "required": false, "content": { "application/json": { "schema": body(asked) } } });
    }
    operation
}

fn parameter(name: &str) -> Value {
    let job = json!({ "type": "string", "pattern": JOB_PATTERN });
    let run = json!({ "type": "string", "minLength": 1, "example": "hyperv-daily-20261121T060000.000Z" });
    match name {
        "job" => json!({ "name": "job", "in": "path", "required": true, "schema": job }),
        "run_id" => json!({ "name": "run_id", "in": "path", "required": true, "schema": run }),
        "for_job" => json!({
            "name": "job", "in": "query", "schema": job,
            "description": "Runs of this job only",
        }),
        "before" => json!({
            "name": "before", "in": "query", "schema": run,
            "description": "Only runs before this one: `next` of the page before",
        }),
        "limit" => json!({
            "name": "limit", "in": "query",
            "schema": { "type": "integer", "minimum": 1, "maximum": MOST_RUNS, "default": USUAL_RUNS },
        }),
        other => unreachable!("no parameter is called {other}"),
    }
}
