//! `lustrum simulate`: a fleet of simulated hosts, up until Ctrl-C.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::json;

use crate::cli::args::SimulateArguments;
use crate::cli::columns::{Columns, counted};
use crate::cli::exit::Exit;
use crate::cli::signals::Signals;
use crate::cli::terminal::{Paint, Terminal};
use crate::config::job::{CredentialSettings, Fleet, Group, Job, TrustSettings};
use crate::config::secret::SecretReference;
use crate::model::run::JobName;
use crate::model::target::{AuthMethod, Scheme, Target};
use crate::simulator::fleet::{Addressing, FleetSpec};
use crate::simulator::latency::Latency;
use crate::simulator::running::Simulator;

/// Hosts that are listed one by one; of more, only the first and the last.
const LISTED_HOSTS: usize = 12;

pub async fn simulate(arguments: &SimulateArguments, terminal: &Terminal) -> io::Result<Exit> {
    // Before the fleet is up, so that a Ctrl-C in between ends in order too.
    let mut signals = Signals::listen()?;
    let simulator = match Simulator::start(spec(arguments)).await {
        Ok(simulator) => simulator,
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            terminal.error(&format!("the fleet did not start: {error}{cause}"));
            return Ok(Exit::Usage);
        }
    };
    if let Err(message) = write_files(arguments, &simulator) {
        terminal.error(&message);
        return Ok(Exit::Usage);
    }
    if arguments.json {
        terminal.print(&as_json(&simulator))?;
    } else {
        terminal.print(&as_text(arguments, &simulator, terminal))?;
    }
    signals.next().await;
    let tally = simulator.tally();
    terminal.note(&format!(
        "{}, {} refused; {} opened, {} left open; {} in, {} out",
        counted(tally.logons_attempted, "logon", "logons"),
        tally.logons_refused,
        counted(tally.shells_opened, "shell", "shells"),
        tally.shells_open,
        crate::cli::columns::size(tally.bytes_in),
        crate::cli::columns::size(tally.bytes_out),
    ));
    Ok(Exit::Ok)
}

fn spec(arguments: &SimulateArguments) -> FleetSpec {
    let mut spec = FleetSpec::new(arguments.hosts as usize, arguments.vms as usize, arguments.seed);
    spec.scheme = if arguments.https { Scheme::Https } else { Scheme::Http };
    spec.port = arguments.port.unwrap_or(spec.scheme.default_port());
    if arguments.port_per_host {
        spec.addressing = Addressing::PortPerHost;
    }
    if !arguments.latency.is_zero() {
        spec.command_latency = Latency::Fixed(arguments.latency);
    }
    spec
}

fn write_files(arguments: &SimulateArguments, simulator: &Simulator) -> Result<(), String> {
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    if let Some(path) = &arguments.job {
        let text = job_text(simulator).map_err(|error| error.to_string())?;
        // The listing masks literals; the simulated account's password is no secret.
        let password = format!("plain:{}", simulator.credential().password.reveal());
        write(path, &text.replace("plain:***", &password))?;
    }
    match (&arguments.ca_bundle, simulator.ca_pem()) {
        (Some(path), Some(pem)) => write(path, pem),
        _ => Ok(()),
    }
}

/// The job without the settings that are at their defaults anyway.
fn job_text(simulator: &Simulator) -> Result<String, toml::ser::Error> {
    let mut settings = toml::Table::try_from(job(simulator))?;
    settings.retain(|key, _| ["name", "fleet", "group", "credentials"].contains(&key));
    toml::to_string(&settings)
}

/// A job that surveys the fleet: names no resolver knows, and a group for each that says
/// where it listens.
fn job(simulator: &Simulator) -> Job {
    let targets = simulator.targets(AuthMethod::Negotiate);
    let credential = simulator.credential();
    let settings = CredentialSettings {
        user: Some(credential.user),
        password: Some(SecretReference::Plain(credential.password)),
        ..CredentialSettings::default()
    };
    let group = |target: &Target| Group {
        hosts: vec![target.host.to_string()],
        scheme: Some(target.scheme),
        port: Some(target.port),
        address: Some(target.address.clone()),
        trust: target
            .trust
            .pin_sha256
            .clone()
            .map(|pin| TrustSettings { pin_sha256: Some(pin), ..TrustSettings::default() }),
        ..Group::default()
    };
    Job {
        name: JobName::parse("simulated").expect("a constant that fits the rule"),
        fleet: Fleet { hosts: targets.iter().map(|target| target.host.clone()).collect(), hosts_file: None },
        group: targets.iter().map(group).collect(),
        credentials: BTreeMap::from([("default".to_owned(), settings)]),
        ..Job::default()
    }
}

fn as_json(simulator: &Simulator) -> String {
    let hosts = simulator.targets(AuthMethod::Negotiate);
    let hosts: Vec<_> = hosts
        .iter()
        .map(|target| json!({ "name": target.host, "url": url(target), "pin_sha256": target.trust.pin_sha256 }))
        .collect();
    let credential = simulator.credential();
    json!({
        "user": credential.user,
        "password": credential.password.reveal(),
        "ca_pem": simulator.ca_pem(),
        "hosts": hosts,
    })
    .to_string()
}

fn as_text(arguments: &SimulateArguments, simulator: &Simulator, terminal: &Terminal) -> String {
    let targets = simulator.targets(AuthMethod::Negotiate);
    let hosts = counted(targets.len() as u64, "simulated Hyper-V host", "simulated Hyper-V hosts");
    let vms = counted(u64::from(arguments.vms), "VM", "VMs");
    let heading = terminal.out.paint(Paint::Strong, &format!("{hosts} with about {vms} each"));
    let credential = simulator.credential();
    let account = format!("user {}  password {}", credential.user, credential.password.reveal());
    let mut lines = vec![format!("{heading}  seed {}  {account}", arguments.seed), String::new()];
    let mut columns = Columns::default();
    let all = targets.len() <= LISTED_HOSTS;
    let listed = if all { &targets[..] } else { &targets[..LISTED_HOSTS - 2] };
    for target in listed {
        columns.row([target.host.to_string(), url(target)]);
    }
    if let (false, Some(last)) = (all, targets.last()) {
        columns.row(["…", ""]);
        columns.row([last.host.to_string(), url(last)]);
    }
    lines.extend(columns.lines(None));
    lines.push(String::new());
    lines.push(match &arguments.job {
        Some(path) => format!("  lustrum run {}", job_argument(path)),
        None => "  --job FILE writes a job that surveys them".to_owned(),
    });
    lines.push("  Ctrl-C takes them down".to_owned());
    lines.join("\n")
}

/// As `lustrum run` takes a path: a bare name would be one in `schedules/`.
fn job_argument(path: &Path) -> String {
    if path.components().count() == 1 { format!("./{}", path.display()) } else { path.display().to_string() }
}

fn url(target: &Target) -> String {
    let scheme = match target.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    format!("{scheme}://{}:{}/wsman", target.address, target.port)
}
