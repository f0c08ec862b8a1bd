//! # Mean and variance
//!
//! The mean is the balance point of the numbers, the variance the mean squared distance from it. Dividing by `n - 1`
//! instead of `n` (`ddof = 1`) makes up for having estimated the mean from the same numbers (Bessel's correction).
//!
//! Cost: O(n), two passes: the one-pass formula `E[x²] - E[x]²` loses all its digits when the mean is large.
//! Reference: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis and
//! recommendations", The American Statistician 37(3), 1983.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, value::Vector, vectors::dot2};

/// Computes the mean, the variance and the standard deviation of a list of numbers. Use it for the average and the
/// spread; `describe` says more.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The numbers.
    pub x: Vector,
    /// What is taken from the count when dividing: 0 for a whole population (the default), 1 for a sample.
    #[serde(default)]
    pub ddof: u32,
}

/// Mean, variance and standard deviation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How many numbers.
    pub n: usize,
    /// The balance point.
    pub mean: f64,
    /// The mean squared distance from it, in squared units.
    pub variance: f64,
    /// The square root of the variance, in the units of the numbers.
    pub std: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compute the mean and variance of 2, 4, 4, 4, 5, 5, 7, 9",
    "what is the average of 3, 7 and 11?",
    "standard deviation of [1.2, 0.9, 1.7, 1.1], sample version",
    "how spread out are these numbers: 10 12 9 30",
];

/// Computes mean, variance and standard deviation.
///
/// # Errors
/// `invalid_arguments` if `ddof` is not smaller than the count, `too_large` if the squares overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let n = args.x.len();
    let divisor = n as f64 - f64::from(args.ddof);
    if divisor <= 0.0 {
        return Err(Error::invalid("/ddof", format!("`ddof` is {}, but there are only {n} numbers", args.ddof))
            .with_hint("give more numbers, or `ddof` 0 for the variance of a population"));
    }
    let mean = mean(&args.x);
    let variance = sum_of_squares(&args.x, mean) / divisor;
    if !variance.is_finite() {
        return Err(Error::too_large("/x", format!("the variance is beyond {:e}, the largest number", f64::MAX)));
    }
    Ok(Output { n, mean, variance, std: variance.sqrt() })
}

/// The mean, corrected by the mean of what is left over, so that numbers which are all equal have exactly their value.
pub(crate) fn mean(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    // Divided first: a sum could overflow where the mean does not.
    let rough: f64 = x.iter().map(|x| x / n).sum();
    rough + x.iter().map(|x| (x - rough) / n).sum::<f64>()
}

/// The sum of squared distances from `centre`; infinite when it overflows.
pub(crate) fn sum_of_squares(x: &[f64], centre: f64) -> f64 {
    let apart: Vec<f64> = x.iter().map(|x| x - centre).collect();
    // What the rounding of the mean adds is taken off again (Chan, Golub and LeVeque, eq. 1.7).
    let left: f64 = apart.iter().sum();
    let squares = dot2(&apart, &apart) - left * left / x.len() as f64;
    if squares.is_finite() { squares.max(0.0) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(x: &[f64], ddof: u32) -> Result<Output, Error> {
        run(&Args { x: Vector::new(x.to_vec())?, ddof })
    }

    #[test]
    fn by_hand() {
        let out = of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], 0).unwrap();
        assert_eq!((out.n, out.mean, out.variance, out.std), (8, 5.0, 4.0, 2.0)); // squares: 9+1+1+1+0+0+4+16 = 32
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        // Oracle: Chan, Golub and LeVeque's example; the numbers are 10^9 + {4, 7, 13, 16}, variance 30.
        let out = of(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0], 1).unwrap();
        assert_eq!((out.mean, out.variance), (1e9 + 10.0, 30.0));
    }

    #[test]
    fn refuses_what_has_no_variance() {
        assert_eq!(of(&[1.0], 1).unwrap_err().path, "/ddof");
        assert_eq!(of(&[1e300, -1e300], 0).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn moving_all_numbers_moves_the_mean_alone(x in prop::collection::vec(-1e3..1e3, 2..40), by in -1e3..1e3f64) {
            let moved: Vec<f64> = x.iter().map(|x| x + by).collect();
            let (before, after) = (of(&x, 1).unwrap(), of(&moved, 1).unwrap());
            prop_assert!((before.mean + by - after.mean).abs() < 1e-9);
            prop_assert!((before.variance - after.variance).abs() < 1e-7 * (1.0 + before.variance));
        }
    }
}
