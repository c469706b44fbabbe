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

/// Drives the work and shows it meanwhile. What is written after the load is not waited for.
pub async fn beside<T>(watching: Watching<'_>, work: impl Future<Output = T>) -> T {
    let done = CancellationToken::new();
    let working = async {
        let ended = work.await;
        done.cancel();
        ended
    };
    tokio::join!(working, watching.follow(&done)).0
}

impl Watching<'_> {
    async fn follow(self, done: &CancellationToken) {
        let Self { terminal, listener, mut memory, on_screen, quit } = self;
        let over = done.child_token();
        let mut picture = || -> Picture {
            if listener.outcome.get().is_some() {
                over.cancel();
            }
            memory.picture(&listener.live.borrow(), &listener.machines.borrow())
        };
        if on_screen {
            match show(terminal, &mut picture, quit, &over).await {
                Ok(()) if quit.is_cancelled() => terminal.note("stopping the load (Ctrl-C: at once)"),
                Ok(()) => {}
                Err(error) => terminal.warning(&format!("no screen can be drawn: {error}")),
            }
        }
        let planned = listener.live.borrow().planned;
        tell(terminal, planned, picture, &over).await;
    }
}
