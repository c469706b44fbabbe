//! A notice as an e-mail over SMTP.

use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::credential::Secret;
use crate::model::story::whole_story;
use crate::notify::courier::Miss;
use crate::notify::notice::Notice;
use crate::notify::template::{Escape, Text};
use crate::notify::wording::one_line;

pub const SUBJECT: &str = "[lustrum] {{title}}";

pub const BODY: &str = "{{title}}\n\n{{details}}\n\n{{manifest}}\n";

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Begins in clear and must become TLS before anything is said (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// In clear (port 25): for a relay on this machine. No password is sent.
    None,
}

impl Protection {
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// A mail server, and what is sent through it.
#[derive(Clone, Debug)]
pub struct Post {
    pub server: String,
    pub port: u16,
    pub protection: Protection,
    pub login: Option<(String, Secret)>,
    /// Further roots beside the system's.
    pub ca_pem: Option<Vec<u8>>,
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    pub subject: Text,
    pub body: Text,
    /// The longest the server may be silent.
    pub timeout: Duration,
}

pub struct Mail {
    post: Post,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Mail").field(&self.post).finish()
    }
}

impl Mail {
    /// Nothing is asked of the server yet. The error is a fragment without any secret.
    pub fn new(post: Post) -> Result<Self, String> {
        // One TLS stack for all of us; whoever comes first has chosen the same.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let tls = match post.protection {
            Protection::None => Tls::None,
            Protection::Starttls => Tls::Required(parameters(&post)?),
            Protection::Tls => Tls::Wrapper(parameters(&post)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&post.server)
            .port(post.port)
            .tls(tls)
            .timeout(Some(post.timeout));
        if let Some((user, password)) = post.login.as_ref().filter(|_| post.protection != Protection::None) {
            let password = password.reveal().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        let transport = transport.build();
        Ok(Self { post, transport })
    }

    pub async fn send(&self, notice: &Notice) -> Result<(), Miss> {
        let message = message(&self.post, notice).map_err(Miss::for_good)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // 5yz of RFC 5321: the same message will get the same answer.
            Err(error) if error.is_permanent() => Err(Miss::for_good(told(&error))),
            Err(error) => Err(Miss::for_now(told(&error))),
        }
    }
}

fn parameters(post: &Post) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(post.server.clone());
    if let Some(pem) = &post.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|error| told(&error))?);
    }
    builder.build_rustls().map_err(|error| told(&error))
}

/// The same message for every try: a server that took it twice can see that.
fn message(post: &Post, notice: &Notice) -> Result<Message, String> {
    let subject = one_line(&post.subject.render(notice, Escape::None));
    let body = post.body.render(notice, Escape::None).trim_end().to_owned() + "\n";
    let whose = format!("{} {} {} {subject}", notice.job, notice.slot, notice.occasion.word());
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{whose} {}", notice.at).as_bytes());
    let mut message = Message::builder()
        .from(post.from.clone())
        .date(notice.at.into())
        .message_id(Some(format!("<{id}@{}>", post.from.email.domain())))
        .subject(subject)
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for mailbox in &post.to {
        message = message.to(mailbox.clone());
    }
    message.body(body).map_err(|error| error.to_string())
}

/// RFC 3834: nobody's vacation answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn told(error: &lettre::transport::smtp::Error) -> String {
    one_line(&whole_story(error))
}
