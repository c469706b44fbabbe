//! The simulated world the tests run in.

pub mod fault_store;
pub mod golden;
pub mod ntlm_client;
pub mod sample_rows;
pub mod simulated_host;
pub mod simulated_run;
pub mod told;
