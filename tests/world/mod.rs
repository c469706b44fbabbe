//! The simulated world the tests run in.

pub mod census_run;
pub mod collected_rows;
pub mod daemon_at_work;
pub mod exposition;
pub mod fault_store;
pub mod golden;
pub mod health_cases;
pub mod killed_daemon;
pub mod kustomized;
pub mod notices;
pub mod ntlm_client;
pub mod past;
pub mod post_office;
pub mod receiver;
pub mod resumable_run;
pub mod s3_stub;
pub mod sample_rows;
pub mod scripted_kdc;
pub mod served;
pub mod simulated_host;
pub mod simulated_run;
pub mod timed_store;
pub mod told;
pub mod told_fleet;
pub mod weak_store;
pub mod wire_records;
