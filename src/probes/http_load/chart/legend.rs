//! Which colour is what, in rows that wrap.

use std::fmt::Write;

use crate::probes::http_load::chart::figure::{Color, Figure, Mark, Stroke};
use crate::probes::http_load::chart::text::{escaped, fitted, width};

const SIZE: f64 = 12.0;
const ROW_HEIGHT: f64 = 18.0;
const MARK_WIDTH: f64 = 20.0;
const GAP: f64 = 16.0;

/// The legend of a figure from `top` on; gives its height. A single line is what the title says.
pub fn draw(figure: &Figure, room: f64, top: f64, svg: &mut String) -> f64 {
    let entries: Vec<_> = figure.layers.iter().flat_map(|layer| layer.entries()).collect();
    let is_told = |(_, _, mark): &(&str, Color, Mark)| *mark == Mark::Bar;
    if entries.len() < 2 && !entries.iter().any(is_told) {
        return 0.0;
    }
    let (mut x, mut row) = (0.0, 0);
    for (name, color, mark) in entries {
        let name = fitted(name, SIZE, room - MARK_WIDTH);
        let wide = MARK_WIDTH + width(&name, SIZE);
        if x > 0.0 && x + wide > room {
            (x, row) = (0.0, row + 1);
        }
        let middle = top + f64::from(row) * ROW_HEIGHT + ROW_HEIGHT / 2.0;
        draw_mark(x, middle, color, mark, svg);
        let _ = write!(
            svg,
            r#"<text class="lg" x="{:.1}" y="{:.1}">{}</text>"#,
            x + MARK_WIDTH,
            middle + 4.0,
            escaped(&name)
        );
        x += wide + GAP;
    }
    f64::from(row + 1) * ROW_HEIGHT
}

fn draw_mark(x: f64, middle: f64, color: Color, mark: Mark, svg: &mut String) {
    let color = color.index();
    let _ = match mark {
        Mark::Line(stroke) => {
            let dashed = if stroke == Stroke::Dashed { " da" } else { "" };
            write!(svg, r#"<path class="li s{color}{dashed}" d="M{x:.1} {middle:.1}h15"/>"#)
        }
        Mark::Band => {
            let top = middle - 5.0;
            write!(svg, r#"<rect class="bd f{color}" x="{x:.1}" y="{top:.1}" width="15" height="10"/>"#)
        }
        Mark::Bar => {
            let top = middle - 5.0;
            write!(svg, r#"<rect class="f{color}" x="{x:.1}" y="{top:.1}" width="10" height="10"/>"#)
        }
    };
}
