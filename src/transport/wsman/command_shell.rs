//! A text shell on the host: create, command, input, output, signal, delete.

use crate::model::failure::Failure;
use crate::transport::wsman::answer::Output;
use crate::transport::wsman::conversation::{Conversation, Trouble};
use crate::transport::wsman::envelope::{INPUT_BYTES, Request, ShellOptions, Signal};
use crate::transport::wsman::exchange::Exchange;
use crate::transport::wsman::fault::{Meaning, SHELL_NOT_FOUND};

/// A shell that is open on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellId(pub String);

/// A command that was started in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandId(pub String);

impl<E: Exchange> Conversation<E> {
    pub async fn create_shell(&mut self, options: &ShellOptions) -> Result<ShellId, Trouble> {
        let answer = self.call(&Request::create(options)).await?;
        Ok(ShellId(answer.shell_id()?))
    }

    pub async fn start_command(
        &mut self,
        shell: &ShellId,
        program: &str,
        arguments: &[String],
        skip_cmd_shell: bool,
    ) -> Result<CommandId, Trouble> {
        let request = Request::command(&shell.0, program, arguments, skip_cmd_shell);
        let answer = self.call(&request).await?;
        Ok(CommandId(answer.command_id()?))
    }

    /// Feeds a command in pieces that fit an envelope, and closes its stdin with the last.
    pub async fn send_input(
        &mut self,
        shell: &ShellId,
        command: &CommandId,
        input: &[u8],
    ) -> Result<(), Failure> {
        let pieces = input.chunks(INPUT_BYTES).count().max(1);
        for index in 0..pieces {
            let piece = input.chunks(INPUT_BYTES).nth(index).unwrap_or_default();
            self.call(&Request::send(&shell.0, &command.0, piece, index + 1 == pieces)).await?;
        }
        Ok(())
    }

    /// One Receive. `None` is the host's "nothing yet" (2150858793).
    pub async fn receive_output(
        &mut self,
        shell: &ShellId,
        command: &CommandId,
    ) -> Result<Option<Output>, Failure> {
        match self.call(&Request::receive(&shell.0, &command.0)).await {
            Ok(answer) => answer.output(&command.0).map(Some),
            Err(Trouble::Fault { fault, .. }) if fault.meaning() == Meaning::PollAgain => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }

    pub async fn signal_command(
        &mut self,
        shell: &ShellId,
        command: &CommandId,
        signal: Signal,
    ) -> Result<(), Failure> {
        self.call(&Request::signal(&shell.0, &command.0, signal)).await?;
        Ok(())
    }

    /// Deletes a shell; one that is gone already is as good.
    pub async fn delete_shell(&mut self, shell: &ShellId) -> Result<(), Failure> {
        match self.call(&Request::delete(&shell.0)).await {
            Ok(_) => Ok(()),
            Err(Trouble::Fault { fault, .. }) if fault.number() == Some(SHELL_NOT_FOUND) => Ok(()),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// The shell whose creation was under way when the caller turned away; `None` when the
    /// request had not gone out. An error when there may be one whose id is lost.
    pub async fn recover_shell(&mut self) -> Result<Option<ShellId>, Failure> {
        match self.resume().await {
            Ok(Some(answer)) => answer.shell_id().map(|id| Some(ShellId(id))),
            // It never went out, or the host said no: there is no shell.
            Ok(None) | Err(Trouble::Fault { .. }) => Ok(None),
            Err(Trouble::Failure(failure)) => Err(failure),
        }
    }
}
