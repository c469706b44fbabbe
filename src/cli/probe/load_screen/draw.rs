//! The screen itself: what matters most stands at the top, and what has no room is left out.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{LineGauge, Paragraph, Sparkline};

use crate::cli::columns::{count, visible};
use crate::cli::probe::load_screen::paint::Paint;
use crate::cli::probe::load_screen::picture::{EndpointLine, Picture, Times};
use crate::probes::http_load::chart::axis::Unit;

/// A curve is its heading and at least this many rows.
const CURVE_ROWS: u16 = 2;
const TALLEST_CURVE: u16 = 12;
/// A screen of fewer rows shows the shorter set of numbers.
const ROOMY: u16 = 16;
const GAP: usize = 3;

/// Draws a picture on a screen of any size.
pub fn draw(frame: &mut Frame<'_>, picture: &Picture, paint: Paint) {
    let mut room = Room { rest: frame.area() };
    let width = usize::from(room.rest.width);
    let is_roomy = room.rest.height >= ROOMY;
    room.lines(frame, vec![heading(picture, width)]);
    let bottom = room.take_bottom(1);
    if let Some(row) = room.take(1) {
        progress(frame, row, picture, paint);
    }
    room.lines(frame, flow(numbers(picture, is_roomy, paint), width));
    room.lines(frame, flow(machines(picture, is_roomy, paint), width));
    if let Some(row) = bottom {
        frame.render_widget(Paragraph::new(Span::styled("q or Ctrl-C stops the load", Paint::FAINT)), row);
    }
    let endpoints = endpoint_rows(&picture.endpoints, width, paint);
    // Endpoints have their rows where two curves still fit above them.
    let table = (endpoints.len() as u16).min(room.rest.height.saturating_sub(2 * (CURVE_ROWS + 1)));
    let curve = (room.rest.height.saturating_sub(table) / 2).min(TALLEST_CURVE);
    if curve > CURVE_ROWS - 1 {
        let rates: Vec<_> = picture.rates.iter().copied().map(Some).collect();
        room.curve(frame, curve, "requests per second", Unit::PerSecond, &rates, paint.of(Color::Cyan));
        let color = paint.of(Color::Magenta);
        room.curve(frame, curve, "p95 by second", Unit::Milliseconds, &picture.p95s, color);
    }
    if table > 1 {
        room.lines(frame, endpoints);
    }
}

/// What is left of the screen, from the top down.
struct Room {
    rest: Rect,
}

impl Room {
    fn take(&mut self, rows: u16) -> Option<Rect> {
        if rows == 0 || rows > self.rest.height || self.rest.width == 0 {
            return None;
        }
        let taken = Rect { height: rows, ..self.rest };
        self.rest.y += rows;
        self.rest.height -= rows;
        Some(taken)
    }

    fn take_bottom(&mut self, rows: u16) -> Option<Rect> {
        if rows > self.rest.height {
            return None;
        }
        self.rest.height -= rows;
        Some(Rect { y: self.rest.y + self.rest.height, height: rows, ..self.rest })
    }

    fn lines(&mut self, frame: &mut Frame<'_>, lines: Vec<Line<'_>>) {
        for line in lines {
            if let Some(row) = self.take(1) {
                frame.render_widget(Paragraph::new(line), row);
            }
        }
    }

    fn curve(
        &mut self,
        frame: &mut Frame<'_>,
        rows: u16,
        name: &str,
        unit: Unit,
        values: &[Option<f64>],
        style: Style,
    ) {
        let Some(area) = self.take(rows) else { return };
        let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
        let highest = shown.iter().flatten().copied().fold(0.0, f64::max);
        let top = if highest > 0.0 { format!("  up to {}", unit.shown(highest)) } else { String::new() };
        let heading = Line::from(vec![Span::styled(name, Paint::STRONG), Span::styled(top, Paint::FAINT)]);
        frame.render_widget(Paragraph::new(heading), Rect { height: 1, ..area });
        // Bars are whole numbers: a thousand steps up to the highest.
        let steps = |value: f64| if highest > 0.0 { (value / highest * 1_000.0) as u64 } else { 0 };
        let bars: Vec<Option<u64>> = shown.iter().map(|value| value.map(steps)).collect();
        let body = Rect { y: area.y + 1, height: rows - 1, ..area };
        frame.render_widget(Sparkline::default().data(bars).max(1_000).style(style), body);
    }
}

fn heading(picture: &Picture, width: usize) -> Line<'static> {
    let phase = picture.phase;
    let room = width.saturating_sub(phase.len() + 2);
    let title: String = visible(&picture.title).chars().take(room).collect();
    let pad = " ".repeat(width.saturating_sub(title.chars().count() + phase.len()));
    Line::from(vec![Span::styled(title, Paint::STRONG), Span::raw(pad), Span::styled(phase, Paint::FAINT)])
}

