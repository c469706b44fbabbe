//! The operations of a remote shell (MS-WSMV 3.1.4) as questions and answers.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::time::backoff::Backoff;
use crate::transport::shell::{CommandLine, Received, ShellLimits};
use crate::transport::wsman::answer::{self, Answer};
use crate::transport::wsman::channel::Exchange;
use crate::transport::wsman::envelope::{Action, HeaderOption, Request, SHELL_RESOURCE, duration, escape};
use crate::transport::wsman::error::{WsmanError, number};

/// Ends a running command and everything it started (MS-WSMV 2.2.4.38).
const TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";
/// Bytes of stdin in one Send: base64-coded and sealed they stay below the 150 KB that a
/// host takes by default.
const STDIN_CHUNK_BYTES: usize = 64 * 1024;

/// How a shell is opened.
#[derive(Clone, Debug, Default)]
pub struct ShellOptions {
    /// WINRS_CODEPAGE of the console.
    pub codepage: Option<u32>,
    /// WINRS_NOPROFILE: do not load the user's profile.
    pub no_profile: bool,
    /// Idle time after which the host deletes the shell by itself.
    pub idle_timeout: Option<Duration>,
    pub environment: Vec<(String, String)>,
}

/// How a command is started.
#[derive(Clone, Copy, Debug)]
pub struct CommandOptions {
    /// WINRS_CONSOLEMODE_STDIN: FALSE makes stdin a pipe, as scripts want it. Absent leaves
    /// it to the host.
    pub console_stdin: Option<bool>,
    /// WINRS_SKIP_CMD_SHELL: without cmd.exe there is no limit of 8,191 characters and no
    /// second quoting.
    pub skip_cmd_shell: bool,
}

/// What a Receive brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Output(Received),
    /// OperationTimeout: the command runs on and has said nothing.
    NothingYet,
}

/// Questions to one service, each answered before the next.
pub struct Conversation<E: Exchange> {
    exchange: E,
    session_id: Uuid,
    limits: ShellLimits,
    /// Keeps hosts that were refused together from coming back together.
    backoff: Backoff,
}

impl<E: Exchange> Conversation<E> {
    pub fn new(exchange: E, limits: ShellLimits, backoff: Backoff) -> Self {
        Self { exchange, session_id: Uuid::new_v4(), limits, backoff }
    }

    pub fn exchange(&mut self) -> &mut E {
        &mut self.exchange
    }

    pub fn limits(&self) -> &ShellLimits {
        &self.limits
    }

    pub fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// Create: gives the ShellId.
    pub async fn create(&mut self, options: &ShellOptions) -> Result<String, WsmanError> {
        let mut header = Vec::new();
        if options.no_profile {
            header.push(HeaderOption { must_comply: true, ..HeaderOption::new("WINRS_NOPROFILE", "TRUE") });
        }
        if let Some(codepage) = options.codepage {
            header.push(HeaderOption::new("WINRS_CODEPAGE", codepage.to_string()));
        }
        let idle =
            options.idle_timeout.map(|idle| format!("<rsp:IdleTimeOut>{}</rsp:IdleTimeOut>", duration(idle)));
        let variables: String = options
            .environment
            .iter()
            .map(|(name, value)| {
                format!("<rsp:Variable Name=\"{}\">{}</rsp:Variable>", escape(name), escape(value))
            })
            .collect();
        let environment = if variables.is_empty() {
            variables
        } else {
            format!("<rsp:Environment>{variables}</rsp:Environment>")
        };
        let body = format!(
            "<rsp:Shell>{environment}{}<rsp:InputStreams>stdin</rsp:InputStreams>\
             <rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>",
            idle.unwrap_or_default()
        );
        let answer = self.ask(Action::Create, SHELL_RESOURCE, None, &header, &body).await?;
        answer.shell_id.ok_or_else(|| lacks("ShellId"))
    }

    /// Command: gives the CommandId.
    pub async fn command(
        &mut self,
        shell_id: &str,
        line: &CommandLine,
        options: CommandOptions,
    ) -> Result<String, WsmanError> {
        let word = |on: bool| if on { "TRUE" } else { "FALSE" };
        let mut header = Vec::new();
        if let Some(console) = options.console_stdin {
            header.push(HeaderOption::new("WINRS_CONSOLEMODE_STDIN", word(console)));
        }
        header.push(HeaderOption::new("WINRS_SKIP_CMD_SHELL", word(options.skip_cmd_shell)));
        let arguments: String = line
            .arguments
            .iter()
            .map(|argument| format!("<rsp:Arguments>{}</rsp:Arguments>", escape(argument)))
            .collect();
        let body = format!(
            "<rsp:CommandLine><rsp:Command>{}</rsp:Command>{arguments}</rsp:CommandLine>",
            escape(&line.program)
        );
        let answer = self.ask(Action::Command, SHELL_RESOURCE, Some(shell_id), &header, &body).await?;
        answer.command_id.ok_or_else(|| lacks("CommandId"))
    }

