//! A job: what is asked, by name, and everything that can be set about it.
//!
//! One tree serves `lustrum.toml`, the job files, the environment and the flags. The docs of
//! its fields are the descriptions in `schedules/job.schema.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::form;
use crate::config::health::Health;
use crate::config::limits::Limits;
use crate::config::notify::NotifySettings;
use crate::config::probe::settings::ProbeSettings;
use crate::config::retention::Retention;
use crate::config::schedule::{ScheduleSettings, Scheduling};
use crate::config::secret::{CredentialSettings, SecretReference};
use crate::config::store::StoreSettings;
use crate::model::run::JobName;
use crate::model::target::{AuthMethod, HostName, Platform, Scheme};

/// What one run of Lustrum is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Job {
    /// The name runs and folders carry; the job file's own name unless set.
    #[schemars(schema_with = "form::schema::job_name")]
    pub name: JobName,
    pub platform: Platform,
    /// Tables to collect, by their RVTools names; none means all.
    #[schemars(schema_with = "form::schema::table_names")]
    pub tables: Vec<String>,
    /// When `lustrum serve` runs the job; without one it only runs by hand.
    pub schedule: Vec<ScheduleSettings>,
    pub scheduling: Scheduling,
    pub fleet: Fleet,
    pub connection: Connection,
    /// Settings for some hosts of the fleet; a later group wins over an earlier one.
    pub group: Vec<Group>,
    /// Credentials by the name that `connection.credential` and groups use.
    pub credentials: BTreeMap<String, CredentialSettings>,
    /// What is measured after the hosts were asked.
    pub probe: Vec<ProbeSettings>,
    pub limits: Limits,
    pub audit: Audit,
    pub health: Health,
    pub output: Output,
    pub store: StoreSettings,
    pub retention: Retention,
    pub log: Log,
    pub metrics: MetricsSettings,
    /// Who is told that a run has ended, or that a slot is not run.
    pub notify: Vec<NotifySettings>,
}

/// All hosts to ask: those listed here and those in the file, together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Fleet {
    #[schemars(schema_with = "form::schema::host_names")]
    pub hosts: Vec<HostName>,
    /// One host a line; `#` begins a comment; of a CSV, the first column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts_file: Option<String>,
    /// Where the hosts stand, in a word: the `Datacenter` of RVTools' tabs.
    #[schemars(length(min = 1))]
    pub site: String,
}

/// How hosts are entered, unless a group says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Connection {
    pub scheme: Scheme,
    /// 5985 over http and 5986 over https unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    pub auth: AuthMethod,
    /// The service that Kerberos tickets are for, `{host}` standing for the host's name.
    #[schemars(schema_with = "form::schema::service")]
    pub spn: String,
    /// A name in `credentials`.
    pub credential: String,
    /// What is dialled instead of the host's name: a jump address, a simulator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub trust: TrustSettings,
}

/// What makes a host's certificate acceptable, beside the system's roots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TrustSettings {
    /// A PEM file with further roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<String>,
    /// The one certificate to accept, by its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::sha256")]
    pub pin_sha256: Option<String>,
    /// Accept any certificate; every run warns about it.
    pub danger_accept_invalid_certs: bool,
}

/// Settings for the hosts that fit one of the names or patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Group {
    /// Names of the fleet, or patterns with `*` and `?`.
    #[schemars(schema_with = "form::schema::host_patterns")]
    pub hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "form::schema::service")]
    pub spn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Replaces `fleet.site`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub site: Option<String>,
    /// Replaces `connection.trust` as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustSettings>,
}

/// When a host's census is good enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Audit {
    /// The share of the baseline's VMs that each collector must have seen.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub coverage_threshold: f64,
    /// Forgive gaps in coverage; never a collector's error.
    pub allow_partial_ok: bool,
    /// Leave hosts that are proven to be empty out of the retry list.
    pub skip_confirmed_empty: bool,
}

/// Where and how rows are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Output {
    /// What holds `data/` and `runs/`: a folder, or `s3://bucket/prefix`.
    #[schemars(schema_with = "form::schema::store_root")]
    pub dir: String,
    /// `xlsx` is one RVTools workbook, `rvtools-csv` its tabs as files.
    pub formats: Vec<TableFormat>,
    /// Put a `'` before CSV texts that a spreadsheet would run as a formula.
    pub csv_formula_guard: bool,
    /// Keep a Delta Lake log beside the Parquet files of every table. For programs built with
    /// the feature `delta`.
    pub delta: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TableFormat {
    Parquet,
    Csv,
    Ndjson,
    Xlsx,
    RvtoolsCsv,
}

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,lustrum::transport=debug`.
    #[schemars(schema_with = "form::schema::log_filter")]
    pub level: String,
    pub format: LogFormat,
    /// A folder for log files, one a day, beside the log on standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
}

/// What `lustrum run` leaves for Prometheus; the daemon has `/metrics` instead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// A file `….prom` for the textfile collector of the node exporter, or a folder that is
    /// there: then `lustrum-JOB.prom` in it. Written when the run ends, however it ends, but not
    /// for dry runs and runs of hosts or tables that were picked by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub textfile: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    Text,
    Json,
}

impl Default for Job {
    fn default() -> Self {
        let credential = CredentialSettings {
            user: Some("env:HYPERV_USER".to_owned()),
            password: Some(SecretReference::Environment("HYPERV_PASSWORD".to_owned())),
            ..CredentialSettings::default()
        };
        Self {
            name: JobName::parse("adhoc").expect("a constant that fits the rule"),
            platform: Platform::Hyperv,
            tables: Vec::new(),
            schedule: Vec::new(),
            scheduling: Scheduling::default(),
            fleet: Fleet::default(),
            connection: Connection::default(),
            group: Vec::new(),
            credentials: BTreeMap::from([("default".to_owned(), credential)]),
            probe: Vec::new(),
            limits: Limits::default(),
            audit: Audit::default(),
            health: Health::default(),
            output: Output::default(),
            store: StoreSettings::default(),
            retention: Retention::default(),
            log: Log::default(),
            metrics: MetricsSettings::default(),
            notify: Vec::new(),
        }
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self { hosts: Vec::new(), hosts_file: None, site: "Default".to_owned() }
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            scheme: Scheme::Http,
            port: None,
            auth: AuthMethod::Negotiate,
            spn: "HTTP/{host}".to_owned(),
            credential: "default".to_owned(),
            address: None,
            trust: TrustSettings::default(),
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { coverage_threshold: 0.90, allow_partial_ok: false, skip_confirmed_empty: false }
    }
}

impl Default for Output {
    fn default() -> Self {
        let formats = vec![TableFormat::Parquet, TableFormat::Csv, TableFormat::Ndjson, TableFormat::Xlsx];
        Self { dir: "out".to_owned(), formats, csv_formula_guard: true, delta: false }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text, dir: None }
    }
}

/// The JSON schema of a job, by which values are checked and editors complete.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Job)
}
