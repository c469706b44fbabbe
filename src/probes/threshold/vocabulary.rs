//! The words that a condition may use.

use crate::probes::threshold::quantity::Quantity;

/// `p*` stands for any percentile (`p50`, `p99.9`), `*` for a status (`503`) or its class (`5xx`).
pub struct Word {
    pub name: &'static str,
    pub quantity: Quantity,
}

/// Words that go together, behind one of some prefixes: `ok.p95`, `err.timeout`.
pub struct Family {
    /// Each with its point; `""` for the words alone.
    pub prefixes: &'static [&'static str],
    pub words: &'static [Word],
    /// Whether a subject may stand in front: `health.p95`.
    pub of_subject: bool,
}

/// What a probe measures, by name, and on which subjects (endpoints) it measures it.
pub struct Vocabulary {
    pub families: &'static [&'static Family],
    pub subjects: Vec<String>,
}

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The endpoint, or none for all of them together.
    pub subject: Option<String>,
    /// Without the subject: `ok.p95`.
    pub word: String,
}

impl Vocabulary {
    /// What a name means, if anything. A subject wins over no word: subjects that begin like
    /// words are refused where they are given, see [`Vocabulary::is_word`].
    pub fn find(&self, text: &str) -> Option<(Name, Quantity)> {
        if let Some(quantity) = self.quantity(text, false) {
            return Some((Name { subject: None, word: text.to_owned() }, quantity));
        }
        self.subjects.iter().find_map(|subject| {
            let word = text.strip_prefix(subject.as_str())?.strip_prefix('.')?;
            let quantity = self.quantity(word, true)?;
            Some((Name { subject: Some(subject.clone()), word: word.to_owned() }, quantity))
        })
    }

    /// Whether `name` cannot be a subject, because conditions on it could be read in two ways.
    pub fn is_word(&self, name: &str) -> bool {
        let begins = |prefix: &&str| prefix.split('.').next() == Some(name);
        self.quantity(name, false).is_some()
            || self.families.iter().any(|family| family.prefixes.iter().any(begins))
    }

    fn quantity(&self, text: &str, of_subject: bool) -> Option<Quantity> {
        let families = self.families.iter().filter(|family| family.of_subject || !of_subject);
        families.flat_map(|family| family.prefixes.iter().map(move |prefix| (prefix, family.words))).find_map(
            |(prefix, words)| {
                let rest = text.strip_prefix(prefix)?;
                words.iter().find(|word| fits(word.name, rest)).map(|word| word.quantity)
            },
        )
    }

    /// The words as an error lists them.
    pub fn told(&self) -> String {
        let mut parts = Vec::new();
        for family in self.families {
            let words: Vec<&str> = family.words.iter().map(|word| shown(word.name)).collect();
            let prefixes: Vec<String> = family
                .prefixes
                .iter()
                .filter(|prefix| !prefix.is_empty())
                .map(|p| format!("`{p}`"))
                .collect();
            if family.prefixes.contains(&"") {
                parts.push(words.join(", "));
            }
            match (family.prefixes.contains(&""), prefixes.is_empty()) {
                (_, true) => {}
                (true, false) => parts.push(format!("the same behind {}", prefixes.join(", "))),
                (false, false) => parts.push(format!("behind {}: {}", prefixes.join(", "), words.join(", "))),
            }
        }
        if !self.subjects.is_empty() {
            parts.push(format!("behind an endpoint's name ({}) and a point", self.subjects.join(", ")));
        }
        parts.join("; ")
    }

    /// The word a person probably meant.
    pub fn nearest(&self, meant: &str) -> Option<String> {
        let bare = self.families.iter().flat_map(|family| {
            family.prefixes.iter().flat_map(move |prefix| {
                family.words.iter().flat_map(move |word| {
                    let names: &[&str] = match word.name {
                        "p*" => &["p50", "p75", "p90", "p95", "p99", "p99.9"],
                        "*" => &["5xx"],
                        _ => std::slice::from_ref(&word.name),
                    };
                    names.iter().map(move |name| (format!("{prefix}{name}"), family.of_subject))
                })
            })
        });
        let all = bare.flat_map(|(name, of_subject)| {
            let subjects = self.subjects.iter().filter(move |_| of_subject);
            let theirs: Vec<String> = subjects.map(|subject| format!("{subject}.{name}")).collect();
            std::iter::once(name).chain(theirs)
        });
        all.map(|name| (strsim::jaro_winkler(meant, &name), name))
            .filter(|(likeness, _)| *likeness > 0.84)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, name)| name)
    }
}

/// `95` of `p95`, above 0 and at most 100.
pub fn percentile(word: &str) -> Option<f64> {
    let digits = word.strip_prefix('p')?;
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let percentile = plain.then(|| digits.parse::<f64>().ok()).flatten()?;
    (percentile > 0.0 && percentile <= 100.0).then_some(percentile)
}

fn fits(pattern: &str, word: &str) -> bool {
    match pattern {
        "p*" => percentile(word).is_some(),
        "*" => {
            let first = word.starts_with(|c: char| matches!(c, '1'..='5'));
            let rest = word.get(1..).unwrap_or_default();
            first && (rest == "xx" || rest.len() == 2 && rest.chars().all(|c| c.is_ascii_digit()))
        }
        _ => pattern == word,
    }
}

const fn shown(name: &'static str) -> &'static str {
    match name.as_bytes() {
        b"p*" => "p50, p99.9 (any percentile)",
        b"*" => "a status or 1xx to 5xx",
        _ => name,
    }
}
