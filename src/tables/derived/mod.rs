//! Tables that follow from the collected ones, one file a table.

pub mod dvport;
pub mod dvswitch;
pub mod vhealth;
pub mod vmetadata;
pub mod vport;
pub mod vsource;
