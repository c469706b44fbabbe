//! The command line as typed; `request` turns it into what is meant.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::cli::columns::wrap;
use crate::cli::finalize_args::{FINALIZE_HELP, FinalizeArguments};
use crate::cli::history_args::{DIFF_HELP, DiffArguments, RUNS_HELP, RunsCommand};
use crate::cli::probe::command::ProbeCommand;
use crate::cli::slot;
use crate::model::run::Slot;
use crate::model::shard::Shard;
use crate::simulator::fault::Fault;
use crate::simulator::latency::Latency;
use crate::simulator::strike::Strike;

/// Takes the census of virtualization fleets: who is there, what runs on it, and which hosts did not answer.
#[derive(Debug, Parser)]
#[command(name = "lustrum", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes, first match wins:
   2  usage or configuration
   3  the run could not be recorded
   4  cancelled
  75  try again: interrupted, nothing committed
   5  a threshold failed
   1  some host is not OK, or a probe could not measure
   0  otherwise";

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Settings file [default: lustrum.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter such as info,lustrum::transport=debug
    #[arg(long, global = true, value_name = "FILTER")]
    pub log_level: Option<String>,
    /// More log: -v for debug, -vv for trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "log_level")]
    pub verbose: u8,
    /// How to log on standard error
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormatArgument>,
    /// Also log into this folder, one file a day
    #[arg(long, global = true, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormatArgument {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Survey a fleet and write what was found
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArguments>),
    /// Commit a slot that shards have surveyed, without talking to any host
    #[command(after_help = FINALIZE_HELP)]
    Finalize(FinalizeArguments),
    /// Print what a run would do, without talking to any host
    Plan(Box<PlanArguments>),
    /// Look at committed runs: which there are, what they found, where their files are
    #[command(subcommand, after_help = RUNS_HELP)]
    Runs(RunsCommand),
    /// Tell what changed between two runs
    #[command(after_help = DIFF_HELP)]
    Diff(DiffArguments),
    /// Measure one thing by hand: how long, how much, or whether dashboards tell the truth
    #[command(subcommand)]
    Probe(ProbeCommand),
    /// Survey a small simulated fleet on this machine, end to end
    Demo(DemoArguments),
    /// Keep a simulated fleet of WinRM hosts up, for load tests and other tools
    #[command(after_help = simulate_examples())]
    Simulate(SimulateArguments),
    /// Print the tables, one table's columns, the health checks, the variables of notifications, or the
    /// JSON schema of a job or a manifest
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArguments),
    /// Run the jobs of a folder when they are due, until told to stop
    #[command(after_help = SERVE_SIGNALS)]
    Serve(ServeArguments),
    /// When a job's runs come
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Check or show the configuration
    #[command(subcommand, after_help = CONFIG_LAYERS)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    Completions { shell: Shell },
}

const RUN_EXAMPLES: &str = "\
Examples:
  export HYPERV_USER='CONTOSO\\svc-lustrum' HYPERV_PASSWORD=…
  lustrum run --hosts hv01,hv02 --dry-run        is the way in open?
  lustrum run --hosts hv01,hv02                  survey them into ./out
  lustrum run hyperv-daily                       the job schedules/hyperv-daily.toml
  lustrum run hyperv-daily --retry latest        only the hosts that its last run did not get
  lustrum run hyperv-daily --slot 20261121T060000Z
                                                 the run of that morning, if it is not there
  lustrum run hyperv-daily --hosts hv07 --only vInfo,vDisk
                                                 debug one collector on one host";

/// With the words a fault may be, as the simulator knows them.
fn simulate_examples() -> String {
    let words = wrap(&Fault::WORDS.join(" "), 96).join("\n  ");
    format!("{SIMULATE_EXAMPLES}\n\nFaults (some take a value: WORD=VALUE):\n  {words}")
}

const SIMULATE_EXAMPLES: &str = "\
Examples:
  lustrum simulate --hosts 5 --vms 10
  lustrum simulate --hosts 1000 --vms 20 --seed 7 --job fleet.toml
  lustrum run ./fleet.toml       in another window: survey it
  lustrum simulate --fault 3:wrong_password --fault '*:slow_ms=500'
  lustrum simulate --hosts 14 --vms 36 --clusters 4,4,4 --day 1

Every host knows the account census with the password census.";

const CONFIG_LAYERS: &str = "\
Where a setting comes from, the weakest first:
  defaults
  lustrum.toml, or the file given with --config
  the job file, schedules/JOB.toml
  the environment and .env: LUSTRUM__LIMITS__HOST_DEADLINE=5m sets limits.host-deadline
  flags
Secrets are named, not written: env:NAME, file:/path, credential:NAME (systemd), or, if it must be,
plain:… for a literal. HYPERV_USER and HYPERV_PASSWORD are the default credential.";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  lustrum schema                 all tables
  lustrum schema vInfo           its columns, types, RVTools headers and sources
  lustrum schema health          the health checks: their words, thresholds and meanings
  lustrum schema notify          what a template in [[notify]] may name
  lustrum schema job             JSON schema of a job file, for editors";

