//! What Lustrum surveys: one room a platform.

pub mod hyperv;
pub mod provider;
