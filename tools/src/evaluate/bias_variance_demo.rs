//! # Bias against variance, an experiment
//!
//! Draws many noisy training sets of a known curve, fits polynomials of several degrees to each, and shows how bias falls
//! and variance rises with the degree: the error is least somewhere between.
//!
//! Cost: O(repeats · points · degree²) a degree.
//! Reference: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §7.3.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bias_variance::{Parts, squared},
    polynomial::{HIGHEST, predictions},
};
use crate::{error::Error, plot::chart, random::Random, value::Seed};

/// Shows bias against variance: polynomials of several degrees fitted to many noisy samples of a curve. Use it to
/// demonstrate underfitting and overfitting.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The degrees to compare, up to 31 of them, each up to 30; 1, 3 and 9 when not given.
    #[serde(default = "degrees")]
    #[schemars(length(min = 1))]
    pub degrees: Vec<usize>,
    /// How many points a training set has, more than the highest degree and up to 1000; 15 when not given.
    #[serde(default = "fifteen")]
    pub n_train: NonZeroUsize,
    /// How many training sets to draw, up to 5000; 200 when not given.
    #[serde(default = "two_hundred")]
    pub n_repeats: NonZeroUsize,
    /// The standard deviation of the noise, 0 or more; 0.3 when not given.
    #[serde(default = "noise")]
    #[schemars(range(min = 0.0))]
    pub noise_std: f64,
    /// The curve; sin_pi_x when not given.
    #[serde(default)]
    pub function: Function,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

/// A curve on -1 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// One wave of a sine.
    #[default]
    #[serde(alias = "sin")]
    SinPiX,
    /// Two waves of a sine.
    #[serde(rename = "sin_2pi_x")]
    Sin2PiX,
    /// `x³ - x / 2`.
    Cubic,
    /// `exp(x)`.
    Exp,
    /// -1 below 0 and 1 above.
    Step,
}

impl Function {
    fn at(self, x: f64) -> f64 {
        use std::f64::consts::PI;
        match self {
            Function::SinPiX => (PI * x).sin(),
            Function::Sin2PiX => (2.0 * PI * x).sin(),
            Function::Cubic => x * x * x - 0.5 * x,
            Function::Exp => x.exp(),
            Function::Step if x == 0.0 => 0.0,
            Function::Step => x.signum(),
        }
    }
}

fn degrees() -> Vec<usize> {
    vec![1, 3, 9]
}

fn fifteen() -> NonZeroUsize {
    const { NonZeroUsize::new(15).expect("not zero") }
}

fn two_hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(200).expect("not zero") }
}

fn noise() -> f64 {
    0.3
}

/// What came out, in the order of the degrees.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The degrees compared.
    pub degrees: Vec<usize>,
    /// The squared distance of the mean prediction from the curve.
    pub bias_squared_by_degree: Vec<f64>,
    /// The squared distance of predictions from their mean.
    pub variance_by_degree: Vec<f64>,
    /// Their sum and the noise: the expected squared error of a prediction.
    pub expected_error_by_degree: Vec<f64>,
    /// The degree with the least error, the first of several.
    pub best_degree: usize,
    /// The picture: bias, variance and error over the degree.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "show me the bias-variance tradeoff with polynomials of degree 1, 3 and 9",
    "demonstrate overfitting: degrees 0 to 12, 20 points, noise 0.2",
    "why is a more flexible model not always better? run an experiment",
    "bias and variance against model complexity for a sine, seed 7",
];

/// The most points of a training set, and training sets.
const LIMITS: (usize, usize) = (1000, 5000);
/// Points times sets times squared degrees: some seconds.
const WORK: usize = 2_000_000_000;

