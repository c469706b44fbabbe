//! One clear error for everything a store can refuse: what, where, and why in plain words.

use crate::model::failure::{Failure, FailureKind};

/// An operation on the store that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {doing} {path}: {cause}")]
pub struct StoreError {
    /// `write`, `read`, `list`, `delete`, `complete`, `open`.
    pub doing: &'static str,
    /// The object with the root in front: `/srv/census/runs/…` or `s3://bucket/…`.
    pub path: String,
    pub cause: Cause,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::new(FailureKind::Store, error.to_string())
    }
}

/// What stood in the way, as far as an operator can do something about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("no space left on the device")]
    Full,
    #[error("the store is read-only")]
    ReadOnly,
    #[error("permission denied")]
    Denied,
    #[error("the directory or object has vanished")]
    Vanished,
    #[error("{0}")]
    Other(String),
}

impl Cause {
    pub(in crate::output) fn of(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                return Self::Denied;
            }
            object_store::Error::NotFound { .. } => return Self::Vanished,
            _ => {}
        }
        let mut deeper: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = deeper {
            if let Some(error) = error.downcast_ref::<std::io::Error>() {
                return Self::of_io(error);
            }
            deeper = error.source();
        }
        Self::Other(error.to_string())
    }

    pub(in crate::output) fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::NotFound => Self::Vanished,
            _ => Self::Other(error.to_string()),
        }
    }
}
