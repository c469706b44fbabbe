//! What every implementation of `Shell` must do, run against the simulator over real sockets.

use std::time::Duration;

use lustrum::model::credential::{Credential, Secret};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::target::{AuthMethod, Scheme, Target, Trust};
use lustrum::simulator::fault::{Fault, Times};
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;
use lustrum::transport::shell::{CommandLine, Shell, ShellLimits};
use lustrum::transport::wsman::shell::Wsman;

fn limits() -> ShellLimits {
    ShellLimits {
        connect_timeout: Duration::from_secs(5),
        operation_timeout: Duration::from_secs(1),
        silence_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(60),
        close_timeout: Duration::from_secs(5),
        output_bytes: 64 << 20,
        attempts: 4,
    }
}

fn spec() -> FleetSpec {
    FleetSpec::new(1, 2, 7)
}

fn over_tls() -> FleetSpec {
    FleetSpec { scheme: Scheme::Https, ..spec() }
}

fn line(program: &str, arguments: &[&str]) -> CommandLine {
    CommandLine {
        program: program.to_owned(),
        arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// All output of one command, and its exit code.
async fn output<S: Shell>(
    shell: &mut S,
    command: &CommandLine,
    stdin: &[u8],
) -> Result<(String, String, i32), Failure> {
    shell.start(command, stdin).await?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        let received = shell.receive().await?;
        stdout.extend_from_slice(&received.stdout);
        stderr.extend_from_slice(&received.stderr);
        if let Some(code) = received.exit_code {
            let text = |bytes| String::from_utf8(bytes).unwrap();
            return Ok((text(stdout), text(stderr), code));
        }
    }
}

async fn open<S: Shell>(fleet: &Simulator, target: &Target) -> Result<S, Failure> {
    let mut shell = S::reach(target, &limits()).await?;
    shell.logon(&fleet.credential()).await?;
    Ok(shell)
}

fn target(fleet: &Simulator, auth: AuthMethod) -> Target {
    fleet.targets(auth).remove(0)
}

async fn fleet(spec: FleetSpec) -> Simulator {
    Simulator::start(spec).await.unwrap()
}

async fn runs_a_command<S: Shell>(spec: FleetSpec, auth: AuthMethod) {
    let fleet = fleet(spec).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, auth)).await.unwrap();
    let (stdout, stderr, code) = output(&mut shell, &line("hostname", &[]), b"").await.unwrap();
    assert!(
        stdout.trim().eq_ignore_ascii_case(fleet.hosts()[0].name().as_str().split('.').next().unwrap()),
        "{stdout:?}"
    );
    assert_eq!((stderr.as_str(), code), ("", 0));
    shell.close().await.unwrap();
    let tally = fleet.tally();
    assert_eq!((tally.shells_opened, tally.shells_open, tally.logons_attempted), (1, 0, 1));
}

async fn tells_streams_and_exit_codes_apart<S: Shell>() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    let (stdout, stderr, code) = output(&mut shell, &line("no-such-program", &[]), b"").await.unwrap();
    assert_eq!(stdout, "");
    assert!(!stderr.is_empty());
    assert_ne!(code, 0);
    let (_, _, code) = output(&mut shell, &line("exit", &["7"]), b"").await.unwrap();
    assert_eq!(code, 7);
    shell.close().await.unwrap();
    assert_eq!(fleet.tally().shells_open, 0);
}

async fn carries_stdin_whole<S: Shell>() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    // More than one Send, and text that needs care in XML and in UTF-8.
    let stdin = "<&>\"' 漢字 \u{1F600} ]]>\n".repeat(8_000);
    let (stdout, _, code) = output(&mut shell, &line("more", &[]), stdin.as_bytes()).await.unwrap();
    assert_eq!((stdout == stdin, code), (true, 0));
    shell.close().await.unwrap();
}

async fn brings_large_output<S: Shell>() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    let (stdout, _, _) = output(&mut shell, &line("simulator-emit", &["3000000"]), b"").await.unwrap();
    assert_eq!(stdout.len(), 3_000_000);
    shell.close().await.unwrap();
}