fn progress(frame: &mut Frame<'_>, row: Rect, picture: &Picture, paint: Paint) {
    let elapsed = clock(picture.elapsed);
    let Some((share, remaining)) = picture.share().zip(picture.remaining()) else {
        frame.render_widget(Paragraph::new(format!("{elapsed} elapsed")), row);
        return;
    };
    let label = format!("{elapsed} elapsed, {} left", clock(remaining));
    let gauge = LineGauge::default()
        .ratio(share)
        .label(label)
        .filled_symbol("━")
        .unfilled_symbol("─")
        .filled_style(paint.of(Color::Green))
        .unfilled_style(Paint::FAINT);
    frame.render_widget(gauge, row);
}

type Cell = (&'static str, String, Style);

fn numbers(picture: &Picture, is_roomy: bool, paint: Paint) -> Vec<Cell> {
    let requests = picture.successes + picture.failures;
    let failed = match picture.failures as f64 / requests as f64 * 100.0 {
        percent if percent >= 0.1 => format!("{} ({percent:.1} %)", count(picture.failures)),
        percent if percent > 0.0 => format!("{} ({percent:.3} %)", count(picture.failures)),
        _ => "0".to_owned(),
    };
    let Times { p50_ms, p95_ms, p99_ms } = picture.times;
    let mut cells = vec![
        ("rate", Unit::PerSecond.shown(picture.rate_per_s.round()), Paint::STRONG),
        ("p50", ms(p50_ms), Paint::PLAIN),
        ("p95", ms(p95_ms), Paint::STRONG),
        ("p99", ms(p99_ms), Paint::PLAIN),
        ("errors", failed, paint.failures(picture.failures)),
    ];
    if !is_roomy {
        return cells;
    }
    cells.push(("requests", count(requests), Paint::PLAIN));
    cells.push(("in flight", count(picture.in_flight), Paint::PLAIN));
    if let Some((late, dropped)) = picture.behind {
        cells.push(("late", count(late), paint.load((late > 0).then_some(85.0))));
        cells.push(("dropped", count(dropped), paint.failures(dropped)));
    }
    cells
}

fn machines(picture: &Picture, is_roomy: bool, paint: Paint) -> Vec<Cell> {
    let percent = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |it| format!("{it:.0} %"));
    let bytes = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |it| Unit::Bytes.shown(it as f64));
    let mut cells = Vec::new();
    if let Some(local) = &picture.local {
        let (mut cpu, mut memory) = (percent(local.cpu_percent), bytes(local.memory_used_bytes));
        if is_roomy {
            cpu.push_str(&format!(" (ours {})", percent(local.own_cpu_percent)));
            memory.push_str(
                &local.memory_total_bytes.map_or_else(String::new, |all| format!(" of {}", bytes(Some(all)))),
            );
        }
        cells.push(("local CPU", cpu, paint.load(local.cpu_percent)));
        cells.push(("local RAM", memory, Paint::PLAIN));
    }
    if let Some(target) = &picture.target {
        match &target.error {
            Some(error) => cells.push(("target", visible(error), paint.of(Color::Yellow))),
            None => {
                cells.push(("target CPU", percent(target.cpu_percent), paint.load(target.cpu_percent)));
                cells.push(("target RAM", bytes(target.memory_bytes), Paint::PLAIN));
            }
        }
    }
    cells
}

/// Cells side by side, in as many rows as they need.
fn flow(cells: Vec<Cell>, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for (name, value, style) in cells {
        let wide = name.len() + 1 + value.chars().count();
        if lines.is_empty() || used + GAP + wide > width {
            lines.push(Line::default());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push_span(" ".repeat(GAP));
                used += GAP;
            }
            line.push_span(Span::styled(format!("{name} "), Paint::FAINT));
            line.push_span(Span::styled(value, style));
            used += wide;
        }
    }
    lines
}

fn endpoint_rows(endpoints: &[EndpointLine], width: usize, paint: Paint) -> Vec<Line<'static>> {
    const NUMBERS: usize = 48;
    let room = width.saturating_sub(NUMBERS);
    if endpoints.is_empty() || room < 8 {
        return Vec::new();
    }
    let head = format!(
        "{:<room$}{:>10}{:>10}{:>10}{:>10}{:>8}",
        "endpoint", "in 1 s", "p50", "p95", "p99", "errors"
    );
    let mut lines = vec![Line::from(Span::styled(head, Paint::FAINT))];
    lines.extend(endpoints.iter().map(|endpoint| {
        let name: String = visible(&endpoint.name).chars().take(room).collect();
        let Times { p50_ms, p95_ms, p99_ms } = endpoint.times;
        let requests = count(endpoint.requests);
        let row =
            format!("{name:<room$}{requests:>10}{:>10}{:>10}{:>10}", ms(p50_ms), ms(p95_ms), ms(p99_ms));
        let errors = format!("{:>8}", count(endpoint.failures));
        Line::from(vec![Span::raw(row), Span::styled(errors, paint.failures(endpoint.failures))])
    }));
    lines
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| Unit::Milliseconds.shown(value))
}

/// `1:05`, `2:00:00`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
