//! # Standardising
//!
//! Moves every column to mean 0 and stretches it to standard deviation 1, so that columns in metres and in millimetres
//! count alike: each value becomes the number of deviations that it lies above the mean (its z score). Means and
//! deviations come from the training rows alone and are then used for new rows as they are; taking them from all rows
//! would tell the model about rows that it is tested on. A column that never changes becomes 0.
//!
//! Cost: O(n d) for n rows of d columns, in two passes, since the mean may be much larger than the spread.
//! Reference: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd ed., 2009, §3.4.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Rescaling, check_columns, column};
use crate::{
    error::Error,
    stats::mean_variance::{mean, sum_of_squares},
    value::Matrix,
};

/// Standardises the columns of a table to mean 0 and standard deviation 1 (z scores). Use it before anything that
/// compares or adds up columns: regression with a penalty, nearest neighbours, k-means, PCA, neural networks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from: training rows, one row a sample, one column a feature.
    pub X: Matrix,
    /// New rows with the same columns, to be scaled with the means and deviations of `X`.
    #[serde(default)]
    pub X_test: Option<Matrix>,
}

/// The scaled tables.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The table with every column at mean 0 and deviation 1; all 0 where a column never changes.
    pub X: Vec<Vec<f64>>,
    /// The new rows on the same scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub X_test: Option<Vec<Vec<f64>>>,
    /// The mean of each column of `X`, in its own units.
    pub mean: Vec<f64>,
    /// The standard deviation of each (divided by n), in its own units; 0 where a column never changes, and such a
    /// column is only moved, not divided.
    pub std: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Standardize [[170, 65], [180, 80], [165, 58]]",
    "give my features zero mean and unit variance",
    "z-scores of the columns of [[1, 200], [2, 300], [4, 250]], and scale the test row [[3, 220]] the same way",
    "standardise this table before k-means",
];

/// Scales the tables.
///
/// # Errors
/// `invalid_arguments` if the tables differ in columns, `too_large` if squares or results overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_columns(&args.X, args.X_test.as_ref())?;
    let (mean, std) = fit(&args.X)?;
    let scaling = Rescaling::new(mean.clone(), std.clone());
    let test = args.X_test.as_ref().map(|x| scaling.apply(x, "/X_test")).transpose()?;
    Ok(Output { X: scaling.apply(&args.X, "/X")?, X_test: test, mean, std })
}

/// The mean and the standard deviation (divided by n) of each column; a deviation is 0 where it is no larger than what
/// rounding makes of equal numbers.
///
/// # Errors
/// `too_large` if squares overflow.
pub fn fit(x: &Matrix) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let n = x.rows() as f64;
    let of = |j: usize| {
        let column = column(x, j);
        let mean = mean(&column);
        let std = (sum_of_squares(&column, mean) / n).sqrt();
        (mean, if std <= 4.0 * f64::EPSILON * mean.abs() { 0.0 } else { std })
    };
    let (mean, std): (Vec<f64>, Vec<f64>) = (0..x.columns()).map(of).unzip();
    match std.iter().position(|std| !std.is_finite()) {
        Some(j) => Err(Error::too_large("/X", format!("the variance of column {j} is beyond {:e}", f64::MAX))),
        None => Ok((mean, std)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>, test: Option<Vec<Vec<f64>>>) -> Result<Output, Error> {
        run(&Args { X: Matrix::from_rows(rows)?, X_test: test.map(Matrix::from_rows).transpose()? })
    }

    #[test]
    fn by_hand() {
        // Mean 4, both values 2 away from it.
        let out = of(vec![vec![2.0, 0.1], vec![6.0, 0.1]], Some(vec![vec![8.0, 1.1]])).unwrap();
        assert_eq!((out.mean.clone(), out.std), (vec![4.0, 0.1], vec![2.0, 0.0]));
        assert_eq!(out.X, [[-1.0, 0.0], [1.0, 0.0]]);
        // New rows may leave the range, and a column that never changed is moved only.
        assert_eq!(out.X_test.unwrap(), [[2.0, 1.0]]);
    }

    #[test]
    fn equal_but_for_rounding_is_equal() {
        let out = of(vec![vec![0.1 + 0.2], vec![0.3], vec![0.3]], None).unwrap();
        assert!(out.X.iter().all(|row| row[0].abs() < 1e-15), "{out:?}");
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]])).unwrap_err().path, "/X_test");
        assert_eq!(of(vec![vec![1e300], vec![-1e300]], None).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(vec![vec![0.0], vec![1e-9]], Some(vec![vec![1e308]])).unwrap_err().path, "/X_test");
    }

    proptest! {
        #[test]
        fn units_do_not_matter(x in prop::collection::vec(-5.0..5.0, 2..30), unit in 0.01..100.0, zero in -9.0..9.0) {
            prop_assume!(x.iter().any(|a: &f64| (a - x[0]).abs() > 1e-3));
            let out = of(x.iter().map(|x| vec![*x, zero + unit * x]).collect(), None).unwrap();
            for row in out.X {
                prop_assert!((row[0] - row[1]).abs() < 1e-7);
            }
        }
    }
}
