//! The `Shell` contract on the winrm-rs crate, a second opinion and the peer of the benchmark.
//!
//! What the crate leaves out, and so this implementation: Identify, SPNEGO, client
//! certificates that are not files, fault numbers, and console mode and cmd.exe options. Its
//! logon is a Create, and a lost handshake can look like a refused credential.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use winrm_rs::{SoapError, WinrmClient, WinrmConfig, WinrmCredentials, WinrmError};

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind, Retry};
use crate::model::story::whole_story;
use crate::model::target::{AuthMethod, Scheme, Target};
use crate::transport::shell::{CommandLine, Identity, Received, Shell, ShellLimits};

/// Fits the envelope that every host takes, as base64.
const INPUT_BYTES: usize = 110_000;

/// One host by winrm-rs. Its shell borrows its client, so both live in a task of their own,
/// which also ends what is under way when `close` asks for it.
pub struct WinrmRs {
    target: Target,
    limits: ShellLimits,
    identity: Identity,
    open: Option<Open>,
    output_bytes: u64,
}

/// The task that owns client and shell.
struct Open {
    asks: mpsc::Sender<Ask>,
    closing: CancellationToken,
    task: JoinSet<Result<(), Failure>>,
}

enum Ask {
    Start { command: CommandLine, stdin: Vec<u8>, reply: oneshot::Sender<Result<(), Failure>> },
    Receive { reply: oneshot::Sender<Result<Received, Failure>> },
}

impl Shell for WinrmRs {
    type Shared = ();

    async fn reach(target: &Target, limits: &ShellLimits, _: &Arc<()>) -> Result<Self, Failure> {
        let unreachable = |why: String| {
            let message = format!("connect to {}:{}: {why}", target.address, target.port);
            Failure::new(FailureKind::Unreachable, message)
        };
        let dialled = TcpStream::connect((target.address.as_str(), target.port));
        timeout(limits.connect_timeout, dialled)
            .await
            .map_err(|_| unreachable("no connection in time".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Self {
            target: target.clone(),
            limits: limits.clone(),
            identity: Identity::default(),
            open: None,
            output_bytes: 0,
        })
    }

    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn logon(&mut self, credential: &Credential) -> Result<(), Failure> {
        let client = client(&self.target, &self.limits, credential)?;
        let (asks, asked) = mpsc::channel(1);
        let (opened, outcome) = oneshot::channel();
        let closing = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(live(client, self.target.address.clone(), asked, opened, closing.clone()));
        self.open = Some(Open { asks, closing, task });
        outcome.await.unwrap_or_else(|_| Err(gone())).map_err(|failure| failure.during("logon"))
    }

    async fn start(&mut self, command: &CommandLine, stdin: &[u8]) -> Result<(), Failure> {
        self.output_bytes = 0;
        let (reply, outcome) = oneshot::channel();
        self.ask(Ask::Start { command: command.clone(), stdin: stdin.to_vec(), reply }).await?;
        outcome.await.unwrap_or_else(|_| Err(gone())).map_err(|failure| failure.during("start command"))
    }

    async fn receive(&mut self) -> Result<Received, Failure> {
        let (reply, outcome) = oneshot::channel();
        self.ask(Ask::Receive { reply }).await?;
        let received = outcome.await.unwrap_or_else(|_| Err(gone()));
        let received = received.map_err(|failure| failure.during("receive"))?;
        self.output_bytes += (received.stdout.len() + received.stderr.len()) as u64;
        if self.output_bytes > self.limits.output_bytes {
            let message = format!("output is larger than {} bytes", self.limits.output_bytes);
            return Err(Failure::new(FailureKind::OutputLimit, message).during("receive"));
        }
        Ok(received)
    }

    async fn close(mut self) -> Result<(), Failure> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.closing.cancel();
        let ended = timeout(self.limits.close_timeout, open.task.join_next()).await;
        let ended = ended.map_err(|_| Failure::new(FailureKind::TimedOut, "not closed in time"))?;
        match ended {
            Some(Ok(closed)) => closed.map_err(|failure| failure.during("delete shell")),
            _ => Err(gone()),
        }
    }
}

impl WinrmRs {
    async fn ask(&mut self, ask: Ask) -> Result<(), Failure> {
        let open = self.open.as_ref().ok_or_else(|| Failure::new(FailureKind::Bug, "no logon yet"))?;
        open.asks.send(ask).await.map_err(|_| gone())
    }
}

/// Opens the shell, does what is asked, and deletes the shell when told to close.
async fn live(
    client: WinrmClient,
    host: String,
    mut asked: mpsc::Receiver<Ask>,
    opened: oneshot::Sender<Result<(), Failure>>,
    closing: CancellationToken,
) -> Result<(), Failure> {
    let shell = match client.open_shell(&host).await {
        Ok(shell) => shell,
        Err(error) => {
            // A caller that turned away has nobody left to tell.
            opened.send(Err(failure(error))).ok();
            return Ok(());
        }
    };
    opened.send(Ok(())).ok();
    let mut command_id = String::new();
    let answer_all = async {
        while let Some(ask) = asked.recv().await {
            match ask {
                Ask::Start { command, stdin, reply } => {
                    let started = start(&shell, &command, &stdin, &mut command_id).await;
                    reply.send(started.map_err(failure)).ok();
                }
                Ask::Receive { reply } => {
                    reply.send(receive(&shell, &command_id).await.map_err(failure)).ok();
                }
            }
        }
    };
    tokio::select! {
        () = answer_all => {}
        () = closing.cancelled() => {}
    }
    shell.close().await.map_err(failure)
}

