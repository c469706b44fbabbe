//! URLs as HTTP needs them: where to connect to, and what to ask for there.

use std::fmt;
use std::net::IpAddr;

/// What is dialled: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    pub is_tls: bool,
    /// A name or an address, in lower case; IPv6 without brackets.
    pub host: String,
    pub port: u16,
}

/// An origin and a request target in origin-form (RFC 9112 §3.2.1): it begins with `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub origin: Origin,
    pub target: String,
}

/// What is wrong with a URL; a lowercase fragment that repeats it without a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(pub String);

impl Origin {
    /// `scheme://host[:port]` and what is left of the text: empty, or from `/`, `?` or `#` on.
    pub fn split(url: &str) -> Result<(Self, &str), BadUrl> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            "" => {
                return Err(BadUrl(format!(
                    "{url:?} has no scheme: expected http://{rest} or https://{rest}"
                )));
            }
            other => return Err(BadUrl(format!("{url:?}: scheme {other:?} is none of http, https"))),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if let Some((_, host)) = authority.rsplit_once('@') {
            let message = "holds a user or password, which would be written down; \
                           send them by reference, in a header or a login";
            return Err(BadUrl(format!("URL of {host:?} {message}")));
        }
        let bad = |what: String| BadUrl(format!("{url:?}: {what}"));
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) =
                    bracketed.split_once(']').ok_or_else(|| bad("bracket without end".to_owned()))?;
                if !matches!(host.parse(), Ok(IpAddr::V6(_))) {
                    return Err(bad(format!("{host:?} is no IPv6 address")));
                }
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, Some("")),
            },
        };
        let port = match port {
            Some("") => Some(if is_tls { 443 } else { 80 }),
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok(),
            _ => None,
        };
        let port = port
            .filter(|port| *port != 0)
            .ok_or_else(|| bad("the port is no number from 1 to 65535".to_owned()))?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if host.is_empty() {
            return Err(bad("it names no host".to_owned()));
        }
        if !authority.starts_with('[') && !host.bytes().all(is_plain) {
            return Err(bad(format!("{host:?} is no host name; write other than ASCII letters as punycode")));
        }
        Ok((Self { is_tls, host: host.to_ascii_lowercase(), port }, rest))
    }

    /// The Host header: with brackets around IPv6, and the port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let is_usual = *port == if self.is_tls { 443 } else { 80 };
        if is_usual { host } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_tls { "https" } else { "http" }, self.authority())
    }
}

impl Endpoint {
    /// Reads an absolute URL. Bytes that a target cannot hold are percent-encoded, a fragment is
    /// dropped, and a user or password is refused.
    pub fn parse(url: &str) -> Result<Self, BadUrl> {
        let (origin, rest) = Origin::split(url)?;
        Ok(Self { origin, target: target(rest).map_err(|what| BadUrl(format!("{url:?}: {what}")))? })
    }

    /// A reference as a redirection gives it (RFC 3986 §5.2), seen from here.
    pub fn join(&self, reference: &str) -> Result<Self, BadUrl> {
        let scheme_end = reference.find(|char: char| !char.is_ascii_alphanumeric() && !"+-.".contains(char));
        if scheme_end.is_some_and(|end| reference[end..].starts_with(':')) {
            return Self::parse(reference);
        }
        if reference.starts_with("//") {
            return Self::parse(&format!(
                "{}:{reference}",
                if self.origin.is_tls { "https" } else { "http" }
            ));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let whole = match reference.chars().next() {
            None | Some('#') => self.target.clone(),
            Some('?') => format!("{path}{reference}"),
            Some('/') => reference.to_owned(),
            Some(_) => format!("{}{reference}", &path[..=path.rfind('/').unwrap_or_default()]),
        };
        let target = target(&whole).map_err(|what| BadUrl(format!("{reference:?}: {what}")))?;
        Ok(Self { origin: self.origin.clone(), target: without_dots(&target) })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target)
    }
}

/// A path and query as they are sent: an empty path is `/`, a fragment is dropped, and what
/// cannot stand there is percent-encoded. Control characters are an error.
pub fn target(text: &str) -> Result<String, String> {
    let text = text.split('#').next().unwrap_or_default();
    let mut target = String::with_capacity(text.len() + 1);
    if !text.starts_with('/') {
        target.push('/');
    }
    for byte in text.bytes() {
        match byte {
            0..=0x1f | 0x7f => return Err(format!("byte 0x{byte:02x} cannot stand in a URL")),
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                encode(byte, &mut target)
            }
            _ => target.push(byte as char),
        }
    }
    Ok(target)
}

/// A value inside a path segment or a query: everything but the unreserved characters
/// (RFC 3986 §2.3) is percent-encoded.
pub fn component(value: &str, into: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(byte as char);
        } else {
            encode(byte, into);
        }
    }
}

fn encode(byte: u8, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    into.push('%');
    into.push(DIGITS[usize::from(byte >> 4)] as char);
    into.push(DIGITS[usize::from(byte & 15)] as char);
}

/// RFC 3986 §5.2.4.
fn without_dots(target: &str) -> String {
    let (path, query) = target.find('?').map_or((target, ""), |at| target.split_at(at));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}{query}", kept.join("/"))
}
