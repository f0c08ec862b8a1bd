//! # Metrics of predicted numbers
//!
//! How far predictions are from the truth, said in several ways. Squares punish one large error more than many small
//! ones, absolute values count them alike, medians ignore the worst half. R² compares with always predicting the mean:
//! 1 is perfect, 0 no better than the mean, below 0 worse.
//!
//! Conventions where a formula has no value are scikit-learn's: if the truth never changes, R² and explained variance
//! are 1 for perfect predictions and 0 for others, and relative errors divide by at least 2.2e-16.
//!
//! Cost: O(n log n) for the median.
//! Reference: R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", International Journal of
//! Forecasting 22(4), 2006.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_lengths;
use crate::{
    error::Error,
    stats::{
        describe::quantile,
        mean_variance::{mean, sum_of_squares},
    },
    value::Vector,
};

/// Scores predicted numbers against the truth: MSE, RMSE, MAE, R², MAPE and others. Use it to judge a regression model
/// on rows that it has not seen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The true numbers: targets, actual values.
    pub y_true: Vector,
    /// The predicted numbers, in the same order: predictions, forecasts.
    pub y_pred: Vector,
}

/// The metrics.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The mean squared error, in squared units.
    pub mse: f64,
    /// Its square root, in the units of the numbers.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// 1 less the squared errors by those of always predicting the mean: 1 is perfect.
    pub r2: f64,
    /// The mean absolute error by the size of the truth, as a share; enormous where a truth is 0.
    pub mape: f64,
    /// The median of the absolute errors.
    pub median_absolute_error: f64,
    /// As R², but a constant error costs nothing: 1 less the variance of the errors by that of the truth.
    pub explained_variance: f64,
    /// The largest absolute error.
    pub max_error: f64,
    /// The mean of prediction less truth: above 0 if predictions are too high on average.
    pub bias: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "RMSE and R2 of the predictions 2.5, 0.0, 2.1, 7.8 for the truth 3, -0.5, 2, 7",
    "mean absolute error between [10, 20, 30] and [12, 18, 33]",
    "how good is my regression? actual 100 150 200, predicted 110 140 205",
    "compute MSE, MAE and MAPE",
];

/// Computes the metrics.
///
/// # Errors
/// `invalid_arguments` if the lists differ in length, `too_large` if squares or relative errors overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (truth, predicted) = (&args.y_true, &args.y_pred);
    check_lengths(truth.len(), "y_pred", predicted.len())?;
    let n = truth.len() as f64;
    let errors: Vec<f64> = predicted.iter().zip(truth.iter()).map(|(p, t)| p - t).collect();
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    let mape = sizes.iter().zip(truth.iter()).map(|(size, t)| size / t.abs().max(f64::EPSILON) / n).sum::<f64>();
    let mae = sizes.iter().map(|size| size / n).sum();
    sizes.sort_by(f64::total_cmp);
    let bias = mean(&errors);
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    let spread = sum_of_squares(truth, mean(truth));
    if ![mape, squares, spread].iter().all(|number| number.is_finite()) {
        return Err(Error::too_large("/y_pred", format!("the errors are beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the numbers down"));
    }
    let constant = truth.iter().all(|t| *t == truth[0]);
    let share = |unexplained: f64| match (constant, unexplained == 0.0) {
        (true, perfect) => f64::from(u8::from(perfect)),
        (false, _) => 1.0 - unexplained / spread,
    };
    let (r2, explained_variance) = (share(squares), share(sum_of_squares(&errors, bias)));
    if !(r2.is_finite() && explained_variance.is_finite()) {
        return Err(Error::undefined("/y_true", "the truth changes too little for its squares to be numbers"));
    }
    Ok(Output {
        mse: squares / n,
        rmse: (squares / n).sqrt(),
        mae,
        r2,
        mape,
        median_absolute_error: quantile(&sizes, 0.5),
        explained_variance,
        max_error: sizes[sizes.len() - 1],
        bias,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(truth: &[f64], predicted: &[f64]) -> Result<Output, Error> {
        run(&Args { y_true: Vector::new(truth.to_vec())?, y_pred: Vector::new(predicted.to_vec())? })
    }

    #[test]
    fn by_hand() {
        // Errors 1, -1, 2, around a truth of mean 2 and squares 2.
        let out = of(&[1.0, 2.0, 3.0], &[2.0, 1.0, 5.0]).unwrap();
        assert_eq!((out.mse, out.r2, out.max_error, out.median_absolute_error), (2.0, -2.0, 2.0, 1.0));
        assert!((out.mae - 4.0 / 3.0).abs() < 1e-15 && (out.bias - 2.0 / 3.0).abs() < 1e-15);
        assert!((out.mape - (1.0 + 0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
        // The errors vary by 14/3 around their mean, the truth by 2.
        assert!((out.explained_variance - (1.0 - 7.0 / 3.0)).abs() < 1e-14);
    }

    #[test]
    fn a_truth_that_never_changes() {
        assert_eq!(of(&[2.0, 2.0], &[2.0, 2.0]).unwrap().r2, 1.0);
        let off = of(&[2.0, 2.0], &[3.0, 3.0]).unwrap();
        assert_eq!((off.r2, off.explained_variance), (0.0, 1.0));
        assert!(of(&[0.0, 1.0], &[1.0, 1.0]).unwrap().mape > 1e15);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(&[1.0, 2.0], &[1.0]).unwrap_err().path, "/y_pred");
        assert_eq!(of(&[1e300, 2.0], &[-1e300, 1.0]).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(&[1e-300, 0.0], &[1.0, 0.0]).unwrap_err().kind, ErrorKind::Undefined);
    }

    proptest! {
        #[test]
        fn the_mean_is_the_measure(truth in prop::collection::vec(-9.0..9.0, 2..30)) {
            prop_assume!(truth.iter().any(|t: &f64| (t - truth[0]).abs() > 1e-3));
            let middle = vec![mean(&truth); truth.len()];
            let out = of(&truth, &middle).unwrap();
            prop_assert!(out.r2.abs() < 1e-9 && out.explained_variance.abs() < 1e-9);
            prop_assert!(out.mae <= out.rmse * (1.0 + 1e-12));
        }
    }
}