async fn start(
    shell: &winrm_rs::Shell<'_>,
    command: &CommandLine,
    stdin: &[u8],
    command_id: &mut String,
) -> Result<(), WinrmError> {
    let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
    // This client cannot leave cmd.exe out, and cmd.exe finds a bare name on any drive.
    *command_id = shell.start_command(command.bare_program(), &arguments).await?;
    let mut rest = stdin;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(INPUT_BYTES));
        shell.send_input(command_id, piece, after.is_empty()).await?;
        if after.is_empty() {
            return Ok(());
        }
        rest = after;
    }
}

async fn receive(shell: &winrm_rs::Shell<'_>, command_id: &str) -> Result<Received, WinrmError> {
    loop {
        let output = shell.receive_next(command_id).await?;
        if output.done || !output.stdout.is_empty() || !output.stderr.is_empty() {
            let exit_code = output.exit_code.filter(|_| output.done);
            return Ok(Received { stdout: output.stdout.into(), stderr: output.stderr.into(), exit_code });
        }
    }
}

fn client(target: &Target, limits: &ShellLimits, credential: &Credential) -> Result<WinrmClient, Failure> {
    let refuse = |message: &str| Err(Failure::new(FailureKind::Protocol, message).with_retry(Retry::Never));
    let auth_method = match (target.auth, target.scheme) {
        (AuthMethod::Negotiate | AuthMethod::Ntlm, _) => winrm_rs::AuthMethod::Ntlm,
        (AuthMethod::Kerberos, _) => return refuse("logon by kerberos is left to the other client"),
        (AuthMethod::Basic, Scheme::Https) => winrm_rs::AuthMethod::Basic,
        (AuthMethod::Basic, Scheme::Http) => {
            return refuse("basic logon would send the password in clear: it needs https");
        }
        (AuthMethod::Certificate, Scheme::Http) => return refuse("logon by client certificate needs https"),
        (AuthMethod::Certificate, Scheme::Https) => {
            return refuse("winrm-rs reads a client certificate from files only");
        }
    };
    let config = WinrmConfig {
        port: Some(target.port),
        use_tls: target.scheme == Scheme::Https,
        accept_invalid_certs: target.trust.danger_accept_invalid_certs,
        connect_timeout_secs: whole_seconds(limits.connect_timeout),
        operation_timeout_secs: whole_seconds(limits.operation_timeout),
        auth_method,
        max_envelope_size: 512_000,
        max_retries: limits.attempts.saturating_sub(1),
        idle_timeout_secs: Some(whole_seconds(limits.idle_timeout)),
        ..WinrmConfig::default()
    };
    let mut builder = WinrmClient::builder(config).tls_provider(winrm_rs::TlsProvider::Ring);
    if let Some(path) = &target.trust.ca_bundle {
        builder = builder.add_root_certificates_pem(path);
    }
    if let Some(pin) = &target.trust.pin_sha256 {
        builder = builder.pin_server_certificate_sha256(pin);
    }
    let (domain, user) = credential.user.split_once('\\').unwrap_or(("", &credential.user));
    let credentials = WinrmCredentials::new(user, credential.password.reveal(), domain);
    // What stops the building is configuration, though the crate calls it AuthFailed.
    let built = builder.credentials(credentials).build();
    built.map_err(|error| Failure::new(FailureKind::Tls, error.to_string()))
}

fn whole_seconds(span: Duration) -> u64 {
    span.as_millis().div_ceil(1000).max(1) as u64
}

fn failure(error: WinrmError) -> Failure {
    let kind = match &error {
        // A wrong pin is no refused credential, though the crate calls it so; only its text differs.
        WinrmError::AuthFailed(text) if text.contains("TLS handshake") => FailureKind::Tls,
        WinrmError::AuthFailed(_) => FailureKind::AuthFailed,
        WinrmError::Soap(SoapError::Fault { code, .. }) if code.contains("Quota") => FailureKind::Quota,
        WinrmError::Soap(SoapError::Fault { .. }) | WinrmError::Timeout(_) => FailureKind::NoAnswer,
        WinrmError::Http(error) if is_about_trust(error) => FailureKind::Tls,
        WinrmError::Http(_) => FailureKind::NoAnswer,
        WinrmError::Cancelled => FailureKind::Cancelled,
        _ => FailureKind::Protocol,
    };
    // The crate's own error hides what is below reqwest's.
    let story = match &error {
        WinrmError::Http(error) => whole_story(error),
        other => other.to_string(),
    };
    Failure::new(kind, story)
}

/// Whether rustls, somewhere below, did not like a certificate.
fn is_about_trust(error: &(dyn std::error::Error + 'static)) -> bool {
    // An io::Error names as its source what is below its inner error, not that itself.
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>()
        || inner.is_some_and(|inner| is_about_trust(inner))
        || error.source().is_some_and(is_about_trust)
}

fn gone() -> Failure {
    Failure::new(FailureKind::Bug, "the conversation's task is gone")
}
