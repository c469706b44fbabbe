//! A cron line: five fields, or six with seconds first, or a word with `@`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use cron::Schedule;

use crate::time::cron::field::{DAY_OF_MONTH, DAY_OF_WEEK, HOUR, InvalidField, Kind, MINUTE, MONTH, SECOND};

/// Why a line is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExpression {
    #[error(
        "`{0}` has {1} fields, expected 5 (minute hour day-of-month month day-of-week), or 6 with seconds first"
    )]
    Fields(String, usize),
    #[error(transparent)]
    Field(#[from] InvalidField),
    #[error(
        "`{0}` is not one of @yearly @annually @monthly @weekly @daily @midnight @hourly, or `@every 15m`"
    )]
    Word(String),
    #[error("`{0}` is not a duration of a second or more, such as `@every 90s` or `@every 6h`")]
    Every(String),
    #[error("`{0}` never comes: there is no such day")]
    Never(String),
}

/// A line as read. Shown as it was written.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    pub(in crate::time::cron) rhythm: Rhythm,
}

#[derive(Clone, Debug)]
pub(in crate::time::cron) enum Rhythm {
    /// Multiples of it since 1970, in any zone.
    Every(Duration),
    Calendar(Calendar),
}

/// Local times that match.
#[derive(Clone, Debug)]
pub(in crate::time::cron) struct Calendar {
    /// Day of month and day of week each with a condition make two: either will do.
    matchers: Vec<Schedule>,
    /// A star in the minute or the hour: it runs on real time, through every change of the
    /// clock.
    pub(in crate::time::cron) starred: bool,
}

impl FromStr for Expression {
    type Err = InvalidExpression;

    fn from_str(text: &str) -> Result<Self, InvalidExpression> {
        let text = text.trim();
        let rhythm = match text.strip_prefix('@') {
            Some(word) => word_of(word, text)?,
            None => Rhythm::Calendar(Calendar::read(text)?),
        };
        Ok(Self { text: text.to_owned(), rhythm })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn word_of(word: &str, text: &str) -> Result<Rhythm, InvalidExpression> {
    let line = match word {
        "yearly" | "annually" => "0 0 1 1 *",
        "monthly" => "0 0 1 * *",
        "weekly" => "0 0 * * 0",
        "daily" | "midnight" => "0 0 * * *",
        "hourly" => "0 * * * *",
        _ => {
            let every = word.strip_prefix("every").filter(|rest| rest.starts_with(char::is_whitespace));
            let every = every.ok_or_else(|| InvalidExpression::Word(text.to_owned()))?;
            let duration = humantime::parse_duration(every.trim()).ok();
            let whole = duration.filter(|every| every.as_secs() > 0 && every.subsec_nanos() == 0);
            return whole.map(Rhythm::Every).ok_or_else(|| InvalidExpression::Every(text.to_owned()));
        }
    };
    Calendar::read(line).map(Rhythm::Calendar)
}

impl Calendar {
    fn read(text: &str) -> Result<Self, InvalidExpression> {
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        match fields.len() {
            5 => fields.insert(0, "0"),
            6 => {}
            other => return Err(InvalidExpression::Fields(text.to_owned(), other)),
        }
        let read = |index: usize, kind: Kind| kind.read(fields[index]);
        let (second, minute, hour) = (read(0, SECOND)?, read(1, MINUTE)?, read(2, HOUR)?);
        let (day, month, weekday) = (read(3, DAY_OF_MONTH)?, read(4, MONTH)?, read(5, DAY_OF_WEEK)?);
        let time =
            [(&second, SECOND), (&minute, MINUTE), (&hour, HOUR)].map(|(field, kind)| field.spelled(kind));
        let [second, at_minute, at_hour] = time;
        let matcher = |day: &str, weekday: &str| {
            let spelled = format!("{second} {at_minute} {at_hour} {day} {} {weekday}", month.spelled(MONTH));
            Schedule::from_str(&spelled).expect("fields that were read are spelled as the crate reads them")
        };
        let (on_day, on_weekday) = (day.spelled(DAY_OF_MONTH), weekday.spelled(DAY_OF_WEEK));
        let matchers = match (day.any, weekday.any) {
            (false, false) => vec![matcher(&on_day, "*"), matcher("*", &on_weekday)],
            _ => vec![matcher(&on_day, &on_weekday)],
        };
        let calendar = Self { matchers, starred: minute.starred || hour.starred };
        // Up to the year 2100 every month has begun on every weekday: what is not found never is.
        let begin = DateTime::<Utc>::UNIX_EPOCH.naive_utc();
        if calendar.after(begin).is_none() {
            return Err(InvalidExpression::Never(text.to_owned()));
        }
        Ok(calendar)
    }

    /// The first local time after the given one. The crate is only ever asked in UTC, where
    /// no clock is changed.
    pub(in crate::time::cron) fn after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let found = self.matchers.iter().filter_map(|matcher| matcher.after(&local.and_utc()).next());
        found.min().map(|found| found.naive_utc())
    }
}
