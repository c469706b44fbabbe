//! Tables of what a fleet holds, one file a table.

pub mod vcd;
pub mod vcpu;
pub mod vdisk;
pub mod vhost;
pub mod vinfo;
pub mod vmemory;
pub mod vnetwork;
pub mod vsnapshot;
pub mod vswitch;
pub mod vtools;
