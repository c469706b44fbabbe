//! A figure as SVG: everything inside its frame, and no text on another.

use std::fmt::Write;

use crate::probes::http_load::chart::axis::{Axis, Scale};
use crate::probes::http_load::chart::down_sample;
use crate::probes::http_load::chart::figure::{Color, Figure, Layer, Stroke};
use crate::probes::http_load::chart::legend;
use crate::probes::http_load::chart::text::{escaped, fitted, width};

const TICK_SIZE: f64 = 12.0;
const TITLE_SIZE: f64 = 14.0;
/// Bold is wider.
const BOLD: f64 = 1.12;
const TITLE_HEIGHT: f64 = 22.0;
const NOTE_HEIGHT: f64 = 16.0;
const X_LABELS_HEIGHT: f64 = 24.0;
const HEIGHT_TICKS: usize = 5;
/// Between two labels of the lower axis.
const LABEL_GAP: f64 = 14.0;

/// How large a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub width: f64,
    /// Of the part between the axes.
    pub plot_height: f64,
    /// Of each line.
    pub most_points: usize,
}

impl Size {
    pub const WIDE: Self = Self { width: 600.0, plot_height: 190.0, most_points: 1_000 };
    /// For a telephone held upright.
    pub const NARROW: Self = Self { width: 360.0, plot_height: 160.0, most_points: 360 };
    pub const PICTURE: Self = Self { width: 760.0, plot_height: 180.0, most_points: 2_000 };
}

/// What stands between `<svg …>` and `</svg>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    pub body: String,
}

impl Drawing {
    /// As an element of a page, whose style has the rules of the classes.
    pub fn element(&self, label: &str) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>"#,
            escaped(label),
            self.width,
            self.height,
            self.body
        )
    }
}

pub fn draw(figure: &Figure, size: Size) -> Drawing {
    let mut body = String::new();
    let mut top = heading(figure, size.width, &mut body);
    top += legend::draw(figure, size.width, top, &mut body) + 10.0;
    let frame = Frame::new(figure, size, top);
    let height = frame.bottom + X_LABELS_HEIGHT;
    if figure.layers.iter().all(Layer::is_empty) {
        let (x, y) = (size.width / 2.0, f64::midpoint(frame.top, frame.bottom));
        let word = escaped(&fitted(&figure.empty, TICK_SIZE, size.width));
        let _ = write!(body, r#"<text class="em" x="{x:.1}" y="{y:.1}" text-anchor="middle">{word}</text>"#);
        frame.line_below(&mut body);
    } else {
        frame.grid(&mut body);
        for layer in &figure.layers {
            frame.layer(layer, size.most_points, &mut body);
        }
        frame.line_below(&mut body);
        frame.labels(&mut body);
    }
    Drawing { width: size.width, height: height.ceil(), body }
}

fn heading(figure: &Figure, room: f64, svg: &mut String) -> f64 {
    let title = escaped(&fitted(&figure.title, TITLE_SIZE * BOLD, room));
    let _ = write!(svg, r#"<text class="ti" x="0" y="15">{title}</text>"#);
    let mut top = TITLE_HEIGHT;
    for line in figure.note.iter().flat_map(|note| wrapped(note, room)) {
        let _ = write!(svg, r#"<text class="no" x="0" y="{:.1}">{}</text>"#, top + 11.0, escaped(&line));
        top += NOTE_HEIGHT;
    }
    top
}

fn wrapped(text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), TICK_SIZE) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fitted(word, TICK_SIZE, room)),
        }
    }
    lines
}

/// The rectangle between the axes.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
    /// Of the whole drawing.
    width: f64,
}

impl Frame {
    fn new(figure: &Figure, size: Size, top: f64) -> Self {
        let all = |values: fn(&Layer) -> Vec<f64>| figure.layers.iter().flat_map(values);
        let y = Axis::over(figure.y, all(Layer::ys), figure.scale, HEIGHT_TICKS);
        let widest = y.ticks.iter().map(|tick| width(&tick.label, TICK_SIZE)).fold(0.0, f64::max);
        let left = (widest + 8.0).ceil();
        let right = size.width - 6.0;
        let along = |most| {
            let all = all(Layer::xs).chain(figure.until);
            Axis::over(figure.x, all, Scale::FromZero, most)
        };
        let fits = |most: usize| {
            let axis = along(most);
            let labels: f64 = axis.ticks.iter().map(|tick| width(&tick.label, TICK_SIZE) + LABEL_GAP).sum();
            (labels <= right - left).then_some(axis)
        };
        let x = (2..=10).rev().find_map(fits).unwrap_or_else(|| along(1));
        Self { left, right, top, bottom: top + size.plot_height, x, y, width: size.width }
    }

    fn at_x(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * (self.right - self.left)
    }

