//! Conditions: what they say, what is refused and where, and how they are judged.

use std::collections::BTreeMap;

use lustrum::model::probe::Finding;
use lustrum::probes::threshold::abort::{AbortOn, Vigil};
use lustrum::probes::threshold::expression::{Comparison, Expression};
use lustrum::probes::threshold::judgement::{check, finding};
use lustrum::probes::threshold::quantity::Quantity;
use lustrum::probes::threshold::vocabulary::{Family, Vocabulary, Word};
use proptest::prelude::*;

static FAMILIES: &[&Family] = &[
    &Family {
        prefixes: &["", "ok."],
        words: &[
            Word { name: "p*", quantity: Quantity::Time },
            Word { name: "mean", quantity: Quantity::Time },
        ],
        of_subject: true,
    },
    &Family {
        prefixes: &[""],
        words: &[
            Word { name: "success", quantity: Quantity::Share },
            Word { name: "rps", quantity: Quantity::Rate },
            Word { name: "bytes", quantity: Quantity::Size },
        ],
        of_subject: true,
    },
    &Family {
        prefixes: &["err."],
        words: &[Word { name: "timeout", quantity: Quantity::Count }],
        of_subject: true,
    },
    &Family {
        prefixes: &["status."],
        words: &[Word { name: "*", quantity: Quantity::Count }],
        of_subject: true,
    },
    &Family {
        prefixes: &["sys.cpu."],
        words: &[Word { name: "p*", quantity: Quantity::Share }],
        of_subject: false,
    },
];

fn vocabulary() -> Vocabulary {
    Vocabulary { families: FAMILIES, subjects: vec!["health".to_owned(), "chat-stream".to_owned()] }
}

fn parse(text: &str) -> Expression {
    Expression::parse(text, &vocabulary()).unwrap()
}

fn refusal(text: &str) -> String {
    Expression::parse(text, &vocabulary()).unwrap_err().to_string()
}

