//! The contract of a shell, kept by every implementation against the simulated fleet.

use std::sync::Arc;
use std::time::Duration;

use lustrum::model::credential::{Credential, Secret};
use lustrum::model::failure::{Failure, FailureKind};
use lustrum::model::target::{AuthMethod, Scheme, Target, Trust};
use lustrum::simulator::fault::{Fault, Times};
use lustrum::simulator::fleet::{Addressing, FleetSpec};
use lustrum::simulator::running::Simulator;
use lustrum::transport::shell::{CommandLine, Shell, ShellLimits};
use lustrum::transport::wsman::client::Wsman;

const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";

/// What one command left.
#[derive(Debug, Default)]
struct Ran {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit_code: i32,
}

fn limits() -> ShellLimits {
    ShellLimits {
        connect_timeout: Duration::from_secs(5),
        operation_timeout: Duration::from_secs(20),
        silence_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(120),
        close_timeout: Duration::from_secs(10),
        output_bytes: 64 << 20,
        attempts: 3,
    }
}

fn spec() -> FleetSpec {
    FleetSpec { addressing: Addressing::PortPerHost, ..FleetSpec::new(1, 2, 7) }
}

fn https() -> FleetSpec {
    FleetSpec { scheme: Scheme::Https, ..spec() }
}

fn command(program: &str, arguments: &[&str]) -> CommandLine {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    CommandLine { program: program.to_owned(), arguments }
}

/// Reaches and logs on.
async fn enter<S: Shell>(target: &Target, credential: &Credential) -> Result<S, Failure> {
    let mut shell = S::reach(target, &limits(), &Arc::default()).await?;
    shell.logon(credential).await?;
    Ok(shell)
}

async fn drain<S: Shell>(shell: &mut S) -> Result<Ran, Failure> {
    let mut ran = Ran::default();
    loop {
        let received = shell.receive().await?;
        assert!(
            !received.stdout.is_empty() || !received.stderr.is_empty() || received.exit_code.is_some(),
            "an empty answer without exit code does not occur"
        );
        ran.stdout.extend_from_slice(&received.stdout);
        ran.stderr.extend_from_slice(&received.stderr);
        if let Some(code) = received.exit_code {
            ran.exit_code = code;
            return Ok(ran);
        }
    }
}

async fn run<S: Shell>(
    fleet: &Simulator,
    target: &Target,
    line: &CommandLine,
    stdin: &[u8],
) -> Result<Ran, Failure> {
    let mut shell: S = enter(target, &fleet.credential()).await?;
    let ran = match shell.start(line, stdin).await {
        Ok(()) => drain(&mut shell).await,
        Err(failure) => Err(failure),
    };
    shell.close().await?;
    ran
}

async fn fleet(spec: FleetSpec) -> (Simulator, Target) {
    let fleet = Simulator::start(spec).await.unwrap();
    let target = fleet.targets(AuthMethod::Negotiate).remove(0);
    (fleet, target)
}

fn assert_nothing_left(fleet: &Simulator) {
    assert_eq!(fleet.tally().shells_open, 0, "{:?}", fleet.tally());
}

async fn a_command_runs_with_both_streams_and_its_exit_code<S: Shell>() {
    for auth in [AuthMethod::Negotiate, AuthMethod::Ntlm] {
        let (fleet, mut target) = fleet(spec()).await;
        target.auth = auth;
        let line = command("echo", &["out", "&&", "echo", "err>&2", "&&", "exit", "3"]);
        let ran = run::<S>(&fleet, &target, &line, b"").await.unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "out");
        assert_eq!(String::from_utf8_lossy(&ran.stderr).trim(), "err");
        assert_eq!(ran.exit_code, 3);
        assert_eq!(fleet.tally().logons_attempted, 1, "one logon per connection");
        assert_nothing_left(&fleet);
    }
}

async fn large_output_arrives_whole<S: Shell>() {
    let (fleet, target) = fleet(spec()).await;
    let ran = run::<S>(&fleet, &target, &command("simulator-emit", &["3000000"]), b"").await.unwrap();
    assert_eq!(ran.stdout.len(), 3_000_000);
    assert_nothing_left(&fleet);
}

