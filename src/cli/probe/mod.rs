//! `lustrum probe`: one thing measured by hand.

pub mod load_screen;
pub mod single;
