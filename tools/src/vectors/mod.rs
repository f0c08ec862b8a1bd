//! Vectors: products, lengths and angles, with arithmetic that keeps its digits.

pub mod cosine_matrix;
pub mod distance_matrix;
pub mod vector_cosine;
pub mod vector_dot;
pub mod vector_euclidean;
pub mod vector_manhattan;
pub mod vector_norm;

use rayon::prelude::*;

use crate::{
    error::Error,
    kernel::{Real, inside, vectorized},
    tool::{Tool, ToolBuilder},
    value::Matrix,
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("vector_dot", vector_dot::run).examples(vector_dot::EXAMPLES).quick(),
        Tool::pure("vector_norm", vector_norm::run).examples(vector_norm::EXAMPLES).quick(),
        Tool::pure("vector_euclidean", vector_euclidean::run).examples(vector_euclidean::EXAMPLES).quick(),
        Tool::pure("vector_manhattan", vector_manhattan::run).examples(vector_manhattan::EXAMPLES).quick(),
        Tool::pure("distance_matrix", distance_matrix::run).examples(distance_matrix::EXAMPLES),
        Tool::pure("vector_cosine", vector_cosine::run).examples(vector_cosine::EXAMPLES).quick(),
        Tool::pure("cosine_matrix", cosine_matrix::run).examples(cosine_matrix::EXAMPLES),
    ]
}

/// The sum of `a[i] * b[i]`, as if computed with twice the digits and then rounded.
///
/// Each product and each addition leaves a rounding error, which can itself be computed exactly; the errors are added
/// up on the side and put back at the end. Algorithm 5.3 (Dot2) of T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and
/// dot product", SIAM J. Sci. Comput. 26(6), 2005. Not finite when a product or the sum overflows.
pub(crate) fn dot2(a: &[f64], b: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for (&x, &y) in a.iter().zip(b) {
        let product = x * y;
        let product_lost = x.mul_add(y, -product);
        let next = sum + product;
        // Knuth's two-sum: what `next` lost of `sum` and of `product`.
        let part = next - sum;
        let sum_lost = (sum - (next - part)) + (product - part);
        sum = next;
        lost += product_lost + sum_lost;
    }
    sum + lost
}

/// Both vectors must have the same number of values.
pub(crate) fn same_length(a: &[f64], b: &[f64]) -> Result<(), Error> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::invalid("/b", format!("`b` has {} values, but `a` has {}", b.len(), a.len()))
        .with_hint("give two vectors of the same length"))
}

/// The vector with its largest value brought near 1 by a power of two, which changes no digit, and what to multiply by
/// to get back.
pub(crate) fn scaled(x: &[f64]) -> (Vec<f64>, f64) {
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 {
        return (x.to_vec(), 1.0);
    }
    // Below 2^-1022 numbers have fewer digits and their reciprocals overflow: near 1 is near enough.
    let power = (largest.log2().floor() as i32).clamp(-1022, 1022);
    let (down, up) = (2.0_f64.powi(-power), 2.0_f64.powi(power));
    (x.iter().map(|x| x * down).collect(), up)
}

/// A result that fits the range of numbers.
fn finite(value: f64, path: &str, what: &str) -> Result<f64, Error> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::too_large(path, format!("{what} is beyond {:e}, the largest number", f64::MAX)))
}

/// The most pairs of rows that a matrix may have.
const MOST_PAIRS: usize = 4_000_000;

/// The table to pair the rows of `x` with: `y` if there is one, or `x` itself.
fn pairs<'a>(x: &'a Matrix, y: Option<&'a Matrix>) -> Result<&'a Matrix, Error> {
    let other = y.unwrap_or(x);
    if other.columns() != x.columns() {
        let message = format!("`Y` has {} columns, but `X` has {}", other.columns(), x.columns());
        return Err(Error::invalid("/Y", message).with_hint("give two tables with the same columns"));
    }
    match x.rows().checked_mul(other.rows()) {
        Some(pairs) if pairs <= MOST_PAIRS => Ok(other),
        _ => {
            let message = format!("{} by {} rows are more than {MOST_PAIRS} pairs, the limit", x.rows(), other.rows());
            Err(Error::too_large("/X", message).with_hint("give fewer rows"))
        }
    }
}

/// The mean of the rows, if it is so far from the origin that the formula for distances would lose digits.
pub(crate) fn far_from_origin<T: Real>(x: &[T], d: usize) -> Option<Vec<T>> {
    let n = x.len() / d;
    let (mut mean, mut square) = (vec![0.0; d], 0.0);
    // A sample will do: it is only a question of speed.
    let step = n.div_ceil(1000).max(1);
    let sample = || x.chunks_exact(d).step_by(step);
    for row in sample() {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x.to_f64());
        square += row.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>();
    }
    let count = sample().len().max(1) as f64;
    mean.iter_mut().for_each(|mean| *mean /= count);
    let middle = mean.iter().map(|mean| mean * mean).sum::<f64>();
    let spread = square / count - middle;
    (middle > 16.0 * spread.max(0.0)).then(|| mean.into_iter().map(T::from_f64).collect())
}

/// `|x|² / 2` of each row, on all threads.
pub(crate) fn half_squares<T: Real>(x: &[T], d: usize) -> Vec<T> {
    const ROWS: usize = 2048;
    let mut halves = vec![T::ZERO; x.len() / d];
    halves.par_chunks_mut(ROWS).zip(x.par_chunks(d * ROWS)).for_each(|(halves, rows)| {
        vectorized(
            #[inline(always)]
            || {
                for (half, row) in halves.iter_mut().zip(rows.chunks_exact(d)) {
                    *half = inside::dot(row, row) * T::from_f64(0.5);
                }
            },
        );
    });
    halves
}

/// The rows with `by` taken off each.
pub(crate) fn moved<T: Real>(x: &[T], by: &[T]) -> Vec<T> {
    x.chunks_exact(by.len()).flat_map(|row| row.iter().zip(by).map(|(x, by)| *x - *by)).collect()
}
