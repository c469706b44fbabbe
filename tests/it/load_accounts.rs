//! Accounts of many threads are one account; events of a stream are the same however it is cut.

use std::time::Duration;

use lustrum::probes::http_load::account::{Account, Times};
use lustrum::probes::http_load::events::Events;
use lustrum::transport::http::error::ErrorClass;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Request {
    micros: u64,
    status: u16,
    error: Option<ErrorClass>,
}

fn request() -> impl Strategy<Value = Request> {
    let error = proptest::option::of(proptest::sample::select(ErrorClass::ALL.to_vec()));
    (0_u64..10_000_000_000, 200_u16..204, error).prop_map(|(micros, status, error)| Request {
        micros,
        status,
        error,
    })
}

fn account(requests: &[Request]) -> Account {
    let mut account = Account::default();
    for request in requests {
        let time = Duration::from_micros(request.micros);
        let timings = match request.error {
            Some(class) => {
                account.count_error(class);
                &mut account.failed
            }
            None => &mut account.ok,
        };
        timings.latency.record(time);
        timings.service.record(time / 2);
        account.count_status(request.status);
        account.sent_bytes += request.micros;
        account.streams.events += 1;
        account.streams.gap.record(time);
    }
    account
}

/// What a histogram of whatever memory holds.
fn held(times: &Times) -> Vec<(u64, u64)> {
    let recorded = times.histogram().iter_recorded();
    recorded.map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
}

fn same(one: &Account, other: &Account) -> bool {
    let parts = |account: &Account| {
        let counts = (account.statuses(), account.errors().collect::<Vec<_>>(), account.sent_bytes);
        let times =
            [&account.ok, &account.failed].map(|timings| [held(&timings.latency), held(&timings.service)]);
        (counts, times, held(&account.streams.gap), account.streams.events)
    };
    parts(one) == parts(other)
}

proptest! {
    // Histograms of an hour are long, and slow to compare without optimization.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merged_accounts_are_the_account_of_all(
        requests in proptest::collection::vec(request(), 0..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let at = cut.index(requests.len() + 1);
        let mut merged = account(&requests[..at]);
        merged.merge(&account(&requests[at..]));
        prop_assert!(same(&merged, &account(&requests)));
        prop_assert_eq!(merged.requests(), requests.len() as u64);
        // Emptied and filled anew it is as new.
        merged.clear();
        prop_assert!(same(&merged, &Account::default()));
        merged.merge(&account(&requests));
        prop_assert!(same(&merged, &account(&requests)));
    }

    #[test]
    fn a_quantile_is_right_to_three_digits(mut micros in proptest::collection::vec(1_u64..3_000_000_000, 1..200), quantile in 0.0_f64..=1.0) {
        let mut times = Times::default();
        for micros in &micros {
            times.record(Duration::from_micros(*micros));
        }
        micros.sort_unstable();
        let rank = (quantile * micros.len() as f64).ceil().max(1.0) as usize;
        let (exact, found) = (micros[rank - 1], times.quantile_micros(quantile).unwrap());
        prop_assert!(found.abs_diff(exact) as f64 <= exact as f64 / 1_000.0 + 1.0, "{} for {}", found, exact);
    }

    #[test]
    fn events_are_counted_the_same_however_the_stream_is_cut(
        lines in proptest::collection::vec(proptest::sample::select(vec!["data: x", "data", "data:", "dat", "datax: y", ": c", "event: e", "", "", ""]), 0..40),
        end in proptest::sample::select(vec!["\n", "\r", "\r\n"]),
        mark in any::<bool>(),
        size in 1_usize..7,
    ) {
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        let text = format!("{}{text}", if mark { "\u{feff}" } else { "" });
        let mut expected = 0;
        let mut has_data = false;
        for line in &lines {
            match *line {
                "" => expected += u64::from(std::mem::take(&mut has_data)),
                "data: x" | "data" | "data:" => has_data = true,
                _ => {}
            }
        }
        let mut events = Events::default();
        let counted: u64 = text.as_bytes().chunks(size).map(|piece| events.feed(piece)).sum();
        prop_assert_eq!(counted, expected);
    }
}

#[test]
fn nothing_measured_is_unknown_and_not_zero() {
    let account = Account::default();
    assert_eq!((account.success_share(), account.ok.latency.quantile_micros(0.5)), (None, None));
    let mut times = Times::default();
    times.record(Duration::from_secs(100_000));
    assert!(times.max_micros().is_some_and(|micros| (3_600_000_000..3_610_000_000).contains(&micros)));
    times.record(Duration::ZERO);
    assert_eq!(times.min_micros(), Some(1));
}
