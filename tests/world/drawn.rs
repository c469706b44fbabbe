//! An SVG read back: where its texts and lines are.

use lustrum::probes::http_load::chart::text::width;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

#[derive(Debug, Default)]
pub struct Drawn {
    pub width: f64,
    pub height: f64,
    pub texts: Vec<Text>,
    /// (class, its data)
    pub paths: Vec<(String, String)>,
}

/// A text and the box that it fills.
#[derive(Clone, Debug)]
pub struct Text {
    pub class: String,
    pub text: String,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Text {
    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// Reads one `svg` element; a text that is not well-formed is a panic.
pub fn read(svg: &str) -> Drawn {
    let mut drawn = Drawn::default();
    let mut reader = Reader::from_str(svg);
    let mut open: Option<Text> = None;
    let mut offset = vec![(0.0, 0.0)];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => match element.name().as_ref() {
                "svg" => drawn.frame(&element),
                "g" => offset.push(moved(&attribute(&element, "transform").unwrap())),
                "text" => open = Some(text_of(&element, *offset.last().unwrap())),
                _ => {}
            },
            Event::Empty(element) if element.name().as_ref() == "path" => {
                let class = attribute(&element, "class").unwrap();
                drawn.paths.push((class, attribute(&element, "d").unwrap()));
            }
            Event::Text(text) => {
                if let Some(open) = &mut open {
                    open.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(open) = &mut open {
                    open.text.push(match &*reference {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        _ => '\'',
                    });
                }
            }
            Event::End(element) => match element.name().as_ref() {
                "g" => drop(offset.pop()),
                "text" => drawn.texts.extend(open.take().map(boxed)),
                _ => {}
            },
            Event::Eof => return drawn,
            _ => {}
        }
    }
}

impl Drawn {
    fn frame(&mut self, element: &BytesStart<'_>) {
        let view = attribute(element, "viewBox").unwrap();
        let numbers: Vec<f64> = view.split(' ').map(|number| number.parse().unwrap()).collect();
        (self.width, self.height) = (numbers[2], numbers[3]);
    }

    pub fn of_class(&self, class: &str) -> Vec<&Text> {
        self.texts.iter().filter(|text| text.class == class).collect()
    }

    /// Every text and every path lies within the frame, and no text on another.
    pub fn assert_tidy(&self) {
        for (index, text) in self.texts.iter().enumerate() {
            let inside = text.left >= -0.5 && text.right <= self.width + 0.5 && text.top >= -0.5;
            assert!(inside && text.bottom <= self.height + 0.5, "outside: {text:?}");
            for other in &self.texts[index + 1..] {
                assert!(!text.overlaps(other), "{text:?} on {other:?}");
            }
        }
        for (class, data) in &self.paths {
            for (x, y) in points(data) {
                let inside =
                    (-0.5..=self.width + 0.5).contains(&x) && (-0.5..=self.height + 0.5).contains(&y);
                assert!(inside, "a point of {class} is outside: {x} {y}");
            }
        }
    }
}

/// The absolute points of `M`, `L`, `H` and `V`.
pub fn points(data: &str) -> Vec<(f64, f64)> {
    let mut at = (0.0, 0.0);
    let mut points = Vec::new();
    let mut rest = data;
    while let Some(word) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1);
        let numbers: Vec<f64> =
            rest[1..end].split_whitespace().map(|number| number.parse().unwrap()).collect();
        match word {
            'M' | 'L' => at = (numbers[0], numbers[1]),
            'H' => at.0 = numbers[0],
            'V' => at.1 = numbers[0],
            'h' => at.0 += numbers[0],
            _ => {}
        }
        points.push(at);
        rest = &rest[end..];
    }
    points
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).unwrap()?;
    Some(found.value.into_owned())
}

fn moved(transform: &str) -> (f64, f64) {
    let (x, y) = transform.strip_prefix("translate(").unwrap().trim_end_matches(')').split_once(',').unwrap();
    (x.parse().unwrap(), y.parse().unwrap())
}

fn text_of(element: &BytesStart<'_>, (dx, dy): (f64, f64)) -> Text {
    let number = |name| attribute(element, name).unwrap().parse::<f64>().unwrap();
    let anchor = attribute(element, "text-anchor").unwrap_or_default();
    let (x, y) = (number("x") + dx, number("y") + dy);
    // Until the text is known, its box says where it hangs: at the left, the middle or the right.
    let (left, right) = match anchor.as_str() {
        "middle" => (x, x),
        "end" => (f64::NEG_INFINITY, x),
        _ => (x, f64::INFINITY),
    };
    let class = attribute(element, "class").unwrap();
    Text { class, text: String::new(), left, right, top: y, bottom: y }
}

fn boxed(mut text: Text) -> Text {
    let size = match text.class.as_str() {
        "ti" => 14.0 * 1.12,
        "hd" => 20.0 * 1.12,
        _ => 12.0,
    };
    let wide = width(&text.text, size);
    (text.left, text.right) = match (text.left.is_finite(), text.right.is_finite()) {
        (true, false) => (text.left, text.left + wide),
        (false, true) => (text.right - wide, text.right),
        _ => (text.left - wide / 2.0, text.left + wide / 2.0),
    };
    text.top -= size * 0.75;
    text.bottom += size * 0.2;
    text
}
