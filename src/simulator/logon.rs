//! Who is at the other end of a connection: HTTP authentication as WinRM does it.
//!
//! NTLM and Negotiate authenticate the connection, not the request: every leg and every
//! sealed message belongs to one TCP connection (MS-WSMV 2.2.9.1, MS-NTHT 1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::simulator::acceptor::{Acceptor, Progress};
use crate::simulator::host::Host;

/// The Authorization header of a logon by client certificate (MS-WSMV 2.2.9).
const MUTUAL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";

/// What is known of the TLS connection below, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// SEC_CHANNEL_BINDINGS over `tls-server-end-point` (RFC 5929).
    pub channel_bindings: Vec<u8>,
    /// The client presented a certificate that our CA signed.
    pub client_certificate: bool,
}

/// Where the logon of one connection stands.
#[derive(Default)]
pub struct Logon {
    state: State,
    pub tls: Option<Tls>,
}

#[derive(Default)]
enum State {
    #[default]
    Stranger,
    Challenged(Box<Acceptor>),
    /// With the context that seals bodies, for NTLM and Negotiate.
    Known(Option<Box<Acceptor>>),
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Go on; the header is for the answer.
    Admitted { answer_header: Option<String> },
    /// 401 with this challenge, or with the list of schemes.
    Challenge { header: Option<String> },
}

impl Logon {
    pub fn new(tls: Option<Tls>) -> Self {
        Self { state: State::Stranger, tls }
    }

    /// The context that seals this connection's bodies.
    pub fn sealer(&mut self) -> Option<&mut Acceptor> {
        match &mut self.state {
            State::Known(Some(acceptor)) => Some(acceptor),
            _ => None,
        }
    }

    /// The WWW-Authenticate values of a host: Basic only where TLS protects it.
    pub fn schemes(&self) -> &'static [&'static str] {
        if self.tls.is_some() { &["Negotiate", "Basic realm=\"WSMAN\""] } else { &["Negotiate"] }
    }

    /// Judges the Authorization header of a request.
    pub fn admit(&mut self, authorization: Option<&str>, host: &Host) -> Admission {
        let Some(header) = authorization else {
            return match self.state {
                State::Known(_) => Admission::Admitted { answer_header: None },
                _ => Admission::Challenge { header: None },
            };
        };
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        if header.trim() == MUTUAL {
            let presented = self.tls.as_ref().is_some_and(|tls| tls.client_certificate);
            return self.verdict(presented, host);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "negotiate" => self.take_token("Negotiate", value.trim(), host),
            "ntlm" => self.take_token("NTLM", value.trim(), host),
            "basic" if self.tls.is_some() => {
                let fits = basic(value.trim()).is_some_and(|(user, password)| {
                    host.account().answers_to(&user) && host.account().password().reveal() == password
                });
                self.verdict(fits, host)
            }
            _ => Admission::Challenge { header: None },
        }
    }

    fn take_token(&mut self, scheme: &str, value: &str, host: &Host) -> Admission {
        let Some(token) = BASE64.decode(value).ok().filter(|token| !token.is_empty()) else {
            return Admission::Challenge { header: None };
        };
        let mut acceptor = match std::mem::take(&mut self.state) {
            State::Challenged(acceptor) => acceptor,
            State::Stranger | State::Known(_) => {
                let bindings = self.tls.as_ref().map(|tls| tls.channel_bindings.clone());
                match Acceptor::for_token(&token, host.account(), bindings) {
                    Ok(acceptor) => Box::new(acceptor),
                    Err(_) => return Admission::Challenge { header: None },
                }
            }
        };
        let header = |token: Vec<u8>| format!("{scheme} {}", BASE64.encode(token));
        match acceptor.take(&token) {
            Progress::Continue(answer) => {
                self.state = State::Challenged(acceptor);
                Admission::Challenge { header: Some(header(answer)) }
            }
            Progress::Accepted(answer) => {
                host.counters().logons_attempted.add(1);
                self.state = State::Known(Some(acceptor));
                Admission::Admitted { answer_header: answer.map(header) }
            }
            Progress::Refused(reason) => {
                tracing::debug!(host.name = host.name(), reason, "logon refused");
                host.counters().logons_attempted.add(1);
                host.counters().logons_refused.add(1);
                Admission::Challenge { header: None }
            }
        }
    }

    /// The end of a logon that needs one message: counted once per connection.
    fn verdict(&mut self, fits: bool, host: &Host) -> Admission {
        if fits && matches!(self.state, State::Known(_)) {
            return Admission::Admitted { answer_header: None };
        }
        host.counters().logons_attempted.add(1);
        if fits {
            self.state = State::Known(None);
            Admission::Admitted { answer_header: None }
        } else {
            host.counters().logons_refused.add(1);
            self.state = State::Stranger;
            Admission::Challenge { header: None }
        }
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
