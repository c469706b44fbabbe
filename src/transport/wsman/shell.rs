//! The `Shell` contract on our own client.

use crate::model::credential::Credential;
use crate::model::failure::Failure;
use crate::model::target::Target;
use crate::time::backoff::Backoff;
use crate::transport::shell::{CommandLine, Identity, Received, Shell, ShellLimits};
use crate::transport::wsman::channel::Channel;
use crate::transport::wsman::conversation::{CommandOptions, Conversation, Heard, ShellOptions};
use crate::transport::wsman::enumerate::{Instance, enumerate};
use crate::transport::wsman::error::{WsmanError, number};

/// The console's code page: UTF-8.
const UTF_8: u32 = 65_001;

/// A remote shell on one host over one pinned connection.
pub struct Wsman {
    conversation: Conversation<Channel>,
    identity: Identity,
    shell: ShellState,
    /// Bytes of output so far.
    heard_bytes: u64,
}

/// What the host may hold open for us.
enum ShellState {
    None,
    /// A Create went out and its answer did not come: there may be a shell that we cannot
    /// name. Only its idle timeout ends it.
    Unknown,
    Open(String),
    Running {
        shell_id: String,
        command_id: String,
    },
    Done(String),
}

impl Wsman {
    /// Instances of a CIM class by WQL, see [`enumerate`]. Needs a logon, not a shell.
    pub async fn query(&mut self, namespace: &str, wql: &str, most: u64) -> Result<Vec<Instance>, Failure> {
        enumerate(&mut self.conversation, namespace, wql, most)
            .await
            .map_err(|error| Failure::from(error).during("enumerate"))
    }

    /// Starts the program directly; where the host does not find it, through cmd.exe, which
    /// looks along its path.
    async fn command(&mut self, shell_id: &str, line: &CommandLine) -> Result<String, WsmanError> {
        let direct = CommandOptions { console_stdin: Some(false), skip_cmd_shell: true };
        match self.conversation.command(shell_id, line, direct).await {
            Err(WsmanError::Fault(fault)) if fault.is(number::FILE_NOT_FOUND) => {
                let through_cmd = CommandOptions { skip_cmd_shell: false, ..direct };
                self.conversation.command(shell_id, line, through_cmd).await
            }
            other => other,
        }
    }

    async fn give_back(&mut self) -> Result<(), WsmanError> {
        match std::mem::replace(&mut self.shell, ShellState::None) {
            ShellState::None => Ok(()),
            ShellState::Unknown => {
                Err(WsmanError::Lost("a shell was asked for and its id never came".to_owned()))
            }
            ShellState::Running { shell_id, command_id } => {
                // Delete ends the command as well; Signal lets it end in order. What counts
                // is the Delete, so a Signal that fails changes nothing.
                let _ = self.conversation.terminate(&shell_id, &command_id).await;
                self.conversation.delete(&shell_id).await
            }
            ShellState::Open(shell_id) | ShellState::Done(shell_id) => {
                self.conversation.delete(&shell_id).await
            }
        }
    }
}

impl Shell for Wsman {
    async fn reach(target: &Target, limits: &ShellLimits) -> Result<Self, Failure> {
        let backoff = Backoff::of(target.host.as_str());
        let mut channel = Channel::new(target.clone(), limits.clone());
        let mut attempt = 1;
        let identity = loop {
            match channel.identify().await {
                Err(error) if error.is_passing() && attempt < limits.attempts => {
                    tokio::time::sleep(backoff.pause(attempt)).await;
                    attempt += 1;
                }
                other => break other?,
            }
        };
        let conversation = Conversation::new(channel, limits.clone(), backoff);
        Ok(Self { conversation, identity, shell: ShellState::None, heard_bytes: 0 })
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn logon(&mut self, credential: &Credential) -> Result<(), Failure> {
        let attempts = self.conversation.limits().attempts;
        for attempt in 1..attempts {
            match self.conversation.exchange().logon(credential).await {
                Err(error) if error.is_passing() => {
                    tokio::time::sleep(self.conversation.backoff().pause(attempt)).await;
                }
                other => return Ok(other?),
            }
        }
        Ok(self.conversation.exchange().logon(credential).await?)
    }

    async fn start(&mut self, command: &CommandLine, stdin: &[u8]) -> Result<(), Failure> {
        let shell_id = match std::mem::replace(&mut self.shell, ShellState::Unknown) {
            ShellState::Open(shell_id) | ShellState::Done(shell_id) => shell_id,
            ShellState::None => {
                let idle_timeout = Some(self.conversation.limits().idle_timeout);
                let options = ShellOptions {
                    codepage: Some(UTF_8),
                    no_profile: true,
                    idle_timeout,
                    ..ShellOptions::default()
                };
                let created = self.conversation.create(&options).await;
                created.inspect_err(|error| {
                    // A host that answered "no" has opened nothing.
                    if matches!(
                        error,
                        WsmanError::Fault(_) | WsmanError::Connect { .. } | WsmanError::Http { .. }
                    ) {
                        self.shell = ShellState::None;
                    }
                })?
            }
            busy @ (ShellState::Running { .. } | ShellState::Unknown) => {
                self.shell = busy;
                return Err(WsmanError::Protocol("a command is running already".to_owned()).into());
            }
        };
        self.shell = ShellState::Open(shell_id.clone());
        let command_id = self.command(&shell_id, command).await?;
        self.shell = ShellState::Running { shell_id: shell_id.clone(), command_id: command_id.clone() };
        self.conversation.send(&shell_id, &command_id, stdin).await?;
        Ok(())
    }

    async fn receive(&mut self) -> Result<Received, Failure> {
        let ShellState::Running { shell_id, command_id } = &self.shell else {
            return Err(WsmanError::Protocol("no command is running".to_owned()).into());
        };
        let (shell_id, command_id) = (shell_id.clone(), command_id.clone());
        loop {
            let Heard::Output(received) = self.conversation.receive(&shell_id, &command_id).await? else {
                continue;
            };
            self.heard_bytes += (received.stdout.len() + received.stderr.len()) as u64;
            let limit = self.conversation.limits().output_bytes;
            if self.heard_bytes > limit {
                return Err(WsmanError::OutputLimit(limit).into());
            }
            if received.exit_code.is_some() {
                self.shell = ShellState::Done(shell_id);
                return Ok(received);
            }
            if !(received.stdout.is_empty() && received.stderr.is_empty()) {
                return Ok(received);
            }
        }
    }

    async fn close(mut self) -> Result<(), Failure> {
        let timeout = self.conversation.limits().close_timeout;
        let closed = tokio::time::timeout(timeout, self.give_back()).await;
        let closed = closed.unwrap_or(Err(WsmanError::Silent(timeout.as_secs())));
        closed.map_err(|error| Failure::from(error).during("close the shell"))
    }
}
