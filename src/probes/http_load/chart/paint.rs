//! Colours and fonts of charts: fixed for pictures, by the reader's choice on a page.

use std::fmt::Write;

use crate::probes::http_load::chart::figure::Color;

/// The colours of a chart on a light or a dark ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Light,
    Dark,
}

impl Ground {
    pub const fn color(self, color: Color) -> &'static str {
        match (color, self) {
            (Color::Blue, Self::Light) => "#2563eb",
            (Color::Blue, Self::Dark) => "#60a5fa",
            (Color::Orange, Self::Light) => "#d97706",
            (Color::Orange, Self::Dark) => "#fb923c",
            (Color::Red, Self::Light) => "#dc2626",
            (Color::Red, Self::Dark) => "#f87171",
            (Color::Green, Self::Light) => "#15803d",
            (Color::Green, Self::Dark) => "#4ade80",
            (Color::Violet, Self::Light) => "#7c3aed",
            (Color::Violet, Self::Dark) => "#c084fc",
            (Color::Gray, Self::Light) => "#64748b",
            (Color::Gray, Self::Dark) => "#94a3b8",
        }
    }

    pub const fn paper(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#12161d",
        }
    }

    pub const fn ink(self) -> &'static str {
        match self {
            Self::Light => "#1e293b",
            Self::Dark => "#e2e8f0",
        }
    }

    pub const fn faint_ink(self) -> &'static str {
        match self {
            Self::Light => "#55637a",
            Self::Dark => "#a3b0c2",
        }
    }

    pub const fn grid(self) -> &'static str {
        match self {
            Self::Light => "#e2e8f0",
            Self::Dark => "#2a3341",
        }
    }

    /// The same as custom properties, for a page.
    pub fn properties(self) -> String {
        let mut css = format!(
            "--paper:{};--ink:{};--faint:{};--grid:{};",
            self.paper(),
            self.ink(),
            self.faint_ink(),
            self.grid()
        );
        for color in Color::ALL {
            let _ = write!(css, "--c{}:{};", color.index(), self.color(color));
        }
        css
    }
}

/// The rules of a chart's classes with fixed colours: what renders pictures knows no properties.
pub fn fixed_rules(ground: Ground) -> String {
    let color = |color| ground.color(color).to_owned();
    rules(ground.ink(), ground.faint_ink(), ground.grid(), "DejaVu Sans", color)
}

/// The same with the properties of [`Ground::properties`].
pub fn page_rules() -> String {
    let color = |color: Color| format!("var(--c{})", color.index());
    rules("var(--ink)", "var(--faint)", "var(--grid)", "system-ui,sans-serif", color)
}

fn rules(ink: &str, faint: &str, grid: &str, font: &str, color: impl Fn(Color) -> String) -> String {
    let mut css = format!(
        ".ti,.no,.lg,.kx,.ky,.em{{font-family:{font};stroke:none}}\
         .ti{{font-size:14px;font-weight:bold;fill:{ink}}}.no,.em{{font-size:12px;fill:{faint}}}\
         .lg{{font-size:12px;fill:{ink}}}.kx,.ky{{font-size:12px;fill:{faint}}}\
         .gr{{stroke:{grid};stroke-width:1;fill:none}}.ax{{stroke:{faint};stroke-width:1;fill:none}}\
         .li{{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}}\
         .da{{stroke-dasharray:5 4}}.bd{{fill-opacity:0.22;stroke:none}}"
    );
    for each in Color::ALL {
        let (index, color) = (each.index(), color(each));
        let _ = write!(css, ".s{index}{{stroke:{color}}}.f{index}{{fill:{color}}}");
    }
    css
}
