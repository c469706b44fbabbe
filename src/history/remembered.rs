//! What the last full picture knew of each VM, for runs in which it does not tell.

use std::collections::HashMap;

use crate::history::ledger::{HistoryError, Ledger};
use crate::history::picture::Picture;
use crate::model::remembered::Remembered;
use crate::model::run::JobName;
use crate::tables::columns::{Ints, Texts};

/// By VM id, from the last committed full run of a job with its retries. A store without one
/// remembers nothing.
pub async fn remembered(ledger: &Ledger, job: &JobName) -> Result<HashMap<String, Remembered>, HistoryError> {
    let mut known = HashMap::new();
    let Some(picture) = Picture::last_full(ledger, Some(job), 1).await?.pop() else { return Ok(known) };
    let residences = picture.residences(ledger.store()).await?;
    let columns = ["guest_os_name", "os_configured", "os_source", "provisioned_bytes", "in_use_bytes"];
    picture
        .read(ledger.store(), &residences, "vinfo", &columns, |rows| {
            let (vm_ids, guest) = (Texts::of(rows, "vm_id"), Texts::of(rows, "guest_os_name"));
            let (configured, source) = (Texts::of(rows, "os_configured"), Texts::of(rows, "os_source"));
            // A guess of the last run is no knowledge of this one.
            let told =
                |row| configured.at(row).filter(|_| matches!(source.at(row), Some("guest" | "history")));
            let (provisioned, in_use) = (Ints::of(rows, "provisioned_bytes"), Ints::of(rows, "in_use_bytes"));
            for row in 0..rows.num_rows() {
                let Some(vm_id) = vm_ids.at(row) else { continue };
                let vm = Remembered {
                    os: guest.at(row).or(told(row)).map(str::to_owned),
                    provisioned_bytes: provisioned.at(row),
                    in_use_bytes: in_use.at(row),
                };
                if vm != Remembered::default() {
                    known.insert(vm_id.to_owned(), vm);
                }
            }
        })
        .await?;
    Ok(known)
}
