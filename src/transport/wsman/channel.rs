//! Envelopes to a host and back, logged on: the layer below is bytes, the layer above SOAP.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::model::credential::Credential;
use crate::model::target::{AuthMethod, Scheme, Target};
use crate::transport::shell::{Identity, ShellLimits};
use crate::transport::wsman::answer;
use crate::transport::wsman::connection::{Connection, HttpAnswer, authority};
use crate::transport::wsman::envelope::IDENTIFY;
use crate::transport::wsman::error::WsmanError;
use crate::transport::wsman::logon::SecurityContext;
use crate::transport::wsman::sealing;
use crate::transport::wsman::tls;

const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// Logon by client certificate (MS-WSMV 3.1.4.1.32, the `mutual` profile of DSP0226).
const MUTUAL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";
/// NTLM has two legs; SPNEGO may add one. More is a host that goes round in circles.
const MOST_LEGS: usize = 4;

/// An HTTP status and the SOAP text that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapAnswer {
    pub status: u16,
    pub envelope: String,
}

/// Something that carries an envelope to a host and brings the answer: a [`Channel`], or a
/// recorded conversation.
pub trait Exchange: Send {
    /// What `a:To` says.
    fn address(&self) -> &str;

    /// `patience` bounds every silence on the way.
    fn exchange(
        &mut self,
        envelope: &str,
        patience: Duration,
    ) -> impl Future<Output = Result<SoapAnswer, WsmanError>> + Send;
}

/// The way to one host. It has at most one connection; a connection that was left in the
/// middle of an exchange is not used again.
pub struct Channel {
    target: Target,
    limits: ShellLimits,
    address: String,
    live: Option<Live>,
    /// Kept from the logon on, for a new connection to close what is left open.
    credential: Option<Credential>,
}

/// A connection and how its messages are proven to be ours.
struct Live {
    connection: Connection,
    proof: Proof,
}

enum Proof {
    /// Not logged on yet.
    None,
    Sealed(Box<SecurityContext>),
    /// NTLM or Negotiate inside TLS: the connection itself is logged on.
    Connection,
    /// Basic and certificates: with every request.
    Header(HeaderValue),
}

impl Channel {
    pub fn new(target: Target, limits: ShellLimits) -> Self {
        let scheme = match target.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let address = format!("{scheme}://{}/wsman", authority(&target));
        Self { target, limits, address, live: None, credential: None }
    }

    /// Asks who is there, without a credential. A host that wants a logon even for this has
    /// shown that it is WinRM.
    pub async fn identify(&mut self) -> Result<Identity, WsmanError> {
        let header = (HeaderName::from_static("wsmanidentify"), HeaderValue::from_static("unauthenticated"));
        let mut live = self.connect().await?;
        let body = Bytes::from_static(IDENTIFY.as_bytes());
        let answer = live.connection.post(&[header], SOAP, body, self.limits.silence_timeout).await?;
        let identity = match answer.status {
            200 => answer::read(&text(answer.body)?)?.identity,
            401 => Identity::default(),
            status => return Err(WsmanError::Http { status }),
        };
        self.live = Some(live);
        Ok(identity)
    }

    /// One logon with `credential`. On success the channel keeps it for reconnects.
    pub async fn logon(&mut self, credential: &Credential) -> Result<(), WsmanError> {
        self.live = Some(self.logged_on(credential).await?);
        self.credential = Some(credential.clone());
        Ok(())
    }

    async fn connect(&self) -> Result<Live, WsmanError> {
        let certificate = self.credential.as_ref().and_then(|credential| credential.certificate.as_ref());
        let certificate = certificate.filter(|_| self.target.auth == AuthMethod::Certificate);
        let connection = Connection::open(&self.target, certificate, self.limits.connect_timeout).await?;
        Ok(Live { connection, proof: Proof::None })
    }

