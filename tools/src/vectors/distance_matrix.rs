//! # Distance matrix
//!
//! All distances between the rows of one table, or between those of two. The plain way takes each pair and adds up its
//! differences; that is what happens here, because the quick way, `|x|² + |y|² - 2 x·y`, loses all digits of points that
//! are close together and far from the origin.
//!
//! Cost: O(n · m · d). The rows of the result are computed on all threads.
//! Reference: M. Deza, E. Deza, *Encyclopedia of Distances*, 4th ed., 2016, chapter 5.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pairs;
use crate::{
    error::Error,
    kernel::{Real, inside, vectorized},
    value::Matrix,
    vectors::{vector_euclidean::euclidean, vector_manhattan::manhattan},
};

/// Computes all distances between the rows of a table, or from the rows of one table to those of another. Use it to see
/// at once how far many points are from each other, or as input for clustering.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row.
    pub X: Matrix,
    /// Other points, with as many columns; those of `X` when not given. At most 4,000,000 distances in all.
    #[serde(default)]
    pub Y: Option<Matrix>,
    /// How to measure; Euclidean when not given.
    #[serde(default)]
    pub metric: Metric,
}

/// How to measure a distance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The straight line: l2.
    #[default]
    Euclidean,
    /// Along the axes: city block, l1.
    Manhattan,
    /// The largest difference in any coordinate.
    Chebyshev,
}

/// The distances.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A row for each row of `X`, a column for each row of `Y` (or of `X`).
    pub matrix: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "All pairwise distances between the rows of [[0,0],[3,4],[6,8]]",
    "distance matrix of these points: [[1,2],[4,6],[0,0],[2,2]]",
    "Manhattan distances from each row of X = [[1,1],[2,5]] to each row of Y = [[0,0],[3,3],[9,9]]",
    "how far is every point of this table from every other one?",
];

/// Measures all distances.
///
/// # Errors
/// `invalid_arguments` if `Y` has another number of columns, `too_large` beyond 4,000,000 distances or the largest
/// number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let y = pairs(&args.X, args.Y.as_ref())?;
    let distance = match args.metric {
        Metric::Euclidean => |a: &[f64], b: &[f64]| {
            // Squares of differences that could leave the range are scaled first.
            let square = vectorized(
                #[inline(always)]
                || inside::squared_distance(a, b),
            );
            if (1e-280..1e280).contains(&square) { square.sqrt() } else { euclidean(a, b) }
        },
        Metric::Manhattan => manhattan,
        Metric::Chebyshev => |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max),
    };
    let matrix: Vec<Vec<f64>> = (0..args.X.rows())
        .into_par_iter()
        .map(|i| y.iter().map(|other| distance(args.X.row(i), other)).collect())
        .collect();
    if matrix.iter().flatten().any(|distance| !distance.is_finite()) {
        return Err(Error::too_large("/X", format!("a distance is beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the columns down"));
    }
    Ok(Output { matrix })
}

/// The Euclidean distances between the rows of two blocks of numbers, row after row, of `dimensions` numbers each: a row
/// of the result for each row of `x`. Works on rayon's current threads.
///
/// ```
/// use roundtable_tools::vectors::distance_matrix;
///
/// let distances = distance_matrix::euclidean_distances(&[0.0, 0.0, 3.0, 4.0], &[0.0, 0.0_f32], 2);
/// assert_eq!(distances, [0.0, 5.0]);
/// ```
///
/// # Panics
/// When `dimensions` is 0 or a block is not a whole number of rows.
pub fn euclidean_distances<T: Real>(x: &[T], y: &[T], dimensions: usize) -> Vec<T> {
    assert!(x.len().is_multiple_of(dimensions) && y.len().is_multiple_of(dimensions), "rows of {dimensions} numbers");
    let width = y.len() / dimensions;
    let mut distances = vec![T::ZERO; x.len() / dimensions * width];
    if width > 0 {
        distances.par_chunks_mut(width).zip(x.par_chunks(dimensions)).for_each(|(row, x)| {
            vectorized(
                #[inline(always)]
                || {
                    for (distance, y) in row.iter_mut().zip(y.chunks_exact(dimensions)) {
                        *distance = inside::squared_distance(x, y).sqrt();
                    }
                },
            );
        });
    }
    distances
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(x: Vec<Vec<f64>>, y: Option<Vec<Vec<f64>>>, metric: Metric) -> Result<Vec<Vec<f64>>, Error> {
        let y = y.map(Matrix::from_rows).transpose()?;
        run(&Args { X: Matrix::from_rows(x)?, Y: y, metric }).map(|out| out.matrix)
    }

    #[test]
    fn by_hand() {
        let points = vec![vec![0.0, 0.0], vec![3.0, 4.0]];
        assert_eq!(of(points.clone(), None, Metric::Euclidean).unwrap(), [[0.0, 5.0], [5.0, 0.0]]);
        assert_eq!(of(points.clone(), None, Metric::Manhattan).unwrap(), [[0.0, 7.0], [7.0, 0.0]]);
        let other = Some(vec![vec![1.0, 1.0]]);
        assert_eq!(of(points, other, Metric::Chebyshev).unwrap(), [[1.0], [3.0]]);
    }

    #[test]
    fn points_close_together_and_far_away() {
        // Oracle: the difference itself; |x|² + |y|² - 2xy would give 0 here.
        let got = of(vec![vec![1e8, 1e8], vec![1e8 + 1e-7, 1e8]], None, Metric::Euclidean).unwrap();
        assert_eq!(got[0][1], (1e8_f64 + 1e-7) - 1e8);
        let tiny = of(vec![vec![3e-200, 0.0], vec![0.0, 4e-200]], None, Metric::Euclidean).unwrap();
        assert!((tiny[0][1] / 5e-200 - 1.0).abs() < 1e-15);
        let error = of(vec![vec![1.7e308], vec![-1.7e308]], None, Metric::Euclidean).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
    }

    #[test]
    fn refuses_other_columns() {
        let error = of(vec![vec![1.0]], Some(vec![vec![1.0, 2.0]]), Metric::Euclidean).unwrap_err();
        assert_eq!(error.path, "/Y");
    }

    proptest! {
        #[test]
        fn agrees_with_one_pair_at_a_time(rows in prop::collection::vec(prop::collection::vec(-9.0..9.0, 5), 1..9)) {
            let got = of(rows.clone(), None, Metric::Euclidean).unwrap();
            let flat = rows.concat();
            let library = euclidean_distances(&flat, &flat, 5);
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    prop_assert!((got[i][j] - euclidean(a, b)).abs() < 1e-13);
                    prop_assert!((library[i * rows.len() + j] - got[i][j]).abs() < 1e-13);
                    prop_assert_eq!(got[i][j], got[j][i]);
                }
            }
        }
    }
}
