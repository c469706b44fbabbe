//! How long each route of an HTTP service takes, one request after the other.

pub mod ask;
pub mod attempt;
pub mod intake;
pub mod journal;
pub mod keeper;
pub mod line;
pub mod lines;
pub mod login;
pub mod measure;
pub mod record;
pub mod redaction;
pub mod station;
pub mod tally;
pub mod token;
pub mod trouble;
pub mod validity;
