//! A strict reader of Prometheus' text format, version 0.0.4: what is not certain to be
//! right is an error.

use std::collections::{BTreeMap, BTreeSet};

/// A series: its name and its labels, sorted.
pub type Series = (String, BTreeMap<String, String>);

/// All samples, or the first line that is wrong.
pub fn parse(text: &str) -> Result<BTreeMap<Series, f64>, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    let mut samples = BTreeMap::new();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut family: Option<(String, Option<String>)> = None;
    for line in text.lines() {
        let wrong = |why: &str| format!("{why}: {line}");
        if let Some(head) = line.strip_prefix("# HELP ") {
            let (name, _help) = head.split_once(' ').ok_or_else(|| wrong("no help"))?;
            if !done.insert(name.to_owned()) {
                return Err(wrong("a family for the second time"));
            }
            family = Some((name.to_owned(), None));
        } else if let Some(head) = line.strip_prefix("# TYPE ") {
            let (name, kind) = head.split_once(' ').ok_or_else(|| wrong("no type"))?;
            if !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(wrong("an unknown type"));
            }
            if kind == "counter" && !name.ends_with("_total") {
                return Err(wrong("a counter that does not end in _total"));
            }
            match &mut family {
                Some((known, none @ None)) if known == name => *none = Some(kind.to_owned()),
                _ => return Err(wrong("a type without help, or twice")),
            }
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("not a sample"))?;
            let Some((known, Some(kind))) = &family else { return Err(wrong("a sample without a head")) };
            let suffix = name.strip_prefix(known.as_str()).ok_or_else(|| wrong("of another family"))?;
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            if !suffixes.contains(&suffix) {
                return Err(wrong("a sample that its type does not have"));
            }
            if kind == "counter" && (value < 0.0 || value.is_nan()) {
                return Err(wrong("a counter below zero"));
            }
            if samples.insert((name, labels), value).is_some() {
                return Err(wrong("a series for the second time"));
            }
        }
    }
    histograms(&samples)?;
    Ok(samples)
}

fn is_name(text: &str, colon: bool) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    text.starts_with(plain) && text.chars().all(|c| plain(c) || c.is_ascii_digit())
}

fn sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let mut text = String::new();
            let mut characters = after.chars();
            loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => text.push(match characters.next()? {
                        'n' => '\n',
                        plain @ ('\\' | '"') => plain,
                        _ => return None,
                    }),
                    plain => text.push(plain),
                }
            }
            if !is_name(label, false) || labels.insert(label.to_owned(), text).is_some() {
                return None;
            }
            rest = characters.as_str();
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.strip_prefix(' ')?;
    let known = ["+Inf", "-Inf", "NaN"].contains(&value);
    let digits = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-' | '+'));
    if !is_name(name, true) || !(known || digits) {
        return None;
    }
    Some((name.to_owned(), labels, value.parse().ok()?))
}

/// Buckets grow with their bounds, and the last holds everything.
fn histograms(samples: &BTreeMap<Series, f64>) -> Result<(), String> {
    let mut buckets: BTreeMap<Series, Vec<(f64, f64)>> = BTreeMap::new();
    for ((name, labels), value) in samples {
        let Some(family) = name.strip_suffix("_bucket") else { continue };
        let mut labels = labels.clone();
        let bound = labels.remove("le").ok_or_else(|| format!("a bucket of {family} without le"))?;
        let bound = bound.parse().map_err(|_| format!("le={bound}"))?;
        buckets.entry((family.to_owned(), labels)).or_default().push((bound, *value));
    }
    for ((family, labels), mut bounds) in buckets {
        bounds.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        if !bounds.iter().map(|(_, count)| *count).is_sorted() {
            return Err(format!("the buckets of {family} do not grow"));
        }
        let last = bounds.last().copied();
        let count = samples.get(&(format!("{family}_count"), labels.clone())).copied();
        if last != count.map(|count| (f64::INFINITY, count)) {
            return Err(format!("{family}: the last bucket {last:?} is not the count {count:?}"));
        }
        if !samples.contains_key(&(format!("{family}_sum"), labels)) {
            return Err(format!("{family} has no sum"));
        }
    }
    Ok(())
}
