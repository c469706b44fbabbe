//! The WS-Management service of one host: SOAP in, SOAP out (MS-WSMV 3.1.4, DSP0226).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::simulator::cim;
use crate::simulator::command::{self, Program, Step, Surroundings};
use crate::simulator::envelope::{FAULT_ACTION, envelope, escape};
use crate::simulator::fault::Fault;
use crate::simulator::host::Host;
use crate::simulator::line::Shears;
use crate::simulator::powershell;
use crate::simulator::shells::{Output, Polled, ShellOptions};
use crate::simulator::soap::{self, Element, Request};
use crate::simulator::wsmanfault::{self, WsmanFault};

const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/";
const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/";
const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/";
const SHELL_CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";

/// What an answer holds beside the output: header, stream elements, command state.
const ENVELOPE_OVERHEAD_BYTES: usize = 4096;
/// How much of an answer gets through before the connection is cut: its head, not its body.
const BYTES_BEFORE_CUT: u64 = 200;
/// IdleTimeOut of a shell that asks for none, and the least a host grants (MS-WSMV 2.2.4.38).
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(7200);
const LEAST_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// An answer before sealing.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub envelope: String,
}

/// Where a request came in.
pub struct Entrance<'a> {
    /// `http://127.0.0.1:5985/wsman`.
    pub uri: &'a str,
    pub client: std::net::IpAddr,
    pub shears: &'a Shears,
}

/// Answers one request.
pub async fn answer(request: &Request, host: &Arc<Host>, entrance: &Entrance<'_>) -> Reply {
    let result = match request.action.as_str() {
        action if action.strip_prefix(TRANSFER) == Some("Create") => create(request, host, entrance),
        action if action.strip_prefix(TRANSFER) == Some("Delete") => delete(request, host),
        action => match action.strip_prefix(SHELL) {
            Some("Command") => start(request, host),
            Some("Send") => send(request, host),
            Some("Receive") => receive(request, host, entrance).await,
            Some("Signal") => signal(request, host),
            _ => match action.strip_prefix(ENUMERATION) {
                Some("Enumerate") => cim::enumerate(request, host),
                Some("Pull") => cim::pull(request, host),
                Some("Release") => cim::release(request, host),
                _ => Err(wsmanfault::ACTION_NOT_SUPPORTED),
            },
        },
    };
    let relates_to = relates_to(request, host);
    match result {
        Ok(body) => {
            let action = format!("{}Response", request.action);
            Reply { status: 200, envelope: envelope(&action, &host.new_id(), &relates_to, &body) }
        }
        Err(fault) => {
            let body = fault.body(host.name());
            Reply { status: 500, envelope: envelope(FAULT_ACTION, &host.new_id(), &relates_to, &body) }
        }
    }
}

fn relates_to(request: &Request, host: &Host) -> String {
    let is_receive = request.action.ends_with("/Receive");
    if is_receive && host.faults().has(&Fault::WrongRelatesTo) {
        format!("uuid:{}", host.new_id())
    } else {
        request.message_id.clone()
    }
}

