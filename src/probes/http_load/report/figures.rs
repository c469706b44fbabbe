//! The charts of a load: what it did, how long it took, and what the machines did meanwhile.

use crate::probes::http_load::chart::axis::{Scale, Unit};
use crate::probes::http_load::chart::figure::{Color, Figure, Layer, Part, Stroke};
use crate::probes::http_load::monitor::recording::Quantity;
use crate::probes::http_load::report::course::{Course, Second};
use crate::probes::http_load::report::dossier::Dossier;

/// Endpoints with errors beyond these are put together.
const ERROR_COLORS: [Color; 5] = [Color::Red, Color::Orange, Color::Violet, Color::Blue, Color::Gray];

/// In the order in which they are shown.
pub fn all(dossier: &Dossier) -> Vec<Figure> {
    let course = &dossier.course;
    let mut figures =
        vec![requests(course), latency(course), percentiles(course), errors(dossier), cpu(dossier)];
    if dossier.target_watched {
        figures.push(target_memory(dossier));
    }
    figures.push(own_memory(dossier));
    figures.extend(net(dossier));
    for figure in figures.iter_mut().filter(|figure| figure.x == Unit::Elapsed) {
        figure.until = Some(course.end_s);
    }
    figures
}

fn figure(title: &str, y: Unit, layers: Vec<Layer>) -> Figure {
    Figure {
        title: title.to_owned(),
        x: Unit::Elapsed,
        y,
        scale: Scale::FromZero,
        until: None,
        layers,
        note: None,
        empty: "nothing was measured".to_owned(),
    }
}

/// A second is drawn at its middle.
fn per_second(course: &Course, value: impl Fn(&Second) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    course.seconds.iter().map(|second| (second.at_s + 0.5, value(second))).collect()
}

fn line(name: &str, color: Color, stroke: Stroke, points: Vec<(f64, Option<f64>)>) -> Layer {
    Layer::Line { name: name.to_owned(), color, stroke, points }
}

fn requests(course: &Course) -> Figure {
    let ended = per_second(course, |second| Some(second.requests as f64));
    let layers = vec![line("requests", Color::Blue, Stroke::Solid, ended)];
    figure("Requests per second", Unit::PerSecond, layers)
}

fn latency(course: &Course) -> Figure {
    let band = course.seconds.iter().filter_map(|it| Some((it.at_s + 0.5, it.p50_ms?, it.p99_ms?))).collect();
    let layers = vec![
        Layer::Band { name: "p50 to p99".to_owned(), color: Color::Blue, points: band },
        line("p95", Color::Violet, Stroke::Dashed, per_second(course, |second| second.p95_ms)),
        line("p50", Color::Blue, Stroke::Solid, per_second(course, |second| second.p50_ms)),
    ];
    Figure { scale: Scale::ByMagnitude, ..figure("Latency", Unit::Milliseconds, layers) }
}

fn percentiles(course: &Course) -> Figure {
    let known = |points: &[(f64, f64)]| points.iter().map(|(share, ms)| (*share, Some(*ms))).collect();
    let mut layers = vec![line("latency", Color::Blue, Stroke::Solid, known(&course.latency_ms))];
    if !course.service_ms.is_empty() {
        let name = "service time (from the actual send)";
        layers.push(line(name, Color::Green, Stroke::Dashed, known(&course.service_ms)));
    }
    let scale = Scale::ByMagnitude;
    Figure { x: Unit::Percentile, scale, ..figure("Latency by percentile", Unit::Milliseconds, layers) }
}

