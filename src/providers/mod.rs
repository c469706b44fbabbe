//! What Lustrum surveys: one room a platform.

pub mod catalogue;
pub mod hyperv;
pub mod provider;