fn values(of: &[(&str, f64)]) -> BTreeMap<String, f64> {
    of.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn limits_are_read_in_their_units() {
    for (text, limit) in [
        ("p95 < 2s", 2_000.0),
        ("p95<2s", 2_000.0),
        (" p99.9 <= 1.5 s ", 1_500.0),
        ("mean < 250us", 0.25),
        ("ok.p50 < 1min", 60_000.0),
        ("success >= 95%", 95.0),
        ("success >= 95", 95.0),
        ("success > 0", 0.0),
        ("success >= 1%", 1.0),
        ("err.timeout == 0", 0.0),
        ("sys.cpu.p95 < 80", 80.0),
        ("health.p99 <= 100ms", 100.0),
        ("chat-stream.err.timeout == 0", 0.0),
        ("rps > 50", 50.0),
        ("rps > 50/s", 50.0),
        ("bytes < 64KiB", 65_536.0),
        ("status.503 == 0", 0.0),
        ("status.5xx != 3", 3.0),
    ] {
        assert_eq!(parse(text).limit, limit, "{text}");
    }
    assert_eq!(parse("health.ok.p99 < 1s").name.subject.as_deref(), Some("health"));
    assert_eq!(parse(" p95  <  2 s ").text, "p95  <  2 s");
}

#[test]
fn what_is_wrong_is_told_with_its_column() {
    for (text, begins, names) in [
        ("", "column 1: expected a word", "p50"),
        ("p95x < 2s", "column 1: unknown word `p95x`", "did you mean `p95`?"),
        ("sucess > 95%", "column 1: unknown word `sucess`", "did you mean `success`?"),
        ("heath.p95 < 1s", "column 1: unknown word `heath.p95`", "did you mean `health.p95`?"),
        ("health.sys.cpu.p95 < 80", "column 1: unknown word", "health, chat-stream"),
        ("p0 < 1s", "column 1: unknown word `p0`", "any percentile"),
        ("p101 < 1s", "column 1: unknown word `p101`", "any percentile"),
        ("status.700 == 0", "column 1: unknown word `status.700`", "1xx to 5xx"),
        ("p95 = 2s", "column 5: expected one of <, <=, >, >=, ==, !=", "equality is written =="),
        ("p95", "column 4: expected one of <", "!="),
        ("p95 <", "column 6: expected a time with its unit", "ms"),
        ("p95 < .5s", "column 7: expected a time", "s"),
        ("p95 < 1.2.3s", "column 7: expected a time", "s"),
        ("p95 < 2", "column 8: expected a time with its unit", "250ms"),
        ("p95 < 2 parsecs", "column 9: expected a time", "found the unit `parsecs`"),
        ("success > 95ms", "column 13: expected a share", "found the unit `ms`"),
        ("success > 0.95", "column 11: expected a share from 0 to 100", "95%"),
        ("success > 101%", "column 11: expected a share from 0 to 100", "95%"),
        ("err.timeout == -1", "column 16: expected a plain number", "0"),
        ("p95 < 2s and rps > 1", "column 10: expected nothing more", "and rps > 1"),
        ("é95 < 2s", "column 1: expected a word", "p50"),
    ] {
        let refused = refusal(text);
        assert!(refused.starts_with(begins) && refused.contains(names), "{text}: {refused}");
    }
}

#[test]
fn an_absent_value_is_unknown_and_never_zero() {
    let nothing = values(&[]);
    let checked = check(&parse("err.timeout == 0"), &nothing);
    assert_eq!((checked.finding, checked.value), (Finding::Unknown, None));
    assert_eq!(checked.shown, "not measured");
    assert_eq!(finding(&parse("p95 < 2s"), &values(&[("p95", f64::NAN)])), Finding::Unknown);
    assert_eq!(finding(&parse("health.p95 < 2s"), &values(&[("p95", 1.0)])), Finding::Unknown);
}

#[test]
fn a_value_is_shown_with_its_unit_and_never_reads_like_the_limit_it_missed() {
    for (text, name, value, shown, is) in [
        ("p95 < 2s", "p95", 1_234.0, "1.23 s", Finding::Held),
        ("p95 < 2s", "p95", 2_000.0, "2.00 s", Finding::Broken),
        ("p95 < 2s", "p95", 1_999.9, "1999.9 ms", Finding::Held),
        ("p95 <= 2s", "p95", 2_000.4, "2000.4 ms", Finding::Broken),
        ("p95 < 2s", "p95", 0.3, "300 us", Finding::Held),
        ("p95 < 2s", "p95", 12.345, "12.35 ms", Finding::Held),
        ("p95 < 2s", "p95", 90_000.0, "1.5 min", Finding::Broken),
        ("success > 95%", "success", 95.0, "95 %", Finding::Broken),
        ("success > 95%", "success", 95.001, "95.001 %", Finding::Held),
        ("success > 95%", "success", 99.5, "99.5 %", Finding::Held),
        ("rps > 50", "rps", 1234.56, "1235/s", Finding::Held),
        ("err.timeout == 0", "err.timeout", 3.0, "3", Finding::Broken),
        ("bytes < 1MB", "bytes", 2_048.0, "2.0 KiB", Finding::Held),
    ] {
        let checked = check(&parse(text), &values(&[(name, value)]));
        assert_eq!((checked.shown.as_str(), checked.finding), (shown, is), "{text} of {value}");
        assert_eq!(checked.value, Some(value));
    }
}

#[test]
fn the_words_of_conditions_cannot_be_endpoints() {
    let vocabulary = vocabulary();
    for word in ["p95", "success", "err", "ok", "sys", "status"] {
        assert!(vocabulary.is_word(word), "{word}");
    }
    assert!(!vocabulary.is_word("health") && !vocabulary.is_word("process"));
}

#[test]
fn an_abort_condition_has_a_window() {
    let parse = |text: &str| AbortOn::parse(text, &vocabulary());
    assert_eq!(parse("p95 > 10s for 10s").unwrap().seconds, 10);
    assert_eq!(parse("p95 > 10s for 1 min").unwrap().seconds, 60);
    assert_eq!(parse("err.timeout > 5 for 3s").unwrap().seconds, 3);
    assert_eq!(parse("success < 50%").unwrap().seconds, 1);
    for (text, begins) in [
        ("p95 > 10s during 10s", "column 11: expected `for`"),
        ("p95 > 10s for", "column 14: expected whole seconds"),
        ("p95 > 10s for 10", "column 15: expected whole seconds"),
        ("p95 > 10s for 500ms", "column 15: expected whole seconds"),
        ("p95 > 10s for 0s", "column 15: expected whole seconds"),
        ("p95 > 10s for 2h", "column 15: expected whole seconds"),
        ("p95 > 10s for 10s more", "column 15: expected whole seconds"),
        ("p96x > 10s for 10s", "column 1: unknown word"),
    ] {
        let refused = parse(text).unwrap_err().to_string();
        assert!(refused.starts_with(begins), "{text}: {refused}");
    }
}

/// Feeds seconds (`None`: nothing measured) and returns those in which it fired.
fn fired(seconds: u32, p95s: &[Option<f64>]) -> Vec<usize> {
    let expression = parse("p95 > 10s");
    let mut vigil = Vigil::over(AbortOn { expression, seconds });
    let of =
        |p95: &Option<f64>| p95.iter().map(|value| ("p95".to_owned(), *value)).collect::<BTreeMap<_, _>>();
    p95s.iter().enumerate().filter_map(|(at, p95)| vigil.second(&of(p95)).then_some(at)).collect()
}

#[test]
fn a_run_ends_when_the_condition_held_for_its_window() {
    const SLOW: Option<f64> = Some(10_001.0);
    const FAST: Option<f64> = Some(10_000.0);
    assert_eq!(fired(1, &[FAST, SLOW]), [1]);
    assert_eq!(fired(3, &[SLOW, SLOW, FAST, SLOW, SLOW]), [0_usize; 0]);
    assert_eq!(fired(3, &[FAST, SLOW, SLOW, SLOW, SLOW]), [3, 4]);
    // Nothing measured: it neither begins, nor ends, nor fires.
    assert_eq!(fired(3, &[SLOW, None, None, None, SLOW]), [4]);
    assert_eq!(fired(3, &[None, None, SLOW, SLOW, None]), [0_usize; 0]);
    assert_eq!(fired(2, &[None; 20]), [0_usize; 0]);
}

fn a_name() -> impl Strategy<Value = (&'static str, Quantity)> {
    prop::sample::select(vec![
        ("p95", Quantity::Time),
        ("ok.p99.9", Quantity::Time),
        ("health.mean", Quantity::Time),
        ("success", Quantity::Share),
        ("chat-stream.success", Quantity::Share),
        ("rps", Quantity::Rate),
        ("bytes", Quantity::Size),
        ("err.timeout", Quantity::Count),
        ("status.4xx", Quantity::Count),
        ("sys.cpu.p50", Quantity::Share),
    ])
}

fn a_comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(Comparison::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        (name, quantity) in a_name(), comparison in a_comparison(), number in 2_u32..100, unit in 0_usize..9,
        gap in "[ \t]{0,3}",
    ) {
        let units = quantity.units();
        let (unit, factor) = units.get(unit % units.len().max(1)).copied().unwrap_or(("", 1.0));
        let text = format!("{gap}{name}{gap}{}{gap}{number}{unit}{gap}", comparison.sign());
        let read = parse(&text);
        prop_assert_eq!((read.comparison, read.quantity), (comparison, quantity));
        prop_assert_eq!(read.limit, f64::from(number) * factor);
        prop_assert_eq!(&parse(&read.text), &read);
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused_inside_of_it(text in "\\PC{0,30}") {
        for refused in [
            Expression::parse(&text, &vocabulary()).err(),
            AbortOn::parse(&text, &vocabulary()).err(),
        ].into_iter().flatten() {
            prop_assert!((1..=text.chars().count() + 1).contains(&refused.column));
        }
    }

    #[test]
    fn a_scrambled_condition_is_refused_or_means_what_it_says(text in "[p95healtsuc.<>=!%mkin0-9 ]{0,16}") {
        if let Ok(read) = Expression::parse(&text, &vocabulary()) {
            prop_assert_eq!(read.text.as_str(), text.trim());
            prop_assert!(read.limit.is_finite() && text.contains(read.comparison.sign()));
        }
    }

    #[test]
    fn of_a_condition_and_its_opposite_one_holds(
        value in prop::option::of(-1e3_f64..1e6), limit in 2_u32..1000, pair in 0_usize..3,
    ) {
        let (sign, opposite) = [("<", ">="), ("<=", ">"), ("==", "!=")][pair];
        let values: BTreeMap<_, _> = value.iter().map(|value| ("rps".to_owned(), *value)).collect();
        let judge = |sign: &str| finding(&parse(&format!("rps {sign} {limit}")), &values);
        let both = [judge(sign), judge(opposite)];
        match value {
            None => prop_assert_eq!(both, [Finding::Unknown; 2]),
            Some(_) => prop_assert!(both.contains(&Finding::Held) && both.contains(&Finding::Broken)),
        }
    }

    /// Against the definition: it fires in a slow second when every value of the window's
    /// seconds is slow, and the window is at least that long ago begun by a slow second.
    #[test]
    fn the_vigil_is_its_definition(
        window in 1_u32..5,
        seconds in prop::collection::vec(prop::option::of(prop::bool::ANY), 0..30),
    ) {
        let p95s: Vec<_> = seconds.iter().map(|slow| slow.map(|slow| if slow { 20_000.0 } else { 5.0 })).collect();
        let expected: Vec<usize> = (0..seconds.len()).filter(|&now| {
            let calm = seconds[..=now].iter().rposition(|slow| *slow == Some(false)).map_or(0, |at| at + 1);
            let first = seconds[calm..=now].iter().position(|slow| *slow == Some(true)).map(|at| at + calm);
            seconds[now] == Some(true) && first.is_some_and(|first| now + 1 - first >= window as usize)
        }).collect();
        prop_assert_eq!(fired(window, &p95s), expected);
    }
}
