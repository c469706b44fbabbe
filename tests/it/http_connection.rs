//! Exchanges over real sockets and over bytes by hand: phases, reuse, and what each loss is called.

use std::time::Duration;

use lustrum::model::target::Trust;
use lustrum::simulator::tls::Authority;
use lustrum::time::clock::Clock;
use lustrum::transport::http::connection::{Connection, Exchange, Patience};
use lustrum::transport::http::connector::{Connector, Dialling};
use lustrum::transport::http::endpoint::Endpoint;
use lustrum::transport::http::error::{ErrorClass, HttpError};
use lustrum::transport::http::request::Rendered;
use lustrum::transport::http::sink::Keep;
use lustrum::transport::http::stream::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::world::receiver::{Receiver, Reply};

const LONG: Patience = Patience::whole(Duration::from_secs(600));
const MS: Duration = Duration::from_millis(1);

fn clock() -> Clock {
    Clock::system()
}

fn get(url: &str) -> Rendered {
    Rendered::new("GET", &Endpoint::parse(url).unwrap(), &[], None).unwrap()
}

async fn dial(url: &str, trust: &Trust) -> (Dialling, Result<Stream, HttpError>) {
    let origin = Endpoint::parse(url).unwrap().origin;
    let connector = Connector::new(origin, trust, &[], Duration::from_secs(300)).unwrap();
    connector.connect(&clock()).await
}

async fn open(url: &str) -> Connection<Stream> {
    Connection::over(dial(url, &Trust::default()).await.1.unwrap(), clock())
}

/// Over a connection whose far end is played by `far`.
async fn played<F, E>(request: &Rendered, patience: Patience, far: F) -> (Exchange, Keep, bool)
where
    F: FnOnce(DuplexStream) -> E,
    E: Future<Output = ()> + Send + 'static,
{
    let (near, end) = duplex(64 * 1024);
    let mut playing = JoinSet::new();
    playing.spawn(far(end));
    let mut connection = Connection::over(near, clock());
    let mut keep = Keep::up_to(10);
    let exchange = connection.exchange(request, &mut keep, clock().instant(), patience).await;
    (exchange, keep, connection.is_usable())
}

async fn say(far: &mut DuplexStream, text: &str) {
    far.write_all(text.as_bytes()).await.unwrap();
}

/// Reads until the request's head has come.
async fn listen(far: &mut DuplexStream) {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(far.read_u8().await.unwrap());
    }
}

fn class(exchange: &Exchange) -> Option<ErrorClass> {
    exchange.outcome.as_ref().err().map(|error| error.class)
}

#[tokio::test]
async fn a_connection_carries_one_exchange_after_the_other() {
    let replies = [
        Reply::Answer(200, &[("X-One", "1")], "hello"),
        Reply::Answer(204, &[], ""),
        Reply::Answer(404, &[], "no"),
        Reply::Answer(200, &[("Connection", "close")], "bye"),
    ];
    let receiver = Receiver::replying(&replies).await;
    let url = format!("http://{}/a?b=c", receiver.address);
    let mut connection = open(&url).await;
    let endpoint = Endpoint::parse(&url).unwrap();
    let post = Rendered::new("POST", &endpoint, &[], Some(b"{\"a\":1}")).unwrap();
    let mut statuses = Vec::new();
    for expected in ["hello", "", "no", "bye"] {
        assert!(connection.is_usable());
        let mut keep = Keep::up_to(100);
        let exchange = connection.exchange(&post, &mut keep, clock().instant(), LONG).await;
        exchange.outcome.unwrap();
        assert_eq!(String::from_utf8(keep.body).unwrap(), expected);
        assert!(exchange.began <= exchange.written.unwrap());
        assert!(exchange.written <= exchange.first_byte && exchange.first_byte.unwrap() <= exchange.ended);
        assert_eq!(exchange.sent_bytes, post.bytes().len() as u64);
        assert_eq!(exchange.body_bytes, expected.len() as u64);
        assert!(exchange.received_bytes > exchange.body_bytes);
        statuses.push(exchange.status.unwrap());
    }
    assert_eq!(statuses, [200, 204, 404, 200]);
    assert!(!connection.is_usable() && connection.exchanges() == 4);
    let received = receiver.received();
    assert_eq!((received[0].path.as_str(), received[3].body.as_str()), ("/a", "{\"a\":1}"));
}

