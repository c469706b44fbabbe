//! XML as WS-Management writes it: text made safe, documents read into small trees.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// No message of the protocol nests deeper; CIM instances with embedded objects reach 12.
const DEEPEST: usize = 64;

/// One element: local name, attributes by local name, its own text, its children. Prefixes
/// are dropped: no two elements of WS-Management differ by namespace alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    #[error("not xml: {0}")]
    Syntax(String),
    #[error("xml ends early")]
    Truncated,
    #[error("xml is nested deeper than {DEEPEST}")]
    TooDeep,
    #[error("xml holds a document type declaration")]
    DocumentType,
    #[error("xml holds no element")]
    Empty,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Follows child names downwards.
    pub fn path(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The first element of this name at any depth, itself included, in document order.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// `xsi:nil="true"`.
    pub fn is_nil(&self) -> bool {
        self.attribute("nil").is_some_and(|nil| nil == "true" || nil == "1")
    }

    /// Its text and that of all it holds, in document order of the elements.
    pub fn all_text(&self) -> String {
        let below = self.children.iter().map(Self::all_text);
        std::iter::once(self.text.clone()).chain(below).collect()
    }
}

/// Reads one document.
pub fn parse(text: &str) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open = vec![Element::default()];
    let syntax = |error: &dyn std::fmt::Display| XmlError::Syntax(error.to_string());
    loop {
        let event = reader.read_event().map_err(|error| syntax(&error))?;
        let depth = open.len();
        let parent = open.last_mut().ok_or(XmlError::Truncated)?;
        match event {
            Event::Start(_) if depth > DEEPEST => return Err(XmlError::TooDeep),
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => parent.children.push(element(&start)?),
            Event::End(_) => {
                let done = open.pop().ok_or(XmlError::Truncated)?;
                open.last_mut().ok_or(XmlError::Truncated)?.children.push(done);
            }
            Event::Text(content) => parent.text.push_str(&content.xml10_content()),
            Event::CData(content) => parent.text.push_str(&content),
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().map_err(|error| syntax(&error))? {
                    Some(character) => parent.text.push(character),
                    None => parent.text.push_str(
                        quick_xml::escape::resolve_predefined_entity(&reference)
                            .ok_or_else(|| syntax(&"unknown entity"))?,
                    ),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(XmlError::DocumentType),
        }
    }
    let mut root = open.pop().filter(|_| open.is_empty()).ok_or(XmlError::Truncated)?;
    root.children.pop().ok_or(XmlError::Empty)
}

fn element(start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| XmlError::Syntax(error.to_string()))?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| XmlError::Syntax(error.to_string()))?;
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

/// Writes text so that it reads back the same in content and in attributes. Line ends and
/// tabs travel as references, which survive normalization; characters that XML 1.0 forbids
/// become U+FFFD, for a request with a hole is better than one the host cannot read.
pub fn escape_into(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_reads_back_in_content_and_attributes() {
        let text = "a<b>&\"c' \r\n\t d\u{1F600}數\u{7f}";
        let mut escaped = String::new();
        escape_into(&mut escaped, text);
        let read = parse(&format!("<r a=\"{escaped}\">{escaped}</r>")).expect("well formed");
        assert_eq!(read.text, text);
        assert_eq!(read.attribute("a"), Some(text));
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        let mut escaped = String::new();
        escape_into(&mut escaped, "a\0b\u{1b}c\u{ffff}");
        assert_eq!(escaped, "a\u{fffd}b\u{fffd}c\u{fffd}");
    }

    #[test]
    fn hostile_documents_are_refused() {
        assert!(matches!(parse("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), Err(XmlError::DocumentType)));
        assert!(matches!(parse(&"<a>".repeat(100)), Err(XmlError::TooDeep)));
        assert!(matches!(parse("<a><b>"), Err(XmlError::Truncated)));
        assert!(matches!(parse("no xml"), Err(XmlError::Empty)));
        assert!(matches!(parse("<a>&nothing;</a>"), Err(XmlError::Syntax(_))));
        assert!(matches!(parse("<a></b>"), Err(XmlError::Syntax(_))));
    }
}
