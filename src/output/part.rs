//! Finished hosts of a run as one object in the store: a staged part.
//!
//! ```text
//! part = one line of JSON | the hosts' frames, as they stand in a spool
//! line = {"lustrum_part":1,"byte_order":"little","schemas":"<64 hex>","question":"…",
//!         "hosts":["hv01","hv02"],"bytes":40960,"sha256":"<64 hex>"}
//! ```
//! `bytes` and `sha256` are those of the frames. A part is taken as a whole or not at all.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::target::HostName;
use crate::output::frame::{self, Scan};
use crate::output::packed::BYTE_ORDER;
use crate::output::published::hex;
use crate::tables::table::TableSpec;

const VERSION: u32 = 1;

/// What a part says before anything else, in every version.
#[derive(Deserialize)]
struct Marked {
    lustrum_part: u32,
}

#[derive(Serialize, Deserialize)]
struct Head {
    lustrum_part: u32,
    byte_order: String,
    schemas: String,
    question: String,
    hosts: Vec<HostName>,
    bytes: u64,
    sha256: String,
}

/// A part that answers one's own question.
pub struct Part {
    pub(in crate::output) frames: Bytes,
    pub(in crate::output) scan: Scan,
}

/// What an object among the parts turned out to be.
pub enum Reading {
    Ours(Part),
    /// Another question, other tables, or another version of the program wrote it.
    Other,
    /// Not whole, and why one thinks so.
    Damaged(String),
}

impl Part {
    /// The body of a part that holds these hosts' frames. One `question` is one line.
    pub fn write(
        tables: &[&'static TableSpec],
        question: &str,
        hosts: &[HostName],
        frames: &[u8],
    ) -> Vec<u8> {
        let head = Head {
            lustrum_part: VERSION,
            byte_order: BYTE_ORDER.to_owned(),
            schemas: frame::schemas(tables),
            question: question.to_owned(),
            hosts: hosts.to_vec(),
            bytes: frames.len() as u64,
            sha256: hex(&Sha256::digest(frames)),
        };
        let mut body = serde_json::to_vec(&head).expect("a head holds only plain values");
        body.push(b'\n');
        body.extend_from_slice(frames);
        body
    }

    pub fn read(body: &Bytes, tables: &[&'static TableSpec], question: &str) -> Reading {
        let Some(end) = body.iter().position(|byte| *byte == b'\n') else {
            return Reading::Damaged("its first line does not end".to_owned());
        };
        let line = &body[..end];
        match serde_json::from_slice::<Marked>(line) {
            Ok(marked) if marked.lustrum_part != VERSION => return Reading::Other,
            Ok(_) => {}
            Err(error) => return Reading::Damaged(format!("its first line is none of ours: {error}")),
        }
        let head: Head = match serde_json::from_slice(line) {
            Ok(head) => head,
            Err(error) => return Reading::Damaged(format!("its first line is none of ours: {error}")),
        };
        let same = (head.byte_order.as_str(), head.schemas.as_str(), head.question.as_str());
        if same != (BYTE_ORDER, frame::schemas(tables).as_str(), question) {
            return Reading::Other;
        }
        let frames = body.slice(end + 1..);
        if frames.len() as u64 != head.bytes {
            return Reading::Damaged(format!("it has {} bytes of {}", frames.len(), head.bytes));
        }
        if hex(&Sha256::digest(&frames)) != head.sha256 {
            return Reading::Damaged("its checksum does not fit".to_owned());
        }
        let told: BTreeSet<_> = head.hosts.iter().collect();
        match frame::scan_whole(&frames, tables) {
            Some(scan) if scan.finished.iter().map(|(host, ..)| host).collect::<BTreeSet<_>>() == told => {
                Reading::Ours(Self { frames, scan })
            }
            _ => Reading::Damaged("it does not hold what it says".to_owned()),
        }
    }

    /// Its hosts in the order in which they ended, each with what was noted for it.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, &[u8])> {
        self.scan.finished.iter().map(|(host, _, note)| (host, &note[..]))
    }
}
