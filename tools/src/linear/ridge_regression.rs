//! # Ridge regression
//!
//! Least squares with a price on the squares of the weights: minimises `|y - b₀ - X b|² + α |b|²`, where the intercept
//! is free. The price pulls all weights towards 0, those most about which the table says least, so that columns which
//! resemble one another share the weight instead of taking opposite large ones; it also makes the answer unique.
//!
//! The weights solve `(XᵀX + α) b = Xᵀy` over columns about their means, or, when rows are fewer than columns, come from
//! the small system `(XXᵀ + α) a = y` as `b = Xᵀ a`. Where these equations are so ill-conditioned that digits would be
//! lost, the singular value decomposition gives `b = V s / (s² + α) Uᵀ y` instead.
//!
//! Cost: O(n d · min(n, d)).
//! References: A. Hoerl, R. Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics
//! 12(1), 1970; T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §3.4.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Line, check_price, check_table,
    cholesky::Cholesky,
    gram::{Moments, moments},
    linear_regression, overflow,
};
use crate::{
    algebra::{dot, svd, transpose},
    error::Error,
    value::{Matrix, Vector},
};

/// Fits a straight line with small weights: ridge, least squares with an L2 penalty. Use it to predict a number when
/// columns resemble one another or are many, so that ordinary least squares gives wild weights.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The target, one number a row of `X`.
    pub y: Vector,
    /// The price of squared weights: alpha, lambda, regularization, penalty; 0 or more, 1 when not given.
    #[serde(default = "one")]
    pub alpha: f64,
    /// More rows to predict.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// Whether the line may miss the origin; yes when not given.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// The fitted line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The weight of each column.
    pub coefficients: Vec<f64>,
    /// The value where all columns are 0.
    pub intercept: f64,
    /// The share of the target's variance about its mean that the line explains on `X`; null when the target does not
    /// vary.
    pub r2: Option<f64>,
    /// The predictions for `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "ridge regression with alpha 0.5 on X = [[1,2],[2,4.1],[3,5.9]] and y = [1, 2, 3]",
    "fit y = [3, 5, 7] on [[1,1],[2,2],[3,3.1]] with an L2 penalty",
    "least squares with regularization lambda = 10, these columns are nearly the same",
    "shrink the coefficients of this regression and predict [[4, 8]]",
];

/// Fits the line.
///
/// # Errors
/// `invalid_arguments` if `y` or `X_test` do not match `X` or `alpha` is below 0; `too_large` if rows and columns both
/// exceed 1024 or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_table(&args.X, args.y.len(), args.X_test.as_ref())?;
    check_price("alpha", args.alpha)?;
    let line = fit(args.X.as_slice(), args.X.columns(), &args.y, args.alpha, args.fit_intercept)?;
    Ok(Output {
        r2: line.r2(&args.X, &args.y)?,
        predictions: args.X_test.as_ref().map(|test| line.predict(test.as_slice())),
        coefficients: line.coefficients,
        intercept: line.intercept,
    })
}

/// Fits the line to rows of `columns` numbers in `x`, one for each of `y`; `alpha` is 0 or more.
///
/// ```
/// use roundtable_tools::linear::ridge_regression;
///
/// let line = ridge_regression::fit(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 2.0, true)?;
/// assert!((line.coefficients[0] - 1.0).abs() < 1e-12); // 4 / (2 + 2)
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
    if alpha == 0.0 {
        return linear_regression::fit(x, columns, y, None, intercept).map(|fit| fit.line);
    }
    let line = if columns <= y.len() {
        tall(x, columns, y, alpha, intercept)
    } else {
        wide(&Centred::new(x, columns, y, intercept), alpha)
    };
    let line = line.unwrap_or_else(|| exact(&Centred::new(x, columns, y, intercept), alpha));
    if line.coefficients.iter().chain([&line.intercept]).all(|x| x.is_finite()) { Ok(line) } else { Err(overflow()) }
}

/// Above it, a condition number squared leaves too few digits.
const ILL: f64 = 1e7;

/// One pass over the rows, and a system as large as a row is long.
fn tall(x: &[f64], d: usize, y: &[f64], alpha: f64, intercept: bool) -> Option<Line> {
    let Moments { mut xx, xy, x_mean, y_mean, .. } = moments(x, d, y, None, intercept);
    (0..d).for_each(|j| xx[j * d + j] += alpha);
    let coefficients = solve(&xx, xy)?;
    Some(Line { intercept: y_mean - dot(&x_mean, &coefficients), coefficients })
}

