//! # Lasso path
//!
//! The weights of the lasso for many prices: at a high price all are 0, and as it falls the columns enter one after the
//! other, those that explain most first. Each solution starts from that of the next higher price, which makes the whole
//! path about as cheap as its last point.
//!
//! Cost: that of a lasso at each price, from a start close by.
//! References: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least angle regression", Annals of Statistics 32(2),
//! 2004; J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
//! descent", J. Statistical Software 33(1), 2010.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Line, check_table,
    descent::{Descent, Price},
    elastic_net::small,
    overflow,
};
use crate::{
    error::Error,
    plot::chart,
    value::{Matrix, Vector},
};

/// Draws how the weights of a lasso change with the price: the regularization path. Use it to see in which order columns
/// enter and to choose an alpha.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The target, one number a row of `X`.
    pub y: Vector,
    /// The prices: alphas, lambdas; each above 0, up to 1000 of them. When not given, `n_alphas` of them from the least at
    /// which all weights are 0 down to a thousandth of it.
    #[serde(default)]
    pub alphas: Option<Vector>,
    /// How many prices to choose when `alphas` is not given, up to 1000; 50 when not given.
    #[serde(default = "fifty")]
    pub n_alphas: NonZeroUsize,
    /// Whether the line may miss the origin; yes when not given.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// How far from the least the objective may be, as a share of the target's mean square; 1e-10 when not given.
    #[serde(default = "small")]
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
}

fn fifty() -> NonZeroUsize {
    const { NonZeroUsize::new(50).expect("not zero") }
}

fn yes() -> bool {
    true
}

/// The path.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The prices, in the order given, else from high to low.
    pub alphas: Vec<f64>,
    /// The weight of each column, one row a price.
    pub coefficients: Vec<Vec<f64>>,
    /// The value where all columns are 0, one a price.
    pub intercepts: Vec<f64>,
    /// How many weights are not 0, one a price.
    pub n_nonzero: Vec<usize>,
    /// The least price at which all weights are 0.
    pub alpha_max: f64,
    /// The picture: the weights over the price on a logarithmic scale, up to eight columns that weigh most.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "draw the lasso path for X = [[1,0],[2,1],[3,0],[4,1]], y = [1.1, 2, 2.9, 4.2]",
    "how do the coefficients shrink as the L1 penalty grows?",
    "lasso coefficients for alphas 1, 0.3, 0.1, 0.03 on this table",
    "in which order do the features enter a lasso? show me a plot",
];

/// The most prices, and sweeps over the columns for each.
const LIMITS: (usize, usize) = (1000, 100_000);

/// Follows the path.
///
/// # Errors
/// `invalid_arguments` if `y` does not match `X` or a price is not above 0; `undefined` if no column has anything to do
/// with `y` and no prices are given; `too_large` if rows and columns both exceed 1024, prices 1000, or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_table(&args.X, args.y.len(), None)?;
    super::check_price("tolerance", args.tolerance)?;
    let asked = args.alphas.as_ref().map_or(args.n_alphas.get(), |alphas| alphas.len());
    if asked > LIMITS.0 {
        let name = if args.alphas.is_some() { "alphas" } else { "n_alphas" };
        return Err(Error::too_large(format!("/{name}"), format!("{asked} prices, the limit is {}", LIMITS.0)));
    }
    if let Some(i) = args.alphas.iter().flat_map(|alphas| alphas.iter()).position(|alpha| *alpha <= 0.0) {
        return Err(Error::invalid(format!("/alphas/{i}"), "a price must be above 0")
            .with_hint("for a price of 0 use `linear_regression`"));
    }
    let (x, d, n) = (args.X.as_slice(), args.X.columns(), args.y.len() as f64);
    let highest = Descent::new(x, d, &args.y, args.fit_intercept).highest_price() / n;
    let alphas = match &args.alphas {
        Some(alphas) => alphas.to_vec(),
        None if highest > 0.0 && highest.is_finite() => spread(highest, args.n_alphas.get()),
        None if highest == 0.0 => {
            return Err(Error::undefined("/y", "no column goes with `y`: all weights are 0 at any price"));
        }
        None => return Err(overflow()),
    };
    let lines = path(x, d, &args.y, &alphas, args.fit_intercept, args.tolerance)?;
    Ok(Output {
        svg: picture(&alphas, &lines)?,
        n_nonzero: lines.iter().map(|line| line.coefficients.iter().filter(|c| **c != 0.0).count()).collect(),
        intercepts: lines.iter().map(|line| line.intercept).collect(),
        coefficients: lines.into_iter().map(|line| line.coefficients).collect(),
        alpha_max: highest,
        alphas,
    })
}

