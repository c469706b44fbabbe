//! Requests that a probe asks one at a time: with a password, within a time, up to a size.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Url};

use crate::model::credential::Secret;
use crate::model::failure::{Failure, FailureKind};
use crate::model::story::causes;

/// Before a service is asked elsewhere, so many times it may send us on.
const REDIRECTS: usize = 3;

/// How we show who we are.
#[derive(Clone, Debug, Default)]
pub enum Identity {
    #[default]
    Nobody,
    Bearer(Secret),
    Basic {
        user: String,
        password: Secret,
    },
}

/// A way to ask. Clones share connections.
#[derive(Clone, Debug)]
pub struct Web {
    client: Client,
    identity: Identity,
    limits: Limits,
}

/// Of one answer, its body included.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub timeout: Duration,
    pub answer_bytes: u64,
}

pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

impl Web {
    /// `ca_pem`: further roots beside the system's. The error is a fragment about them.
    pub fn new(identity: Identity, ca_pem: Option<&[u8]>, limits: Limits) -> Result<Self, String> {
        // One TLS stack for all of us; whoever comes first has chosen the same.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let roots = ca_pem.map(Certificate::from_pem_bundle).transpose();
        let roots = roots.map_err(|error| told(&error))?.unwrap_or_default();
        let client = Client::builder().redirect(Policy::limited(REDIRECTS)).tls_certs_merge(roots);
        Self::over(client, identity, limits)
    }

    /// Over connections of the caller's making.
    pub fn over(client: ClientBuilder, identity: Identity, limits: Limits) -> Result<Self, String> {
        let client =
            client.timeout(limits.timeout).user_agent(concat!("lustrum/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|error| told(&error))?;
        Ok(Self { client, identity, limits })
    }

    pub async fn get(&self, url: Url, accept: &str) -> Result<Answer, Failure> {
        self.send(self.client.get(url).header(ACCEPT, accept)).await
    }

    /// Names and values as a form, which has no limit on its length.
    pub async fn post(&self, url: Url, form: &[(&str, String)]) -> Result<Answer, Failure> {
        let mut encoder =
            Url::parse("http://form/").map_err(|error| Failure::new(FailureKind::Bug, error.to_string()))?;
        encoder.query_pairs_mut().extend_pairs(form);
        let body = encoder.query().unwrap_or_default().to_owned();
        let form = self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(form.header(ACCEPT, "application/json").body(body)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let request = match &self.identity {
            Identity::Nobody => request,
            Identity::Bearer(token) => {
                request.header(AUTHORIZATION, header(&format!("Bearer {}", token.reveal()))?)
            }
            Identity::Basic { user, password } => {
                use base64::Engine;
                let both = format!("{user}:{}", password.reveal());
                let both = base64::engine::general_purpose::STANDARD.encode(both);
                request.header(AUTHORIZATION, header(&format!("Basic {both}"))?)
            }
        };
        let mut answer = request.send().await.map_err(|error| self.failure(&error))?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.failure(&error))? {
            if (body.len() + piece.len()) as u64 > self.limits.answer_bytes {
                let message = format!("the answer is longer than {} bytes", self.limits.answer_bytes);
                return Err(Failure::new(FailureKind::OutputLimit, message));
            }
            body.extend_from_slice(&piece);
        }
        if status == 401 || status == 403 {
            return Err(Failure::new(FailureKind::AuthFailed, format!("http {status}")));
        }
        Ok(Answer { status, content_type, body })
    }

    fn failure(&self, error: &reqwest::Error) -> Failure {
        if error.is_timeout() {
            let message = format!("no answer within {}", humantime::format_duration(self.limits.timeout));
            return Failure::new(FailureKind::TimedOut, message);
        }
        let message = told(error);
        let kind = if message.contains("certificate") {
            FailureKind::Tls
        } else if error.is_connect() {
            FailureKind::Unreachable
        } else {
            FailureKind::NoAnswer
        };
        Failure::new(kind, message)
    }
}

fn header(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Failure::new(FailureKind::AuthFailed, "the secret is no text for a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why there is no answer, without the URL.
fn told(error: &reqwest::Error) -> String {
    causes(error).unwrap_or_else(|| "the request could not be made".to_owned())
}
