//! The triangle `L` with `L Lᵀ = A` of a symmetric, positive matrix, and what can be had from it cheaply.
//!
//! Source: G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., §4.2.

use crate::kernel::{
    dot,
    inside::{self, axpy},
    vectorized,
};

/// A matrix taken apart.
pub(crate) struct Cholesky {
    /// Row after row, the upper triangle unused.
    lower: Vec<f64>,
    size: usize,
    /// The largest sum of absolute values of a column of the matrix.
    norm: f64,
}

impl Cholesky {
    /// Takes a symmetric matrix apart, given row after row; none if it is not positive by more than rounding.
    pub(crate) fn new(matrix: &[f64], size: usize) -> Option<Self> {
        vectorized(
            #[inline(always)]
            || Self::taken_apart(matrix, size),
        )
    }

    #[inline(always)]
    fn taken_apart(matrix: &[f64], size: usize) -> Option<Self> {
        let mut lower = vec![0.0; size * size];
        let mut norm: f64 = 0.0;
        for i in 0..size {
            norm = norm.max(matrix[i * size..(i + 1) * size].iter().map(|x| x.abs()).sum());
            let (above, row) = lower.split_at_mut(i * size);
            for j in 0..i {
                let other = &above[j * size..];
                row[j] = (matrix[i * size + j] - inside::dot(&row[..j], &other[..j])) / other[j];
            }
            let diagonal = matrix[i * size + i];
            let left = diagonal - inside::dot(&row[..i], &row[..i]);
            // Also false for what is not a number.
            if !(left > diagonal * f64::EPSILON * size as f64 && left.is_finite()) {
                return None;
            }
            row[i] = left.sqrt();
        }
        Some(Cholesky { lower, size, norm })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.lower[i * self.size..=i * self.size + i]
    }

    /// Solves `L x = b` in place.
    pub(crate) fn forward(&self, b: &mut [f64]) {
        vectorized(
            #[inline(always)]
            || {
                for i in 0..self.size {
                    let row = self.row(i);
                    b[i] = (b[i] - inside::dot(&row[..i], &b[..i])) / row[i];
                }
            },
        );
    }

    /// Solves `A x = b` in place.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        vectorized(
            #[inline(always)]
            || {
                for i in (0..self.size).rev() {
                    let row = self.row(i);
                    let x = b[i] / row[i];
                    axpy(-x, &row[..i], &mut b[..i]);
                    b[i] = x;
                }
            },
        );
    }

    /// About the condition number in the 1-norm, rarely too small by more than a factor of three.
    ///
    /// W. W. Hager, "Condition estimates", SIAM J. Sci. Stat. Comput. 5(2), 1984.
    pub(crate) fn condition(&self) -> f64 {
        let mut start = vec![1.0 / self.size as f64; self.size];
        let mut inverse: f64 = 0.0;
        for _ in 0..5 {
            let mut x = start.clone();
            self.solve(&mut x);
            inverse = inverse.max(x.iter().map(|x| x.abs()).sum());
            // The gradient of that sum points to the vertex that is tried next.
            let mut gradient: Vec<f64> = x.iter().map(|x| if *x < 0.0 { -1.0 } else { 1.0 }).collect();
            self.solve(&mut gradient);
            let steepest = (0..self.size).max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()));
            let Some(next) = steepest.filter(|next| gradient[*next].abs() > dot(&gradient, &start)) else { break };
            start.fill(0.0);
            start[next] = 1.0;
        }
        self.norm * inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let factor = Cholesky::new(&[4.0, 2.0, 2.0, 5.0], 2).expect("positive");
        assert_eq!(factor.lower, [2.0, 0.0, 1.0, 2.0]);
        let mut b = [8.0, 9.0];
        factor.solve(&mut b);
        assert!((b[0] - 1.375).abs() < 1e-15 && (b[1] - 1.25).abs() < 1e-15); // 4x + 2y = 8, 2x + 5y = 9
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1).is_none());
    }

    #[test]
    fn condition_of_a_known_matrix() {
        // Oracle: the 1-norm condition number of the Hilbert matrix of order 4 is 28375 (Higham, Accuracy and
        // Stability, §28.1).
        let hilbert: Vec<f64> = (0..16).map(|at| 1.0 / (at / 4 + at % 4 + 1) as f64).collect();
        let condition = Cholesky::new(&hilbert, 4).expect("positive").condition();
        assert!((condition / 28375.0 - 1.0).abs() < 1e-6, "{condition}");
    }

    proptest! {
        #[test]
        fn solves(numbers in prop::collection::vec(-3.0..3.0, 25), b in prop::collection::vec(-3.0..3.0, 5)) {
            let matrix: Vec<f64> = (0..25)
                .map(|at| {
                    let (i, j) = (at / 5, at % 5);
                    dot(&numbers[i * 5..i * 5 + 5], &numbers[j * 5..j * 5 + 5]) + if i == j { 1.0 } else { 0.0 }
                })
                .collect();
            let mut x = b.clone();
            Cholesky::new(&matrix, 5).expect("positive").solve(&mut x);
            for i in 0..5 {
                prop_assert!((dot(&matrix[i * 5..i * 5 + 5], &x) - b[i]).abs() < 1e-9);
            }
        }
    }
}
