//! Where the body of an answer ends (RFC 9112 §6.3), and whether the connection lives on (§9.3).

use crate::transport::http::chunked::Chunked;
use crate::transport::http::error::HttpError;

#[derive(Clone, Debug)]
pub enum Framing {
    Empty,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// What the head says of what follows.
#[derive(Clone, Debug)]
pub struct Following {
    pub framing: Framing,
    /// Another request may be sent when the body has ended.
    pub keeps: bool,
}

/// Reads it from a head. `to_head` is whether the request was a HEAD: its answer has no body.
pub fn of(
    status: u16,
    minor_version: u8,
    headers: &[httparse::Header<'_>],
    to_head: bool,
) -> Result<Following, HttpError> {
    let mut length: Option<u64> = None;
    let mut is_coded = false;
    let mut is_chunked = false;
    let mut keeps = minor_version >= 1;
    for header in headers {
        // By length first: most headers are none of these.
        match header.name.len() {
            10 if header.name.eq_ignore_ascii_case("connection") => {
                for word in words(header.value) {
                    if word.eq_ignore_ascii_case(b"close") {
                        keeps = false;
                    } else if word.eq_ignore_ascii_case(b"keep-alive") && minor_version == 0 {
                        keeps = true;
                    }
                }
            }
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                // A list of the same number is what a proxy makes of a repeated header.
                for word in words(header.value) {
                    let told = decimal(word).filter(|told| length.is_none_or(|length| length == *told));
                    length = Some(told.ok_or_else(|| {
                        let text = String::from_utf8_lossy(header.value).into_owned();
                        HttpError::malformed(format!("content-length {text:?} is not one number"))
                    })?);
                }
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                for word in words(header.value) {
                    is_coded = true;
                    is_chunked = word.eq_ignore_ascii_case(b"chunked");
                }
            }
            _ => {}
        }
    }
    let framing = match (status, length) {
        (100..=199 | 204 | 304, _) => Framing::Empty,
        _ if to_head => Framing::Empty,
        _ if is_chunked => Framing::Chunked(Chunked::default()),
        _ if is_coded => Framing::UntilClose,
        (_, Some(length)) => Framing::Length(length),
        (_, None) => Framing::UntilClose,
    };
    // Both lengths, or a coding in HTTP/1.0: somebody on the way may have understood it
    // otherwise, so nothing more is read from this connection.
    keeps &=
        !matches!(framing, Framing::UntilClose) && !(is_coded && (length.is_some() || minor_version == 0));
    Ok(Following { framing, keeps })
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