/// Prices from high to a thousandth of it, evenly on a logarithmic scale.
fn spread(highest: f64, count: usize) -> Vec<f64> {
    let last = (count - 1).max(1) as f64;
    (0..count).map(|i| highest * 1e-3_f64.powf(i as f64 / last)).collect()
}

/// The lines for some prices above 0, in their order, for rows of `columns` numbers in `x`, one for each of `y`. Each is
/// within `tolerance` times the target's mean square of the least objective.
///
/// ```
/// use roundtable_tools::linear::lasso_path;
///
/// let lines = lasso_path::path(&[1.0, 2.0, 3.0], 1, &[2.0, 4.0, 6.0], &[2.0, 1.0], true, 1e-9)?;
/// assert_eq!(lines[0].coefficients, [0.0]);
/// assert!((lines[1].coefficients[0] - 0.5).abs() < 1e-6); // (4 - 3 * 1) / 2
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `too_large` if numbers overflow.
///
/// # Panics
/// When `x` and `y` do not fit together.
pub fn path(
    x: &[f64],
    columns: usize,
    y: &[f64],
    alphas: &[f64],
    intercept: bool,
    tolerance: f64,
) -> Result<Vec<Line>, Error> {
    assert_eq!(x.len(), columns * y.len(), "a row of numbers for each target");
    let mut order: Vec<usize> = (0..alphas.len()).collect();
    order.sort_by(|a, b| alphas[*b].total_cmp(&alphas[*a]));
    let mut descent = Descent::new(x, columns, y, intercept);
    let mut lines = vec![Line { coefficients: Vec::new(), intercept: 0.0 }; alphas.len()];
    for i in order {
        let end = descent.solve(Price { l1: alphas[i] * y.len() as f64, l2: 0.0 }, tolerance, LIMITS.1);
        let line = Line { coefficients: descent.weights().to_vec(), intercept: descent.intercept() };
        if !line.coefficients.iter().chain([&line.intercept, &end.gap]).all(|x| x.is_finite()) {
            return Err(overflow());
        }
        lines[i] = line;
    }
    Ok(lines)
}

/// The most columns that a picture names.
const SHOWN: usize = 8;