    /// Send: all of stdin, in chunks, the last one marked as the end.
    pub async fn send(&mut self, shell_id: &str, command_id: &str, stdin: &[u8]) -> Result<(), WsmanError> {
        let mut rest = stdin;
        loop {
            let (chunk, after) = rest.split_at(rest.len().min(STDIN_CHUNK_BYTES));
            rest = after;
            let end = if rest.is_empty() { " End=\"true\"" } else { "" };
            let body = format!(
                "<rsp:Send><rsp:Stream Name=\"stdin\" CommandId=\"{}\"{end}>{}</rsp:Stream></rsp:Send>",
                escape(command_id),
                STANDARD.encode(chunk)
            );
            self.ask(Action::Send, SHELL_RESOURCE, Some(shell_id), &[], &body).await?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Receive, once. It is never asked again after a lost answer: what the host had handed
    /// out would be missing without a word.
    pub async fn receive(&mut self, shell_id: &str, command_id: &str) -> Result<Heard, WsmanError> {
        let keepalive = [HeaderOption::new("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE")];
        let body = format!(
            "<rsp:Receive><rsp:DesiredStream CommandId=\"{}\">stdout stderr</rsp:DesiredStream></rsp:Receive>",
            escape(command_id)
        );
        let answer = self.ask_once(Action::Receive, SHELL_RESOURCE, Some(shell_id), &keepalive, &body).await;
        match answer {
            Ok(answer) => {
                let mut received = answer.received;
                // Windows leaves the code out when a command ended without one.
                if answer.done {
                    received.exit_code = received.exit_code.or(Some(0));
                } else {
                    received.exit_code = None;
                }
                Ok(Heard::Output(received))
            }
            Err(WsmanError::Fault(fault)) if fault.is(number::OPERATION_TIMEOUT) => Ok(Heard::NothingYet),
            Err(error) => Err(error),
        }
    }

    /// Signal `terminate`.
    pub async fn terminate(&mut self, shell_id: &str, command_id: &str) -> Result<(), WsmanError> {
        let body = format!(
            "<rsp:Signal CommandId=\"{}\"><rsp:Code>{TERMINATE}</rsp:Code></rsp:Signal>",
            escape(command_id)
        );
        self.ask_once(Action::Signal, SHELL_RESOURCE, Some(shell_id), &[], &body).await.map(drop)
    }

    /// Delete: gives the shell and its operations back. A shell that is gone already is
    /// what was wanted.
    pub async fn delete(&mut self, shell_id: &str) -> Result<(), WsmanError> {
        match self.ask_once(Action::Delete, SHELL_RESOURCE, Some(shell_id), &[], "").await {
            Err(WsmanError::Fault(fault)) if fault.is(number::SHELL_GONE) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Asks, and asks again after a pause when the host did not take the request on.
    pub async fn ask(
        &mut self,
        action: Action,
        resource: &str,
        shell_id: Option<&str>,
        options: &[HeaderOption],
        body: &str,
    ) -> Result<Answer, WsmanError> {
        for attempt in 1..self.limits.attempts {
            match self.ask_once(action, resource, shell_id, options, body).await {
                Err(error) if error.is_passing() => tokio::time::sleep(self.backoff.pause(attempt)).await,
                other => return other,
            }
        }
        self.ask_once(action, resource, shell_id, options, body).await
    }

    async fn ask_once(
        &mut self,
        action: Action,
        resource: &str,
        shell_id: Option<&str>,
        options: &[HeaderOption],
        body: &str,
    ) -> Result<Answer, WsmanError> {
        let request = Request {
            to: self.exchange.address(),
            session_id: self.session_id,
            action,
            resource,
            operation_timeout: self.limits.operation_timeout,
            shell_id,
            options,
            body,
        };
        let (envelope, message_id) = request.render();
        let patience = self.limits.operation_timeout + self.limits.silence_timeout;
        let answered = self.exchange.exchange(&envelope, patience).await?;
        let answer = answer::read(&answered.envelope)?;
        let relates =
            answer.relates_to.as_deref().is_some_and(|id| id.trim().eq_ignore_ascii_case(&message_id));
        if !relates {
            let found = answer.relates_to.unwrap_or_else(|| "nothing".to_owned());
            return Err(WsmanError::Protocol(format!("the answer relates to {found}, not to this request")));
        }
        match answer.fault {
            Some(fault) => Err(WsmanError::Fault(fault)),
            None if answered.status != 200 => Err(WsmanError::Http { status: answered.status }),
            None => Ok(answer),
        }
    }
}

fn lacks(what: &str) -> WsmanError {
    WsmanError::Protocol(format!("an answer without {what}"))
}