#[tokio::test]
async fn the_answer_to_a_head_has_no_body() {
    let receiver = Receiver::replying(&[Reply::Answer(200, &[], "five!")]).await;
    let url = format!("http://{}/", receiver.address);
    let mut connection = open(&url).await;
    let head = Rendered::new("HEAD", &Endpoint::parse(&url).unwrap(), &[], None).unwrap();
    for request in [head, get(&url)] {
        let mut keep = Keep::up_to(100);
        connection.exchange(&request, &mut keep, clock().instant(), LONG).await.outcome.unwrap();
        assert_eq!(keep.header("content-length"), Some("5"));
        assert_eq!(keep.body.is_empty(), request.is_head());
    }
}

#[tokio::test]
async fn a_certificate_is_trusted_by_authority_by_pin_or_by_danger_and_not_otherwise() {
    let authority = Authority::new().unwrap();
    let certificates = authority.certify("web", std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
    let receiver = Receiver::over_tls(certificates.acceptor().clone()).await;
    let url = format!("https://{}/", receiver.address);
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, authority.pem()).unwrap();
    let pin = certificates.leaf_sha256();
    let trusting = [
        Trust { ca_bundle: Some(bundle.to_str().unwrap().to_owned()), ..Trust::default() },
        Trust { pin_sha256: Some(pin.clone()), ..Trust::default() },
        Trust { danger_accept_invalid_certs: true, ..Trust::default() },
    ];
    for trust in trusting {
        let (dialling, stream) = dial(&url, &trust).await;
        let mut connection = Connection::over(stream.unwrap(), clock());
        assert!(dialling.dns.is_none() && dialling.connect.is_some() && dialling.tls.is_some());
        assert_eq!(dialling.address, Some(receiver.address));
        let exchange = connection.exchange(&get(&url), &mut Keep::up_to(9), clock().instant(), LONG).await;
        assert_eq!((exchange.status, exchange.outcome), (Some(200), Ok(())));
    }
    let wrong = Trust { pin_sha256: Some(pin.replace(|_| true, "0")), ..Trust::default() };
    for (trust, said) in [(Trust::default(), "UnknownIssuer"), (wrong, "certificate is not the pinned one")] {
        let error = dial(&url, &trust).await.1.unwrap_err();
        assert_eq!(error.class, ErrorClass::Tls);
        assert!(error.message.contains(said), "{error}");
    }
    let absent = Trust { ca_bundle: Some("/absent.pem".to_owned()), ..Trust::default() };
    let origin = Endpoint::parse(&url).unwrap().origin;
    let error = Connector::new(origin, &absent, &[], MS).err().unwrap();
    assert!(error.message.contains("/absent.pem"), "{error}");
}

#[tokio::test]
async fn what_does_not_come_about_has_its_class_and_its_phases() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (dialling, stream) = dial(&format!("http://{address}/"), &Trust::default()).await;
    assert_eq!(stream.unwrap_err().class, ErrorClass::Refused);
    assert!(dialling.connect.is_some() && dialling.tls.is_none());

    let (dialling, stream) = dial("http://name.invalid/", &Trust::default()).await;
    assert_eq!(stream.unwrap_err().class, ErrorClass::Dns);
    assert!(dialling.dns.is_some() && dialling.connect.is_none());

    // TLS to one who speaks none.
    let receiver = Receiver::replying(&[Reply::Lost]).await;
    let (dialling, stream) = dial(&format!("https://{}/", receiver.address), &Trust::default()).await;
    assert_eq!(stream.unwrap_err().class, ErrorClass::Tls);
    assert!(dialling.tls.is_some());

    let url = format!("http://{}/", receiver.address);
    let mut connection = open(&url).await;
    let exchange = connection.exchange(&get(&url), &mut Keep::up_to(9), clock().instant(), LONG).await;
    assert_eq!(class(&exchange), Some(ErrorClass::Reset));
    assert!(exchange.written.is_some() && exchange.first_byte.is_none() && !connection.is_usable());
}

