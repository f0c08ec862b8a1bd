//! # Linear regression
//!
//! Fits a weighted sum of columns to a target so that the squared errors add up to the least: `y ≈ b₀ + X b`. A tall
//! table takes one pass, which adds up the normal equations `XᵀX b = Xᵀy` over columns about their means and of equal
//! length. They square the condition number, so an estimate of it decides: up to 100 their solution stands, up to 10⁸ it
//! is corrected once by what it leaves of `y`, and beyond that they would lose half the digits, and the solution comes
//! from the singular value decomposition of the table itself. If columns repeat one another, or there are more of them
//! than rows, many solutions fit equally; the shortest is given.
//!
//! With `inference`, the errors are taken to be independent with one variance: each coefficient then has a standard
//! error, a t-test and a confidence interval, and the model an F-test, AIC and BIC.
//!
//! Cost: O(n d²).
//! References: G. H. Golub, "Numerical methods for solving linear least squares problems", Numerische Mathematik 7,
//! 1965; Å. Björck, *Numerical Methods for Least Squares Problems*, 1996, §2.2 and §6.6.5 (normal equations, corrected); T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §3.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Line, check_table,
    cholesky::Cholesky,
    gram::{Moments, moments},
    overflow,
};
use crate::{
    algebra::{Svd, dot, svd},
    error::Error,
    special::{fisher_above, student_quantile, student_two_sided},
    value::{Fraction, Matrix, Vector},
};

/// Fits a straight line (or plane) by ordinary or weighted least squares. Use it to predict a number from columns, or to
/// see how much each column matters; `inference` adds errors and p-values.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The target, one number a row of `X`.
    pub y: Vector,
    /// More rows to predict.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// Whether the line may miss the origin; yes when not given.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// How much each row counts, 0 or more; all the same when not given.
    #[serde(default)]
    pub sample_weight: Option<Vector>,
    /// Whether to give standard errors, p-values and the like; no when not given.
    #[serde(default)]
    pub inference: bool,
    /// How sure the confidence intervals are, above 0 and below 1; 0.95 when not given.
    #[serde(default = "usual")]
    pub confidence: Fraction,
}

fn yes() -> bool {
    true
}

fn usual() -> Fraction {
    Fraction::NINETY_FIVE_PERCENT
}

/// The fitted line.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The weight of each column.
    pub coefficients: Vec<f64>,
    /// The value where all columns are 0.
    pub intercept: f64,
    /// The share of the target's variance about its mean that the line explains; below 0 when a line through the origin
    /// does worse than the mean, null when the target does not vary.
    pub r2: Option<f64>,
    /// How many independent columns there are.
    pub rank: usize,
    /// The predictions for `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<f64>>,
    /// What follows if errors are independent and of one variance.
    #[serde(flatten)]
    pub inference: Option<Inference>,
}

/// What the residuals say about how far the coefficients can be trusted. Lists have the intercept first, if there is
/// one, then the coefficients.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Inference {
    /// The standard errors.
    pub std_errors: Vec<f64>,
    /// Each coefficient in standard errors; null where the error is 0.
    pub t_values: Vec<Option<f64>>,
    /// The probability of a t-value at least as large if the true coefficient were 0.
    pub p_values: Vec<Option<f64>>,
    /// Where the true coefficients lie, with the confidence asked for: from, to.
    pub confidence_intervals: Vec<[f64; 2]>,
    /// The share of variance explained, less what columns explain by chance (about 0 without an intercept).
    pub r2_adjusted: Option<f64>,
    /// Explained over unexplained variance, each per degree of freedom.
    pub f_statistic: Option<f64>,
    /// The probability of an F at least as large if no column mattered.
    pub f_p_value: Option<f64>,
    /// Akaike's information criterion: the smaller, the better.
    pub aic: Option<f64>,
    /// The Bayesian information criterion: the smaller, the better.
    pub bic: Option<f64>,
    /// The standard deviation of the errors, in units of the target.
    pub residual_std_error: f64,
    /// Rows less fitted numbers.
    pub degrees_of_freedom: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "fit a straight line: x = [[1],[2],[3],[4]], y = [2.1, 3.9, 6.2, 7.8]",
    "linear regression of price on size and age",
    "what is the slope and intercept through these points?",
    "predict y for x = 10 by least squares",
    "which coefficients are significant? give p-values",
];

