//! `lustrum probe`: one thing measured by hand.

pub mod single;