/// Create (MS-WSMV 3.1.4.5.2): the answer tells what the shell is, as recorded from Windows.
fn create(request: &Request, host: &Host, entrance: &Entrance<'_>) -> Result<String, WsmanFault> {
    if host.faults().strikes(crate::fault_value!(ShellQuota)) {
        return Err(wsmanfault::SHELL_QUOTA);
    }
    let asked = request.body.child("Shell");
    let text = |name: &str| asked.and_then(|shell| shell.child(name)).map(Element::trimmed);
    let idle_timeout = text("IdleTimeOut").and_then(soap::duration).unwrap_or(DEFAULT_IDLE_TIMEOUT);
    let idle_timeout = idle_timeout.max(LEAST_IDLE_TIMEOUT);
    let code_page = request.option("WINRS_CODEPAGE").and_then(|page| page.parse().ok()).unwrap_or(437);
    let id = given_id(asked, "ShellId").unwrap_or_else(|| host.new_id());
    let now = host.clock().instant();
    host.with_shells(|shells| shells.create(id.clone(), ShellOptions { idle_timeout, code_page }, now))?;
    host.counters().shells_opened.add(1);

    let environment =
        asked.and_then(|shell| shell.child("Environment")).map_or(String::new(), |environment| {
            let variables = environment.children("Variable").map(|variable| {
                let name = variable.attribute("Name").unwrap_or_default();
                format!("<rsp:Variable Name=\"{}\">{}</rsp:Variable>", escape(name), escape(&variable.text))
            });
            format!("<rsp:Environment>{}</rsp:Environment>", variables.collect::<String>())
        });
    Ok(format!(
        "<x:ResourceCreated><a:Address>{uri}</a:Address><a:ReferenceParameters>\
         <w:ResourceURI>{SHELL_CMD}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"ShellId\">{id}</w:Selector>\
         </w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>\
         <rsp:Shell xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\">\
         <rsp:ShellId>{id}</rsp:ShellId><rsp:ResourceUri>{SHELL_CMD}</rsp:ResourceUri><rsp:Owner>{owner}</rsp:Owner>\
         <rsp:ClientIP>{client}</rsp:ClientIP>{environment}<rsp:IdleTimeOut>PT{idle:.3}S</rsp:IdleTimeOut>\
         <rsp:InputStreams>{inputs}</rsp:InputStreams><rsp:OutputStreams>{outputs}</rsp:OutputStreams>\
         <rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity>\
         </rsp:Shell>",
        uri = escape(entrance.uri),
        owner = escape(&host.account_name()),
        client = entrance.client,
        idle = idle_timeout.as_secs_f64(),
        inputs = escape(text("InputStreams").unwrap_or("stdin")),
        outputs = escape(text("OutputStreams").unwrap_or("stdout stderr")),
    ))
}

fn delete(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let now = host.clock().instant();
    host.with_shells(|shells| shells.delete(shell_id(request), now))?;
    Ok(String::new())
}

/// Command (MS-WSMV 3.1.4.11).
fn start(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    if host.faults().strikes(crate::fault_value!(OperationQuota)) {
        return Err(wsmanfault::OPERATION_QUOTA);
    }
    if host.faults().strikes(crate::fault_value!(OperationQuotaWmi)) {
        return Err(wsmanfault::OPERATION_QUOTA_WMI);
    }
    let asked = request.body.child("CommandLine").ok_or(wsmanfault::COMMAND_NOT_FOUND)?;
    let program = asked.child("Command").map_or("", |command| command.text.as_str());
    let skip_cmd_shell = request.switched_on("WINRS_SKIP_CMD_SHELL");
    // Recorded: without cmd.exe the program is CreateProcess's application name, and that
    // is not searched for along PATH. A simulated host keeps its programs in C:\Windows.
    if skip_cmd_shell && !program.contains('\\') {
        return Err(wsmanfault::FILE_NOT_FOUND);
    }
    if skip_cmd_shell && !program.to_ascii_lowercase().starts_with("c:\\windows\\") {
        return Err(wsmanfault::PATH_NOT_FOUND);
    }
    let now = host.clock().instant();
    let code_page = host.with_shells(|shells| shells.code_page(shell_id(request), now))?;
    let arguments = asked.children("Arguments").map(|argument| format!(" {}", argument.text));
    let line = format!("{program}{}", arguments.collect::<String>());
    let program = command::program(&line, &Surroundings { code_page, skip_cmd_shell }, host);
    let program = delayed(program, host.command_latency());
    let id = given_id(Some(asked), "CommandId").unwrap_or_else(|| host.new_id());
    host.with_shells(|shells| shells.start(shell_id(request), id.clone(), program, now))?;
    host.counters().commands_started.add(1);
    Ok(format!("<rsp:CommandResponse><rsp:CommandId>{id}</rsp:CommandId></rsp:CommandResponse>"))
}

fn delayed(program: Program, latency: Duration) -> Program {
    match program {
        Program::Runs(mut steps) if !latency.is_zero() => {
            steps.push_front(Step::Wait(latency));
            Program::Runs(steps)
        }
        other => other,
    }
}

/// Send (MS-WSMV 3.1.4.12).
fn send(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let asked = request.body.child("Send").ok_or(wsmanfault::COMMAND_NOT_FOUND)?;
    let (shell, now) = (shell_id(request), host.clock().instant());
    for stream in asked.children("Stream").filter(|stream| stream.attribute("Name") == Some("stdin")) {
        let command = stream.attribute("CommandId").unwrap_or_default();
        let end = stream.attribute("End").is_some_and(|end| end.eq_ignore_ascii_case("true"));
        let input = BASE64.decode(stream.trimmed()).map_err(|_| wsmanfault::COMMAND_NOT_FOUND)?;
        let script = host.with_shells(|shells| shells.send(shell, command, &input, end, now))?;
        if let Some(script) = script {
            let code_page = host.with_shells(|shells| shells.code_page(shell, now))?;
            let steps = powershell::from_stdin(&script, code_page, host);
            host.with_shells(|shells| shells.go_on(shell, command, steps, now))?;
        }
    }
    Ok("<rsp:SendResponse/>".to_owned())
}

