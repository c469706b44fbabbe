//! `lustrum simulate`: a fleet of simulated hosts, up until Ctrl-C.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::cli::args::SimulateArguments;
use crate::cli::columns::{Columns, counted, size};
use crate::cli::exit::Exit;
use crate::cli::signals::Signals;
use crate::cli::terminal::{Paint, Terminal};
use crate::config::job::{Fleet, Group, Job, TrustSettings};
use crate::config::secret::{CredentialSettings, SecretReference};
use crate::model::credential::Secret;
use crate::model::run::JobName;
use crate::model::target::{HostName, Scheme};
use crate::simulator::fault::Fault;
use crate::simulator::fleet::{Addressing, FleetSpec};
use crate::simulator::layout::Layout;
use crate::simulator::serve::{Ready, ReadyHost, ServeOptions, Served};

/// Hosts that are listed one by one; of more, only the first and the last.
const LISTED_HOSTS: usize = 12;

pub async fn simulate(arguments: &SimulateArguments, terminal: &Terminal) -> io::Result<Exit> {
    // Before the fleet is up, so that a Ctrl-C in between ends in order too.
    let mut signals = Signals::listen()?;
    let fleet = match open(arguments).await {
        Ok(fleet) => fleet,
        Err(message) => {
            terminal.error(&message);
            return Ok(Exit::Usage);
        }
    };
    let text = if arguments.json { fleet.as_json() } else { fleet.as_text(arguments, terminal) };
    terminal.print(&text)?;
    let stop = async {
        signals.next().await;
    };
    let tally = fleet.served.until(stop).await;
    terminal.note(&format!(
        "{}, {} refused; {} opened, {} left open; {} in, {} out",
        counted(tally.logons_attempted, "logon", "logons"),
        tally.logons_refused,
        counted(tally.shells_opened, "shell", "shells"),
        tally.shells_open,
        size(tally.bytes_in),
        size(tally.bytes_out),
    ));
    Ok(Exit::Ok)
}

/// The fleet that is up, and what it does not tell by itself.
struct OpenFleet {
    served: Served,
    scheme: Scheme,
    /// The account's: it guards nothing, and whoever wants to log on needs it.
    password: Secret,
    faults: BTreeMap<usize, Vec<Fault>>,
}

async fn open(arguments: &SimulateArguments) -> Result<OpenFleet, String> {
    let spec = spec(arguments)?;
    let options = ServeOptions {
        ready_file: None,
        hosts_file: arguments.hosts_file.clone(),
        ca_file: arguments.ca_bundle.clone(),
        control_port: arguments.control_port,
    };
    let (scheme, password, faults) = (spec.scheme, spec.password.clone(), spec.faults.clone());
    let served = Served::open(spec, &options).await.map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("the fleet did not start: {error}{cause}")
    })?;
    let fleet = OpenFleet { served, scheme, password, faults };
    if let Some(path) = &arguments.job {
        let text = fleet.job_text().map_err(|error| error.to_string())?;
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(fleet)
}

/// The fleet that is asked for, or why there can be no such fleet.
fn spec(arguments: &SimulateArguments) -> Result<FleetSpec, String> {
    let mut spec = FleetSpec::new(arguments.hosts as usize, arguments.vms as usize, arguments.seed);
    spec.scheme = if arguments.https { Scheme::Https } else { Scheme::Http };
    spec.port = arguments.port.unwrap_or(spec.scheme.default_port());
    if arguments.port_per_host {
        spec.addressing = Addressing::PortPerHost;
    }
    if arguments.hosts_file.is_some() && spec.addressing == Addressing::PortPerHost {
        return Err("--hosts-file holds addresses, and with a port per host all have the same: \
                    take --job"
            .to_owned());
    }
    spec.command_latency = arguments.latency;
    spec.day = arguments.day;
    spec.hostile_names = arguments.hostile_names;
    if !arguments.clusters.is_empty() {
        let nodes: usize = arguments.clusters.iter().sum();
        if nodes > spec.hosts || arguments.clusters.contains(&0) {
            return Err(format!(
                "--clusters needs {nodes} hosts in clusters of one or more; the fleet has {}",
                spec.hosts
            ));
        }
        spec.layout = Layout::Clusters(arguments.clusters.clone());
    }
    for strike in &arguments.fault {
        strike.arrange(&mut spec).map_err(|error| format!("--fault: {error}"))?;
    }
    Ok(spec)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Announcement<'a> {
    #[serde(flatten)]
    ready: &'a Ready,
    password: &'a str,
}

