//! What an earlier run knew of a VM, for facts that a run does not learn.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The guest's own word, or else what was taken for it.
    pub os: Option<String>,
    pub provisioned_bytes: Option<i64>,
    pub in_use_bytes: Option<i64>,
}
