//! The `Shell` contract on our own WS-Management client.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind};
use crate::model::target::Target;
use crate::transport::shell::{CommandLine, Identity, Received, Shell, ShellLimits};
use crate::transport::wsman::command_shell::{CommandId, ShellId};
use crate::transport::wsman::conversation::{Conversation, Patience, Trouble};
use crate::transport::wsman::envelope::{ShellOptions, Signal};
use crate::transport::wsman::fault::PROGRAM_NOT_FOUND;
use crate::transport::wsman::line::Line;
use crate::transport::wsman::route::{Route, no_answer};
use crate::transport::wsman::tickets::Tickets;

/// One host by WS-Management.
pub struct Wsman {
    conversation: Conversation<Line>,
    identity: Identity,
    shell: Option<ShellId>,
    command: Option<CommandId>,
    creation: Creation,
    output_bytes: u64,
    idle_timeout: Duration,
    close_timeout: Duration,
    output_bytes_limit: u64,
}

/// What is known of a Create that gave us no shell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Creation {
    /// None was asked for, or its answer is read.
    Settled,
    /// Its answer may still be on its way.
    UnderWay,
    /// It went out, and its answer is lost with the shell's id.
    Lost,
}

impl Wsman {
    /// CIM instances by WQL over the same line and logon.
    pub fn conversation(&mut self) -> &mut Conversation<Line> {
        &mut self.conversation
    }

    async fn open_shell(&mut self) -> Result<ShellId, Failure> {
        if let Some(shell) = &self.shell {
            return Ok(shell.clone());
        }
        self.creation = Creation::UnderWay;
        let options = ShellOptions::for_census(self.idle_timeout);
        let created = self.conversation.create_shell(&options).await;
        self.creation = match &created {
            Err(Trouble::Failure(failure)) if may_have_reached(failure) => Creation::Lost,
            _ => Creation::Settled,
        };
        let shell = created.map_err(|trouble| Failure::from(trouble).during("create shell"))?;
        self.shell = Some(shell.clone());
        Ok(shell)
    }

    /// A full path is run as it is, without cmd.exe. A host that has no such path, and one
    /// given only a name, looks along PATH: that is cmd.exe's work, for without it Windows
    /// answers 2147942402, file not found, to any bare name.
    async fn start_command(&mut self, shell: &ShellId, line: &CommandLine) -> Result<CommandId, Failure> {
        if line.program.contains('\\') {
            let started = self.conversation.start_command(shell, &line.program, &line.arguments, true).await;
            match started {
                Err(Trouble::Fault { fault, .. })
                    if fault.number().is_some_and(|number| PROGRAM_NOT_FOUND.contains(&number)) =>
                {
                    tracing::debug!(program = line.program, %fault, "looking along PATH");
                }
                settled => return Ok(settled?),
            }
        }
        Ok(self.conversation.start_command(shell, line.bare_program(), &line.arguments, false).await?)
    }

    async fn give_back(&mut self) -> Result<(), Failure> {
        match self.creation {
            Creation::Settled => {}
            Creation::UnderWay => self.shell = self.conversation.recover_shell().await?,
            Creation::Lost => return Err(no_answer("the answer that names the shell is lost")),
        }
        let Some(shell) = self.shell.take() else { return Ok(()) };
        // Delete ends the command too; the signal is what a well-behaved client says first,
        // and not worth a new connection.
        if let Some(command) = self.command.take().filter(|_| self.conversation.is_settled()) {
            let told = self.conversation.signal_command(&shell, &command, Signal::Terminate).await;
            if let Err(failure) = told {
                tracing::debug!(%failure, "signal was not taken");
            }
        }
        self.conversation.delete_shell(&shell).await
    }
}

impl Shell for Wsman {
    type Shared = Tickets;

    async fn reach(target: &Target, limits: &ShellLimits, shared: &Arc<Tickets>) -> Result<Self, Failure> {
        let route = Route::to(target);
        let endpoint = route.endpoint();
        let mut line = Line::new(route, target.auth, limits, shared.clone());
        let identity = line.identify().await.map_err(|failure| failure.during("identify"))?;
        let patience = Patience {
            operation_timeout: limits.operation_timeout,
            silence_timeout: limits.silence_timeout,
            attempts: limits.attempts,
        };
        Ok(Self {
            conversation: Conversation::new(line, endpoint, target.host.as_str(), patience),
            identity,
            shell: None,
            command: None,
            creation: Creation::Settled,
            output_bytes: 0,
            idle_timeout: limits.idle_timeout,
            close_timeout: limits.close_timeout,
            output_bytes_limit: limits.output_bytes,
        })
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn logon(&mut self, credential: &Credential) -> Result<(), Failure> {
        let entered = self.conversation.exchange.log_on(credential).await;
        entered.map_err(|failure| failure.during("logon"))
    }

    async fn start(&mut self, command: &CommandLine, stdin: &[u8]) -> Result<(), Failure> {
        let shell = self.open_shell().await?;
        let started = self.start_command(&shell, command).await;
        let started = started.map_err(|failure| failure.during("start command"))?;
        self.command = Some(started.clone());
        self.output_bytes = 0;
        let sent = self.conversation.send_input(&shell, &started, stdin).await;
        sent.map_err(|failure| failure.during("send input"))
    }

    async fn receive(&mut self) -> Result<Received, Failure> {
        let (Some(shell), Some(command)) = (self.shell.clone(), self.command.clone()) else {
            return Err(Failure::new(FailureKind::Bug, "receive without a command"));
        };
        let mut output = loop {
            let received = self.conversation.receive_output(&shell, &command).await;
            match received.map_err(|failure| failure.during("receive"))? {
                Some(output) if output.done || !output.is_empty() => break output,
                // Nothing yet: the host has waited, so asking again at once is no rush.
                Some(_) | None => {}
            }
        };
        self.output_bytes += output.bytes();
        if self.output_bytes > self.output_bytes_limit {
            let message = format!("output is larger than {} bytes", self.output_bytes_limit);
            return Err(Failure::new(FailureKind::OutputLimit, message).during("receive"));
        }
        if output.done && output.received.exit_code.is_none() {
            return Err(no_answer("the command ended without an exit code").during("receive"));
        }
        if !output.done {
            output.received.exit_code = None;
        }
        Ok(output.received)
    }

    async fn close(mut self) -> Result<(), Failure> {
        let (within, idle) = (self.close_timeout, self.idle_timeout);
        let closed = timeout(within, self.give_back()).await.unwrap_or_else(|_| {
            Err(Failure::new(FailureKind::TimedOut, format!("not done within {} ms", within.as_millis())))
        });
        closed.map_err(|mut failure| {
            failure
                .message
                .push_str(&format!("; a shell may stay until it idles out after {} s", idle.as_secs()));
            failure.during("delete shell")
        })
    }
}

/// Whether the host may have acted on a request that failed like this.
fn may_have_reached(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::NoAnswer | FailureKind::Protocol)
}
