//! A query with its variables replaced, so that it can be parsed: by their chosen values, or by
//! what lets the query say as much as it can.

use crate::probes::prometheus::reference::{Reference, reference_at};
use crate::probes::prometheus::variable::{Known, SOME_DURATION, Variable, Variables, global};

/// A regular expression that any value matches.
const ANY: &str = ".+";

/// What no value is, for `!=` and `!~` on something unknown.
const NO_VALUE: &str = "no-such-value";

/// The text to be parsed, and which variables could not be replaced by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substituted {
    pub text: String,
    /// The dashboard does not declare them.
    pub undeclared: Vec<String>,
    /// Nobody knows them, and they stand where any replacement is a guess: a metric's name.
    pub guessed: Vec<String>,
}

pub fn substitute(query: &str, variables: &Variables) -> Substituted {
    let mut work = Work { variables, done: Substituted::default(), open: Vec::new() };
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        if let Some((reference, length)) = reference_at(rest) {
            rest = &rest[length..];
            work.bare(&reference, rest);
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '"' | '\'' | '`' => {
                let length = string_length(rest, c);
                work.string(&rest[..length], c);
                rest = &rest[length..];
                if let Some(after) = rest.strip_prefix(c) {
                    rest = after;
                    work.done.text.push(c);
                }
            }
            '#' => {
                let end = rest.find('\n').unwrap_or(rest.len());
                rest = &rest[end..];
            }
            _ => work.plain(c),
        }
    }
    work.done
}

/// Up to the closing quote.
fn string_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    rest.len()
}

struct Work<'a> {
    variables: &'a Variables,
    done: Substituted,
    /// The brackets we are in, and whether names of labels stand in them.
    open: Vec<(char, bool)>,
}