impl OpenFleet {
    fn as_json(&self) -> String {
        let announcement = Announcement { ready: self.served.ready(), password: self.password.reveal() };
        serde_json::to_string(&announcement).expect("plain values are JSON")
    }

    /// The job without the settings that are at their defaults anyway.
    fn job_text(&self) -> Result<String, toml::ser::Error> {
        let mut settings = toml::Table::try_from(self.job())?;
        settings.retain(|key, _| ["name", "fleet", "group", "credentials"].contains(&key));
        let text = toml::to_string(&settings)?;
        // The listing masks literals; the simulated account's password is no secret.
        Ok(text.replace("plain:***", &format!("plain:{}", self.password.reveal())))
    }

    /// A job that surveys the fleet: names no resolver knows, and a group for each that says
    /// where it listens.
    fn job(&self) -> Job {
        let ready = self.served.ready();
        let settings = CredentialSettings {
            user: Some(ready.user.clone()),
            password: Some(SecretReference::Plain(self.password.clone())),
            ..CredentialSettings::default()
        };
        let name = |host: &ReadyHost| HostName::parse(&host.name).expect("the simulator parsed it");
        let group = |host: &ReadyHost| Group {
            hosts: vec![host.name.clone()],
            scheme: Some(self.scheme),
            port: Some(host.port),
            address: Some(host.address.to_string()),
            trust: host
                .pin_sha256
                .clone()
                .map(|pin| TrustSettings { pin_sha256: Some(pin), ..TrustSettings::default() }),
            ..Group::default()
        };
        Job {
            name: JobName::parse("simulated").expect("a constant that fits the rule"),
            fleet: Fleet { hosts: ready.hosts.iter().map(name).collect(), ..Fleet::default() },
            group: ready.hosts.iter().map(group).collect(),
            credentials: BTreeMap::from([("default".to_owned(), settings)]),
            ..Job::default()
        }
    }

    fn as_text(&self, arguments: &SimulateArguments, terminal: &Terminal) -> String {
        let ready = self.served.ready();
        let hosts = counted(ready.hosts.len() as u64, "simulated Hyper-V host", "simulated Hyper-V hosts");
        let vms = counted(u64::from(arguments.vms), "VM", "VMs");
        let heading = terminal.out.paint(Paint::Strong, &format!("{hosts} with about {vms} each"));
        let account = format!("user {}  password {}", ready.user, self.password.reveal());
        let day = if arguments.day == 0 { String::new() } else { format!("  day {}", arguments.day) };
        let mut lines = vec![format!("{heading}  seed {}{day}  {account}", arguments.seed), String::new()];
        lines.extend(self.host_list().lines(None));
        lines.push(String::new());
        lines.push(match &arguments.job {
            Some(path) => format!("  lustrum run {}", job_argument(path)),
            None => "  --job FILE writes a job that surveys them".to_owned(),
        });
        lines.push(format!("  GET http://{}/tally tells what they have counted", ready.control));
        lines.push("  Ctrl-C takes them down".to_owned());
        lines.join("\n")
    }

    fn host_list(&self) -> Columns {
        let hosts = &self.served.ready().hosts;
        let row = |number: usize| {
            let faults: Vec<String> =
                self.faults.get(&number).into_iter().flatten().map(Fault::to_string).collect();
            [hosts[number].name.clone(), hosts[number].url.clone(), faults.join(", ")]
        };
        let mut columns = Columns::default();
        let all = hosts.len() <= LISTED_HOSTS;
        let listed = if all { hosts.len() } else { LISTED_HOSTS - 2 };
        for number in 0..listed {
            columns.row(row(number));
        }
        if !all {
            columns.row(["…", "", ""]);
            columns.row(row(hosts.len() - 1));
        }
        columns
    }
}

/// As `lustrum run` takes a path: a bare name would be one in `schedules/`.
fn job_argument(path: &Path) -> String {
    if path.components().count() == 1 { format!("./{}", path.display()) } else { path.display().to_string() }
}
