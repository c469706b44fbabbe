//! Hyper-V hosts over a remote shell: one script, one process, one file a collector.

pub mod baseline;
pub mod bootstrap;
pub mod checkpoint;
pub mod clixml;
pub mod collector;
pub mod conversation;
pub mod disk;
pub mod dvd;
pub mod facts;
pub mod host;
pub mod integration;
pub mod memory;
pub mod nic;
pub mod object;
pub mod processor;
pub mod script;
pub mod session;
pub mod state;
pub mod switch;
pub mod value;
pub mod vm;
pub mod wire;
