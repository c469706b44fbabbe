//! The daemon's HTTP face: state, metrics, an API and a page for people.

pub mod archives;
pub mod gate;
pub mod health;
pub mod html;
pub mod jobs;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod probe_rows;
pub mod routes;
pub mod runs;
pub mod server;
pub mod trouble;
pub mod visitor;