/// A system as large as a column is long.
fn wide(table: &Centred, alpha: f64) -> Option<Line> {
    let n = table.y.len();
    let mut products: Vec<f64> = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let product = dot(&table.rows[i], &table.rows[j]) + if i == j { alpha } else { 0.0 };
            (products[i * n + j], products[j * n + i]) = (product, product);
        }
    }
    let a = solve(&products, table.y.clone())?;
    let mut coefficients = vec![0.0; table.x_mean.len()];
    for (row, a) in table.rows.iter().zip(&a) {
        coefficients.iter_mut().zip(row).for_each(|(c, x)| *c += a * x);
    }
    Some(table.line(coefficients))
}

fn solve(matrix: &[f64], mut b: Vec<f64>) -> Option<Vec<f64>> {
    let factor = Cholesky::new(matrix, b.len()).filter(|factor| factor.condition() < ILL)?;
    factor.solve(&mut b);
    Some(b)
}

/// By the singular values, which loses no digits.
fn exact(table: &Centred, alpha: f64) -> Line {
    let svd = svd(&transpose(&table.rows));
    let mut coefficients = vec![0.0; table.x_mean.len()];
    for ((u, s), v) in svd.u.iter().zip(&svd.singular).zip(&svd.v) {
        // As s / (s² + α), without squares that leave the range of numbers.
        let along = if *s > 0.0 { dot(u, &table.y) / (s + alpha / s) } else { 0.0 };
        coefficients.iter_mut().zip(v).for_each(|(c, v)| *c += along * v);
    }
    table.line(coefficients)
}

/// Rows and targets about their means.
struct Centred {
    rows: Vec<Vec<f64>>,
    y: Vec<f64>,
    x_mean: Vec<f64>,
    y_mean: f64,
}

impl Centred {
    fn new(x: &[f64], d: usize, y: &[f64], intercept: bool) -> Self {
        let n = y.len() as f64;
        let (mut x_mean, mut y_mean) = (vec![0.0; d], 0.0);
        if intercept {
            for row in x.chunks_exact(d) {
                x_mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
            }
            y_mean = y.iter().map(|y| y / n).sum();
        }
        let centre = |row: &[f64]| row.iter().zip(&x_mean).map(|(x, mean)| x - mean).collect();
        Centred {
            rows: x.chunks_exact(d).map(centre).collect(),
            y: y.iter().map(|y| y - y_mean).collect(),
            x_mean,
            y_mean,
        }
    }

    fn line(&self, coefficients: Vec<f64>) -> Line {
        Line { intercept: self.y_mean - dot(&self.x_mean, &coefficients), coefficients }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // x about its mean is -1, 0, 1, y is -2, 0, 2: 4 / (2 + 2), and the line goes through the means.
        let line = fit(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], 2.0, true).unwrap();
        assert!((line.coefficients[0] - 1.0).abs() < 1e-15 && (line.intercept - 2.0).abs() < 1e-15);
    }

    #[test]
    fn no_price_is_least_squares() {
        let line = fit(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 2, &[2.0, 4.0, 6.0], 0.0, true).unwrap();
        assert!(line.coefficients.iter().all(|c| (c - 1.0).abs() < 1e-12)); // the shortest of all that fit
    }

    #[test]
    fn ill_conditioned_columns_keep_their_digits() {
        // Oracle: two columns that differ by 1e-9 in one row; by symmetry and a large price they share the weight of
        // one column with half the price: 4 / (2 + 0.5) / 2 each.
        let line = fit(&[1.0, 1.0 + 1e-9, 2.0, 2.0, 3.0, 3.0], 2, &[2.0, 4.0, 6.0], 1e-9, true).unwrap();
        assert!((line.coefficients[0] + line.coefficients[1] - 2.0).abs() < 1e-6, "{line:?}");
    }

    proptest! {
        #[test]
        fn the_gradient_is_zero_and_all_ways_agree(
            rows in prop::collection::vec(prop::collection::vec(-5.0..5.0, 5), 2..12), alpha in 0.01..20.0, centred: bool,
        ) {
            let x: Vec<f64> = rows.iter().flat_map(|row| row[..4].to_vec()).collect();
            let y: Vec<f64> = rows.iter().map(|row| row[4]).collect();
            let line = fit(&x, 4, &y, alpha, centred).unwrap();
            let rest: Vec<f64> = y.iter().zip(line.predict(&x)).map(|(y, p)| y - p).collect();
            for j in 0..4 {
                let slope: f64 = rest.iter().zip(x.chunks(4)).map(|(rest, row)| rest * row[j]).sum();
                prop_assert!((slope - alpha * line.coefficients[j]).abs() < 1e-7, "{slope}");
            }
            let table = Centred::new(&x, 4, &y, centred);
            for other in [wide(&table, alpha), Some(exact(&table, alpha))].into_iter().flatten() {
                let apart = line.coefficients.iter().zip(&other.coefficients).map(|(a, b)| (a - b).abs());
                prop_assert!(apart.fold(0.0, f64::max) < 1e-7);
            }
        }
    }
}
