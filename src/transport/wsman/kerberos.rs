//! A Kerberos context for one host: tickets by `sspi`, carried to the KDC by us.

use std::sync::Arc;
use std::time::Duration;

use picky_krb::crypto::CipherSuite;
use picky_krb::messages::AsRep;
use sspi::generator::GeneratorState;
use sspi::kerberos::client::extractors::extract_encryption_params_from_as_rep;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, Credentials, CredentialsBuffers, DataRepresentation,
    Kerberos, KerberosConfig, KeytabIdentity, NetworkRequest, SecurityBuffer, Sspi, SspiImpl, Username,
};

use crate::model::credential::Credential;
use crate::model::failure::{Failure, FailureKind};
use crate::model::realm::{AccountKey, Kdc, KeyType, Realm};
use crate::transport::wsman::context::{Context, Leg};
use crate::transport::wsman::kdc::{self, KdcError, LENGTH_BYTES};
use crate::transport::wsman::kerberos_binding::bind;
use crate::transport::wsman::tickets::{Grant, Granted, Granting, Tickets};

/// What `sspi` is told of the account's own KDCs; which of them is asked is decided here.
const OWN_KDC: &str = "tcp://kdc.invalid:88";
/// Our name in the question for a ticket-granting ticket (RFC 4120, 5.4.1, `addresses`).
const COMPUTER: &str = "lustrum";
/// AS-REQ (RFC 4120, 5.4.1).
const AS_REQUEST: u8 = 0x6a;

/// Who wants a ticket, and for what.
pub struct Applicant<'a> {
    pub credential: &'a Credential,
    pub realm: &'a Realm,
    /// `HTTP/host`.
    pub service: &'a str,
    pub tickets: &'a Tickets,
    pub connect_timeout: Duration,
}

/// Why there is no ticket.
enum Trouble {
    /// The remembered ticket-granting ticket has expired.
    Expired,
    Failure(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A context with its first token; the host's answer completes it.
pub async fn begin(applicant: &Applicant<'_>, bindings: Option<&[u8]>) -> Result<(Context, Leg), Failure> {
    let Applicant { credential, tickets, .. } = applicant;
    loop {
        let grant = tickets.grant(&credential.name).await?;
        let known = match &grant {
            Grant::Remembered(granted) => Some(granted.clone()),
            Grant::Open(_) => None,
        };
        match fetch(applicant, grant, bindings).await {
            Ok(begun) => return Ok(begun),
            Err(Trouble::Expired) => {
                if let Some(expired) = known {
                    tickets.forget(&credential.name, &expired).await;
                }
            }
            Err(Trouble::Failure(failure)) => return Err(failure),
        }
    }
}

async fn fetch(
    applicant: &Applicant<'_>,
    grant: Grant,
    bindings: Option<&[u8]>,
) -> Result<(Context, Leg), Trouble> {
    let mut kerberos =
        Kerberos::new_client_from_config(KerberosConfig::new_with_kdc_url(OWN_KDC, COMPUTER.to_owned()))
            .map_err(|error| broken(&error))?;
    let key = match &grant {
        Grant::Remembered(granted) => granted.key.as_ref(),
        Grant::Open(_) => None,
    };
    let key = key.or(applicant.realm.key.as_ref());
    let mut credentials = Some(identity(applicant, key).map_err(|error| broken(&error))?);
    let mut input = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut desk = Desk::new(applicant, grant);
    let made = {
        let mut builder = kerberos
            .initialize_security_context()
            .with_credentials_handle(&mut credentials)
            .with_context_requirements(
                ClientRequestFlags::MUTUAL_AUTH
                    | ClientRequestFlags::REPLAY_DETECT
                    | ClientRequestFlags::SEQUENCE_DETECT
                    | ClientRequestFlags::CONFIDENTIALITY
                    | ClientRequestFlags::INTEGRITY,
            )
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(applicant.service)
            .with_input(&mut input)
            .with_output(&mut output);
        let mut generator =
            kerberos.initialize_security_context_impl(&mut builder).map_err(|error| broken(&error))?;
        let mut state = generator.start();
        loop {
            match state {
                GeneratorState::Suspended(request) => {
                    let answer = desk.answer(&request).await?;
                    state = generator.resume(Ok(answer));
                }
                GeneratorState::Completed(made) => break made,
            }
        }
    };
    made.map_err(|error| desk.give_up(broken(&error)))?;
    let mut token = std::mem::take(&mut output[0].buffer);
    if let Some(bindings) = bindings {
        let keys = kerberos.query_context_session_key().map_err(|error| broken(&error))?;
        token = bind(&token, keys.session_key.as_ref(), bindings)
            .map_err(|why| Failure::new(FailureKind::Protocol, format!("kerberos: {why}")))?;
    }
    let leg = Leg { token, last: false };
    Ok((Context::kerberos(kerberos, credentials, applicant.service), leg))
}

/// Where the questions of one context are answered.
struct Desk<'a> {
    applicant: &'a Applicant<'a>,
    /// Open until the ticket-granting ticket is there.
    granting: Option<Granting>,
    remembered: Option<Arc<Granted>>,
    /// Answers given so far in the AS exchange.
    given: usize,
    told: Vec<Vec<u8>>,
}

impl<'a> Desk<'a> {
    fn new(applicant: &'a Applicant<'a>, grant: Grant) -> Self {
        let (granting, remembered) = match grant {
            Grant::Remembered(granted) => (None, Some(granted)),
            Grant::Open(granting) => (Some(granting), None),
        };
        Self { applicant, granting, remembered, given: 0, told: Vec::new() }
    }

