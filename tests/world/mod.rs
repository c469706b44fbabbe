//! The simulated world the tests run in.

pub mod census_run;
pub mod census_tables;
pub mod daemon_at_work;
pub mod exposition;
pub mod fault_store;
pub mod golden;
pub mod indexed_job;
pub mod killed_daemon;
pub mod killed_run;
pub mod killed_slot;
pub mod kustomized;
pub mod ntlm_client;
pub mod past;
pub mod resumable_run;
pub mod s3_stub;
pub mod sample_rows;
pub mod scripted_kdc;
pub mod simulated_host;
pub mod simulated_run;
pub mod stopped_time;
pub mod timed_store;
pub mod told;
pub mod told_fleet;
pub mod weak_store;
pub mod written_fleet;
