//! What the typed flags mean to the configuration: one layer a flag, each by its name.

use std::path::Path;

use figment::value::{Dict, Empty, Value};

use crate::cli::args::{
    AuditArguments, ConnectionArguments, FleetArguments, Global, LogFormatArgument, PlanArguments,
    RunArguments, ScheduleNextArguments,
};
use crate::cli::finalize_args::FinalizeArguments;
use crate::cli::gc_args::GcArguments;
use crate::cli::probe::http_latency_args::HttpLatencyArguments;
use crate::cli::probe::http_load_args::HttpLoadArguments;
use crate::cli::probe::prometheus_args::PrometheusArguments;
use crate::config::environment::Environment;
use crate::config::layer::{Layer, Origin};
use crate::config::load::Request;

pub fn of_run(global: &Global, run: &RunArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.fleet(&run.fleet);
    flags.connection(&run.connection);
    flags.audit(&run.audit);
    flags.path("--out-dir", "output.dir", run.out_dir.as_deref());
    flags.path("--metrics-textfile", "metrics.textfile", run.metrics_textfile.as_deref());
    request(global, run.job.clone(), environment, flags)
}

pub fn of_plan(global: &Global, plan: &PlanArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.fleet(&plan.fleet);
    flags.connection(&plan.connection);
    request(global, plan.job.clone(), environment, flags)
}

/// For commands without flags of their own: settings and, if named, a job.
pub fn of_job(global: &Global, job: Option<String>, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    request(global, job, environment, flags)
}

/// A job whose only schedule is the one that was typed.
pub fn of_cron_line(global: &Global, asked: &ScheduleNextArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    let typed = [
        ("--cron", "cron", &asked.cron),
        ("--timezone", "timezone", &asked.timezone),
        ("--dst", "dst", &asked.dst),
    ];
    let keys = typed.iter().filter_map(|(_, key, value)| Some((*key, Value::from(value.as_ref()?.as_str()))));
    let schedule = Value::from(keys.map(|(key, value)| (key.to_owned(), value)).collect::<Dict>());
    flags.set("--cron", "schedule", Some(vec![schedule]));
    request(global, None, environment, flags)
}

/// For a run that asks nobody: the flags of the runs whose hosts it states were none.
pub fn of_finalize(global: &Global, asked: &FinalizeArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", asked.out_dir.as_deref());
    request(global, Some(asked.job.clone()), environment, flags)
}

/// For what is kept of a store.
pub fn of_gc(global: &Global, asked: &GcArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", asked.store.out_dir.as_deref());
    flags.set("--keep-runs", "retention.keep-runs", asked.keep_runs);
    flags.set("--keep-days", "retention.keep-days", asked.keep_days);
    flags.set("--grace", "retention.grace", asked.grace.clone());
    flags.set("--orphans-after", "retention.orphans-after", asked.orphans_after.clone());
    request(global, None, environment, flags)
}

pub fn of_http_latency(global: &Global, asked: &HttpLatencyArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", asked.out_dir.as_deref());
    request(global, Some(asked.job.clone()), environment, flags)
}

/// A job of one probe, made of flags; or a job by its name.
pub fn of_prometheus(global: &Global, asked: &PrometheusArguments, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", asked.out_dir.as_deref());
    if asked.job.is_none() {
        let mut typed = Dict::new();
        let mut put =
            |key: &str, value: Option<Value>| typed.extend(value.map(|value| (key.to_owned(), value)));
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let texts = |all: &[String]| (!all.is_empty()).then(|| Value::from(all.to_vec()));
        put("metrics", text(&asked.metrics));
        put("server", text(&asked.server));
        put("rules", text(&asked.rules));
        put("interval", text(&asked.interval));
        put("token", text(&asked.token));
        put("user", text(&asked.user));
        put("password", text(&asked.password));
        put("ca-bundle", asked.ca_bundle.as_ref().map(|path| Value::from(path.display().to_string())));
        put("honor-labels", asked.honor_labels.then(|| Value::from(true)));
        put("fail-on", texts(&asked.fail_on));
        let files: Vec<String> = asked.dashboard.iter().map(|path| path.display().to_string()).collect();
        put("dashboards", texts(&files));
        let variables =
            asked.variables.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        put("variables", Some(Value::from(variables.collect::<Dict>())));
        let probe = [("name", Value::from("prometheus")), ("prometheus", Value::from(typed))];
        let probe = probe.map(|(key, value)| (key.to_owned(), value));
        let flag = if asked.server.is_some() { "--server" } else { "--metrics" };
        flags.set(flag, "probe", Some(vec![Value::from(probe.into_iter().collect::<Dict>())]));
    }
    request(global, asked.job.clone(), environment, flags)
}

