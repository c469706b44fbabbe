//! Tables of how well a run saw the fleet, one file a table.

pub mod coverage;
pub mod missing_vms;
