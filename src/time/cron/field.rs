//! One field of a cron line, read by POSIX' rules and handed on in words that the `cron`
//! crate reads the same way.
//!
//! The crate alone takes 1 for Sunday, knows no 0 and no range that wraps; so numbers and
//! ranges are spelled out here, and it only ever sees lists of what matches.

use std::collections::BTreeSet;

/// What a field counts, and what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As errors call it.
    pub name: &'static str,
    pub first: u32,
    /// 7 for the day of the week, which is Sunday again.
    pub last: u32,
    /// Words for numbers, beginning with `first`.
    pub words: &'static [&'static str],
}

pub const SECOND: Kind = Kind { name: "second", first: 0, last: 59, words: &[] };
pub const MINUTE: Kind = Kind { name: "minute", first: 0, last: 59, words: &[] };
pub const HOUR: Kind = Kind { name: "hour", first: 0, last: 23, words: &[] };
pub const DAY_OF_MONTH: Kind = Kind { name: "day of month", first: 1, last: 31, words: &[] };
pub const MONTH: Kind = Kind {
    name: "month",
    first: 1,
    last: 12,
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub const DAY_OF_WEEK: Kind = Kind {
    name: "day of week",
    first: 0,
    last: 7,
    words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// Why a field was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} `{text}`: {why}")]
pub struct InvalidField {
    pub field: &'static str,
    pub text: String,
    pub why: String,
}

/// A field as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What matches, sorted; Sunday is 0.
    pub matches: BTreeSet<u32>,
    /// Written with a star (or `?`) at its start.
    pub starred: bool,
    /// Exactly `*` or `?`: no condition at all.
    pub any: bool,
}

impl Kind {
    pub fn read(self, text: &str) -> Result<Field, InvalidField> {
        let invalid = |why: String| InvalidField { field: self.name, text: text.to_owned(), why };
        let mut matches = BTreeSet::new();
        for part in text.split(',') {
            matches.extend(self.part(part).map_err(invalid)?);
        }
        let starred = text.starts_with(['*', '?']);
        Ok(Field { matches, starred, any: matches!(text, "*" | "?") })
    }

    fn part(self, part: &str) -> Result<Vec<u32>, String> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => {
                let step = step.parse().ok().filter(|step| (1..=self.last).contains(step));
                (range, Some(step.ok_or_else(|| format!("a step is a number from 1 to {}", self.last))?))
            }
        };
        let (first, last) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (self.first, self.highest()),
            Some((first, last)) => (self.number(first)?, self.number(last)?),
            // `5/15` goes on to the end, as vixie's successors read it.
            None if step.is_some() => (self.number(range)?, self.highest()),
            None => (self.number(range)?, self.number(range)?),
        };
        // Behind the end it goes on from the start: 22-2, fri-mon.
        let span = self.highest() - self.first + 1;
        let length = if first <= last { last - first } else { last + span - first };
        let numbers = (0..=length).step_by(step.unwrap_or(1) as usize);
        Ok(numbers.map(|ahead| self.first + (first + ahead - self.first) % span).collect())
    }

    fn number(self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        if let Some(place) = self.words.iter().position(|word| *word == lower) {
            return Ok(self.first + place as u32);
        }
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        let number = number.filter(|number| (self.first..=self.last).contains(number));
        number.ok_or_else(|| {
            let or_words = match self.words {
                [first, .., last] => format!(", or {first} to {last}"),
                _ => String::new(),
            };
            format!("`{text}` is not a number from {} to {}{or_words}", self.first, self.last)
        })
    }

    /// Without the second name of Sunday.
    fn highest(self) -> u32 {
        if self == DAY_OF_WEEK { 6 } else { self.last }
    }
}

impl Field {
    /// As the `cron` crate reads it: a list, days of the week by name.
    pub fn spelled(&self, kind: Kind) -> String {
        if self.any {
            return "*".to_owned();
        }
        let word = |number: &u32| match kind {
            DAY_OF_WEEK => DAY_OF_WEEK.words[*number as usize].to_owned(),
            _ => number.to_string(),
        };
        self.matches.iter().map(word).collect::<Vec<_>>().join(",")
    }
}
