//! # Exact nearest neighbours
//!
//! Compares each query with every vector of the base and keeps the k best: no index, nothing missed, and the yardstick
//! for every method that is faster.
//!
//! The plain way takes one pair at a time. Here a product of two matrices gives the inner products of many queries with
//! many vectors at once, and `|q - b|² = |q|² - 2 q·b + |b|²` the distances; they are looked at while they are still in
//! the cache, and what could be among the k best is measured again, directly, because the formula cancels for vectors
//! close together. How far it can be wrong is known, so nothing is missed.
//!
//! Cost: O(n · m · d), on all threads; O(m · k) memory beside the data.
//! References: J. Johnson, M. Douze, H. Jégou, "Billion-scale similarity search with GPUs", IEEE Trans. Big Data 7(3),
//! 2021, §4 (the fused selection); N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., 2002, §3.1 (the
//! error of an inner product).

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    kernel::{Real, View, dot, inside, rows_of_product, squared_distance, vectorized},
    value::Matrix,
    vectors::{cosine_matrix::directions, far_from_origin, half_squares, moved},
};

/// Finds the k nearest vectors of a base for each query by comparing with all of them: exact k-nearest-neighbour search.
/// Use it when the answer has to be exact, or to check an index such as HNSW.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The vectors to search in: the base, the database, the points, one a row.
    pub base: Matrix,
    /// The vectors to search for, one a row, with as many columns. At most 1e10 multiplications in all.
    pub queries: Matrix,
    /// How many neighbours, at most as many as the base has; all of them when it has fewer.
    pub k: NonZeroUsize,
    /// What nearest means; the Euclidean distance when not given.
    #[serde(default)]
    pub metric: Metric,
}

/// What nearest means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// A small Euclidean distance.
    #[default]
    L2,
    /// A large cosine of the angle.
    Cosine,
    /// A large inner product.
    InnerProduct,
}

/// The neighbours of each query, the nearest (most similar) first; of equals the one with the smaller number.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The rows of the base, from 0, a list for each query.
    pub ids: Vec<Vec<usize>>,
    /// Their Euclidean distances, for the metric `l2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distances: Option<Vec<Vec<f64>>>,
    /// Their cosines or inner products, for the other metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarities: Option<Vec<Vec<f64>>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Find the 2 nearest neighbours of [[1,1]] among [[0,0],[1,2],[5,5],[1,1.5]]",
    "exact kNN search: base [[0,0],[1,1],[2,2]], queries [[0.9,1.2]], k = 1",
    "which 3 of these embeddings are most similar by cosine to my query vector?",
    "brute-force nearest neighbour search with inner product, top 5",
];

/// The most multiplications of one call.
const MOST_WORK: usize = 10_000_000_000;

