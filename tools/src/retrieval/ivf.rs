//! Inverted lists: k-means cuts the space into cells, and a query looks only into the cells whose centres are nearest.
//!
//! Building is a few steps of k-means on a sample (as FAISS does it, from random points), and then one assignment of all
//! points. The lists' vectors lie behind each other, so that a search reads memory in order; with *codes* of one byte a coordinate it reads a quarter of it, and the
//! best are compared exactly.
//!
//! Cost: O(n l d) to build with l lists, O((l + p n / l) d) a query that probes p lists; l = √n balances the two.
//! References: J. Sivic, A. Zisserman, "Video Google", ICCV 2003; H. Jégou, M. Douze, C. Schmid, "Product quantization
//! for nearest neighbor search", IEEE TPAMI 33(1), 2011, §IV (the inverted file).

use rayon::prelude::*;

use super::{
    found::{Found, Points},
    space::{Codes, Floats, Space},
};
use crate::{
    cluster::kmeans,
    error::Error,
    kernel::{inside, vectorized},
    random::Random,
    value::Seed,
};

/// How an index is built.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many lists to cut the points into, from 1 to the number of points.
    pub lists: usize,
    /// Whether to scan codes of one byte a coordinate instead of floats.
    pub codes: bool,
    /// Where the random sequence starts.
    pub seed: Seed,
}

/// An index of vectors, for Euclidean distances.
///
/// ```
/// use roundtable_tools::{Seed, retrieval::ivf::{Index, Options}};
///
/// let points: Vec<f32> = (0..100).map(|i| i as f32).collect();
/// let index = Index::build(points, 1, &Options { lists: 10, codes: false, seed: Seed::default() })?;
/// assert_eq!(index.search(&[41.8], 2, 10)?.ids, [42, 41]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
pub struct Index {
    points: Points,
    centres: Vec<f32>,
    /// Where each list starts in the order of the lists, and where the last ends.
    starts: Vec<u32>,
    /// The row of the points at each place.
    rows: Vec<u32>,
    store: Store,
}

enum Store {
    Floats(Floats),
    Codes(Codes),
}

/// Points to train with, at most, for each list; and steps.
const TRAINING: (usize, usize) = (64, 10);

impl Index {
    /// Builds an index of points, row after row.
    ///
    /// # Errors
    /// `invalid_arguments` when there are no points, not whole rows of them, a coordinate is not finite, or there are fewer
    /// points than lists; `too_large` beyond 2^30 points or 16,384 dimensions.
    pub fn build(points: Vec<f32>, dimensions: usize, options: &Options) -> Result<Self, Error> {
        let points = Points::new(points, dimensions)?;
        let (n, lists) = (points.len(), options.lists);
        if lists == 0 || lists > n {
            return Err(Error::invalid("/n_lists", format!("`n_lists` is {lists}, but there are {n} vectors"))
                .with_hint(format!("use `n_lists` from 1 to {n}")));
        }
        let centres = train(&points, lists, &mut Random::new(options.seed));
        // No steps more: the lists of the centres as they are.
        let labels = kmeans::fit(&points.numbers, dimensions, &centres, 0, 0.0).labels;
        let mut starts = vec![0_u32; lists + 1];
        labels.iter().for_each(|&label| starts[label + 1] += 1);
        (0..lists).for_each(|list| starts[list + 1] += starts[list]);
        let mut rows: Vec<u32> = (0..n as u32).collect();
        rows.sort_by_key(|&row| labels[row as usize]);
        let store = if options.codes {
            Store::Codes(Codes::new(&points.numbers, dimensions, &rows))
        } else {
            Store::Floats(Floats::new(&points.numbers, dimensions, &rows))
        };
        Ok(Index { points, centres, starts, rows, store })
    }

    /// How many points it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many points each list has.
    pub fn sizes(&self) -> Vec<usize> {
        self.starts.windows(2).map(|pair| (pair[1] - pair[0]) as usize).collect()
    }

    /// Finds the `k` nearest points of each query, the queries row after row, in the `probe` nearest lists; in more when
    /// those have fewer than `k` points.
    ///
    /// # Errors
    /// `invalid_arguments` when the queries are not whole rows, or `k` is 0 or more than there are points.
    pub fn search(&self, queries: &[f32], k: usize, probe: usize) -> Result<Found, Error> {
        let rows = self.points.queries(queries, k)?;
        let one = |query: &&[f32]| match &self.store {
            Store::Floats(floats) => self.scan(floats, &floats.query(query), query, k, probe),
            Store::Codes(codes) => self.scan(codes, &codes.query(query), query, k, probe),
        };
        Ok(Found::all(rows.par_iter().with_min_len(4).map(one).collect()))
    }