async fn stdin_reaches_the_command_to_its_end<S: Shell>() {
    let (fleet, target) = fleet(spec()).await;
    let input: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    let ran = run::<S>(&fleet, &target, &command("more", &[]), &input).await.unwrap();
    assert_eq!(ran.exit_code, 0);
    assert!(ran.stdout == input, "{} bytes came back", ran.stdout.len());
    let ran = run::<S>(&fleet, &target, &command("more", &[]), b"").await.unwrap();
    assert!(ran.stdout.is_empty());
    assert_nothing_left(&fleet);
}

async fn a_wrong_password_is_told_as_such_and_tried_once<S: Shell>() {
    let (fleet, target) = fleet(spec().with_fault(0, Fault::WrongPassword)).await;
    let mut shell = S::reach(&target, &limits(), &Arc::default()).await.unwrap();
    let failure = shell.logon(&fleet.credential()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure}");
    assert_eq!(fleet.tally().logons_refused, 1);
    shell.close().await.unwrap();
}

async fn a_dropped_receive_leaves_no_shell<S: Shell>() {
    let (fleet, target) = fleet(spec()).await;
    let mut shell: S = enter(&target, &fleet.credential()).await.unwrap();
    shell.start(&command("simulator-hold", &[]), b"").await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), shell.receive()).await.is_err());
    assert_eq!(fleet.tally().shells_open, 1);
    shell.close().await.unwrap();
    assert_nothing_left(&fleet);
}

async fn operation_timeout_means_poll_again<S: Shell>() {
    let (fleet, target) = fleet(spec().with_fault(0, Fault::OperationTimeout(Times::First(2)))).await;
    let ran = run::<S>(&fleet, &target, &command("hostname", &[]), b"").await.unwrap();
    assert_eq!(ran.exit_code, 0);
    assert!(!ran.stdout.is_empty());
    assert_nothing_left(&fleet);
}

async fn an_unknown_program_ends_with_what_the_host_says<S: Shell>() {
    let (fleet, target) = fleet(spec()).await;
    let ran = run::<S>(&fleet, &target, &command("no-such-program", &[]), b"").await.unwrap();
    assert_eq!(ran.exit_code, 1);
    assert!(String::from_utf8_lossy(&ran.stderr).contains("not recognized"));
    assert_nothing_left(&fleet);
}

async fn a_refused_port_is_unreachable<S: Shell>() {
    let (_fleet, target) = fleet(spec().with_fault(0, Fault::Refuse)).await;
    let failure = S::reach(&target, &limits(), &Arc::default()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure}");
}

async fn garbage_and_a_cut_connection_are_told_and_leave_no_shell<S: Shell>() {
    for (fault, kinds) in [
        (Fault::GarbageXml, &[FailureKind::Protocol][..]),
        (Fault::Drop(Times::Always), &[FailureKind::NoAnswer][..]),
    ] {
        let (fleet, target) = fleet(spec().with_fault(0, fault.clone())).await;
        let failure = run::<S>(&fleet, &target, &command("hostname", &[]), b"").await.unwrap_err();
        assert!(kinds.contains(&failure.kind), "{fault}: {failure}");
        assert_nothing_left(&fleet);
    }
}

async fn trust_is_by_authority_pin_or_danger<S: Shell>() {
    let (fleet, pinned) = fleet(https()).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, fleet.ca_pem().unwrap()).unwrap();
    let by = |trust: Trust| Target { trust, ..pinned.clone() };
    let ca_bundle = Some(bundle.to_str().unwrap().to_owned());
    for trust in [
        pinned.trust.clone(),
        Trust { ca_bundle, ..Trust::default() },
        Trust { danger_accept_invalid_certs: true, ..Trust::default() },
    ] {
        let ran = run::<S>(&fleet, &by(trust.clone()), &command("hostname", &[]), b"").await;
        assert!(ran.is_ok(), "{trust:?}: {ran:?}");
    }
    for trust in [Trust::default(), Trust { pin_sha256: Some("0".repeat(64)), ..Trust::default() }] {
        let failure = enter::<S>(&by(trust.clone()), &fleet.credential()).await.err().unwrap();
        assert_eq!(failure.kind, FailureKind::Tls, "{trust:?}: {failure}");
    }
    assert_nothing_left(&fleet);
}

