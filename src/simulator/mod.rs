//! A fleet of WinRM hosts on loopback, for demos, load tests and CI.

pub mod acceptor;
pub mod account;
pub mod command;
pub mod counters;
pub mod dice;
pub mod envelope;
pub mod fault;
pub mod fleet;
pub mod host;
pub mod latency;
pub mod line;
pub mod listener;
pub mod logon;
pub mod names;
pub mod sealing;
pub mod shells;
pub mod simulator;
pub mod soap;
pub mod tls;
pub mod wsman;
pub mod wsmanfault;
