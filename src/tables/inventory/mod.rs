//! Tables of what a fleet holds, one file a table.

pub mod vinfo;
