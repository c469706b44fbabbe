//! How rows become objects: spooled, encoded, staged, and shown all at once by a manifest.

pub mod commit;
pub mod crew;
pub mod csv;
pub mod draft;
pub mod export;
pub mod format;
pub mod frame;
pub mod layout;
pub mod ndjson;
pub mod packed;
pub mod parquet;
pub mod pieces;
pub mod press;
pub mod published;
pub mod source;
pub mod spool;
pub mod spooled;
pub mod staged;
pub mod store;
pub mod store_error;
pub mod writer;
