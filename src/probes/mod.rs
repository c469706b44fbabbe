//! What is measured of services that are reachable over HTTP.

pub mod exposition;