    async fn logged_on(&mut self, credential: &Credential) -> Result<Live, WsmanError> {
        match self.target.auth {
            AuthMethod::Negotiate | AuthMethod::Ntlm => self.by_tokens(credential).await,
            AuthMethod::Basic => {
                self.require_tls("basic")?;
                let pair = Zeroizing::new(format!("{}:{}", credential.user, credential.password.reveal()));
                let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                self.by_header(credential, &value).await
            }
            AuthMethod::Certificate => {
                self.require_tls("certificate")?;
                if credential.certificate.is_none() {
                    let missing = format!("credential `{}` holds no client certificate", credential.name);
                    return Err(WsmanError::NotOffered(missing));
                }
                // The certificate belongs into the handshake, so the connection is a new one.
                self.live = None;
                self.credential = Some(credential.clone());
                let logged_on = self.by_header(credential, MUTUAL).await;
                self.credential = None;
                logged_on
            }
        }
    }

    fn require_tls(&self, method: &str) -> Result<(), WsmanError> {
        match self.target.scheme {
            Scheme::Https => Ok(()),
            Scheme::Http => Err(WsmanError::NotOffered(format!("{method} logon needs https"))),
        }
    }

    /// NTLM or SPNEGO: tokens on messages without a body, then a connection that is ours.
    async fn by_tokens(&mut self, credential: &Credential) -> Result<Live, WsmanError> {
        let (mut live, first) = match self.live.take() {
            // The host may have closed the connection since; that is found out on the first
            // leg, which proves nothing yet and so may be sent again.
            Some(live) => match self.first_leg(live, credential).await {
                Err(WsmanError::Lost(_)) => self.first_leg(self.connect().await?, credential).await?,
                other => other?,
            },
            None => self.first_leg(self.connect().await?, credential).await?,
        };
        let FirstLeg { mut context, mut challenge } = first;
        for _ in 1..MOST_LEGS {
            let (token, stands) = context.step(Some(&challenge))?;
            let answer = self.leg(&mut live, &token).await?;
            match (answer.status, challenge_in(&answer)) {
                (401, Some(next)) if !stands => challenge = next,
                (401, _) => return Err(WsmanError::Refused(self.refusal(credential))),
                (503, _) => return Err(WsmanError::Http { status: 503 }),
                (_, last) => {
                    if let Some(last) = last.filter(|_| !stands) {
                        context.step(Some(&last))?;
                    }
                    live.proof = match self.target.scheme {
                        Scheme::Http => Proof::Sealed(Box::new(context)),
                        Scheme::Https => Proof::Connection,
                    };
                    return Ok(live);
                }
            }
        }
        Err(WsmanError::Protocol("the logon does not come to an end".to_owned()))
    }

    async fn first_leg(
        &self,
        mut live: Live,
        credential: &Credential,
    ) -> Result<(Live, FirstLeg), WsmanError> {
        let binding = live.connection.server_certificate.as_deref().map(tls::end_point_binding);
        let service = format!("HTTP/{}", self.target.host);
        let mut context = match self.target.auth {
            AuthMethod::Ntlm => SecurityContext::ntlm(credential, service, binding)?,
            _ => SecurityContext::spnego(credential, service, binding)?,
        };
        let (token, _) = context.step(None)?;
        let answer = self.leg(&mut live, &token).await?;
        match (answer.status, challenge_in(&answer)) {
            (401, Some(challenge)) => Ok((live, FirstLeg { context, challenge })),
            (401, None) => {
                let offers = answer.challenges.iter().filter_map(|offer| offer.split_whitespace().next());
                let offers = offers.collect::<Vec<_>>().join(", ");
                let offers = if offers.is_empty() { "nothing".to_owned() } else { offers };
                Err(WsmanError::NotOffered(format!("the host does not take Negotiate; it offers {offers}")))
            }
            (status, _) => Err(WsmanError::Http { status }),
        }
    }

    async fn leg(&self, live: &mut Live, token: &[u8]) -> Result<HttpAnswer, WsmanError> {
        let value = Zeroizing::new(format!("Negotiate {}", STANDARD.encode(token)));
        let header = (AUTHORIZATION, secret_header(&value)?);
        live.connection.post(&[header], SOAP, Bytes::new(), self.limits.silence_timeout).await
    }

