//! Charts: plain values in, SVG out, and pictures of it.

pub mod axis;
pub mod down_sample;
pub mod figure;
pub mod legend;
pub mod paint;
pub mod plot;
pub mod png;
pub mod sheet;
pub mod text;