/// Fits the line.
///
/// # Errors
/// `invalid_arguments` if `y`, `sample_weight` or `X_test` do not match `X`, or nothing is left for `inference`;
/// `too_large` if rows and columns both exceed 1024 or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let weights = args.sample_weight.as_deref();
    let fit = Solution::new(args.X.as_slice(), args.X.columns(), &args.y, weights, args.fit_intercept);
    let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
    let residuals: Vec<f64> = args.X.iter().zip(args.y.iter()).map(|(row, y)| y - fit.line.at(row)).collect();
    let unexplained: f64 = residuals.iter().enumerate().map(|(i, r)| weight(i) * r * r).sum();
    let centre = weighted_mean(&args.y, weights);
    let about = |centre: f64| args.y.iter().enumerate().map(|(i, y)| weight(i) * (y - centre).powi(2)).sum::<f64>();
    let total = about(centre);
    if !(unexplained.is_finite() && total.is_finite()) {
        return Err(overflow());
    }
    let inference = match args.inference {
        true => Some(infer(args, &fit, unexplained, if args.fit_intercept { total } else { about(0.0) })?),
        false => None,
    };
    Ok(Output {
        r2: (total > 0.0).then(|| 1.0 - unexplained / total),
        rank: fit.rank,
        predictions: args.X_test.as_ref().map(|test| fit.line.predict(test.as_slice())),
        coefficients: fit.line.coefficients,
        intercept: fit.line.intercept,
        inference,
    })
}

fn check(args: &Args) -> Result<(), Error> {
    check_table(&args.X, args.y.len(), args.X_test.as_ref())?;
    if let Some(weights) = &args.sample_weight {
        let n = args.X.rows();
        if weights.len() != n {
            let message = format!("`sample_weight` has {} values, but `X` has {n} rows", weights.len());
            return Err(Error::invalid("/sample_weight", message));
        }
        if let Some(i) = weights.iter().position(|weight| *weight < 0.0) {
            return Err(Error::invalid(format!("/sample_weight/{i}"), format!("weight `{}` is below 0", weights[i])));
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(Error::invalid("/sample_weight", "all weights are 0, so nothing counts"));
        }
    }
    let confidence = args.confidence.get();
    if args.inference && (confidence == 0.0 || confidence == 1.0) {
        return Err(Error::invalid("/confidence", format!("`confidence` is {confidence}, but lies between 0 and 1")));
    }
    Ok(())
}

/// A line fitted by least squares.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The line.
    pub line: Line,
    /// How many independent columns there are.
    pub rank: usize,
}

/// Fits the line to rows of `columns` numbers in `x`, one for each of `y`. Weights, if given, are not negative and not
/// all 0; without an intercept the line goes through the origin.
///
/// ```
/// use roundtable_tools::linear::linear_regression;
///
/// let fit = linear_regression::fit(&[1.0, 2.0, 3.0], 1, &[1.0, 3.0, 5.0], None, true)?;
/// assert!((fit.line.coefficients[0] - 2.0).abs() < 1e-12 && (fit.line.intercept + 1.0).abs() < 1e-12);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `too_large` if numbers overflow.
///
/// # Panics
/// When `x`, `y` and the weights do not fit together.
pub fn fit(x: &[f64], columns: usize, y: &[f64], weights: Option<&[f64]>, intercept: bool) -> Result<Fit, Error> {
    assert_eq!(x.len(), columns * y.len(), "a row of numbers for each target");
    assert!(weights.is_none_or(|weights| weights.len() == y.len()), "a weight for each target");
    let Solution { line, rank, .. } = Solution::new(x, columns, y, weights, intercept);
    let finite = line.coefficients.iter().chain([&line.intercept]).all(|x| x.is_finite());
    if finite { Ok(Fit { line, rank }) } else { Err(overflow()) }
}

/// The line, and what is needed to say how far to trust it.
struct Solution {
    line: Line,
    rank: usize,
    x_mean: Vec<f64>,
    table: Table,
    /// The columns were divided by these.
    lengths: Vec<f64>,
}

