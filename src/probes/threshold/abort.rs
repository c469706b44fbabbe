//! The condition that ends a run early: `p95 > 10s for 10s`.

use std::fmt;

use crate::model::probe::Finding;
use crate::probes::threshold::expression::{Expression, Reader, Refused};
use crate::probes::threshold::judgement::{Values, finding};
use crate::probes::threshold::quantity::Quantity;
use crate::probes::threshold::vocabulary::Vocabulary;

/// A condition and how long it must hold; without `for`, one second is enough.
#[derive(Clone, Debug, PartialEq)]
pub struct AbortOn {
    pub expression: Expression,
    pub seconds: u32,
}

/// At most an hour: whoever waits longer need not hurry.
const LONGEST_SECONDS: f64 = 3_600.0;

impl fmt::Display for AbortOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.expression)?;
        if self.seconds > 1 { write!(f, " for {}s", self.seconds) } else { Ok(()) }
    }
}

impl AbortOn {
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, Refused> {
        let mut reader = Reader::new(text);
        let expression = Expression::read(&mut reader, vocabulary)?;
        reader.skip_spaces();
        if reader.rest().is_empty() {
            return Ok(Self { expression, seconds: 1 });
        }
        let begin = reader.at;
        if reader.take(char::is_alphabetic) != "for" {
            return Err(reader.refused_at(begin, "expected `for` and a time, or nothing more".to_owned()));
        }
        reader.skip_spaces();
        let begin = reader.at;
        let number = reader.take(|c| c.is_ascii_digit() || c == '.').parse::<f64>().ok();
        reader.skip_spaces();
        let unit = reader.take(char::is_alphabetic);
        reader.skip_spaces();
        let seconds =
            number.zip(Quantity::Time.factor(unit)).map(|(number, factor)| number * factor / 1_000.0);
        let fits = |seconds: &f64| (1.0..=LONGEST_SECONDS).contains(seconds) && seconds.fract() == 0.0;
        match seconds.filter(fits) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, and in range"
            )]
            Some(seconds) if reader.rest().is_empty() => Ok(Self { expression, seconds: seconds as u32 }),
            _ => Err(reader.refused_at(begin, "expected whole seconds such as 10s, or 5min".to_owned())),
        }
    }
}

/// Looks at each second of a run in turn.
///
/// It fires in a second whose value meets the condition, when no value of the `seconds` before
/// spoke against it. Seconds in which nothing was measured say neither: a server that has stopped
/// to answer has no p95, and must not be saved by it.
#[derive(Clone, Debug)]
pub struct Vigil {
    pub asked: AbortOn,
    /// How many seconds ago the condition began to hold.
    held_for: Option<u32>,
}

impl Vigil {
    pub fn over(asked: AbortOn) -> Self {
        Self { asked, held_for: None }
    }

    /// Takes the values of the next second; whether the run is to end now.
    pub fn second(&mut self, values: &impl Values) -> bool {
        let so_far = self.held_for.map(|seconds| seconds.saturating_add(1));
        let finding = finding(&self.asked.expression, values);
        self.held_for = match finding {
            Finding::Held => Some(so_far.unwrap_or(1)),
            Finding::Broken => None,
            Finding::Unknown => so_far,
        };
        finding == Finding::Held && self.held_for >= Some(self.asked.seconds)
    }
}
