//! Webhooks and e-mail over real sockets: what is sent, when it is tried again, and what is
//! never told.

use std::net::{IpAddr, Ipv4Addr};

use lustrum::model::credential::Secret;
use lustrum::notify::courier::{Courier, Undelivered, Way};
use lustrum::notify::mail::{BODY, Mail, Post, Protection, SUBJECT};
use lustrum::notify::notice::Occasion;
use lustrum::notify::template::Text;
use lustrum::notify::webhook::{Format, Webhook};
use lustrum::simulator::tls::Authority;
use tokio_rustls::TlsAcceptor;

use crate::world::notices::{courier, hosts_not_ok, plain};
use crate::world::post_office::{PostOffice, Rules};
use crate::world::receiver::{Receiver, Reply};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OK: Reply = Reply::Answer(200, &[], "ok");

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn webhook(url: &str, ca_pem: Option<&str>) -> Webhook {
    let headers = vec![("Authorization".to_owned(), secret("Bearer T0KEN-of-the-header"))];
    let (document, escape) = (Format::Slack.document(), Format::Slack.escape());
    Webhook::new(secret(url), headers, ca_pem.map(str::as_bytes), (document, escape)).unwrap()
}

async fn deliver(receiver: &Receiver, attempts: u32) -> Result<(), Undelivered> {
    courier(Way::Webhook(webhook(&receiver.url(), None)), attempts).deliver(&hosts_not_ok("<down>")).await
}

#[tokio::test]
async fn a_webhook_is_a_post_of_json() {
    let receiver = Receiver::replying(&[OK]).await;
    deliver(&receiver, 1).await.unwrap();
    let [received] = &receiver.received()[..] else { panic!() };
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook/T0KEN-of-the-url"));
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["authorization"], "Bearer T0KEN-of-the-header");
    assert!(received.headers["user-agent"].to_str().unwrap().starts_with("lustrum/"));
    let body: serde_json::Value = serde_json::from_str(&received.body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("*nightly: 1 of 3 hosts are not OK*\nslot 20261121T060000.000Z"), "{text}");
    assert!(text.contains("hv-03  Inventory Error  unreachable: &lt;down&gt;"), "{text}");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_stays_is_not() {
    let limited = Reply::Answer(429, &[("retry-after", "0")], "");
    for (replies, attempts, requests, error) in [
        (vec![Reply::Answer(503, &[], "busy"), OK], 2, 2, None),
        (vec![limited.clone(), OK], 2, 2, None),
        (vec![Reply::Answer(408, &[], ""), OK], 2, 2, None),
        (vec![Reply::Lost, OK], 2, 2, None),
        (vec![Reply::Answer(503, &[], "busy")], 2, 2, Some("http 503: busy (2 tries)")),
        (vec![Reply::Answer(400, &[], "invalid_payload")], 3, 1, Some("http 400: invalid_payload (1 tries)")),
        (vec![Reply::Answer(404, &[], ""), OK], 3, 1, Some("http 404 (1 tries)")),
        (
            vec![Reply::Answer(302, &[("location", "/elsewhere")], ""), OK],
            3,
            1,
            Some("http 302: it sends us elsewhere (1 tries)"),
        ),
    ] {
        let receiver = Receiver::replying(&replies).await;
        let told = deliver(&receiver, attempts).await.err().map(|error| error.to_string());
        assert_eq!(told.as_deref(), error, "{replies:?}");
        assert_eq!(receiver.received().len(), requests, "{replies:?}");
    }
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    // A receiver that says back what it was told.
    for body in ["no such T0KEN-of-the-url here", "you said: Bearer T0KEN-of-the-header"] {
        let receiver = Receiver::replying(&[Reply::Answer(403, &[], body)]).await;
        assert_eq!(deliver(&receiver, 1).await.unwrap_err().why, "http 403");
    }
    let nobody = Receiver::replying(&[OK]).await.url();
    let way = Way::Webhook(webhook(&nobody, None));
    let error = courier(way, 1).deliver(&hosts_not_ok("")).await.unwrap_err().to_string();
    assert!(!error.contains("T0KEN") && error.contains("onnect"), "{error}");
    let shown = format!("{:?}", courier(Way::Webhook(webhook(&nobody, None)), 1));
    assert!(!shown.contains("T0KEN"), "{shown}");
}

#[tokio::test]
async fn a_receiver_of_the_house_is_trusted_by_its_authority_only() {
    let authority = Authority::new().unwrap();
    let certificates = authority.certify("hooks", LOCALHOST).unwrap();
    let receiver = Receiver::over_tls(certificates.acceptor().clone()).await;
    let url = format!("https://{}/", receiver.address);
    let known = courier(Way::Webhook(webhook(&url, Some(authority.pem()))), 1);
    known.deliver(&hosts_not_ok("")).await.unwrap();
    let stranger = courier(Way::Webhook(webhook(&url, None)), 1);
    let error = stranger.deliver(&hosts_not_ok("")).await.unwrap_err();
    assert!(error.why.contains("certificate"), "{error}");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_never_answers_costs_no_more_than_the_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = Way::Webhook(webhook(&format!("http://{}/", listener.local_addr().unwrap()), None));
    let courier = Courier { timeout: std::time::Duration::from_millis(50), ..courier(way, 2) };
    let error = courier.deliver(&hosts_not_ok("")).await.unwrap_err();
    assert_eq!(error.to_string(), "no answer within 50ms (2 tries)");
}

