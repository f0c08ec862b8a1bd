//! # Gaussian distribution function
//!
//! The probability that a number from a normal distribution lies below a value: the area under the bell curve to its
//! left. It has no closed form. Where the area is small it is computed as itself and not as 1 less the rest, so that
//! ten standard deviations below the mean it still has all its digits (7.6e-24, not 0).
//!
//! Cost: a series or a continued fraction of 20 to 300 terms a value.
//! Reference: M. Abramowitz, I. Stegun, *Handbook of Mathematical Functions*, 1964, §26.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{check_std, one};
use crate::{error::Error, normal, value::Vector};

/// Computes the probability that a Gaussian (normal) number lies below given values, and above them. Use it for tail
/// probabilities, percentiles and p-values of a z score.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The values.
    pub x: Vector,
    /// The mean of the distribution: mu, the centre; 0 when not given.
    #[serde(default)]
    pub mean: f64,
    /// Its standard deviation: sigma, the width; above 0, 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub std: f64,
}

/// The probabilities.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The probability below each value, from 0 to 1.
    pub values: Vec<f64>,
    /// The probability above each value, from 0 to 1.
    pub above: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "What share of N(100, 15) lies below 130?",
    "normal cdf at -1.96",
    "probability that a Gaussian with mean 5 and std 2 is under [3, 5, 8]",
    "P(Z < 1.2) for the standard normal",
    "how much of the bell curve is above 2.5 standard deviations",
];

/// Evaluates the distribution function.
///
/// # Errors
/// `invalid_arguments` if the deviation is not above 0, `too_large` if a value is beyond the largest number of
/// deviations away.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_std(args.std)?;
    let standard: Vec<f64> = args.x.iter().map(|x| (x - args.mean) / args.std).collect();
    // Infinitely many deviations away is still on one side; the difference of two infinities is not.
    if standard.iter().any(|z| z.is_nan()) {
        return Err(Error::too_large("/x", format!("a value is beyond {:e} from the mean", f64::MAX)));
    }
    let below = |z: &f64| normal::below(z.clamp(-1e9, 1e9));
    Ok(Output { values: standard.iter().map(below).collect(), above: standard.iter().map(|z| below(&-z)).collect() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(x: &[f64], mean: f64, std: f64) -> Result<Output, Error> {
        run(&Args { x: Vector::new(x.to_vec())?, mean, std })
    }

    #[test]
    fn by_hand() {
        let out = of(&[7.0], 7.0, 3.0).unwrap();
        assert_eq!((out.values, out.above), (vec![0.5], vec![0.5]));
        // Oracle: the tables; 68.27 % lie within one deviation.
        let out = of(&[-1.0, 1.0], 0.0, 1.0).unwrap();
        assert!((out.values[1] - out.values[0] - 0.682_689_492_137_085_9).abs() < 1e-15);
        // Both tails keep their digits.
        let out = of(&[-10.0, 10.0], 0.0, 1.0).unwrap();
        assert_eq!(out.values[0], out.above[1]);
        assert!((out.above[1] / 7.619_853_024_160_526e-24 - 1.0).abs() < 1e-14);
    }

    #[test]
    fn refuses_what_has_no_width() {
        assert_eq!(of(&[0.0], 0.0, 0.0).unwrap_err().path, "/std");
        assert_eq!(of(&[1e308], -1e308, 1e-308).unwrap().values, [1.0]);
    }

    proptest! {
        #[test]
        fn it_rises(a in -9.0..9.0_f64, b in -9.0..9.0_f64, std in 0.1..9.0) {
            let out = of(&[a.min(b), a.max(b)], 0.0, std).unwrap();
            prop_assert!(out.values[0] <= out.values[1]);
            prop_assert!((out.values[0] + out.above[0] - 1.0).abs() < 1e-15);
        }
    }
}
