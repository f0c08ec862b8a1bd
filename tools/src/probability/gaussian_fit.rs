//! # Fitting a Gaussian
//!
//! Which normal distribution makes the numbers seen most likely? The one whose mean is theirs and whose variance is
//! their mean squared distance from it (divided by n, not n - 1): the estimate of maximum likelihood. The picture shows
//! the histogram under the fitted density; where they part, the numbers were not normal.
//!
//! Cost: O(n).
//! Reference: R. A. Fisher, "On the mathematical foundations of theoretical statistics", Phil. Trans. Royal Society A
//! 222, 1922, §6.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::histogram_under_density;
use crate::{
    error::Error,
    stats::mean_variance::{mean, sum_of_squares},
    value::Vector,
};

/// Fits a Gaussian (normal) distribution to numbers by maximum likelihood: its mean and standard deviation. Use it to
/// model measurements, or to see with a picture how far they are from normal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The numbers.
    pub x: Vector,
    /// Whether to draw it too: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
}

/// The distribution.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (divided by n).
    pub std: f64,
    /// The natural logarithm of the likelihood of the numbers; null when all are equal, where it has no bound.
    pub log_likelihood: Option<f64>,
    /// How many numbers there were.
    pub n: usize,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Fit a normal distribution to 4.1, 3.8, 5.2, 4.4, 4.9",
    "which Gaussian describes these measurements best? [12.1, 11.8, 12.4, 12.0, 11.7]",
    "estimate mu and sigma from my data by maximum likelihood",
    "draw the histogram of 2.3, 1.9, 2.8, 2.2, 2.6, 2.4 with the fitted bell curve",
];

/// Fits the distribution.
///
/// # Errors
/// `too_large` if the squares overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, mean) = (args.x.len(), mean(&args.x));
    let variance = sum_of_squares(&args.x, mean) / n as f64;
    if !variance.is_finite() {
        return Err(Error::too_large("/x", format!("the variance is beyond {:e}, the largest number", f64::MAX)));
    }
    let std = variance.sqrt();
    // At the maximum the squares add up to n: n/2 times ln(2πe σ²).
    let log_likelihood = -(n as f64) * (std.ln() + 0.5 * ((2.0 * std::f64::consts::PI).ln() + 1.0));
    let svg = if args.picture { Some(histogram_under_density(&args.x, mean, std)?) } else { None };
    Ok(Output { mean, std, log_likelihood: Some(log_likelihood).filter(|l| l.is_finite()), n, svg })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, probability::gaussian_pdf};
    use proptest::prelude::*;

    fn of(x: &[f64]) -> Result<Output, Error> {
        run(&Args { x: Vector::new(x.to_vec())?, picture: true })
    }

    #[test]
    fn by_hand() {
        let out = of(&[1.0, 3.0]).unwrap();
        assert_eq!((out.mean, out.std, out.n), (2.0, 1.0, 2));
        // Both numbers are one deviation away: 2 ln(exp(-1/2) / √(2π)).
        assert!((out.log_likelihood.unwrap() + 1.0 + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-15);
        assert!(out.svg.unwrap().contains("density"));
    }

    #[test]
    fn equal_numbers_have_no_width() {
        let out = of(&[0.1; 5]).unwrap();
        assert_eq!((out.mean, out.std, out.log_likelihood), (0.1, 0.0, None));
        assert_eq!(of(&[1e300, -1e300]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn no_other_is_more_likely(
            x in prop::collection::vec(-9.0..9.0, 3..20), up in -0.3..0.3_f64, wider in 0.8..1.25,
        ) {
            let fit = of(&x).unwrap();
            prop_assume!(fit.std > 1e-6);
            let other = gaussian_pdf::Args { x: Vector::new(x).unwrap(), mean: fit.mean + up, std: fit.std * wider };
            let likelihood: f64 = gaussian_pdf::run(&other).unwrap().log_values.iter().sum();
            prop_assert!(likelihood <= fit.log_likelihood.unwrap() + 1e-9);
        }
    }
}
