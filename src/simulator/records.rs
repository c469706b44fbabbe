//! Records of the host script's wire contract, as a host writes them.

use std::collections::BTreeSet;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::simulator::payload::object::Object;

const MARKER: &str = "@@lustrum1 ";

/// How payloads travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    GzipBase64,
    Base64,
    /// The JSON text itself, without a checksum: Constrained Language has no CRC.
    Json,
}

impl Encoding {
    const fn word(self) -> &'static str {
        match self {
            Self::GzipBase64 => "gzip+base64",
            Self::Base64 => "base64",
            Self::Json => "json",
        }
    }
}

/// An error as a collector reports it.
#[derive(Clone, Copy, Debug)]
pub struct ReportedError {
    /// FullyQualifiedErrorId.
    pub id: &'static str,
    /// CategoryInfo.Category.
    pub category: &'static str,
    pub message: &'static str,
    pub count: usize,
}

/// What one collector has to say.
#[derive(Debug)]
pub struct Report<'a> {
    pub collector: &'a str,
    /// Of the last record; the ones before it say `more`.
    pub status: &'static str,
    pub objects: Vec<Object>,
    pub error: Option<ReportedError>,
    /// `baseline` only.
    pub source: Option<&'static str>,
    pub ms: u64,
}

/// What the far end asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    pub encoding: Encoding,
    /// The most characters of JSON in a payload.
    pub record_chars: usize,
}

/// The lines of a report, each with its line end. A status without payload is one line.
pub fn lines(report: &Report<'_>, wire: &Wire) -> Vec<String> {
    if !matches!(report.status, "ok" | "partial") {
        return vec![format!("{MARKER}{}\r\n", header(report, report.status, 0, &[], None))];
    }
    let parts = split(&report.objects, wire.record_chars);
    let last = parts.len() - 1;
    let record = |(seq, objects): (usize, &&[Object])| {
        let status = if seq == last { report.status } else { "more" };
        let json =
            format!("[{}]", objects.iter().map(|object| object.json.as_str()).collect::<Vec<_>>().join(","));
        let json = if wire.encoding == Encoding::Json { ascii(&json) } else { json };
        let head = header(report, status, seq, objects, Some((&json, wire.encoding)));
        format!("{MARKER}{head} {}\r\n", encode(&json, wire.encoding))
    };
    parts.iter().enumerate().map(record).collect()
}

/// The line that ends a conversation of so many records before it.
pub fn end_line(records: usize, ms: u64) -> String {
    format!(
        "{MARKER}{{\"collector\":\"end\",\"seq\":0,\"status\":\"ok\",\"records\":{records},\"ms\":{ms}}}\r\n"
    )
}

/// Cuts at object borders, but not between objects of one VM; what is longer than the limit
/// stands alone.
fn split(objects: &[Object], record_chars: usize) -> Vec<&[Object]> {
    let mut parts = Vec::new();
    let (mut start, mut chars) = (0, 2);
    for (index, object) in objects.iter().enumerate() {
        let length = object.json.chars().count() + 1;
        let apart = object.vm_id.is_none() || index == 0 || object.vm_id != objects[index - 1].vm_id;
        if index > start && apart && chars + length > record_chars {
            parts.push(&objects[start..index]);
            (start, chars) = (index, 2);
        }
        chars += length;
    }
    parts.push(&objects[start..]);
    parts
}

fn header(
    report: &Report<'_>,
    status: &str,
    seq: usize,
    objects: &[Object],
    payload: Option<(&str, Encoding)>,
) -> String {
    let vm_ids: BTreeSet<_> = objects.iter().filter_map(|object| object.vm_id.as_ref()).collect();
    let mut header = format!(
        "{{\"collector\":\"{}\",\"seq\":{seq},\"status\":\"{status}\",\"rows\":{},\"vm_ids\":{},\"ms\":{}",
        report.collector,
        objects.len(),
        vm_ids.len(),
        report.ms
    );
    if let Some((json, encoding)) = payload {
        let crc32 = match encoding {
            Encoding::Json => "null".to_owned(),
            _ => format!("\"{:08x}\"", crc32fast::hash(json.as_bytes())),
        };
        header.push_str(&format!(
            ",\"raw\":{},\"crc32\":{crc32},\"enc\":\"{}\"",
            json.len(),
            encoding.word()
        ));
    }
    if let Some(source) = report.source {
        header.push_str(&format!(",\"source\":\"{source}\""));
    }
    if let Some(error) = report.error.filter(|_| matches!(status, "partial" | "error")) {
        let error = serde_json::json!({
            "id": error.id, "category": error.category, "message": error.message, "count": error.count,
        });
        header.push_str(&format!(",\"error\":{error}"));
    }
    header.push('}');
    header
}

/// JSON with every character beyond ASCII as `\uhhhh`: no console code page can hurt it.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

fn encode(json: &str, encoding: Encoding) -> String {
    match encoding {
        Encoding::Json => json.to_owned(),
        Encoding::Base64 => BASE64.encode(json),
        Encoding::GzipBase64 => {
            let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 6), Compression::fast());
            let gzip = encoder.write_all(json.as_bytes()).and_then(|()| encoder.finish());
            BASE64.encode(gzip.expect("writing to memory cannot fail"))
        }
    }
}
