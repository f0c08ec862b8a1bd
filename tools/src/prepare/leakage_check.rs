//! # Looking for leaks
//!
//! A model that was tested on what it had seen looks better than it is. Two leaks can be found by looking at the data:
//! rows that are in the training set and in the test set, and columns that are the target in disguise (a "date of
//! cancellation" that only customers who left have). The first are found by comparing rows exactly, the second by a
//! correlation with the target that is too good to be true. Passing does not prove that nothing leaks.
//!
//! Cost: O((n + m) d) for n training rows and m test rows of d columns, plus the pairs found.
//! Reference: S. Kaufman, S. Rosset, C. Perlich, "Leakage in data mining: formulation, detection, and avoidance", ACM
//! TKDD 6(4), 2012.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::column;
use crate::{
    error::Error,
    stats::correlation,
    value::{Fraction, Matrix},
};

/// Looks for data leakage: rows that training and test set share, and columns that give the target away. Use it before
/// believing a score that seems too good.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The training rows: one row a sample, one column a feature.
    pub X_train: Matrix,
    /// The test rows, to be compared with the training rows.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// The target of each training row, a class or a number, to be compared with the columns.
    #[serde(default)]
    pub y_train: Option<Vec<f64>>,
    /// From which correlation with the target on, in size, a column is suspicious; 0.95 when not given.
    #[serde(default = "usual")]
    pub threshold: Fraction,
}

fn usual() -> Fraction {
    Fraction::NINETY_FIVE_PERCENT
}

/// What was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Equal rows, each as [training row, test row], counted from 0; the first 10,000.
    pub duplicate_pairs: Vec<(usize, usize)>,
    /// How many such pairs there are in all.
    pub n_duplicates: usize,
    /// The share of the test rows that are also training rows.
    pub leaked_test_share: f64,
    /// The columns that correlate with the target above the threshold, counted from 0.
    pub suspicious_features: Vec<usize>,
    /// The correlation of each column with the target, from -1 to 1: null where it has none; empty without a target.
    pub target_correlations: Vec<Option<f64>>,
    /// What it means, in a sentence.
    pub verdict: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Do training and test set share rows? train [[1, 2], [3, 4]], test [[3, 4], [5, 6]]",
    "check my split for data leakage",
    "is one of the features a copy of the target? X_train [[1, 0], [5, 1], [2, 0], [4, 1]], y_train 0, 1, 0, 1",
    "my accuracy is 99.9 %, which column leaks the label?",
];

/// The most pairs listed.
const PAIRS: usize = 10_000;

/// Looks for leaks.
///
/// # Errors
/// `invalid_arguments` if there is nothing to compare with, or it does not fit.
pub fn run(args: &Args) -> Result<Output, Error> {
    if args.X_test.is_none() && args.y_train.is_none() {
        return Err(Error::invalid("/X_test", "there is nothing to compare the training rows with").with_hint(
            "give `X_test` to look for shared rows, or `y_train` to look for columns that tell the target",
        ));
    }
    let (mut pairs, mut total, mut leaked) = (Vec::new(), 0, 0.0);
    if let Some(test) = &args.X_test {
        if test.columns() != args.X_train.columns() {
            let (test, train) = (test.columns(), args.X_train.columns());
            return Err(Error::invalid("/X_test", format!("`X_test` has {test} columns, but `X_train` has {train}")));
        }
        let (groups, of_test) = duplicates(&args.X_train, test);
        let found = || of_test.iter().enumerate().filter_map(|(j, group)| Some((j, &groups[(*group)?])));
        total = found().map(|(_, rows)| rows.len()).sum();
        leaked = found().count() as f64 / test.rows() as f64;
        pairs = found().flat_map(|(j, rows)| rows.iter().map(move |&i| (i, j))).take(PAIRS).collect();
        pairs.sort_unstable();
    }
    let target_correlations = match &args.y_train {
        Some(y) => correlations(&args.X_train, y)?,
        None => Vec::new(),
    };
    let suspicious = target_correlations.iter().enumerate();
    let suspicious = suspicious.filter(|(_, r)| r.is_some_and(|r| r.abs() > args.threshold.get()));
    let suspicious_features: Vec<usize> = suspicious.map(|(column, _)| column).collect();
    Ok(Output {
        verdict: verdict(leaked, &suspicious_features),
        duplicate_pairs: pairs,
        n_duplicates: total,
        leaked_test_share: leaked,
        suspicious_features,
        target_correlations,
    })
}