/// The table, taken apart.
enum Table {
    Products(Cholesky),
    Values(Svd),
}

impl Solution {
    fn new(x: &[f64], columns: usize, y: &[f64], weights: Option<&[f64]>, intercept: bool) -> Self {
        by_products(x, columns, y, weights, intercept).unwrap_or_else(|| by_values(x, columns, y, weights, intercept))
    }

    /// `(XᵀX)⁻¹` applied to one combination of the columns, from both sides: the variance of that combination of
    /// coefficients, in units of the errors' variance.
    fn spread(&self, combination: &[f64]) -> f64 {
        let mut scaled: Vec<f64> = combination.iter().zip(&self.lengths).map(|(c, length)| c / length).collect();
        match &self.table {
            Table::Products(factor) => {
                factor.forward(&mut scaled);
                dot(&scaled, &scaled)
            }
            Table::Values(svd) => {
                svd.v.iter().zip(&svd.singular).take(self.rank).map(|(v, s)| (dot(v, &scaled) / s).powi(2)).sum()
            }
        }
    }
}

/// Condition numbers of `XᵀX` up to which its solution is as good as one of `X`: as it is, and once corrected.
const WELL: (f64, f64) = (1e2, 1e8);

/// By the normal equations, if the table is tall and they are well conditioned.
fn by_products(x: &[f64], d: usize, y: &[f64], weights: Option<&[f64]>, intercept: bool) -> Option<Solution> {
    if y.len() < 2 * d {
        return None;
    }
    let Moments { weight, x_mean, y_mean, mut xx, xy, .. } = moments(x, d, y, weights, intercept);
    let lengths: Vec<f64> = (0..d).map(|j| xx[j * d + j].sqrt()).collect();
    // A column that varies by no more than rounding is a constant one.
    let rounding = |j: usize| weight.sqrt() * 8.0 * f64::EPSILON * x_mean[j].abs();
    if !(0..d).all(|j| lengths[j] > rounding(j) && lengths[j].is_finite()) {
        return None;
    }
    for (at, product) in xx.iter_mut().enumerate() {
        *product = *product / lengths[at / d] / lengths[at % d];
    }
    let factor = Cholesky::new(&xx, d)?;
    let condition = Some(factor.condition()).filter(|condition| *condition < WELL.1)?;
    let solve = |xy: &[f64]| -> Vec<f64> {
        let mut b: Vec<f64> = xy.iter().zip(&lengths).map(|(xy, length)| xy / length).collect();
        factor.solve(&mut b);
        b.iter().zip(&lengths).map(|(b, length)| b / length).collect()
    };
    let mut coefficients = solve(&xy);
    // A small table is corrected in any case: it costs nothing.
    if condition > WELL.0 || x.len() < 1 << 16 {
        let mut left = vec![0.0; d];
        for (i, (row, y)) in x.chunks_exact(d).zip(y).enumerate() {
            let centred = || row.iter().zip(&x_mean).map(|(x, mean)| x - mean);
            let rest = y - y_mean - centred().zip(&coefficients).map(|(x, c)| x * c).sum::<f64>();
            let rest = rest * weights.map_or(1.0, |weights| weights[i]);
            left.iter_mut().zip(centred()).for_each(|(left, x)| *left += rest * x);
        }
        coefficients.iter_mut().zip(solve(&left)).for_each(|(c, more)| *c += more);
    }
    let intercept = y_mean - dot(&x_mean, &coefficients);
    Some(Solution { line: Line { coefficients, intercept }, rank: d, x_mean, table: Table::Products(factor), lengths })
}

