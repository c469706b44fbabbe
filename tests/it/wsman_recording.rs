//! Recorded conversations: the little YAML they are written in, and their pairs.

use std::path::Path;

/// One request as another client sent it, and the host's answer.
#[derive(Debug, Default)]
pub struct Pair {
    pub request: String,
    pub response: String,
    pub http_status: u16,
}

/// Reads a file of `messages`, each with `request`, `response` and perhaps
/// `transport_error: {code}`. `None` for a file that is no such list.
pub fn read(path: &Path) -> Option<Vec<Pair>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = Lines::new(&text);
    let mut pairs: Vec<Pair> = Vec::new();
    let mut in_messages = false;
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        if line == "messages:" {
            in_messages = true;
            continue;
        }
        if !in_messages {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let entry = line.trim_start();
        let (starts_item, entry) = entry.strip_prefix("- ").map_or((false, entry), |entry| (true, entry));
        if starts_item {
            pairs.push(Pair { http_status: 200, ..Pair::default() });
        }
        let (key, value) = entry.split_once(':')?;
        let pair = pairs.last_mut()?;
        match key {
            "request" => pair.request = lines.scalar(value, indent),
            "response" => pair.response = lines.scalar(value, indent),
            "code" => pair.http_status = value.trim().trim_matches('\'').parse().unwrap(),
            "transport_error" | "protocol" | "message" => {}
            other => panic!("{}: unknown key {other:?}", path.display()),
        }
    }
    (!pairs.is_empty()).then_some(pairs)
}

struct Lines<'a> {
    lines: std::iter::Peekable<std::str::Lines<'a>>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { lines: text.lines().peekable() }
    }

    fn next(&mut self) -> Option<&'a str> {
        self.lines.next()
    }

    /// The value that begins after a key: plain, quoted or a block, over as many lines as
    /// it takes (YAML 1.2, 7.3 and 8.1).
    fn scalar(&mut self, first: &str, key_indent: usize) -> String {
        let first = first.trim();
        match first.chars().next() {
            Some('\'') => self.quoted(first, '\''),
            Some('"') => self.quoted(first, '"'),
            Some(style @ ('|' | '>')) => {
                let lines = self.deeper(key_indent);
                let least = lines.iter().filter(|line| !line.trim().is_empty());
                let margin = least.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
                let lines: Vec<&str> = lines.iter().map(|line| line.get(margin..).unwrap_or("")).collect();
                if style == '|' { lines.join("\n") } else { fold(&lines) }
            }
            _ => {
                let mut lines = vec![first];
                lines.extend(self.deeper(key_indent).into_iter().map(str::trim));
                fold(&lines)
            }
        }
    }

    /// The lines that belong to the value of a key: deeper than it, or blank.
    fn deeper(&mut self, key_indent: usize) -> Vec<&'a str> {
        let belongs = |line: &&str| {
            let indent = line.len() - line.trim_start().len();
            line.trim().is_empty() || (indent > key_indent && !is_key(line, key_indent))
        };
        let mut lines = Vec::new();
        while let Some(line) = self.lines.next_if(belongs) {
            lines.push(line);
        }
        lines
    }

    fn quoted(&mut self, first: &str, quote: char) -> String {
        let mut lines = vec![first.trim().to_owned()];
        while !is_closed(&lines.join("\n"), quote) {
            lines.push(self.next().expect("the quote ends").trim().to_owned());
        }
        let folded = fold(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let inner = &folded[1..folded.len() - 1];
        if quote == '\'' { inner.replace("''", "'") } else { unescape(inner) }
    }
}

/// Keys of an item stand two columns right of its dash.
fn is_key(line: &str, key_indent: usize) -> bool {
    let known = ["request:", "response:", "transport_error:"];
    line.len() - line.trim_start().len() == key_indent + 2
        && known.iter().any(|key| line.trim_start().starts_with(key))
}

fn is_closed(text: &str, quote: char) -> bool {
    let inner = &text[1..];
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = quote == '"' && character == '\\';
        let doubled = quote == '\'' && character == quote && characters.peek() == Some(&'\'');
        if escapes || doubled {
            characters.next();
        } else if character == quote {
            return true;
        }
    }
    false
}

/// Joins lines by spaces; a blank line is a line break.
fn fold(lines: &[&str]) -> String {
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if line.is_empty() {
            out.push('\n');
            continue;
        }
        if index > 0 && !out.ends_with('\n') {
            if out.ends_with('\\') {
                out.pop();
            } else {
                out.push(' ');
            }
        }
        out.push_str(line);
    }
    out
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let escaped = characters.next().expect("a backslash escapes something");
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let hex: String = characters.by_ref().take(digits).collect();
        out.push(match escaped {
            'x' | 'u' | 'U' => char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap(),
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            'e' => '\u{1b}',
            '_' => '\u{a0}',
            'N' => '\u{85}',
            plain => plain,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_style_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("styles.yml");
        let text = "messages:\n- request: <a>it's\n    folded</a>\n  response: '<b>it''s\n    folded</b>'\n\
                    - request: \"<c>\\u00e4\\\n    \\ x</c>\"\n  response: |\n    <d>\n      e</d>\n  \
                    transport_error:\n    protocol: http\n    code: 500\n";
        std::fs::write(&path, text).unwrap();
        let pairs = read(&path).unwrap();
        assert_eq!(pairs[0].request, "<a>it's folded</a>");
        assert_eq!(pairs[0].response, "<b>it's folded</b>");
        assert_eq!(pairs[0].http_status, 200);
        assert_eq!(pairs[1].request, "<c>\u{e4} x</c>");
        assert_eq!(pairs[1].response, "<d>\n  e</d>");
        assert_eq!(pairs[1].http_status, 500);
    }
}