async fn basic_and_certificate_log_on_over_https<S: Shell>() {
    let (fleet, mut target) = fleet(https()).await;
    target.auth = AuthMethod::Basic;
    run::<S>(&fleet, &target, &command("hostname", &[]), b"").await.unwrap();

    let wrong = Credential { password: Secret::new("wrong".to_owned()), ..fleet.credential() };
    let failure = enter::<S>(&target, &wrong).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure}");

    target.auth = AuthMethod::Certificate;
    let certificate = fleet.client_certificate().unwrap();
    let credential = Credential { certificate, ..fleet.credential() };
    let mut shell: S = enter(&target, &credential).await.unwrap();
    shell.start(&command("hostname", &[]), b"").await.unwrap();
    assert_eq!(drain(&mut shell).await.unwrap().exit_code, 0);
    shell.close().await.unwrap();
    assert_nothing_left(&fleet);
}

async fn what_needs_https_is_refused_over_http<S: Shell>() {
    for auth in [AuthMethod::Basic, AuthMethod::Certificate] {
        let (fleet, mut target) = fleet(spec()).await;
        target.auth = auth;
        let failure = enter::<S>(&target, &fleet.credential()).await.err().unwrap();
        assert_ne!(failure.kind, FailureKind::AuthFailed, "{failure}");
        assert!(failure.message.contains("https"), "{failure}");
        assert_eq!(fleet.tally().logons_attempted, 0);
    }
}

/// Makes the tests of one implementation out of the names of the functions above.
macro_rules! contract {
    ($module:ident, $shell:ty, [$($test:ident),+ $(,)?]) => {
        mod $module {
            use super::*;

            $(
                #[tokio::test]
                async fn $test() {
                    super::$test::<$shell>().await;
                }
            )+
        }
    };
}

contract!(
    wsman,
    Wsman,
    [
        a_command_runs_with_both_streams_and_its_exit_code,
        large_output_arrives_whole,
        stdin_reaches_the_command_to_its_end,
        a_wrong_password_is_told_as_such_and_tried_once,
        a_dropped_receive_leaves_no_shell,
        operation_timeout_means_poll_again,
        an_unknown_program_ends_with_what_the_host_says,
        a_refused_port_is_unreachable,
        garbage_and_a_cut_connection_are_told_and_leave_no_shell,
        trust_is_by_authority_pin_or_danger,
        basic_and_certificate_log_on_over_https,
        what_needs_https_is_refused_over_http,
    ]
);

// Without: garbage and cut connections (its retries ask again), client certificates (files
// only), trust by danger is tried above all where it seals inside TLS.
#[cfg(feature = "winrm-rs")]
contract!(
    winrm_rs,
    lustrum::transport::winrm_rs::WinrmRs,
    [
        large_output_arrives_whole,
        stdin_reaches_the_command_to_its_end,
        a_wrong_password_is_told_as_such_and_tried_once,
        a_dropped_receive_leaves_no_shell,
        operation_timeout_means_poll_again,
        an_unknown_program_ends_with_what_the_host_says,
        a_refused_port_is_unreachable,
        trust_is_by_authority_pin_or_danger,
        what_needs_https_is_refused_over_http,
    ]
);

/// What the contract leaves open and our own client promises.
mod beyond {
    use super::*;

    /// Runs `hostname` on a fleet with a fault.
    async fn hostname(fault: Fault) -> (Simulator, Result<Ran, Failure>) {
        let (fleet, target) = fleet(spec().with_fault(0, fault)).await;
        let ran = run::<Wsman>(&fleet, &target, &command("hostname", &[]), b"").await;
        (fleet, ran)
    }