/// Time stands unless somebody waits for it: what is measured is exactly what was waited.
#[tokio::test(start_paused = true)]
async fn each_phase_is_measured_where_it_happens() {
    let (exchange, keep, is_usable) = played(&get("http://a/"), LONG, |mut far| async move {
        listen(&mut far).await;
        tokio::time::sleep(30 * MS).await;
        say(&mut far, "HTTP/1.1 200 OK\r\nContent-").await;
        tokio::time::sleep(20 * MS).await;
        say(&mut far, "Length: 12\r\n\r\nhel").await;
        tokio::time::sleep(50 * MS).await;
        say(&mut far, "lo, world").await;
        std::future::pending().await
    })
    .await;
    assert_eq!(exchange.outcome, Ok(()));
    let first_byte = exchange.first_byte.unwrap();
    assert_eq!(exchange.written.unwrap() - exchange.began, Duration::ZERO);
    assert_eq!((first_byte - exchange.began, exchange.ended - first_byte), (30 * MS, 70 * MS));
    assert_eq!((keep.body.as_slice(), keep.is_cut, is_usable), (&b"hello, wor"[..], true, true));
    assert_eq!(exchange.body_bytes, 12);
}

#[tokio::test(start_paused = true)]
async fn silence_and_the_whole_have_limits_of_their_own() {
    let dribble = |mut far: DuplexStream| async move {
        listen(&mut far).await;
        say(&mut far, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").await;
        loop {
            tokio::time::sleep(80 * MS).await;
            say(&mut far, "x").await;
        }
    };
    let silent = Patience { whole: Duration::from_secs(600), silence: 100 * MS };
    let (exchange, ..) = played(&get("http://a/"), silent, |far| async move {
        let _held = far;
        std::future::pending().await
    })
    .await;
    assert_eq!(class(&exchange), Some(ErrorClass::ReadTimeout));
    assert_eq!(exchange.ended - exchange.began, 100 * MS);
    // Slow, but never silent for so long.
    let (exchange, ..) = played(&get("http://a/"), silent, dribble).await;
    assert_eq!((exchange.outcome, exchange.body_bytes), (Ok(()), 100));
    let (exchange, _, is_usable) = played(&get("http://a/"), Patience::whole(500 * MS), dribble).await;
    assert_eq!(class(&exchange), Some(ErrorClass::ReadTimeout));
    assert_eq!((exchange.status, exchange.body_bytes), (Some(200), 6));
    assert!(exchange.ended - exchange.began == 500 * MS && !is_usable);
}

#[tokio::test]
async fn an_answer_that_ends_early_is_cut_short_and_one_that_goes_on_is_read_no_further() {
    let (exchange, keep, _) = played(&get("http://a/"), LONG, |mut far| async move {
        listen(&mut far).await;
        say(&mut far, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell").await;
    })
    .await;
    assert_eq!((class(&exchange), exchange.status), (Some(ErrorClass::CutShort), Some(200)));
    assert_eq!(
        exchange.outcome.unwrap_err().message,
        "answer was cut short: 5 bytes of its body are missing"
    );
    assert_eq!(keep.body, b"hell");

    let (exchange, _, is_usable) = played(&get("http://a/"), LONG, |mut far| async move {
        listen(&mut far).await;
        say(&mut far, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n").await;
        std::future::pending().await
    })
    .await;
    assert_eq!((exchange.outcome, is_usable), (Ok(()), false));

    let (exchange, ..) = played(&get("http://a/"), LONG, |mut far| async move {
        listen(&mut far).await;
        say(&mut far, "HTTP/1.1 200 OK\r\n").await;
        loop {
            if far.write_all(b"X-Long: 0123456789012345678901234567890123456789\r\n").await.is_err() {
                return;
            }
        }
    })
    .await;
    assert_eq!(class(&exchange), Some(ErrorClass::Malformed));
}

#[tokio::test]
async fn who_refuses_a_request_before_reading_it_is_still_heard() {
    let endpoint = Endpoint::parse("http://a/").unwrap();
    let large = Rendered::new("POST", &endpoint, &[], Some(&vec![b'x'; 1 << 20])).unwrap();
    let (exchange, _, is_usable) = played(&large, LONG, |mut far| async move {
        say(&mut far, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    assert_eq!((exchange.status, exchange.outcome, is_usable), (Some(413), Ok(()), false));
    assert!(exchange.written.is_none());
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_seen_before_the_next_request() {
    let (near, mut far) = duplex(1024);
    let mut connection = Connection::over(near, clock());
    say(&mut far, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let exchange = connection.exchange(&get("http://a/"), &mut Keep::up_to(1), clock().instant(), LONG).await;
    assert!(exchange.outcome.is_ok() && connection.is_usable());
    drop(far);
    assert!(!connection.is_usable());
}
