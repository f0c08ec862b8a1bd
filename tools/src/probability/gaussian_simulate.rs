//! # Simulating a Gaussian
//!
//! Draws numbers that pile up around a mean in the shape of a bell: about 68 % within one standard deviation, 95 %
//! within two. Marsaglia's polar method throws a dart at the unit disc and turns where it lands, `(u, v)` at squared
//! radius `s`, into two independent normal numbers `u f` and `v f` with `f = √(-2 ln s / s)`.
//!
//! Cost: O(n); 1.27 darts for two numbers. The same seed gives the same sample.
//! Reference: G. Marsaglia, T. A. Bray, "A convenient method for generating normal variables", SIAM Review 6(3), 1964.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{histogram_under_density, one};
use crate::{
    error::Error,
    random::Random,
    stats::mean_variance::{mean, sum_of_squares},
    value::Seed,
};

/// Draws random numbers from a Gaussian (normal) distribution. Use it to simulate noise, measurements or test data; the
/// same seed gives the same numbers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The mean of the distribution; 0 when not given.
    #[serde(default)]
    pub mean: f64,
    /// Its standard deviation, 0 or more; 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub std: f64,
    /// How many numbers to draw, up to a million.
    pub n: NonZeroUsize,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
    /// Whether to draw it too, as a histogram under the density: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
}

/// The sample.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The numbers, in the order drawn.
    pub samples: Vec<f64>,
    /// Their own mean, near the distribution's.
    pub sample_mean: f64,
    /// Their own standard deviation (divided by n - 1); null for one number.
    pub sample_std: Option<f64>,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Draw 500 samples from a Gaussian with mean 10 and standard deviation 2, seed 7",
    "simulate 1000 normally distributed numbers",
    "generate random normal noise, 50 values, std 0.1",
    "sample from N(0, 1) 20 times",
    "simulate a Gaussian with mean 3 and std 0.5, 2000 draws, and plot the histogram under its density",
];

/// The most numbers in one call.
const LIMIT: usize = 1_000_000;

/// Draws the sample.
///
/// # Errors
/// `too_large` above a million numbers or beyond the largest number, `invalid_arguments` for a negative `std`.
pub fn run(args: &Args) -> Result<Output, Error> {
    let n = args.n.get();
    if n > LIMIT {
        return Err(Error::too_large("/n", format!("`n` is {n}, the limit is {LIMIT}")).with_hint("draw fewer numbers"));
    }
    if args.std < 0.0 {
        return Err(Error::invalid("/std", format!("`std` is {}, but a deviation is 0 or more", args.std)));
    }
    let mut random = Random::new(args.seed);
    let samples: Vec<f64> = (0..n).map(|_| args.mean + args.std * random.normal()).collect();
    let sample_mean = mean(&samples);
    let squares = sum_of_squares(&samples, sample_mean);
    if !squares.is_finite() {
        return Err(Error::too_large("/std", format!("the spread is beyond {:e}, the largest number", f64::MAX)));
    }
    let svg = if args.picture { Some(histogram_under_density(&samples, args.mean, args.std)?) } else { None };
    Ok(Output { sample_mean, sample_std: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), samples, svg })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(mean: f64, std: f64, n: usize, seed: u64) -> Result<Output, Error> {
        run(&Args { mean, std, n: NonZeroUsize::new(n).unwrap(), seed: Seed::from(seed), picture: n < 100 })
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(2.5, 0.0, 4, 1).unwrap().samples, [2.5; 4]);
        assert_eq!(of(0.0, 1.0, 1, 1).unwrap().sample_std, None);
        assert!(of(0.0, 2.0, 50, 1).unwrap().svg.unwrap().contains("density of N(0, 2²)"));
    }

    #[test]
    fn the_bell_has_its_shape() {
        // Oracle: P(|z| < 1), P(|z| < 2), P(|z| < 3) of the standard normal; five standard errors of 40,000 draws.
        let samples = of(0.0, 1.0, 40_000, 11).unwrap().samples;
        for (within, expected) in [(1.0, 0.682_689_492), (2.0, 0.954_499_736), (3.0, 0.997_300_204)] {
            let share = samples.iter().filter(|x| x.abs() < within).count() as f64 / 40_000.0;
            let error = (expected * (1.0_f64 - expected) / 40_000.0).sqrt();
            assert!((share - expected).abs() < 5.0 * error, "{within}: {share}");
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(0.0, 1.0, 1_000_000_000_000, 1).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(0.0, 1e308, 10, 1).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(0.0, -1.0, 1, 1).unwrap_err().path, "/std");
    }

    proptest! {
        #[test]
        fn a_seed_names_a_sample(seed: u64, n in 1_usize..50) {
            let sample = of(0.0, 1.0, n, seed).unwrap().samples;
            prop_assert_eq!(&sample, &of(0.0, 1.0, n, seed).unwrap().samples);
            prop_assert_ne!(&sample, &of(0.0, 1.0, n, seed ^ 1).unwrap().samples);
            // A longer sample begins with the shorter one.
            prop_assert_eq!(&sample[..], &of(0.0, 1.0, n + 7, seed).unwrap().samples[..n]);
        }
    }
}
