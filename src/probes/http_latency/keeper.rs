//! Whether there is a token, whether to log in for one, and when not to: an account must not be
//! locked because somebody measures.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::credential::Secret;
use crate::probes::http_latency::token::Token;

/// Logins in a row of one cycle that may come to nothing for want of an answer.
const MOST_UNANSWERED: u32 = 3;
/// Refusals in a row, over all cycles, after which logins are held back.
const MOST_REFUSALS: u32 = 3;
/// For how long.
const HELD_BACK: Duration = Duration::from_secs(60 * 60);

/// How a login came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The server looked at the credential and said no, or its answer holds no token: the next
    /// login of the cycle would end alike.
    Refused(String),
    /// No usable answer: the next request may try again.
    Unanswered(String),
}

impl Miss {
    pub fn why(&self) -> &str {
        match self {
            Self::Refused(why) | Self::Unanswered(why) => why,
        }
    }
}

/// What to do about a token before a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    LogIn,
    /// There is none, and none is fetched: why.
    GoWithout(String),
}

#[derive(Debug, Default)]
pub struct Keeper {
    token: Option<Token>,
    /// Why no login is tried any more in this cycle.
    given_up: Option<String>,
    unanswered: u32,
    refusals: u32,
    held_until: Option<DateTime<Utc>>,
}

impl Keeper {
    /// A cycle begins: what was given up is tried again.
    pub fn begin_cycle(&mut self) {
        self.given_up = None;
        self.unanswered = 0;
    }

    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref().map(Token::secret)
    }

    pub fn need(&self, now: DateTime<Utc>) -> Need {
        match (&self.token, self.may_log_in(now)) {
            (Some(token), _) if !token.is_due(now) => Need::Nothing,
            (_, Ok(())) => Need::LogIn,
            // It may be good for as long as the skew.
            (Some(_), Err(_)) => Need::Nothing,
            (None, Err(why)) => Need::GoWithout(why),
        }
    }

    /// The error says why not.
    pub fn may_log_in(&self, now: DateTime<Utc>) -> Result<(), String> {
        if self.held_until.is_some_and(|until| now < until) {
            return Err(format!("logins are held back after {MOST_REFUSALS} refusals in a row"));
        }
        self.given_up.clone().map_or(Ok(()), Err)
    }

    pub fn keep(&mut self, token: Token) {
        *self = Self { token: Some(token), ..Self::default() };
    }

    /// The server refused the token: it is not shown again.
    pub fn drop_token(&mut self) {
        self.token = None;
    }

    pub fn missed(&mut self, miss: &Miss, now: DateTime<Utc>) {
        match miss {
            Miss::Refused(why) => {
                self.given_up = Some(why.clone());
                self.refusals += 1;
                if self.refusals >= MOST_REFUSALS {
                    self.held_until = Some(now + HELD_BACK);
                }
            }
            Miss::Unanswered(why) => {
                self.unanswered += 1;
                if self.unanswered >= MOST_UNANSWERED {
                    self.given_up = Some(why.clone());
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn opaque() -> Token {
        Token::new(Secret::new("opaque".to_owned()), at(0), Duration::ZERO)
    }

    #[test]
    fn a_refusal_holds_for_the_cycle_and_three_for_an_hour() {
        let mut keeper = Keeper::default();
        let refused = Miss::Refused("the login was refused: http 401".to_owned());
        for cycle in 0..3 {
            assert_eq!(keeper.need(at(cycle)), Need::LogIn, "cycle {cycle}");
            keeper.missed(&refused, at(cycle));
            let Need::GoWithout(why) = keeper.need(at(cycle)) else { panic!("cycle {cycle}") };
            assert_eq!(why.contains("held back"), cycle == 2, "{why}");
            keeper.begin_cycle();
        }
        assert!(matches!(keeper.need(at(3_601)), Need::GoWithout(_)));
        assert_eq!(keeper.need(at(3_602)), Need::LogIn);
        // One more refusal and the hour begins anew; a token ends the count.
        keeper.missed(&refused, at(3_602));
        assert!(keeper.may_log_in(at(7_000)).is_err());
        keeper.keep(opaque());
        keeper.drop_token();
        assert_eq!(keeper.need(at(7_000)), Need::LogIn);
    }

    #[test]
    fn a_login_that_nobody_answers_is_tried_three_times_a_cycle() {
        let mut keeper = Keeper::default();
        let unanswered = Miss::Unanswered("connection refused".to_owned());
        for _ in 0..3 {
            assert_eq!(keeper.need(at(0)), Need::LogIn);
            keeper.missed(&unanswered, at(0));
        }
        assert_eq!(keeper.need(at(0)), Need::GoWithout("connection refused".to_owned()));
        keeper.begin_cycle();
        assert_eq!(keeper.need(at(0)), Need::LogIn);
    }

    #[test]
    fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
        let mut keeper = Keeper::default();
        // {"exp":100}
        let token =
            Token::new(Secret::new("e30.eyJleHAiOjEwMH0.c".to_owned()), at(0), Duration::from_secs(30));
        keeper.keep(token);
        assert_eq!(keeper.need(at(69)), Need::Nothing);
        assert_eq!(keeper.need(at(70)), Need::LogIn);
        keeper.missed(&Miss::Refused("no".to_owned()), at(70));
        assert_eq!(keeper.need(at(70)), Need::Nothing);
        keeper.drop_token();
        assert_eq!(keeper.need(at(70)), Need::GoWithout("no".to_owned()));
    }
}
