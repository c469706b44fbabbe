//! URLs, redirections and requests, as they are written and as they are sent.

use lustrum::transport::http::endpoint::{Endpoint, Origin};
use lustrum::transport::http::request::Rendered;

#[test]
fn a_url_is_an_origin_and_a_target() {
    let cases = [
        ("http://example.com", "http://example.com/", "example.com", 80),
        ("HTTPS://Example.COM:443/A?b=c#d", "https://example.com/A?b=c", "example.com", 443),
        ("http://10.0.0.1:8080/x y/{z}", "http://10.0.0.1:8080/x%20y/%7Bz%7D", "10.0.0.1", 8080),
        ("http://[::1]:9090?q=ü", "http://[::1]:9090/?q=%C3%BC", "::1", 9090),
        ("https://[fe80::1]/", "https://[fe80::1]/", "fe80::1", 443),
    ];
    for (url, shown, host, port) in cases {
        let endpoint = Endpoint::parse(url).unwrap();
        assert_eq!(endpoint.to_string(), shown);
        assert_eq!((endpoint.origin.host.as_str(), endpoint.origin.port), (host, port));
    }
}

#[test]
fn what_is_wrong_with_a_url_is_said_and_never_its_password() {
    let cases = [
        ("example.com:8080/x", "has no scheme: expected http://example.com:8080/x or https://"),
        ("/health", "has no scheme"),
        ("ftp://example.com", "\"ftp\" is none of http, https"),
        ("http://", "names no host"),
        ("http://a:0", "no number from 1 to 65535"),
        ("http://a:99999", "no number from 1 to 65535"),
        ("http://a:b", "no number from 1 to 65535"),
        ("http://[::1", "bracket without end"),
        ("http://[nonsense]/", "no IPv6 address"),
        ("http://exämple.com/", "punycode"),
        ("http://a b/", "is no host name"),
        ("http://a/\r\nX: y", "0x0d cannot stand in a URL"),
        ("https://scott:tiger@example.com/", "\"example.com\" holds a user or password"),
    ];
    for (url, said) in cases {
        let error = Endpoint::parse(url).unwrap_err().to_string();
        assert!(error.contains(said), "{url}: {error}");
        assert!(!error.contains("tiger"), "{error}");
    }
}

/// RFC 3986 §5.4, as far as HTTP goes.
#[test]
fn a_redirection_is_read_from_where_it_was_met() {
    let base = Endpoint::parse("http://a/b/c/d;p?q").unwrap();
    let cases = [
        ("g", "http://a/b/c/g"),
        ("./g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g:81", "http://g:81/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y#s", "http://a/b/c/g?y"),
        ("", "http://a/b/c/d;p?q"),
        ("..", "http://a/b/"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("g?y=./x", "http://a/b/c/g?y=./x"),
        ("https://h/i", "https://h/i"),
        ("/a?u=http://x", "http://a/a?u=http://x"),
    ];
    for (reference, expected) in cases {
        assert_eq!(base.join(reference).unwrap().to_string(), expected, "{reference}");
    }
    assert!(base.join("javascript:alert(1)").is_err());
}

#[test]
fn a_request_is_these_bytes() {
    let endpoint = Endpoint::parse("http://[::1]:8080/a?b=1").unwrap();
    let headers = [("Accept".to_owned(), "text/plain".to_owned()), ("X-Y".to_owned(), "z".to_owned())];
    let sent = |method, headers: &[(String, String)], body| {
        String::from_utf8(Rendered::new(method, &endpoint, headers, body).unwrap().bytes().to_vec()).unwrap()
    };
    let agent = format!("User-Agent: lustrum/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        sent("GET", &headers, None),
        format!("GET /a?b=1 HTTP/1.1\r\nHost: [::1]:8080\r\n{agent}Accept: text/plain\r\nX-Y: z\r\n\r\n")
    );
    let post = sent("POST", &[], Some(b"{}"));
    assert!(post.ends_with("Accept: */*\r\nContent-Length: 2\r\n\r\n{}"), "{post}");
    assert!(sent("POST", &[], None).ends_with("Content-Length: 0\r\n\r\n"));
}

#[test]
fn a_request_cannot_be_made_two() {
    let endpoint = Endpoint::parse("http://a/").unwrap();
    let refused = |method: &str, name: &str, value: &str| {
        let header = (name.to_owned(), value.to_owned());
        Rendered::new(method, &endpoint, &[header], None).unwrap_err().to_string()
    };
    assert!(refused("GET / HTTP/1.1\r\nX:", "A", "b").contains("is no method"));
    assert!(refused("GET", "A: b\r\nC", "d").contains("is no header name"));
    let error = refused("GET", "Authorization", "secret\r\nX: y");
    assert!(error.starts_with("header Authorization") && !error.contains("secret"), "{error}");
    assert!(refused("GET", "Content-Length", "7").contains("follows from the body"));
    assert!(Origin::split("http://a").is_ok());
}
