//! # Describe
//!
//! What a list of numbers looks like, in a handful of figures: where it lies (mean, median), how wide it is (standard
//! deviation, interquartile range, median absolute deviation), and what shape it has (skewness: does it lean; excess
//! kurtosis: are the tails heavier than a Gaussian's).
//!
//! Quantiles interpolate linearly between the two nearest ranks (type 7 of Hyndman and Fan, the default of R and
//! NumPy). Skewness and kurtosis are the moment ratios `m₃/m₂^1.5` and `m₄/m₂² - 3`, without small-sample correction.
//!
//! Cost: O(n log n) for sorting.
//! References: R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50(4),
//! 1996; D. N. Joanes, C. A. Gill, "Comparing measures of sample skewness and kurtosis", The Statistician 47(1), 1998.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mean_variance::{mean, sum_of_squares};
use crate::{
    error::Error,
    value::{Fraction, Vector},
};

/// Summarises a list of numbers: count, mean, spread, minimum, maximum, quantiles, skewness and kurtosis. Use it to get
/// to know a column of data.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The numbers.
    pub x: Vector,
    /// Which quantiles to give, each from 0 (the minimum) to 1 (the maximum); quartiles when not given.
    #[serde(default = "quartiles")]
    pub quantiles: Vec<Fraction>,
}

fn quartiles() -> Vec<Fraction> {
    [0.25, 0.5, 0.75].into_iter().filter_map(|share| Fraction::new(share).ok()).collect()
}

/// The summary.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How many numbers.
    pub n: usize,
    /// The balance point.
    pub mean: f64,
    /// The sample standard deviation (divided by n - 1); null for a single number.
    pub std: Option<f64>,
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// Half of the numbers lie below it.
    pub median: f64,
    /// The quantiles asked for, in the order asked.
    pub quantiles: Vec<f64>,
    /// The width of the middle half: third quartile less first.
    pub iqr: f64,
    /// The median of the distances from the median, unscaled.
    pub mad: f64,
    /// Above 0 when the right tail is longer; null when all numbers are equal.
    pub skewness: Option<f64>,
    /// Above 0 when the tails are heavier than a Gaussian's; null when all numbers are equal.
    pub kurtosis_excess: Option<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Describe these numbers: 3, 1, 4, 1, 5, 9, 2, 6",
    "give me the median, quartiles and range of [12, 7, 3, 25, 8]",
    "what are the skewness and kurtosis of this column?",
    "summary statistics for 5.1, 4.9, 6.2, 5.8",
    "90th percentile of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
];

/// Summarises the numbers.
///
/// # Errors
/// `too_large` if the range or the squares are beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let mut sorted = args.x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, min, max) = (sorted.len(), sorted[0], sorted[sorted.len() - 1]);
    let mean = mean(&sorted);
    let squares = sum_of_squares(&sorted, mean);
    if !(max - min).is_finite() || !squares.is_finite() {
        return Err(Error::too_large("/x", format!("the spread is beyond {:e}, the largest number", f64::MAX)));
    }
    let median = quantile(&sorted, 0.5);
    let mut apart: Vec<f64> = sorted.iter().map(|x| (x - median).abs()).collect();
    apart.sort_by(f64::total_cmp);
    let (skewness, kurtosis_excess) = shape(&sorted, mean, squares).unzip();
    Ok(Output {
        n,
        mean,
        std: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        min,
        max,
        median,
        quantiles: args.quantiles.iter().map(|share| quantile(&sorted, share.get())).collect(),
        iqr: quantile(&sorted, 0.75) - quantile(&sorted, 0.25),
        mad: quantile(&apart, 0.5),
        skewness,
        kurtosis_excess,
    })
}

/// The value below which a share of the sorted numbers lies, between two ranks if need be.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    if low == high {
        return low;
    }
    let part = rank - rank.floor();
    low * (1.0 - part) + high * part
}

/// Skewness and excess kurtosis, unless there is no spread to speak of.
fn shape(x: &[f64], mean: f64, squares: f64) -> Option<(f64, f64)> {
    let n = x.len() as f64;
    let deviation = (squares / n).sqrt();
    if deviation == 0.0 || x[0] == x[x.len() - 1] {
        return None;
    }
    // Measured in deviations, so that no power overflows.
    let moment = |power: i32| x.iter().map(|x| ((x - mean) / deviation).powi(power)).sum::<f64>() / n;
    Some((moment(3), moment(4) - 3.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(x: &[f64]) -> Output {
        run(&Args { x: Vector::new(x.to_vec()).unwrap(), quantiles: quartiles() }).unwrap()
    }

    #[test]
    fn by_hand() {
        let out = of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((out.n, out.min, out.max, out.mean, out.median), (4, 1.0, 4.0, 2.5, 2.5));
        assert_eq!(out.quantiles, [1.75, 2.5, 3.25]); // ranks 0.75, 1.5 and 2.25 between 1, 2, 3, 4
        assert_eq!((out.iqr, out.mad), (1.5, 1.0));
        assert_eq!(out.skewness, Some(0.0));
    }

    #[test]
    fn shape_agrees_with_scipy() {
        // Oracle: scipy.stats.skew and kurtosis of [1, 2, 3, 10], default arguments.
        let out = of(&[1.0, 2.0, 3.0, 10.0]);
        assert!((out.skewness.unwrap() - 1.0182337649086284).abs() < 1e-12, "{out:?}");
        assert!((out.kurtosis_excess.unwrap() + 0.7696).abs() < 1e-12, "{out:?}");
    }

    #[test]
    fn one_number_and_equal_numbers_have_no_shape() {
        assert_eq!((of(&[3.0]).std, of(&[3.0]).skewness), (None, None));
        let equal = of(&[0.1; 7]);
        assert_eq!((equal.std, equal.skewness, equal.kurtosis_excess), (Some(0.0), None, None));
    }

    proptest! {
        #[test]
        fn quantiles_are_in_order(x in prop::collection::vec(-1e6..1e6, 1..50)) {
            let out = of(&x);
            let order = [out.min, out.quantiles[0], out.median, out.quantiles[2], out.max];
            prop_assert!(order.is_sorted_by(|a, b| *a <= b + 1e-9), "{:?}", order);
        }
    }
}
