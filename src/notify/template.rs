//! Texts and JSON documents with `{{variables}}` in them.
//!
//! A document is JSON before anything is put in, and values are put into its texts: what
//! comes out is JSON, whatever a host is called. A text that is one variable and nothing else
//! becomes that value with its type.

use serde_json::{Map, Value};

use crate::notify::notice::Notice;
use crate::notify::variable::{VARIABLES, Variable};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// What else is done to a value so that its receiver shows it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    None,
    /// `&`, `<` and `>` as entities: `<!channel>` in an error message calls nobody.
    Entities,
}

/// A text that was checked.
#[derive(Clone, Debug)]
pub struct Text(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Plain(String),
    Variable(&'static Variable),
}

/// A JSON document that was checked.
#[derive(Clone, Debug)]
pub struct Document(Value);

/// Why a template cannot be used: a lowercase fragment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("not JSON: {0}; values belong into texts: \"{{{{hosts}}}}\"")]
    NotJson(String),
    #[error("`{{{{` without `}}}}`")]
    Open,
    #[error("unknown variable `{0}`")]
    Unknown(String),
    #[error("a variable in the key \"{0}\", where none is read")]
    InKey(String),
}

impl Text {
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, opened)) = rest.split_once(OPEN) {
            let (name, after) = opened.split_once(CLOSE).ok_or(Unusable::Open)?;
            let name = name.trim();
            let variable = Variable::named(name).ok_or_else(|| Unusable::Unknown(name.to_owned()))?;
            pieces.extend([Piece::Plain(plain.to_owned()), Piece::Variable(variable)]);
            rest = after;
        }
        pieces.push(Piece::Plain(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Plain(plain) if plain.is_empty()));
        Ok(Self(pieces))
    }

    pub fn render(&self, notice: &Notice, escape: Escape) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(plain) => plain.clone(),
            Piece::Variable(variable) => spoken(&escaped(variable.of(notice), escape)),
        };
        self.0.iter().map(piece).collect()
    }

    fn value(&self, notice: &Notice, escape: Escape) -> Value {
        match self.0.as_slice() {
            [Piece::Variable(variable)] => escaped(variable.of(notice), escape),
            _ => Value::String(self.render(notice, escape)),
        }
    }
}

impl Document {
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let document = serde_json::from_str(text).map_err(|error| Unusable::NotJson(error.to_string()))?;
        look_at(&document)?;
        Ok(Self(document))
    }

    /// Every variable by its name.
    pub fn generic() -> Self {
        let all = VARIABLES.iter();
        let all = all.map(|variable| {
            (variable.name.to_owned(), Value::String(format!("{OPEN}{}{CLOSE}", variable.name)))
        });
        Self(Value::Object(all.collect()))
    }

    pub fn render(&self, notice: &Notice, escape: Escape) -> Value {
        fill(&self.0, notice, escape)
    }
}

fn look_at(document: &Value) -> Result<(), Unusable> {
    match document {
        Value::String(text) => Text::parse(text).map(drop),
        Value::Array(items) => items.iter().try_for_each(look_at),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            if key.contains(OPEN) { Err(Unusable::InKey(key.clone())) } else { look_at(value) }
        }),
        _ => Ok(()),
    }
}

fn fill(document: &Value, notice: &Notice, escape: Escape) -> Value {
    match document {
        Value::String(text) => match Text::parse(text) {
            Ok(text) => text.value(notice, escape),
            // A document is looked at when it is parsed: none of its texts is refused here.
            Err(_) => document.clone(),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, notice, escape)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), fill(value, notice, escape)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        plain => plain.clone(),
    }
}

/// All texts of a value, so that none reaches its receiver as markup.
fn escaped(value: Value, escape: Escape) -> Value {
    match (escape, value) {
        (Escape::None, value) => value,
        (Escape::Entities, Value::String(text)) => {
            Value::String(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
        }
        (_, Value::Array(items)) => items.into_iter().map(|item| escaped(item, escape)).collect(),
        (_, Value::Object(fields)) => {
            Value::Object(fields.into_iter().map(|(key, value)| (key, escaped(value, escape))).collect())
        }
        (_, plain) => plain,
    }
}

/// A value inside a text: null is nothing, a list has commas, a host is its name.
fn spoken(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(spoken).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields.get("host").map(spoken).unwrap_or_default(),
        plain => plain.to_string(),
    }
}
