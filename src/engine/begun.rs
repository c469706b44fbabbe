//! Slots that were cut off and whose collected hosts lie in the store: on this machine there may
//! be nothing of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::model::run::{JobName, Slot};
use crate::output::layout;
use crate::output::store::Store;
use crate::output::store_error::StoreError;

/// The slots of a job from an instant on that have staged parts and no manifest, oldest first.
/// Somebody may be at work on one: who runs it too stands by. A slot that is divided is left to
/// its shards and their finalizer, whose leases a whole run does not meet. One listing of all
/// runs since then.
pub async fn begun(store: &Store, job: &JobName, since: DateTime<Utc>) -> Result<Vec<Slot>, StoreError> {
    let (mut begun, mut others) = (BTreeSet::new(), BTreeSet::new());
    let before = layout::run_folder(job, Slot::at(since));
    for key in store.list_after(&layout::slots(job), &before).await? {
        let Some(slot) = layout::slot_of(job, &key) else { continue };
        if key == layout::manifest(job, slot) || key == layout::division(job, slot) {
            others.insert(slot);
        } else if key.is_below(&layout::parts(job, slot)) {
            begun.insert(slot);
        }
    }
    Ok(begun.difference(&others).copied().collect())
}
