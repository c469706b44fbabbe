//! The program as a person meets it: arguments, output, logs, signals, exit codes.

pub mod args;
pub mod columns;
pub mod coming;
pub mod config_check;
pub mod demo;
pub mod dispatch;
pub mod dotenv;
pub mod exit;
pub mod journal;
pub mod plan_text;
pub mod progress;
pub mod refusal;
pub mod request;
pub mod run;
pub mod schema;
pub mod signals;
pub mod simulate;
pub mod summary;
pub mod summary_text;
pub mod survey;
pub mod telemetry;
pub mod terminal;
