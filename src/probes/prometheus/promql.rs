//! A query, parsed and type-checked, and where it is wrong.

use promql_parser::parser::{Expr, VectorSelector, parse};

/// A query that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In characters, from 1: the innermost call, selector or bracket that is wrong in itself, or
    /// where the longest part that makes sense ends. The parser itself does not tell.
    pub column: usize,
    pub message: String,
}

pub fn read(text: &str) -> Result<Expr, Refused> {
    parse(text).map_err(|message| {
        let at = place(text, &message).min(text.len());
        Refused { column: text[..at].chars().count() + 1, message }
    })
}

/// Every selector, also in subqueries, and in the parameters of aggregations.
pub fn selectors(expr: &Expr) -> Vec<&VectorSelector> {
    let (mut found, mut left) = (Vec::new(), vec![expr]);
    while let Some(expr) = left.pop() {
        match expr {
            Expr::VectorSelector(selector) => found.push(selector),
            Expr::MatrixSelector(matrix) => found.push(&matrix.vs),
            Expr::Aggregate(aggregate) => {
                left.extend(aggregate.param.as_deref());
                left.push(&aggregate.expr);
            }
            Expr::Unary(unary) => left.push(&unary.expr),
            Expr::Binary(binary) => left.extend([&*binary.rhs, &*binary.lhs]),
            Expr::Paren(paren) => left.push(&paren.expr),
            Expr::Subquery(subquery) => left.push(&subquery.expr),
            Expr::Call(call) => left.extend(call.args.args.iter().rev().map(|argument| &**argument)),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }
    found
}

/// A byte.
fn place(text: &str, message: &str) -> usize {
    let unknown =
        message.split_once("unknown function with name '").and_then(|(_, rest)| rest.split_once('\''));
    if let Some(at) = unknown.and_then(|(name, _)| text.find(name)) {
        return at;
    }
    let mut groups = match groups(text) {
        Ok(groups) => groups,
        Err(at) => return at,
    };
    groups.sort_by_key(|group| (group.end - group.start, group.start));
    if let Some(group) = groups.iter().find(|group| parse(&text[group.start..group.end]).is_err()) {
        return group.start;
    }
    let borders = text.char_indices().map(|(at, _)| at).chain([text.len()]).rev();
    borders.filter(|at| *at > 0).find(|at| parse(&text[..*at]).is_ok()).unwrap_or_default()
}

/// A call, or a selector with braces, from its name to its closing bracket.
struct Group {
    start: usize,
    end: usize,
}

/// All of them, or the byte of a bracket or quote that has no other.
fn groups(text: &str) -> Result<Vec<Group>, usize> {
    let (mut open, mut found, mut quote) = (Vec::new(), Vec::new(), None);
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if let Some((begun, closing)) = quote {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if closing != '`' => is_escaped = true,
                c if c == closing => quote = None,
                '\n' if closing != '`' => return Err(begun),
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some((at, c)),
            '(' | '[' | '{' => open.push((at, c)),
            ')' | ']' | '}' => {
                let (begun, opening) = open.pop().ok_or(at)?;
                if !matches!((opening, c), ('(', ')') | ('[', ']') | ('{', '}')) {
                    return Err(at);
                }
                found.extend(head(text, begun, opening).map(|start| Group { start, end: at + 1 }));
            }
            _ => {}
        }
    }
    match (quote, open.last()) {
        (Some((begun, _)), _) => Err(begun),
        (None, Some((begun, _))) => Err(*begun),
        (None, None) => Ok(found),
    }
}

/// Where a group that can stand for itself begins; a list of labels cannot.
fn head(text: &str, bracket: usize, opening: char) -> Option<usize> {
    let before = text[..bracket].trim_end();
    let is_name = |c: char| c == '_' || c == ':' || c.is_ascii_alphanumeric();
    let start = before.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
    let word = &before[start..];
    let lists = ["by", "without", "on", "ignoring", "group_left", "group_right"];
    let operators = ["and", "or", "unless", "bool", "atan2"];
    match opening {
        '[' => None,
        '(' if lists.contains(&word) || before.ends_with(')') => None,
        _ if word.is_empty() || operators.contains(&word) => Some(bracket),
        _ => Some(start),
    }
}
