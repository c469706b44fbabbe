//! What an operator reads when an S3 store says no, and what a request to one looks like.
//!
//! The answers are those of Amazon's "Error responses" (S3 API reference).

use std::time::Duration;

use lustrum::model::credential::Secret;
use lustrum::output::layout::Key;
use lustrum::output::probe::probe;
use lustrum::output::s3::{Addressing, Keys, S3Access, open};
use lustrum::output::store::{PutNew, Store};

use crate::world::s3_stub::S3Stub;

const SENTINEL: &str = "sentinel-hunter2-5f3a";

fn access(endpoint: &str) -> S3Access {
    S3Access {
        endpoint: Some(endpoint.to_owned()),
        keys: Some(Keys {
            access_key: Secret::new("AKIDEXAMPLE".to_owned()),
            secret_key: Secret::new(SENTINEL.to_owned()),
            session_token: Some(Secret::new(format!("token-{SENTINEL}"))),
        }),
        retries: 0,
        request_timeout: Duration::from_secs(60),
        ..S3Access::default()
    }
}

fn store(endpoint: &str) -> Store {
    open("s3://census/prod", &access(endpoint)).unwrap()
}

fn answer(code: &str, rest: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>In the store's words.</Message>{rest}</Error>"
    )
}

/// What the probe of a run says when the store answers everything like this.
async fn told(status: &str, body: &str) -> String {
    let stub = S3Stub::answering(status, body).await;
    let told = probe(&store(&stub.endpoint), 7).await.unwrap_err().to_string();
    assert!(!told.contains(SENTINEL) && !told.contains('<'), "{told}");
    told.strip_prefix("cannot write s3://census/prod/probe/0000000000000007-0-twice: ")
        .or_else(|| told.strip_prefix("cannot write s3://census/prod/probe/0000000000000007-2-twice: "))
        .unwrap_or_else(|| panic!("{told}"))
        .to_owned()
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let cases = [
        ("403 Forbidden", answer("InvalidAccessKeyId", ""), "the store does not know the access key"),
        (
            "403 Forbidden",
            answer("SignatureDoesNotMatch", ""),
            "the secret key is wrong: the store computes another signature",
        ),
        ("400 Bad Request", answer("ExpiredToken", ""), "the session token is not valid, or no longer"),
        (
            "403 Forbidden",
            answer("RequestTimeTooSkewed", "<ServerTime>2026-11-21T06:00:00Z</ServerTime>"),
            "this machine's clock and the store's are too far apart: there it is 2026-11-21T06:00:00Z",
        ),
        ("404 Not Found", answer("NoSuchBucket", ""), "there is no such bucket"),
        ("403 Forbidden", answer("AccessDenied", ""), "permission denied"),
        ("403 Forbidden", String::new(), "permission denied"),
        (
            "400 Bad Request",
            answer("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
            "the bucket is in another region or behind another endpoint: eu-west-1; see store.region and store.endpoint",
        ),
        (
            "301 Moved Permanently",
            answer("PermanentRedirect", ""),
            "the bucket is in another region or behind another endpoint; see store.region and store.endpoint",
        ),
        ("501 Not Implemented", answer("NotImplemented", ""), "NotImplemented: In the store's words."),
    ];
    for (status, body, expected) in cases {
        assert_eq!(told(status, &body).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_unreachable() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    let error = probe(&store(&closed), 7).await.unwrap_err().to_string();
    assert!(error.contains("the store cannot be reached: "), "{error}");
}

#[tokio::test]
async fn a_missing_bucket_is_no_empty_store() {
    let stub = S3Stub::answering("404 Not Found", &answer("NoSuchBucket", "")).await;
    let store = store(&stub.endpoint);
    let key = Key::parse("runs/j/latest.json").unwrap();
    assert!(store.get(&key).await.unwrap_err().to_string().ends_with("there is no such bucket"));
    assert!(store.list(&key).await.unwrap_err().to_string().ends_with("there is no such bucket"));
    assert!(matches!(store.put_new(&key, "x").await, PutNew::Unknown(_)));
    let nothing = S3Stub::answering("404 Not Found", &answer("NoSuchKey", "")).await;
    assert_eq!(self::store(&nothing.endpoint).get(&key).await.unwrap(), None);
}

#[tokio::test]
async fn requests_are_signed_conditional_and_never_carry_the_secret() {
    let stub = S3Stub::answering("412 Precondition Failed", &answer("PreconditionFailed", "")).await;
    let key = Key::parse("runs/j/s/manifest.json").unwrap();
    assert!(!store(&stub.endpoint).create(&key, "{}").await.unwrap());
    let asked = stub.asked().join("\n");
    assert!(asked.starts_with("PUT /census/prod/runs/j/s/manifest.json HTTP/1.1\r\n"), "{asked}");
    let headers = asked.to_lowercase();
    assert!(headers.contains("if-none-match: *"), "{asked}");
    assert!(headers.contains("credential=akidexample/") && headers.contains("/us-east-1/s3/"), "{asked}");
    assert_eq!(
        asked.matches(SENTINEL).count(),
        1,
        "the session token is sent, the secret key is not: {asked}"
    );
}

#[tokio::test]
async fn a_bucket_may_stand_in_the_host_name() {
    let stub = S3Stub::answering("404 Not Found", &answer("NoSuchKey", "")).await;
    // `*.localhost` is this machine wherever names are resolved (RFC 6761, section 6.3).
    let by_name = stub.endpoint.replace("127.0.0.1", "localhost");
    let access = S3Access {
        addressing: Some(Addressing::VirtualHost),
        region: Some("eu-central-1".to_owned()),
        proxy: Some(stub.endpoint.clone()),
        ..access(&by_name)
    };
    let store = open("s3://census", &access).unwrap();
    assert_eq!(store.get(&Key::parse("a").unwrap()).await.unwrap(), None);
    let asked = stub.asked().join("\n");
    // Over a proxy the request line names the whole place.
    assert!(asked.starts_with("GET http://census.localhost:"), "{asked}");
    assert!(asked.contains("/eu-central-1/s3/"), "{asked}");
}

#[test]
fn a_root_says_where_it_is_and_its_access_shows_no_secret() {
    let access = access("https://minio.example:9000");
    for (root, shown) in [
        ("s3://census", "s3://census/a"),
        ("s3://census/", "s3://census/a"),
        ("s3://census/prod/hv/", "s3://census/prod/hv/a"),
    ] {
        assert_eq!(open(root, &access).unwrap().shown(&Key::parse("a").unwrap()), shown);
    }
    for root in ["s3://", "s3:///prefix", "s3://census/../x", "gopher://x"] {
        assert!(open(root, &access).is_err(), "{root}");
    }
    assert!(!format!("{access:?}").contains(SENTINEL));
    let untrusted = S3Access { ca_pem: Some(b"-----BEGIN CERTIFICATE-----\nx\n".to_vec()), ..access };
    assert!(open("s3://census", &untrusted).is_err());
}
