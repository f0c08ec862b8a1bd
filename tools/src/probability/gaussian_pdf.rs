//! # Gaussian density
//!
//! How dense the numbers of a normal distribution lie around a value: `exp(-z²/2) / (σ √(2π))` with `z = (x - μ) / σ`.
//! A density is no probability and may be above 1; the area under it between two values is their probability.
//!
//! Cost: O(1) a value.
//! Reference: C. F. Gauss, *Theoria motus corporum coelestium*, 1809, §177.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{check_std, one};
use crate::{error::Error, normal, value::Vector};

/// Computes the density of a Gaussian (normal) distribution at given values: the height of the bell curve. Use it to
/// compare how likely values are under a mean and a standard deviation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The values at which to evaluate it.
    pub x: Vector,
    /// The mean of the distribution: mu, the centre; 0 when not given.
    #[serde(default)]
    pub mean: f64,
    /// Its standard deviation: sigma, the width; above 0, 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub std: f64,
}

/// The densities.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The density at each value, per unit of `x`.
    pub values: Vec<f64>,
    /// The natural logarithm of each, which stays finite where the density is too small for a number.
    pub log_values: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Density of N(0, 1) at 0 and 1.5",
    "normal pdf of x = 172 with mean 170 and standard deviation 8",
    "how high is the bell curve at [-2, 0, 2]?",
    "evaluate the Gaussian density at 3.2, mean 2.5, std 0.4",
];

/// Evaluates the density.
///
/// # Errors
/// `invalid_arguments` if the deviation is not above 0, `too_large` where a density or its logarithm overflows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_std(args.std)?;
    let standard = |x: &f64| (x - args.mean) / args.std;
    let values: Vec<f64> = args.x.iter().map(|x| normal::density(standard(x)) / args.std).collect();
    let constant = 0.5 * (2.0 * std::f64::consts::PI).ln() + args.std.ln();
    let log_values: Vec<f64> = args.x.iter().map(|x| -0.5 * standard(x).powi(2) - constant).collect();
    if values.iter().chain(&log_values).any(|value| !value.is_finite()) {
        return Err(Error::too_large("/x", format!("a density or its logarithm is beyond {:e}", f64::MAX))
            .with_hint("use a larger `std`"));
    }
    Ok(Output { values, log_values })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(x: f64, mean: f64, std: f64) -> Result<(f64, f64), Error> {
        let out = run(&Args { x: Vector::new(vec![x])?, mean, std })?;
        Ok((out.values[0], out.log_values[0]))
    }

    #[test]
    fn by_hand() {
        // At the mean: 1 / (2 √(2π)).
        assert!((of(3.0, 3.0, 2.0).unwrap().0 - 0.5 / (2.0 * std::f64::consts::PI).sqrt()).abs() < 1e-16);
        // Oracle: scipy.stats.norm.pdf(1.5), logpdf(100).
        assert!((of(1.5, 0.0, 1.0).unwrap().0 - 0.129_517_595_665_891_74).abs() < 1e-16);
        let far = of(100.0, 0.0, 1.0).unwrap();
        assert_eq!(far, (0.0, -5_000.918_938_533_205));
    }

    #[test]
    fn refuses_what_has_no_density() {
        assert_eq!(of(0.0, 0.0, 0.0).unwrap_err().path, "/std");
        assert_eq!(of(0.0, 0.0, -1.0).unwrap_err().path, "/std");
        assert_eq!(of(0.0, 0.0, 1e-309).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(1e300, -1e300, 1e-300).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn both_sides_are_alike(away in 0.0..9.0, mean in -5.0..5.0, std in 0.1..5.0) {
            let (right, left) = (of(mean + away, mean, std).unwrap(), of(mean - away, mean, std).unwrap());
            prop_assert!((right.1 - left.1).abs() < 1e-9 * right.1.abs().max(1.0));
            prop_assert!((right.0.ln() - right.1).abs() < 1e-9 * right.1.abs().max(1.0) || right.0 < 1e-300);
        }
    }
}
