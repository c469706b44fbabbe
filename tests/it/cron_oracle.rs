//! Ten years of fires in six zones, compared with croner's: every difference is listed in
//! the golden file, and each is one of a few kinds that are explained there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::str::FromStr;

use chrono::{DateTime, Duration, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use lustrum::time::cron::fires::Fires;
use lustrum::time::cron::zone::DstPolicy;

use crate::world::golden::assert_golden;

const ZONES: [Tz; 6] = [
    Tz::America__New_York,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Africa__Casablanca,
    Tz::Asia__Kolkata,
];

/// Around the hours in which clocks are changed, and the readings that differ most between
/// programs.
const LINES: [&str; 14] = [
    "30 2 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "0 3 * * 1-5",
    "15 0 13 * 5",
    "0 6 * * 0",
    "0 * * 1-4,9-12 0",
    "*/30 1 * * *",
    "*/20 2 * * *",
    "5,35 2 * * *",
    "5,35 1 * * *",
    "46 0-3 * * *",
    "0 12 1,15 */2 *",
    "59 23 29 2 *",
];

/// Why each kind of difference is meant.
const EXPLAINED: &str = "\
Hours and minutes written as lists or ranges are fixed times to vixie's cron, and to Lustrum:
what lies in a gap fires once, right after it, and what lies in an overlap fires once. To
croner they recur: left out in a gap, fired twice in an overlap. Nothing else differs.";

fn span() -> (DateTime<Utc>, DateTime<Utc>) {
    ("2026-01-01T00:00:00Z".parse().unwrap(), "2036-01-01T00:00:00Z".parse().unwrap())
}

fn ours(line: &str, zone: Tz) -> BTreeSet<DateTime<Utc>> {
    let (from, to) = span();
    let fires = Fires { expression: line.parse().unwrap(), zone, policy: DstPolicy::Vixie };
    let found: Vec<_> = fires.iter_after(from).take_while(|fired| *fired < to).collect();
    assert!(found.is_sorted_by(|a, b| a < b), "{line} in {zone} goes back in time");
    found.into_iter().collect()
}

fn oracle(line: &str, zone: Tz) -> BTreeSet<DateTime<Utc>> {
    let (from, to) = span();
    let cron = Cron::from_str(line).unwrap();
    let found = cron.iter_after(from.with_timezone(&zone)).map(|fired| fired.with_timezone(&Utc));
    found.take_while(|fired| *fired < to).collect()
}

/// Whether the clock was put forward or back within the hours around an instant.
fn change_near(zone: Tz, at: DateTime<Utc>) -> Option<&'static str> {
    let ahead = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    match ahead(at + Duration::hours(3)) - ahead(at - Duration::hours(3)) {
        0 => None,
        forward if forward > 0 => Some("gap"),
        _ => Some("overlap"),
    }
}

#[test]
fn fires_of_ten_years_against_croner() {
    let mut kinds: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for zone in ZONES {
        for line in LINES {
            let (ours, theirs) = (ours(line, zone), oracle(line, zone));
            compared += ours.len();
            for at in ours.symmetric_difference(&theirs) {
                let whose = if ours.contains(at) { "only Lustrum" } else { "only croner" };
                let near = change_near(zone, *at).unwrap_or_else(|| {
                    panic!("{line} in {zone}: {whose} at {at}, where no clock is changed")
                });
                let shown = format!("{zone} {}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M%:z"));
                kinds.entry((line, near, whose)).or_default().push(shown);
            }
        }
    }
    let mut text = format!("{compared} fires compared\n\n{EXPLAINED}\n");
    for ((line, near, whose), found) in kinds {
        writeln!(text, "\n{line}   {near}   {whose}\n  {}", found.join("\n  ")).unwrap();
    }
    assert_golden("tests/it/golden/cron_oracle.txt", &text);
}
