//! Several charts on one sheet: an SVG that stands alone.

use std::fmt::Write;

use crate::probes::http_load::chart::figure::Figure;
use crate::probes::http_load::chart::paint::{Ground, fixed_rules};
use crate::probes::http_load::chart::plot::{self, Size};
use crate::probes::http_load::chart::text::{escaped, fitted};

const MARGIN: f64 = 24.0;
const GAP: f64 = 22.0;
const COLUMNS: usize = 2;
const HEAD_HEIGHT: f64 = 56.0;

/// Charts in two columns below a title and a line of facts.
pub fn svg(title: &str, facts: &str, figures: &[Figure], ground: Ground) -> String {
    let drawings: Vec<_> = figures.iter().map(|figure| plot::draw(figure, Size::PICTURE)).collect();
    let columns = COLUMNS.min(figures.len()).max(1);
    let width = MARGIN * 2.0 + Size::PICTURE.width * columns as f64 + GAP * (columns - 1) as f64;
    let mut top = MARGIN + HEAD_HEIGHT;
    let mut body = String::new();
    for row in drawings.chunks(columns) {
        for (column, drawing) in row.iter().enumerate() {
            let left = MARGIN + column as f64 * (Size::PICTURE.width + GAP);
            let _ = write!(body, r#"<g transform="translate({left},{top})">{}</g>"#, drawing.body);
        }
        top += row.iter().map(|drawing| drawing.height).fold(0.0, f64::max) + GAP;
    }
    let height = top - GAP + MARGIN;
    let room = width - 2.0 * MARGIN;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><style>{rules}.hd{{font-family:DejaVu Sans;font-size:20px;font-weight:bold;fill:{ink}}}</style><rect width="{width}" height="{height}" fill="{paper}"/><text class="hd" x="{MARGIN}" y="{head}">{title}</text><text class="no" x="{MARGIN}" y="{below}">{facts}</text>{body}</svg>"#,
        rules = fixed_rules(ground),
        ink = ground.ink(),
        paper = ground.paper(),
        head = MARGIN + 16.0,
        below = MARGIN + 38.0,
        title = escaped(&fitted(title, 20.0 * 1.12, room)),
        facts = escaped(&fitted(facts, 12.0, room)),
    )
}
