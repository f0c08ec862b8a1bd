//! The plane of largest variance, where embeddings start: the first two principal components, by block power iteration.
//!
//! A few columns multiplied again and again by `XᵀX`, and made orthonormal each time, turn towards its leading
//! eigenvectors. Nothing of size d × d is formed, so that any number of columns will do.
//!
//! Source: H. Rutishauser, "Computational aspects of F. L. Bauer's simultaneous iteration method", Numerische
//! Mathematik 13, 1969.

use crate::{
    error::Error,
    random::Random,
    value::{Matrix, Seed},
};

/// Directions that are turned together: two more than wanted make the first two come faster.
const BLOCK: usize = 4;
/// Multiplications; more would change the picture by less than a pixel.
const ROUNDS: usize = 40;

/// Points seen in a plane.
pub(crate) struct Plane {
    /// Where each point lies.
    pub(crate) points: Vec<[f32; 2]>,
    /// The share of the variance along each of the two directions.
    pub(crate) shares: [f64; 2],
}

impl Plane {
    /// The plane of largest variance of `points`, which lie row after row, `dimensions` numbers each.
    /// With a single column, or all points on a line, the second coordinates are 0.
    pub(crate) fn of(points: &[f32], dimensions: usize) -> Self {
        let n = points.len() as f64 / dimensions as f64;
        let mut mean = vec![0.0; dimensions];
        for point in points.chunks_exact(dimensions) {
            mean.iter_mut().zip(point).for_each(|(mean, x)| *mean += f64::from(*x) / n);
        }
        let rows = points.chunks_exact(dimensions);
        let points = rows.flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| (f64::from(*x) - mean) as f32));
        let points: Vec<f32> = points.collect();
        let mut random = Random::new(Seed::default());
        let mut axes: Vec<[f64; BLOCK]> = (0..dimensions).map(|_| std::array::from_fn(|_| random.normal())).collect();
        orthonormal(&mut axes);
        let mut lengths = [0.0; BLOCK];
        for _ in 0..ROUNDS {
            let mut next = vec![[0.0; BLOCK]; dimensions];
            for point in points.chunks_exact(dimensions) {
                let along = project(point, &axes);
                for (next, x) in next.iter_mut().zip(point) {
                    (0..BLOCK).for_each(|b| next[b] += along[b] * f64::from(*x));
                }
            }
            axes = next;
            lengths = orthonormal(&mut axes);
        }
        for b in 0..2 {
            // Either direction is right; the one whose largest entry is positive is the same everywhere.
            let largest =
                axes.iter().map(|axis| axis[b]).fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most });
            if largest < 0.0 {
                axes.iter_mut().for_each(|axis| axis[b] = -axis[b]);
            }
        }
        let total: f64 = points.iter().map(|x| f64::from(*x).powi(2)).sum();
        let seen = points.chunks_exact(dimensions).map(|point| {
            let along = project(point, &axes);
            [along[0] as f32, along[1] as f32]
        });
        let share = |length: f64| if total > 0.0 { (length / total).min(1.0) } else { 0.0 };
        Plane { points: seen.collect(), shares: [share(lengths[0]), share(lengths[1])] }
    }
}

#[inline(always)]
fn project(point: &[f32], axes: &[[f64; BLOCK]]) -> [f64; BLOCK] {
    let mut along = [0.0; BLOCK];
    for (x, axis) in point.iter().zip(axes) {
        (0..BLOCK).for_each(|b| along[b] += f64::from(*x) * axis[b]);
    }
    along
}

/// Gram-Schmidt, twice over; gives the lengths that were left. A direction in which nothing is left becomes zero.
fn orthonormal(axes: &mut [[f64; BLOCK]]) -> [f64; BLOCK] {
    let mut lengths = [0.0; BLOCK];
    for b in 0..BLOCK {
        let before = axes.iter().map(|axis| axis[b] * axis[b]).sum::<f64>().sqrt();
        for _ in 0..2 {
            for other in 0..b {
                let along: f64 = axes.iter().map(|axis| axis[b] * axis[other]).sum();
                axes.iter_mut().for_each(|axis| axis[b] -= along * axis[other]);
            }
        }
        let left = axes.iter().map(|axis| axis[b] * axis[b]).sum::<f64>().sqrt();
        lengths[b] = if left > 1e-10 * before { left } else { 0.0 };
        let scale = if lengths[b] > 0.0 { 1.0 / left } else { 0.0 };
        axes.iter_mut().for_each(|axis| axis[b] *= scale);
    }
    lengths
}

/// The most work for finding neighbours: rows² · columns.
const MOST_WORK: f64 = 1e11;

/// Whether the neighbours of every row can be found in reasonable time.
///
/// # Errors
/// `too_large` if not.
pub(crate) fn check_size(x: &Matrix) -> Result<(), Error> {
    let (n, d) = (x.rows(), x.columns());
    if (n as f64).powi(2) * d as f64 <= MOST_WORK {
        return Ok(());
    }
    let most = (MOST_WORK / d as f64).sqrt() as usize;
    Err(Error::too_large("/X", format!("`X` has {n} rows, the limit with {d} columns is {most}"))
        .with_hint("take a sample of the rows, or reduce the columns with `pca` first"))
}

/// The rows of a table in single precision, moved to their mean and stretched so that the largest number is 1, without
/// which squares could leave the range of numbers.
pub(crate) fn centred(x: &Matrix) -> Vec<f32> {
    let n = x.rows() as f64;
    let mut mean = vec![0.0; x.columns()];
    for row in x {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
    }
    let away = || x.iter().flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| x / 2.0 - mean / 2.0));
    let largest = away().fold(0.0, |most: f64, x| most.max(x.abs()));
    away().map(|x| if largest > 0.0 { (x / largest) as f32 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn by_hand() {
        // Variance 9, 4 and 1 along the axes: x and y remain, and hold 9 and 4 of 14 shares.
        let points =
            [[3.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]];
        let plane = Plane::of(points.as_flattened(), 3);
        assert!((plane.shares[0] - 9.0 / 14.0).abs() < 1e-6 && (plane.shares[1] - 4.0 / 14.0).abs() < 1e-6);
        assert!((plane.points[0][0] - 3.0).abs() < 1e-5 && (plane.points[2][1] - 2.0).abs() < 1e-5);
    }

    #[test]
    fn one_column_or_none_that_varies() {
        assert_eq!(Plane::of(&[1.0, -1.0], 1).points[0][1], 0.0);
        let same = Plane::of(&[0.0; 6], 3);
        assert_eq!((same.points, same.shares), (vec![[0.0, 0.0]; 2], [0.0, 0.0]));
        let far = Matrix::from_rows(vec![vec![f64::MAX, 1.0], vec![f64::MIN, 1.0]]).unwrap();
        assert_eq!(centred(&far), [1.0, 0.0, -1.0, 0.0]);
    }
}