#[derive(Clone, Debug, Args)]
pub struct RunArguments {
    /// A job by name (schedules/JOB.toml) or by path; not needed with --hosts or --hosts-file
    pub job: Option<String>,
    #[command(flatten)]
    pub fleet: FleetArguments,
    #[command(flatten)]
    pub connection: ConnectionArguments,
    #[command(flatten)]
    pub audit: AuditArguments,
    /// Ask only the hosts that this run and its retries did not get; a run id, or latest
    #[arg(long, help_heading = "Run", value_name = "RUN", conflicts_with = "only")]
    pub retry: Option<String>,
    /// The run stands for this past slot (20261121T060000Z or RFC 3339); one that is committed is
    /// not run again [default: the slot in the name of a CronJob's Job, else the run's start]
    #[arg(long, help_heading = "Run", value_name = "SLOT", value_parser = slot::parse, requires = "job",
        conflicts_with_all = ["hosts", "hosts_file", "only", "retry"])]
    pub slot: Option<Slot>,
    /// Ask only one of N parts of the fleet, counted from 0 (2/8 is the third of eight), and leave what was
    /// found for the shard that ends last, or for `lustrum finalize` [default: JOB_COMPLETION_INDEX
    /// of JOB_COMPLETIONS, where both are set]
    #[arg(long, help_heading = "Run", value_name = "I/N", value_parser = Shard::parse, requires = "job",
        conflicts_with_all = ["hosts", "hosts_file", "only", "retry"])]
    pub shard: Option<Shard>,
    /// Only reach every host and log on: no collecting, nothing committed
    #[arg(long, help_heading = "Run")]
    pub dry_run: bool,
    /// Folder for everything that is written [default: out]
    #[arg(long, help_heading = "Run", value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Leave metrics for the node exporter in this .prom file, or in a file in this folder
    #[arg(long, help_heading = "Run", value_name = "PATH")]
    pub metrics_textfile: Option<PathBuf>,
    /// Print the summary as JSON on standard output
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// Exit 0 whenever the run was recorded, however the hosts ended
    #[arg(long, help_heading = "Run")]
    pub exit_zero_if_recorded: bool,
}

#[derive(Clone, Debug, Args)]
pub struct PlanArguments {
    /// A job by name (schedules/JOB.toml) or by path; not needed with --hosts or --hosts-file
    pub job: Option<String>,
    #[command(flatten)]
    pub fleet: FleetArguments,
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which hosts and tables, and how many at a time.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Fleet")]
pub struct FleetArguments {
    /// Ask these hosts instead of the job's
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Ask the hosts in this file instead of the job's: one a line, or a CSV's first column
    #[arg(long, value_name = "FILE")]
    pub hosts_file: Option<PathBuf>,
    /// Collect only these tables
    #[arg(long, value_name = "vInfo,vCPU", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Hosts asked at the same time [default: 64]
    #[arg(long, value_name = "N")]
    pub concurrency: Option<u32>,
}

/// How the hosts are entered.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection (the job's groups still apply)")]
pub struct ConnectionArguments {
    /// Log on as this user; the password comes from HYPERV_PASSWORD or the job, never from a flag
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Over TLS (port 5986) instead of sealed HTTP (port 5985)
    #[arg(long)]
    pub https: bool,
    /// The port, where it is not the usual one
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Dial this address for every host
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// How to log on: negotiate, ntlm, kerberos, basic, certificate [default: negotiate]
    #[arg(long, value_name = "METHOD")]
    pub auth: Option<String>,
    /// A PEM file with further certificate roots
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// The one certificate to accept, by its SHA-256
    #[arg(long, value_name = "HEX")]
    pub pin_sha256: Option<String>,
    /// Accept any certificate: no proof of who answers
    #[arg(long)]
    pub danger_accept_invalid_certs: bool,
}

/// When a census is good enough.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditArguments {
    /// The share of a host's VMs that each collector must have seen [default: 0.9]
    #[arg(long, value_name = "SHARE")]
    pub coverage_threshold: Option<f64>,
    /// Forgive gaps in coverage, never a collector's error
    #[arg(long)]
    pub allow_partial_ok: bool,
    /// Leave hosts that are proven to be empty out of the retry list
    #[arg(long)]
    pub skip_confirmed_empty: bool,
}

