//! Hyper-V as a provider, over any remote shell: reach, logon, one script, its records.

use std::sync::Arc;

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind};
use crate::model::target::{HostName, Target};
use crate::providers::hyperv::bootstrap;
use crate::providers::hyperv::clixml::Complaints;
use crate::providers::hyperv::collector::Collector;
use crate::providers::hyperv::conversation::Conversation;
use crate::providers::hyperv::object::Stamp;
use crate::providers::hyperv::script;
use crate::providers::hyperv::wire::{Decoder, Item};
use crate::providers::provider::{Ask, Contact, Provider, Session, Sink};
use crate::transport::shell::{Shell, ShellLimits};

/// Opens Hyper-V hosts over shells of type `S`; made anew for each run.
pub struct Hyperv<S: Shell> {
    limits: ShellLimits,
    shared: Arc<S::Shared>,
}

impl<S: Shell> Hyperv<S> {
    pub fn new(limits: ShellLimits) -> Self {
        Self { limits, shared: Arc::default() }
    }
}

impl<S: Shell> Provider for Hyperv<S> {
    type Contact = HypervContact<S>;

    async fn reach(&self, target: &Target) -> Result<HypervContact<S>, Failure> {
        let shell = S::reach(target, &self.limits, &self.shared).await?;
        Ok(HypervContact { host: target.host.clone(), shell })
    }
}

/// A host that answered Identify.
pub struct HypervContact<S> {
    host: HostName,
    shell: S,
}

impl<S: Shell> Contact for HypervContact<S> {
    type Session = HypervSession<S>;

    /// `OS: 10.0.20348 SP: 0.0 Stack: 3.0` as `Windows 10.0.20348`. Before a logon Windows
    /// may keep its version to itself and say 0.0.0.
    fn greeting(&self) -> Option<String> {
        let version = self.shell.identity().product_version.as_deref()?;
        let build = version.strip_prefix("OS: ")?.split_whitespace().next()?;
        (build != "0.0.0").then(|| format!("Windows {build}"))
    }

    async fn logon(mut self, credential: &Credential) -> Result<HypervSession<S>, Failure> {
        self.shell.logon(credential).await?;
        Ok(HypervSession { host: self.host, shell: self.shell })
    }
}

/// A host that let us in.
pub struct HypervSession<S> {
    host: HostName,
    shell: S,
}

impl<S: Shell> Session for HypervSession<S> {
    async fn collect(&mut self, ask: &Ask, sink: &mut impl Sink) -> Result<(), Failure> {
        let collectors = Collector::of(&ask.tables);
        let stamp = Stamp { host: self.host.to_string(), collected_at: ask.collected_at };
        let mut conversation = Conversation::new(&collectors, stamp);
        {
            // Gone before the wait for answers: it would be held once a host in flight.
            let script = script::assemble(&collectors, ask.collector_deadline);
            let started = self.shell.start(&bootstrap::command_line(), script.as_bytes()).await;
            started.map_err(|failure| failure.during("start"))?;
        }
        let ended = listen(&mut self.shell, &mut conversation, sink).await;
        for finding in conversation.close(ended.as_ref().err()) {
            sink.put(finding).await;
        }
        if let Some(facts) = conversation.facts() {
            tracing::debug!(host.name = %self.host, ?facts, "host told its facts");
        }
        ended
    }

    async fn close(self) -> Result<(), Failure> {
        self.shell.close().await
    }
}

/// Receives until the last record, the end of the process, or trouble.
async fn listen<S: Shell>(
    shell: &mut S,
    conversation: &mut Conversation,
    sink: &mut impl Sink,
) -> Result<(), Failure> {
    let mut decoder = Decoder::default();
    let mut complaints = Complaints::default();
    let ended = loop {
        match shell.receive().await {
            Ok(received) => {
                complaints.feed(&received.stderr);
                hand_over(decoder.feed(&received.stdout), conversation, sink).await;
                if conversation.is_over() {
                    return Ok(());
                }
                if let Some(code) = received.exit_code {
                    break Ok(code);
                }
            }
            Err(failure) => break Err(failure.during("receive")),
        }
    };
    hand_over(decoder.finish(), conversation, sink).await;
    match ended {
        Ok(_) if conversation.is_over() => Ok(()),
        Ok(code) => Err(broken_off(code, &complaints, conversation)),
        Err(failure) => Err(failure),
    }
}

async fn hand_over(
    items: impl IntoIterator<Item = Item, IntoIter: Send> + Send,
    conversation: &mut Conversation,
    sink: &mut impl Sink,
) {
    for item in items {
        for finding in conversation.hear(item) {
            sink.put(finding).await;
        }
    }
}

/// Why the process ended before its last record.
fn broken_off(code: i32, complaints: &Complaints, conversation: &Conversation) -> Failure {
    let ended = format!("powershell.exe ended with code {code} before the last record");
    if conversation.is_damaged() {
        return Failure::new(FailureKind::Corrupt, format!("{ended}, in the middle of one"));
    }
    match (complaints.error_id(), complaints.error()) {
        (Some(id), Some(error)) => {
            Failure::new(FailureKind::RemoteError, format!("{ended}: {id}: {}", head(&error)))
        }
        (None, Some(error)) => Failure::new(FailureKind::RemoteError, format!("{ended}: {}", head(&error))),
        _ => Failure::new(FailureKind::Corrupt, ended),
    }
}

fn head(text: &str) -> String {
    text.chars().take(300).collect()
}