fn picture(alphas: &[f64], lines: &[Line]) -> Result<String, Error> {
    let d = lines.first().map_or(0, |line| line.coefficients.len());
    let largest = |j: usize| lines.iter().fold(0.0, |most: f64, line| most.max(line.coefficients[j].abs()));
    let mut shown: Vec<(f64, usize)> = (0..d).map(|j| (largest(j), j)).collect();
    shown.sort_by(|a, b| b.0.total_cmp(&a.0));
    shown.truncate(SHOWN);
    shown.sort_by_key(|(_, j)| *j);
    let curves: Vec<(String, Vec<(f64, f64)>)> = shown
        .iter()
        .map(|(_, j)| {
            let mut points: Vec<(f64, f64)> =
                alphas.iter().zip(lines).map(|(alpha, line)| (alpha.log10(), line.coefficients[*j])).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            (format!("column {j}"), points)
        })
        .collect();
    let curves: Vec<chart::Line<'_>> = curves.iter().map(|(name, points)| chart::Line { name, points }).collect();
    let title =
        if d > SHOWN { format!("Lasso path: the {SHOWN} of {d} columns that weigh most") } else { "Lasso path".into() };
    chart::lines(&title, "price of weights (log10 alpha)", "weight (units of y per unit of x)", &curves)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, non_snake_case)]
    use super::*;
    use crate::{linear::lasso_regression, random::Random, value::Seed};

    fn table() -> (Vec<f64>, Vec<f64>) {
        let cell = |i: usize, j: usize| ((i * 37 + j * 101 + i * i * j) % 29) as f64 / 10.0;
        let x: Vec<f64> = (0..30).flat_map(|i| (0..5).map(move |j| cell(i, j))).collect();
        let y = x.chunks(5).enumerate().map(|(i, row)| 2.0 * row[1] - row[3] + cell(i, 7)).collect();
        (x, y)
    }

    #[test]
    fn each_point_is_a_lasso() {
        let (x, y) = table();
        let alphas = [0.05, 0.4, 0.001];
        for (alpha, line) in alphas.iter().zip(path(&x, 5, &y, &alphas, true, 1e-12).unwrap()) {
            let alone = lasso_regression::fit(&x, 5, &y, *alpha, true).unwrap();
            for (a, b) in line.coefficients.iter().zip(&alone.coefficients) {
                assert!((a - b).abs() < 1e-8, "{line:?} {alone:?}");
            }
        }
    }

    #[test]
    fn a_large_table_on_one_thread_and_on_two() {
        // Several blocks of rows, and a set that grows more than once.
        let (n, d) = (3000, 150);
        let mut random = Random::new(Seed::from(3));
        let x: Vec<f64> = (0..n * d).map(|_| 2.0 + random.normal()).collect();
        let y: Vec<f64> = x.chunks(d).map(|row| row.iter().step_by(3).sum::<f64>() + 5.0 * random.normal()).collect();
        let alphas = [0.5, 0.1, 0.001];
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let work = || path(&x, d, &y, &alphas, true, 1e-12).unwrap();
        let lines = pool(1).install(work);
        assert_eq!(lines, pool(2).install(work));
        for (alpha, line) in alphas.iter().zip(&lines) {
            // What is least: the slope is the price where a weight is not 0, and below it elsewhere.
            let rest: Vec<f64> = x.chunks(d).zip(&y).map(|(row, y)| y - line.at(row)).collect();
            for (j, weight) in line.coefficients.iter().enumerate() {
                let products = x.chunks(d).zip(&rest).map(|(row, rest)| (row[j] - 2.0) * rest);
                let slope = products.sum::<f64>() / n as f64;
                if *weight == 0.0 {
                    assert!(slope.abs() <= alpha + 1e-10, "column {j} at {alpha}: {slope}");
                } else {
                    assert!((slope - alpha * weight.signum()).abs() < 1e-10, "column {j} at {alpha}: {slope}");
                }
            }
        }
    }

    #[test]
    fn the_path_begins_at_zero_and_ends_near_least_squares() {
        let (x, y) = table();
        let rows: Vec<Vec<f64>> = x.chunks(5).map(<[f64]>::to_vec).collect();
        let args: Args = serde_json::from_value(serde_json::json!({"X": rows, "y": y})).unwrap();
        let out = run(&args).unwrap();
        assert_eq!((out.n_nonzero[0], out.alphas.len()), (0, 50));
        assert!(out.n_nonzero[49] == 5 && out.svg.contains("column 4"));
        // Price times sum of weights plus half the mean square is the objective: it falls with the price.
        assert!(out.alphas.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn nothing_to_explain() {
        let args = Args {
            X: [[1.0], [2.0]].try_into().unwrap(),
            y: [3.0, 3.0].try_into().unwrap(),
            alphas: None,
            n_alphas: fifty(),
            fit_intercept: true,
            tolerance: small(),
        };
        assert_eq!(run(&args).unwrap_err().path, "/y");
        let mut negative = args.clone();
        negative.alphas = Some([1.0, -1.0].try_into().unwrap());
        assert_eq!(run(&negative).unwrap_err().path, "/alphas/1");
    }
}
