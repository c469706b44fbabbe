//! Requests as a WS-Management service reads them.

use std::time::Duration;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// One element: its local name, attributes by local name, its own text and its children.
/// Prefixes are dropped: no two elements of WS-Management differ by namespace alone.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }
}

/// Reads a document. `None` is anything that is not well-formed XML.
pub fn parse(xml: &str) -> Option<Element> {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => open.last_mut()?.children.push(element(&start)?),
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let text = &mut open.last_mut()?.text;
                match reference.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(&reference)?),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            // DSP0226 R13.1-5: a message with a document type declaration is refused.
            Event::DocType(_) => return None,
        }
    }
    let mut root = open.pop().filter(|_| open.is_empty())?;
    root.children.pop()
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Option<Element> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Some(element)
}

/// A request with its addressing header read.
#[derive(Debug)]
pub struct Request {
    pub action: String,
    pub message_id: String,
    pub resource_uri: String,
    pub max_envelope_bytes: usize,
    pub operation_timeout: Duration,
    pub shell_id: Option<String>,
    pub options: Vec<(String, String)>,
    pub to: String,
    pub body: Element,
}

/// The default of MaxEnvelopeSize a client does not name, and the most a stock host gives:
/// MaxEnvelopeSizekb is 500 (MS-WSMV 2.2.4.22, 3.1.4.1.8).
pub const DEFAULT_ENVELOPE_BYTES: usize = 153_600;
pub const LARGEST_ENVELOPE_BYTES: usize = 512_000;
/// What a host takes for a request that names no OperationTimeout.
const DEFAULT_OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether a document is an Identify, the one request without addressing headers.
pub fn is_identify(xml: &str) -> bool {
    let envelope = parse(xml);
    let body = envelope.as_ref().and_then(|envelope| envelope.child("Body"));
    body.is_some_and(|body| body.child("Identify").is_some())
}

impl Request {
    /// `None` is a document that is no SOAP envelope with an Action and a MessageID.
    pub fn read(xml: &str) -> Option<Self> {
        let envelope = parse(xml.trim_start_matches('\u{feff}'))?;
        let header = envelope.child("Header").filter(|_| envelope.name == "Envelope")?;
        let text = |name| header.child(name).map(|element| element.trimmed().to_owned());
        let selectors = header.child("SelectorSet");
        let shell_id = selectors
            .and_then(|set| set.children("Selector").find(|it| it.attribute("Name") == Some("ShellId")))
            .map(|selector| selector.trimmed().to_owned());
        let options = header.child("OptionSet").map(|set| {
            let named = set.children("Option").filter_map(|it| Some((it.attribute("Name")?, it.trimmed())));
            named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        });
        let max_envelope_bytes = text("MaxEnvelopeSize").and_then(|size| size.parse().ok());
        Some(Self {
            action: text("Action")?,
            message_id: text("MessageID")?,
            resource_uri: text("ResourceURI").unwrap_or_default(),
            max_envelope_bytes: max_envelope_bytes
                .unwrap_or(DEFAULT_ENVELOPE_BYTES)
                .min(LARGEST_ENVELOPE_BYTES),
            operation_timeout: text("OperationTimeout")
                .and_then(|text| duration(&text))
                .unwrap_or(DEFAULT_OPERATION_TIMEOUT),
            shell_id,
            options: options.unwrap_or_default(),
            to: text("To").unwrap_or_default(),
            body: envelope.children.into_iter().find(|child| child.name == "Body").unwrap_or_default(),
        })
    }

    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An option that is on when it says TRUE or 1.
    pub fn switched_on(&self, name: &str) -> bool {
        self.option(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// An xs:duration of days, hours, minutes and seconds: `PT20S`, `P0DT0H1M0.500S`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut number = String::new();
    let mut in_time = false;
    for character in text.strip_prefix('P')?.chars() {
        match (character, in_time) {
            ('T', false) => in_time = true,
            ('0'..='9' | '.', _) => number.push(character),
            ('D', false) => seconds += 86_400.0 * std::mem::take(&mut number).parse::<f64>().ok()?,
            ('H', true) => seconds += 3600.0 * std::mem::take(&mut number).parse::<f64>().ok()?,
            ('M', true) => seconds += 60.0 * std::mem::take(&mut number).parse::<f64>().ok()?,
            ('S', true) => seconds += std::mem::take(&mut number).parse::<f64>().ok()?,
            _ => return None,
        }
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| number.is_empty())
}