    /// Basic and certificates prove themselves with any request: Identify costs nothing.
    async fn by_header(&mut self, credential: &Credential, value: &str) -> Result<Live, WsmanError> {
        let value = secret_header(value)?;
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.connect().await?,
        };
        let body = Bytes::from_static(IDENTIFY.as_bytes());
        let header = (AUTHORIZATION, value.clone());
        let answer = live.connection.post(&[header], SOAP, body, self.limits.silence_timeout).await?;
        match answer.status {
            200 => {
                live.proof = Proof::Header(value);
                Ok(live)
            }
            401 | 403 => Err(WsmanError::Refused(self.refusal(credential))),
            status => Err(WsmanError::Http { status }),
        }
    }

    fn refusal(&self, credential: &Credential) -> String {
        format!("the host does not accept credential `{}` (user {})", credential.name, credential.user)
    }

    /// The live connection, or a new one with a new logon.
    async fn ready(&mut self) -> Result<Live, WsmanError> {
        if let Some(live) = self.live.take().filter(|live| !matches!(live.proof, Proof::None)) {
            return Ok(live);
        }
        let Some(credential) = self.credential.clone() else {
            return Err(WsmanError::Protocol("a request before the logon".to_owned()));
        };
        self.logged_on(&credential).await
    }
}

struct FirstLeg {
    context: SecurityContext,
    challenge: Vec<u8>,
}

impl Exchange for Channel {
    fn address(&self) -> &str {
        &self.address
    }

    /// The connection leaves `self` for the time of the exchange: if this future is dropped
    /// or fails half-way, the connection goes with it.
    async fn exchange(&mut self, envelope: &str, patience: Duration) -> Result<SoapAnswer, WsmanError> {
        let mut live = self.ready().await?;
        let answer = match &mut live.proof {
            Proof::Sealed(context) => {
                let body = sealing::seal(context, envelope)?;
                live.connection.post(&[], sealing::CONTENT_TYPE, body.into(), patience).await?
            }
            Proof::Header(value) => {
                let header = (AUTHORIZATION, value.clone());
                live.connection
                    .post(&[header], SOAP, Bytes::copy_from_slice(envelope.as_bytes()), patience)
                    .await?
            }
            Proof::Connection | Proof::None => {
                live.connection.post(&[], SOAP, Bytes::copy_from_slice(envelope.as_bytes()), patience).await?
            }
        };
        let status = answer.status;
        let is_sealed = answer.content_type.as_deref().is_some_and(sealing::is_sealed);
        let envelope = match &mut live.proof {
            Proof::Sealed(context) if is_sealed => sealing::open(context, answer.body)?,
            // An unsealed word on a sealed connection is not the service's: only its status
            // counts, and the two sides no longer agree on a sequence number.
            Proof::Sealed(_) => return Err(WsmanError::Http { status }),
            _ if matches!(status, 200 | 500) && !answer.body.is_empty() => text(answer.body)?,
            _ => return Err(WsmanError::Http { status }),
        };
        self.live = Some(live);
        Ok(SoapAnswer { status, envelope })
    }
}

fn challenge_in(answer: &HttpAnswer) -> Option<Vec<u8>> {
    answer.challenges.iter().find_map(|challenge| {
        let (scheme, token) = challenge.split_once(' ')?;
        let ours = scheme.eq_ignore_ascii_case("negotiate") || scheme.eq_ignore_ascii_case("ntlm");
        if ours { STANDARD.decode(token.trim()).ok() } else { None }
    })
}

fn secret_header(text: &str) -> Result<HeaderValue, WsmanError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        WsmanError::NotOffered("the credential holds characters that a header cannot carry".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn text(body: Vec<u8>) -> Result<String, WsmanError> {
    String::from_utf8(body).map_err(|_| WsmanError::Protocol("an answer that is not UTF-8".to_owned()))
}
