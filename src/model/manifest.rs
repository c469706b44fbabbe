//! The run's closing document: a pure fold over its events.
