//! Fewer points that look the same: Largest-Triangle-Three-Buckets (Steinarsson 2013, §4.2), and
//! the hull of a band.

/// At most `most` points (at least 3) of a line; first and last stay, and peaks do.
pub fn line(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let most = most.max(3);
    if points.len() <= most {
        return points.to_vec();
    }
    let inner = points.len() - 2;
    let edge = |bucket: usize| 1 + bucket * inner / (most - 2);
    let mut kept = Vec::with_capacity(most);
    let mut before = points[0];
    kept.push(before);
    for bucket in 0..most - 2 {
        let next = &points[edge(bucket + 1)..edge(bucket + 2).min(points.len()).max(edge(bucket + 1) + 1)];
        let count = next.len() as f64;
        let (sum_x, sum_y) = next.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        let after = (sum_x / count, sum_y / count);
        let area = |point: &(f64, f64)| {
            ((before.0 - after.0) * (point.1 - before.1) - (before.0 - point.0) * (after.1 - before.1)).abs()
        };
        let candidates = &points[edge(bucket)..edge(bucket + 1)];
        let largest = candidates.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
        if let Some(point) = largest {
            before = *point;
            kept.push(before);
        }
    }
    kept.push(points[points.len() - 1]);
    kept
}

/// At most `most` of (x, low, high): neighbours become one that holds them all.
pub fn band(points: &[(f64, f64, f64)], most: usize) -> Vec<(f64, f64, f64)> {
    let size = points.len().div_ceil(most.max(1)).max(1);
    let hull = |group: &[(f64, f64, f64)]| {
        let low = group.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let high = group.iter().map(|point| point.2).fold(f64::NEG_INFINITY, f64::max);
        (group[group.len() / 2].0, low, high)
    };
    points.chunks(size).map(hull).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_single_peak_stays() {
        let mut points: Vec<_> = (0..10_000).map(|x| (f64::from(x), 1.0)).collect();
        points[7_777].1 = 50.0;
        let kept = line(&points, 500);
        assert_eq!(kept.len(), 500);
        assert!(kept.contains(&(7_777.0, 50.0)));
    }

    proptest! {
        #[test]
        fn ends_and_order_and_bounds_are_kept(
            heights in proptest::collection::vec(-1e6..1e6_f64, 1..600), most in 3_usize..80,
        ) {
            let points: Vec<_> = heights.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let kept = line(&points, most);
            prop_assert!(kept.len() <= most.max(3));
            prop_assert_eq!(kept.first(), points.first());
            prop_assert_eq!(kept.last(), points.last());
            prop_assert!(kept.windows(2).all(|two| two[0].0 < two[1].0));
            prop_assert!(kept.iter().all(|point| points.contains(point)));

            let wide: Vec<_> = points.iter().map(|(x, y)| (*x, *y - 1.0, *y + 1.0)).collect();
            let hull = band(&wide, most);
            prop_assert!(hull.len() <= most);
            let highest = |band: &[(f64, f64, f64)]| band.iter().map(|p| p.2).fold(f64::MIN, f64::max);
            prop_assert_eq!(highest(&hull), highest(&wide));
        }
    }
}
