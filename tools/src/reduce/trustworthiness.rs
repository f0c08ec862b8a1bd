//! # Trustworthiness of an embedding
//!
//! Whether points that lie together in a picture really are neighbours. Each of the `k` nearest neighbours that a point
//! has in the embedding, but not in the data, is an intruder and costs as many ranks as it really is beyond `k`; the sum
//! is scaled so that 1 is perfect and random pictures get about a half. Continuity asks the reverse: whether neighbours
//! in the data were torn apart.
//!
//! Cost: O(n² d).
//! Reference: J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, kernel::vectorized, value::Matrix};

/// Measures how far a 2-D picture (any embedding) of a table can be trusted: whether its neighbours are neighbours in
/// the data. Use it to judge or compare t-SNE, UMAP and PCA embeddings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The data, one point a row (rows² · columns up to 4e10).
    pub X: Matrix,
    /// The embedding of the same points in the same order, one a row, with any number of columns.
    pub embedding: Matrix,
    /// How many neighbours to look at: n_neighbors, the neighbourhood's size. Less than half the number of points; 5
    /// when not given.
    #[serde(default = "five")]
    pub k: NonZeroUsize,
}

fn five() -> NonZeroUsize {
    const { NonZeroUsize::new(5).expect("not zero") }
}

/// The measures.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The trustworthiness, from 0 to 1 (no intruders among the neighbours in the embedding).
    pub value: f64,
    /// The continuity, from 0 to 1 (no neighbour in the data was torn away).
    pub continuity: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "trustworthiness of the embedding [[0],[1],[2],[9]] of [[0,0],[1,1],[2,2],[9,9]] with k = 1",
    "Can I trust this t-SNE picture of my data?",
    "how well does the 2-D embedding keep the 10 nearest neighbours?",
    "compare how PCA and UMAP preserve neighbourhoods",
];

/// The most work: rows² · columns.
const LIMIT: f64 = 4e10;

/// Measures it.
///
/// # Errors
/// `invalid_arguments` if the embedding has another number of rows or `k` is not below half of it, `too_large` beyond
/// 4e10 of rows² · columns or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, k) = (args.X.rows(), args.k.get());
    if args.embedding.rows() != n {
        let message = format!("`embedding` has {} rows, but `X` has {n}", args.embedding.rows());
        return Err(Error::invalid("/embedding", message));
    }
    if k >= n.div_ceil(2) {
        return Err(Error::invalid("/k", format!("`k` is {k}, but must be less than half of the {n} points"))
            .with_hint("give more points or look at fewer neighbours"));
    }
    for (path, matrix) in [("/X", &args.X), ("/embedding", &args.embedding)] {
        let d = matrix.columns();
        if (n as f64).powi(2) * d as f64 > LIMIT {
            let most = (LIMIT / d as f64).sqrt() as usize;
            return Err(Error::too_large(path, format!("there are {n} rows, the limit with {d} columns is {most}"))
                .with_hint("take a sample of the rows"));
        }
        let largest = matrix.as_slice().iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        if !(largest * largest * 4.0 * d as f64).is_finite() {
            return Err(Error::too_large(
                path,
                format!("the squared distances are beyond {:e}, the largest number", f64::MAX),
            )
            .with_hint("scale the columns down"));
        }
    }
    Ok(measure(&args.X, &args.embedding, k))
}

/// Trustworthiness and continuity of an embedding with as many rows as the data, `k` less than half of them.
pub fn measure(data: &Matrix, embedding: &Matrix, k: usize) -> Output {
    let n = data.rows();
    let intrusions = |point: usize| {
        vectorized(
            #[inline(always)]
            || {
                let (there, here) = (Ranks::of(data, point), Ranks::of(embedding, point));
                (there.beyond(k, &here.nearest(k)), here.beyond(k, &there.nearest(k)))
            },
        )
    };
    // Whole numbers: added up in any order they are the same.
    let (intruders, torn) =
        (0..n).into_par_iter().map(intrusions).reduce(|| (0_u64, 0_u64), |a, b| (a.0 + b.0, a.1 + b.1));
    let worst = (n * k) as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0);
    let score = |ranks: u64| 1.0 - ranks as f64 * 2.0 / worst;
    Output { value: score(intruders), continuity: score(torn) }
}