    fn at_y(&self, y: f64) -> f64 {
        self.bottom - self.y.share(y) * (self.bottom - self.top)
    }

    fn grid(&self, svg: &mut String) {
        let mut path = String::new();
        for tick in &self.y.ticks {
            let _ = write!(path, "M{:.1} {:.1}H{:.1}", self.left, self.at_y(tick.at), self.right);
        }
        for tick in &self.x.ticks {
            let _ = write!(path, "M{:.1} {:.1}V{:.1}", self.at_x(tick.at), self.top, self.bottom);
        }
        let _ = write!(svg, r#"<path class="gr" d="{path}"/>"#);
    }

    fn line_below(&self, svg: &mut String) {
        let _ =
            write!(svg, r#"<path class="ax" d="M{:.1} {:.1}H{:.1}"/>"#, self.left, self.bottom, self.right);
    }

    fn labels(&self, svg: &mut String) {
        for tick in &self.y.ticks {
            let (x, y) = (self.left - 6.0, self.at_y(tick.at) + 4.0);
            let label = escaped(&tick.label);
            let _ = write!(svg, r#"<text class="ky" x="{x:.1}" y="{y:.1}" text-anchor="end">{label}</text>"#);
        }
        let mut taken = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let half = width(&tick.label, TICK_SIZE) / 2.0;
            let x = self
                .at_x(tick.at)
                .clamp(half.min(self.width / 2.0), (self.width - half).max(self.width / 2.0));
            if x - half < taken + LABEL_GAP / 2.0 {
                continue;
            }
            taken = x + half;
            let (y, label) = (self.bottom + 17.0, escaped(&tick.label));
            let _ =
                write!(svg, r#"<text class="kx" x="{x:.1}" y="{y:.1}" text-anchor="middle">{label}</text>"#);
        }
    }

    fn layer(&self, layer: &Layer, most: usize, svg: &mut String) {
        match layer {
            Layer::Line { color, stroke, points, .. } => self.line(*color, *stroke, points, most, svg),
            Layer::Band { color, points, .. } => self.band(*color, points, most, svg),
            Layer::Stacked { at, width, parts } => {
                let mut base = vec![0.0; at.len()];
                for part in parts {
                    self.bars(part.color, at, *width, &part.heights, &mut base, svg);
                }
            }
        }
    }

    fn line(
        &self,
        color: Color,
        stroke: Stroke,
        points: &[(f64, Option<f64>)],
        most: usize,
        svg: &mut String,
    ) {
        let known = points.iter().filter(|(_, y)| y.is_some()).count().max(1);
        let mut path = String::new();
        for run in points.split(|(_, y)| y.is_none()) {
            let run: Vec<(f64, f64)> = run.iter().filter_map(|(x, y)| Some((*x, (*y)?))).collect();
            let share = (run.len() * most).div_ceil(known);
            for (index, (x, y)) in down_sample::line(&run, share).into_iter().enumerate() {
                let word = if index == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{word}{:.1} {:.1}", self.at_x(x), self.at_y(y));
            }
            if run.len() == 1 {
                // A point alone is drawn by the round ends of a line without length.
                path.push_str("h0.1");
            }
        }
        let dashed = if stroke == Stroke::Dashed { " da" } else { "" };
        let _ = write!(svg, r#"<path class="li s{}{dashed}" d="{path}"/>"#, color.index());
    }

    fn band(&self, color: Color, points: &[(f64, f64, f64)], most: usize, svg: &mut String) {
        let points = down_sample::band(points, most);
        let mut path = String::new();
        for (index, (x, _, high)) in points.iter().enumerate() {
            let word = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{word}{:.1} {:.1}", self.at_x(*x), self.at_y(*high));
        }
        for (x, low, _) in points.iter().rev() {
            let _ = write!(path, "L{:.1} {:.1}", self.at_x(*x), self.at_y(*low));
        }
        let _ = write!(svg, r#"<path class="bd f{}" d="{path}Z"/>"#, color.index());
    }

    fn bars(&self, color: Color, at: &[f64], wide: f64, heights: &[f64], base: &mut [f64], svg: &mut String) {
        let mut path = String::new();
        for ((x, height), base) in at.iter().zip(heights).zip(base) {
            if *height > 0.0 {
                let (from, to) = (self.at_x(*x), self.at_x(x + wide));
                // A bar that would be thinner than a hair is drawn as one.
                let to = to.max(from + 0.7).min(self.right.max(from));
                let (low, high) = (self.at_y(*base), self.at_y(*base + height));
                let _ = write!(path, "M{from:.1} {low:.1}V{high:.1}H{to:.1}V{low:.1}Z");
                *base += height;
            }
        }
        let _ = write!(svg, r#"<path class="f{}" d="{path}"/>"#, color.index());
    }
}
