//! Text in SVG: escaped, and about as wide as it will be drawn.

/// For element content and attributes. What XML 1.0 cannot hold becomes U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// At a font size, in the same unit. By the advances of DejaVu Sans, which is wider than what
/// browsers take for sans-serif: whatever is placed by it does not overlap there either.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

const fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' => 0.28,
        ' ' | '.' | ',' | ':' | ';' | '/' | '|' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '-' | 'I' | 'J' => 0.41,
        's' | 'c' | 'z' | 'k' | '–' | '·' => 0.56,
        '0'..='9' | 'a'..='l' | 'n'..='v' | 'x' | 'y' | 'µ' | 'é' => 0.64,
        'A'..='L' | 'N' | 'P' | 'R'..='V' | 'X'..='Z' => 0.75,
        '\u{0}'..='\u{24f}' => 0.99,
        _ => 1.05,
    }
}

/// Cut at the end, so that it is no wider than `room`.
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut used = width("…", size);
    for c in text.chars() {
        used += advance(c) * size;
        if used > room {
            break;
        }
        fitted.push(c);
    }
    fitted + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_becomes_markup() {
        assert_eq!(escaped("<a href='x'>&\"\u{1b}\n"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd} ");
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fitted("short", 10.0, 100.0), "short");
        let cut = fitted("a name that is much too long", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
    }
}