/// Finds the neighbours.
///
/// # Errors
/// `invalid_arguments` if base and queries have different numbers of columns, `undefined` if a vector is all zeros and
/// the metric is the cosine, `too_large` beyond 1e10 multiplications or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    // A power of two changes no digit and keeps squares in range.
    let largest = [&args.base, &args.queries].into_iter().flat_map(|table| table.as_slice());
    let largest = largest.fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let power = if largest > 1e100 || (largest > 0.0 && largest < 1e-100) {
        (largest.log2().floor() as i32).clamp(-1000, 1000)
    } else {
        0
    };
    let scaled = |table: &Matrix| -> Vec<f64> { table.as_slice().iter().map(|x| x * 2.0_f64.powi(-power)).collect() };
    let (base, queries) = (scaled(&args.base), scaled(&args.queries));
    let found = search(&base, &queries, args.base.columns(), args.k.get(), args.metric);
    let back = match args.metric {
        Metric::L2 => power,
        Metric::Cosine => 0,
        Metric::InnerProduct => 2 * power,
    };
    // In two steps, because the power itself may be out of range.
    let (half, rest) = (2.0_f64.powi(back / 2), 2.0_f64.powi(back - back / 2));
    let ids = found.iter().map(|found| found.iter().map(|(id, _)| *id).collect()).collect();
    let values: Vec<Vec<f64>> =
        found.iter().map(|found| found.iter().map(|(_, value)| value * half * rest).collect()).collect();
    if values.iter().flatten().any(|value| !value.is_finite()) {
        return Err(Error::too_large("/base", format!("a result is beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the columns down"));
    }
    Ok(match args.metric {
        Metric::L2 => Output { ids, distances: Some(values), similarities: None },
        Metric::Cosine | Metric::InnerProduct => Output { ids, distances: None, similarities: Some(values) },
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, m, d) = (args.base.rows(), args.queries.rows(), args.base.columns());
    if args.queries.columns() != d {
        let message = format!("`queries` has {} columns, but `base` has {d}", args.queries.columns());
        return Err(Error::invalid("/queries", message));
    }
    if n.saturating_mul(m).saturating_mul(d) > MOST_WORK {
        let message = format!("{m} queries in {n} vectors of {d} numbers are more than {MOST_WORK:e} multiplications");
        return Err(Error::too_large("/queries", message).with_hint("ask fewer queries at a time"));
    }
    if args.metric == Metric::Cosine {
        for (name, table) in [("base", &args.base), ("queries", &args.queries)] {
            if let Some(row) = table.iter().position(|row| row.iter().all(|x| *x == 0.0)) {
                let message = format!("row {row} of `{name}` is all zeros and has no direction");
                return Err(Error::undefined(format!("/{name}/{row}"), message));
            }
        }
    }
    Ok(())
}

/// The `k` nearest rows of `base` for each row of `queries`, of `dimensions` numbers each: their places, and their
/// distances (`L2`) or similarities; nearest first, of equals the first. Works on rayon's current threads, whose number
/// changes nothing.
///
/// ```
/// use roundtable_tools::retrieval::knn_exact::{Metric, search};
///
/// let base = [0.0, 0.0, 3.0, 4.0, 1.0, 0.0_f32];
/// assert_eq!(search(&base, &[0.0, 0.0], 2, 2, Metric::L2), [[(0, 0.0), (2, 1.0)]]);
/// ```
///
/// # Panics
/// When `dimensions` is 0 or a block is not a whole number of rows.
pub fn search<T: Real>(base: &[T], queries: &[T], dimensions: usize, k: usize, metric: Metric) -> Vec<Vec<(usize, T)>> {
    let d = dimensions;
    assert!(base.len().is_multiple_of(d) && queries.len().is_multiple_of(d), "rows of {d} numbers");
    let best = match metric {
        Metric::L2 => match far_from_origin(base, d) {
            None => Search { base, queries, d, squares: true }.best(k),
            Some(middle) => {
                let (base, queries) = (moved(base, &middle), moved(queries, &middle));
                Search { base: &base, queries: &queries, d, squares: true }.best(k)
            }
        },
        Metric::InnerProduct => Search { base, queries, d, squares: false }.best(k),
        Metric::Cosine => {
            let (base, queries) = (directions(base, d), directions(queries, d));
            Search { base: &base, queries: &queries, d, squares: false }.best(k)
        }
    };
    let value = |score: T| match metric {
        Metric::L2 => score.sqrt(),
        Metric::InnerProduct => -score,
        Metric::Cosine => (-score).max(-T::ONE).min(T::ONE),
    };
    best.into_iter().map(|best| best.list.into_iter().map(|(score, id)| (id, value(score))).collect()).collect()
}

/// The best so far, smallest score first, of equal scores the smaller number.
struct Best<T> {
    k: usize,
    list: Vec<(T, usize)>,
}

impl<T: Real> Best<T> {
    fn offer(&mut self, score: T, id: usize) {
        if self.list.len() == self.k
            && let Some(&(worst, last)) = self.list.last()
            && (score > worst || (score == worst && id > last))
        {
            return;
        }
        let place = self.list.partition_point(|&(other, at)| other < score || (other == score && at < id));
        self.list.truncate(self.k - 1);
        self.list.insert(place, (score, id));
    }

    /// The score to beat, once there are k.
    fn worst(&self) -> Option<T> {
        (self.list.len() == self.k).then(|| self.list[self.k - 1].0)
    }
}

/// Rows to search in and for; a score is the squared distance if `squares`, and the negative inner product otherwise.
struct Search<'a, T> {
    base: &'a [T],
    queries: &'a [T],
    d: usize,
    squares: bool,
}

/// What a query remembers.
struct State<'a, T> {
    query: &'a [T],
    best: Best<T>,
    /// Candidates not measured yet, by the score of the formula: `|b|² / 2 - q·b`.
    waiting: Vec<(T, usize)>,
    /// From this score of the formula on, nothing is among the best.
    limit: T,
    /// How far the formula can be wrong.
    margin: T,
}

/// How many candidates wait before they are measured.
const WAITING: usize = 48;
/// Fewer queries are not worth a product of matrices.
const FEW: usize = 4;
/// How many rows of the base a task takes when there are few queries.
const ROWS: usize = 8192;

