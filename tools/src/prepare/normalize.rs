//! # Normalising rows
//!
//! Divides every row by its own length, so that only its direction is left: a long document and a short one with the
//! same mix of words become the same point. What "length" means is the norm: the square root of the sum of squares
//! (L2), the sum of the absolute values (L1), or the largest of them. This works along rows where `standardize` works
//! along columns, and needs nothing to be learnt, so it cannot leak.
//!
//! Cost: O(n d) for n rows of d columns.
//! Reference: G. Salton, C. Buckley, "Term-weighting approaches in automatic text retrieval", Information Processing &
//! Management 24(5), 1988.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, value::Matrix};

/// Scales each row of a table to length 1. Use it when the direction of a row matters and not its size, as with word
/// counts and embeddings before a dot product; `standardize` scales columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table: one row a sample.
    pub X: Matrix,
    /// What the length of a row is: `l2` the square root of the sum of squares (the default), `l1` the sum of the
    /// absolute values, `max` the largest absolute value.
    #[serde(default)]
    pub norm: Norm,
}

/// The length of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// The sum of the absolute values.
    L1,
    /// The square root of the sum of squares.
    #[default]
    L2,
    /// The largest absolute value.
    Max,
}

/// The scaled rows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The rows with length 1; a row of zeros stays.
    pub X: Vec<Vec<f64>>,
    /// How long each row was; null where that is beyond the largest number, which does not keep the row from being
    /// scaled.
    pub norms: Vec<Option<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Normalize the rows of [[3, 4], [1, 1]] to unit length",
    "L1-normalise these word counts: [[2, 0, 6], [1, 1, 2]]",
    "make every vector have length 1",
    "divide each row by its largest absolute value: [[1, -4], [2, 8]]",
];

/// Scales the rows.
///
/// # Errors
/// None.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (rows, norms) = args.X.iter().map(|row| unit(row, args.norm)).unzip();
    Ok(Output { X: rows, norms })
}

/// The row with length 1, and how long it was.
pub fn unit(row: &[f64], norm: Norm) -> (Vec<f64>, Option<f64>) {
    let largest = row.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if largest == 0.0 {
        return (row.to_vec(), Some(0.0));
    }
    // First by the largest value, so that no square or sum overflows or vanishes.
    let shares = || row.iter().map(|x| x / largest);
    let length = match norm {
        Norm::L1 => shares().map(f64::abs).sum(),
        Norm::L2 => shares().map(|x| x * x).sum::<f64>().sqrt(),
        Norm::Max => 1.0,
    };
    (shares().map(|x| x / length).collect(), Some(length * largest).filter(|norm| norm.is_finite()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(row: &[f64], norm: Norm) -> (Vec<f64>, Option<f64>) {
        let out = run(&Args { X: Matrix::from_rows(vec![row.to_vec()]).unwrap(), norm }).unwrap();
        (out.X[0].clone(), out.norms[0])
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(&[-3.0, 4.0], Norm::Max), (vec![-0.75, 1.0], Some(4.0)));
        assert_eq!(of(&[-2.0, 6.0], Norm::L1), (vec![-0.25, 0.75], Some(8.0)));
        let (row, norm) = of(&[3.0, 4.0], Norm::L2);
        assert!((row[0] - 0.6).abs() < 1e-16 && (norm.unwrap() - 5.0).abs() < 1e-15);
        assert_eq!(of(&[0.0, 0.0], Norm::L2), (vec![0.0, 0.0], Some(0.0)));
    }

    #[test]
    fn any_size_of_number() {
        for size in [5e-324, 1e-200, 1.7e308] {
            let (row, _) = of(&[size, size], Norm::L2);
            assert!((row[0] - 0.5_f64.sqrt()).abs() < 1e-15, "{size}: {row:?}");
        }
        assert_eq!(of(&[1.7e308, 1.7e308], Norm::L1), (vec![0.5, 0.5], None));
    }

    proptest! {
        #[test]
        fn the_length_is_one(row in prop::collection::vec(-9.0..9.0, 1..12)) {
            prop_assume!(row.iter().any(|x| *x != 0.0));
            let (unit, _) = of(&row, Norm::L2);
            prop_assert!((unit.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
            // Scaling what has length 1 changes nothing.
            for (a, b) in unit.iter().zip(of(&unit, Norm::L2).0) {
                prop_assert!((a - b).abs() < 1e-15);
            }
        }
    }
}