    fn scan<S: Space>(
        &self,
        space: &S,
        query: &S::Query,
        exact: &[f32],
        k: usize,
        probe: usize,
    ) -> (Vec<(f32, u32)>, u64) {
        let d = self.points.dimensions;
        let mut computed = (self.starts.len() - 1) as u64;
        let mut best = Best { several: 2 * k + 8, found: Vec::new() };
        vectorized(
            #[inline(always)]
            || {
                // A plain loop: what a closure hands to somebody else's code may not be compiled for this machine.
                let mut order: Vec<(f32, usize)> = Vec::with_capacity(self.starts.len() - 1);
                for (list, centre) in self.centres.chunks_exact(d).enumerate() {
                    order.push((inside::squared_distance(centre, exact), list));
                }
                let nearer = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
                let probe = probe.min(order.len());
                if probe < order.len() {
                    order.select_nth_unstable_by(probe, nearer);
                }
                let mut probed = 0;
                while probed < probe || best.found.len() < k && probed < order.len() {
                    if probed == probe {
                        order[probe..].sort_unstable_by(nearer);
                    }
                    let list = order[probed].1;
                    for place in self.starts[list]..self.starts[list + 1] {
                        best.offer(space.distance(query, place), place);
                    }
                    computed += u64::from(self.starts[list + 1] - self.starts[list]);
                    probed += 1;
                }
            },
        );
        let several = best.found.iter().map(|key| self.rows[*key as u32 as usize]);
        (self.points.nearest(exact, several, k), computed)
    }
}

/// The nearest places so far, as numbers with the distance in front, in order.
struct Best {
    several: usize,
    found: Vec<u64>,
}

impl Best {
    #[inline(always)]
    fn offer(&mut self, distance: u32, place: u32) {
        let key = u64::from(distance) << 32 | u64::from(place);
        if self.found.len() == self.several {
            if self.found.last().is_some_and(|last| key > *last) {
                return;
            }
            self.found.pop();
        }
        let at = self.found.partition_point(|other| *other < key);
        self.found.insert(at, key);
    }
}

/// Centres by k-means on a sample, from random points.
fn train(points: &Points, lists: usize, random: &mut Random) -> Vec<f32> {
    let (each, steps) = TRAINING;
    let (n, d) = (points.len(), points.dimensions);
    // The first so many of a random order (Fisher and Yates).
    let count = n.min(each * lists);
    let mut order: Vec<u32> = (0..n as u32).collect();
    (0..count).for_each(|i| order.swap(i, i + random.below(n - i)));
    let sample: Vec<f32> = order[..count].iter().flat_map(|&row| points.row(row).iter().copied()).collect();
    kmeans::fit(&sample, d, &sample[..lists * d], steps, 0.0).centres
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn options(lists: usize) -> Options {
        Options { lists, codes: false, seed: Seed::default() }
    }

    fn normal(n: usize, d: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(Seed::from(seed));
        (0..n * d).map(|_| random.normal() as f32).collect()
    }

    #[test]
    fn cells_by_hand() {
        let index = Index::build(vec![0.0, 0.1, 5.0, 5.1, 5.2, 9.9], 1, &options(3)).unwrap();
        let mut sizes = index.sizes();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2, 3]);
        let found = index.search(&[5.15], 2, 1).unwrap();
        // Three centres and the three points of one cell.
        assert_eq!((found.ids[0].min(found.ids[1]), found.computed), (3, 6));
    }

    #[test]
    fn more_probes_find_more() {
        let (points, queries) = (normal(2000, 8, 1), normal(40, 8, 2));
        for codes in [false, true] {
            let index = Index::build(points.clone(), 8, &Options { codes, ..options(40) }).unwrap();
            let truth = index.search(&queries, 10, 40).unwrap().ids;
            let recall = |probe: usize| {
                let ids = index.search(&queries, 10, probe).unwrap().ids;
                let hits = |(a, b): (&[u32], &[u32])| a.iter().filter(|id| b.contains(id)).count();
                ids.chunks_exact(10).zip(truth.chunks_exact(10)).map(hits).sum::<usize>() as f64 / ids.len() as f64
            };
            let recalls = [recall(1), recall(4), recall(16), recall(40)];
            assert!(recalls.is_sorted() && recalls[0] < 0.7 && recalls[2] > 0.95 && recalls[3] == 1.0, "{recalls:?}");
        }
    }

    #[test]
    fn threads_change_nothing() {
        let points = normal(3000, 6, 3);
        let build = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let index = Index::build(points.clone(), 6, &options(20)).unwrap();
                (index.search(&points[..600], 5, 3).unwrap(), index.centres)
            })
        };
        assert!(build(1) == build(2));
    }

    #[test]
    fn equal_points_and_short_lists() {
        let index = Index::build(vec![1.0; 50], 1, &options(7)).unwrap();
        assert_eq!(index.search(&[0.0], 50, 1).unwrap().ids, (0..50).collect::<Vec<u32>>());
        assert!(
            Index::build(vec![1.0; 3], 1, &options(4)).is_err() && Index::build(vec![1.0; 3], 1, &options(0)).is_err()
        );
    }

    proptest! {
        #[test]
        fn all_lists_are_exact(points in prop::collection::vec(-9_i8..9, 4..60), lists in 1_usize..6, k in 1_usize..4) {
            let points: Vec<f32> = points[..points.len() / 2 * 2].iter().map(|x| f32::from(*x)).collect();
            let n = points.len() / 2;
            let (lists, k) = (lists.min(n), k.min(n));
            let index = Index::build(points, 2, &options(lists)).unwrap();
            let truth = index.points.nearest(&[0.3, -0.2], 0..n as u32, k);
            let found = index.search(&[0.3, -0.2], k, lists).unwrap();
            prop_assert_eq!(found.squared_distances, truth.iter().map(|(distance, _)| *distance).collect::<Vec<f32>>());
        }
    }
}
