//! What a service says of itself under `/metrics`, as text: read, and held against the rules of its format.

pub mod cursor;
pub mod dialect;
pub mod family;
pub mod parse;
pub mod rules;
pub mod sample;
pub mod scrape;
