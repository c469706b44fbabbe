//! Why a run could not be published in a Delta log.

use crate::model::failure::{Failure, FailureKind};
use crate::output::store_error::StoreError;

/// The run stays committed; publishing it again later makes up for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} cannot be read as a version of a Delta log: {why}")]
    Unreadable { path: String, why: String },
    #[error(
        "the Delta log {path} demands writers of version {writer}, and Lustrum is one of version 2: \
         another program has changed the table's protocol"
    )]
    Protocol { path: String, writer: u64 },
    #[error("the Delta log {path} holds the column {column} as {known}, and Lustrum writes {ours}")]
    Clash { path: String, column: String, known: String, ours: String },
    #[error(
        "the Delta log {path} begins at version {begins}, because another program removed what a \
         checkpoint holds, and what is left does not tell which runs are in it"
    )]
    Cut { path: String, begins: u64 },
    #[error("the Delta log {path} grows faster than it can be appended to")]
    Outrun { path: String },
    #[error("{table} is no table that this program knows")]
    UnknownTable { table: String },
}

impl From<DeltaError> for Failure {
    fn from(error: DeltaError) -> Self {
        Failure::new(FailureKind::Store, error.to_string())
    }
}