/// By the singular values of the table, which shows what rank it has.
fn by_values(x: &[f64], d: usize, y: &[f64], weights: Option<&[f64]>, intercept: bool) -> Solution {
    let root = |i: usize| weights.map_or(1.0, |weights| weights[i].sqrt());
    let centre = |x: &[f64]| if intercept { weighted_mean(x, weights) } else { 0.0 };
    let prepare =
        |x: &[f64], mean: f64| -> Vec<f64> { x.iter().enumerate().map(|(i, x)| (x - mean) * root(i)).collect() };
    let columns: Vec<Vec<f64>> = (0..d).map(|j| x.iter().skip(j).step_by(d).copied().collect()).collect();
    let x_mean: Vec<f64> = columns.iter().map(|column| centre(column)).collect();
    let y_mean = centre(y);
    let target = prepare(y, y_mean);
    let table: Vec<Vec<f64>> = columns.iter().zip(&x_mean).map(|(column, mean)| prepare(column, *mean)).collect();

    // Columns of one length show best whether they are independent: a small unit is no dependence.
    let mut lengths: Vec<f64> = table.iter().map(|column| dot(column, column).sqrt()).collect();
    let usable = lengths.iter().all(|length| *length > 0.0 && length.is_finite());
    let even = |(column, length): (&Vec<f64>, &f64)| column.iter().map(|x| x / length).collect();
    let rank = |svd: &Svd| rank(&svd.singular, d.max(target.len()));
    let svd = usable
        .then(|| svd(&table.iter().zip(&lengths).map(even).collect::<Vec<_>>()))
        .filter(|svd| rank(svd) == d)
        .unwrap_or_else(|| {
            // Dependent columns: the shortest solution is one of the columns as they are.
            lengths.fill(1.0);
            svd(&table)
        });
    let rank = rank(&svd);
    // `V s⁻¹ Uᵀ y` over the directions that are there.
    let mut coefficients = vec![0.0; d];
    for ((u, s), v) in svd.u.iter().zip(&svd.singular).zip(&svd.v).take(rank) {
        let along = dot(u, &target) / s;
        coefficients.iter_mut().zip(v).for_each(|(c, v)| *c += along * v);
    }
    coefficients.iter_mut().zip(&lengths).for_each(|(c, length)| *c /= length);
    let intercept = if intercept { y_mean - dot(&x_mean, &coefficients) } else { 0.0 };
    Solution { line: Line { coefficients, intercept }, rank, x_mean, table: Table::Values(svd), lengths }
}

fn weighted_mean(x: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |i: usize| weights.map_or(1.0, |weights| weights[i]);
    let weighed: f64 = (0..x.len()).map(weight).sum();
    // Corrected by the mean of what is left over: see `mean_variance`.
    let rough: f64 = x.iter().enumerate().map(|(i, x)| x * (weight(i) / weighed)).sum();
    rough + x.iter().enumerate().map(|(i, x)| (x - rough) * (weight(i) / weighed)).sum::<f64>()
}

/// How many singular values are more than rounding.
fn rank(singular: &[f64], side: usize) -> usize {
    let floor = singular[0] * f64::EPSILON * side as f64;
    singular.iter().take_while(|s| **s > floor).count()
}

fn infer(args: &Args, fit: &Solution, unexplained: f64, total: f64) -> Result<Inference, Error> {
    let (n, d) = (args.y.len(), args.X.columns());
    let fitted = fit.rank + usize::from(args.fit_intercept);
    let Some(freedom) = n.checked_sub(fitted).filter(|freedom| *freedom > 0) else {
        return Err(Error::invalid(
            "/inference",
            format!("{n} rows and {fitted} fitted numbers leave nothing to judge by"),
        )
        .with_hint("give more rows or fewer columns, or leave `inference` out"));
    };
    let degrees = freedom as f64;
    let variance = unexplained / degrees;
    let mut estimates = fit.line.coefficients.clone();
    let mut spreads: Vec<f64> = (0..d).map(|j| fit.spread(&unit(j, d))).collect();
    if args.fit_intercept {
        let weighed: f64 = args.sample_weight.as_ref().map_or(n as f64, |weights| weights.iter().sum());
        estimates.insert(0, fit.line.intercept);
        spreads.insert(0, 1.0 / weighed + fit.spread(&fit.x_mean));
    }
    let std_errors: Vec<f64> = spreads.iter().map(|spread| (variance * spread).sqrt()).collect();
    let t_values: Vec<Option<f64>> = estimates.iter().zip(&std_errors).map(|(b, error)| finite(b / error)).collect();
    let reach = student_quantile(1.0 - args.confidence.get(), degrees);
    let f_statistic = (fit.rank > 0).then(|| (total - unexplained) / fit.rank as f64 / variance).and_then(finite);
    // Minus twice the log-likelihood of Gaussian errors at their most likely variance; weights count as precisions.
    let log_weights: f64 = args.sample_weight.iter().flat_map(|weights| weights.iter()).map(|weight| weight.ln()).sum();
    let misfit = n as f64 * ((2.0 * std::f64::consts::PI * unexplained / n as f64).ln() + 1.0) - log_weights;
    let rows = (n - usize::from(args.fit_intercept)) as f64;
    Ok(Inference {
        p_values: t_values.iter().map(|t| t.map(|t| student_two_sided(t, degrees))).collect(),
        t_values,
        confidence_intervals: estimates.iter().zip(&std_errors).map(|(b, e)| [b - reach * e, b + reach * e]).collect(),
        std_errors,
        r2_adjusted: finite(1.0 - variance / (total / rows)),
        f_p_value: f_statistic.map(|f| fisher_above(f.max(0.0), fit.rank as f64, degrees)),
        f_statistic,
        aic: finite(misfit + 2.0 * fitted as f64),
        bic: finite(misfit + (n as f64).ln() * fitted as f64),
        residual_std_error: variance.sqrt(),
        degrees_of_freedom: freedom,
    })
}

