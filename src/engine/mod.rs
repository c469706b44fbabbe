//! How a run is planned, driven and recorded.

pub mod begun;
pub mod ground;
pub mod launch;
pub mod pipeline;
pub mod plan;
pub mod publish;
pub mod recorder;
pub mod report;
pub mod resume;
pub mod run;
pub mod shards;
pub mod share;
pub mod spools;
pub mod staging;
pub mod stop;
pub mod taking_up;
pub mod tenure;
pub mod tidings;
