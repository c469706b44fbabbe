//! Who made the workbook.

use chrono::{DateTime, Utc};

crate::table! {
    /// The program and the run: one row. The tab keeps RVTools' headers, the values are ours.
    pub struct Vmetadata as "vmetadata" ("vMetaData") {
        /// This program's name and major version, `Lustrum 0`.
        pub program_version_major: Option<String>,
        /// This program's name and version, `Lustrum 0.1.0`.
        pub program_version: Option<String>,
        /// When the run began: the instant its rows are from.
        pub created_at: Option<DateTime<Utc>>,
        /// The cluster or host that was asked; of several the first by name, and how many more.
        pub server: Option<String>,
    }
    sheet {
        "RVTools major version" (program_version_major)
        "RVTools version" (program_version)
        "xlsx creation datetime" (created_at)
        "Server" (server)
    }
}
