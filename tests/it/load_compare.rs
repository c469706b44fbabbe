//! One load against an earlier one: a change is told with its uncertainty, and chance is none.

use lustrum::probes::http_load::compare::{By, Change, Delta, Side, compare};
use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// A run of some seconds whose medians wander by a tenth around `ms`.
fn by_seconds(seconds: usize, ms: f64, seed: u64) -> Side {
    let mut dice = SmallRng::seed_from_u64(seed);
    let mut around =
        |ms: f64| -> Vec<f64> { (0..seconds).map(|_| ms * dice.random_range(0.9..1.1)).collect() };
    let (p50_ms, p95_ms) = (around(ms), around(ms * 3.0));
    let requests = seconds as u64 * 100;
    Side { requests, succeeded: requests, p50_ms, p95_ms, latencies: vec![(ms, requests)] }
}

/// A run of single requests, from 0.5 to 1.5 of `ms`.
fn by_requests(requests: u64, ms: f64, seed: u64) -> Side {
    let mut dice = SmallRng::seed_from_u64(seed);
    let mut latencies: Vec<(f64, u64)> =
        (0..requests).map(|_| (ms * dice.random_range(0.5..1.5), 1)).collect();
    latencies.sort_by(|a, b| a.0.total_cmp(&b.0));
    Side { requests, succeeded: requests, latencies, ..Side::default() }
}

fn delta(before: &Side, after: &Side) -> Delta {
    compare("chat", before, after).unwrap()
}

fn p50(delta: &Delta) -> Change {
    delta.p50.unwrap()
}

#[test]
fn a_slower_run_is_a_regression_and_a_faster_one_is_none() {
    for (before, after, by) in [
        (by_seconds(30, 100.0, 1), by_seconds(30, 120.0, 2), By::Seconds),
        (by_requests(500, 100.0, 3), by_requests(500, 130.0, 4), By::Requests),
    ] {
        let slower = delta(&before, &after);
        assert_eq!(slower.by, by);
        assert!(slower.regressions[0].starts_with("p50 is "), "{slower:?}");
        assert!(p50(&slower).lowest > 5.0 && p50(&slower).difference < 45.0, "{slower:?}");
        let faster = delta(&after, &before);
        assert!(faster.regressions.is_empty() && p50(&faster).highest < 0.0, "{faster:?}");
    }
}

#[test]
fn the_same_service_is_never_told_to_be_worse() {
    for seed in 0..8 {
        let same = delta(&by_seconds(30, 100.0, seed), &by_seconds(40, 100.0, seed + 1_000));
        assert_eq!(same.regressions, [""; 0], "{same:?}");
        let same = delta(&by_requests(200, 50.0, seed), &by_requests(300, 50.0, seed + 1_000));
        assert_eq!(same.regressions, [""; 0], "{same:?}");
    }
}

#[test]
fn a_difference_that_chance_may_make_is_told_and_is_no_regression() {
    // 8 % slower, but seconds that differ by much more.
    let mut wild = by_seconds(12, 100.0, 5);
    wild.p50_ms = (0..12).map(|second| if second % 2 == 0 { 40.0 } else { 160.0 }).collect();
    let slower = Side { p50_ms: wild.p50_ms.iter().map(|ms| ms * 1.08).collect(), ..wild.clone() };
    let told = delta(&wild, &slower);
    assert!((p50(&told).difference - 8.0).abs() < 1e-9 && p50(&told).lowest < 0.0, "{told:?}");
    assert_eq!(told.regressions, [""; 0]);
}

#[test]
fn success_that_is_lower_by_more_than_chance_is_a_regression() {
    let before = by_seconds(20, 100.0, 1);
    let some = Side { succeeded: before.requests - 100, ..before.clone() };
    let few = Side { succeeded: before.requests - 6, ..before.clone() };
    let told = delta(&before, &some);
    assert!((told.success.difference + 5.0).abs() < 1e-9, "{told:?}");
    assert_eq!(told.regressions, ["success is 5.0 points lower"]);
    // 0.3 points: less than what is tolerated.
    assert_eq!(delta(&before, &few).regressions, [""; 0]);
    // Three of thirty: a tenth, but from too few to know.
    let little = Side { requests: 30, succeeded: 30, ..by_requests(30, 10.0, 1) };
    assert_eq!(delta(&little, &Side { succeeded: 27, ..little.clone() }).regressions, [""; 0]);
}

#[test]
fn newcombes_own_example() {
    // Newcombe 1998, table II (a): 56/70 against 48/80, method 10, 95 %: 0.0524 to 0.3339. With the
    // 99 % quantile the interval is wider and holds that one.
    let side = |succeeded, requests| Side { requests, succeeded, ..by_requests(100, 1.0, 9) };
    let change = delta(&side(48, 80), &side(56, 70)).success;
    assert!((change.difference - 20.0).abs() < 1e-9);
    assert!(change.lowest < 5.24 && change.lowest > -1.0 && change.highest > 33.39 && change.highest < 40.0);
}

#[test]
fn too_few_requests_are_not_compared_and_short_runs_are_by_requests() {
    assert_eq!(compare("chat", &by_requests(19, 10.0, 1), &by_requests(900, 10.0, 2)), None);
    let (short, long) = (by_seconds(9, 10.0, 1), by_seconds(60, 10.0, 2));
    assert_eq!(delta(&short, &long).by, By::Requests);
    // Nothing but zeros has no percent.
    let zeros = Side { requests: 50, succeeded: 50, latencies: vec![(0.0, 50)], ..Side::default() };
    assert_eq!(delta(&zeros, &zeros).p50, None);
    // Nothing succeeds any more: no latency to compare, and a regression all the same.
    let dead = Side { requests: 50, ..Side::default() };
    let told = delta(&by_requests(50, 10.0, 1), &dead);
    assert_eq!((told.p50, &told.regressions[..]), (None, &["success is 100.0 points lower".to_owned()][..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn equal_runs_are_compared_equally_and_do_not_differ(seed in any::<u64>(), seconds in 10_usize..30) {
        let run = by_seconds(seconds, 80.0, seed);
        let once = delta(&run, &run);
        prop_assert_eq!(&once, &delta(&run, &run));
        prop_assert_eq!((p50(&once).difference, once.success.difference), (0.0, 0.0));
        prop_assert!(p50(&once).lowest <= 0.0 && p50(&once).highest >= 0.0);
    }

    #[test]
    fn an_interval_holds_its_difference(seed in any::<u64>(), ms in 1.0_f64..500.0, succeeded in 0_u64..=300) {
        let before = by_requests(200, 50.0, seed);
        let after = Side { succeeded, ..by_requests(300, ms, seed.wrapping_add(1)) };
        let told = delta(&before, &after);
        for change in [told.p50, told.p95, Some(told.success)].into_iter().flatten() {
            prop_assert!(change.lowest <= change.difference + 1e-9 && change.difference <= change.highest + 1e-9);
        }
    }
}
