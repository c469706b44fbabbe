//! The live screen of a load: what is drawn, how, and the terminal it is drawn on.

pub mod beside;
pub mod draw;
pub mod keys;
pub mod lines;
pub mod paint;
pub mod picture;
pub mod show;
