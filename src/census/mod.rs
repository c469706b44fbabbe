//! What the rows of a whole run say together: facts that no single host can tell.

pub mod collected;
pub mod completed;
pub mod derived;
pub mod filling;
pub mod folded;
pub mod ground;
pub mod health;
pub mod identity;
pub mod needed;
pub mod taken;
pub mod vm_order;
pub mod walk;
