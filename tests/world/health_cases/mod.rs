//! Every health check, where it fires and a step beside it.

pub mod case;
pub mod host;
pub mod shared;
pub mod vm;
pub mod zombie;
