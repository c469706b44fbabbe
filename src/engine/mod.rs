//! How a run is planned, driven and recorded.

pub mod pipeline;
pub mod plan;
pub mod stop;