async fn waits_through_operation_timeouts<S: Shell>() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    let (_, _, code) = output(&mut shell, &line("simulator-sleep", &["2500"]), b"").await.unwrap();
    assert_eq!(code, 0);
    shell.close().await.unwrap();
}

async fn a_wrong_password_is_refused_and_tried_once<S: Shell>(auth: AuthMethod, spec: FleetSpec) {
    let fleet = fleet(spec).await;
    let mut shell = S::reach(&target(&fleet, auth), &limits()).await.unwrap();
    let wrong = Credential { password: Secret::new("s3cret-that-is-wrong".into()), ..fleet.credential() };
    let failure = shell.logon(&wrong).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure}");
    assert!(!failure.to_string().contains("s3cret"), "{failure}");
    assert_eq!(fleet.tally().logons_attempted, 1);
}

async fn leaves_nothing_open_when_dropped_in_the_middle<S: Shell>() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    shell.start(&line("simulator-hold", &[]), b"").await.unwrap();
    let cut = tokio::time::timeout(Duration::from_millis(200), shell.receive()).await;
    assert!(cut.is_err(), "the command says nothing");
    assert_eq!(fleet.tally().shells_open, 1);
    shell.close().await.unwrap();
    assert_eq!(fleet.tally().shells_open, 0);
}

async fn asks_again_when_a_quota_passes<S: Shell>() {
    let faults = [
        Fault::ShellQuota(Times::First(2)),
        Fault::OperationQuota(Times::First(2)),
        Fault::OperationQuotaWmi(Times::First(2)),
    ];
    for fault in faults {
        let fleet = fleet(spec().with_fault(0, fault)).await;
        let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
        output(&mut shell, &line("hostname", &[]), b"").await.unwrap();
        shell.close().await.unwrap();
        assert_eq!(fleet.tally().shells_open, 0);
    }
}

async fn names_the_quota_that_stays<S: Shell>() {
    let fleet = fleet(spec().with_fault(0, Fault::ShellQuota(Times::Always))).await;
    let mut shell = open::<S>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    let failure = output(&mut shell, &line("hostname", &[]), b"").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Quota);
    assert!(failure.message.contains("2150859173"), "{failure}");
    shell.close().await.unwrap();
}

async fn stops_at_the_byte_limit<S: Shell>() {
    let fleet = fleet(spec()).await;
    let few = ShellLimits { output_bytes: 100_000, ..limits() };
    let mut shell = S::reach(&target(&fleet, AuthMethod::Negotiate), &few).await.unwrap();
    shell.logon(&fleet.credential()).await.unwrap();
    let failure = output(&mut shell, &line("simulator-emit", &["3000000"]), b"").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutputLimit);
    shell.close().await.unwrap();
    assert_eq!(fleet.tally().shells_open, 0);
}

async fn trusts_whom_it_is_told_to_trust<S: Shell>() {
    let fleet = fleet(over_tls()).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, fleet.ca_pem().unwrap()).unwrap();
    let pinned = target(&fleet, AuthMethod::Negotiate);
    let with = |trust: Trust| Target { trust, ..pinned.clone() };
    let ca = Trust { ca_bundle: Some(bundle.display().to_string()), ..Trust::default() };
    let danger = Trust { danger_accept_invalid_certs: true, ..Trust::default() };
    for good in [pinned.clone(), with(ca), with(danger)] {
        let mut shell =
            open::<S>(&fleet, &good).await.unwrap_or_else(|failure| panic!("{:?}: {failure}", good.trust));
        output(&mut shell, &line("hostname", &[]), b"").await.unwrap();
        shell.close().await.unwrap();
    }
    let other_pin = Trust { pin_sha256: Some("00".repeat(32)), ..Trust::default() };
    for bad in [with(Trust::default()), with(other_pin)] {
        let failure = match S::reach(&bad, &limits()).await {
            Err(failure) => failure,
            Ok(_) => panic!("{:?} was trusted", bad.trust),
        };
        assert_eq!(failure.kind, FailureKind::Tls, "{failure}");
    }
}

