//! One condition: a measured value, a comparison, a limit; `p95 < 2s`.
//!
//! ```text
//! condition = name comparison limit
//! name      = [ endpoint "." ] word          ; vocabulary.rs
//! comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
//! limit     = number [ unit ]                ; quantity.rs
//! ```

use std::fmt;

use crate::probes::threshold::quantity::Quantity;
use crate::probes::threshold::vocabulary::{Name, Vocabulary};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    /// Longer signs first, so that `<=` is not read as `<`.
    pub const ALL: [Self; 6] =
        [Self::LessOrEqual, Self::GreaterOrEqual, Self::Equal, Self::NotEqual, Self::Less, Self::Greater];

    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Equal => value == limit,
            Self::NotEqual => value != limit,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As it was written, without spaces around it.
    pub text: String,
    pub name: Name,
    pub comparison: Comparison,
    /// In the quantity's base unit.
    pub limit: f64,
    pub quantity: Quantity,
}

/// Why a text is no condition, and at which of its characters, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct Refused {
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Expression {
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, Refused> {
        let mut reader = Reader::new(text);
        let expression = Self::read(&mut reader, vocabulary)?;
        reader.skip_spaces();
        if reader.rest().is_empty() {
            Ok(expression)
        } else {
            let message = format!("expected nothing more, found `{}`", reader.rest().trim_end());
            Err(reader.refused(message))
        }
    }

    /// Reads a condition and leaves what stands after it.
    pub fn read(reader: &mut Reader<'_>, vocabulary: &Vocabulary) -> Result<Self, Refused> {
        reader.skip_spaces();
        let begin = reader.at;
        let name = reader.take(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if name.is_empty() {
            return Err(reader.refused(format!("expected a word: {}", vocabulary.told())));
        }
        let Some((name, quantity)) = vocabulary.find(name) else {
            let hint = vocabulary.nearest(name).map(|word| format!(" did you mean `{word}`?"));
            let hint = hint.unwrap_or_default();
            let message = format!("unknown word `{name}`;{hint} known are {}", vocabulary.told());
            return Err(reader.refused_at(begin, message));
        };
        let comparison = comparison(reader)?;
        let limit = limit(reader, quantity)?;
        let text = reader.text[begin..reader.at].trim_end().to_owned();
        Ok(Self { text, name, comparison, limit, quantity })
    }
}

fn comparison(reader: &mut Reader<'_>) -> Result<Comparison, Refused> {
    reader.skip_spaces();
    let found = Comparison::ALL.into_iter().find(|one| reader.rest().starts_with(one.sign()));
    let Some(comparison) = found else {
        let hint = if reader.rest().starts_with('=') { "; equality is written ==" } else { "" };
        return Err(reader.refused(format!("expected one of <, <=, >, >=, ==, !={hint}")));
    };
    reader.at += comparison.sign().len();
    Ok(comparison)
}

fn limit(reader: &mut Reader<'_>, quantity: Quantity) -> Result<f64, Refused> {
    reader.skip_spaces();
    let begin = reader.at;
    let digits = reader.take(|c| c.is_ascii_digit() || c == '.');
    let number = digits.parse::<f64>().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()));
    let Some(number) = number else {
        return Err(reader.refused_at(begin, format!("expected {}", quantity.expected())));
    };
    let unit = unit(reader);
    let Some(factor) = quantity.factor(unit) else {
        let found = if unit.is_empty() { String::new() } else { format!(", found the unit `{unit}`") };
        let column = reader.at - unit.len();
        return Err(reader.refused_at(column, format!("expected {}{found}", quantity.expected())));
    };
    // 0.95 would be less than one percent, which nobody means.
    let is_fraction = unit.is_empty() && number > 0.0 && number <= 1.0;
    if quantity == Quantity::Share && (is_fraction || number > 100.0) {
        return Err(reader.refused_at(begin, format!("expected {}", quantity.expected())));
    }
    Ok(number * factor)
}

/// The unit right behind a number or after spaces; `for` is none.
fn unit<'a>(reader: &mut Reader<'a>) -> &'a str {
    let before = reader.at;
    reader.skip_spaces();
    let unit = reader.take(|c| c.is_alphabetic() || matches!(c, '%' | '/'));
    if unit == "for" || unit.is_empty() {
        reader.at = before;
        return "";
    }
    unit
}

/// A text and how far it has been read.
pub struct Reader<'a> {
    pub text: &'a str,
    /// In bytes, at the edge of a character.
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn skip_spaces(&mut self) {
        self.take(char::is_whitespace);
    }

    pub fn take(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub fn refused(&self, message: String) -> Refused {
        self.refused_at(self.at, message)
    }

    pub fn refused_at(&self, at: usize, message: String) -> Refused {
        Refused { column: self.text[..at].chars().count() + 1, message }
    }
}
