//! The terminal that the screen is drawn on: taken over, and given back whatever happens.

use std::io;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use ratatui::crossterm::terminal::is_raw_mode_enabled;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::cli::probe::load_screen::draw::draw;
use crate::cli::probe::load_screen::keys::is_stop;
use crate::cli::probe::load_screen::paint::Paint;
use crate::cli::probe::load_screen::picture::Picture;
use crate::cli::terminal::Terminal;

/// How soon a key is noticed; every fifth time the picture is drawn anew: 4 Hz.
const KEY_PERIOD: Duration = Duration::from_millis(50);
const LOOKS_PER_PICTURE: u32 = 5;

/// A taken terminal. Dropped, it is as it was, and shows what was said meanwhile. A panic gives
/// it back before its message.
struct Taken<'a> {
    screen: DefaultTerminal,
    terminal: &'a Terminal,
}

impl<'a> Taken<'a> {
    fn take(terminal: &'a Terminal) -> io::Result<Self> {
        terminal.hold();
        match ratatui::try_init() {
            Ok(screen) => Ok(Self { screen, terminal }),
            Err(error) => {
                ratatui::restore();
                terminal.release();
                Err(error)
            }
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // After a panic elsewhere the terminal is its owner's again.
        if is_raw_mode_enabled().unwrap_or(true) {
            ratatui::restore();
        }
        self.terminal.release();
    }
}

/// Draws a picture four times a second until `done`. A key to stop cancels `quit` and gives the
/// terminal back at once: from then on Ctrl-C is a signal again.
pub async fn show(
    terminal: &Terminal,
    mut picture: impl FnMut() -> Picture,
    quit: &CancellationToken,
    done: &CancellationToken,
) -> io::Result<()> {
    let mut taken = Taken::take(terminal)?;
    let paint = Paint { colors: terminal.out.colors };
    let mut ticks = tokio::time::interval(KEY_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for look in (0..LOOKS_PER_PICTURE).cycle() {
        tokio::select! {
            biased;
            () = done.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        while event::poll(Duration::ZERO)? {
            if is_stop(&event::read()?) {
                quit.cancel();
                return Ok(());
            }
        }
        if look == 0 && is_raw_mode_enabled()? {
            let picture = picture();
            taken.screen.draw(|frame| draw(frame, &picture, paint))?;
        }
    }
    Ok(())
}
