//! What is kept in memory of a run's rows, because only the whole fleet together tells it.

pub mod best;
pub mod cluster;
pub mod disk;
pub mod fleet;
pub mod guests;
pub mod host;
pub mod owner;
pub mod role;
pub mod switch;
pub mod volume;
