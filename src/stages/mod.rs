//! What a run does to one target, in order, and what every stage is given to do it with.

pub mod audit;
pub mod collect;
pub mod env;
pub mod fanout;
pub mod gate;
pub mod logon_book;
pub mod preflight;
pub mod probe;
