//! Finished hosts out of a spool and into another, frame by frame as they stand.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::model::target::HostName;
use crate::output::frame::{self, Span};
use crate::output::part::Part;
use crate::output::spool::{Spool, SpoolError, SpoolFile};

impl Spool {
    /// The frames of finished hosts, until they come to `at_most` bytes, one host at least;
    /// and how many hosts those are.
    pub async fn copy(&self, hosts: &[HostName], at_most: usize) -> Result<(Vec<u8>, usize), SpoolError> {
        self.flush().await?;
        let (file, hosts) = (self.file.clone(), hosts.to_vec());
        let copied = tokio::task::spawn_blocking(move || {
            file.lock().usable()?;
            file.copied(&hosts, at_most).map_err(|error| file.failed("read", &error))
        });
        copied.await.map_err(|error| self.file.failed("read", &error))?
    }

    /// Takes these hosts of a part over, as if they had just been told. They outlive the
    /// process once they are flushed.
    pub async fn adopt(&self, part: &Part, hosts: &BTreeSet<&HostName>) -> Result<(), SpoolError> {
        for (host, table, span) in part.scan.rows.iter().filter(|(host, ..)| hosts.contains(host)) {
            let whole = frame::around(*span, host, Some(self.file.tables[*table].id));
            self.promise(part.frame(whole), |state, at| {
                let number = state.number(host);
                state.index[*table].push((number, moved(*span, whole, at)));
            })
            .await?;
        }
        for (host, span, _) in part.scan.finished.iter().filter(|(host, ..)| hosts.contains(host)) {
            let whole = frame::around(*span, host, None);
            self.promise(part.frame(whole), |state, at| {
                self.file.note_finished(state, host, moved(*span, whole, at));
            })
            .await?;
        }
        Ok(())
    }
}

/// Where something lies when the frame around it begins at `at`.
fn moved(span: Span, whole: Span, at: u64) -> Span {
    Span { offset: at + (span.offset - whole.offset), ..span }
}

impl Part {
    fn frame(&self, whole: Span) -> &[u8] {
        &self.frames[whole.offset as usize..][..whole.bytes as usize]
    }
}

impl SpoolFile {
    fn copied(&self, hosts: &[HostName], at_most: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut file = File::open(&self.path)?;
        let (mut frames, mut copied) = (Vec::new(), 0);
        for whole in self.frames_of(hosts) {
            for span in whole {
                let begin = frames.len();
                frames.resize(begin + span.bytes as usize, 0);
                file.seek(SeekFrom::Start(span.offset))?;
                file.read_exact(&mut frames[begin..])?;
            }
            copied += 1;
            if frames.len() >= at_most {
                break;
            }
        }
        Ok((frames, copied))
    }

    /// For each host its frames, in the order in which they came.
    fn frames_of(&self, hosts: &[HostName]) -> Vec<Vec<Span>> {
        let state = self.lock();
        let places: HashMap<&HostName, usize> = hosts.iter().zip(0..).collect();
        let numbers: HashMap<u32, usize> = places
            .iter()
            .filter_map(|(host, place)| Some((*state.host_numbers.get(*host)?, *place)))
            .collect();
        let mut frames = vec![Vec::new(); hosts.len()];
        for (spec, index) in self.tables.iter().zip(&state.index) {
            for (number, span) in index {
                if let Some(place) = numbers.get(number) {
                    frames[*place].push(frame::around(*span, &hosts[*place], Some(spec.id)));
                }
            }
        }
        for (host, span) in &state.finished {
            if let Some(place) = places.get(host) {
                frames[*place].push(frame::around(*span, host, None));
            }
        }
        frames.iter_mut().for_each(|spans| spans.sort_by_key(|span| span.offset));
        frames
    }
}
