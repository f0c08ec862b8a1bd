//! # Filling gaps from similar rows
//!
//! A missing value is guessed from the rows most like its own: the k nearest among those that have the value. Nearness
//! uses the columns that both rows have, and makes up for the others by the share of them,
//! `√(d / shared · Σ (a - b)²)`, so that rows with many gaps do not look near. Neighbours count alike, or the nearer the
//! more. A row that shares no column with any other gets the mean of the column. Columns should be on one scale first.
//!
//! Cost: O(g n d) for g rows with gaps among n rows of d columns.
//! Reference: O. Troyanskaya et al., "Missing value estimation methods for DNA microarrays", Bioinformatics 17(6), 2001.

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    check_width,
    impute_missing::{self, Filling},
};
use crate::{error::Error, value::Gappy};

/// Fills missing values (null) with the average of the k most similar rows that have them. Use it when columns depend on
/// each other; `impute_missing` takes one number for a whole column.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from and to fill: one row a sample, `null` where a value is missing.
    pub X: Gappy,
    /// How many neighbours to average; 5 when not given, and all of them if there are fewer.
    #[serde(default = "five")]
    pub k: NonZeroUsize,
    /// How neighbours count: `uniform` all alike (the default), `distance` by 1 over their distance.
    #[serde(default)]
    pub weights: Weights,
    /// New rows with the same columns, to be filled from the rows of `X`.
    #[serde(default)]
    pub X_test: Option<Gappy>,
}

fn five() -> NonZeroUsize {
    const { NonZeroUsize::new(5).expect("not zero") }
}

/// How much each neighbour counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// All alike.
    #[default]
    Uniform,
    /// By 1 over the distance; those at distance 0 alone if there are any.
    Distance,
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
    /// How many cells of `X` were filled.
    pub n_imputed: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Fill the gaps of [[1, 2], [1.1, null], [8, 9], [null, 9.2]] from the nearest row, k = 1",
    "k-NN imputation with 3 neighbours",
    "guess missing values from similar rows, nearer ones count more",
    "impute nulls using the five nearest neighbours",
];

/// The most comparisons of cells in one call.
const LIMIT: usize = 2_000_000_000;

/// Fills the gaps.
///
/// # Errors
/// `invalid_arguments` if the tables differ in columns, `undefined` if a column has no value at all, `too_large` beyond
/// two thousand million comparisons of cells, or if squared distances overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_width(args.X.columns(), args.X_test.as_ref().map(Gappy::columns))?;
    let with_gaps = |x: &Gappy| x.iter().filter(|row| row.contains(&None)).count();
    let receivers = with_gaps(&args.X) + args.X_test.as_ref().map_or(0, with_gaps);
    let work = receivers.saturating_mul(args.X.rows()).saturating_mul(args.X.columns());
    if work > LIMIT {
        let message = format!("{receivers} rows with gaps make {work} comparisons, the limit is {LIMIT}");
        return Err(Error::too_large("/X", message).with_hint("use fewer rows, or `impute_missing`"));
    }
    let fill = |x: &Gappy| impute(&args.X, x, args.k.get(), args.weights);
    let test = args.X_test.as_ref().map(fill).transpose()?;
    Ok(Output { X: fill(&args.X)?, X_test: test, n_imputed: args.X.missing() })
}

/// Fills the gaps of `x` from the rows of `donors`, which has the same columns.
///
/// # Errors
/// `undefined` if a column of `donors` has no value at all, `too_large` if squared distances overflow.
pub fn impute(donors: &Gappy, x: &Gappy, k: usize, weights: Weights) -> Result<Vec<Vec<f64>>, Error> {
    let means = impute_missing::fit(donors, Filling::Mean, 0.0)?;
    let rows: Vec<&[Option<f64>]> = x.iter().collect();
    rows.par_iter().map(|row| fill(donors, row, &means, k, weights)).collect()
}

fn fill(donors: &Gappy, row: &[Option<f64>], means: &[f64], k: usize, weights: Weights) -> Result<Vec<f64>, Error> {
    let mut filled = impute_missing::filled(row, means);
    if !row.contains(&None) {
        return Ok(filled);
    }
    // Squared distances in the order of the rows, without those that share no column.
    let apart = donors.iter().enumerate().filter_map(|(i, donor)| distance(row, donor).map(|apart| (apart, i)));
    let apart: Vec<(f64, usize)> = apart.collect();
    if apart.iter().any(|(apart, _)| !apart.is_finite()) {
        return Err(Error::too_large("/X", format!("a squared distance is beyond {:e}", f64::MAX))
            .with_hint("scale the columns down"));
    }
    for column in (0..row.len()).filter(|&column| row[column].is_none()) {
        let mut able: Vec<(f64, f64)> =
            apart.iter().filter_map(|(apart, i)| Some((*apart, donors.row(*i)[column]?))).collect();
        if able.is_empty() {
            continue;
        }
        if k < able.len() {
            // Of equally near rows the earlier ones: the sort is stable.
            able.sort_by(|a, b| a.0.total_cmp(&b.0));
            able.truncate(k);
        }
        filled[column] = average(&able, weights);
    }
    Ok(filled)
}

