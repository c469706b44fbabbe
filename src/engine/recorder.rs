//! Listens to a run: rows into the spool, events into the manifest and to whoever else
//! wants to hear them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::engine::resume::Note;
use crate::engine::staging::{self, Staging};
use crate::engine::stop::{Stop, StopCause};
use crate::model::event::Event;
use crate::model::failure::Failure;
use crate::model::manifest::Manifest;
use crate::model::target::HostName;
use crate::output::spool::{Spool, SpoolError};
use crate::stages::audit::ShownVm;
use crate::stages::env::News;

/// Someone who hears every event, in the order in which the manifest does: the log, the
/// progress display.
pub trait Listener: Send {
    fn hear(&mut self, event: &Event);
}

pub struct Recorder {
    /// Shared with whoever makes a report of it, one at a time.
    manifest: Arc<Manifest>,
    spool: Spool,
    /// Absent where the spool lies beside the runs already.
    staging: Option<Staging>,
    listeners: Vec<Box<dyn Listener>>,
}

impl Recorder {
    pub fn new(
        manifest: Manifest,
        spool: Spool,
        staging: Option<Staging>,
        listeners: Vec<Box<dyn Listener>>,
    ) -> Self {
        Self { manifest: Arc::new(manifest), spool, staging, listeners }
    }

    /// Takes the news until the last sender is gone; finished hosts are staged meanwhile. A
    /// spool that fails stops the run: going on would ask hosts for rows that nobody can keep.
    pub async fn listen(&mut self, news: mpsc::Receiver<News>, stop: &Stop) -> Result<(), Failure> {
        let mut staging = self.staging.take();
        let listened = staging::beside(staging.as_mut(), self.take(news, stop)).await;
        self.staging = staging;
        listened
    }

    /// Stages what is not yet; an error when something is left.
    pub async fn stage_all(&mut self) -> Result<(), Failure> {
        match &mut self.staging {
            Some(staging) => staging.stage().await,
            None => Ok(()),
        }
    }

    async fn take(&mut self, mut news: mpsc::Receiver<News>, stop: &Stop) -> Result<(), Failure> {
        let mut broken = None;
        let mut flushed = true;
        while let Some(piece) = news.recv().await {
            match piece {
                News::Event(event) => self.note(&event),
                News::Rows { host, batch } if broken.is_none() => {
                    if let Err(error) = self.spool.append(&host, &batch).await {
                        stop.order(StopCause::Unrecordable);
                        broken = Some(Failure::from(error));
                    }
                }
                News::Finished { host, shown, at } if broken.is_none() => {
                    flushed = false;
                    if let Err(error) = self.finish(&host, shown, at).await {
                        stop.order(StopCause::Unrecordable);
                        broken = Some(Failure::from(error));
                    }
                }
                News::Rows { .. } | News::Finished { .. } => {}
            }
            // Hosts that end close together share one write.
            if !flushed && broken.is_none() && news.is_empty() {
                flushed = true;
                if let Err(error) = self.spool.flush().await {
                    stop.order(StopCause::Unrecordable);
                    broken = Some(Failure::from(error));
                }
            }
        }
        broken.map_or(Ok(()), Err)
    }

    pub fn note(&mut self, event: &Event) {
        Arc::make_mut(&mut self.manifest).apply(event);
        for listener in &mut self.listeners {
            listener.hear(event);
        }
    }

    /// Takes over an event of an earlier try, which its listeners have heard then.
    pub fn recall(&mut self, event: &Event) {
        Arc::make_mut(&mut self.manifest).apply(event);
    }

    async fn finish(
        &self,
        host: &HostName,
        shown: Vec<ShownVm>,
        at: DateTime<Utc>,
    ) -> Result<(), SpoolError> {
        let Some(note) = Note::of(&self.manifest, host, shown, at) else { return Ok(()) };
        self.spool.finish_host(host, &note.to_bytes()).await
    }

    /// As it stands; give it back before the next event, or the event copies it.
    pub fn manifest(&self) -> Arc<Manifest> {
        self.manifest.clone()
    }

    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    pub fn into_manifest(self) -> Arc<Manifest> {
        self.manifest
    }
}
