//! One logon on one connection.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind, Retry};
use crate::model::target::{AuthMethod, Scheme};
use crate::transport::wsman::connection::{Answered, Connection, Lost};
use crate::transport::wsman::context::{Context, Leg};
use crate::transport::wsman::kerberos::{self, Applicant};
use crate::transport::wsman::route::{Route, no_answer};
use crate::transport::wsman::tickets::Tickets;

/// The Authorization header of a client certificate (MS-WSMV 2.2.9.3).
const MUTUAL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";
/// SPNEGO's NTLM is over after two legs; more than this is a loop.
const MOST_LEGS: usize = 6;

/// What a logon leaves for the requests after it.
pub enum Entry {
    /// The connection is ours, and every body is sealed.
    Sealed(Box<Context>),
    /// The connection is ours; TLS protects the bodies.
    Connection,
    /// Every request says again who we are.
    Header(HeaderValue),
}

/// How a logon failed.
#[derive(Debug)]
pub enum Refusal {
    /// The connection was lost, or the service is busy: the same again on a new connection.
    Again(Failure),
    /// It stays so.
    Final(Failure),
}

/// How and for whom the logon is.
pub struct Visitor<'a> {
    pub method: AuthMethod,
    pub route: &'a Route,
    pub credential: &'a Credential,
    pub tickets: &'a Tickets,
    pub connect_timeout: Duration,
}

/// What may be tried on which scheme, before anything is sent.
pub fn check(method: AuthMethod, scheme: Scheme, credential: &Credential) -> Result<(), Failure> {
    let refuse = |message: &str| Err(Failure::new(FailureKind::Protocol, message).with_retry(Retry::Never));
    match (method, scheme) {
        (AuthMethod::Basic, Scheme::Http) => {
            refuse("basic logon would send the password in clear: it needs https")
        }
        (AuthMethod::Certificate, Scheme::Http) => refuse("logon by client certificate needs https"),
        (AuthMethod::Certificate, Scheme::Https) if credential.certificate.is_none() => {
            refuse("logon by client certificate, and the credential holds none")
        }
        _ => Ok(()),
    }
}

/// Logs on. Legs of a handshake carry no body: the first envelope goes out when there is a
/// key to seal it with.
pub async fn log_on(
    connection: &mut Connection,
    visitor: &Visitor<'_>,
    silence: Duration,
) -> Result<Entry, Refusal> {
    match visitor.method {
        AuthMethod::Negotiate | AuthMethod::Ntlm | AuthMethod::Kerberos => {
            shake_hands(connection, visitor, silence).await
        }
        AuthMethod::Basic => {
            let Credential { user, password, .. } = visitor.credential;
            let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.reveal()));
            let value = zeroize::Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
            show(connection, &value, silence).await
        }
        AuthMethod::Certificate => show(connection, MUTUAL, silence).await,
    }
}

/// A logon that is one header.
async fn show(connection: &mut Connection, value: &str, silence: Duration) -> Result<Entry, Refusal> {
    let mut header = HeaderValue::try_from(value)
        .map_err(|_| Refusal::Final(Failure::new(FailureKind::Bug, "credential makes no header")))?;
    header.set_sensitive(true);
    let answered = leg(connection, header.clone(), silence).await?;
    match answered.http.status {
        401 | 403 => Err(Refusal::Final(refused(answered.http.status))),
        503 => Err(busy()),
        _ => Ok(Entry::Header(header)),
    }
}

