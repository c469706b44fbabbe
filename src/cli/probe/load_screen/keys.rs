//! Keys that mean something while a load runs.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// `q`, or Ctrl-C, which is a key like any other while the screen is up.
pub fn is_stop(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    let is_quit = matches!(key.code, KeyCode::Char('q' | 'Q'))
        && key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
    key.kind != KeyEventKind::Release && (is_interrupt || is_quit)
}