/// The squared distance over the columns that both have, as if they had all; none if they have none in common.
///
/// `|a|² - 2ab + |b|²`, less what either has where the other has a gap: scikit-learn's way, whose results we keep to the
/// last digit. It can leave two rows of the same numbers a rounding error apart, where `Σ (a - b)²` would be 0.
fn distance(a: &[Option<f64>], b: &[Option<f64>]) -> Option<f64> {
    let (mut of_a, mut of_b, mut both, mut a_alone, mut b_alone, mut shared) = (0.0, 0.0, 0.0, 0.0, 0.0, 0_u32);
    for (a, b) in a.iter().zip(b) {
        let (x, y) = (a.unwrap_or(0.0), b.unwrap_or(0.0));
        of_a += x * x;
        of_b += y * y;
        both += x * y;
        match (a, b) {
            (Some(_), Some(_)) => shared += 1,
            (Some(_), None) => a_alone += x * x,
            (None, Some(_)) => b_alone += y * y,
            (None, None) => {}
        }
    }
    let square = f64::max(-2.0 * both + of_a + of_b, 0.0) - a_alone - b_alone;
    // What overflowed is no number any more, and must not become 0.
    let square = if square.is_nan() { f64::INFINITY } else { square.max(0.0) };
    (shared > 0).then(|| square / f64::from(shared) * a.len() as f64)
}

/// The mean of the second numbers, whose weights follow from the first ones, squared distances.
fn average(neighbours: &[(f64, f64)], weights: Weights) -> f64 {
    let nearest = neighbours.iter().map(|(apart, _)| *apart).fold(f64::INFINITY, f64::min);
    let weight = |apart: f64| match weights {
        Weights::Uniform => 1.0,
        Weights::Distance if nearest == 0.0 => f64::from(u8::from(apart == 0.0)),
        // Relative to the nearest, so that no reciprocal overflows.
        Weights::Distance => nearest.sqrt() / apart.sqrt(),
    };
    let total: f64 = neighbours.iter().map(|(apart, _)| weight(*apart)).sum();
    neighbours.iter().map(|(apart, value)| weight(*apart) / total * value).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(x: Vec<Vec<Option<f64>>>, k: usize, weights: Weights) -> Result<Output, Error> {
        run(&Args { X: Gappy::from_rows(x)?, k: NonZeroUsize::new(k).unwrap(), weights, X_test: None })
    }

    #[test]
    fn by_hand() {
        let x = vec![vec![Some(0.0), Some(10.0)], vec![Some(1.0), None], vec![Some(3.0), Some(40.0)]];
        assert_eq!(of(x.clone(), 1, Weights::Uniform).unwrap().X[1], [1.0, 10.0]);
        assert_eq!(of(x.clone(), 2, Weights::Uniform).unwrap().X[1], [1.0, 25.0]);
        // Distances 1 and 2 (both times √2): weights 2/3 and 1/3.
        assert!((of(x.clone(), 9, Weights::Distance).unwrap().X[1][1] - 20.0).abs() < 1e-12);
        assert_eq!(of(x, 1, Weights::Uniform).unwrap().n_imputed, 1);
    }

    #[test]
    fn a_row_in_the_same_place_counts_alone() {
        let x = vec![vec![Some(1.0), None], vec![Some(1.0), Some(5.0)], vec![Some(2.0), Some(9.0)]];
        assert_eq!(of(x, 2, Weights::Distance).unwrap().X[0], [1.0, 5.0]);
    }

    #[test]
    fn a_row_like_no_other_gets_the_means() {
        let x = vec![vec![None, Some(4.0)], vec![Some(2.0), None], vec![Some(6.0), None]];
        assert_eq!(of(x, 1, Weights::Uniform).unwrap().X, [[4.0, 4.0], [2.0, 4.0], [6.0, 4.0]]);
    }

    #[test]
    fn refuses_what_cannot_be_filled() {
        assert_eq!(of(vec![vec![None, Some(1.0)]], 1, Weights::Uniform).unwrap_err().kind, ErrorKind::Undefined);
        let far = vec![vec![Some(1e200), None], vec![Some(-1e200), Some(1.0)]];
        assert_eq!(of(far, 1, Weights::Uniform).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn guesses_lie_among_the_values(
            x in prop::collection::vec(prop::collection::vec(prop::option::of(-9.0..9.0), 3), 2..12), k in 1_usize..5,
        ) {
            prop_assume!((0..3).all(|j| x.iter().any(|row| row[j].is_some())));
            let out = of(x.clone(), k, Weights::Distance).unwrap();
            for j in 0..3 {
                let known: Vec<f64> = x.iter().filter_map(|row| row[j]).collect();
                let low = known.iter().copied().fold(f64::INFINITY, f64::min);
                let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(out.X.iter().all(|row| (low - 1e-9..=high + 1e-9).contains(&row[j])));
            }
        }
    }
}
