//! # Filling gaps, column by column
//!
//! Most methods cannot work on a table with holes. The simplest repair puts one number into all holes of a column: its
//! mean (keeps the mean, shrinks the variance), its median (the same, but outliers do not move it), its most frequent
//! value (for codes and counts), or a constant. The number comes from the training rows and is used for new rows too.
//! Whatever is filled in is a guess; how many cells were guessed is part of the result.
//!
//! Cost: O(n d) for n rows of d columns, O(n log n) a column where values are sorted.
//! Reference: R. J. A. Little, D. B. Rubin, *Statistical Analysis with Missing Data*, 3rd ed., 2019, §4.2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_width;
use crate::{
    error::Error,
    stats::{describe::quantile, mean_variance::mean},
    value::Gappy,
};

/// Fills missing values (null) with the mean, the median or the most frequent value of their column, or with a constant.
/// Use it before methods that need complete tables; `impute_knn` looks at similar rows instead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from and to fill: one row a sample, `null` where a value is missing.
    pub X: Gappy,
    /// What to fill in: `mean` of the column (the default), its `median`, its `most_frequent` value (the smallest of
    /// several), or a `constant`.
    #[serde(default)]
    pub strategy: Filling,
    /// What the strategy `constant` fills in: fill value; 0 when not given.
    #[serde(default)]
    pub fill_value: f64,
    /// New rows with the same columns, to be filled with the same numbers.
    #[serde(default)]
    pub X_test: Option<Gappy>,
}

/// What to put into the holes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// The mean of what is there.
    #[default]
    Mean,
    /// The median of what is there.
    Median,
    /// The value that is there most often, the smallest of several.
    MostFrequent,
    /// Always the same number.
    Constant,
}

/// The complete tables.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The table without gaps.
    pub X: Vec<Vec<f64>>,
    /// The new rows without gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub X_test: Option<Vec<Vec<f64>>>,
    /// What was filled in, one number a column.
    pub statistics: Vec<f64>,
    /// How many cells of `X` were filled.
    pub n_imputed: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Fill the missing values of [[1, null], [3, 4], [null, 6]] with the column means",
    "impute nulls by the median",
    "replace every missing number with -1 in [[null, 2], [3, null]]",
    "my table has gaps: [[25, 50000], [null, 62000], [31, null]]; complete it with the most frequent value",
];

/// Fills the gaps.
///
/// # Errors
/// `invalid_arguments` if the tables differ in columns, `undefined` if a column has no value to learn from.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_width(args.X.columns(), args.X_test.as_ref().map(Gappy::columns))?;
    if !args.fill_value.is_finite() {
        return Err(Error::invalid("/fill_value", format!("`{}` is not a finite number", args.fill_value)));
    }
    let statistics = fit(&args.X, args.strategy, args.fill_value)?;
    let fill = |x: &Gappy| x.iter().map(|row| filled(row, &statistics)).collect();
    let (x, test) = (fill(&args.X), args.X_test.as_ref().map(fill));
    Ok(Output { X: x, X_test: test, n_imputed: args.X.missing(), statistics })
}

/// What to fill into each column.
///
/// # Errors
/// `undefined` if a column has no value at all and the strategy is not `Constant`.
pub fn fit(x: &Gappy, strategy: Filling, constant: f64) -> Result<Vec<f64>, Error> {
    let column = |j: usize| {
        let mut known: Vec<f64> = x.known(j).collect();
        if known.is_empty() && strategy != Filling::Constant {
            return Err(Error::undefined("/X", format!("column {j} has no value at all"))
                .with_hint("leave the column out, or use the strategy `constant`"));
        }
        known.sort_by(f64::total_cmp);
        Ok(match strategy {
            Filling::Mean => mean(&known),
            Filling::Median => quantile(&known, 0.5),
            Filling::MostFrequent => most_frequent(&known),
            Filling::Constant => constant,
        })
    };
    (0..x.columns()).map(column).collect()
}

/// The first of the longest runs of equal numbers.
fn most_frequent(sorted: &[f64]) -> f64 {
    let runs = sorted.chunk_by(|a, b| a == b).rev();
    runs.max_by_key(|run| run.len()).map_or(0.0, |run| run[0])
}

/// The row with the column's number in each gap.
pub(crate) fn filled(row: &[Option<f64>], statistics: &[f64]) -> Vec<f64> {
    row.iter().zip(statistics).map(|(cell, number)| cell.unwrap_or(*number)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(column: &[Option<f64>], strategy: Filling) -> Result<Output, Error> {
        let x = Gappy::from_rows(column.iter().map(|cell| vec![*cell]).collect())?;
        run(&Args { X: x, strategy, fill_value: -1.0, X_test: Some(Gappy::from_rows(vec![vec![None]])?) })
    }

    #[test]
    fn by_hand() {
        let column = [Some(8.0), Some(1.0), None, Some(1.0), Some(8.0), Some(2.0), None];
        for (strategy, expected) in
            [(Filling::Mean, 4.0), (Filling::Median, 2.0), (Filling::MostFrequent, 1.0), (Filling::Constant, -1.0)]
        {
            let out = of(&column, strategy).unwrap();
            assert_eq!((out.X[2][0], out.X[6][0], out.X[0][0]), (expected, expected, 8.0));
            assert_eq!((out.X_test.unwrap()[0][0], out.n_imputed), (expected, 2));
        }
    }

    #[test]
    fn nothing_to_learn_from() {
        assert_eq!(of(&[None, None], Filling::Mean).unwrap_err().kind, ErrorKind::Undefined);
        assert_eq!(of(&[None, None], Filling::Constant).unwrap().X, [[-1.0], [-1.0]]);
    }

    proptest! {
        #[test]
        fn the_mean_stays(column in prop::collection::vec(prop::option::of(-9.0..9.0), 1..30)) {
            prop_assume!(column.iter().any(Option::is_some));
            let out = of(&column, Filling::Mean).unwrap();
            let all: Vec<f64> = out.X.iter().map(|row| row[0]).collect();
            prop_assert!((mean(&all) - out.statistics[0]).abs() < 1e-12);
        }
    }
}
