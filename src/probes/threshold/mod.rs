//! Conditions on what a probe measured, as people write them, and their judgement.

pub mod abort;
pub mod expression;
pub mod judgement;
pub mod quantity;
pub mod vocabulary;
