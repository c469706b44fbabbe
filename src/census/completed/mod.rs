//! Collected rows with the columns that only the census can fill, one file a table or a
//! group of columns.

pub mod beside;
pub mod vcluster;
pub mod vcpu;
pub mod vdatastore;
pub mod vhost;
pub mod vinfo;
pub mod vm_cluster;
pub mod vm_network;
pub mod vm_os;
pub mod vm_storage;
pub mod vnic;
pub mod vtools;