#[derive(Clone, Debug, Args)]
pub struct DemoArguments {
    /// Folder for what the demo writes
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    pub out_dir: PathBuf,
    /// Names, sizes and faults follow from it
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct SimulateArguments {
    /// Hosts in the fleet
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub hosts: u32,
    /// VMs on each host
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub vms: u32,
    /// Names and sizes follow from it
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Sizes of the clusters, from the first host on; the hosts beyond stand alone [default:
    /// groups of eight, seven of ten of them clusters]
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    pub clusters: Vec<usize>,
    /// The same fleet so many days later: VMs come and go, move, grow, change state
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3650))]
    pub day: u32,
    /// Names, notes and checkpoint names that break careless readers
    #[arg(long)]
    pub hostile_names: bool,
    /// Port of every host; 0 for any free one [default: 5985, or 5986 with --https]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// All hosts on 127.0.0.1, each with a port of its own from --port upwards; needed where
    /// the system does not answer on all of 127.0.0.0/8
    #[arg(long)]
    pub port_per_host: bool,
    /// Listen with TLS; the certificate is made on the spot
    #[arg(long)]
    pub https: bool,
    /// How long each host's script takes: 200ms, or "long_tail = MEDIAN_MS, SIGMA, LONGEST_MS"
    #[arg(long, value_name = "TIME", default_value = "none")]
    pub latency: Latency,
    /// What is wrong with a host: 3:wrong_password, hv-zrh-05:collector_error=disk, *:http_503=2;
    /// hosts by number from 0, by name, or * for all; may be repeated
    #[arg(long, value_name = "HOST:FAULT")]
    pub fault: Vec<Strike>,
    /// Port of the control address on 127.0.0.1, where GET /tally tells what the fleet has
    /// counted; 0 for any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub control_port: u16,
    /// Write a job file that surveys this fleet
    #[arg(long, value_name = "FILE")]
    pub job: Option<PathBuf>,
    /// Write the addresses of the hosts, for `lustrum run --hosts-file`
    #[arg(long, value_name = "FILE")]
    pub hosts_file: Option<PathBuf>,
    /// Write the certificate authority of --https, in PEM
    #[arg(long, value_name = "FILE", requires = "https")]
    pub ca_bundle: Option<PathBuf>,
    /// Print hosts, control address and account as one line of JSON once the fleet is up
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct SchemaArguments {
    /// A table, `health`, `notify`, `job` or `manifest`; none lists all tables
    pub subject: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report everything that is wrong with the settings, or say ok
    Check(ConfigCheckArguments),
    /// Print the settings in force, secrets masked
    Show(ConfigShowArguments),
}

#[derive(Clone, Debug, Args)]
pub struct ConfigCheckArguments {
    /// A job by name (schedules/JOB.toml) or by path; none checks lustrum.toml and the environment
    pub job: Option<String>,
    /// Do not look whether the secrets are there: for a check away from the machine that runs
    #[arg(long)]
    pub skip_secrets: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ConfigShowArguments {
    /// A job by name (schedules/JOB.toml) or by path
    pub job: Option<String>,
    /// Say of each value where it comes from
    #[arg(long)]
    pub origin: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Print the coming times of a job, as its schedules have it
    #[command(after_help = SCHEDULE_EXAMPLES)]
    Next(ScheduleNextArguments),
}

const SCHEDULE_EXAMPLES: &str = "\
Examples:
  lustrum schedule next hyperv-daily -n 10
  lustrum schedule next --cron '30 2 * * *' --timezone America/New_York --after 2026-03-07T12:00:00Z
                                 a line that is in no job yet, over a change of the clock";

#[derive(Debug, Args)]
pub struct ScheduleNextArguments {
    /// A job by name (schedules/JOB.toml) or by path
    #[arg(required_unless_present = "cron")]
    pub job: Option<String>,
    /// How many
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Beginning after this instant [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub after: Option<chrono::DateTime<chrono::Utc>>,
    /// Try this line instead of a job's
    #[arg(long, value_name = "LINE", conflicts_with = "job")]
    pub cron: Option<String>,
    /// In the time of this zone [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "cron")]
    pub timezone: Option<String>,
    /// What a change of the clock does: vixie, skip, kubernetes [default: vixie]
    #[arg(long, value_name = "POLICY", requires = "cron")]
    pub dst: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

const SERVE_SIGNALS: &str = "\
Signals:
  SIGHUP           read the job files again (a changed file is noticed by itself, too)
  SIGTERM, Ctrl-C  begin nothing new, interrupt what runs and commit none of it; exit 75 if
                   something was interrupted, else 0

Over HTTP, on 127.0.0.1:9470 unless told otherwise:
  /                the status page; /runs/RUN the page of a run
  /healthz /readyz /metrics
  /v1/jobs /v1/runs, to look at; POST /v1/jobs/JOB/trigger, …/pause, …/resume
  /v1/openapi.json all of it, described
With --token-file: Authorization: Bearer TOKEN, but for /healthz and /readyz; a browser asks for
a password, which is the token, whatever the user.";

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The folder of the job files, one job a file
    #[arg(long, value_name = "DIR", default_value = "schedules")]
    pub jobs: PathBuf,
    /// Runs that may go on at the same time, over all jobs
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub runs: u32,
    /// Address of the status page, the API and the metrics; a port of 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9470")]
    pub listen: std::net::SocketAddr,
    /// Do not listen at all
    #[arg(long, conflicts_with_all = ["listen", "token_file", "metrics_open"])]
    pub no_listen: bool,
    /// A file with the token (16 characters or more) that requests must show; needed for an
    /// address that other machines reach
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Tell /metrics without the token
    #[arg(long, requires = "token_file")]
    pub metrics_open: bool,
}
