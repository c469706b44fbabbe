//! Tables of what a fleet holds, one file a table.

pub mod vcd;
pub mod vcluster;
pub mod vcpu;
pub mod vdatastore;
pub mod vdisk;
pub mod vfile;
pub mod vhba;
pub mod vhost;
pub mod vinfo;
pub mod vmemory;
pub mod vnetwork;
pub mod vnic;
pub mod vrole;
pub mod vsc_vmk;
pub mod vsnapshot;
pub mod vswitch;
pub mod vtools;
