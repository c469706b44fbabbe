//! The simulated world the tests run in.

pub mod fault_store;
pub mod golden;
pub mod ntlm_client;
pub mod past;
pub mod sample_rows;
pub mod simulated_host;
