//! HTTP/1.1 (RFC 9110, RFC 9112) with every phase of it measured: what the probes speak.

pub mod alarm;
pub mod answer;
pub mod chunked;
pub mod connection;
pub mod connector;
pub mod endpoint;
pub mod error;
pub mod framing;
pub mod request;
pub mod sink;
pub mod stream;
