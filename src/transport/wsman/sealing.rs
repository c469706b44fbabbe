//! Sealed envelopes in HTTP bodies, framed as MS-WSMV 2.2.9.1.1.2.2 shows.

use bytes::Bytes;
use hyper::header::HeaderValue;

use crate::model::failure::{Failure, FailureKind};
use crate::transport::wsman::context::Context;

const BOUNDARY: &[u8] = b"--Encrypted Boundary";
const OCTETS: &[u8] = b"Content-Type: application/octet-stream\r\n";
const LENGTH_BYTES: usize = 4;

/// What of a sealed body is signature and what is ciphertext, by position.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub signature: std::ops::Range<usize>,
    pub sealed: std::ops::Range<usize>,
}

/// The Content-Type of a body sealed by a context of this protocol.
pub fn content_type(protocol: &str) -> Option<HeaderValue> {
    let text = format!("multipart/encrypted;protocol=\"{protocol}\";boundary=\"Encrypted Boundary\"");
    HeaderValue::try_from(text).ok()
}

/// Seals an envelope into a body. Between ciphertext and closing boundary stands nothing: a
/// line break there is answered 400.
pub fn seal(context: &mut Context, envelope: &str) -> Result<Bytes, Failure> {
    let mut sealed = envelope.as_bytes().to_vec();
    let signature = context
        .seal(&mut sealed)
        .map_err(|error| Failure::new(FailureKind::Bug, format!("seal a request: {error}")))?;
    Ok(frame(context.protocol(), &signature, &sealed, envelope.len()))
}

/// Opens a sealed body.
pub fn open(context: &mut Context, body: &[u8]) -> Result<Bytes, Failure> {
    let broken = |why: &str| Failure::new(FailureKind::Protocol, format!("sealed answer {why}"));
    let Frame { signature, sealed } = unframe(body).ok_or_else(|| broken("is not framed as it should be"))?;
    if !context.signature_bytes().is_ok_and(|bytes| bytes == signature.len()) {
        return Err(broken("is signed in another way"));
    }
    let mut signature = body[signature].to_vec();
    let mut data = body[sealed].to_vec();
    context.open(&mut signature, &mut data).map_err(|error| broken(&format!("does not open: {error}")))?;
    Ok(data.into())
}

/// The multipart body around a signature and a ciphertext; `length` is the envelope's own.
pub fn frame(protocol: &str, signature: &[u8], sealed: &[u8], length: usize) -> Bytes {
    let head = format!(
        "--Encrypted Boundary\r\n\tContent-Type: {protocol}\r\n\
         \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n\
         --Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    );
    let mut body = Vec::with_capacity(head.len() + LENGTH_BYTES + signature.len() + sealed.len() + 32);
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&(signature.len() as u32).to_le_bytes());
    body.extend_from_slice(signature);
    body.extend_from_slice(sealed);
    body.extend_from_slice(BOUNDARY);
    body.extend_from_slice(b"--\r\n");
    body.into()
}

/// Finds the parts of a sealed body. `None` is any other body.
pub fn unframe(body: &[u8]) -> Option<Frame> {
    let octets = body.windows(OCTETS.len()).position(|window| window == OCTETS)?;
    let head = std::str::from_utf8(&body[..octets]).ok()?;
    let length: usize = head.split_once("Length=")?.1.lines().next()?.trim().parse().ok()?;
    let part = octets + OCTETS.len();
    let signature_bytes = u32::from_le_bytes(body.get(part..part + LENGTH_BYTES)?.try_into().ok()?);
    let start = part + LENGTH_BYTES;
    let signature = start..start.checked_add(signature_bytes as usize)?;
    let sealed = signature.end..signature.end.checked_add(length)?;
    let tail = body.get(sealed.end..)?;
    tail.starts_with(BOUNDARY).then_some(Frame { signature, sealed })
}

/// Whether a Content-Type is that of a sealed body.
pub fn is_sealed(content_type: &[u8]) -> bool {
    let prefix = b"multipart/encrypted";
    content_type.get(..prefix.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(prefix))
}
