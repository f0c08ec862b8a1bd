//! The largest singular values of a sparse matrix with their vectors.
//!
//! A block of random directions is multiplied by `AᵀA` again and again and made orthonormal: it turns towards the
//! largest singular vectors, ever faster the further those stand out (orthogonal iteration). The singular value
//! decomposition of the small matrix that `A` makes of the block then gives values and vectors (Rayleigh and Ritz), and
//! the iteration ends when those wanted stand still. A matrix with a short side is decomposed as a whole.
//!
//! Cost: O((entries · block + (rows + columns) · block²) · iterations).
//! Sources: N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011, §4.5;
//! G. Golub, C. Van Loan, *Matrix Computations*, 2013, §8.2.4.

use super::terms::Sparse;
use crate::{
    algebra::{Svd, dot, svd},
    error::Error,
    random::Random,
    value::Seed,
};

/// A short side: the decomposition of the whole takes less than a second.
const SHORT: usize = 128;
/// Iterations at most.
const PATIENCE: usize = 60;
/// The most multiplications of one iteration.
const LIMIT: usize = 100_000_000;

/// The `k` largest singular values of a matrix of `columns` columns, with their vectors as columns of `u` and `v`; fewer
/// if a side is shorter. Each vector of `v` has its largest entry positive, so that signs are always the same.
///
/// # Errors
/// `too_large` if one iteration would take more than 100 million multiplications.
pub(crate) fn largest(rows: &Sparse, columns: usize, k: usize, seed: Seed) -> Result<Svd, Error> {
    let side = rows.len().min(columns);
    let k = k.min(side);
    let mut found = if side <= SHORT { whole(rows, columns) } else { iterate(rows, columns, k, seed)? };
    found.u.truncate(k);
    found.v.truncate(k);
    found.singular.truncate(k);
    for (u, v) in found.u.iter_mut().zip(&mut found.v) {
        let largest = v.iter().fold(0.0, |largest: f64, x| if x.abs() > largest.abs() { *x } else { largest });
        if largest < 0.0 {
            u.iter_mut().chain(v).for_each(|x| *x = -*x);
        }
    }
    Ok(found)
}

fn whole(rows: &Sparse, columns: usize) -> Svd {
    let mut dense = vec![vec![0.0; rows.len()]; columns];
    for (i, row) in rows.iter().enumerate() {
        row.iter().for_each(|(j, value)| dense[*j][i] = *value);
    }
    svd(&dense)
}

fn iterate(rows: &Sparse, columns: usize, k: usize, seed: Seed) -> Result<Svd, Error> {
    // A few more directions than are wanted: the wanted ones then settle sooner.
    let block = (k + k.max(8)).min(rows.len().min(columns));
    let entries: usize = rows.iter().map(Vec::len).sum();
    // The decomposition of the small matrix, every fourth time, takes some 8 block³ an iteration.
    let columnwise = entries.saturating_add((rows.len() + columns).saturating_mul(block));
    let work = columnwise.saturating_add(8 * block * block).saturating_mul(block);
    if work > LIMIT {
        let message = format!("{} rows of {columns} columns and {k} components are too much work", rows.len());
        return Err(Error::too_large("/documents", message)
            .with_hint("give fewer or shorter texts, or ask for fewer dimensions"));
    }
    let mut random = Random::new(seed);
    let mut directions: Vec<Vec<f64>> = (0..block).map(|_| (0..columns).map(|_| random.normal()).collect()).collect();
    let mut before = vec![0.0; k];
    let mut iteration = 0;
    loop {
        iteration += 1;
        orthonormal(&mut directions);
        let images: Vec<Vec<f64>> = directions.iter().map(|x| times(rows, x)).collect();
        if iteration % 4 == 0 {
            let small = svd(&images);
            let moved = small.singular.iter().zip(&before).map(|(now, before)| (now - before).abs());
            if moved.fold(0.0, f64::max) <= 1e-12 * small.singular[0] || iteration >= PATIENCE {
                let v = small.v.iter().map(|mix| combine(&directions, mix)).collect();
                return Ok(Svd { u: small.u, singular: small.singular, v });
            }
            before.copy_from_slice(&small.singular[..k]);
        }
        directions = images.iter().map(|y| times_transposed(rows, y, columns)).collect();
    }
}

/// Gram and Schmidt, twice, so that what is left is at right angles to the last digit.
fn orthonormal(directions: &mut [Vec<f64>]) {
    for at in 0..directions.len() {
        let (done, rest) = directions.split_at_mut(at);
        let direction = &mut rest[0];
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(direction, other);
                direction.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let length = dot(direction, direction).sqrt();
        let scale = if length > 1e-150 { 1.0 / length } else { 0.0 };
        direction.iter_mut().for_each(|x| *x *= scale);
    }
}

fn times(rows: &Sparse, x: &[f64]) -> Vec<f64> {
    rows.iter().map(|row| row.iter().map(|(j, value)| value * x[*j]).sum()).collect()
}

fn times_transposed(rows: &Sparse, y: &[f64], columns: usize) -> Vec<f64> {
    let mut x = vec![0.0; columns];
    for (row, y) in rows.iter().zip(y) {
        row.iter().for_each(|(j, value)| x[*j] += value * y);
    }
    x
}

fn combine(directions: &[Vec<f64>], mix: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; directions[0].len()];
    for (direction, share) in directions.iter().zip(mix) {
        sum.iter_mut().zip(direction).for_each(|(sum, x)| *sum += share * x);
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The iteration agrees with the decomposition of the whole.
    #[test]
    fn two_ways_to_the_same_values() {
        let mut random = Random::new(Seed::from(11));
        let rows: Sparse = (0..160)
            .map(|i| {
                let mut row: Vec<(usize, f64)> = (0..140).map(|j| (j, random.normal() * 0.1)).collect();
                // Five directions that stand out.
                row[i % 5].1 += 10.0 + (i % 5) as f64;
                row
            })
            .collect();
        let (exact, found) = (whole(&rows, 140), largest(&rows, 140, 5, Seed::from(1)).unwrap());
        for i in 0..5 {
            assert!((exact.singular[i] - found.singular[i]).abs() < 1e-9 * exact.singular[0]);
            assert!((dot(&exact.v[i], &found.v[i]).abs() - 1.0).abs() < 1e-8);
            assert!((dot(&exact.u[i], &found.u[i]).abs() - 1.0).abs() < 1e-8);
        }
    }
}
