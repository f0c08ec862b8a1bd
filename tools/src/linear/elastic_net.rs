//! # Elastic net
//!
//! Least squares with two prices on the weights: on their absolute values, which makes many exactly 0, and on their
//! squares, which lets columns that resemble one another enter together. It minimises
//! `|y - b₀ - X b|² / 2n + α ρ |b|₁ + α (1 - ρ) |b|² / 2`: the lasso at `ρ = 1`, ridge at `ρ = 0`. How the minimum is
//! found stands in `descent.rs`.
//!
//! Cost: O(n d) a look at all columns, a few of them; O(n a²) for the `a` columns that take part.
//! References: H. Zou, T. Hastie, "Regularization and variable selection via the elastic net", J. Royal Statistical
//! Society B 67(2), 2005.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Line, check_price, check_table,
    descent::{Descent, End, Price},
    overflow, ridge_regression,
};
use crate::{
    error::Error,
    value::{Fraction, Matrix, Vector},
};

/// Fits a straight line with few and small weights: elastic net, least squares with both an L1 and an L2 penalty. Use it
/// to select columns when some of them resemble one another and should come or go together.
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
    /// The share of the price on absolute values: l1 ratio, mix, rho; 1 is the lasso, 0 is ridge, 0.5 when not given.
    #[serde(default = "half")]
    pub l1_ratio: Fraction,
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

fn half() -> Fraction {
    Fraction::HALF
}

fn yes() -> bool {
    true
}

pub(super) fn small() -> f64 {
    1e-10
}

pub(super) fn many() -> NonZeroUsize {
    const { NonZeroUsize::new(100_000).expect("not zero") }
}

/// The fitted line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The weight of each column; many are exactly 0.
    pub coefficients: Vec<f64>,
    /// The value where all columns are 0.
    pub intercept: f64,
    /// How many weights are not 0.
    pub n_nonzero: usize,
    /// The share of the target's variance about its mean that the line explains on `X`; null when the target does not
    /// vary.
    pub r2: Option<f64>,
    /// The predictions for `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<f64>>,
    /// How many sweeps over the columns it took.
    pub iterations: usize,
    /// How far the objective can be above the least, at most.
    pub duality_gap: f64,
    /// Whether it came as near as asked for.
    pub converged: bool,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "elastic net with alpha 0.1 and l1 ratio 0.5 on X = [[1,2],[2,1],[3,5]], y = [1, 2, 3]",
    "combine lasso and ridge: half L1, half L2, price 0.2",
    "which of these columns matter, if similar ones should stay together?",
    "regress y on [[1,1.1],[2,2.1],[3,2.9],[4,4.2]] with both penalties",
];

/// Fits the line.
///
/// # Errors
/// `invalid_arguments` if `y` or `X_test` do not match `X` or a price is below 0; `too_large` if rows and columns both
/// exceed 1024 or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_table(&args.X, args.y.len(), args.X_test.as_ref())?;
    check_price("alpha", args.alpha)?;
    check_effort(args.tolerance, args.max_iterations)?;
    let prices = Prices { alpha: args.alpha, l1_ratio: args.l1_ratio.get() };
    let effort = (args.tolerance, args.max_iterations.get());
    let Fit { line, end } = solve(args.X.as_slice(), args.X.columns(), &args.y, prices, args.fit_intercept, effort)?;
    Ok(Output {
        n_nonzero: line.coefficients.iter().filter(|c| **c != 0.0).count(),
        r2: line.r2(&args.X, &args.y)?,
        predictions: args.X_test.as_ref().map(|test| line.predict(test.as_slice())),
        coefficients: line.coefficients,
        intercept: line.intercept,
        iterations: end.sweeps,
        duality_gap: end.gap.max(0.0) / args.y.len() as f64,
        converged: end.converged,
    })
}

/// Whether the numbers that say how hard to try make sense.
pub(super) fn check_effort(tolerance: f64, max_iterations: NonZeroUsize) -> Result<(), Error> {
    check_price("tolerance", tolerance)?;
    if max_iterations.get() > 10_000_000 {
        let message = format!("`max_iterations` is {max_iterations}, the limit is 10000000");
        return Err(Error::too_large("/max_iterations", message));
    }
    Ok(())
}

/// What weights cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    /// The price, 0 or more.
    pub(super) alpha: f64,
    /// The share of it on absolute values, from 0 to 1.
    pub(super) l1_ratio: f64,
}

