//! How a token is asked for, and found in the answer.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::credential::Secret;
use crate::probes::http_latency::attempt::Ended;
use crate::probes::http_latency::keeper::Miss;
use crate::probes::http_latency::trouble::{Trouble, TroubleKind};
use crate::transport::http::endpoint::{Endpoint, component};
use crate::transport::http::request;

/// How the fields of a login are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginForm {
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

#[derive(Clone, Debug)]
pub struct Login {
    pub label: String,
    pub url: Endpoint,
    pub form: LoginForm,
    /// All fields, rendered.
    pub body: Secret,
    /// Where the token is in the answer (RFC 6901).
    pub pointer: String,
    /// The header that carries it, and what stands before it there.
    pub header: String,
    pub scheme: String,
    /// How long before its end a token is renewed.
    pub skew: Duration,
    /// Whether every cycle begins with a login of its own.
    pub each_cycle: bool,
}

impl LoginForm {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    /// Fields by name, in this order.
    pub fn render(self, fields: &[(String, Secret)]) -> Secret {
        let text = match self {
            Self::Json => {
                let value = |text: &Secret| Value::String(text.reveal().to_owned());
                let fields = fields.iter().map(|(name, text)| (name.clone(), value(text)));
                Value::Object(fields.collect::<Map<_, _>>()).to_string()
            }
            Self::Form => {
                let mut text = String::new();
                for (name, value) in fields {
                    if !text.is_empty() {
                        text.push('&');
                    }
                    component(name, &mut text);
                    text.push('=');
                    component(value.reveal(), &mut text);
                }
                text
            }
        };
        Secret::new(text)
    }
}

impl Login {
    /// The token in an answer; or what to write down, and what to make of it.
    pub fn read(&self, ended: &Ended) -> Result<Secret, (Trouble, Miss)> {
        if let Some(trouble) = &ended.trouble {
            return Err(match ended.status {
                // 408 and 429 are about the moment, the others about us.
                Some(status @ (400..=407 | 409..=428 | 430..=499)) => {
                    let why = format!("the login was refused: http {status}");
                    (Trouble::new(TroubleKind::LoginRefused, why.clone()), Miss::Refused(why))
                }
                _ => (trouble.clone(), Miss::Unanswered(format!("the login came to nothing: {trouble}"))),
            });
        }
        let answer = serde_json::from_slice::<Value>(&ended.body).ok();
        let token = answer.as_ref().and_then(|answer| answer.pointer(&self.pointer)?.as_str());
        let token = token.filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned()));
        let why = match (&answer, token) {
            (None, _) => "the login's answer is no JSON".to_owned(),
            (_, None) => format!("the login's answer has no text at {:?}", self.pointer),
            (_, Some(token)) if self.fits(&token) => return Ok(token),
            _ => "the login's token is none that a header can carry".to_owned(),
        };
        Err((Trouble::new(TroubleKind::LoginAnswer, why.clone()), Miss::Refused(why)))
    }

    /// The value of the header that shows a token.
    pub fn shown(&self, token: &Secret) -> Secret {
        let gap = if self.scheme.is_empty() { "" } else { " " };
        Secret::new(format!("{}{gap}{}", self.scheme, token.reveal()))
    }

    fn fits(&self, token: &Secret) -> bool {
        let header = (self.header.clone(), self.shown(token).reveal().to_owned());
        request::check("GET", &[header]).is_ok()
    }
}
