//! From a run's rows to its staged RVTools files: the workbook, and a CSV for each tab.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::model::artifact::{Artifact, ArtifactFormat};
use crate::model::event::RunHeader;
use crate::output::csv::FormulaGuard;
use crate::output::draft::Draft;
use crate::output::format::EncodeError;
use crate::output::layout::Key;
use crate::output::rvtools_csv::{TabError, write_tab};
use crate::output::source::TableSource;
use crate::output::tab_rows::walk;
use crate::output::workbook::{Limits, Told, WorkbookWriter};
use crate::output::writer::{CHUNKS_WAITING, ChunkSink, Size, WriteError, store_chunks};
use crate::tables::table::TableSpec;
use crate::tables::tabs::tabs;

/// The tab that RVTools leaves out of its CSV export.
const WORKBOOK_ONLY: &str = "vMetaData";

/// The forms in which the tabs can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    Workbook,
    Csv(FormulaGuard),
}

/// What was written, and what an operator should know of it.
#[derive(Debug, Default)]
pub struct Written {
    pub artifacts: Vec<Artifact>,
    pub warnings: Vec<String>,
}

/// Stages the tabs in one form. All 27 are written; those of `asked` with their rows.
/// `scratch` is a folder for temporary files, which have no names and end with the writing.
pub async fn write_face(
    draft: &mut Draft,
    header: &RunHeader,
    source: &Arc<dyn TableSource>,
    asked: &[&'static TableSpec],
    face: Face,
    scratch: &Path,
) -> Result<Written, WriteError> {
    match face {
        Face::Workbook => {
            let (created, scratch, rows) = (header.slot.instant(), scratch.to_owned(), source.clone());
            let (key, tabs) = (draft.keys.file(&workbook_name(header)), tabs(asked));
            let encode = move |out: &mut ChunkSink| {
                let begun = WorkbookWriter::open(&tabs, &scratch, created, Limits::default());
                let mut book = begun.map_err(EncodeError::from)?;
                walk(rows.as_ref(), &tabs, |tab, cells| {
                    book.row(tab, cells).map_err(|error| TabError::from(EncodeError::from(error)))
                })?;
                Ok(book.finish(out).map_err(EncodeError::from)?)
            };
            let (artifact, warnings) = stage(draft, key, ArtifactFormat::Xlsx, None, encode).await?;
            Ok(Written { artifacts: vec![artifact], warnings })
        }
        Face::Csv(guard) => {
            let mut written = Written::default();
            for tab in tabs(asked).into_iter().filter(|tab| tab.title != WORKBOOK_ONLY) {
                let (rows, table) = (source.clone(), Some(tab.title.to_lowercase()));
                let key = draft.keys.file(&format!("RVTools_tab{}.csv", tab.title));
                let encode = move |out: &mut ChunkSink| {
                    let rows = write_tab(&tab, rows.as_ref(), guard, out)?;
                    Ok(Told { rows, warnings: Vec::new() })
                };
                let (artifact, _) = stage(draft, key, ArtifactFormat::RvtoolsCsv, table, encode).await?;
                written.artifacts.push(artifact);
            }
            Ok(written)
        }
    }
}

/// As RVTools names an export, with the run's slot, in UTC, as its instant.
pub fn workbook_name(header: &RunHeader) -> String {
    format!("RVTools_export_all_{}.xlsx", header.slot.instant().format("%Y-%m-%d_%H.%M.%S"))
}

/// Encodes on the press and stages what comes, chunk by chunk.
async fn stage(
    draft: &mut Draft,
    key: Key,
    format: ArtifactFormat,
    table: Option<String>,
    encode: impl FnOnce(&mut ChunkSink) -> Result<Told, TabError> + Send + 'static,
) -> Result<(Artifact, Vec<String>), WriteError> {
    let failed = |source: EncodeError| WriteError::Face { object: key.file_name().to_owned(), source };
    let mut object = draft.begin(key.clone()).await?;
    let (chunks, arriving) = mpsc::channel(CHUNKS_WAITING);
    let encoding = draft.press().run(move || {
        unpanicked(|| {
            let mut sink = ChunkSink::new(0, chunks);
            let told = encode(&mut sink)?;
            Ok((told, sink.close().map_err(EncodeError::from)?))
        })
    });
    let stored = store_chunks(std::slice::from_mut(&mut object), arriving).await;
    // A failed store drops the channel, on which the encoder stops with an error of its own.
    let encoded = encoding.await.map_err(|stopped| failed(EncodeError::Io(io::Error::other(stopped))));
    stored?;
    let (told, size) = encoded?.map_err(|error| match error {
        TabError::Spool(error) => error.into(),
        TabError::Encode(error) => failed(error),
    })?;
    let Size { bytes, sha256 } = size;
    let (path, rows) = (key.to_string(), told.rows);
    let artifact = Artifact { path, format, table, rows, bytes, sha256, schema_fingerprint: None };
    draft.keep(object, artifact.clone()).await?;
    Ok((artifact, told.warnings))
}

/// The workbook's library panics where its temporary files cannot be written. Here that is
/// an error like any other, and the press goes on.
fn unpanicked<T>(encode: impl FnOnce() -> Result<T, TabError>) -> Result<T, TabError> {
    catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
        Err(EncodeError::Io(io::Error::other(text.to_owned())).into())
    })
}
