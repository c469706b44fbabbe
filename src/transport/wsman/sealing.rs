//! Sealed SOAP in HTTP bodies (MS-WSMV 2.2.9.1): a multipart frame of one encrypted part.

use crate::transport::wsman::error::WsmanError;
use crate::transport::wsman::logon::SecurityContext;

pub const CONTENT_TYPE: &str = "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

const HEAD: &str = "--Encrypted Boundary\r\n\
    \tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
    \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=";
const OCTETS: &str = "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n";
const END: &str = "--Encrypted Boundary--\r\n";

/// An envelope as a sealed body. The closing boundary follows the ciphertext at once: a
/// line break in between is answered with 400.
pub fn seal(context: &mut SecurityContext, envelope: &str) -> Result<Vec<u8>, WsmanError> {
    let (signature, sealed) = context.seal(envelope.as_bytes())?;
    let mut body = Vec::with_capacity(HEAD.len() + OCTETS.len() + END.len() + sealed.len() + 48);
    body.extend_from_slice(HEAD.as_bytes());
    body.extend_from_slice(format!("{}\r\n", envelope.len()).as_bytes());
    body.extend_from_slice(OCTETS.as_bytes());
    body.extend_from_slice(&(signature.len() as u32).to_le_bytes());
    body.extend_from_slice(&signature);
    body.extend_from_slice(&sealed);
    body.extend_from_slice(END.as_bytes());
    Ok(body)
}

/// Opens a sealed body. Its length field rules: ciphertext may hold the boundary by chance.
pub fn open(context: &mut SecurityContext, mut body: Vec<u8>) -> Result<String, WsmanError> {
    let frame = Frame::find(&body)
        .ok_or_else(|| WsmanError::Protocol("a sealed answer with a broken frame".to_owned()))?;
    let part = &mut body[frame.signature..frame.end];
    let (signature, data) = part.split_at_mut(frame.signature_bytes);
    context.open(signature, data)?;
    String::from_utf8(data.to_vec())
        .map_err(|_| WsmanError::Protocol("a sealed answer that is not UTF-8".to_owned()))
}

/// Whether an answer is of this kind.
pub fn is_sealed(content_type: &str) -> bool {
    content_type.to_ascii_lowercase().starts_with("multipart/encrypted")
}

struct Frame {
    signature: usize,
    signature_bytes: usize,
    end: usize,
}

impl Frame {
    fn find(body: &[u8]) -> Option<Self> {
        const MARK: &[u8] = b"application/octet-stream\r\n";
        let mark = body.windows(MARK.len()).position(|window| window == MARK)?;
        let head = std::str::from_utf8(&body[..mark]).ok()?;
        let length = head.split_once("Length=")?.1;
        let digits = length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len());
        let length: usize = length[..digits].parse().ok()?;
        let counted = mark + MARK.len();
        let signature_bytes = u32::from_le_bytes(body.get(counted..counted + 4)?.try_into().ok()?) as usize;
        let signature = counted + 4;
        let end = signature.checked_add(signature_bytes)?.checked_add(length)?;
        (end <= body.len()).then_some(Self { signature, signature_bytes, end })
    }
}
