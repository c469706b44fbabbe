//! The one place that prints: standard output for results, standard error for people.
//!
//! A reader that goes away (`| head`) is no error. While a progress bar is on the screen,
//! everything else is written above it; while a whole screen is, it waits until that is gone.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use tracing_subscriber::fmt::MakeWriter;

/// The colours that carry a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Good,
    Warn,
    Bad,
    Faint,
    Strong,
}

/// What the far end of a stream can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub colors: bool,
    /// Columns to wrap at; none when nobody watches.
    pub width: Option<usize>,
}

impl Look {
    pub fn paint(self, paint: Paint, text: &str) -> String {
        if !self.colors {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Good => "32",
            Paint::Warn => "33",
            Paint::Bad => "31",
            Paint::Faint => "2",
            Paint::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Both streams of the process.
#[derive(Clone)]
pub struct Terminal {
    bars: MultiProgress,
    pub out: Look,
    pub err: Look,
    /// Whether a bar may move on standard error.
    pub animated: bool,
    /// Whether a whole screen may be drawn on standard output.
    pub full_screen: bool,
    /// Standard error carries a JSON log: whatever else it says must be a line of that log.
    err_is_log: Arc<AtomicBool>,
    /// What was said to people while a screen is drawn; absent while none is.
    held: Arc<Mutex<Option<Vec<u8>>>>,
}

/// Of what is held back, so much is kept; of a longer text the end is missing.
const HELD_BYTES: usize = 1024 * 1024;

impl Terminal {
    /// Looks at the streams, `NO_COLOR` (no-color.org) and `TERM`.
    pub fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let look = |is_terminal: bool| Look {
            colors: is_terminal && !dumb && !set("NO_COLOR"),
            width: is_terminal.then(screen_width).flatten(),
        };
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            out: look(out_is_terminal),
            err: look(err_is_terminal),
            animated: err_is_terminal && !dumb,
            full_screen: out_is_terminal && !dumb,
            err_is_log: Arc::default(),
            held: Arc::default(),
        }
    }

    /// A result, on standard output.
    pub fn print(&self, text: &str) -> io::Result<()> {
        self.bars.suspend(|| write_line(&mut io::stdout().lock(), text))
    }

    /// From now on standard error is for programs that read the log.
    pub fn leave_err_to_the_log(&self) {
        self.err_is_log.store(true, Ordering::Relaxed);
    }

    pub fn err_is_log(&self) -> bool {
        self.err_is_log.load(Ordering::Relaxed)
    }

    /// A word to the person who watches, on standard error. If even that fails there is
    /// nobody left to tell.
    pub fn note(&self, text: &str) {
        if self.err_is_log() {
            tracing::info!("{text}");
            return;
        }
        if !self.held_back(text.trim_end_matches('\n').as_bytes(), b"\n") {
            let _ = self.bars.suspend(|| write_line(&mut io::stderr().lock(), text));
        }
    }

    /// From now on whatever is said on standard error waits: a screen is drawn on the terminal.
    /// Where standard error leads elsewhere nothing waits.
    pub fn hold(&self) {
        if io::stderr().is_terminal() {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
        }
    }

    /// Says what waited.
    pub fn release(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.bars.suspend(|| io::stderr().lock().write_all(&held.unwrap_or_default()));
    }

    fn held_back(&self, text: &[u8], end: &[u8]) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_mut() else { return false };
        if held.len() + text.len() < HELD_BYTES {
            held.extend_from_slice(text);
            held.extend_from_slice(end);
        }
        true
    }

    /// `error: …` on standard error.
    pub fn error(&self, text: &str) {
        if self.err_is_log() {
            tracing::error!("{text}");
            return;
        }
        self.note(&format!("{} {text}", self.err.paint(Paint::Bad, "error:")));
    }

    /// `warning: …` on standard error.
    pub fn warning(&self, text: &str) {
        if self.err_is_log() {
            tracing::warn!("{text}");
            return;
        }
        self.note(&format!("{} {text}", self.err.paint(Paint::Warn, "warning:")));
    }

    pub fn bars(&self) -> &MultiProgress {
        &self.bars
    }
}

fn screen_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(usize::from(columns).clamp(60, 160))
}

fn write_line(stream: &mut impl Write, text: &str) -> io::Result<()> {
    let written = stream
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { stream.write_all(b"\n") })
        .and_then(|()| stream.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Log lines go above the bar too: one write is one event.
impl<'a> MakeWriter<'a> for Terminal {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LogLine(self)
    }
}

pub struct LogLine<'a>(&'a Terminal);

impl Write for LogLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if !self.0.held_back(line, b"") {
            self.0.bars.suspend(|| io::stderr().lock().write_all(line))?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
