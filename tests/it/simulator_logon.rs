//! Logons on simulated hosts: who gets in, and what may be said then.

use lustrum::model::credential::Secret;
use lustrum::simulator::acceptor::{Acceptor, Progress};
use lustrum::simulator::account::Account;
use lustrum::simulator::fault::Fault;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::running::Simulator;

use crate::world::ntlm_client::{HttpConnection, NtlmClient};

const SEALED: &str = "Content-Type: multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";\
                      boundary=\"Encrypted Boundary\"\r\n";

fn account() -> Account {
    Account::new("census", Secret::new("census".into()), "HV-BER-01")
}

/// Carries the tokens of a bare NTLM logon between a client and an acceptor.
fn handshake(mut client: NtlmClient, bindings: Option<Vec<u8>>, alter: impl Fn(&mut Vec<u8>)) -> Progress {
    let negotiate = client.token(&[]);
    let mut acceptor = Acceptor::for_token(&negotiate, &account(), bindings).unwrap();
    let Progress::Continue(challenge) = acceptor.take(&negotiate) else { panic!("no challenge") };
    let mut authenticate = client.token(&challenge);
    alter(&mut authenticate);
    acceptor.take(&authenticate)
}

fn is_refused(progress: &Progress) -> bool {
    matches!(progress, Progress::Refused(_))
}

/// SEC_CHANNEL_BINDINGS with this application data.
fn bindings(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[24..28].copy_from_slice(&(data.len() as u32).to_le_bytes());
    bytes[28..32].copy_from_slice(&32u32.to_le_bytes());
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn the_account_is_known_by_its_names_only() {
    for domain in [None, Some("CENSUS"), Some("census"), Some("HV-BER-01")] {
        let client = NtlmClient::new("census", domain, "census");
        assert_eq!(handshake(client, None, |_| {}), Progress::Accepted(None), "{domain:?}");
    }
    assert_eq!(handshake(NtlmClient::new("CENSUS", None, "census"), None, |_| {}), Progress::Accepted(None));
    assert!(is_refused(&handshake(NtlmClient::new("census", Some("OTHER"), "census"), None, |_| {})));
    assert!(is_refused(&handshake(NtlmClient::new("somebody", None, "census"), None, |_| {})));
    assert!(is_refused(&handshake(NtlmClient::new("census", None, "Census"), None, |_| {})));
}

#[test]
fn a_message_without_integrity_code_is_refused() {
    // MsvAvFlags, four bytes long, with "a MIC is provided" taken out: the password is right.
    let without_mic = |message: &mut Vec<u8>| {
        let flags = [6, 0, 4, 0, 2, 0, 0, 0];
        let at = message.windows(8).position(|window| window == flags).unwrap();
        message[at + 4] = 0;
    };
    assert!(is_refused(&handshake(NtlmClient::new("census", None, "census"), None, without_mic)));
}

#[test]
fn channel_bindings_count_when_they_are_given() {
    let ours = bindings(b"tls-server-end-point:ours");
    let with = |given: Option<Vec<u8>>| {
        let mut client = NtlmClient::new("census", None, "census");
        client.channel_bindings = given;
        handshake(client, Some(ours.clone()), |_| {})
    };
    assert_eq!(with(Some(ours.clone())), Progress::Accepted(None));
    assert_eq!(with(None), Progress::Accepted(None));
    assert!(is_refused(&with(Some(bindings(b"tls-server-end-point:somebody in between")))));
}

#[test]
fn what_one_side_seals_the_other_opens() {
    let mut client = NtlmClient::new("census", None, "census");
    let negotiate = client.token(&[]);
    let mut acceptor = Acceptor::for_token(&negotiate, &account(), None).unwrap();
    let Progress::Continue(challenge) = acceptor.take(&negotiate) else { panic!("no challenge") };
    assert_eq!(acceptor.take(&client.token(&challenge)), Progress::Accepted(None));
    for text in ["first", "second", ""] {
        let (signature, sealed) = client.seal(text.as_bytes());
        assert_eq!(acceptor.open(&signature, &sealed).unwrap(), text.as_bytes());
    }
    let (mut signature, sealed) = client.seal(b"third");
    signature[5] ^= 1;
    assert!(acceptor.open(&signature, &sealed).is_err());
}

#[tokio::test]
async fn a_body_in_clear_is_refused_without_a_word() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    let mut connection = HttpConnection::to(fleet.hosts()[0].address()).await;
    let mut client = NtlmClient::new("census", None, "census");
    assert_eq!(connection.log_on("Negotiate", &mut client).await, 200);
    let answer = connection.post("Content-Type: application/soap+xml\r\n", b"<s:Envelope/>").await;
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    assert_eq!((fleet.tally().logons_attempted, fleet.tally().logons_refused), (1, 0));
}

#[tokio::test]
async fn a_frame_that_windows_would_not_read_is_answered_400() {
    let fleet = Simulator::start(FleetSpec::new(1, 1, 7)).await.unwrap();
    for (before_closing, status) in [("", 500), ("\r\n", 400)] {
        let mut connection = HttpConnection::to(fleet.hosts()[0].address()).await;
        let mut client = NtlmClient::new("census", None, "census");
        assert_eq!(connection.log_on("NTLM", &mut client).await, 200);
        let envelope =
            "<s:Envelope><s:Header><Action>urn:none</Action><MessageID>1</MessageID></s:Header></s:Envelope>";
        let (signature, sealed) = client.seal(envelope.as_bytes());
        let head = format!(
            "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
             \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={}\r\n--Encrypted Boundary\r\n\
             \tContent-Type: application/octet-stream\r\n",
            envelope.len()
        );
        let tail = format!("{before_closing}--Encrypted Boundary--\r\n");
        let body = [head.as_bytes(), &16u32.to_le_bytes(), &signature, &sealed, tail.as_bytes()].concat();
        assert_eq!(connection.post(SEALED, &body).await.status, status, "{before_closing:?}");
    }
}

#[tokio::test]
async fn refused_logons_are_counted_once_each() {
    let spec = FleetSpec::new(2, 1, 7).with_fault(1, Fault::WrongPassword);
    let fleet = Simulator::start(spec).await.unwrap();
    for (host, password, status) in [(0, "census", 200), (0, "wrong", 401), (1, "census", 401)] {
        let mut connection = HttpConnection::to(fleet.hosts()[host].address()).await;
        let mut client = NtlmClient::new("census", None, password);
        assert_eq!(connection.log_on("Negotiate", &mut client).await, status);
    }
    let tally = fleet.tally();
    assert_eq!((tally.logons_attempted, tally.logons_refused), (3, 2));
}
