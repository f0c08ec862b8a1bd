//! # Eigenvalues of a symmetric matrix
//!
//! The directions that a symmetric matrix only stretches, and by how much: `A v = λ v`. There are as many as rows, at
//! right angles to each other, and together they are the matrix. Those of a covariance matrix are its principal axes and
//! the variances along them.
//!
//! Method: reflections bring the matrix to three diagonals, and rotations (QL with implicit shifts) take the outer two
//! away; see `eigen.rs`. Cost: O(d³).
//! References: A. S. Householder, "Unitary triangularization of a nonsymmetric matrix", JACM 5(4), 1958; H. Bowdler,
//! R. Martin, C. Reinsch, J. Wilkinson, "The QR and QL algorithms for symmetric matrices", Numerische Mathematik 11,
//! 1968.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upright;
use crate::{eigen, error::Error, value::Matrix};

/// Computes all eigenvalues and eigenvectors of a symmetric matrix. Use it for covariance or similarity matrices, to see
/// along which directions they stretch and by how much.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The symmetric matrix, at most 1000 rows: the covariance, the square table.
    pub A: Matrix,
}

/// The eigenvalues and eigenvectors.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The eigenvalues, from large to small.
    pub values: Vec<f64>,
    /// The eigenvectors, one a row in the same order, each of length 1; the entry of largest size is positive.
    pub vectors: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Eigenvalues and eigenvectors of [[2,1],[1,2]]",
    "eigendecomposition of this symmetric matrix: [[4,1,0],[1,3,1],[0,1,2]]",
    "diagonalise the covariance matrix [[1.0,0.8],[0.8,1.0]]",
    "what are the principal axes of [[5,2],[2,2]]?",
];

/// The most rows: the time grows with their cube.
const LIMIT: usize = 1000;

/// Finds them all.
///
/// # Errors
/// `invalid_arguments` if the matrix is not square or not symmetric, `too_large` beyond 1000 rows or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let d = args.A.rows();
    if args.A.columns() != d {
        let message = format!("`A` has {d} rows and {} columns, but must be square", args.A.columns());
        return Err(Error::invalid("/A", message));
    }
    if d > LIMIT {
        return Err(Error::too_large("/A", format!("`A` has {d} rows, the limit is {LIMIT}")));
    }
    let largest = args.A.as_slice().iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    for i in 0..d {
        for j in 0..i {
            let (a, b) = (args.A.row(i)[j], args.A.row(j)[i]);
            // What was computed and then printed may differ in the last digits.
            if (a - b).abs() > 1e-9 * largest {
                let message =
                    format!("`A` is not symmetric: `{a}` at row {i}, column {j}, but `{b}` on the other side");
                return Err(
                    Error::invalid(format!("/A/{i}/{j}"), message).with_hint("give a matrix that equals its transpose")
                );
            }
        }
    }
    let found = eigen::symmetric(args.A.as_slice().to_vec(), d);
    if found.values.iter().any(|value| !value.is_finite()) {
        return Err(Error::too_large("/A", format!("an eigenvalue is beyond {:e}, the largest number", f64::MAX)));
    }
    let vectors = found.vectors.chunks(d).map(|vector| upright(vector.to_vec())).collect();
    Ok(Output { values: found.values, vectors })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>) -> Result<Output, Error> {
        run(&Args { A: Matrix::from_rows(rows)? })
    }

    #[test]
    fn by_hand() {
        // (1, 1)/√2 is stretched by 3, (1, -1)/√2 by 1.
        let out = of(vec![vec![2.0, 1.0], vec![1.0, 2.0]]).unwrap();
        let half = 0.5_f64.sqrt();
        assert!((out.values[0] - 3.0).abs() < 1e-15 && (out.values[1] - 1.0).abs() < 1e-15);
        assert!(out.vectors[0].iter().all(|x| (x - half).abs() < 1e-15));
    }

    #[test]
    fn refuses_what_is_not_symmetric() {
        assert_eq!(of(vec![vec![1.0, 2.0]]).unwrap_err().path, "/A");
        assert_eq!(of(vec![vec![1.0, 2.0], vec![3.0, 1.0]]).unwrap_err().path, "/A/1/0");
        let large = vec![vec![1.7e308, 1.7e308], vec![1.7e308, 1.7e308]];
        assert_eq!(of(large).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn each_vector_is_only_stretched(numbers in prop::collection::vec(-5.0..5.0, 25)) {
            let rows: Vec<Vec<f64>> =
                (0..5).map(|i: usize| (0..5).map(|j| numbers[i.max(j) * 5 + i.min(j)]).collect()).collect();
            let out = of(rows.clone()).unwrap();
            for (value, vector) in out.values.iter().zip(&out.vectors) {
                for (i, row) in rows.iter().enumerate() {
                    let image: f64 = row.iter().zip(vector).map(|(a, x)| a * x).sum();
                    prop_assert!((image - value * vector[i]).abs() < 1e-12);
                }
            }
            // The trace is the sum of the eigenvalues.
            let trace: f64 = (0..5).map(|i| rows[i][i]).sum();
            prop_assert!((trace - out.values.iter().sum::<f64>()).abs() < 1e-12);
        }
    }
}