/// By endpoint, the worst first.
fn errors(dossier: &Dossier) -> Figure {
    let course = &dossier.course;
    let total = |of: usize| course.seconds.iter().filter_map(|it| it.errors.get(of)).sum::<u64>();
    let mut failing: Vec<_> = (0..course.failing.len()).filter(|of| total(*of) > 0).collect();
    failing.sort_by_key(|of| std::cmp::Reverse(total(*of)));
    let heights = |of: &[usize]| {
        let height = |it: &Second| of.iter().filter_map(|of| it.errors.get(*of)).sum::<u64>() as f64;
        course.seconds.iter().map(height).collect::<Vec<_>>()
    };
    let named = if failing.len() > ERROR_COLORS.len() { ERROR_COLORS.len() - 1 } else { failing.len() };
    let mut parts: Vec<Part> = failing[..named]
        .iter()
        .zip(ERROR_COLORS)
        .map(|(of, color)| Part { name: course.failing[*of].clone(), color, heights: heights(&[*of]) })
        .collect();
    if failing.len() > named {
        let name = format!("{} other endpoints", failing.len() - named);
        parts.push(Part { name, color: Color::Gray, heights: heights(&failing[named..]) });
    }
    let at: Vec<f64> = course.seconds.iter().map(|second| second.at_s).collect();
    let layers = if parts.is_empty() { Vec::new() } else { vec![Layer::Stacked { at, width: 1.0, parts }] };
    let mut classes = dossier.errors.clone();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told: Vec<_> = classes
        .iter()
        .map(|(class, count)| format!("{} {class}", Unit::Count.shown(*count as f64)))
        .collect();
    let note = (!told.is_empty()).then(|| format!("In all: {}", told.join(", ")));
    Figure { note, empty: "no request failed".to_owned(), ..figure("Errors per second", Unit::Count, layers) }
}

fn seen(dossier: &Dossier, quantity: Quantity) -> Vec<(f64, Option<f64>)> {
    let series = dossier.monitor.series(quantity);
    series.into_iter().map(|(at_ms, value)| (at_ms as f64 / 1_000.0, Some(value))).collect()
}

const UNSEEN: &str = "this machine tells nothing of it";

fn cpu(dossier: &Dossier) -> Figure {
    let mut layers = vec![
        line("this machine", Color::Gray, Stroke::Solid, seen(dossier, Quantity::Cpu)),
        line("of it the load generator", Color::Green, Stroke::Dashed, seen(dossier, Quantity::OwnCpu)),
    ];
    if dossier.target_watched {
        layers.push(line("target", Color::Orange, Stroke::Solid, seen(dossier, Quantity::TargetCpu)));
    }
    Figure { empty: UNSEEN.to_owned(), ..figure("CPU", Unit::Percent, layers) }
}

fn target_memory(dossier: &Dossier) -> Figure {
    let layers = vec![line("target", Color::Orange, Stroke::Solid, seen(dossier, Quantity::TargetMemory))];
    Figure {
        scale: Scale::OfRange,
        note: dossier.memory.as_ref().map(|(_, told)| told.clone()),
        empty: "the target told nothing of it".to_owned(),
        ..figure("Memory of the target", Unit::Bytes, layers)
    }
}

fn own_memory(dossier: &Dossier) -> Figure {
    let layers = vec![
        line("used", Color::Gray, Stroke::Solid, seen(dossier, Quantity::Memory)),
        line("of it the load generator", Color::Green, Stroke::Dashed, seen(dossier, Quantity::OwnMemory)),
    ];
    Figure { empty: UNSEEN.to_owned(), ..figure("Memory of this machine", Unit::Bytes, layers) }
}

/// Only where bytes left or reached the machine: a load on loopback has nothing to show here.
fn net(dossier: &Dossier) -> Option<Figure> {
    let (received, sent) = (seen(dossier, Quantity::NetReceived), seen(dossier, Quantity::NetSent));
    let moved = received.iter().chain(&sent).any(|(_, rate)| rate.is_some_and(|rate| rate > 1_000.0));
    let layers = vec![
        line("received", Color::Blue, Stroke::Solid, received),
        line("sent", Color::Violet, Stroke::Dashed, sent),
    ];
    moved.then(|| figure("Network of this machine, bytes per second", Unit::Bytes, layers))
}