fn unit(axis: usize, length: usize) -> Vec<f64> {
    (0..length).map(|i| if i == axis { 1.0 } else { 0.0 }).collect()
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, non_snake_case)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn args(rows: Vec<Vec<f64>>, y: Vec<f64>) -> Args {
        Args {
            X: rows.try_into().unwrap(),
            y: y.try_into().unwrap(),
            X_test: None,
            fit_intercept: true,
            sample_weight: None,
            inference: false,
            confidence: usual(),
        }
    }

    fn line(y: &[f64]) -> Args {
        args((1..=y.len()).map(|x| vec![x as f64]).collect(), y.to_vec())
    }

    #[test]
    fn by_hand() {
        let out = run(&line(&[1.0, 3.0, 5.0])).unwrap(); // y = 2x - 1
        assert!((out.coefficients[0] - 2.0).abs() < 1e-14 && (out.intercept + 1.0).abs() < 1e-14);
        assert_eq!((out.r2.map(|r2| (r2 - 1.0).abs() < 1e-14), out.rank), (Some(true), 1));
        let mut origin = line(&[1.0, 3.0, 5.0]);
        origin.fit_intercept = false;
        assert!((run(&origin).unwrap().coefficients[0] - 22.0 / 14.0).abs() < 1e-14); // 1 + 6 + 15 over 1 + 4 + 9
    }

    #[test]
    fn inference_agrees_with_the_textbook() {
        // Oracle: by the formulas of Draper and Smith, ch. 1, for x = 1..4, y = 2.1, 3.9, 6.2, 7.8: slope 1.94, residual
        // sum of squares 0.082, so s² = 0.041 and the slope's standard error √(0.041 / 5).
        let mut args = line(&[2.1, 3.9, 6.2, 7.8]);
        args.inference = true;
        let out = run(&args).unwrap();
        let inference = out.inference.unwrap();
        assert!((out.coefficients[0] - 1.94).abs() < 1e-12);
        assert!((inference.std_errors[1] - (0.041_f64 / 5.0).sqrt()).abs() < 1e-12);
        // With two degrees of freedom t has a closed form: p = 1 - t / √(t² + 2).
        let t = 1.94 / (0.041_f64 / 5.0).sqrt();
        assert!((inference.p_values[1].unwrap() - (1.0 - t / (t * t + 2.0).sqrt())).abs() < 1e-12);
        // One column: F is t squared, and has its p.
        assert!((inference.f_statistic.unwrap() - t * t).abs() < 1e-8);
        assert!((inference.f_p_value.unwrap() - inference.p_values[1].unwrap()).abs() < 1e-12);
    }

    #[test]
    fn repeated_columns_share_their_weight() {
        let out = run(&args(vec![vec![1.0, 1.0], vec![2.0, 2.0], vec![3.0, 3.0]], vec![2.0, 4.0, 6.0])).unwrap();
        assert_eq!(out.rank, 1);
        assert!(out.coefficients.iter().all(|c| (c - 1.0).abs() < 1e-12));
    }

    #[test]
    fn a_small_unit_is_no_dependence() {
        let rows = vec![vec![1e-20, 1.0], vec![2e-20, -1.0], vec![3e-20, 1.0], vec![5e-20, 0.0]];
        let y = rows.iter().map(|row| 3e20 * row[0] - 2.0 * row[1]).collect();
        let out = run(&args(rows, y)).unwrap();
        assert_eq!(out.rank, 2);
        assert!((out.coefficients[0] / 3e20 - 1.0).abs() < 1e-12 && (out.coefficients[1] + 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_perfect_or_flat_fit_gives_no_infinity() {
        let mut flat = line(&[3.0, 3.0, 3.0, 3.0]);
        flat.inference = true;
        let out = run(&flat).unwrap();
        assert_eq!((out.r2, out.intercept), (None, 3.0));
        assert_eq!(out.inference.unwrap().aic, None);
    }

    #[test]
    fn refuses_what_does_not_match() {
        let short = args(vec![vec![1.0], vec![2.0]], vec![1.0]);
        assert_eq!(run(&short).unwrap_err().path, "/y");
        let mut weights = line(&[1.0, 2.0, 3.0]);
        weights.sample_weight = Some([1.0, -1.0, 1.0].try_into().unwrap());
        assert_eq!(run(&weights).unwrap_err().path, "/sample_weight/1");
        let mut nothing_left = line(&[1.0, 2.0]);
        nothing_left.inference = true;
        assert_eq!(run(&nothing_left).unwrap_err().path, "/inference");
        assert_eq!(run(&line(&[1e300, -1e300])).unwrap_err().kind, ErrorKind::TooLarge);
    }

    #[test]
    fn both_ways_give_the_same() {
        let cell = |i: usize, j: usize| ((i * 37 + j * 101) % 29) as f64 + if j == 1 { 1e6 } else { 0.0 };
        let x: Vec<f64> = (0..40).flat_map(|i| (0..3).map(move |j| cell(i, j * j + 1))).collect();
        let y: Vec<f64> = (0..40).map(|i| cell(i, 7)).collect();
        let weights: Vec<f64> = (0..40).map(|i| (i % 4) as f64).collect();
        for (weights, intercept) in [(None, true), (None, false), (Some(&weights[..]), true)] {
            let (fast, plain) = (by_products(&x, 3, &y, weights, intercept), by_values(&x, 3, &y, weights, intercept));
            let fast = fast.unwrap();
            assert!((fast.line.intercept - plain.line.intercept).abs() < 1e-7);
            for j in 0..3 {
                assert!((fast.line.coefficients[j] - plain.line.coefficients[j]).abs() < 1e-10);
                assert!((fast.spread(&unit(j, 3)) / plain.spread(&unit(j, 3)) - 1.0).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn constant_columns_weigh_nothing() {
        let out =
            run(&args(vec![vec![0.1, 1.0], vec![0.1, 2.0], vec![0.1, 3.0], vec![0.1, 5.0]], vec![1., 2., 3., 5.]));
        let out = out.unwrap();
        assert_eq!((out.rank, out.coefficients[0]), (1, 0.0));
        assert!((out.coefficients[1] - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn residuals_are_at_right_angles_to_the_columns(
            rows in prop::collection::vec(prop::collection::vec(-5.0..5.0, 4), 5..20),
        ) {
            let y: Vec<f64> = rows.iter().map(|row| row[3]).collect();
            let x: Vec<Vec<f64>> = rows.iter().map(|row| row[..3].to_vec()).collect();
            let out = run(&args(x.clone(), y.clone())).unwrap();
            let residuals: Vec<f64> =
                x.iter().zip(&y).map(|(row, y)| y - out.intercept - dot(row, &out.coefficients)).collect();
            prop_assert!(residuals.iter().sum::<f64>().abs() < 1e-9);
            for j in 0..3 {
                prop_assert!(residuals.iter().zip(&x).map(|(r, row)| r * row[j]).sum::<f64>().abs() < 1e-8);
            }
        }
    }
}
