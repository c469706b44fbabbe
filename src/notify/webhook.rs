//! A notice as an HTTP POST with a JSON body.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::credential::Secret;
use crate::model::story::causes;
use crate::notify::courier::{Again, Miss};
use crate::notify::notice::Notice;
use crate::notify::template::{Document, Escape};
use crate::notify::wording::one_line;

/// Of a refusal, what is read and told.
const REFUSAL_BYTES: usize = 512;

/// Who reads the document: what it looks like, and how texts are put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Every variable by its name.
    #[default]
    Generic,
    /// `{"text": …}`, as Slack, Mattermost and Rocket.Chat take it.
    Slack,
    /// An adaptive card, as the workflows of Microsoft Teams take it.
    Teams,
}

impl Format {
    pub fn document(self) -> Document {
        let document = match self {
            Self::Generic => return Document::generic(),
            Self::Slack => json!({ "text": "*{{title}}*\n{{details}}" }),
            // Text runs are shown letter for letter; the other elements read Markdown.
            Self::Teams => json!({
                "type": "message",
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.2",
                        "body": [
                            { "type": "RichTextBlock", "inlines": [
                                { "type": "TextRun", "text": "{{title}}", "weight": "Bolder" }] },
                            { "type": "RichTextBlock", "inlines": [
                                { "type": "TextRun", "text": "{{job}}, slot {{slot}}\n{{details}}" }] },
                        ],
                    },
                }],
            }),
        };
        Document::parse(&document.to_string()).expect("a constant whose variables are there")
    }

    pub const fn escape(self) -> Escape {
        match self {
            Self::Generic | Self::Teams => Escape::None,
            Self::Slack => Escape::Entities,
        }
    }
}

/// A receiver. Its URL may be a password in itself and is never told.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    url: Secret,
    headers: Vec<(String, Secret)>,
    document: Document,
    escape: Escape,
}

impl Webhook {
    /// `ca_pem`: further roots beside the system's. The error is a fragment without any secret.
    pub fn new(
        url: Secret,
        headers: Vec<(String, Secret)>,
        ca_pem: Option<&[u8]>,
        (document, escape): (Document, Escape),
    ) -> Result<Self, String> {
        // One TLS stack for all of us; whoever comes first has chosen the same.
        let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        let roots = ca_pem.map(Certificate::from_pem_bundle).transpose();
        let roots = roots.map_err(|error| told(&error))?.unwrap_or_default();
        // A receiver that sends us elsewhere would be asked there with GET.
        let client = Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("lustrum/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(roots)
            .build();
        let client = client.map_err(|error| told(&error))?;
        Ok(Self { client, url, headers, document, escape })
    }

    pub async fn send(&self, notice: &Notice) -> Result<(), Miss> {
        let body = self.document.render(notice, self.escape).to_string();
        let url = url(self.url.reveal()).map_err(Miss::for_good)?;
        let headers = self.headers().map_err(Miss::for_good)?;
        let request = self.client.post(url).headers(headers).body(body);
        let mut answer = request.send().await.map_err(|error| Miss::for_now(told(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        if status.is_redirection() {
            return Err(Miss::for_good(format!("http {}: it sends us elsewhere", status.as_u16())));
        }
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let why = match self.refusal(&mut answer).await {
            Some(said) => format!("http {}: {said}", status.as_u16()),
            None => format!("http {}", status.as_u16()),
        };
        let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
            .contains(&status);
        let again = match after {
            _ if !(passes || status.is_server_error()) => Again::Never,
            Some(seconds) => Again::After(Duration::from_secs(seconds)),
            None => Again::Later,
        };
        Err(Miss { why, again })
    }

    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let (name, value) = header(name, value.reveal())?;
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// What a receiver says of its refusal, unless it repeats something secret.
    async fn refusal(&self, answer: &mut reqwest::Response) -> Option<String> {
        let mut body = Vec::new();
        while body.len() < REFUSAL_BYTES
            && let Ok(Some(piece)) = answer.chunk().await
        {
            body.extend_from_slice(&piece);
        }
        let said = one_line(&String::from_utf8_lossy(&body));
        let secrets = self.headers.iter().map(|(_, value)| value).chain([&self.url]);
        let repeats = secrets.into_iter().any(|secret| {
            // A path of a URL, a token behind its scheme: the pieces are secret, too.
            secret
                .reveal()
                .split([' ', '/', '?', '&', '='])
                .any(|piece| piece.len() > 7 && said.contains(piece))
        });
        (!said.is_empty() && !repeats).then_some(said)
    }
}

/// A URL that a notice can be sent to; the error does not repeat it.
pub fn url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "is not a URL".to_owned())?;
    match url.scheme() {
        "https" | "http" if url.has_host() => Ok(url),
        _ => Err("is not a URL that begins with https:// or http://".to_owned()),
    }
}

/// A header that can be sent; the error does not repeat its value.
pub fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name = name.parse().map_err(|_| "is not the name of a header".to_owned())?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| "holds what no header may: a line end, a control character".to_owned())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Why there is no answer, without the URL.
fn told(error: &reqwest::Error) -> String {
    causes(error).unwrap_or_else(|| "the request could not be made".to_owned())
}
