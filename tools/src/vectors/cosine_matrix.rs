//! # Cosine similarity matrix
//!
//! The cosine of the angle between each pair of rows: divide each row by its length, then take all inner products. Of a
//! table with itself only one half has to be computed, because the matrix is symmetric.
//!
//! Cost: O(n · m · d), as one product of matrices on all threads; the result is written once.
//! Reference: G. Salton, A. Wong, C. S. Yang, "A vector space model for automatic indexing", CACM 18(11), 1975.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pairs;
use crate::{
    error::Error,
    kernel::{Real, View, gram, inside, matmul, vectorized, zeros},
    value::Matrix,
};

/// Computes the cosine similarity of all pairs of rows of a table, or of the rows of one table with those of another.
/// Use it to compare many embeddings or word counts by direction at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors, one a row, none all zeros.
    pub X: Matrix,
    /// Other vectors, with as many columns, none all zeros; those of `X` when not given. At most 4,000,000 pairs in all.
    #[serde(default)]
    pub Y: Option<Matrix>,
}

/// The similarities.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A row for each row of `X`, a column for each row of `Y` (or of `X`); from -1 (opposed) to 1 (same direction).
    pub matrix: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Cosine similarity of all rows of [[1,0],[1,1],[0,2]]",
    "similarity matrix of these embeddings: [[0.1,0.3],[0.2,0.1],[0.4,-0.2]]",
    "compare every row of X = [[1,2,0],[0,1,1]] with every row of Y = [[1,1,1],[2,0,0]] by cosine",
    "which of these vectors point in a similar direction? give me the whole matrix",
];

/// Computes all cosines.
///
/// # Errors
/// `invalid_arguments` if `Y` has another number of columns, `undefined` if a row is all zeros, `too_large` beyond
/// 4,000,000 pairs.
pub fn run(args: &Args) -> Result<Output, Error> {
    pairs(&args.X, args.Y.as_ref())?;
    for (name, table) in [("X", Some(&args.X)), ("Y", args.Y.as_ref())] {
        if let Some(row) = table.and_then(|table| table.iter().position(|row| row.iter().all(|x| *x == 0.0))) {
            let message = format!("row {row} of `{name}` is all zeros and has no direction");
            return Err(Error::undefined(format!("/{name}/{row}"), message));
        }
    }
    let d = args.X.columns();
    let (cosines, width) = match &args.Y {
        None => (similarities(args.X.as_slice(), d), args.X.rows()),
        Some(y) => (similarities_between(args.X.as_slice(), y.as_slice(), d), y.rows()),
    };
    // Rounding must not leave the range of a cosine.
    let matrix = cosines.chunks(width).map(|row| row.iter().map(|x| x.clamp(-1.0, 1.0)).collect()).collect();
    Ok(Output { matrix })
}

/// The cosines of all pairs of rows, of `dimensions` numbers each: as many rows and columns as there are rows. They may
/// leave -1 to 1 by a rounding error; those of a row of zeros are 0. Works on rayon's current threads.
///
/// ```
/// use roundtable_tools::vectors::cosine_matrix;
///
/// assert_eq!(cosine_matrix::similarities(&[2.0, 0.0, 0.0, 3.0_f32], 2), [1.0, 0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// When `dimensions` is 0 or `x` is not a whole number of rows.
pub fn similarities<T: Real>(x: &[T], dimensions: usize) -> Vec<T> {
    let rows = directions(x, dimensions);
    gram(View::new(&rows, rows.len() / dimensions, dimensions).t())
}

/// The cosines of the rows of `x` with the rows of `y`: a row of the result for each row of `x`. See [`similarities`].
///
/// # Panics
/// When `dimensions` is 0 or a block is not a whole number of rows.
pub fn similarities_between<T: Real>(x: &[T], y: &[T], dimensions: usize) -> Vec<T> {
    let (x, y) = (directions(x, dimensions), directions(y, dimensions));
    let (n, m) = (x.len() / dimensions, y.len() / dimensions);
    let mut cosines = zeros(n * m);
    matmul(View::new(&x, n, dimensions), View::new(&y, m, dimensions).t(), &mut cosines, T::ZERO);
    cosines
}

/// The rows, each divided by its length; rows of zeros stay.
pub(crate) fn directions<T: Real>(x: &[T], dimensions: usize) -> Vec<T> {
    assert!(x.len().is_multiple_of(dimensions), "rows of {dimensions} numbers");
    let mut rows = x.to_vec();
    rows.par_chunks_mut(dimensions * 64).for_each(|rows| {
        vectorized(
            #[inline(always)]
            || {
                for row in rows.chunks_exact_mut(dimensions) {
                    let mut square = inside::dot(row, row);
                    // Squares that leave the range: once more, with the largest entry brought to 1.
                    if !(square.is_finite() && square > T::EPSILON * T::EPSILON) {
                        let largest = row.iter().fold(T::ZERO, |largest, x| largest.max(x.abs()));
                        if largest == T::ZERO {
                            continue;
                        }
                        row.iter_mut().for_each(|x| *x /= largest);
                        square = inside::dot(row, row);
                    }
                    let length = square.sqrt();
                    row.iter_mut().for_each(|x| *x /= length);
                }
            },
        );
    });
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, vectors::vector_cosine::cosine};
    use proptest::prelude::*;

    fn of(x: Vec<Vec<f64>>, y: Option<Vec<Vec<f64>>>) -> Result<Vec<Vec<f64>>, Error> {
        let y = y.map(Matrix::from_rows).transpose()?;
        run(&Args { X: Matrix::from_rows(x)?, Y: y }).map(|out| out.matrix)
    }

    #[test]
    fn by_hand() {
        let got = of(vec![vec![3.0, 4.0], vec![4.0, 3.0]], None).unwrap();
        assert!((got[0][1] - 0.96).abs() < 1e-15 && (got[0][0] - 1.0).abs() < 1e-15); // 24 / 25
        assert_eq!(of(vec![vec![2.0, 0.0]], Some(vec![vec![0.0, 5.0], vec![-1.0, 0.0]])).unwrap(), [[0.0, -1.0]]);
    }

    #[test]
    fn size_does_not_matter() {
        // Oracle: the same vectors without the power of ten.
        for size in [1e-320, 1e-200, 1e200, 1e308] {
            let got = of(vec![vec![size, 0.0], vec![1.0, 1.0]], None).unwrap();
            assert!((got[0][1] - 0.5_f64.sqrt()).abs() < 1e-15, "{size}: {got:?}");
        }
    }

    #[test]
    fn refuses_what_has_no_direction() {
        let error = of(vec![vec![1.0, 2.0], vec![0.0, 0.0]], None).unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::Undefined, "/X/1"));
        assert_eq!(of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]])).unwrap_err().path, "/Y");
    }

    proptest! {
        #[test]
        fn agrees_with_one_pair_at_a_time(rows in prop::collection::vec(prop::collection::vec(0.1..9.0, 6), 1..40)) {
            let got = of(rows.clone(), None).unwrap();
            let both = of(rows.clone(), Some(rows.clone())).unwrap();
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    prop_assert!((got[i][j] - cosine(a, b)).abs() < 1e-14);
                    prop_assert_eq!(got[i][j], both[i][j]);
                }
            }
        }
    }
}