    async fn answer(&mut self, request: &NetworkRequest) -> Result<Vec<u8>, Trouble> {
        if request.data.get(LENGTH_BYTES) == Some(&AS_REQUEST) {
            if let Some(granted) = &self.remembered {
                let answer = granted.answers.get(self.given).cloned();
                self.given += 1;
                let asked_for_more = || Failure::new(FailureKind::Bug, "more questions for the same ticket");
                return answer.ok_or_else(|| asked_for_more().into());
            }
            return Ok(self.grant(request).await.map_err(|failure| self.give_up(failure))?);
        }
        if let Some(granting) = self.granting.take() {
            let answers = std::mem::take(&mut self.told);
            let key = self.applicant.realm.key.clone().or_else(|| self.key_of_password(answers.last()?));
            granting.granted(Granted { answers, key });
        }
        let answer = self.ask(request).await?;
        match KdcError::of(&answer) {
            Some(error) if KdcError::TICKET_OVER.contains(&error.code) && self.remembered.is_some() => {
                Err(Trouble::Expired)
            }
            Some(error) => Err(self.failure(error).into()),
            None => Ok(answer),
        }
    }

    /// One question of the AS exchange: the first is answered by what the KDC wants to be
    /// shown, the second by the ticket-granting ticket.
    async fn grant(&mut self, request: &NetworkRequest) -> Result<Vec<u8>, Failure> {
        let answer = self.ask(request).await?;
        match KdcError::of(&answer) {
            Some(error) if error.code == KdcError::PREAUTH_REQUIRED && self.told.is_empty() => {}
            Some(error) => return Err(self.failure(error)),
            None if self.told.is_empty() => {
                let message = "the kdc asks for no pre-authentication of the account; it must be required";
                return Err(Failure::new(FailureKind::NoTicket, message));
            }
            None => {}
        }
        self.told.push(answer.clone());
        Ok(answer)
    }

    /// The key that the password makes with the salt of the AS-REP, which it has just opened.
    fn key_of_password(&self, answer: &[u8]) -> Option<AccountKey> {
        let answer: AsRep = picky_asn1_der::from_bytes(answer.get(LENGTH_BYTES..)?).ok()?;
        let (key_type, salt) = extract_encryption_params_from_as_rep(&answer).ok()?;
        let key_type = [KeyType::Aes128, KeyType::Aes256].into_iter().find(|one| *one as u8 == key_type)?;
        let password = self.applicant.credential.password.reveal().as_bytes();
        let key = suite(key_type).cipher().generate_key_from_password(password, salt.as_bytes()).ok()?;
        AccountKey::new(key_type, key.into())
    }

