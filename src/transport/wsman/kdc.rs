//! Questions to a KDC: one message there and one back over TCP (RFC 4120, 7.2.2), and what
//! its errors mean.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::model::failure::{Failure, FailureKind, Retry};
use crate::model::realm::Kdc;
use crate::time::backoff::Backoff;
use crate::transport::wsman::der::{INTEGER, SEQUENCE, any_element, element};

/// Bytes of the length in front of a message.
pub const LENGTH_BYTES: usize = 4;
/// A ticket of an account in very many groups has some 64 KiB.
const LARGEST_ANSWER_BYTES: usize = 1 << 20;
/// A KDC is near; one that takes longer is asked after the others, within a logon's deadline.
const LONGEST_CONNECT: Duration = Duration::from_secs(3);
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
/// Times all KDCs are asked in turn before none is said to answer.
const ROUNDS: u32 = 2;

/// KRB-ERROR (RFC 4120, 5.9.1).
const ERROR: u8 = 0x7e;

/// Asks the KDCs in their order until one answers. `question` begins with its length, and so
/// does the answer.
pub async fn ask(kdcs: &[Kdc], connect_timeout: Duration, question: &[u8]) -> Result<Vec<u8>, Failure> {
    let connect_timeout = connect_timeout.min(LONGEST_CONNECT);
    let mut silent = Vec::new();
    for round in 1..=ROUNDS {
        silent.clear();
        for kdc in kdcs {
            match ask_one(kdc, connect_timeout, question).await {
                Ok(answer) => return Ok(answer),
                Err(why) => silent.push(format!("{kdc}: {why}")),
            }
        }
        if round < ROUNDS {
            tracing::debug!(kdcs = silent.join("; "), "no kdc answered; asking again");
            tokio::time::sleep(Backoff::for_name(&silent[0]).pause(round)).await;
        }
    }
    Err(Failure::new(FailureKind::NoTicket, format!("no kdc answered: {}", silent.join("; "))))
}

async fn ask_one(kdc: &Kdc, connect_timeout: Duration, question: &[u8]) -> Result<Vec<u8>, String> {
    let mut stream = timeout(connect_timeout, TcpStream::connect((kdc.host.as_str(), kdc.port)))
        .await
        .map_err(|_| format!("no connection within {} ms", connect_timeout.as_millis()))?
        .map_err(|error| error.to_string())?;
    let exchange = async {
        stream.write_all(question).await?;
        let mut length = [0; LENGTH_BYTES];
        stream.read_exact(&mut length).await?;
        let bytes = u32::from_be_bytes(length) as usize;
        if bytes > LARGEST_ANSWER_BYTES {
            return Err(std::io::Error::other("what answers is no kdc"));
        }
        let mut answer = length.to_vec();
        answer.resize(LENGTH_BYTES + bytes, 0);
        stream.read_exact(&mut answer[LENGTH_BYTES..]).await?;
        Ok(answer)
    };
    timeout(LONGEST_ANSWER, exchange)
        .await
        .map_err(|_| format!("no answer within {} s", LONGEST_ANSWER.as_secs()))?
        .map_err(|error| error.to_string())
}

/// What a KDC may say instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KdcError {
    /// RFC 4120, 7.5.9.
    pub code: u32,
    /// The KDC's time, `20261121180000Z`.
    time: String,
    text: Option<String>,
}

impl KdcError {
    pub const PREAUTH_REQUIRED: u32 = 25;
    /// The ticket-granting ticket is over, or what is left of it would make none.
    pub const TICKET_OVER: [u32; 2] = [11, 32];

    /// Reads an answer, its length in front; `None` for one that is no error.
    pub fn of(answer: &[u8]) -> Option<Self> {
        let (outer, _) = element(answer.get(LENGTH_BYTES..)?, ERROR)?;
        let (mut fields, _) = element(outer, SEQUENCE)?;
        let mut error = Self { code: 0, time: String::new(), text: None };
        while let Some((tag, field, rest)) = any_element(fields) {
            let words = || any_element(field).map(|(_, text, _)| printable(text));
            match tag {
                // stime, error-code, e-text.
                0xa4 => error.time = words()?,
                0xa6 => {
                    let (octets, _) = element(field, INTEGER)?;
                    error.code = octets.iter().fold(0, |code, octet| code << 8 | u32::from(*octet));
                }
                0xab => error.text = words(),
                _ => {}
            }
            fields = rest;
        }
        Some(error)
    }

