//! What makes a server's certificate acceptable, for every protocol over TLS.

pub mod config;
pub mod leaf;