    async fn ask(&self, request: &NetworkRequest) -> Result<Vec<u8>, Failure> {
        let Applicant { realm, connect_timeout, .. } = self.applicant;
        match referred_to(request) {
            Some(kdc) => kdc::ask(&[kdc], *connect_timeout, &request.data).await,
            None => kdc::ask(&realm.kdcs, *connect_timeout, &request.data).await,
        }
    }

    fn failure(&self, error: KdcError) -> Failure {
        let Realm { name, account, .. } = self.applicant.realm;
        error.into_failure(&format!("{account}@{name}"), self.applicant.service)
    }

    /// Tells those who wait for the ticket-granting ticket that there is none.
    fn give_up(&mut self, failure: Failure) -> Failure {
        if let Some(granting) = self.granting.take() {
            granting.failed(failure.clone());
        }
        failure
    }
}

/// The KDC of another realm that the account's own has sent us to; `sspi` finds it in krb5.conf.
fn referred_to(request: &NetworkRequest) -> Option<Kdc> {
    let url = request.url.as_str();
    let place = url.strip_prefix("tcp://").filter(|_| !OWN_KDC.starts_with(url))?;
    Kdc::parse(place.trim_end_matches('/'))
}

fn identity(applicant: &Applicant<'_>, key: Option<&AccountKey>) -> Result<CredentialsBuffers, sspi::Error> {
    let Applicant { credential, realm, .. } = applicant;
    let principal = Username::new(&realm.account, Some(&realm.name))
        .map_err(|error| sspi::Error::new(sspi::ErrorKind::InvalidParameter, error.to_string()))?;
    let credentials = match key {
        Some(key) => Credentials::Keytab(KeytabIdentity {
            principal,
            key: key.reveal().to_vec().into(),
            key_enctype: suite(key.key_type),
        }),
        None => {
            let password = credential.password.reveal().to_owned().into();
            Credentials::AuthIdentity(AuthIdentity { username: principal, password })
        }
    };
    credentials.try_into()
}

fn suite(key_type: KeyType) -> CipherSuite {
    match key_type {
        KeyType::Aes128 => CipherSuite::Aes128CtsHmacSha196,
        KeyType::Aes256 => CipherSuite::Aes256CtsHmacSha196,
    }
}

fn broken(error: &sspi::Error) -> Failure {
    let kind = match error.error_type {
        sspi::ErrorKind::NoAuthenticatingAuthority => FailureKind::NoTicket,
        _ => FailureKind::Protocol,
    };
    Failure::new(kind, format!("kerberos: {error}"))
}

#[cfg(test)]
mod tests {
    use sspi::NetworkProtocol;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;
    use crate::model::credential::{CredentialName, Secret};

    /// TGS-REQ (RFC 4120, 5.4.1).
    const TGS_REQUEST: u8 = 0x6c;

    fn request(kind: u8) -> NetworkRequest {
        let url = OWN_KDC.parse().expect("a url");
        NetworkRequest { protocol: NetworkProtocol::Tcp, url, data: vec![0, 0, 0, 1, kind] }
    }