async fn shake_hands(
    connection: &mut Connection,
    visitor: &Visitor<'_>,
    silence: Duration,
) -> Result<Entry, Refusal> {
    let bindings = connection.channel_bindings().map(<[u8]>::to_vec);
    let (context, mut next) = introduce(visitor, bindings.as_deref()).await?;
    let mut context = Box::new(context);
    let (mut scheme, other) = match visitor.method {
        AuthMethod::Kerberos => ("Kerberos", Some("Negotiate")),
        AuthMethod::Ntlm => ("Negotiate", Some("NTLM")),
        _ => ("Negotiate", None),
    };
    for legs in 0..MOST_LEGS {
        let answered = leg(connection, token_header(scheme, &next), silence).await?;
        let status = answered.http.status;
        let token = token_of(&answered.headers, scheme);
        match (status, token) {
            (503, _) => return Err(busy()),
            // The one token of Kerberos is taken or refused.
            (401, Some(token)) if !next.last && visitor.method != AuthMethod::Kerberos => {
                next = context.step(Some(token), bindings.as_deref()).map_err(broken)?;
            }
            // Third parties offer bare NTLM under its own name only, and Kerberos under that of
            // Negotiate, which takes its bare tokens too (RFC 4559).
            (401, None) if legs == 0 && !offers(&answered.headers, scheme) => {
                match other.filter(|other| offers(&answered.headers, other)) {
                    Some(other) => {
                        scheme = other;
                        context.negotiated();
                    }
                    None => return Err(not_offered(&answered.headers, scheme)),
                }
            }
            (401, None) if legs == 0 && visitor.method != AuthMethod::Kerberos => {
                return Err(not_offered(&answered.headers, scheme));
            }
            (401, _) => return Err(Refusal::Final(refused(status))),
            (200..=299, token) => {
                if !next.last {
                    // SPNEGO may owe us a last token (RFC 4178, 5); Kerberos does, and proves by it
                    // that the host is the one the ticket is for (RFC 4121, 4.1).
                    let last = token.map(|token| context.step(Some(token), bindings.as_deref())).transpose();
                    if !last.map_err(broken)?.is_some_and(|leg| leg.last) {
                        return Err(Refusal::Final(protocol("the host ended the handshake before we could")));
                    }
                }
                return Ok(match visitor.route.scheme {
                    Scheme::Http => Entry::Sealed(context),
                    Scheme::Https => Entry::Connection,
                });
            }
            (status, _) => {
                return Err(Refusal::Final(no_answer(format!("http {status} in the middle of the logon"))));
            }
        }
    }
    Err(Refusal::Final(protocol("the handshake does not end")))
}

/// A context with its first token.
async fn introduce(visitor: &Visitor<'_>, bindings: Option<&[u8]>) -> Result<(Context, Leg), Refusal> {
    let Visitor { credential, route, .. } = visitor;
    let mut context = match visitor.method {
        AuthMethod::Kerberos => {
            let Some(realm) = &credential.realm else {
                return Err(Refusal::Final(Failure::new(
                    FailureKind::Bug,
                    "logon by kerberos without a realm",
                )));
            };
            let applicant = Applicant {
                credential,
                realm,
                service: &route.service,
                tickets: visitor.tickets,
                connect_timeout: visitor.connect_timeout,
            };
            return kerberos::begin(&applicant, bindings).await.map_err(Refusal::Final);
        }
        AuthMethod::Ntlm => Context::ntlm(credential, &route.host),
        _ => Context::spnego(credential, &route.host),
    }
    .map_err(broken)?;
    let first = context.step(None, bindings).map_err(broken)?;
    Ok((context, first))
}

async fn leg(
    connection: &mut Connection,
    authorization: HeaderValue,
    silence: Duration,
) -> Result<Answered, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, authorization);
    let again = |lost: Lost| Refusal::Again(lost.into());
    connection.ready().await.map_err(again)?;
    connection.post(headers, Bytes::new(), silence, silence).await.map_err(again)
}

fn token_header(scheme: &str, leg: &Leg) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("{scheme} {}", BASE64.encode(&leg.token)))
        .expect("base64 makes a header");
    value.set_sensitive(true);
    value
}

/// The token after the scheme's name in WWW-Authenticate.
fn token_of(headers: &HeaderMap, scheme: &str) -> Option<Vec<u8>> {
    headers.get_all(WWW_AUTHENTICATE).iter().find_map(|value| {
        let (name, token) = value.to_str().ok()?.trim().split_once(' ')?;
        let token = name.eq_ignore_ascii_case(scheme).then(|| BASE64.decode(token.trim()).ok())??;
        (!token.is_empty()).then_some(token)
    })
}

fn offers(headers: &HeaderMap, scheme: &str) -> bool {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| offer.trim().split(' ').next().is_some_and(|name| name.eq_ignore_ascii_case(scheme)))
}

fn refused(status: u16) -> Failure {
    Failure::new(FailureKind::AuthFailed, format!("http {status}: the host refused the credential"))
}

/// The credential was not looked at: this is no reason to count against it.
fn not_offered(headers: &HeaderMap, scheme: &str) -> Refusal {
    let offered = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let names: Vec<&str> = offered.map(|value| value.split(' ').next().unwrap_or(value)).collect();
    let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    Refusal::Final(protocol(format!("http 401: the host does not take {scheme}, it offers {names}")))
}

fn busy() -> Refusal {
    Refusal::Again(no_answer("http 503: the service is unavailable"))
}

fn broken(error: sspi::Error) -> Refusal {
    Refusal::Final(protocol(format!("handshake: {error}")))
}

fn protocol(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Protocol, message)
}
