//! The log: tracing to standard error as text or JSON and, if asked for, to a file a day.

use std::fs;

use tracing::{Dispatch, Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use crate::cli::terminal::Terminal;
use crate::config::job::{Log, LogFormat};

/// The target of the log lines that tell a run's events.
pub const EVENTS: &str = "lustrum::events";

/// Days of log files to keep.
const LOG_FILES: usize = 14;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "log level {level:?}: expected error, warn, info, debug, trace, or a filter such as info,lustrum::transport=debug"
    )]
    Level { level: String },
    #[error("log folder {dir}: {reason}")]
    Folder { dir: String, reason: String },
    #[error("the log was started twice")]
    Twice(#[from] TryInitError),
}

/// Writes what is still in memory when dropped: keep it to the end of the program.
#[must_use]
#[derive(Debug)]
pub struct LogGuard {
    _file: Option<WorkerGuard>,
}

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts the log for the whole process.
pub fn start(log: &Log, terminal: &Terminal) -> Result<LogGuard, LogError> {
    let (dispatch, guard) = dispatch(log, terminal)?;
    dispatch.try_init()?;
    if log.format == LogFormat::Json {
        terminal.leave_err_to_the_log();
    }
    Ok(guard)
}

/// The log as a value: whoever holds it may make it the default of a thread.
pub fn dispatch(log: &Log, terminal: &Terminal) -> Result<(Dispatch, LogGuard), LogError> {
    let filter = filter(&log.level)?;
    let screen = boxed(log.format, terminal.err.colors, terminal.clone());
    // As text, the progress display already says what a run's events are.
    let screen = match log.format {
        LogFormat::Text => screen.with_filter(filter_fn(|metadata| metadata.target() != EVENTS)).boxed(),
        LogFormat::Json => screen,
    };
    let (file, guard) = match &log.dir {
        None => (None, None),
        Some(dir) => {
            let (writer, guard) = tracing_appender::non_blocking(appender(dir)?);
            (Some(boxed(log.format, false, writer)), Some(guard))
        }
    };
    let layers: Vec<Boxed> = std::iter::once(screen).chain(file).collect();
    let layers = layers.with_filter(filter_fn(may_be_logged)).with_filter(filter);
    Ok((Dispatch::new(tracing_subscriber::registry().with(layers)), LogGuard { _file: guard }))
}

fn boxed<W>(format: LogFormat, colors: bool, writer: W) -> Boxed
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(colors);
    match format {
        LogFormat::Text => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
    }
}

/// A bare level is ours alone; other people's crates speak only when something is wrong.
fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let is_bare = level.parse::<Level>().is_ok();
    let directives = if is_bare { format!("warn,lustrum={level}") } else { level.to_owned() };
    EnvFilter::try_new(directives).map_err(|_| LogError::Level { level: level.to_owned() })
}

/// The security library traces its arguments, credentials among them. No filter, however
/// eager, lets that into a log. Its warnings are about steps of a handshake that we chose.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let is_security_library =
        ["sspi", "winrm", "picky"].iter().any(|name| metadata.target().starts_with(name));
    !is_security_library || *metadata.level() <= Level::ERROR
}

fn appender(dir: &str) -> Result<RollingFileAppender, LogError> {
    let refuse = |reason: String| LogError::Folder { dir: dir.to_owned(), reason };
    fs::create_dir_all(dir).map_err(|error| refuse(error.to_string()))?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("lustrum")
        .filename_suffix("log")
        .max_log_files(LOG_FILES)
        .build(dir)
        .map_err(|error| refuse(error.to_string()))
}
