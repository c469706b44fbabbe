//! One clear error for everything a store can refuse: what, where, and why in plain words.

use crate::model::failure::{Failure, FailureKind};
use crate::output::s3_answer;

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
    #[error("there is no such bucket")]
    NoBucket,
    #[error("no keys: none are set, and this machine has no instance profile that gives some")]
    NoKeys,
    #[error("the store does not know the access key")]
    UnknownKey,
    #[error("the secret key is wrong: the store computes another signature")]
    WrongSecret,
    #[error("the session token is not valid, or no longer")]
    Expired,
    /// With the store's time, where it told it.
    #[error("this machine's clock and the store's are too far apart{}", store.as_ref().map(|at| format!(": there it is {at}")).unwrap_or_default())]
    ClockSkew { store: Option<String> },
    /// With the region or endpoint that the store named.
    #[error("the bucket is in another region or behind another endpoint{}; see store.region and store.endpoint", .0.as_ref().map(|place| format!(": {place}")).unwrap_or_default())]
    Elsewhere(Option<String>),
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    #[error("the store did not answer in time")]
    Silent,
    #[error("{0}")]
    Other(String),
}

impl Cause {
    pub(in crate::output) fn of(error: &object_store::Error) -> Self {
        if let Some(cause) = s3_answer::cause(error) {
            return cause;
        }
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
