//! What Lustrum surveys: one room a platform.

pub mod provider;
