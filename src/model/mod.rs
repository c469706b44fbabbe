//! What the program talks about: plain values that serde knows, without I/O and without async.

pub mod artifact;
pub mod credential;
pub mod event;
pub mod failure;
pub mod manifest;
pub mod outcome;
pub mod probe;
pub mod realm;
pub mod remembered;
pub mod run;
pub mod shard;
pub mod status;
pub mod story;
pub mod target;