    /// A KDC that says this to every question.
    async fn kdc(answer: Vec<u8>) -> (Kdc, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a caller");
                stream.read_exact(&mut [0; 5]).await.expect("a question");
                stream.write_all(&answer).await.expect("heard");
            }
        });
        (Kdc { host: "127.0.0.1".to_owned(), port }, serving)
    }

    /// KRB-ERROR with nothing but its code.
    fn error(code: u8) -> Vec<u8> {
        vec![0, 0, 0, 9, 0x7e, 7, 0x30, 5, 0xa6, 3, 2, 1, code]
    }

    /// Has a KDC that says `answer` asked for a host's ticket, and gives what came of it and
    /// whether the ticket-granting ticket is remembered then.
    async fn asked_for_a_ticket(answer: Vec<u8>, is_remembered: bool) -> (Result<Vec<u8>, Trouble>, bool) {
        let (kdc, _serving) = kdc(answer).await;
        let name = CredentialName::default_name();
        let realm =
            Realm { name: "CENSUS.TEST".to_owned(), account: "svc".to_owned(), kdcs: vec![kdc], key: None };
        let credential = Credential {
            name: name.clone(),
            user: "svc@CENSUS.TEST".to_owned(),
            password: Secret::new("secret".to_owned()),
            certificate: None,
            realm: Some(realm.clone()),
        };
        let tickets = Tickets::default();
        let applicant = Applicant {
            credential: &credential,
            realm: &realm,
            service: "HTTP/hv",
            tickets: &tickets,
            connect_timeout: Duration::from_secs(60),
        };
        let mut grant = tickets.grant(&name).await.expect("open");
        if is_remembered {
            if let Grant::Open(granting) = grant {
                granting.granted(Granted { answers: vec![vec![1]], key: None });
            }
            grant = tickets.grant(&name).await.expect("remembered");
        }
        let mut desk = Desk::new(&applicant, grant);
        let answered = desk.answer(&request(TGS_REQUEST)).await;
        drop(desk);
        let after = tickets.grant(&name).await;
        (answered, matches!(after, Ok(Grant::Remembered(_))))
    }

    #[tokio::test]
    async fn a_ticket_that_expired_in_memory_is_asked_for_anew_and_a_fresh_one_is_not() {
        for code in KdcError::TICKET_OVER {
            let code = u8::try_from(code).expect("small");
            let (answered, _) = asked_for_a_ticket(error(code), true).await;
            assert!(matches!(answered, Err(Trouble::Expired)), "{code}");
            let (answered, _) = asked_for_a_ticket(error(code), false).await;
            assert!(matches!(answered, Err(Trouble::Failure(_))), "{code}");
        }
    }

    #[tokio::test]
    async fn a_service_that_is_unknown_says_nothing_of_the_ticket_granting_ticket() {
        let (answered, is_remembered) = asked_for_a_ticket(error(7), false).await;
        assert!(matches!(answered, Err(Trouble::Failure(failure)) if failure.kind == FailureKind::NoTicket));
        assert!(is_remembered);
    }

    #[tokio::test]
    async fn an_account_without_pre_authentication_is_told_so() {
        let (kdc, _serving) = kdc(vec![0, 0, 0, 2, 0x6b, 0]).await;
        let realm = Realm { name: "R".to_owned(), account: "svc".to_owned(), kdcs: vec![kdc], key: None };
        let credential = Credential {
            name: CredentialName::default_name(),
            user: "svc@R".to_owned(),
            password: Secret::new("secret".to_owned()),
            certificate: None,
            realm: None,
        };
        let tickets = Tickets::default();
        let applicant = Applicant {
            credential: &credential,
            realm: &realm,
            service: "HTTP/hv",
            tickets: &tickets,
            connect_timeout: Duration::from_secs(60),
        };
        let failure = begin(&applicant, None).await.err().expect("no ticket");
        assert_eq!(failure.kind, FailureKind::NoTicket);
        assert!(failure.message.contains("pre-authentication"), "{failure}");
    }

    #[test]
    fn a_referral_names_another_kdc() {
        let to = |url: &str| {
            let url = url.parse().expect("a url");
            referred_to(&NetworkRequest { protocol: NetworkProtocol::Tcp, url, data: Vec::new() })
        };
        assert_eq!(to(OWN_KDC), None);
        assert_eq!(
            to("tcp://dc.other.test:88").map(|kdc| kdc.to_string()),
            Some("tcp://dc.other.test:88".to_owned())
        );
    }
}