impl<T: Real> Search<'_, T> {
    fn best(&self, k: usize) -> Vec<Best<T>> {
        let n = self.base.len() / self.d;
        let k = k.min(n);
        if k == 0 {
            return self.queries.chunks_exact(self.d).map(|_| Best { k, list: Vec::new() }).collect();
        }
        if self.queries.len() < FEW * self.d {
            return self.queries.chunks_exact(self.d).map(|query| self.one(query, k)).collect();
        }
        let halves: Vec<T> = if self.squares { half_squares(self.base, self.d) } else { vec![T::ZERO; n] };
        let longest = self.base.par_chunks(self.d).map(|row| dot(row, row)).reduce(|| T::ZERO, T::max).sqrt();
        let states = self.queries.chunks_exact(self.d).map(|query| {
            let reach = dot(query, query).sqrt() + longest;
            // Twice the bound of Higham's (3.5), for the formula and for the measurement.
            let margin = T::from_f64(2.0 * (self.d as f64 + 8.0)) * T::EPSILON * reach * reach;
            let best = Best { k, list: Vec::with_capacity(k) };
            State { query, best, waiting: Vec::with_capacity(WAITING + 64), limit: T::INFINITY, margin }
        });
        let mut states: Vec<State<'_, T>> = states.collect();
        let base = View::new(self.base, n, self.d);
        let queries = View::new(self.queries, states.len(), self.d);
        rows_of_product(queries, base.t(), &mut states, |state, first, products| {
            self.look(state, first, products, &halves[first..first + products.len()]);
        });
        states.par_iter_mut().for_each(|state| self.measure(state));
        states.into_iter().map(|state| state.best).collect()
    }

    /// Puts aside what could be among the best.
    fn look(&self, state: &mut State<'_, T>, first: usize, products: &[T], halves: &[T]) {
        const LANES: usize = 16;
        const TIMES: usize = 4;
        let stretches = products.chunks(LANES * TIMES).zip(halves.chunks(LANES * TIMES));
        for (i, (products, halves)) in stretches.enumerate() {
            let least = vectorized(
                #[inline(always)]
                || {
                    let ((products, rest), (halves, more)) =
                        (products.as_chunks::<LANES>(), halves.as_chunks::<LANES>());
                    let mut least = [T::INFINITY; LANES];
                    for (products, halves) in products.iter().zip(halves) {
                        for l in 0..LANES {
                            least[l] = least[l].min(halves[l] - products[l]);
                        }
                    }
                    let rest = rest.iter().zip(more).fold(T::INFINITY, |least, (p, h)| least.min(*h - *p));
                    least.iter().fold(rest, |least, x| least.min(*x))
                },
            );
            if least < state.limit {
                for (j, (product, half)) in products.iter().zip(halves).enumerate() {
                    let score = *half - *product;
                    if score < state.limit {
                        state.waiting.push((score, first + i * LANES * TIMES + j));
                    }
                }
                if state.waiting.len() >= WAITING {
                    self.measure(state);
                }
            }
        }
    }

    /// Measures what waits, the most promising first.
    fn measure(&self, state: &mut State<'_, T>) {
        let State { query, best, waiting, limit, margin } = state;
        waiting.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        for (score, id) in waiting.drain(..) {
            if score >= *limit {
                continue;
            }
            best.offer(self.score(query, id), id);
            if let Some(worst) = best.worst() {
                let formula = if self.squares { (worst - dot(query, query)) * T::from_f64(0.5) } else { worst };
                *limit = formula + *margin;
            }
        }
    }

    fn score(&self, query: &[T], id: usize) -> T {
        let row = &self.base[id * self.d..(id + 1) * self.d];
        if self.squares { squared_distance(query, row) } else { -dot(query, row) }
    }

    /// One query: each row of the base is read once and measured directly.
    fn one(&self, query: &[T], k: usize) -> Best<T> {
        let parts: Vec<Best<T>> = (0..self.base.len() / self.d)
            .into_par_iter()
            .step_by(ROWS)
            .map(|from| {
                let rows = &self.base[from * self.d..self.base.len().min((from + ROWS) * self.d)];
                let mut scores = vec![T::ZERO; rows.len() / self.d];
                vectorized(
                    #[inline(always)]
                    || {
                        for (score, row) in scores.iter_mut().zip(rows.chunks_exact(self.d)) {
                            *score = if self.squares {
                                inside::squared_distance(query, row)
                            } else {
                                -inside::dot(query, row)
                            };
                        }
                    },
                );
                let mut best = Best { k, list: Vec::new() };
                scores.iter().enumerate().for_each(|(i, score)| best.offer(*score, from + i));
                best
            })
            .collect();
        let mut best = Best { k, list: Vec::new() };
        parts.into_iter().flat_map(|part| part.list).for_each(|(score, id)| best.offer(score, id));
        best
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, random::Random, value::Seed};

    fn of(base: &[[f64; 2]], queries: &[[f64; 2]], k: usize, metric: Metric) -> Result<Output, Error> {
        let table = |rows: &[[f64; 2]]| Matrix::from_rows(rows.iter().map(|row| row.to_vec()).collect());
        run(&Args { base: table(base)?, queries: table(queries)?, k: NonZeroUsize::new(k).unwrap(), metric })
    }

    #[test]
    fn by_hand() {
        let base = [[0.0, 0.0], [3.0, 4.0], [1.0, 0.0], [3.0, 4.0]];
        let out = of(&base, &[[0.0, 0.0]], 3, Metric::L2).unwrap();
        assert_eq!((out.ids, out.distances.unwrap()), (vec![vec![0, 2, 1]], vec![vec![0.0, 1.0, 5.0]]));
        let out = of(&base, &[[1.0, 1.0]], 2, Metric::InnerProduct).unwrap();
        assert_eq!((out.ids, out.similarities.unwrap()), (vec![vec![1, 3]], vec![vec![7.0, 7.0]]));
        let out = of(&base[1..], &[[0.0, 2.0]], 1, Metric::Cosine).unwrap();
        assert_eq!(out.ids, [[0]]);
        assert!((out.similarities.unwrap()[0][0] - 0.8).abs() < 1e-15);
    }

    #[test]
    fn all_there_are_when_k_is_larger() {
        assert_eq!(of(&[[0.0, 0.0], [1.0, 1.0]], &[[0.0, 0.1]], 5, Metric::L2).unwrap().ids, [[0, 1]]);
    }

    #[test]
    fn refuses_what_has_no_neighbours() {
        let zero = of(&[[1.0, 0.0], [0.0, 0.0]], &[[1.0, 1.0]], 1, Metric::Cosine).unwrap_err();
        assert_eq!((zero.kind, zero.path.as_str()), (ErrorKind::Undefined, "/base/1"));
        let far = of(&[[1.7e308, 0.0]], &[[-1.7e308, 0.0]], 1, Metric::L2).unwrap_err();
        assert_eq!(far.kind, ErrorKind::TooLarge);
    }

    #[test]
    fn any_size_of_number() {
        for size in [1e-300, 1e-200, 1e200, 1e307] {
            let base = [[0.0, 0.0], [3.0 * size, 4.0 * size]];
            let distances = of(&base, &[[0.0, 0.0]], 2, Metric::L2).unwrap().distances.unwrap();
            assert!((distances[0][1] / size - 5.0).abs() < 1e-14);
        }
    }

    fn numbers(count: usize, seed: u64, shift: f64) -> Vec<f64> {
        let mut random = Random::new(Seed::from(seed));
        // Rounded, so that there are ties.
        (0..count).map(|_| (random.normal() * 4.0).round() / 4.0 + shift).collect()
    }

    /// The oracle is the plain way: measure all, sort, take k.
    fn plain<T: Real>(base: &[T], query: &[T], d: usize, k: usize, metric: Metric) -> Vec<usize> {
        let mut order: Vec<(T, usize)> = base
            .chunks(d)
            .map(|row| match metric {
                Metric::L2 => squared_distance(query, row),
                Metric::InnerProduct | Metric::Cosine => -dot(query, row),
            })
            .zip(0..)
            .collect();
        order.sort_by(|a, b| a.partial_cmp(b).unwrap());
        order.into_iter().take(k).map(|(_, id)| id).collect()
    }

    #[test]
    fn the_same_as_measuring_all() {
        for (n, m, d, k) in [(500, 20, 3, 7), (300, 5, 1, 300), (900, 40, 17, 10), (40, 2, 4, 3)] {
            for (metric, shift) in [(Metric::L2, 0.0), (Metric::L2, 1000.0), (Metric::InnerProduct, 0.25)] {
                let (base, queries) = (numbers(n * d, 1, shift), numbers(m * d, 2, shift));
                let single = |x: &[f64]| -> Vec<f32> { x.iter().map(|x| *x as f32).collect() };
                let (base32, queries32) = (single(&base), single(&queries));
                let (got, got32) = (search(&base, &queries, d, k, metric), search(&base32, &queries32, d, k, metric));
                for i in 0..m {
                    let expected = plain(&base, &queries[i * d..(i + 1) * d], d, k, metric);
                    assert_eq!(got[i].iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected);
                    // Quarters are exact in single precision too.
                    assert_eq!(got32[i].iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected);
                }
            }
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let (base, queries) = (numbers(700 * 20, 1, 0.0), numbers(100 * 20, 2, 0.0));
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| [Metric::L2, Metric::Cosine].map(|metric| search(&base, &queries, 20, 5, metric)))
        };
        assert_eq!(with(1), with(2));
    }
}
