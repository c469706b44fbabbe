//! Sealed SOAP in HTTP bodies, as MS-WSMV 2.2.9.1 frames it.

use crate::simulator::acceptor::{Acceptor, SIGNATURE_BYTES};

pub const PROTOCOL: &str = "application/HTTP-SPNEGO-session-encrypted";
pub const CONTENT_TYPE: &str = "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

const BOUNDARY: &str = "--Encrypted Boundary";
const OCTETS: &[u8] = b"Content-Type: application/octet-stream\r\n";

/// Seals one SOAP envelope into a body.
pub fn seal(acceptor: &mut Acceptor, envelope: &str) -> Result<Vec<u8>, sspi::Error> {
    let (signature, sealed) = acceptor.seal(envelope.as_bytes())?;
    let mut body = format!(
        "{BOUNDARY}\r\n\tContent-Type: {PROTOCOL}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={}\r\n\
         {BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n",
        envelope.len()
    )
    .into_bytes();
    body.extend_from_slice(&(signature.len() as u32).to_le_bytes());
    body.extend_from_slice(&signature);
    body.extend_from_slice(&sealed);
    body.extend_from_slice(format!("{BOUNDARY}--\r\n").as_bytes());
    Ok(body)
}

/// Opens a sealed body. `None` is a frame that Windows answers with 400: a wrong length, a
/// line break between the sealed part and the closing boundary, or a signature that fails.
pub fn open(acceptor: &mut Acceptor, body: &[u8]) -> Option<Vec<u8>> {
    let octets = find(body, OCTETS)?;
    let header = std::str::from_utf8(&body[..octets]).ok()?;
    let length: usize = header.split_once("Length=")?.1.split("\r\n").next()?.trim().parse().ok()?;
    let part = &body[octets + OCTETS.len()..];
    let signature_bytes = u32::from_le_bytes(part.get(..4)?.try_into().ok()?) as usize;
    if signature_bytes != SIGNATURE_BYTES {
        return None;
    }
    let signature = part.get(4..4 + signature_bytes)?;
    let end = (4 + signature_bytes).checked_add(length)?;
    let sealed = part.get(4 + signature_bytes..end)?;
    let closing = format!("{BOUNDARY}--");
    let tail = part[end..].strip_prefix(closing.as_bytes())?;
    if !tail.iter().all(|byte| byte.is_ascii_whitespace()) {
        return None;
    }
    acceptor.open(signature, sealed).ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
