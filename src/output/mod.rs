//! How rows become objects: spooled, encoded, staged, and shown all at once by a manifest.

pub mod cell_text;
pub mod column_width;
pub mod commit;
pub mod csv;
pub mod draft;
pub mod export;
pub mod faces;
pub mod format;
pub mod frame;
pub mod layout;
pub mod ndjson;
pub mod parquet;
pub mod pieces;
pub mod press;
pub mod published;
pub mod rvtools_csv;
pub mod shown;
pub mod source;
pub mod spool;
pub mod spooled;
pub mod staged;
pub mod store;
pub mod store_error;
pub mod tab_rows;
pub mod workbook;
pub mod writer;
