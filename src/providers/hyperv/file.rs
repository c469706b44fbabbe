//! Collector `file` → table `vfile`.

use std::cmp::Ordering;

use serde::Deserialize;
use uuid::Uuid;

use crate::providers::hyperv::object::{Object, Stamp};
use crate::providers::hyperv::value::{Instant, Int, Text};
use crate::tables::inventory::vfile::Vfile;

pub const SCRIPT: &str = include_str!("scripts/file.ps1");

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FileObject {
    path: Text,
    kind: Text,
    size: Int,
    modified_at: Instant,
    volume_path: Text,
    cluster_name: Text,
}

impl Object for FileObject {
    type Row = Vfile;

    fn vm_id(&self) -> Option<Uuid> {
        None
    }

    fn row(self, stamp: &Stamp) -> Option<Vfile> {
        Some(Vfile {
            host: stamp.host.clone(),
            collected_at: stamp.collected_at,
            path: self.path.0,
            file_kind: self.kind.0.map(|kind| kind.trim_start_matches('.').to_lowercase()),
            size_bytes: self.size.0,
            modified_at: self.modified_at.0,
            volume_path: self.volume_path.0,
            cluster_name: self.cluster_name.0,
        })
    }

    fn order(a: &Vfile, b: &Vfile) -> Ordering {
        a.path.cmp(&b.path)
    }
}
