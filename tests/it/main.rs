//! All integration tests in one binary: one link, one set of fixtures.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod audit;
mod cli_binary;
mod cli_run;
mod cli_summary;
mod cli_telemetry;
mod config_fleet;
mod config_layers;
mod config_problems;
mod config_secret;
mod fanout;
mod gate;
mod hyperv_session;
mod hyperv_tables;
mod hyperv_wire;
mod manifest;
mod output_commit;
mod output_crew;
mod output_formats;
mod output_packed;
mod output_spool;
mod output_store;
mod output_writer;
mod powershell_syntax;
mod scenarios;
mod secrets;
mod shell_contract;
mod simulator_cim;
mod simulator_logon;
mod simulator_shells;
mod simulator_sockets;
mod simulator_wire;
mod simulator_world;
mod table_schemas;
mod tidy;
#[path = "../world/mod.rs"]
mod world;
mod wsman_codec;
mod wsman_recording;
mod wsman_replay;
