//! Texts with `{{variables}}`: taken apart once, put together for every request.

use crate::transport::http::endpoint;

/// A text, taken apart. `V` says which value goes in: a name, or its place when names are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<V> {
    pieces: Vec<Piece<V>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<V> {
    Text(String),
    Value(V),
}

/// How a value is written where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Inside a path segment or a query.
    Percent,
    /// Inside a JSON text.
    Json,
    /// In a header: control characters are left out.
    Header,
    None,
}

impl Template<String> {
    /// `{{name}}`, with white space inside the braces; a name is letters, digits, `_`, `-`, `.`.
    /// Other braces are text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find("{{") {
            let Some(length) = rest[begin..].find("}}") else {
                return Err(format!("{:?} has no end: expected }}}}", &rest[begin..]));
            };
            let name = rest[begin + 2..begin + length].trim();
            let is_name = |char: char| char.is_alphanumeric() || "_-.".contains(char);
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(format!("{{{{{name}}}}} is no variable: expected {{{{name}}}}"));
            }
            if begin > 0 {
                pieces.push(Piece::Text(rest[..begin].to_owned()));
            }
            pieces.push(Piece::Value(name.to_owned()));
            rest = &rest[begin + length + 2..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The names that stand in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }
}

impl<V> Template<V> {
    pub fn text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())] }
    }

    /// The same with its texts and values exchanged.
    pub fn map<W>(self, text: impl Fn(String) -> String, mut value: impl FnMut(V) -> W) -> Template<W> {
        let piece = |piece| match piece {
            Piece::Text(own) => Piece::Text(text(own)),
            Piece::Value(own) => Piece::Value(value(own)),
        };
        Template { pieces: self.pieces.into_iter().map(piece).collect() }
    }

    /// Adds another at the end; texts that meet become one.
    pub fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
                (_, piece) => self.pieces.push(piece),
            }
        }
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(value) => Some(value),
            Piece::Text(_) => None,
        })
    }

    /// Writes it with each value as it is to stand there.
    pub fn render(&self, into: &mut String, write: impl Fn(&V, &mut String)) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Value(value) => write(value, into),
            }
        }
    }
}

impl Escape {
    pub fn write(self, value: &str, into: &mut String) {
        match self {
            Self::None => into.push_str(value),
            Self::Percent => endpoint::component(value, into),
            Self::Header => into.extend(value.chars().filter(|char| !char.is_control())),
            Self::Json => json(value, into),
        }
    }
}

/// RFC 8259 §7.
fn json(value: &str, into: &mut String) {
    for char in value.chars() {
        match char {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            '\0'..='\x1f' => into.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => into.push(char),
        }
    }
}
