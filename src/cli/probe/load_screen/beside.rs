//! A load and those who watch it: on a screen where there is one, else in lines.

use tokio_util::sync::CancellationToken;

use crate::cli::probe::load_screen::lines::tell;
use crate::cli::probe::load_screen::picture::{Memory, Picture};
use crate::cli::probe::load_screen::show::show;
use crate::cli::terminal::Terminal;
use crate::probes::http_load::measure::Listener;

/// What is watched, and how.
pub struct Watching<'a> {
    pub terminal: &'a Terminal,
    pub listener: &'a Listener,
    pub memory: Memory,
    /// Draw a screen; else tell lines.
    pub on_screen: bool,
    /// Cancelled by a key on the screen.
    pub quit: &'a CancellationToken,
}

/// Drives the work and shows it while the load is sent; what is written afterwards is not waited for.
pub async fn beside<T>(watching: Watching<'_>, work: impl Future<Output = T>) -> T {
    let ended = &watching.listener.ended;
    let working = async {
        let done = work.await;
        // It may have ended before a load was sent.
        ended.cancel();
        done
    };
    tokio::join!(working, watching.follow()).0
}

impl Watching<'_> {
    async fn follow(self) {
        let Self { terminal, listener, mut memory, on_screen, quit } = self;
        let mut picture =
            || -> Picture { memory.picture(&listener.live.borrow(), &listener.machines.borrow()) };
        if on_screen {
            match show(terminal, &mut picture, quit, &listener.ended).await {
                Ok(()) if quit.is_cancelled() => terminal.note("stopping the load (Ctrl-C: at once)"),
                Ok(()) => {}
                Err(error) => terminal.warning(&format!("no screen can be drawn: {error}")),
            }
        }
        let planned = listener.live.borrow().planned;
        tell(terminal, planned, picture, &listener.ended).await;
    }
}
