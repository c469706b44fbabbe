//! How a query names a variable: `$name`, `${name}`, `${name:format}`, `[[name]]`.

/// A variable as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    pub name: &'a str,
    pub format: Option<&'a str>,
}

/// The variable a text begins with, and how many bytes name it. `$1` of `label_replace` is none.
pub fn reference_at(text: &str) -> Option<(Reference<'_>, usize)> {
    let (inside, opening, closing) = if let Some(rest) = text.strip_prefix("${") {
        (rest, 2, "}")
    } else if let Some(rest) = text.strip_prefix("[[") {
        (rest, 2, "]]")
    } else {
        (text.strip_prefix('$')?, 1, "")
    };
    let name = &inside[..inside.find(|c| !is_of_a_name(c)).unwrap_or(inside.len())];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if closing.is_empty() {
        return Some((Reference { name, format: None }, opening + name.len()));
    }
    let end = inside.find(closing)?;
    // `${__user.login}`: a field of a variable is no other variable.
    let tail = &inside[name.len()..end];
    let format = match tail.split_once(':') {
        Some((_, format)) => Some(format),
        None if tail.is_empty() || tail.starts_with('.') => None,
        None => return None,
    };
    Some((Reference { name, format }, opening + end + closing.len()))
}

fn is_of_a_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}