#[tokio::test]
async fn wsman_runs_a_command_sealed_over_http() {
    runs_a_command::<Wsman>(spec(), AuthMethod::Negotiate).await;
    runs_a_command::<Wsman>(spec(), AuthMethod::Ntlm).await;
}

#[tokio::test]
async fn wsman_runs_a_command_over_https() {
    runs_a_command::<Wsman>(over_tls(), AuthMethod::Negotiate).await;
    runs_a_command::<Wsman>(over_tls(), AuthMethod::Ntlm).await;
    runs_a_command::<Wsman>(over_tls(), AuthMethod::Basic).await;
}

#[tokio::test]
async fn wsman_logs_on_by_certificate() {
    let fleet = fleet(over_tls()).await;
    let certificate = fleet.client_certificate().unwrap();
    let credential = Credential { certificate, ..fleet.credential() };
    let mut shell = Wsman::reach(&target(&fleet, AuthMethod::Certificate), &limits()).await.unwrap();
    shell.logon(&credential).await.unwrap();
    output(&mut shell, &line("hostname", &[]), b"").await.unwrap();
    shell.close().await.unwrap();
}

#[tokio::test]
async fn wsman_sends_no_password_in_clear() {
    let fleet = fleet(spec()).await;
    for auth in [AuthMethod::Basic, AuthMethod::Certificate] {
        let mut shell = Wsman::reach(&target(&fleet, auth), &limits()).await.unwrap();
        let failure = shell.logon(&fleet.credential()).await.unwrap_err();
        assert!(failure.message.contains("needs https"), "{failure}");
    }
    assert_eq!(fleet.tally().logons_attempted, 0);
}

#[tokio::test]
async fn wsman_tells_streams_and_exit_codes_apart() {
    tells_streams_and_exit_codes_apart::<Wsman>().await;
}

#[tokio::test]
async fn wsman_carries_stdin_whole() {
    carries_stdin_whole::<Wsman>().await;
}

#[tokio::test]
async fn wsman_brings_large_output() {
    brings_large_output::<Wsman>().await;
}

#[tokio::test]
async fn wsman_waits_through_operation_timeouts() {
    waits_through_operation_timeouts::<Wsman>().await;
}

#[tokio::test]
async fn wsman_takes_a_refusal_for_a_refusal() {
    a_wrong_password_is_refused_and_tried_once::<Wsman>(AuthMethod::Negotiate, spec()).await;
    a_wrong_password_is_refused_and_tried_once::<Wsman>(AuthMethod::Ntlm, spec()).await;
    a_wrong_password_is_refused_and_tried_once::<Wsman>(AuthMethod::Negotiate, over_tls()).await;
    a_wrong_password_is_refused_and_tried_once::<Wsman>(AuthMethod::Basic, over_tls()).await;
}

#[tokio::test]
async fn wsman_leaves_nothing_open_when_dropped_in_the_middle() {
    leaves_nothing_open_when_dropped_in_the_middle::<Wsman>().await;
}

#[tokio::test]
async fn wsman_asks_again_when_a_quota_passes() {
    asks_again_when_a_quota_passes::<Wsman>().await;
    names_the_quota_that_stays::<Wsman>().await;
}

#[tokio::test]
async fn wsman_stops_at_the_byte_limit() {
    stops_at_the_byte_limit::<Wsman>().await;
}

#[tokio::test]
async fn wsman_trusts_whom_it_is_told_to_trust() {
    trusts_whom_it_is_told_to_trust::<Wsman>().await;
}

#[tokio::test]
async fn wsman_reads_who_is_there_and_cim_instances() {
    let fleet = fleet(spec()).await;
    let mut shell = open::<Wsman>(&fleet, &target(&fleet, AuthMethod::Negotiate)).await.unwrap();
    assert!(shell.identity().product_version.as_deref().unwrap().contains("Stack: 3.0"));
    let machines = shell
        .query("root/virtualization/v2", "SELECT Name, ElementName FROM Msvm_ComputerSystem", 10_000)
        .await
        .unwrap();
    assert!(!machines.is_empty());
    for machine in &machines {
        assert!(machine.iter().any(|(name, _)| name == "Name"), "{machine:?}");
    }
    shell.close().await.unwrap();
}