/// Receive (MS-WSMV 3.1.4.14): waits for output as long as OperationTimeout lets it.
async fn receive(request: &Request, host: &Host, entrance: &Entrance<'_>) -> Result<String, WsmanFault> {
    let desired = request.body.child("Receive").and_then(|receive| receive.child("DesiredStream"));
    let command =
        desired.and_then(|stream| stream.attribute("CommandId")).ok_or(wsmanfault::COMMAND_NOT_FOUND)?;
    if host.faults().strikes(crate::fault_value!(OperationTimeout)) {
        return Err(wsmanfault::TIMED_OUT);
    }
    if host.faults().strikes(crate::fault_value!(Drop)) {
        entrance.shears.cut_after(BYTES_BEFORE_CUT);
    }
    let budget = request.max_envelope_bytes.saturating_sub(ENVELOPE_OVERHEAD_BYTES).max(1024) / 4 * 3;
    let until = host.clock().instant() + request.operation_timeout;
    loop {
        let now = host.clock().instant();
        let polled =
            host.with_shells(|shells| shells.receive(shell_id(request), command, budget, now, until))?;
        match polled {
            Polled::Output(output) => return Ok(receive_response(command, &output)),
            Polled::Later { .. } if now >= until => return Err(wsmanfault::TIMED_OUT),
            Polled::Later { at, news } => {
                let wake = at.map_or(until, |at| at.min(until));
                tokio::select! {
                    () = tokio::time::sleep_until(wake) => {}
                    () = news.notified() => {}
                }
            }
        }
    }
}

fn receive_response(command: &str, output: &Output) -> String {
    let command = escape(command);
    let mut body = String::from("<rsp:ReceiveResponse>");
    for (stream, bytes) in &output.chunks {
        body.push_str(&format!("<rsp:Stream Name=\"{}\" CommandId=\"{command}\">", stream.word()));
        BASE64.encode_string(bytes, &mut body);
        body.push_str("</rsp:Stream>");
    }
    match output.exit_code {
        Some(code) => body.push_str(&format!(
            "<rsp:Stream Name=\"stdout\" CommandId=\"{command}\" End=\"true\"></rsp:Stream>\
             <rsp:Stream Name=\"stderr\" CommandId=\"{command}\" End=\"true\"></rsp:Stream>\
             <rsp:CommandState CommandId=\"{command}\" State=\"{SHELL}CommandState/Done\">\
             <rsp:ExitCode>{code}</rsp:ExitCode></rsp:CommandState>"
        )),
        None => body.push_str(&format!(
            "<rsp:CommandState CommandId=\"{command}\" State=\"{SHELL}CommandState/Running\"></rsp:CommandState>"
        )),
    }
    body.push_str("</rsp:ReceiveResponse>");
    body
}

/// Signal (MS-WSMV 3.1.4.15).
fn signal(request: &Request, host: &Host) -> Result<String, WsmanFault> {
    let asked = request.body.child("Signal").ok_or(wsmanfault::COMMAND_NOT_FOUND)?;
    let command = asked.attribute("CommandId").unwrap_or_default();
    let code = asked.child("Code").map_or("", Element::trimmed);
    let now = host.clock().instant();
    host.with_shells(|shells| shells.signal(shell_id(request), command, code, now))?;
    Ok("<rsp:SignalResponse/>".to_owned())
}

/// The id that a client gives to what it creates: hosts since Windows Server 2012 take it
/// (WSManCreateShellEx, WSManRunShellCommandEx), so a client can delete a shell whose Create
/// was never answered.
fn given_id(asked: Option<&Element>, name: &str) -> Option<String> {
    let id = asked?.attribute(name)?;
    uuid::Uuid::try_parse(id).ok().map(|id| id.as_hyphenated().to_string().to_uppercase())
}

fn shell_id(request: &Request) -> &str {
    request.shell_id.as_deref().unwrap_or_default()
}
