//! All integration tests in one binary: one link, one set of fixtures.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod audit;
mod fanout;
mod gate;
mod manifest;
mod tidy;
