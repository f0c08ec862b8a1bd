//! # Robust scaling
//!
//! Moves every column to median 0 and divides by the interquartile range, the width of its middle half. Up to a quarter
//! of the values on either side can be anything without moving the scale much, where a single outlier spoils mean and
//! standard deviation. Median and range come from the training rows alone.
//!
//! Cost: O(n log n) a column for sorting.
//! Reference: P. J. Huber, E. M. Ronchetti, *Robust Statistics*, 2nd ed., 2009, §5.1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Rescaling, check_columns, column};
use crate::{error::Error, stats::describe::quantile, value::Matrix};

/// Scales the columns of a table by their median and interquartile range, which outliers hardly move. Use it instead of
/// `standardize` when some values are far off.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from: training rows, one row a sample, one column a feature.
    pub X: Matrix,
    /// New rows with the same columns, to be scaled with the medians and ranges of `X`.
    #[serde(default)]
    pub X_test: Option<Matrix>,
}

/// The scaled tables.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The table with every column at median 0 and interquartile range 1.
    pub X: Vec<Vec<f64>>,
    /// The new rows on the same scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub X_test: Option<Vec<Vec<f64>>>,
    /// The median of each column of `X`, in its own units.
    pub center: Vec<f64>,
    /// What each column was divided by: its interquartile range, or 1 where that is 0.
    pub scale: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Robust-scale [[1], [2], [3], [4], [1000]]",
    "scale by median and IQR, my data have outliers",
    "use the robust scaler on [[170, 65], [180, 80], [165, 58], [175, 400]]",
    "rescale columns so that extreme values do not matter",
];

/// Scales the tables.
///
/// # Errors
/// `invalid_arguments` if the tables differ in columns, `too_large` if a range or a result overflows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_columns(&args.X, args.X_test.as_ref())?;
    let (center, scale) = fit(&args.X)?;
    let scaling = Rescaling::new(center.clone(), scale.clone());
    let test = args.X_test.as_ref().map(|x| scaling.apply(x, "/X_test")).transpose()?;
    Ok(Output { X: scaling.apply(&args.X, "/X")?, X_test: test, center, scale })
}

/// The median and the interquartile range of each column, 1 where that is 0.
///
/// # Errors
/// `too_large` if a range overflows.
pub fn fit(x: &Matrix) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let of = |j: usize| {
        let mut column = column(x, j);
        column.sort_by(f64::total_cmp);
        let range = quantile(&column, 0.75) - quantile(&column, 0.25);
        (quantile(&column, 0.5), if range == 0.0 { 1.0 } else { range })
    };
    let (center, scale): (Vec<f64>, Vec<f64>) = (0..x.columns()).map(of).unzip();
    match scale.iter().position(|scale| !scale.is_finite()) {
        Some(j) => Err(Error::too_large("/X", format!("the range of column {j} is beyond {:e}", f64::MAX))),
        None => Ok((center, scale)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>, test: Option<Vec<Vec<f64>>>) -> Result<Output, Error> {
        run(&Args { X: Matrix::from_rows(rows)?, X_test: test.map(Matrix::from_rows).transpose()? })
    }

    #[test]
    fn by_hand() {
        // Of 1, 2, 3, 4, 100 the quartiles are 2 and 4, the median is 3.
        let out = of([1.0, 2.0, 3.0, 4.0, 100.0].map(|x| vec![x, 5.0]).to_vec(), Some(vec![vec![5.0, 6.0]])).unwrap();
        assert_eq!((out.center, out.scale), (vec![3.0, 5.0], vec![2.0, 1.0]));
        assert_eq!(out.X, [[-1.0, 0.0], [-0.5, 0.0], [0.0, 0.0], [0.5, 0.0], [48.5, 0.0]]);
        assert_eq!(out.X_test.unwrap(), [[1.0, 1.0]]);
        assert_eq!(of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]])).unwrap_err().path, "/X_test");
    }

    proptest! {
        #[test]
        fn an_outlier_moves_nothing_else(x in prop::collection::vec(-5.0..5.0_f64, 7..30), far in 10.0..1e9) {
            let most = x.iter().copied().fold(f64::MIN, f64::max);
            let with = |last: f64| of(x.iter().chain([&last]).map(|x| vec![*x]).collect(), None).unwrap();
            let (near, away) = (with(most + 0.1), with(far));
            prop_assert_eq!(&near.X[..x.len()], &away.X[..x.len()]);
        }
    }
}
