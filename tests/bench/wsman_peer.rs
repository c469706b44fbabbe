//! Hosts per second: our WS-Management client against winrm-rs, interleaved on one fleet.
//!
//! `cargo bench --bench wsman_peer --features winrm-rs --ignore-rust-version -- [hosts] [rounds] [concurrency]`
//!
//! The fleet lives in a process of its own (this program again, as `serve`), so the CPU time
//! printed is the client's alone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use lustrum::model::credential::{Credential, CredentialName, Secret};
use lustrum::model::failure::Failure;
use lustrum::model::target::{AuthMethod, HostName, Platform, Scheme, Target, Trust};
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::serve::{Ready, ServeOptions, serve};
use lustrum::time::clock::Clock;
use lustrum::transport::shell::{CommandLine, Shell, ShellLimits};
use lustrum::transport::winrm_rs::WinrmRs;
use lustrum::transport::wsman::client::Wsman;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let first = numbers.next();
    if first.as_deref() == Some("serve") {
        return be_the_fleet(numbers.next().ok_or("serve how many hosts?")?.parse()?).await;
    }
    let hosts: usize = first.as_deref().unwrap_or("500").parse()?;
    let rounds: usize = numbers.next().as_deref().unwrap_or("5").parse()?;
    let concurrency: usize = numbers.next().as_deref().unwrap_or("64").parse()?;
    compare(hosts, rounds, concurrency).await
}

/// Serves until stdin ends, and tells on stdout where each host is.
async fn be_the_fleet(hosts: usize) -> Outcome<()> {
    let told = |ready: &Ready| {
        let mut out = std::io::stdout().lock();
        for host in &ready.hosts {
            writeln!(out, "{} {} {}", host.name, host.address, host.port).ok();
        }
        out.flush().ok();
    };
    let closed = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    let stop = async {
        closed.await.ok();
    };
    serve(FleetSpec::new(hosts, 1, 7), &ServeOptions::default(), told, stop).await?;
    Ok(())
}

async fn compare(hosts: usize, rounds: usize, concurrency: usize) -> Outcome<()> {
    let mut fleet = Command::new(std::env::current_exe()?)
        .args(["serve", &hosts.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = fleet.stdout.take().ok_or("no stdout")?;
    let targets: Vec<Target> = BufReader::new(out)
        .lines()
        .take(hosts)
        .map(|line| target(&line?))
        .collect::<Outcome<Vec<Target>>>()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut out = std::io::stdout();
    writeln!(out, "{hosts} hosts, hostname on each, concurrency {concurrency}")?;
    for round in 1..=rounds {
        // Whoever goes first alternates, so neither profits from a warmer fleet.
        for turn in 0..2 {
            let is_ours = (round + turn) % 2 == 0;
            let took = if is_ours {
                pass::<Wsman>(&targets, concurrency).await?
            } else {
                pass::<WinrmRs>(&targets, concurrency).await?
            };
            let name = if is_ours { "lustrum" } else { "winrm-rs" };
            writeln!(
                out,
                "round {round} {name:9} {:7.1} hosts/s {:6.2} CPU-s",
                took.hosts_per_s, took.cpu_s
            )?;
            if is_ours { &mut ours } else { &mut theirs }.push(took);
        }
    }
    let (our_rate, their_rate) =
        (median(&ours, |took| took.hosts_per_s), median(&theirs, |took| took.hosts_per_s));
    let (our_cpu, their_cpu) = (median(&ours, |took| took.cpu_s), median(&theirs, |took| took.cpu_s));
    writeln!(out, "median    lustrum   {our_rate:7.1} hosts/s {our_cpu:6.2} CPU-s")?;
    writeln!(out, "median    winrm-rs  {their_rate:7.1} hosts/s {their_cpu:6.2} CPU-s")?;
    writeln!(
        out,
        "ratio     {:.2} x the hosts/s, {:.2} x less CPU",
        our_rate / their_rate,
        their_cpu / our_cpu
    )?;
    drop(fleet.stdin.take());
    fleet.wait()?;
    Ok(())
}

/// What one pass over the fleet took.
struct Took {
    hosts_per_s: f64,
    cpu_s: f64,
}

async fn pass<S: Shell>(targets: &[Target], concurrency: usize) -> Outcome<Took> {
    let clock = Clock::system();
    let (begin, cpu_before) = (clock.instant(), cpu_s()?);
    let done = stream::iter(targets)
        .map(hostname::<S>)
        .buffer_unordered(concurrency)
        .fold(Ok(0_usize), |done, host| async move { done.and_then(|done| host.map(|()| done + 1)) })
        .await?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Took { hosts_per_s: done as f64 / seconds, cpu_s: cpu_s()? - cpu_before })
}

async fn hostname<S: Shell>(target: &Target) -> Result<(), Failure> {
    let mut shell = S::reach(target, &limits(), &Arc::default()).await?;
    let credential = Credential {
        name: CredentialName::default_name(),
        user: "census".to_owned(),
        password: Secret::new("census".to_owned()),
        certificate: None,
        realm: None,
    };
    shell.logon(&credential).await?;
    shell.start(&CommandLine { program: "hostname".to_owned(), arguments: Vec::new() }, b"").await?;
    let mut stdout = Vec::new();
    loop {
        let received = shell.receive().await?;
        stdout.extend_from_slice(&received.stdout);
        if received.exit_code.is_some() {
            break;
        }
    }
    assert!(String::from_utf8_lossy(&stdout).trim().eq_ignore_ascii_case(target.host.as_str()));
    shell.close().await
}

fn target(line: &str) -> Outcome<Target> {
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or("a host has name, address and port");
    Ok(Target {
        host: HostName::parse(word()?)?,
        platform: Platform::Hyperv,
        address: word()?.to_owned(),
        port: word()?.parse()?,
        scheme: Scheme::Http,
        auth: AuthMethod::Ntlm,
        trust: Trust::default(),
        credential: CredentialName::default_name(),
        spn: None,
        site: "Default".to_owned(),
    })
}

fn limits() -> ShellLimits {
    ShellLimits {
        connect_timeout: Duration::from_secs(10),
        operation_timeout: Duration::from_secs(20),
        silence_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(180),
        close_timeout: Duration::from_secs(15),
        output_bytes: 1 << 20,
        attempts: 3,
    }
}

fn median(passes: &[Took], of: impl Fn(&Took) -> f64) -> f64 {
    let mut values: Vec<f64> = passes.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// User and system time of this process, from the kernel's own count (proc(5): fields 14
/// and 15, in ticks of 10 ms).
fn cpu_s() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_name, fields) = stat.rsplit_once(')').ok_or("no process name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}
