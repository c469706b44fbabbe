//! One object a run wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactFormat {
    Parquet,
    /// Our own columns; RVTools' headers and words are `rvtools_csv`.
    Csv,
    Ndjson,
    Xlsx,
    RvtoolsCsv,
    Json,
    Text,
    Html,
    Png,
}

/// One object of a run as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// The key below the store's root, `/`-separated.
    pub path: String,
    pub format: ArtifactFormat,
    /// The table it holds, or the tab in lower case; absent for reports and the workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub rows: u64,
    pub bytes: u64,
    /// Lowercase hex over the whole object.
    pub sha256: String,
    /// SHA-256 over the canonical list of (name, type, nullable); absent for reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_fingerprint: Option<String>,
}
