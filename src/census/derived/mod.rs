//! Rows of tables that no collector fills, one file a table or two that belong together.

pub mod dvswitch;
pub mod vmetadata;
pub mod vport;
pub mod vsource;
