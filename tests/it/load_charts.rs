//! Charts of a load: nothing outside its frame, no text on another, and pictures that show something.

use lustrum::probes::http_load::chart::axis::{Scale, Unit};
use lustrum::probes::http_load::chart::figure::{Color, Figure, Layer, Part, Stroke};
use lustrum::probes::http_load::chart::paint::Ground;
use lustrum::probes::http_load::chart::plot::{Size, draw};
use lustrum::probes::http_load::chart::{png, sheet};
use lustrum::probes::http_load::report::figures;
use proptest::prelude::*;
use resvg::tiny_skia::Pixmap;

use crate::world::drawn::{self, points};
use crate::world::golden::assert_golden;
use crate::world::load_dossier::dossier;

const SIZES: [Size; 3] = [Size::WIDE, Size::NARROW, Size::PICTURE];

fn figure(x: Unit, y: Unit, layers: Vec<Layer>) -> Figure {
    Figure {
        title: "A title".to_owned(),
        x,
        y,
        scale: Scale::FromZero,
        until: None,
        layers,
        note: None,
        empty: "nothing here".to_owned(),
    }
}

fn line(points: Vec<(f64, Option<f64>)>) -> Layer {
    Layer::Line { name: "one".to_owned(), color: Color::Blue, stroke: Stroke::Solid, points }
}

fn read(figure: &Figure, size: Size) -> drawn::Drawn {
    drawn::read(&draw(figure, size).element(&figure.title))
}

#[test]
fn all_charts_of_a_run_are_tidy_at_every_size() {
    for seconds in [1, 2, 7, 60, 3_600, 90_000] {
        for figure in figures::all(&dossier(seconds)) {
            for size in SIZES {
                let drawn = read(&figure, size);
                drawn.assert_tidy();
                assert!(drawn.of_class("kx").len() >= 2, "{} of {seconds} s", figure.title);
                assert!(drawn.of_class("ky").len() >= 2, "{} of {seconds} s", figure.title);
            }
        }
    }
}

#[test]
fn a_chart_is_drawn_as_it_ever_was() {
    let points = (0..8).map(|x| (f64::from(x), (x != 3).then_some(f64::from(x * x)))).collect();
    let band = (0..8).map(|x| (f64::from(x), f64::from(x), f64::from(x * x + 9))).collect();
    let bars = vec![Part { name: "reset <&>".to_owned(), color: Color::Red, heights: vec![3.0, 0.0, 9.0] }];
    let layers = vec![
        Layer::Band { name: "p50 to p99".to_owned(), color: Color::Blue, points: band },
        Layer::Stacked { at: vec![0.0, 1.0, 2.0], width: 1.0, parts: bars },
        line(points),
    ];
    let drawing = draw(&figure(Unit::Elapsed, Unit::Milliseconds, layers), Size::WIDE);
    let lines = drawing.element("A \"chart\"").replace("><", ">\n<");
    assert_golden("tests/it/golden/load_chart.svg", &(lines + "\n"));
}

#[test]
fn a_gap_in_the_values_is_a_gap_in_the_line() {
    let points = vec![(0.0, Some(1.0)), (1.0, Some(2.0)), (2.0, None), (3.0, Some(1.0)), (4.0, Some(5.0))];
    let drawn = read(&figure(Unit::Elapsed, Unit::Count, vec![line(points)]), Size::WIDE);
    let data = &drawn.paths.iter().find(|(class, _)| class.starts_with("li")).unwrap().1;
    assert_eq!(data.matches('M').count(), 2, "{data}");
}

#[test]
fn heights_lie_where_their_axis_says() {
    let points = vec![(0.0, Some(0.0)), (10.0, Some(100.0))];
    let drawn = read(&figure(Unit::Elapsed, Unit::Percent, vec![line(points)]), Size::WIDE);
    let data = &drawn.paths.iter().find(|(class, _)| class.starts_with("li")).unwrap().1;
    let ends = points_of(data);
    let label = |text: &str| drawn.of_class("ky").into_iter().find(|it| it.text == text).unwrap().bottom;
    // A label stands at the height of what it names.
    assert!((ends[0].1 - ends[1].1 - (label("0") - label("100 %"))).abs() < 0.2, "{ends:?}");
    assert!((ends[0].1 - ends[1].1 - Size::WIDE.plot_height).abs() < 0.2);
}

