//! # Min-max scaling
//!
//! Moves and stretches every column so that its smallest value becomes 0 and its largest 1. It keeps the shape of the
//! column and gives bounds that some methods ask for, but a single outlier squeezes everything else together. The
//! bounds come from the training rows; new rows may leave the interval, and are not cut off.
//!
//! Cost: O(n d) for n rows of d columns.
//! Reference: J. Han, M. Kamber, J. Pei, *Data Mining: Concepts and Techniques*, 3rd ed., 2011, §3.5.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Rescaling, check_columns, column};
use crate::{error::Error, value::Matrix};

/// Scales the columns of a table to the interval from 0 to 1 by their smallest and largest values. Use it when a method
/// wants bounded inputs and there are no outliers; `standardize` and `robust_scale` bear them better.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from: training rows, one row a sample, one column a feature.
    pub X: Matrix,
    /// New rows with the same columns, to be scaled with the bounds of `X`.
    #[serde(default)]
    pub X_test: Option<Matrix>,
}

/// The scaled tables.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The table with every column from 0 to 1; all 0 where a column never changes.
    pub X: Vec<Vec<f64>>,
    /// The new rows on the same scale, which may lie below 0 or above 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub X_test: Option<Vec<Vec<f64>>>,
    /// The smallest value of each column of `X`.
    pub min: Vec<f64>,
    /// The largest value of each.
    pub max: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Min-max scale [[10, 200], [20, 400], [15, 250]]",
    "bring every column into the range 0 to 1",
    "scale training rows [[1], [5], [3]] to [0, 1] and the test row [[6]] with the same bounds",
    "normalise the features by their minimum and maximum",
];

/// Scales the tables.
///
/// # Errors
/// `invalid_arguments` if the tables differ in columns, `too_large` if a range or a result overflows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_columns(&args.X, args.X_test.as_ref())?;
    let (min, max) = fit(&args.X);
    let range: Vec<f64> = min.iter().zip(&max).map(|(min, max)| max - min).collect();
    if let Some(j) = range.iter().position(|range| !range.is_finite()) {
        return Err(Error::too_large("/X", format!("the range of column {j} is beyond {:e}", f64::MAX)));
    }
    let scaling = Rescaling::new(min.clone(), range);
    let test = args.X_test.as_ref().map(|x| scaling.apply(x, "/X_test")).transpose()?;
    Ok(Output { X: scaling.apply(&args.X, "/X")?, X_test: test, min, max })
}

/// The smallest and the largest value of each column.
pub fn fit(x: &Matrix) -> (Vec<f64>, Vec<f64>) {
    let of =
        |j: usize| column(x, j).iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    (0..x.columns()).map(of).unzip()
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
        let out = of(vec![vec![2.0, 7.0], vec![6.0, 7.0], vec![3.0, 7.0]], Some(vec![vec![8.0, 9.0]])).unwrap();
        assert_eq!(out.X, [[0.0, 0.0], [1.0, 0.0], [0.25, 0.0]]);
        assert_eq!((out.min, out.max), (vec![2.0, 7.0], vec![6.0, 7.0]));
        assert_eq!(out.X_test.unwrap(), [[1.5, 2.0]]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]])).unwrap_err().path, "/X_test");
        assert_eq!(of(vec![vec![1.7e308], vec![-1.7e308]], None).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn every_column_fills_the_interval(x in prop::collection::vec(-5.0..5.0, 2..30)) {
            let out = of(x.iter().map(|x| vec![*x]).collect(), None).unwrap();
            prop_assert!(out.X.iter().all(|row| (0.0..=1.0).contains(&row[0])));
            prop_assert!(out.X.iter().any(|row| row[0] == 0.0));
        }
    }
}