/// The flags about the load itself are put over the job's probe when that is known.
pub fn of_http_load(
    global: &Global,
    asked: &HttpLoadArguments,
    job: Option<String>,
    environment: Environment,
) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", asked.out_dir.as_deref());
    request(global, job, environment, flags)
}

/// For commands that only read what is committed.
pub fn of_store(global: &Global, out_dir: Option<&Path>, environment: Environment) -> Request {
    let mut flags = Flags::default();
    flags.global(global);
    flags.path("--out-dir", "output.dir", out_dir);
    request(global, None, environment, flags)
}

fn request(global: &Global, job: Option<String>, environment: Environment, flags: Flags) -> Request {
    Request { config: global.config.clone(), job, environment, flags: flags.0, ..Request::default() }
}

#[derive(Default)]
struct Flags(Vec<Layer>);

impl Flags {
    fn set(&mut self, flag: &str, key: &str, value: Option<impl Into<Value>>) {
        self.0.extend(value.map(|value| Layer::one(Origin::Flag(flag.to_owned()), key, value)));
    }

    fn path(&mut self, flag: &str, key: &str, path: Option<&Path>) {
        self.set(flag, key, path.map(|path| path.display().to_string()));
    }

    /// A switch can only be turned on: not typed means not said.
    fn switch(&mut self, flag: &str, key: &str, on: bool) {
        self.set(flag, key, on.then_some(true));
    }

    /// `a, b,` in a shell means `a,b`.
    fn list(&mut self, flag: &str, key: &str, items: &[String]) {
        let items: Vec<&str> = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty()).collect();
        self.set(flag, key, (!items.is_empty()).then_some(items));
    }

    fn global(&mut self, global: &Global) {
        let verbose = match global.verbose {
            0 => None,
            1 => Some("debug"),
            _ => Some("trace"),
        };
        self.set("--verbose", "log.level", verbose);
        self.set("--log-level", "log.level", global.log_level.clone());
        let format = global.log_format.map(|format| match format {
            LogFormatArgument::Text => "text",
            LogFormatArgument::Json => "json",
        });
        self.set("--log-format", "log.format", format);
        self.path("--log-dir", "log.dir", global.log_dir.as_deref());
    }

    /// Hosts on the command line stand for the whole fleet: what the job lists is put aside.
    fn fleet(&mut self, fleet: &FleetArguments) {
        if !fleet.hosts.is_empty() {
            self.list("--hosts", "fleet.hosts", &fleet.hosts);
            self.set("--hosts", "fleet.hosts-file", Some(Empty::None));
        }
        if let Some(file) = &fleet.hosts_file {
            self.path("--hosts-file", "fleet.hosts-file", Some(file));
            if fleet.hosts.is_empty() {
                self.set("--hosts-file", "fleet.hosts", Some(Vec::<String>::new()));
            }
        }
        self.list("--only", "tables", &fleet.only);
        self.set("--concurrency", "limits.concurrency", fleet.concurrency);
    }

    fn connection(&mut self, connection: &ConnectionArguments) {
        self.set("--user", "credentials.default.user", connection.user.clone());
        self.set("--https", "connection.scheme", connection.https.then_some("https"));
        self.set("--port", "connection.port", connection.port);
        self.set("--address", "connection.address", connection.address.clone());
        self.set("--auth", "connection.auth", connection.auth.clone());
        self.path("--ca-bundle", "connection.trust.ca-bundle", connection.ca_bundle.as_deref());
        self.set("--pin-sha256", "connection.trust.pin-sha256", connection.pin_sha256.clone());
        let danger = connection.danger_accept_invalid_certs;
        self.switch("--danger-accept-invalid-certs", "connection.trust.danger-accept-invalid-certs", danger);
    }

    fn audit(&mut self, audit: &AuditArguments) {
        self.set("--coverage-threshold", "audit.coverage-threshold", audit.coverage_threshold);
        self.switch("--allow-partial-ok", "audit.allow-partial-ok", audit.allow_partial_ok);
        self.switch("--skip-confirmed-empty", "audit.skip-confirmed-empty", audit.skip_confirmed_empty);
    }
}
