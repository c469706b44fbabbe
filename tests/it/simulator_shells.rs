//! Simulated shells: life and death, quotas, streams.

use std::time::Duration;

use lustrum::simulator::fault::{Fault, Times};

use crate::world::simulated_host::{MESSAGE_ID, SimulatedHost};

const SHELL_QUOTA: u32 = 2_150_859_173;
const OPERATION_QUOTA: u32 = 2_150_859_174;
const TIMED_OUT: u32 = 2_150_858_793;
const SHELL_NOT_FOUND: u32 = 2_150_858_843;

#[tokio::test]
async fn a_command_runs_in_a_shell_that_delete_takes_away() {
    let host = SimulatedHost::with(&[]);
    let shell = host.create().await.unwrap();
    assert_eq!(host.host.tally().shells_open, 1);
    let command = host.start(&shell, "hostname").await.unwrap();
    let output = host.output(&shell, &command).await;
    assert_eq!(output.stdout, format!("{}\r\n", host.host.computer_name()).as_bytes());
    assert_eq!(output.exit_code, Some(0));
    host.delete(&shell).await.unwrap();
    let tally = host.host.tally();
    assert_eq!((tally.shells_open, tally.shells_opened, tally.commands_started), (0, 1, 1));
    assert_eq!(host.start(&shell, "hostname").await, Err(SHELL_NOT_FOUND));
    assert_eq!(host.delete(&shell).await, Err(SHELL_NOT_FOUND));
}

#[tokio::test]
async fn every_answer_relates_to_its_request() {
    let host = SimulatedHost::with(&[]);
    let created = host.ask("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "", "", "").await;
    assert_eq!(created.text("RelatesTo").unwrap(), format!("uuid:{MESSAGE_ID}"));
    let unknown = host.ask("urn:nothing", "", "", "").await;
    assert_eq!((unknown.status, unknown.fault()), (500, Some(2_150_858_753)));
    assert_eq!(unknown.text("RelatesTo").unwrap(), format!("uuid:{MESSAGE_ID}"));
}

#[tokio::test]
async fn a_client_may_name_its_shell_and_delete_it_unanswered() {
    let host = SimulatedHost::with(&[]);
    let named = "<rsp:Shell ShellId='3f2504e0-4f89-41d3-9a0c-0305e82c3301'/>";
    let create = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
    let created = host.ask(create, "", "", named).await;
    assert_eq!(created.text("ShellId").unwrap(), "3F2504E0-4F89-41D3-9A0C-0305E82C3301");
    assert_eq!(host.ask(create, "", "", named).await.fault(), Some(2_150_858_803));
    host.delete("3f2504e0-4f89-41d3-9a0c-0305e82c3301").await.unwrap();
    assert_eq!(host.host.tally().shells_open, 0);
}

#[tokio::test]
async fn a_user_has_thirty_shells_and_no_more() {
    let host = SimulatedHost::with(&[]);
    let mut shells = Vec::new();
    for _ in 0..30 {
        shells.push(host.create().await.unwrap());
    }
    assert_eq!(host.create().await, Err(SHELL_QUOTA));
    host.delete(&shells[7]).await.unwrap();
    assert!(host.create().await.is_ok());
}

#[tokio::test]
async fn quota_faults_strike_as_often_as_they_say() {
    let faults = [Fault::ShellQuota(Times::First(2)), Fault::OperationQuotaWmi(Times::First(1))];
    let host = SimulatedHost::with(&faults);
    assert_eq!(host.create().await, Err(SHELL_QUOTA));
    assert_eq!(host.create().await, Err(SHELL_QUOTA));
    let shell = host.create().await.unwrap();
    assert_eq!(host.start(&shell, "ver").await, Err(OPERATION_QUOTA));
    assert!(host.start(&shell, "ver").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_out_its_operation_timeout_and_may_be_repeated() {
    let host = SimulatedHost::with(&[]);
    let shell = host.create().await.unwrap();
    let command = host.start(&shell, "simulator-sleep 45000").await.unwrap();
    assert_eq!(host.receive(&shell, &command).await.fault(), Some(TIMED_OUT));
    assert_eq!(host.receive(&shell, &command).await.fault(), Some(TIMED_OUT));
    assert_eq!(host.output(&shell, &command).await.exit_code, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_lost_shell_dies_of_its_idle_timeout() {
    let host = SimulatedHost::with(&[]);
    let shell = host.create().await.unwrap();
    tokio::time::sleep(Duration::from_secs(119)).await;
    assert_eq!(host.host.tally().shells_open, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(host.host.tally().shells_open, 0);
    assert_eq!(host.delete(&shell).await, Err(SHELL_NOT_FOUND));
}

#[tokio::test(start_paused = true)]
async fn delete_wakes_whoever_waits_for_output() {
    let host = SimulatedHost::with(&[]);
    let shell = host.create().await.unwrap();
    let command = host.start(&shell, "simulator-hold").await.unwrap();
    let waiting = host.receive(&shell, &command);
    let deleting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        host.delete(&shell).await
    };
    let (received, deleted) = tokio::join!(waiting, deleting);
    assert_eq!((received.fault(), deleted), (Some(SHELL_NOT_FOUND), Ok(())));
}

#[tokio::test]
async fn no_answer_is_larger_than_the_client_takes() {
    let mut host = SimulatedHost::with(&[]);
    host.max_envelope_bytes = 40_000;
    let shell = host.create().await.unwrap();
    let command = host.start(&shell, "simulator-emit 200000").await.unwrap();
    let mut largest = 0;
    loop {
        let answer = host.receive(&shell, &command).await;
        largest = largest.max(answer.envelope_bytes);
        if answer.text("ExitCode").is_some() {
            break;
        }
    }
    assert!((30_000..=40_000).contains(&largest), "{largest}");
    assert_eq!(host.run("simulator-emit 200000").await.stdout.len(), 200_000);
}

#[tokio::test]
async fn programs_do_what_their_names_say() {
    let host = SimulatedHost::with(&[]);
    assert_eq!(host.run("whoami").await.stdout, b"census\\census\r\n");
    assert_eq!(host.run("cmd /c echo a  b").await.stdout, b"a  b\r\n");
    assert_eq!(host.run("exit 7").await.exit_code, Some(7));
    let both = host.run("cmd.exe /c echo out &amp;&amp; echo err&gt;&amp;2 &amp;&amp; exit 1").await;
    assert_eq!((both.stdout.as_slice(), both.stderr.as_slice()), (&b"out \r\n"[..], &b"err \r\n"[..]));
    assert_eq!(both.exit_code, Some(1));
    assert_eq!(host.run("nothing-of-that-name").await.exit_code, Some(1));
    let long = host.run(&format!("echo {}", "x".repeat(8200))).await;
    assert_eq!(long.stderr, b"The command line is too long.\r\n");
    let powershell = host.run("powershell.exe -Command Get-Nonsense").await;
    assert_eq!(powershell.exit_code, Some(1));
    assert!(powershell.stderr.starts_with(b"#< CLIXML\r\n<Objs "));
}

#[tokio::test]
async fn stdin_is_copied_to_its_end() {
    let host = SimulatedHost::with(&[]);
    let shell = host.create().await.unwrap();
    let command = host.start(&shell, "more").await.unwrap();
    host.send(&shell, &command, "größer\r\n".as_bytes()).await;
    let output = host.output(&shell, &command).await;
    assert_eq!((output.stdout.as_slice(), output.exit_code), ("größer\r\n".as_bytes(), Some(0)));
}
