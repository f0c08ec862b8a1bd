//! # Lasso
//!
//! Least squares with a price on the absolute values of the weights: minimises `|y - b₀ - X b|² / 2n + α |b|₁`. The
//! corner of the absolute value at 0 keeps weights there that would help less than they cost, so the lasso selects
//! columns while it fits. Above `α = max |Xᵀy| / n`, over columns about their means, all weights are 0. How the minimum
//! is found stands in `descent.rs`.
//!
//! Cost: O(n d) a look at all columns, a few of them; O(n a²) for the `a` columns that take part.
//! Reference: R. Tibshirani, "Regression shrinkage and selection via the lasso", J. Royal Statistical Society B 58(1),
//! 1996.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Line,
    elastic_net::{self, many, small},
};
use crate::{
    error::Error,
    value::{Fraction, Matrix, Vector},
};

/// The line, as the elastic net gives it.
pub use super::elastic_net::Output;

/// Fits a straight line with few weights: lasso, least squares with an L1 penalty. Use it to predict a number and to find
/// out which columns are worth having.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The target, one number a row of `X`.
    pub y: Vector,
    /// The price of weights: alpha, lambda, regularization, penalty; 0 or more, 1 when not given.
    #[serde(default = "one")]
    pub alpha: f64,
    /// More rows to predict.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// Whether the line may miss the origin; yes when not given.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// How far from the least the objective may be, as a share of the target's mean square; 1e-10 when not given.
    #[serde(default = "small")]
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
    /// The most sweeps over the columns, up to 10,000,000; 100,000 when not given.
    #[serde(default = "many")]
    pub max_iterations: NonZeroUsize,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "lasso with alpha 0.1: X = [[1,0],[2,1],[3,0],[4,1]], y = [1.1, 2, 2.9, 4.2]",
    "which of these features does an L1 penalty of 0.5 keep?",
    "sparse linear regression of y on these ten columns",
    "fit [[1,2],[2,1],[3,3]] to [2, 3, 5] with as few coefficients as possible, lambda 0.2",
];

/// Fits the line.
///
/// # Errors
/// `invalid_arguments` if `y` or `X_test` do not match `X` or a price is below 0; `too_large` if rows and columns both
/// exceed 1024 or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    elastic_net::run(&elastic_net::Args {
        X: args.X.clone(),
        y: args.y.clone(),
        alpha: args.alpha,
        l1_ratio: Fraction::ONE,
        X_test: args.X_test.clone(),
        fit_intercept: args.fit_intercept,
        tolerance: args.tolerance,
        max_iterations: args.max_iterations,
    })
}

/// Fits the line to rows of `columns` numbers in `x`, one for each of `y`, to ten digits of the objective; `alpha` is 0
/// or more.
///
/// ```
/// use roundtable_tools::linear::lasso_regression;
///
/// let line = lasso_regression::fit(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 1.0, true)?;
/// assert!((line.coefficients[0] - 0.5).abs() < 1e-12); // (4 - 3 * 1) / 2
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `too_large` if numbers overflow.
///
/// # Panics
/// When `x` and `y` do not fit together.
pub fn fit(x: &[f64], columns: usize, y: &[f64], alpha: f64, intercept: bool) -> Result<Line, Error> {
    assert_eq!(x.len(), columns * y.len(), "a row of numbers for each target");
    elastic_net::fit(x, columns, y, alpha, Fraction::ONE, intercept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(x: &[f64], columns: usize, y: &[f64], alpha: f64, expected: &[f64]) {
        let line = fit(x, columns, y, alpha, true).unwrap();
        let apart = line.coefficients.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-9, "{:?} instead of {expected:?}", line.coefficients);
    }

    #[test]
    fn by_hand() {
        // x about its mean is -1, 0, 1 and y is -2, 0, 2: (4 - 3 α) / 2 down to 0.
        check(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 0.2, &[1.7]);
        check(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 1.4, &[0.0]);
    }

    #[test]
    fn columns_at_right_angles_are_thresholded_one_by_one() {
        // Oracle: soft thresholds of Xᵀy / n = (0.5, 1.5, -1.25) by 0.5, in a design with XᵀX = 4 (Tibshirani, §2.2).
        let x = [1., 1., 1., -1., 1., -1., 1., -1., -1., -1., -1., 1.];
        let y = [0.75, 2.25, 0.25, -3.25];
        check(&x, 3, &y, 0.5, &[0.0, 1.0, -0.75]);
    }

    #[test]
    fn a_constant_column_stays_out() {
        check(&[1.0, 7.0, 2.0, 7.0, 3.0, 7.0], 2, &[2.0, 4.0, 6.0], 0.2, &[1.7, 0.0]);
    }

    #[test]
    fn scale_of_the_target_is_the_scale_of_the_price() {
        let (x, y) = ([1.0, 5.0, 2.0, 3.0, 3.0, 8.0, 4.0, 1.0], [1.0, 3.0, 2.0, 5.0]);
        let small = fit(&x, 2, &y, 0.1, true).unwrap();
        let large = fit(&x, 2, &y.map(|y| 1e6 * y), 1e5, true).unwrap();
        for (a, b) in small.coefficients.iter().zip(&large.coefficients) {
            assert!((a * 1e6 - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