impl Work<'_> {
    fn plain(&mut self, c: char) {
        match c {
            '(' => {
                let before = self.done.text.trim_end();
                let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
                let lists = ["by", "without", "on", "ignoring", "group_left", "group_right"];
                let is_list = word.is_some_and(|word| lists.contains(&word.to_ascii_lowercase().as_str()));
                self.open.push((c, is_list));
            }
            '[' | '{' => self.open.push((c, false)),
            ')' | ']' | '}' => drop(self.open.pop()),
            _ => {}
        }
        self.done.text.push(c);
    }

    fn known(&mut self, reference: &Reference<'_>) -> (Known, bool) {
        if let Some(Variable { known, is_multi, .. }) = self.variables.get(reference.name) {
            return (known.clone(), *is_multi);
        }
        if let Some(value) = global(reference.name) {
            return (Known::Values(vec![value.to_owned()]), false);
        }
        if !self.done.undeclared.iter().any(|known| known == reference.name) {
            self.done.undeclared.push(reference.name.to_owned());
        }
        (Known::Nothing, false)
    }

    /// Outside of a text: a duration, names of labels, a number, or a part of a name.
    fn bare(&mut self, reference: &Reference<'_>, rest: &str) {
        let (known, _) = self.known(reference);
        let (bracket, is_list) = self.open.last().copied().unwrap_or((' ', false));
        let before = self.done.text.trim_end();
        let is_duration = bracket == '[' || before.ends_with("offset");
        let values = match known {
            Known::Values(values) => values,
            Known::Regex(_) | Known::Nothing => Vec::new(),
        };
        let put = match (values.as_slice(), is_duration) {
            ([value, ..], true) if value.starts_with(|c: char| c.is_ascii_digit()) => value.clone(),
            (_, true) => SOME_DURATION.to_owned(),
            ([], false) if is_list => "unknown".to_owned(),
            ([], false) => {
                let is_name = |c: char| c == '_' || c == ':' || c.is_ascii_alphanumeric();
                let is_part = self.done.text.ends_with(is_name)
                    || rest.starts_with(|c: char| is_name(c) || matches!(c, '{' | '[' | '(' | '$'));
                if is_part {
                    self.done.guessed.push(reference.name.to_owned());
                }
                if is_part { "x" } else { "1" }.to_owned()
            }
            (values, false) if is_list => values.join(","),
            ([value, ..], false) => value.clone(),
        };
        self.done.text.push_str(&put);
    }

    /// The inside of a text, which is what a label is compared with, or an argument.
    fn string(&mut self, inside: &str, quote: char) {
        let operator = self.operator();
        let mut pieces = Vec::new();
        let mut rest = inside;
        while !rest.is_empty() {
            if let Some((reference, length)) = reference_at(rest) {
                let is_ours = self.variables.contains_key(reference.name) || global(reference.name).is_some();
                if operator.is_some() || is_ours {
                    let (known, is_multi) = self.known(&reference);
                    pieces.push(Piece::Variable { known, is_multi, format: reference.format });
                    rest = &rest[length..];
                    continue;
                }
            }
            let end = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
            pieces.push(Piece::Literal(&rest[..end]));
            rest = &rest[end..];
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
            self.done.text.push(quote);
            self.done.text.push_str(inside);
            return;
        }
        let is_plain = pieces.iter().all(Piece::is_plain);
        let is_negative = operator.is_some_and(|operator| operator.starts_with('!'));
        let is_regex = operator.is_some_and(|operator| operator.ends_with('~'));
        let widens = operator.is_some() && !is_regex && !is_plain;
        if let Some(operator) = operator.filter(|_| widens) {
            let kept = self.done.text.trim_end().len() - operator.len();
            self.done.text.truncate(kept);
            self.done.text.push_str(if is_negative { "!~" } else { "=~" });
        }
        let mut text = String::new();
        for piece in &pieces {
            match piece {
                Piece::Literal(literal) if widens => text.push_str(&escaped(&regex::escape(literal), quote)),
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Variable { known, is_multi, format } if is_regex || widens => {
                    let any = if is_negative { NO_VALUE } else { ANY };
                    let as_regex = regex_of(known, *is_multi || widens, format.unwrap_or_default(), any);
                    text.push_str(&escaped(&as_regex, quote));
                }
                Piece::Variable { known: Known::Values(values), .. } => {
                    text.push_str(&escaped(&values.join("|"), quote));
                }
                Piece::Variable { .. } => text.push('x'),
            }
        }
        self.done.text.push(quote);
        self.done.text.push_str(&text);
    }

    /// The comparison of a label that a text now follows.
    fn operator(&self) -> Option<&'static str> {
        let is_matcher = self.open.last().is_some_and(|(bracket, _)| *bracket == '{');
        let before = self.done.text.trim_end();
        ["=~", "!~", "!=", "="].into_iter().filter(|_| is_matcher).find(|operator| before.ends_with(operator))
    }
}

enum Piece<'a> {
    /// One character, as written.
    Literal(&'a str),
    Variable {
        known: Known,
        is_multi: bool,
        format: Option<&'a str>,
    },
}

impl Piece<'_> {
    /// Whether it is one value that can be compared by `=`.
    fn is_plain(&self) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::Variable { known, .. } => matches!(known, Known::Values(values) if values.len() == 1),
        }
    }
}

fn regex_of(known: &Known, is_guarded: bool, format: &str, any: &str) -> String {
    match known {
        Known::Nothing => any.to_owned(),
        Known::Regex(regex) => regex.clone(),
        Known::Values(values) => {
            let guarded: Vec<String> = values
                .iter()
                .map(|value| match format {
                    "raw" | "pipe" | "csv" => value.clone(),
                    "regex" => regex::escape(value),
                    _ if is_guarded => regex::escape(value),
                    _ => value.clone(),
                })
                .collect();
            match (guarded.as_slice(), format) {
                ([one], _) => one.clone(),
                (all, "csv") => all.join(","),
                (all, "raw" | "pipe") => all.join("|"),
                (all, _) => format!("({})", all.join("|")),
            }
        }
    }
}

/// As it stands between quotes.
fn escaped(text: &str, quote: char) -> String {
    match quote {
        '`' => text.to_owned(),
        quote => text.replace('\\', r"\\").replace(quote, &format!("\\{quote}")),
    }
}
