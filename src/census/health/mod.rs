//! vHealth: what the rows say is not as it should be.

pub mod check;
pub mod cluster;
pub mod datastore;
pub mod device;
pub mod disk;
pub mod findings;
pub mod host;
pub mod host_rows;
pub mod paths;
pub mod realm;
pub mod survey;
pub mod tally;
pub mod thresholds;
pub mod tips;
pub mod vm;