/// Runs the experiment.
///
/// # Errors
/// `invalid_arguments` if there are no degrees or a degree is too high for the points; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let (n, repeats) = (args.n_train.get(), args.n_repeats.get());
    // A single point lies in the middle.
    let even = |i: usize, n: usize| if n == 1 { 0.0 } else { 2.0 * i as f64 / (n - 1) as f64 - 1.0 };
    let x: Vec<f64> = (0..n).map(|i| even(i, n)).collect();
    let at: Vec<f64> = (0..101).map(|i| 0.95 * even(i, 101)).collect();
    let mut random = Random::new(args.seed);
    let sets: Vec<Vec<f64>> = (0..repeats)
        .map(|_| x.iter().map(|x| args.function.at(*x) + args.noise_std * random.normal()).collect())
        .collect();
    let mut parts = Vec::with_capacity(args.degrees.len());
    for degree in &args.degrees {
        let predictions = predictions(&x, sets.iter().map(Vec::as_slice), &at, *degree)
            .map_err(|error| Error { path: "/degrees".to_owned(), ..error })?;
        let at_point = |j: usize| -> Vec<f64> { predictions.iter().map(|row| row[j]).collect() };
        let points: Vec<Parts> =
            at.iter().enumerate().map(|(j, x)| squared(&at_point(j), args.function.at(*x))).collect();
        let count = points.len() as f64;
        let bias: f64 = points.iter().map(|point| point.bias / count).sum();
        let variance: f64 = points.iter().map(|point| point.variance / count).sum();
        parts.push((bias, variance, bias + variance + args.noise_std * args.noise_std));
    }
    let best = (1..parts.len()).fold(0, |best, i| if parts[i].2 < parts[best].2 { i } else { best });
    Ok(Output {
        svg: picture(&args.degrees, &parts)?,
        best_degree: args.degrees[best],
        degrees: args.degrees.clone(),
        bias_squared_by_degree: parts.iter().map(|part| part.0).collect(),
        variance_by_degree: parts.iter().map(|part| part.1).collect(),
        expected_error_by_degree: parts.iter().map(|part| part.2).collect(),
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, repeats) = (args.n_train.get(), args.n_repeats.get());
    if args.degrees.is_empty() {
        return Err(Error::invalid("/degrees", "there are no degrees").with_hint("give at least one"));
    }
    if args.degrees.len() > HIGHEST + 1 {
        let message = format!("{} degrees, the limit is {}", args.degrees.len(), HIGHEST + 1);
        return Err(Error::too_large("/degrees", message));
    }
    if n > LIMITS.0 {
        return Err(Error::too_large("/n_train", format!("`n_train` is {n}, the limit is {}", LIMITS.0)));
    }
    if repeats > LIMITS.1 {
        return Err(Error::too_large("/n_repeats", format!("`n_repeats` is {repeats}, the limit is {}", LIMITS.1)));
    }
    if !(args.noise_std >= 0.0 && args.noise_std <= 1e100) {
        return Err(Error::invalid("/noise_std", "`noise_std` must be 0 or more, and at most 1e100"));
    }
    let work: usize = args.degrees.iter().map(|d| (d.min(&HIGHEST) + 2) * (d.min(&HIGHEST) + 2) * n * repeats).sum();
    if work > WORK {
        return Err(Error::too_large(
            "/n_repeats",
            format!("points, sets and degrees make {work} steps, the limit is {WORK}"),
        )
        .with_hint("use fewer training sets, points or degrees"));
    }
    Ok(())
}

fn picture(degrees: &[usize], parts: &[(f64, f64, f64)]) -> Result<String, Error> {
    let along = |part: fn(&(f64, f64, f64)) -> f64| -> Vec<(f64, f64)> {
        let mut line: Vec<(f64, f64)> = degrees.iter().zip(parts).map(|(d, parts)| (*d as f64, part(parts))).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        line
    };
    let (bias, variance, error) = (along(|p| p.0), along(|p| p.1), along(|p| p.2));
    let lines = [
        chart::Line { name: "bias squared", points: &bias },
        chart::Line { name: "variance", points: &variance },
        chart::Line { name: "expected error (with noise)", points: &error },
    ];
    chart::lines("Bias against variance", "degree of the polynomial", "error (squared units of y)", &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn variance_is_what_theory_says() {
        // The mean over the training places of the variance of a least-squares fit is noise² (degree + 1) / n; between
        // places it is close to that.
        let out =
            run(&from_value(json!({"degrees": [0, 3], "n_train": 40, "noise_std": 0.5, "seed": 3})).unwrap()).unwrap();
        for (variance, degree) in out.variance_by_degree.iter().zip([0.0, 3.0]) {
            let expected = 0.25 * (degree + 1.0) / 40.0;
            assert!((variance / expected - 1.0).abs() < 0.25, "{variance} {expected}");
        }
        assert!((out.bias_squared_by_degree[0] - 0.5).abs() < 0.05); // the mean square of a sine
    }

    #[test]
    fn no_noise_no_variance() {
        let out = run(&from_value(json!({"noise_std": 0, "function": "cubic", "degrees": [3]})).unwrap()).unwrap();
        assert!(out.variance_by_degree[0] < 1e-20 && out.bias_squared_by_degree[0] < 1e-20);
    }

    #[test]
    fn refuses_degrees_beyond_the_points() {
        let error = run(&from_value(json!({"degrees": [1, 20]})).unwrap()).unwrap_err();
        assert_eq!(error.path, "/degrees");
    }
}
