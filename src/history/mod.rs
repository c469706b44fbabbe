//! What the committed runs of a store say together: which there are, what they hold, what changed.

pub mod capture;
pub mod change;
pub mod diff;
pub mod holdings;
pub mod ledger;
pub mod parquet_file;
pub mod picture;
pub mod picture_view;
pub mod remembered;
pub mod retention;
pub mod snapshot;
pub mod sweep;
pub mod verify;
pub mod why;
