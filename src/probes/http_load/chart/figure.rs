//! What one chart shows, as plain values.

use crate::probes::http_load::chart::axis::{Scale, Unit};

#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub title: String,
    /// Seconds, or shares for the percentile plot.
    pub x: Unit,
    pub y: Unit,
    pub scale: Scale,
    /// Where x ends, if not at the last point: charts of one run end together.
    pub until: Option<f64>,
    /// Drawn in this order.
    pub layers: Vec<Layer>,
    /// A sentence below the title.
    pub note: Option<String>,
    /// What stands there when no layer has a point.
    pub empty: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Breaks where nothing is known.
    Line { name: String, color: Color, stroke: Stroke, points: Vec<(f64, Option<f64>)> },
    /// (x, low, high)
    Band { name: String, color: Color, points: Vec<(f64, f64, f64)> },
    /// Bars of one width on top of each other: for each name the heights at `at`.
    Stacked { at: Vec<f64>, width: f64, parts: Vec<Part> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: String,
    pub color: Color,
    /// As many as there are places.
    pub heights: Vec<f64>,
}

/// Places in the palette; what they look like is up to the style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Blue,
    Orange,
    Red,
    Green,
    Violet,
    Gray,
}

impl Color {
    pub const ALL: [Self; 6] = [Self::Blue, Self::Orange, Self::Red, Self::Green, Self::Violet, Self::Gray];

    pub const fn index(self) -> usize {
        self as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    Solid,
    Dashed,
}

impl Layer {
    /// What a legend says of it.
    pub fn entries(&self) -> Vec<(&str, Color, Mark)> {
        match self {
            Self::Line { name, color, stroke, .. } => vec![(name, *color, Mark::Line(*stroke))],
            Self::Band { name, color, .. } => vec![(name, *color, Mark::Band)],
            Self::Stacked { parts, .. } => {
                parts.iter().map(|part| (part.name.as_str(), part.color, Mark::Bar)).collect()
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Line { points, .. } => points.iter().all(|(_, y)| y.is_none()),
            Self::Band { points, .. } => points.is_empty(),
            Self::Stacked { at, .. } => at.is_empty(),
        }
    }

    /// The places of all points along x.
    pub fn xs(&self) -> Vec<f64> {
        match self {
            Self::Line { points, .. } => points.iter().map(|(x, _)| *x).collect(),
            Self::Band { points, .. } => points.iter().map(|(x, ..)| *x).collect(),
            Self::Stacked { at, width, .. } => at.iter().flat_map(|x| [*x, x + width]).collect(),
        }
    }

    /// All heights that must fit.
    pub fn ys(&self) -> Vec<f64> {
        match self {
            Self::Line { points, .. } => points.iter().filter_map(|(_, y)| *y).collect(),
            Self::Band { points, .. } => points.iter().flat_map(|(_, low, high)| [*low, *high]).collect(),
            Self::Stacked { at, parts, .. } => {
                let height = |index: usize| parts.iter().filter_map(|part| part.heights.get(index)).sum();
                (0..at.len()).map(height).collect()
            }
        }
    }
}

/// How a layer looks in a legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Line(Stroke),
    Band,
    Bar,
}