fn points_of(data: &str) -> Vec<(f64, f64)> {
    points(data)
}

#[test]
fn bars_stand_on_each_other() {
    let part = |name: &str, color, height| Part { name: name.to_owned(), color, heights: vec![height] };
    let parts = vec![part("a", Color::Red, 4.0), part("b", Color::Orange, 6.0)];
    let stacked = Layer::Stacked { at: vec![0.0], width: 1.0, parts };
    let drawn = read(&figure(Unit::Elapsed, Unit::Count, vec![stacked]), Size::WIDE);
    let bars: Vec<_> = drawn.paths.iter().filter(|(class, _)| class.starts_with('f')).collect();
    let range = |data: &str| {
        let ys: Vec<f64> = points(data).iter().map(|point| point.1).collect();
        (ys.iter().copied().fold(f64::MAX, f64::min), ys.iter().copied().fold(f64::MIN, f64::max))
    };
    let (first, second) = (range(&bars[0].1), range(&bars[1].1));
    assert!((first.0 - second.1).abs() < 0.11, "{first:?} {second:?}");
    assert!(((second.1 - second.0) / (first.1 - first.0) - 1.5).abs() < 0.02);
}

#[test]
fn nothing_measured_is_said_and_no_axis_is_invented() {
    let drawn = read(&figure(Unit::Elapsed, Unit::Count, Vec::new()), Size::NARROW);
    drawn.assert_tidy();
    assert_eq!(drawn.of_class("em")[0].text, "nothing here");
    assert!(drawn.of_class("kx").is_empty() && drawn.of_class("ky").is_empty());
}

#[test]
fn the_picture_shows_charts_and_their_words() {
    let figures = figures::all(&dossier(60));
    let svg = sheet::svg("A load", "facts of it", &figures, Ground::Light);
    drawn::read(&svg).assert_tidy();
    let image = Pixmap::decode_png(&png::render(&svg).unwrap()).unwrap();
    assert!(image.width() > 2_000 && image.height() > 1_000, "{}x{}", image.width(), image.height());
    let ink = |image: &Pixmap| image.pixels().iter().filter(|pixel| pixel.red() < 200).count();
    // Without a font the words would be missing, and nobody would be told.
    let wordless = svg.replace("<text", "<desc").replace("</text", "</desc");
    let without = Pixmap::decode_png(&png::render(&wordless).unwrap()).unwrap();
    assert!(ink(&without) > 10_000, "the lines are not there");
    assert!(ink(&image) > ink(&without) + 10_000, "the words are not there");
    let dark =
        Pixmap::decode_png(&png::render(&sheet::svg("A load", "", &figures, Ground::Dark)).unwrap()).unwrap();
    assert!(dark.pixels()[0].red() < 40);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_drawn_is_tidy(
        heights in proptest::collection::vec(proptest::option::of(-1e3..1e12_f64), 0..60),
        step in 0.01..5e4_f64,
        y in 0_usize..5,
        title in "\\PC{0,80}",
        name in "[ -~]{0,120}",
        note in proptest::option::of("[ -~]{0,200}"),
        scale in 0_usize..3,
    ) {
        let units = [Unit::Milliseconds, Unit::Percent, Unit::Bytes, Unit::PerSecond, Unit::Count];
        let points: Vec<_> = heights.iter().enumerate().map(|(x, height)| (x as f64 * step, *height)).collect();
        let second = Layer::Line { name, color: Color::Red, stroke: Stroke::Dashed, points: points.clone() };
        let mut figure = figure(Unit::Elapsed, units[y], vec![line(points), second]);
        figure.scale = [Scale::FromZero, Scale::OfRange, Scale::ByMagnitude][scale];
        figure.title = title;
        figure.note = note;
        for size in SIZES {
            read(&figure, size).assert_tidy();
        }
    }
}
