//! The one row that says who made the workbook, and when.

use arrow_array::RecordBatch;

use crate::census::folded::fleet::Fleet;
use crate::census::ground::Ground;
use crate::tables::derived::vmetadata::Vmetadata;
use crate::tables::table::Row;

pub fn rows(fleet: &Fleet, ground: &Ground) -> RecordBatch {
    let version = &ground.program_version;
    let major = version.split('.').next().unwrap_or(version);
    let mut servers: Vec<_> = fleet.owners().map(|owner| fleet.place(owner).sdk_server).collect();
    servers.sort_unstable();
    let server = servers.first().map(|first| match servers.len() {
        1 => first.clone(),
        several => format!("{first} and {} more", several - 1),
    });
    Vmetadata::batch(vec![Vmetadata {
        program_version_major: Some(format!("Lustrum {major}")),
        program_version: Some(format!("Lustrum {version}")),
        created_at: Some(ground.started_at),
        server,
    }])
    .columns
}
