//! The published tables as Delta Lake tables: a log beside each table's files, which follows from the manifests alone.

pub mod delta_error;
pub mod entry;
pub mod fields;
pub mod publisher;
pub mod table_log;