/// How far each point is from one of them; equal distances are ranked by row.
struct Ranks {
    of: usize,
    squared: Vec<f64>,
}

impl Ranks {
    #[inline(always)]
    fn of(points: &Matrix, of: usize) -> Self {
        let from = points.row(of);
        let mut squared = Vec::with_capacity(points.rows());
        for row in points {
            let mut sum = 0.0;
            for (a, b) in from.iter().zip(row) {
                sum += (a - b) * (a - b);
            }
            squared.push(sum);
        }
        Ranks { of, squared }
    }

    /// The `k` nearest, in no order.
    fn nearest(&self, k: usize) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.squared.len()).filter(|i| *i != self.of).collect();
        others.select_nth_unstable_by(k - 1, |a, b| self.squared[*a].total_cmp(&self.squared[*b]).then(a.cmp(b)));
        others.truncate(k);
        others
    }

    /// How many ranks beyond `k` these points are, added up; the nearest has rank 1.
    #[inline(always)]
    fn beyond(&self, k: usize, points: &[usize]) -> u64 {
        let mut sum = 0;
        for &point in points {
            let distance = self.squared[point];
            let (mut closer, mut before) = (0, 0);
            for other in &self.squared {
                closer += u64::from(*other < distance);
            }
            for other in &self.squared[..point] {
                before += u64::from(*other == distance);
            }
            // One more than those before it; the point itself is among them and no neighbour.
            let itself = u64::from(self.squared[self.of] < distance || self.of < point);
            sum += (1 + closer + before - itself).saturating_sub(k as u64);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(data: &[f64], embedding: &[f64], k: usize) -> Result<Output, Error> {
        let column = |numbers: &[f64]| Matrix::from_rows(numbers.iter().map(|x| vec![*x]).collect()).unwrap();
        run(&Args { X: column(data), embedding: column(embedding), k: NonZeroUsize::new(k).unwrap() })
    }

    #[test]
    fn by_hand() {
        // Points 0 to 4 on a line; in the embedding, 0 and 4 have changed places. The nearest in the embedding (the first
        // of two as near) and its rank in the data: 3 of 0 has 3, 2 of 1 has 2 (0 is as near, and before it), 1 of 2
        // has 1, 0 of 3 has 4, 1 of 4 has 3. That is 8 beyond 1, and the worst is n k (2 n - 3 k - 1) / 2 = 15.
        let out = of(&[0.0, 1.0, 2.0, 3.0, 4.0], &[4.0, 1.0, 2.0, 3.0, 0.0], 1).unwrap();
        assert!((out.value - (1.0 - 8.0 / 15.0)).abs() < 1e-15, "{}", out.value);
    }

    #[test]
    fn refuses_what_has_too_few_points() {
        assert_eq!(of(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0], 2).unwrap_err().path, "/k");
        assert_eq!(of(&[0.0, 1.0], &[0.0], 1).unwrap_err().path, "/embedding");
        assert_eq!(of(&[0.0, 1.0, 1e200], &[0.0, 1.0, 2.0], 1).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(&[1.0; 9], &[1.0; 9], 4).unwrap().value, 1.0);
    }

    proptest! {
        #[test]
        fn a_perfect_picture_and_its_reverse(
            data in prop::collection::vec(-9.0..9.0_f64, 7..40), other in prop::collection::vec(-9.0..9.0_f64, 40),
        ) {
            let moved: Vec<f64> = data.iter().map(|x| 5.0 - 4.0 * x).collect();
            prop_assert_eq!(of(&data, &data, 3).unwrap(), Output { value: 1.0, continuity: 1.0 });
            prop_assert!(of(&data, &moved, 3).unwrap().value > 0.999);
            let other = &other[..data.len()];
            let (there, back) = (of(&data, other, 2).unwrap(), of(other, &data, 2).unwrap());
            prop_assert_eq!(there.value, back.continuity);
            prop_assert!((0.0..=1.0).contains(&there.value));
        }
    }
}