/// Groups of equal training rows, and for each test row the group that it belongs to, if any.
fn duplicates(train: &Matrix, test: &Matrix) -> (Vec<Vec<usize>>, Vec<Option<usize>>) {
    // The two zeros are one number.
    let key = |row: &[f64]| -> Vec<u64> { row.iter().map(|x| (x + 0.0).to_bits()).collect() };
    let mut places: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, row) in train.iter().enumerate() {
        let place = *places.entry(key(row)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(i);
    }
    let of_test = test.iter().map(|row| places.get(&key(row)).copied()).collect();
    (groups, of_test)
}

/// Pearson's correlation of every column with the target.
fn correlations(x: &Matrix, y: &[f64]) -> Result<Vec<Option<f64>>, Error> {
    if y.len() != x.rows() {
        return Err(Error::invalid("/y_train", format!("there are {} targets for {} rows", y.len(), x.rows()))
            .with_hint("give one target a row"));
    }
    if let Some(i) = y.iter().position(|y| !y.is_finite()) {
        return Err(Error::invalid(format!("/y_train/{i}"), format!("`{}` is not a finite number", y[i])));
    }
    Ok((0..x.columns()).map(|j| correlation(&column(x, j), y)).collect())
}

fn verdict(leaked: f64, suspicious: &[usize]) -> String {
    let rows = (leaked > 0.0).then(|| format!("{:.1} % of the test rows are training rows too", 100.0 * leaked));
    let columns = (!suspicious.is_empty()).then(|| {
        let listed: Vec<String> = suspicious.iter().take(10).map(usize::to_string).collect();
        format!("the target can be read from column {}", listed.join(", "))
    });
    let found: Vec<String> = rows.into_iter().chain(columns).collect();
    if found.is_empty() {
        "no leak was found, which does not prove that there is none".to_owned()
    } else {
        found.join("; ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(train: Vec<Vec<f64>>, test: Option<Vec<Vec<f64>>>, y: Option<Vec<f64>>) -> Result<Output, Error> {
        let test = test.map(Matrix::from_rows).transpose()?;
        run(&Args { X_train: Matrix::from_rows(train)?, X_test: test, y_train: y, threshold: usual() })
    }

    #[test]
    fn by_hand() {
        let train = vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![0.0, 4.0], vec![3.0, 4.0]];
        let test = vec![vec![3.0, 4.0], vec![1.0, 2.5], vec![-0.0, 4.0]];
        let out = of(train, Some(test), None).unwrap();
        assert_eq!((out.duplicate_pairs, out.n_duplicates), (vec![(1, 0), (2, 2), (3, 0)], 3));
        assert!((out.leaked_test_share - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(out.verdict, "66.7 % of the test rows are training rows too");
    }

    #[test]
    fn a_target_in_disguise() {
        let train = vec![vec![5.0, 1.0, -1e300], vec![2.0, 1.0, 1e300], vec![4.0, 1.0, -1e300], vec![3.0, 1.0, 1e300]];
        let out = of(train, None, Some(vec![0.0, 1.0, 0.0, 1.0])).unwrap();
        assert_eq!((out.suspicious_features, out.target_correlations[1]), (vec![2], None));
        // Columns 5, 2, 4, 3 and 0, 1, 0, 1: products -2 over √5.
        assert!((out.target_correlations[0].unwrap() + 2.0 / 5.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(vec![vec![1.0]], None, None).unwrap_err().path, "/X_test");
        assert_eq!(of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]]), None).unwrap_err().path, "/X_test");
        assert_eq!(of(vec![vec![1.0]], None, Some(vec![])).unwrap_err().path, "/y_train");
    }

    proptest! {
        #[test]
        fn a_set_compared_with_itself_leaks_wholly(x in prop::collection::vec(-9.0..9.0, 1..20)) {
            let rows: Vec<Vec<f64>> = x.iter().map(|x| vec![*x]).collect();
            let out = of(rows.clone(), Some(rows), Some(x)).unwrap();
            prop_assert_eq!(out.leaked_test_share, 1.0);
            prop_assert!(out.target_correlations[0].is_none_or(|r| r > 0.999));
        }
    }
}
