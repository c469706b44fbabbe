//! What we measure: conditions and their judgement.

pub mod threshold;