/// Fits the line to rows of `columns` numbers in `x`, one for each of `y`, to ten digits of the objective; `alpha` is 0
/// or more.
///
/// ```
/// use roundtable_tools::{Fraction, linear::elastic_net};
///
/// let line = elastic_net::fit(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 1.0, Fraction::HALF, true)?;
/// assert!((line.coefficients[0] - 2.5 / 3.5).abs() < 1e-12); // (4 - 3 / 2) / (2 + 3 / 2)
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `too_large` if numbers overflow.
///
/// # Panics
/// When `x` and `y` do not fit together.
pub fn fit(
    x: &[f64],
    columns: usize,
    y: &[f64],
    alpha: f64,
    l1_ratio: Fraction,
    intercept: bool,
) -> Result<Line, Error> {
    assert_eq!(x.len(), columns * y.len(), "a row of numbers for each target");
    let prices = Prices { alpha, l1_ratio: l1_ratio.get() };
    solve(x, columns, y, prices, intercept, (small(), many().get())).map(|fit| fit.line)
}

/// A line and how it was found.
pub(super) struct Fit {
    pub(super) line: Line,
    pub(super) end: End,
}

/// Fits the line to rows of `columns` numbers in `x`, one for each of `y`, with as much effort as `(tolerance, most
/// sweeps)` say.
pub(super) fn solve(
    x: &[f64],
    columns: usize,
    y: &[f64],
    prices: Prices,
    intercept: bool,
    (tolerance, sweeps): (f64, usize),
) -> Result<Fit, Error> {
    let n = y.len() as f64;
    let price = Price { l1: prices.alpha * prices.l1_ratio * n, l2: prices.alpha * (1.0 - prices.l1_ratio) * n };
    if price.l1 == 0.0 {
        // Nothing pulls a weight to exactly 0: there is a formula.
        let line = ridge_regression::fit(x, columns, y, price.l2, intercept)?;
        return Ok(Fit { line, end: End { sweeps: 0, gap: 0.0, converged: true } });
    }
    let mut descent = Descent::new(x, columns, y, intercept);
    let end = descent.solve(price, tolerance, sweeps);
    let line = Line { coefficients: descent.weights().to_vec(), intercept: descent.intercept() };
    let finite = line.coefficients.iter().chain([&line.intercept, &end.gap]).all(|x| x.is_finite());
    if finite { Ok(Fit { line, end }) } else { Err(overflow()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn line(x: &[f64], columns: usize, y: &[f64], alpha: f64, l1_ratio: f64) -> Vec<f64> {
        let fit = solve(x, columns, y, Prices { alpha, l1_ratio }, true, (1e-12, 100_000)).unwrap();
        assert!(fit.end.converged);
        fit.line.coefficients
    }

    #[test]
    fn by_hand() {
        // x about its mean is -1, 0, 1 and y is -2, 0, 2: (4 - 3 * 0.2) / (2 + 3 * 0.2) with both prices 0.2.
        let c = line(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 0.4, 0.5);
        assert!((c[0] - 3.4 / 2.6).abs() < 1e-14);
    }

    #[test]
    fn equal_columns_share_the_weight() {
        let c = line(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 2, &[2.0, 4.0, 6.0], 0.4, 0.5);
        assert!((c[0] - c[1]).abs() < 1e-9 && (c[0] - 3.4 / 4.6).abs() < 1e-9, "{c:?}"); // (4 - 0.6) / (2 * 2 + 0.6)
    }

    #[test]
    fn no_l1_is_ridge() {
        let (x, y) = ([1.0, 5.0, 2.0, 3.0, 3.0, 8.0, 4.0, 1.0], [1.0, 3.0, 2.0, 5.0]);
        let ridge = ridge_regression::fit(&x, 2, &y, 2.0, true).unwrap();
        assert_eq!(line(&x, 2, &y, 0.5, 0.0), ridge.coefficients);
    }

    proptest! {
        #[test]
        fn the_conditions_of_the_minimum_hold(
            rows in prop::collection::vec(prop::collection::vec(-5.0..5.0, 7), 2..14),
            alpha in 0.01..2.0, l1_ratio in 0.05..1.0,
        ) {
            let x: Vec<f64> = rows.iter().flat_map(|row| row[..6].to_vec()).collect();
            let y: Vec<f64> = rows.iter().map(|row| row[6]).collect();
            let n = y.len() as f64;
            let fit = solve(&x, 6, &y, Prices { alpha, l1_ratio }, true, (1e-12, 100_000)).unwrap();
            prop_assert!(fit.end.converged && fit.end.gap > -1e-9, "{:?}", fit.end);
            let rest: Vec<f64> = y.iter().zip(fit.line.predict(&x)).map(|(y, p)| y - p).collect();
            for (j, c) in fit.line.coefficients.iter().enumerate() {
                let slope = rest.iter().zip(x.chunks(6)).map(|(rest, row)| rest * row[j]).sum::<f64>() / n
                    - alpha * (1.0 - l1_ratio) * c;
                // The gap bounds the objective; slopes are off by about its root.
                if *c == 0.0 {
                    prop_assert!(slope.abs() <= alpha * l1_ratio + 1e-4, "{slope}");
                } else {
                    prop_assert!((slope - alpha * l1_ratio * c.signum()).abs() < 1e-4, "{slope} {c}");
                }
            }
        }
    }
}
