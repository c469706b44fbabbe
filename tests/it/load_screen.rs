//! The live screen of a load, on terminals of every size.

use std::time::Duration;

use lustrum::cli::probe::load_screen::draw::draw;
use lustrum::cli::probe::load_screen::keys::is_stop;
use lustrum::cli::probe::load_screen::lines::line;
use lustrum::cli::probe::load_screen::paint::Paint;
use lustrum::cli::probe::load_screen::picture::{EndpointLine, Picture, Times};
use lustrum::probes::http_load::monitor::sample::{LocalSample, TargetSample};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use crate::world::golden::assert_golden;

fn picture() -> Picture {
    let times = Times { p50_ms: Some(1.204), p95_ms: Some(3.41), p99_ms: Some(12.9) };
    let endpoint =
        |name: &str, failures| EndpointLine { name: name.to_owned(), requests: 2_140, failures, times };
    Picture {
        title: "http-load chat against http://127.0.0.1:8080".to_owned(),
        phase: "measuring",
        elapsed: Duration::from_secs(65),
        planned: Some(Duration::from_secs(120)),
        rate_per_s: 4_321.4,
        successes: 280_000,
        failures: 12,
        in_flight: 50,
        times,
        behind: Some((3, 0)),
        local: Some(LocalSample {
            cpu_percent: Some(63.4),
            own_cpu_percent: Some(31.0),
            memory_used_bytes: Some(6_442_450_944),
            memory_total_bytes: Some(17_179_869_184),
            ..LocalSample::default()
        }),
        target: Some(TargetSample {
            cpu_percent: Some(91.0),
            memory_bytes: Some(314_572_800),
            ..TargetSample::default()
        }),
        endpoints: vec![endpoint("health", 0), endpoint("anonymize", 12)],
        rates: (0..300).map(|look| 4_000.0 + f64::from(look % 40) * 10.0).collect(),
        p95s: (0..65).map(|second| (second != 40).then_some(3.0 + f64::from(second % 7))).collect(),
    }
}

fn screen(picture: &Picture, (width, height): (u16, u16), colors: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, picture, Paint { colors })).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn a_screen_shows_everything_and_a_small_one_what_matters() {
    for size in [(120, 36), (80, 24), (40, 12)] {
        let shown = text(&screen(&picture(), size, true));
        assert_golden(&format!("tests/it/golden/load_screen_{}x{}.txt", size.0, size.1), &shown);
    }
}

#[test]
fn the_smallest_screen_that_is_promised_tells_rate_times_errors_and_machines() {
    let shown = text(&screen(&picture(), (40, 12), false));
    for told in [
        "4,321/s",
        "p50 1.20 ms",
        "p95 3.41 ms",
        "p99 12.9 ms",
        "errors 12",
        "local CPU 63 %",
        "target CPU 91 %",
        "q or Ctrl-C",
    ] {
        assert!(shown.contains(told), "{told} is not in\n{shown}");
    }
}

#[test]
fn without_colors_there_is_none() {
    let plain = screen(&picture(), (100, 30), false);
    assert!(plain.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let colored = screen(&picture(), (100, 30), true);
    assert!(colored.content.iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn before_the_first_answer_nothing_is_made_up() {
    let shown = text(&screen(&Picture { phase: "warming up", ..Picture::default() }, (80, 24), false));
    assert!(
        shown.contains("warming up") && shown.contains("p95 –") && shown.contains("0:00 elapsed"),
        "{shown}"
    );
    assert!(!shown.contains("CPU"), "{shown}");
}

#[test]
fn a_target_that_tells_nothing_says_why_and_its_words_are_safe() {
    let target = TargetSample { error: Some("http 503\u{1b}[2J".to_owned()), ..TargetSample::default() };
    let shown = text(&screen(&Picture { target: Some(target), ..picture() }, (80, 24), true));
    assert!(shown.contains("target http 503\u{fffd}[2J"), "{shown}");
}

#[test]
fn keys_that_stop() {
    let key = |code, modifiers| is_stop(&Event::Key(KeyEvent::new(code, modifiers)));
    assert!(key(KeyCode::Char('q'), KeyModifiers::NONE) && key(KeyCode::Char('Q'), KeyModifiers::SHIFT));
    assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE) && !key(KeyCode::Esc, KeyModifiers::NONE));
    assert!(!key(KeyCode::Char('q'), KeyModifiers::ALT) && !is_stop(&Event::FocusLost));
}

#[test]
fn the_same_in_one_line() {
    assert_eq!(
        line(&picture()),
        "1:05  4,321/s  p50 1.20 ms  p95 3.41 ms  p99 12.9 ms  280,012 requests  12 errors  3 late, 0 dropped  \
         local CPU 63 %  target CPU 91 %"
    );
    assert_eq!(line(&Picture::default()), "0:00  0  0 requests  no errors");
}

proptest! {
    #[test]
    fn no_size_is_too_small(width in 1_u16..200, height in 1_u16..60, endpoints in 0_usize..40) {
        let mut picture = picture();
        picture.endpoints = vec![picture.endpoints[0].clone(); endpoints];
        screen(&picture, (width, height), true);
        screen(&Picture::default(), (width, height), true);
    }
}
