//! When schedules fire: POSIX' reading of the fields, and the clock changes of real zones.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use lustrum::time::cron::expression::Expression;
use lustrum::time::cron::fires::Fires;
use lustrum::time::cron::zone::DstPolicy;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn fires(line: &str, zone: Tz, policy: DstPolicy) -> Fires {
    Fires { expression: line.parse().unwrap_or_else(|error| panic!("{line}: {error}")), zone, policy }
}

/// The next fires in the zone's own time, `MM-DD HH:MM±offset`.
fn next(line: &str, zone: Tz, policy: DstPolicy, from: &str, count: usize) -> Vec<String> {
    let shown = |fired: DateTime<Utc>| fired.with_timezone(&zone).format("%m-%d %H:%M%:z").to_string();
    fires(line, zone, policy).iter_after(at(from)).take(count).map(shown).collect()
}

fn utc(line: &str, from: &str, count: usize) -> Vec<String> {
    let fires = fires(line, Tz::UTC, DstPolicy::Vixie);
    fires
        .iter_after(at(from))
        .take(count)
        .map(|fired| fired.format("%a %m-%d %H:%M:%S").to_string())
        .collect()
}

#[test]
fn days_of_the_week_are_counted_from_sunday() {
    let from = "2026-11-20T12:00:00Z"; // a Friday
    assert_eq!(utc("0 6 * * 1-5", from, 2), ["Mon 11-23 06:00:00", "Tue 11-24 06:00:00"]);
    for sunday in ["0", "7", "sun", "SUN"] {
        assert_eq!(utc(&format!("0 6 * * {sunday}"), from, 1), ["Sun 11-22 06:00:00"], "{sunday}");
    }
    assert_eq!(utc("0 6 * * 5-7", from, 2), ["Sat 11-21 06:00:00", "Sun 11-22 06:00:00"]);
    assert_eq!(utc("0 6 * * fri-mon", from, 2), ["Sat 11-21 06:00:00", "Sun 11-22 06:00:00"]);
    assert_eq!(utc("0 6 * * */3", from, 2), ["Sat 11-21 06:00:00", "Sun 11-22 06:00:00"]);
}

#[test]
fn either_day_condition_will_do() {
    let found = utc("0 0 13 * 5", "2026-11-01T00:00:00Z", 5);
    assert_eq!(
        found,
        [
            "Fri 11-06 00:00:00",
            "Fri 11-13 00:00:00",
            "Fri 11-20 00:00:00",
            "Fri 11-27 00:00:00",
            "Fri 12-04 00:00:00"
        ]
    );
    assert_eq!(utc("0 0 13 * ?", "2026-11-14T00:00:00Z", 1), ["Sun 12-13 00:00:00"]);
}

#[test]
fn fields_are_read_as_posix_and_its_friends_write_them() {
    let from = "2026-11-21T10:07:30Z";
    for (line, expected) in [
        ("*/15 * * * *", "Sat 11-21 10:15:00"),
        ("5/20 * * * *", "Sat 11-21 10:25:00"),
        ("10-20/5,50 9,10 * * *", "Sat 11-21 10:10:00"),
        ("0 22-2 * * *", "Sat 11-21 22:00:00"),
        ("30 0 0 1 jan *", "Fri 01-01 00:00:30"),
        ("*/10 * * * * *", "Sat 11-21 10:07:40"),
        ("@hourly", "Sat 11-21 11:00:00"),
        ("@daily", "Sun 11-22 00:00:00"),
        ("@weekly", "Sun 11-22 00:00:00"),
        ("@monthly", "Tue 12-01 00:00:00"),
        ("@yearly", "Fri 01-01 00:00:00"),
        ("@every 90s", "Sat 11-21 10:09:00"),
        ("0 0 29 2 *", "Tue 02-29 00:00:00"),
    ] {
        assert_eq!(utc(line, from, 1), [expected], "{line}");
    }
}

