//! The stores of the daemon's jobs, and what was read of them once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::daemon::state::Stores;
use crate::history::ledger::{Entry, HistoryError, Ledger, RunRef};
use crate::history::picture::Picture;
use crate::history::picture_view::PictureView;
use crate::output::layout;
use crate::output::store::Store;
use crate::output::store_error::StoreError;
use crate::time::clock::Clock;

/// Runs whose short form is remembered: a committed run does not change.
const ENTRIES_KEPT: usize = 2_000;

/// A store that does not answer in this time is not reachable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever asks more often gets the last answer.
const REACHED_HOLDS: Duration = Duration::from_secs(5);

pub struct Archives {
    stores: Stores,
    entries: Mutex<HashMap<(String, RunRef), Entry>>,
    reached: tokio::sync::Mutex<Option<(Instant, Vec<String>, Unreachable)>>,
}

/// By root, why a store cannot be reached.
pub type Unreachable = BTreeMap<String, String>;

/// Runs, and where the next page begins.
pub struct Page {
    pub runs: Vec<Entry>,
    pub next: Option<RunRef>,
}

impl Archives {
    /// Over the stores that the daemon has opened.
    pub fn over(stores: Stores) -> Self {
        Self { stores, entries: Mutex::default(), reached: tokio::sync::Mutex::default() }
    }

    /// A folder may always be opened; any other store is known once its job was read.
    fn store(&self, root: &str) -> Result<Store, StoreError> {
        let known = self.stores.read().unwrap_or_else(PoisonError::into_inner).get(root).cloned();
        known.map_or_else(|| Store::open(root), Ok)
    }

    async fn reach(&self, root: &str) -> Result<(), HistoryError> {
        self.store(root)?.folders(&layout::jobs()).await?;
        Ok(())
    }

    /// One ledger a store, however its root is written.
    fn ledgers(&self, roots: &[String]) -> Result<Vec<Ledger>, HistoryError> {
        let mut ledgers: Vec<Ledger> = Vec::new();
        for root in roots {
            let store = self.store(root)?;
            if ledgers.iter().all(|known| known.store().root() != store.root()) {
                ledgers.push(Ledger::of(&store));
            }
        }
        Ok(ledgers)
    }

    /// Committed runs of some stores, newest first, those before `before` only.
    pub async fn page(
        &self,
        roots: &[String],
        fits: impl Fn(&RunRef) -> bool,
        before: Option<&RunRef>,
        limit: usize,
    ) -> Result<Page, HistoryError> {
        let mut slots = Vec::new();
        for ledger in self.ledgers(roots)? {
            let found = ledger.slots(None).await?;
            let wanted =
                found.into_iter().filter(|run| fits(run) && before.is_none_or(|before| run < before));
            slots.extend(wanted.map(|run| (run, ledger.clone())));
        }
        slots.sort_by(|(a, _), (b, _)| b.cmp(a));
        let mut page = Page { runs: Vec::new(), next: None };
        let mut last: Option<RunRef> = None;
        for (run, ledger) in slots {
            let Some(entry) = self.entry(&ledger, &run).await? else { continue };
            if page.runs.len() == limit {
                page.next = last;
                break;
            }
            page.runs.push(entry);
            last = Some(run);
        }
        Ok(page)
    }

    async fn entry(&self, ledger: &Ledger, run: &RunRef) -> Result<Option<Entry>, HistoryError> {
        let key = (ledger.store().root().to_owned(), run.clone());
        if let Some(known) = self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(manifest) = ledger.manifest(run).await? else { return Ok(None) };
        let entry = Entry::of(&manifest);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_KEPT {
            entries.clear();
        }
        entries.insert(key, entry.clone());
        Ok(Some(entry))
    }

    /// A run merged with its retries, from the first store that holds it.
    pub async fn view(&self, roots: &[String], run: &RunRef) -> Result<Option<PictureView>, HistoryError> {
        for ledger in self.ledgers(roots)? {
            if let Some(manifest) = ledger.manifest(run).await? {
                let picture = Picture::around(&ledger, manifest).await?;
                return Ok(Some(PictureView::of(&picture, ledger.store())));
            }
        }
        Ok(None)
    }

    /// Whether some store holds a manifest of this run.
    pub async fn is_committed(&self, roots: &[String], run: &RunRef) -> Result<bool, HistoryError> {
        for ledger in self.ledgers(roots)? {
            if ledger.store().size(&layout::manifest(&run.job, run.slot)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which of these stores do not answer.
    pub async fn unreachable(&self, roots: Vec<String>, clock: &Clock) -> Unreachable {
        let mut reached = self.reached.lock().await;
        let now = clock.instant();
        if let Some((at, asked, answer)) = &*reached
            && now.saturating_duration_since(*at) < REACHED_HOLDS
            && *asked == roots
        {
            return answer.clone();
        }
        let mut answer = Unreachable::new();
        for root in &roots {
            let asked = tokio::time::timeout(PATIENCE, self.reach(root)).await;
            let why = match asked {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            answer.insert(root.clone(), why);
        }
        *reached = Some((now, roots, answer.clone()));
        answer
    }
}
