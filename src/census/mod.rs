//! What the rows of a whole run say together: facts that no single host can tell.

pub mod ground;
pub mod health;
pub mod taken;
