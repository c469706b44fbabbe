//! A place in a line, and the words both formats are made of.

use crate::probes::exposition::dialect::Dialect;
use crate::probes::exposition::family::LineError;

/// Errors tell no more of a word than this.
const TOLD_CHARACTERS: usize = 40;

#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    text: &'a str,
    /// A byte, on a character's border.
    at: usize,
    line: usize,
    dialect: Dialect,
}

/// Whose name it is: labels have no colons.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Named {
    Metric,
    Label,
}

impl<'a> Cursor<'a> {
    pub const fn new(text: &'a str, line: usize, dialect: Dialect) -> Self {
        Self { text, at: 0, line, dialect }
    }

    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub const fn line(&self) -> usize {
        self.line
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub fn error(&self, message: impl Into<String>) -> LineError {
        let column = self.text[..self.at].chars().count() + 1;
        LineError { line: self.line, column, message: message.into() }
    }

    pub fn expected(&self, what: &str) -> LineError {
        match self.peek() {
            None => self.error(format!("expected {what}, found the end of the line")),
            Some(' ' | '\t') => self.error(format!("expected {what}, found a blank")),
            Some(_) => self.error(format!("expected {what}, found {}", told(self.word_ahead()))),
        }
    }

    pub fn take(&mut self, wanted: &str) -> bool {
        let is_there = self.rest().starts_with(wanted);
        if is_there {
            self.at += wanted.len();
        }
        is_there
    }

    pub fn demand(&mut self, wanted: char) -> Result<(), LineError> {
        if self.peek() != Some(wanted) {
            return Err(self.expected(&format!("`{wanted}`")));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    /// Blanks where the text format lets them be and OpenMetrics does not.
    pub fn loose_blanks(&mut self) {
        if self.dialect == Dialect::Text {
            self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        }
    }

    /// Between two words: one space in OpenMetrics, any blanks in text. False where there is none.
    pub fn gap(&mut self) -> bool {
        let before = self.at;
        match self.dialect {
            Dialect::Text => self.loose_blanks(),
            Dialect::OpenMetrics => self.at += usize::from(self.rest().starts_with(' ')),
        }
        self.at > before
    }

    /// Up to the next blank.
    pub fn word(&mut self) -> &'a str {
        let word = self.word_ahead();
        self.at += word.len();
        word
    }

    fn word_ahead(&self) -> &'a str {
        self.rest().split([' ', '\t']).next().unwrap_or_default()
    }

    /// A bare or, with any characters, a quoted name.
    pub fn name(&mut self, named: Named) -> Result<String, LineError> {
        let before = *self;
        if self.peek() == Some('"') {
            let name = self.quoted()?;
            return if name.is_empty() { Err(before.error("a name is empty")) } else { Ok(name) };
        }
        let is_of_it =
            |c: char| c == '_' || c.is_ascii_alphanumeric() || (c == ':' && named == Named::Metric);
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !is_of_it(c)).unwrap_or(rest.len())];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            let what = if named == Named::Metric { "a metric's name" } else { "a label's name" };
            return Err(self.expected(what));
        }
        self.at += name.len();
        Ok(name.to_owned())
    }

    /// `"…"` with `\\`, `\"` and `\n`.
    pub fn quoted(&mut self) -> Result<String, LineError> {
        let opening = *self;
        self.demand('"')?;
        let mut said = String::new();
        while let Some(c) = self.peek() {
            let before = *self;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(said),
                '\\' => {
                    let escaped = self.peek();
                    said.push(match escaped {
                        Some('n') => '\n',
                        Some(c @ ('\\' | '"')) => c,
                        _ => return Err(before.error(r#"expected `\\`, `\"` or `\n`"#)),
                    });
                    self.at += 1;
                }
                c => said.push(c),
            }
        }
        Err(opening.error("a quoted text has no end"))
    }

    pub fn number(&mut self) -> Result<f64, LineError> {
        let before = *self;
        self.word().parse().map_err(|_| before.expected("a number"))
    }

    /// Text: whole milliseconds. OpenMetrics: seconds, with a fraction.
    pub fn timestamp_seconds(&mut self) -> Result<f64, LineError> {
        let before = *self;
        let word = self.word();
        match self.dialect {
            Dialect::Text => {
                let ms: i64 = word.parse().map_err(|_| before.expected("a timestamp in milliseconds"))?;
                #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
                Ok(ms as f64 / 1000.0)
            }
            Dialect::OpenMetrics => {
                let seconds: Option<f64> = word.parse().ok().filter(|seconds: &f64| seconds.is_finite());
                seconds.ok_or_else(|| before.expected("a timestamp in seconds"))
            }
        }
    }
}

fn told(word: &str) -> String {
    let mut told: String = word.chars().take(TOLD_CHARACTERS).collect();
    if told.len() < word.len() {
        told.push('…');
    }
    format!("{told:?}")
}
