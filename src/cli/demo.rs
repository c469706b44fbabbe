//! `lustrum demo`: a small simulated fleet with its usual troubles, surveyed for real.

use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::aftermath::Aftermath;
use crate::cli::args::DemoArguments;
use crate::cli::exit::Exit;
use crate::cli::survey::{Survey, survey};
use crate::cli::terminal::Terminal;
use crate::config::fleet::Fleet;
use crate::config::job::Job;
use crate::config::load::Asked;
use crate::config::store::Opening;
use crate::engine::launch::Lineage;
use crate::engine::plan::Plan;
use crate::model::run::JobName;
use crate::model::target::AuthMethod;
use crate::providers::catalogue;
use crate::simulator::fault::Fault;
use crate::simulator::fleet::FleetSpec;
use crate::simulator::latency::Latency;
use crate::simulator::running::Simulator;

const HOSTS: usize = 9;
const VMS_PER_HOST: usize = 12;

/// One host of each kind of trouble; the others are healthy.
fn fleet(seed: u64) -> FleetSpec {
    let mut spec = FleetSpec::new(HOSTS, VMS_PER_HOST, seed)
        .with_fault(2, Fault::SlowMs(1_500))
        .with_fault(3, Fault::WrongPassword)
        .with_fault(4, Fault::Refuse)
        .with_fault(5, Fault::CollectorError("disk".to_owned()))
        .with_fault(6, Fault::EmptyNode)
        .with_fault(7, Fault::MissingVms(3));
    spec.command_latency = Latency::Fixed(Duration::from_millis(120));
    spec
}

pub async fn demo(arguments: &DemoArguments, terminal: &Terminal) -> io::Result<Exit> {
    let simulator = match Simulator::start(fleet(arguments.seed)).await {
        Ok(simulator) => simulator,
        Err(error) => {
            terminal.error(&format!("the simulated fleet did not start: {error}"));
            return Ok(Exit::NotRecorded);
        }
    };
    terminal.note(&format!(
        "a simulated fleet of {HOSTS} Hyper-V hosts listens on this machine: real sockets, NTLM, sealed SOAP\n\
         one is slow, one refuses the account, one is down, one has a failing collector, one is empty, one hides VMs\n"
    ));
    let job = Job { name: JobName::parse("demo").expect("a constant that fits the rule"), ..Job::default() };
    let credential = simulator.credential();
    let plan = Plan::of(
        Asked {
            fleet: Fleet { targets: simulator.targets(AuthMethod::Negotiate), warnings: Vec::new() },
            probes: Vec::new(),
            credentials: [(credential.name.clone(), credential)].into(),
            warnings: Vec::new(),
            job,
        },
        false,
    );
    let provider = catalogue::hyperv(Job::default().limits.shell());
    let asked = Survey {
        plan,
        warnings: Vec::new(),
        opening: Opening::folder(arguments.out_dir.display().to_string()),
        delta: false,
        lineage: Lineage::default(),
        slot: None,
        json: arguments.json,
        by_collector: false,
        zero_if_recorded: false,
        quit: CancellationToken::new(),
        shows_progress: true,
    };
    let aftermath = Aftermath::of(&Job { name: asked.plan.job.clone(), ..Job::default() }, Vec::new(), None);
    let exit = survey(asked, &aftermath, provider, terminal).await?;
    let tally = simulator.tally();
    terminal.note(&format!(
        "\nthe fleet's own count: {} logons tried, {} refused; {} shells opened, {} left open",
        tally.logons_attempted, tally.logons_refused, tally.shells_opened, tally.shells_open
    ));
    // The fleet's troubles are part of the show: a demo that recorded them went well.
    Ok(if exit == Exit::NotAllOk { Exit::Ok } else { exit })
}
