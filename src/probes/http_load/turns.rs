//! Whose turn it is: endpoints by their weights, spread evenly and always in the same order.

/// One round: every endpoint as often as its weight, the turns of each as far apart as can be
/// (smooth weighted round-robin).
pub fn round(weights: &[u32]) -> Vec<usize> {
    let total: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
    let mut credit = vec![0_i64; weights.len()];
    let mut round = Vec::new();
    for _ in 0..total {
        for (credit, weight) in credit.iter_mut().zip(weights) {
            *credit += i64::from(*weight);
        }
        // The first of the richest.
        let richest = (0..credit.len()).rev().max_by_key(|index| credit[*index]).unwrap_or_default();
        credit[richest] -= total;
        round.push(richest);
    }
    round
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_every_endpoint_as_often_as_its_weight_and_evenly_spread() {
        assert_eq!(round(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(round(&[4, 1, 1]), [0, 0, 1, 0, 2, 0]);
        let round = round(&[5, 3, 2]);
        let count = |wanted| round.iter().filter(|index| **index == wanted).count();
        assert_eq!((count(0), count(1), count(2)), (5, 3, 2));
    }
}
