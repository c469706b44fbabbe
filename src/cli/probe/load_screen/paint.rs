//! Colours of the screen that carry a meaning, or none with `NO_COLOR`.

use ratatui::style::{Color, Modifier, Style};

/// Bold and dim stay without colours: they are none.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    pub colors: bool,
}

impl Paint {
    pub const PLAIN: Style = Style::new();
    pub const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
    pub const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

    pub const fn of(self, color: Color) -> Style {
        if self.colors { Style::new().fg(color) } else { Self::PLAIN }
    }

    /// Failures are worth a colour only when there are any.
    pub fn failures(self, count: u64) -> Style {
        if count > 0 { self.of(Color::Red).add_modifier(Modifier::BOLD) } else { Self::PLAIN }
    }

    /// A share that has a bad end.
    pub fn load(self, percent: Option<f64>) -> Style {
        match percent {
            Some(percent) if percent > 90.0 => self.of(Color::Red),
            Some(percent) if percent > 80.0 => self.of(Color::Yellow),
            _ => Self::PLAIN,
        }
    }
}