    #[tokio::test]
    async fn quota_is_retried_and_told_by_number_when_it_stays() {
        for fault in [
            Fault::ShellQuota(Times::First(1)),
            Fault::OperationQuota(Times::First(1)),
            Fault::OperationQuotaWmi(Times::First(1)),
        ] {
            let (fleet, ran) = hostname(fault.clone()).await;
            assert!(ran.is_ok(), "{fault}: {ran:?}");
            assert_nothing_left(&fleet);
        }
        for (fault, told) in [
            (Fault::ShellQuota(Times::Always), "WSManFault 2150859173"),
            (Fault::OperationQuota(Times::Always), "WSManFault 2150859174"),
            (Fault::OperationQuotaWmi(Times::Always), "MSFT_WmiError 2150859174"),
        ] {
            let (fleet, ran) = hostname(fault).await;
            let failure = ran.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Quota);
            assert!(failure.message.contains(told) && failure.message.contains("http 500"), "{failure}");
            assert_nothing_left(&fleet);
        }
    }

    #[tokio::test]
    async fn http_503_is_retried_and_is_no_answer_when_it_stays() {
        let (_fleet, ran) = hostname(Fault::Http503(Times::First(2))).await;
        assert!(ran.is_ok(), "{ran:?}");
        let (_fleet, ran) = hostname(Fault::Http503(Times::Always)).await;
        let failure = ran.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NoAnswer);
        assert!(failure.message.contains("503"), "{failure}");
    }

    #[tokio::test]
    async fn an_answer_to_another_request_is_refused() {
        let (fleet, ran) = hostname(Fault::WrongRelatesTo).await;
        let failure = ran.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol, "{failure}");
        assert!(failure.message.contains("relates to another request"), "{failure}");
        assert_nothing_left(&fleet);
    }

    #[tokio::test]
    async fn output_past_the_limit_ends_the_reading_and_leaves_no_shell() {
        let (fleet, target) = fleet(spec()).await;
        let limits = ShellLimits { output_bytes: 1_000_000, ..limits() };
        let mut shell = Wsman::reach(&target, &limits, &Arc::default()).await.unwrap();
        shell.logon(&fleet.credential()).await.unwrap();
        shell.start(&command("simulator-emit", &["3000000"]), b"").await.unwrap();
        let failure = drain(&mut shell).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutputLimit);
        shell.close().await.unwrap();
        assert_nothing_left(&fleet);
    }

    /// Lets `start` run for every number of turns of the executor there is, drops it, and
    /// closes: whatever was under way, nothing stays.
    #[tokio::test]
    async fn a_start_dropped_at_any_turn_leaves_no_shell() {
        let (fleet, target) = fleet(spec()).await;
        for turns in 0.. {
            let mut shell: Wsman = enter(&target, &fleet.credential()).await.unwrap();
            let line = command("more", &[]);
            let mut start = Box::pin(shell.start(&line, b"input"));
            let mut ended = false;
            for _ in 0..turns {
                if futures::poll!(start.as_mut()).is_ready() {
                    ended = true;
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(start);
            shell.close().await.unwrap();
            assert_nothing_left(&fleet);
            if ended {
                assert!(fleet.tally().shells_opened > 0);
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_full_path_runs_without_cmd() {
        let (fleet, target) = fleet(spec()).await;
        let line = command(POWERSHELL, &["-Command", "hostname"]);
        let ran = run::<Wsman>(&fleet, &target, &line, b"").await;
        assert!(ran.is_ok(), "{ran:?}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_at_its_path_is_found_by_name() {
        let (fleet, target) = fleet(spec()).await;
        let line = command("D:\\Elsewhere\\powershell.exe", &["-Command", "hostname"]);
        let ran = run::<Wsman>(&fleet, &target, &line, b"").await.unwrap();
        assert_eq!(ran.exit_code, 0, "{ran:?}");
        assert_nothing_left(&fleet);
    }

    #[tokio::test]
    async fn one_command_takes_eight_requests_on_one_connection() {
        let (fleet, target) = fleet(spec()).await;
        run::<Wsman>(&fleet, &target, &command("hostname", &[]), b"").await.unwrap();
        let tally = fleet.tally();
        assert_eq!(tally.connections, 1);
        // Identify, two legs, Create, Command, Send, Receive, Signal, Delete.
        assert_eq!(tally.requests, 9, "{tally:?}");
    }

    #[tokio::test]
    async fn virtual_machines_are_read_by_wql() {
        let (fleet, target) = fleet(spec()).await;
        let mut shell: Wsman = enter(&target, &fleet.credential()).await.unwrap();
        let wql = "SELECT ConfigurationID,ElementName FROM Msvm_VirtualSystemSettingData \
                   WHERE VirtualSystemType='Microsoft:Hyper-V:System:Realized'";
        let found = shell.conversation().query("root/virtualization/v2", wql, 1000).await.unwrap();
        assert!(!found.is_empty());
        assert!(found.iter().all(|vm| vm.single("ConfigurationID").is_some()), "{found:?}");
        let wrong = shell.conversation().query("root/nowhere", "SELECT * FROM Nothing", 10).await;
        assert_eq!(wrong.unwrap_err().kind, FailureKind::NotApplicable);
        let few = shell.conversation().query("root/virtualization/v2", wql, 0).await;
        assert_eq!(few.unwrap_err().kind, FailureKind::OutputLimit);
        shell.close().await.unwrap();
    }
}
