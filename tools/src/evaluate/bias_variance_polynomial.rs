//! # Bias and variance of a polynomial
//!
//! Fits a polynomial of one degree by least squares to each of several sets of noisy targets at the same places, and
//! splits the error at other places into bias and variance. A low degree cannot follow the truth (bias); a high one
//! follows the noise (variance).
//!
//! Cost: O(sets · places · degree²).
//! Reference: C. Bishop, *Pattern Recognition and Machine Learning*, 2006, §3.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bias_variance::{Parts, squared},
    polynomial::predictions,
};
use crate::{
    error::Error,
    plot::chart,
    value::{Matrix, Vector},
};

/// Fits a polynomial to several noisy training sets and splits its error into bias and variance. Use it to see whether a
/// degree is too low or too high for a known curve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The places of the training targets.
    pub x_train: Vector,
    /// The training targets: one row a training set, one column a place; up to 10,000 sets.
    pub Y_train: Matrix,
    /// The places to predict.
    pub x_test: Vector,
    /// The truth at these places, without noise.
    pub f_test: Vector,
    /// The degree of the polynomial, up to 30 and less than the number of different places.
    pub degree: usize,
}

/// The parts of the error, each a mean over the test places.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The squared distance of the mean prediction from the truth.
    pub bias_squared: f64,
    /// The squared distance of predictions from their mean.
    pub variance: f64,
    /// Their sum: the expected squared error about the truth.
    pub expected_error: f64,
    /// The mean prediction at each test place.
    pub mean_prediction: Vec<f64>,
    /// The picture: truth, mean prediction, and the predictions of a few training sets.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "bias and variance of a cubic fitted to these noisy samples of a sine",
    "fit a degree 9 polynomial to each row of Y_train and split the error",
    "is degree 1 too simple for this curve? x = [-1, 0, 1], targets [[-1,0,1],[-0.9,0.1,1.2]]",
];

/// Fits and splits.
///
/// # Errors
/// `invalid_arguments` if places and values differ in number or the degree is too high for the places; `too_large` beyond
/// degree 30, 10,000 sets or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (places, sets) = (args.x_train.len(), args.Y_train.rows());
    if args.Y_train.columns() != places {
        let message = format!("`Y_train` has {} columns, but `x_train` has {places} values", args.Y_train.columns());
        return Err(Error::invalid("/Y_train", message));
    }
    if args.f_test.len() != args.x_test.len() {
        let message = format!("`f_test` has {} values, but `x_test` has {}", args.f_test.len(), args.x_test.len());
        return Err(Error::invalid("/f_test", message));
    }
    if sets > 10_000 {
        return Err(Error::too_large("/Y_train", format!("`Y_train` has {sets} rows, the limit is 10000")));
    }
    let predictions = predictions(&args.x_train, args.Y_train.iter(), &args.x_test, args.degree)?;
    let at = |j: usize| -> Vec<f64> { predictions.iter().map(|row| row[j]).collect() };
    let points = args.x_test.len();
    let parts: Vec<Parts> = (0..points).map(|j| squared(&at(j), args.f_test[j])).collect();
    let mean = |part: fn(&Parts) -> f64| parts.iter().map(|parts| part(parts) / points as f64).sum::<f64>();
    let (bias_squared, variance) = (mean(|parts| parts.bias), mean(|parts| parts.variance));
    let mean_prediction: Vec<f64> = (0..points).map(|j| at(j).iter().map(|p| p / sets as f64).sum()).collect();
    Ok(Output {
        bias_squared,
        variance,
        expected_error: bias_squared + variance,
        svg: picture(args, &predictions, &mean_prediction)?,
        mean_prediction,
    })
}

fn picture(args: &Args, predictions: &[Vec<f64>], mean: &[f64]) -> Result<String, Error> {
    let curve = |values: &[f64]| -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = args.x_test.iter().copied().zip(values.iter().copied()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let (truth, mean) = (curve(&args.f_test), curve(mean));
    let some: Vec<Vec<(f64, f64)>> = predictions.iter().take(3).map(|row| curve(row)).collect();
    let names = ["training set 0", "training set 1", "training set 2"];
    let lines: Vec<chart::Line<'_>> = [("truth", &truth), ("mean prediction", &mean)]
        .into_iter()
        .chain(names.into_iter().zip(&some))
        .map(|(name, points)| chart::Line { name, points })
        .collect();
    chart::lines(&format!("Polynomials of degree {}", args.degree), "x", "y", &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(degree: usize) -> Args {
        Args {
            x_train: [-1.0, 0.0, 1.0].try_into().unwrap(),
            Y_train: [[1.0, 0.0, 2.0], [-1.0, 0.0, 0.0]].try_into().unwrap(),
            x_test: [0.0, 1.0].try_into().unwrap(),
            f_test: [0.0, 1.0].try_into().unwrap(),
            degree,
        }
    }

    #[test]
    fn by_hand() {
        // Degree 0 predicts the means 1 and -1/3: their mean 1/3 is off by 1/3 and -2/3, and they scatter by 2/3.
        let out = run(&args(0)).unwrap();
        assert!((out.bias_squared - 5.0 / 18.0).abs() < 1e-12 && (out.variance - 4.0 / 9.0).abs() < 1e-12);
        // Degree 2 meets the targets: 0 and 0 at 0, 2 and 0 at 1.
        let out = run(&args(2)).unwrap();
        assert!(out.bias_squared < 1e-12 && (out.variance - 0.5).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_does_not_match() {
        assert_eq!(run(&args(3)).unwrap_err().path, "/degree");
        let mut short = args(1);
        short.f_test = [1.0].try_into().unwrap();
        assert_eq!(run(&short).unwrap_err().path, "/f_test");
    }
}
