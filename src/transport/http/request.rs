//! A request as the bytes that are sent, rendered once.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use crate::transport::http::endpoint::Endpoint;

const AGENT: &str = concat!("lustrum/", env!("CARGO_PKG_VERSION"));

/// A whole HTTP/1.1 request.
#[derive(Clone, Debug)]
pub struct Rendered {
    bytes: Vec<u8>,
    is_head: bool,
}

/// What cannot be sent; a lowercase fragment without the header's value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRequest(pub String);

impl Rendered {
    /// With `Host`, `User-Agent` and `Accept` unless they are given, and `Content-Length` where
    /// there is a body or a server expects one.
    pub fn new(
        method: &str,
        endpoint: &Endpoint,
        headers: &[(String, String)],
        body: Option<&[u8]>,
    ) -> Result<Self, BadRequest> {
        let mut rendered = Self::empty(method);
        head(&mut rendered.bytes, method, endpoint, headers)?;
        rendered.close(method, body);
        Ok(rendered)
    }

    /// Nothing yet: `bytes_mut` is filled by whoever renders again and again.
    pub fn empty(method: &str) -> Self {
        Self { bytes: Vec::with_capacity(512), is_head: method == "HEAD" }
    }

    /// Empty again, with its memory, for another method.
    pub fn reset(&mut self, method: &str) {
        self.bytes.clear();
        self.is_head = method == "HEAD";
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Its answer has no body.
    pub fn is_head(&self) -> bool {
        self.is_head
    }

    /// Ends the headers and adds the body.
    fn close(&mut self, method: &str, body: Option<&[u8]>) {
        let length = body.map_or(0, <[u8]>::len);
        if body.is_some() || has_length_without_body(method) {
            self.bytes.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
        }
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes.extend_from_slice(body.unwrap_or_default());
    }
}

/// The request line and the headers, without the lines that depend on the body and without the
/// empty line at the end.
fn head(
    into: &mut Vec<u8>,
    method: &str,
    endpoint: &Endpoint,
    headers: &[(String, String)],
) -> Result<(), BadRequest> {
    check(method, headers)?;
    let has = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let mut line = |text: String| into.extend_from_slice(text.as_bytes());
    line(format!("{method} {} HTTP/1.1\r\n", endpoint.target));
    for (name, value) in defaults(&endpoint.origin.authority()) {
        if !has(name) {
            line(format!("{name}: {value}\r\n"));
        }
    }
    for (name, value) in headers {
        line(format!("{name}: {value}\r\n"));
    }
    Ok(())
}

/// Headers that every request has unless its own say otherwise.
pub fn defaults(authority: &str) -> [(&'static str, String); 3] {
    [("Host", authority.to_owned()), ("User-Agent", AGENT.to_owned()), ("Accept", "*/*".to_owned())]
}

/// What is wrong with a method and headers, whatever the target and the body.
pub fn check(method: &str, headers: &[(String, String)]) -> Result<(), BadRequest> {
    if Method::from_bytes(method.as_bytes()).is_err() || method == "CONNECT" {
        return Err(BadRequest(format!("{method:?} is no method that can be sent")));
    }
    for (name, value) in headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| BadRequest(format!("{name:?} is no header name")))?;
        if HeaderValue::from_str(value).is_err() {
            return Err(BadRequest(format!("header {name}: its value holds characters that cannot be sent")));
        }
        if ["content-length", "transfer-encoding"].contains(&header.as_str()) {
            return Err(BadRequest(format!("header {name} follows from the body and cannot be given")));
        }
    }
    Ok(())
}

/// Methods whose servers wait for a length also where there is no body (RFC 9110 §8.6).
pub fn has_length_without_body(method: &str) -> bool {
    matches!(method, "POST" | "PUT" | "PATCH")
}
