//! # Gaussian quantile
//!
//! The value below which a given share of a normal distribution lies: the distribution function read backwards. It is
//! found by starting from a rational approximation and improving it with Halley's method on the logarithm of the tail.
//!
//! Cost: three evaluations of the distribution function a value.
//! References: M. Abramowitz, I. Stegun, *Handbook of Mathematical Functions*, 1964, 26.2.23; P. J. Acklam, "An
//! algorithm for computing the inverse normal cumulative distribution function", 2003, for the refinement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{check_std, one};
use crate::{error::Error, normal, value::Fraction};

/// Computes the values below which given shares of a Gaussian (normal) distribution lie. Use it for critical values,
/// confidence limits and percentiles: the inverse of `gaussian_cdf`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The shares: probabilities, percentiles as fractions; above 0 and below 1.
    pub p: Vec<Fraction>,
    /// The mean of the distribution: mu, the centre; 0 when not given.
    #[serde(default)]
    pub mean: f64,
    /// Its standard deviation: sigma, the width; above 0, 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub std: f64,
}

/// The values.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The value below which each share lies, in the units of the mean.
    pub values: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Which value has 97.5 % of the standard normal below it?",
    "normal quantile of 0.95 with mean 100 and std 15",
    "inverse Gaussian cdf at [0.05, 0.5, 0.95]",
    "z score of the 90th percentile",
];

/// Evaluates the quantile function.
///
/// # Errors
/// `invalid_arguments` if there are no shares or the deviation is not above 0, `undefined` for the shares 0 and 1,
/// `too_large` beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_std(args.std)?;
    if args.p.is_empty() {
        return Err(Error::invalid("/p", "the list is empty").with_hint("give at least one share"));
    }
    if let Some(i) = args.p.iter().position(|p| p.get() == 0.0 || p.get() == 1.0) {
        let message = format!("no number has the share `{}` below it: the bell curve never ends", args.p[i].get());
        return Err(Error::undefined(format!("/p/{i}"), message).with_hint("use shares above 0 and below 1"));
    }
    let values: Vec<f64> = args.p.iter().map(|p| args.mean + args.std * normal::quantile(p.get())).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::too_large("/std", format!("a quantile is beyond {:e}, the largest number", f64::MAX)));
    }
    Ok(Output { values })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(p: f64, mean: f64, std: f64) -> Result<f64, Error> {
        Ok(run(&Args { p: vec![Fraction::new(p)?], mean, std })?.values[0])
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(0.5, 12.0, 3.0).unwrap(), 12.0);
        // Oracle: the tables, 1.96 for 97.5 %.
        assert!((of(0.975, 0.0, 1.0).unwrap() - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((of(0.025, 100.0, 10.0).unwrap() - 80.400_360_154_599_46).abs() < 1e-12);
    }

    #[test]
    fn refuses_the_ends() {
        assert_eq!(of(0.0, 0.0, 1.0).unwrap_err().kind, ErrorKind::Undefined);
        assert_eq!(of(1.0, 0.0, 1.0).unwrap_err().path, "/p/0");
        assert_eq!(of(0.9, 0.0, 0.0).unwrap_err().path, "/std");
        assert_eq!(of(0.999, 0.0, 1.7e308).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(run(&Args { p: vec![], mean: 0.0, std: 1.0 }).unwrap_err().path, "/p");
    }

    proptest! {
        #[test]
        fn it_undoes_the_distribution_function(p in 1e-12..1.0_f64) {
            let z = of(p, 0.0, 1.0).unwrap();
            prop_assert!((crate::normal::below(z) / p - 1.0).abs() < 1e-13);
        }
    }
}
