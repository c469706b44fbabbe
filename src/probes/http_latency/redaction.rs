//! Queries as they may be shown: the values of some parameters masked.

use crate::transport::http::endpoint::Endpoint;

/// What stands for a value that is not shown.
const MASK: &str = "***";

/// Names of parameters whose values are secrets, whatever their case.
#[derive(Clone, Debug)]
pub struct Redaction(Vec<String>);

impl Redaction {
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_lowercase).collect())
    }

    /// `a=1&token=***`: only values change, so that the query is still recognised.
    pub fn query(&self, query: &str) -> String {
        query.split('&').map(|pair| self.pair(pair)).collect::<Vec<_>>().join("&")
    }

    /// A URL, its query masked.
    pub fn url(&self, url: &Endpoint) -> String {
        let Endpoint { origin, target } = url;
        match target.split_once('?') {
            Some((path, query)) => format!("{origin}{path}?{}", self.query(query)),
            None => format!("{origin}{target}"),
        }
    }

    fn pair(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && self.is_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        self.0.contains(&decoded(name).to_lowercase())
    }
}

/// A name or a value of a query, its escapes undone (RFC 3986 §2.1; `+` is a space).
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn values_of_named_parameters_are_masked() {
        let redaction = Redaction::of(["token", "API_Key"]);
        assert_eq!(redaction.query("refresh=true&level=summary"), "refresh=true&level=summary");
        assert_eq!(redaction.query("a=1&TOKEN=x%3Dy=z&api_key=k&t"), "a=1&TOKEN=***&api_key=***&t");
        assert_eq!(redaction.query("t%6Fken=hidden&token=&token"), "t%6Fken=***&token=&token");
        let url = Endpoint::parse("https://h:8443/a%20b?token=x&b=2").unwrap();
        assert_eq!(redaction.url(&url), "https://h:8443/a%20b?token=***&b=2");
        assert_eq!(decoded("a%20b+c%zz%"), "a b c%zz%");
    }
}