#[test]
fn what_is_no_schedule_is_told_why() {
    for (line, piece) in [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("0 0 1 1 * 2026 x", "has 7 fields"),
        ("60 * * * *", "minute `60`: `60` is not a number from 0 to 59"),
        ("* 24 * * *", "hour `24`"),
        ("* * 0 * *", "day of month `0`"),
        ("* * * foo *", "`foo` is not a number from 1 to 12, or jan to dec"),
        ("* * * * 8", "`8` is not a number from 0 to 7, or sun to sat"),
        ("*/0 * * * *", "a step is a number"),
        ("1,,2 * * * *", "`` is not a number"),
        ("-5 * * * *", "`` is not a number"),
        ("0 0 30 2 *", "never comes"),
        ("@reboot", "not one of"),
        ("@every", "not one of"),
        ("@every 0s", "not a duration"),
        ("@every 500ms", "not a duration"),
    ] {
        let error = line.parse::<Expression>().unwrap_err().to_string();
        assert!(error.contains(piece), "{line}: {error}");
    }
}

const NEW_YORK: Tz = Tz::America__New_York;
const BEFORE_GAP: &str = "2026-03-07T12:00:00Z";
const BEFORE_OVERLAP: &str = "2026-10-31T12:00:00Z";

#[test]
fn a_fixed_time_in_the_gap() {
    let of = |policy| next("30 2 * * *", NEW_YORK, policy, BEFORE_GAP, 2);
    assert_eq!(of(DstPolicy::Vixie), ["03-08 03:00-04:00", "03-09 02:30-04:00"]);
    assert_eq!(of(DstPolicy::Skip), ["03-09 02:30-04:00", "03-10 02:30-04:00"]);
    assert_eq!(of(DstPolicy::Kubernetes), of(DstPolicy::Skip));
    // Three times in the gap are one fire after it, not three.
    let three = next("5,30,59 2 * * *", NEW_YORK, DstPolicy::Vixie, BEFORE_GAP, 2);
    assert_eq!(three, ["03-08 03:00-04:00", "03-09 02:05-04:00"]);
    // A gap of half an hour.
    let howe = next("15 2 * * *", Tz::Australia__Lord_Howe, DstPolicy::Vixie, "2026-10-03T00:00:00Z", 1);
    assert_eq!(howe, ["10-04 02:30+11:00"]);
}

#[test]
fn a_fixed_time_in_the_overlap() {
    let of = |policy| next("30 1 * * *", NEW_YORK, policy, BEFORE_OVERLAP, 2);
    assert_eq!(of(DstPolicy::Vixie), ["11-01 01:30-04:00", "11-02 01:30-05:00"]);
    assert_eq!(of(DstPolicy::Skip), of(DstPolicy::Vixie));
    assert_eq!(of(DstPolicy::Kubernetes), ["11-01 01:30-04:00", "11-01 01:30-05:00"]);
    // Asked in between, it does not come again.
    let later = next("30 1 * * *", NEW_YORK, DstPolicy::Vixie, "2026-11-01T06:05:00Z", 1);
    assert_eq!(later, ["11-02 01:30-05:00"]);
}

#[test]
fn stars_run_on_real_time() {
    let hourly = |policy| next("0 * * * *", NEW_YORK, policy, "2026-11-01T04:30:00Z", 3);
    for policy in [DstPolicy::Vixie, DstPolicy::Skip, DstPolicy::Kubernetes] {
        assert_eq!(hourly(policy), ["11-01 01:00-04:00", "11-01 01:00-05:00", "11-01 02:00-05:00"]);
    }
    let half = next("*/30 1 * * *", NEW_YORK, DstPolicy::Vixie, BEFORE_OVERLAP, 5);
    assert_eq!(
        half,
        [
            "11-01 01:00-04:00",
            "11-01 01:30-04:00",
            "11-01 01:00-05:00",
            "11-01 01:30-05:00",
            "11-02 01:00-05:00"
        ]
    );
    let gap = next("*/30 2 * * *", NEW_YORK, DstPolicy::Vixie, BEFORE_GAP, 1);
    assert_eq!(gap, ["03-09 02:00-04:00"]);
}

#[test]
fn every_is_anchored_to_the_epoch_in_any_zone() {
    let found = next("@every 7h", NEW_YORK, DstPolicy::Vixie, "2026-11-01T00:00:00Z", 2);
    let fired = fires("@every 7h", NEW_YORK, DstPolicy::Vixie).after(at("2026-11-01T00:00:00Z")).unwrap();
    assert_eq!(fired.timestamp() % (7 * 3600), 0);
    assert_eq!(found.len(), 2);
}
