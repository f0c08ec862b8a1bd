//! Statistics: what a list of numbers looks like, and how columns vary together.

pub mod correlation_matrix;
pub mod covariance_matrix;
pub mod describe;
pub mod histogram;
pub mod mean_variance;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("mean_variance", mean_variance::run).examples(mean_variance::EXAMPLES).quick(),
        Tool::pure("describe", describe::run).examples(describe::EXAMPLES).quick(),
        Tool::pure("covariance_matrix", covariance_matrix::run).examples(covariance_matrix::EXAMPLES),
        Tool::pure("correlation_matrix", correlation_matrix::run).examples(correlation_matrix::EXAMPLES),
        Tool::pure("histogram", histogram::run).examples(histogram::EXAMPLES),
    ]
}

/// The distances from the mean, scaled so that their squares add up to 1: the sum of products of two such lists is the
/// correlation. None where all numbers are equal.
pub(crate) fn standard(x: &[f64]) -> Option<Vec<f64>> {
    if x.iter().all(|value| *value == x[0]) {
        return None;
    }
    // Twice scaled, so that neither a difference nor a square leaves the range of numbers.
    let scaled = |x: &[f64]| {
        let largest = x.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        x.iter().map(|value| value / largest).collect::<Vec<f64>>()
    };
    let shares = scaled(x);
    let mean = mean_variance::mean(&shares);
    let apart = scaled(&shares.iter().map(|share| share - mean).collect::<Vec<f64>>());
    let size = apart.iter().map(|x| x * x).sum::<f64>().sqrt();
    Some(apart.iter().map(|x| x / size).collect()).filter(|unit: &Vec<f64>| unit.iter().all(|x| x.is_finite()))
}

/// Pearson's correlation of two lists of the same length; none where one of them is constant.
pub(crate) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (standard(a)?, standard(b)?);
    Some(a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>().clamp(-1.0, 1.0))
}

/// Ranks from 1, equal values sharing the mean of theirs.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let shared = start as f64 + (group.len() as f64 + 1.0) / 2.0;
        group.iter().for_each(|&i| ranks[i] = shared);
        start += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn ties_share_their_rank() {
        // Oracle: scipy.stats.rankdata([3, 1, 3, 2]).
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }
}
