//! The wire contract, version 1: bytes of stdout in any pieces become records.
//!
//! Memory is bounded whatever comes: noise is dropped as it arrives, a record's line has a
//! longest length, and a payload never unpacks to more than its header announced.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;

/// What a record's line begins with.
pub const MARKER: &[u8] = b"@@lustrum1 ";

/// The longest payload, unpacked. The script splits at 1.5 million characters; one row
/// with a long note can be more.
pub const PAYLOAD_BYTES: u64 = 16 << 20;

/// The longest line of a record: a payload that did not shrink at all, as base64.
const LINE_BYTES: usize = 24 << 20;

/// A byte order mark, as a console may put before its first line.
const BOM: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Further records of this collector follow.
    More,
    Ok,
    Partial,
    Error,
    Timeout,
    NotApplicable,
}

/// The first of a collector's errors, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RemoteError {
    /// FullyQualifiedErrorId.
    pub id: Option<String>,
    /// CategoryInfo.Category.
    pub category: Option<String>,
    /// In the host's language.
    pub message: Option<String>,
    pub count: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    pub collector: String,
    pub seq: u32,
    pub status: Status,
    pub rows: Option<u64>,
    pub ms: Option<u64>,
    raw: Option<u64>,
    crc32: Option<String>,
    enc: Option<String>,
    pub source: Option<String>,
    pub error: Option<RemoteError>,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("its header cannot be read")]
    Header,
    #[error("its line is longer than {LINE_BYTES} bytes")]
    Line,
    #[error("its payload is announced with {0} bytes, {PAYLOAD_BYTES} are allowed")]
    Payload(u64),
    #[error("its encoding `{0}` is unknown")]
    Encoding(String),
    #[error("its payload is cut off or is no base64")]
    Base64,
    #[error("its payload does not unpack")]
    Gzip,
    #[error("its payload has another length than announced")]
    Length,
    #[error("its checksum does not fit its payload")]
    Checksum,
}

/// One line that carried the marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The payload is JSON, absent for records that carry none.
    Record { header: Box<Header>, payload: Result<Option<Vec<u8>>, Damage> },
    /// Not even the header could be read: nobody knows whose record it was.
    Damaged(Damage),
}

/// Cuts stdout into lines and reads those that are records.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    kind: Line,
}

/// What is known of the line that is arriving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Too short to tell.
    #[default]
    Undecided,
    Record,
    /// A record past the longest length; its bytes are gone.
    TooLong,
    Noise,
}

impl Decoder {
    /// The records that these bytes complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end]);
            items.extend(self.end_line());
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
        items
    }

    /// The record that the end of the output completes, or cuts off.
    pub fn finish(mut self) -> Option<Item> {
        let begun = self.kind == Line::Undecided && !self.line.is_empty() && MARKER.starts_with(&self.line);
        if begun { Some(Item::Damaged(Damage::Header)) } else { self.end_line() }
    }

    fn extend(&mut self, mut bytes: &[u8]) {
        if self.kind == Line::Undecided {
            let missing = BOM.len() + MARKER.len() - self.line.len();
            let (first, rest) = bytes.split_at(bytes.len().min(missing));
            self.line.extend_from_slice(first);
            bytes = rest;
            if first.len() == missing {
                self.decide();
            }
        }
        if self.kind == Line::Record {
            self.line.extend_from_slice(bytes);
            if self.line.len() > LINE_BYTES {
                self.kind = Line::TooLong;
            }
        }
        if matches!(self.kind, Line::Noise | Line::TooLong) {
            self.line = Vec::new();
        }
    }

    fn decide(&mut self) {
        let text = self.line.strip_prefix(BOM).unwrap_or(&self.line);
        self.kind = if text.starts_with(MARKER) { Line::Record } else { Line::Noise };
    }

    fn end_line(&mut self) -> Option<Item> {
        if self.kind == Line::Undecided {
            self.decide();
        }
        let line = std::mem::take(&mut self.line);
        match std::mem::take(&mut self.kind) {
            Line::Record => Some(read(&line)),
            Line::TooLong => Some(Item::Damaged(Damage::Line)),
            Line::Noise | Line::Undecided => None,
        }
    }
}

/// Reads a line that carries the marker.
fn read(line: &[u8]) -> Item {
    let text = line.strip_prefix(BOM).unwrap_or(line);
    let text = text.strip_prefix(MARKER).unwrap_or(text);
    let mut headers = serde_json::Deserializer::from_slice(text).into_iter::<Header>();
    let Some(Ok(header)) = headers.next() else { return Item::Damaged(Damage::Header) };
    let payload = unpack(&header, text[headers.byte_offset()..].trim_ascii());
    Item::Record { header: Box::new(header), payload }
}

fn unpack(header: &Header, encoded: &[u8]) -> Result<Option<Vec<u8>>, Damage> {
    let Some(encoding) = &header.enc else {
        // A payload nobody announced is the rest of some other line.
        return if encoded.is_empty() { Ok(None) } else { Err(Damage::Length) };
    };
    let announced = header.raw.ok_or(Damage::Length)?;
    if announced > PAYLOAD_BYTES {
        return Err(Damage::Payload(announced));
    }
    let payload = match encoding.as_str() {
        "gzip+base64" => inflate(&base64(encoded)?, announced)?,
        "base64" => base64(encoded)?,
        "json" => encoded.to_vec(),
        other => return Err(Damage::Encoding(other.to_owned())),
    };
    if payload.len() as u64 != announced {
        return Err(Damage::Length);
    }
    match &header.crc32 {
        Some(digits) if !is_checksum_of(digits, &payload) => Err(Damage::Checksum),
        None if encoding != "json" => Err(Damage::Checksum),
        _ => Ok(Some(payload)),
    }
}

fn base64(text: &[u8]) -> Result<Vec<u8>, Damage> {
    STANDARD.decode(text).map_err(|_| Damage::Base64)
}

/// Unpacks one byte more than announced at most: enough to see that it was too much.
fn inflate(packed: &[u8], announced: u64) -> Result<Vec<u8>, Damage> {
    let mut payload = Vec::new();
    GzDecoder::new(packed).take(announced + 1).read_to_end(&mut payload).map_err(|_| Damage::Gzip)?;
    Ok(payload)
}

fn is_checksum_of(digits: &str, payload: &[u8]) -> bool {
    u32::from_str_radix(digits, 16) == Ok(crc32fast::hash(payload))
}