    /// What it means for a logon of `principal` to `service`. Only what says that the account
    /// is not to be let in is held against the credential.
    pub fn into_failure(self, principal: &str, service: &str) -> Failure {
        use FailureKind::{AuthFailed, NoTicket};
        let Self { code, time, text } = self;
        let (kind, why) = match code {
            6 => (AuthFailed, format!("the kdc knows no {principal}")),
            1 => (AuthFailed, format!("{principal} has expired")),
            12 => (NoTicket, format!("a policy of the realm forbids {principal} this")),
            18 => (AuthFailed, format!("{principal} is disabled or locked")),
            23 => (AuthFailed, format!("the password of {principal} has expired")),
            24 => (AuthFailed, format!("the kdc refused the password or key of {principal}")),
            7 => (NoTicket, format!("the kdc knows no service {service}")),
            14 => (NoTicket, format!("{principal}, {service} and the kdc have no aes key in common")),
            37 => (NoTicket, format!("the clocks differ too much: the kdc says it is {time}")),
            _ => (NoTicket, "the kdc refused".to_owned()),
        };
        let said = text.map(|text| format!(": {text}")).unwrap_or_default();
        let failure = Failure::new(kind, format!("{why} (kerberos error {code}{said})"));
        if code == 7 { failure.with_retry(Retry::Never) } else { failure }
    }
}

fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).expect("short")], content].concat()
    }

    fn with_length(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u32).to_be_bytes(), message].concat()
    }

    /// KRB-ERROR of this code as a KDC sends it.
    fn error(code: u8) -> Vec<u8> {
        let fields = [
            der(0xa0, &der(INTEGER, &[5])),
            der(0xa4, &der(0x18, b"20261121180000Z")),
            der(0xa6, &der(INTEGER, &[code])),
            der(0xab, &der(0x1b, b"BECAUSE\n")),
        ];
        with_length(&der(ERROR, &der(SEQUENCE, &fields.concat())))
    }

    fn failure(code: u8) -> Failure {
        KdcError::of(&error(code)).expect("an error").into_failure("svc@CENSUS.TEST", "HTTP/hv")
    }

    #[test]
    fn only_what_is_about_the_account_is_held_against_the_credential() {
        for code in 0..=127 {
            let refused = failure(code).kind == FailureKind::AuthFailed;
            assert_eq!(refused, [1, 6, 18, 23, 24].contains(&code), "{code}");
        }
        assert_eq!(failure(7).retry, Retry::Never);
        assert_eq!(failure(7).message, "the kdc knows no service HTTP/hv (kerberos error 7: BECAUSE)");
        assert!(failure(37).message.contains("the kdc says it is 20261121180000Z"));
    }

    #[test]
    fn an_answer_that_is_cut_or_no_error_is_none() {
        let whole = error(24);
        for cut in 0..whole.len() {
            assert_eq!(KdcError::of(&whole[..cut]), None, "cut at {cut}");
        }
        assert_eq!(KdcError::of(&with_length(&der(0x6b, b"an as-rep"))), None);
    }

    /// A KDC that says this once, whatever it is asked.
    async fn kdc(answer: Vec<u8>) -> (Kdc, tokio::task::JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            stream.read_exact(&mut [0; 8]).await.expect("a question");
            stream.write_all(&answer).await.expect("heard");
        });
        (Kdc { host: "127.0.0.1".to_owned(), port }, serving)
    }

    #[tokio::test]
    async fn the_next_kdc_is_asked_when_one_does_not_answer() {
        let gone = Kdc { host: "127.0.0.1".to_owned(), port: 1 };
        let (dumb, _serving) = kdc(Vec::new()).await;
        let (good, _serving_too) = kdc(with_length(b"tickets")).await;
        let question = with_length(b"who?");
        let answer = ask(&[gone.clone(), dumb, good], Duration::from_secs(60), &question).await;
        assert_eq!(answer, Ok(with_length(b"tickets")));
        let silent = ask(&[gone], Duration::from_secs(60), &question).await.expect_err("nobody");
        assert_eq!(silent.kind, FailureKind::NoTicket);
        assert!(silent.message.starts_with("no kdc answered: tcp://127.0.0.1:1: "), "{silent}");
    }

    #[tokio::test]
    async fn what_claims_to_send_a_gibibyte_is_no_kdc() {
        let (liar, _serving) = kdc((1_u32 << 30).to_be_bytes().to_vec()).await;
        let refused = ask_one(&liar, Duration::from_secs(60), &with_length(b"who?")).await;
        assert_eq!(refused, Err("what answers is no kdc".to_owned()));
    }
}