fn post(office: &PostOffice, protection: Protection, ca_pem: Option<&str>) -> Post {
    Post {
        server: office.address.ip().to_string(),
        port: office.address.port(),
        protection,
        login: None,
        ca_pem: ca_pem.map(Into::into),
        from: "Lustrum <census@example.com>".parse().unwrap(),
        to: vec!["ops@example.com".parse().unwrap(), "more@example.org".parse().unwrap()],
        subject: Text::parse(SUBJECT).unwrap(),
        body: Text::parse(BODY).unwrap(),
        timeout: std::time::Duration::from_secs(60),
    }
}

fn mail(post: Post, attempts: u32) -> Courier {
    courier(Way::Mail(Box::new(Mail::new(post).unwrap())), attempts)
}

fn tls() -> (Authority, TlsAcceptor) {
    let authority = Authority::new().unwrap();
    let acceptor = authority.certify("mail", LOCALHOST).unwrap().acceptor().clone();
    (authority, acceptor)
}

#[tokio::test]
async fn a_letter_says_what_happened() {
    let office = PostOffice::open(Rules::default()).await;
    let courier = mail(post(&office, Protection::None, None), 1);
    courier.deliver(&hosts_not_ok("connection refused")).await.unwrap();
    let [letter] = &office.letters()[..] else { panic!() };
    assert_eq!(letter.from, "census@example.com");
    assert_eq!(letter.to, ["ops@example.com", "more@example.org"]);
    for line in [
        "Subject: [lustrum] nightly: 1 of 3 hosts are not OK\r\n",
        "From: Lustrum <census@example.com>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Date: Sat, 21 Nov 2026 06:01:30 +0000\r\n",
        "hv-03  Inventory Error  unreachable: connection refused\r\n",
        "out/runs/nightly/20261121T060000.000Z/manifest.json\r\n",
    ] {
        assert!(letter.text.contains(line), "{line}{}", letter.text);
    }
}

/// A cause may hold what a header must not.
#[tokio::test]
async fn no_sentence_becomes_a_header() {
    let office = PostOffice::open(Rules::default()).await;
    let notice = plain(Occasion::NotRecorded, "full\r\nBcc: eve@example.com\r\n\r\nhello ä");
    mail(post(&office, Protection::None, None), 1).deliver(&notice).await.unwrap();
    let letter = office.letters().remove(0);
    assert_eq!(letter.to.len(), 2);
    let (head, _) = letter.text.split_once("\r\n\r\n").unwrap();
    assert!(head.lines().all(|line| !line.starts_with("Bcc")), "{head}");
}

#[tokio::test]
async fn a_password_is_told_inside_of_tls_only() {
    const LOGIN: &str = "census\0T0KEN-of-the-mail";
    for (implicit, protection) in [(false, Protection::Starttls), (true, Protection::Tls)] {
        let (authority, acceptor) = tls();
        let rules = Rules { tls: Some(acceptor), implicit, login: Some(LOGIN), replies: Vec::new() };
        let office = PostOffice::open(rules).await;
        let mut with_login = post(&office, protection, Some(authority.pem()));
        with_login.login = Some(("census".to_owned(), secret("T0KEN-of-the-mail")));
        mail(with_login.clone(), 1).deliver(&hosts_not_ok("")).await.unwrap();
        assert!(office.letters()[0].sealed);
        // One who is not known is told so, once.
        with_login.login = Some(("census".to_owned(), secret("T0KEN-of-another")));
        let error = mail(with_login.clone(), 3).deliver(&hosts_not_ok("")).await.unwrap_err();
        assert_eq!((error.tries, error.to_string().contains("T0KEN")), (1, false), "{error}");
        assert!(error.why.contains("who are you"), "{error}");
        // A server whose certificate nobody vouches for hears nothing.
        with_login.ca_pem = None;
        let error = mail(with_login, 1).deliver(&hosts_not_ok("")).await.unwrap_err();
        assert!(error.why.contains("certificate"), "{error}");
        assert_eq!(office.letters().len(), 1);
        assert!(!office.overheard().contains("AUTH") && !office.overheard().contains("MAIL"));
    }
    // A server, or somebody between, that offers no TLS gets no letter.
    let office = PostOffice::open(Rules::default()).await;
    let (authority, _) = tls();
    let mut demanding = post(&office, Protection::Starttls, Some(authority.pem()));
    demanding.login = Some(("census".to_owned(), secret("T0KEN-of-the-mail")));
    mail(demanding, 1).deliver(&hosts_not_ok("")).await.unwrap_err();
    assert!(office.letters().is_empty() && !office.overheard().contains("AUTH"), "{}", office.overheard());
}

#[tokio::test]
async fn a_busy_office_is_asked_again_with_the_same_letter() {
    let rules = Rules { replies: vec!["451 4.3.2 later"], ..Rules::default() };
    let office = PostOffice::open(rules).await;
    mail(post(&office, Protection::None, None), 2).deliver(&hosts_not_ok("")).await.unwrap();
    let letters = office.letters();
    assert_eq!((letters.len(), &letters[0].text), (2, &letters[1].text));
    let rules = Rules { replies: vec!["554 5.7.1 no"], ..Rules::default() };
    let office = PostOffice::open(rules).await;
    let error = mail(post(&office, Protection::None, None), 3).deliver(&hosts_not_ok("")).await.unwrap_err();
    assert_eq!((error.tries, error.why.contains("5.7.1 no")), (1, true), "{error}");
}
