//! When requests are due: fixed before the first one is sent, whatever the server does.

use std::time::Duration;

use crate::probes::http_load::plan::Leg;

/// The due times of an open loop, as offsets from its beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    legs: Vec<Placed>,
    whole: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    leg: Leg,
    begins_s: f64,
    /// Requests that are due before it.
    before: f64,
    requests: f64,
}

impl Schedule {
    pub fn of(legs: &[Leg]) -> Self {
        let (mut begins_s, mut before) = (0.0, 0.0);
        let place = |leg: &Leg| {
            let requests = (leg.from_per_s + leg.to_per_s) / 2.0 * leg.duration.as_secs_f64();
            let placed = Placed { leg: *leg, begins_s, before, requests };
            begins_s += leg.duration.as_secs_f64();
            before += requests;
            placed
        };
        let legs: Vec<_> = legs.iter().map(place).collect();
        Self { whole: legs.iter().map(|placed| placed.leg.duration).sum(), legs }
    }

    pub fn duration(&self) -> Duration {
        self.whole
    }

    /// When request `index` (from 0) is due; nothing where the schedule has ended before. At a
    /// constant rate that is `index / rate`; on a ramp, when the area under it reaches `index`.
    pub fn due(&self, index: u64) -> Option<Duration> {
        let index = index as f64;
        let placed = self.legs.iter().find(|placed| index < placed.before + placed.requests)?;
        let wanted = (index - placed.before).max(0.0);
        let Leg { from_per_s, to_per_s, duration } = placed.leg;
        let slope = (to_per_s - from_per_s) / duration.as_secs_f64();
        // from·t + slope/2·t² = wanted, in the form that stays exact for a slope of nearly nothing.
        let root = (from_per_s * from_per_s + 2.0 * slope * wanted).max(0.0).sqrt();
        let offset_s = if wanted == 0.0 { 0.0 } else { 2.0 * wanted / (from_per_s + root) };
        let due = Duration::from_secs_f64(placed.begins_s + offset_s.min(duration.as_secs_f64()));
        (due < self.whole).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(from_per_s: f64, to_per_s: f64, seconds: u64) -> Leg {
        Leg { from_per_s, to_per_s, duration: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_constant_rate_is_an_index_over_a_rate() {
        let schedule = Schedule::of(&[leg(2_000.0, 2_000.0, 10)]);
        for index in [0, 1, 7, 1_999, 2_000, 19_999] {
            let due = schedule.due(index).expect("within ten seconds");
            assert!((due.as_secs_f64() - index as f64 / 2_000.0).abs() < 1e-8, "{index}: {due:?}");
        }
        assert_eq!(schedule.due(20_000), None);
    }

    #[test]
    fn a_ramp_is_due_when_its_area_is_full_and_goes_over_into_the_next_leg() {
        let schedule = Schedule::of(&[leg(0.0, 100.0, 10), leg(100.0, 100.0, 1)]);
        // Half of the area of a triangle lies below 1/√2 of its base.
        let half = schedule.due(250).expect("on the ramp").as_secs_f64();
        assert!((half - 10.0 / 2.0_f64.sqrt()).abs() < 1e-8, "{half}");
        assert_eq!(schedule.due(500), Some(Duration::from_secs(10)));
        assert_eq!(schedule.due(550), Some(Duration::from_millis(10_500)));
        assert_eq!(schedule.due(600), None);
        let all: Vec<_> = (0..600).map_while(|index| schedule.due(index)).collect();
        assert!(all.len() == 600 && all.is_sorted());
    }
}
