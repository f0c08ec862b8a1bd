//! # DBSCAN
//!
//! A point with at least `min_samples` points within `eps` (itself counted) is a core point. Core points within `eps` of
//! each other share a cluster, whatever its shape; other points within `eps` of a core point are the cluster's border,
//! and the rest is noise. Nobody has to say how many clusters there are.
//!
//! The textbook searches the neighbours of every point and walks from core point to core point: O(n²). Here the points
//! are first sorted into cells (`cells.rs`): two points of one grid cell always are neighbours, so a cell
//! with `min_samples` points makes all of them core without a single distance, and clusters are made of whole cells.
//! Two cells are joined by the first pair found, and not at all if they are already in one cluster.
//! Cost: about O(n) in up to three dimensions, more as dimensions make more cells near, at worst O(n² d).
//!
//! References: M. Ester, H.-P. Kriegel, J. Sander, X. Xu, "A density-based algorithm for discovering clusters in large
//! spatial databases with noise", KDD 1996; Y. Wang, Y. Gu, J. Shun, "Theoretically-efficient and practical parallel
//! DBSCAN", SIGMOD 2020, §4.

use std::{num::NonZeroUsize, ops::Range};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cells::{Cells, PADDING};
use crate::{error::Error, kernel::vectorized, value::Matrix};

/// Groups the rows of a table into clusters of any shape by density, and calls what lies alone noise. Use it to find
/// clusters when you do not know how many there are, when they are not round, or to pick out outliers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row: up to a million in one to three dimensions, fewer in more (rows² · columns up to 4e10).
    pub X: Matrix,
    /// How far a neighbour may be: the radius, epsilon, the largest distance. From 1e-150 to 1e150, in the units of the
    /// columns; 0.5 when not given.
    #[serde(default = "half")]
    #[schemars(range(min = 1e-150, max = 1e150))]
    pub eps: f64,
    /// How many points within `eps` make a core point, itself counted: min points, minPts; 5 when not given.
    #[serde(default = "five")]
    pub min_samples: NonZeroUsize,
}

fn half() -> f64 {
    0.5
}

fn five() -> NonZeroUsize {
    const { NonZeroUsize::new(5).expect("not zero") }
}

/// The clusters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The cluster of each point in the order of the rows: from 0, numbered by their first core point; -1 is noise. A
    /// border point of several clusters belongs to the first of them.
    pub labels: Vec<i32>,
    /// How many clusters.
    pub n_clusters: usize,
    /// How many points are noise.
    pub n_noise: usize,
    /// The rows that are core points, in order.
    pub core_indices: Vec<usize>,
    /// How many points each cluster has.
    pub sizes: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Run DBSCAN with eps 0.5 and min_samples 3 on [[1,1],[1.1,1],[1,1.2],[8,8],[8.1,8],[8,8.2],[4,15]]",
    "find dense clusters and noise in these points, radius 2, at least 4 neighbours",
    "cluster by density: [[0,0],[0,1],[1,0],[10,10],[10,11],[50,50]] with eps = 1.5",
    "which of these rows are outliers that belong to no cluster?",
    "group points of any shape without saying how many groups there are",
];

/// The most rows, and the most work in more than three dimensions: rows² · columns.
const LIMITS: (usize, f64) = (1_000_000, 4e10);

/// Finds the clusters.
///
/// ```
/// use std::num::NonZeroUsize;
/// use roundtable_tools::cluster::dbscan;
///
/// let X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [9.0, 9.0]].try_into()?;
/// let output = dbscan::run(&dbscan::Args { X, eps: 1.0, min_samples: NonZeroUsize::new(2).unwrap() })?;
/// assert_eq!(output.labels, [0, 0, 0, -1]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if `eps` is not between 1e-150 and 1e150, `too_large` beyond a million rows, or in more than
/// three dimensions beyond 4e10 of rows² · columns.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    if !(1e-150..=1e150).contains(&args.eps) {
        return Err(Error::invalid("/eps", format!("`eps` is {}, but must be from 1e-150 to 1e150", args.eps))
            .with_hint("give the distance up to which two points are neighbours"));
    }
    let (rows, work) = LIMITS;
    if n > rows || (d > 3 && (n as f64).powi(2) * d as f64 > work) {
        let most = if d > 3 { ((work / d as f64).sqrt() as usize).min(rows) } else { rows };
        return Err(Error::too_large("/X", format!("`X` has {n} rows, the limit with {d} columns is {most}"))
            .with_hint("take a sample of the rows, or reduce the columns with `pca`"));
    }
    let Clusters { labels, core, count } = fit(args.X.as_slice(), d, args.eps, args.min_samples.get());
    let mut sizes = vec![0; count];
    labels.iter().filter_map(|label| usize::try_from(*label).ok()).for_each(|label| sizes[label] += 1);
    Ok(Output {
        n_clusters: count,
        n_noise: n - sizes.iter().sum::<usize>(),
        core_indices: (0..n).filter(|i| core[*i]).collect(),
        labels,
        sizes,
    })
}

/// What [`fit`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster of each point, numbered by their first core point; -1 is noise.
    pub labels: Vec<i32>,
    /// Which points are core points.
    pub core: Vec<bool>,
    /// How many clusters.
    pub count: usize,
}

/// Finds the clusters of `points`, which lie row after row, `dimensions` numbers each (fewer than 2³¹ rows).
///
/// Two points are neighbours when the sum of squared differences, added up in the order of the columns, is at most
/// `eps²`: the same rounding as the textbook version, and so the same result. An empty list has no clusters.
pub fn fit(points: &[f64], dimensions: usize, eps: f64, min_samples: usize) -> Clusters {
    let n = points.len() / dimensions.max(1);
    if n == 0 || min_samples > n {
        return Clusters { labels: vec![-1; n], core: vec![false; n], count: 0 };
    }
    let (cells, reach) = (&Cells::new(points, dimensions, eps), eps * eps);
    match dimensions {
        1 => Search::<1> { cells, reach }.clusters(min_samples),
        2 => Search::<2> { cells, reach }.clusters(min_samples),
        3 => Search::<3> { cells, reach }.clusters(min_samples),
        _ => Search::<0> { cells, reach }.clusters(min_samples),
    }
}

/// A search for clusters in `D` dimensions, 0 for any number of them.
struct Search<'a, const D: usize> {
    cells: &'a Cells,
    reach: f64,
}

/// Cells that one thread takes at a time.
const BLOCK: usize = 512;

impl<const D: usize> Search<'_, D> {
    fn clusters(&self, min_samples: usize) -> Clusters {
        let n = self.cells.order.len();
        let cores = Cores::new(self.cells, &self.core(min_samples), self.reach);
        let mut sets = self.joined(&cores);
        // Clusters are numbered by their first core point in the order of the table.
        let mut labels = vec![-1; n];
        for (place, &row) in cores.rows.iter().enumerate() {
            labels[row as usize] = sets.find(cores.unit[place]) as i32;
        }
        let core: Vec<bool> = labels.iter().map(|label| *label >= 0).collect();
        let mut number = vec![-1; cores.rows.len()];
        let mut count = 0;
        for label in labels.iter_mut().filter(|label| **label >= 0) {
            let number = &mut number[*label as usize];
            if *number < 0 {
                *number = count;
                count += 1;
            }
            *label = *number;
        }
        for (row, label) in self.border(&cores, &labels) {
            labels[row as usize] = label;
        }
        Clusters { labels, core, count: count as usize }
    }

    /// Which places are core points.
    fn core(&self, min_samples: usize) -> Vec<bool> {
        self.in_blocks(
            #[inline(always)]
            |cell, found: &mut Vec<bool>| {
                let places = self.cells.places(cell);
                if places.len() >= min_samples && self.is_tight(cell) {
                    return found.extend(places.map(|_| true));
                }
                for place in places {
                    let mut count = 0;
                    for run in self.cells.near(cell) {
                        count += within::<D>(
                            (&self.cells.axes, place),
                            (&self.cells.axes, self.cells.places_of(*run)),
                            self.reach,
                            min_samples - count,
                        );
                        if count >= min_samples {
                            break;
                        }
                    }
                    found.push(count >= min_samples);
                }
            },
        )
    }

    /// Core points within reach of each other are in the same set.
    fn joined(&self, cores: &Cores) -> Sets {
        vectorized(
            #[inline(always)]
            || {
                let mut sets = Sets::new(cores.rows.len());
                for cell in (0..self.cells.len()).filter(|cell| !cores.places(*cell).is_empty()) {
                    let own = cores.places(cell);
                    if !cores.tight[cell] {
                        own.clone().for_each(|place| self.join_loose(cores, place, place + 1..own.end, &mut sets));
                    }
                    let after = cell as u32 + 1;
                    let runs = self.cells.near(cell).iter().filter(|run| run.1 > after);
                    for other in runs.flat_map(|run| run.0.max(after)..run.1) {
                        self.join(cores, cell, other as usize, &mut sets);
                    }
                }
                sets
            },
        )
    }

    #[inline(always)]
    fn join(&self, cores: &Cores, a: usize, b: usize, sets: &mut Sets) {
        let (mut at, mut among) = (cores.places(a), cores.places(b));
        if among.is_empty() {
            return;
        }
        let tight = cores.tight[a] && cores.tight[b];
        let (one, two) = (at.start as u32, among.start as u32);
        if (tight && sets.find(one) == sets.find(two)) || self.cells.boxes.least(a, &self.cells.boxes, b) > self.reach {
            return;
        }
        if !tight {
            return at.for_each(|place| self.join_loose(cores, place, among.clone(), sets));
        }
        if at.len() > among.len() {
            std::mem::swap(&mut at, &mut among);
        }
        let axes = &cores.axes;
        if self.cells.boxes.most(a, b) <= self.reach
            || at.clone().any(|place| within::<D>((axes, place), (axes, among.clone()), self.reach, 1) > 0)
        {
            sets.join(one, two);
        }
    }

    /// Where a cell's own points need not be neighbours, each core point speaks for itself.
    #[inline(always)]
    fn join_loose(&self, cores: &Cores, place: usize, among: Range<usize>, sets: &mut Sets) {
        for other in among {
            let (a, b) = (cores.unit[place], cores.unit[other]);
            if sets.find(a) != sets.find(b) && squared::<D>((&cores.axes, place), (&cores.axes, other)) <= self.reach {
                sets.join(a, b);
            }
        }
    }

    /// The rows that are not core points but within reach of one, each with the first of the clusters that it touches.
    fn border(&self, cores: &Cores, labels: &[i32]) -> Vec<(u32, i32)> {
        self.in_blocks(
            #[inline(always)]
            |cell, found: &mut Vec<(u32, i32)>| {
                let places = self.cells.places(cell);
                if places.len() == cores.places(cell).len() {
                    return;
                }
                for place in places {
                    let row = self.cells.order[place];
                    if labels[row as usize] >= 0 {
                        continue;
                    }
                    let mut best = i32::MAX;
                    for &(from, to) in self.cells.near(cell) {
                        for other in cores.starts[from as usize] as usize..cores.starts[to as usize] as usize {
                            if squared::<D>((&self.cells.axes, place), (&cores.axes, other)) <= self.reach {
                                best = best.min(labels[cores.rows[other] as usize]);
                            }
                        }
                    }
                    if best < i32::MAX {
                        found.push((row, best));
                    }
                }
            },
        )
    }

    /// What `work` finds in each cell, in their order, on all threads.
    fn in_blocks<T: Send>(&self, work: impl Fn(usize, &mut Vec<T>) + Sync) -> Vec<T> {
        let cells = self.cells.len();
        let blocks = (0..cells.div_ceil(BLOCK)).into_par_iter().map(|block| {
            vectorized(
                #[inline(always)]
                || {
                    let mut found = Vec::new();
                    (block * BLOCK..((block + 1) * BLOCK).min(cells)).for_each(|cell| work(cell, &mut found));
                    found
                },
            )
        });
        blocks.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    #[inline(always)]
    fn is_tight(&self, cell: usize) -> bool {
        self.cells.boxes.most(cell, cell) <= self.reach
    }
}

/// The core points, in the order of their cells.
struct Cores {
    /// The row of each.
    rows: Vec<u32>,
    /// The coordinates, padded as those of [`Cells`].
    axes: Vec<Vec<f64>>,
    /// Where each cell starts, and where the last one ends.
    starts: Vec<u32>,
    /// Which cells have all points within reach of each other.
    tight: Vec<bool>,
    /// Who speaks for each in the sets: the first of a tight cell, or itself.
    unit: Vec<u32>,
}

impl Cores {
    fn new(cells: &Cells, core: &[bool], reach: f64) -> Self {
        let kept: Vec<usize> = (0..core.len()).filter(|place| core[*place]).collect();
        let rows: Vec<u32> = kept.iter().map(|place| cells.order[*place]).collect();
        let axes = cells
            .axes
            .iter()
            .map(|axis| kept.iter().map(|place| axis[*place]).chain([f64::INFINITY; PADDING]).collect())
            .collect();
        let tight: Vec<bool> = (0..cells.len()).map(|cell| cells.boxes.most(cell, cell) <= reach).collect();
        let (mut starts, mut unit) = (vec![0; cells.len() + 1], Vec::with_capacity(rows.len()));
        for cell in 0..cells.len() {
            let first = starts[cell];
            starts[cell + 1] = first + cells.places(cell).filter(|place| core[*place]).count() as u32;
            unit.extend((first..starts[cell + 1]).map(|place| if tight[cell] { first } else { place }));
        }
        Cores { rows, axes, starts, tight, unit }
    }

    #[inline(always)]
    fn places(&self, cell: usize) -> Range<usize> {
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }
}

/// Disjoint sets of numbers: R. E. Tarjan, "Efficiency of a good but not linear set union algorithm", JACM 22(2), 1975.
struct Sets(Vec<u32>);

impl Sets {
    fn new(count: usize) -> Self {
        Sets((0..count as u32).collect())
    }

    /// The name of the set that holds `x`: its smallest number.
    #[inline(always)]
    fn find(&mut self, mut x: u32) -> u32 {
        while self.0[x as usize] != x {
            // Halving the path on the way is as good as compressing it.
            self.0[x as usize] = self.0[self.0[x as usize] as usize];
            x = self.0[x as usize];
        }
        x
    }

    #[inline(always)]
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

/// A place among points given axis by axis.
type At<'a, P> = (&'a [Vec<f64>], P);

/// The squared distance of two points in `D` dimensions, 0 for any number.
#[inline(always)]
fn squared<const D: usize>(a: At<usize>, b: At<usize>) -> f64 {
    let dimensions = if D > 0 { D } else { a.0.len() };
    let apart = (0..dimensions).map(|j| a.0[j][a.1] - b.0[j][b.1]);
    apart.map(|apart| apart * apart).sum()
}

/// How many of the places are within reach, eight at a time; may stop at `enough`.
#[inline(always)]
fn within<const D: usize>(a: At<usize>, others: At<Range<usize>>, reach: f64, enough: usize) -> usize {
    let dimensions = if D > 0 { D } else { a.0.len() };
    let (axes, places) = others;
    let mut count = 0;
    let mut start = places.start;
    while start < places.end && count < enough {
        let mut sums = [0.0; PADDING];
        for (axis, own) in axes.iter().zip(a.0).take(dimensions) {
            let from = own[a.1];
            if let Some((block, _)) = axis[start..].split_first_chunk::<PADDING>() {
                for lane in 0..PADDING {
                    let apart = from - block[lane];
                    sums[lane] += apart * apart;
                }
            }
        }
        let left = places.end - start;
        for (lane, sum) in sums.iter().enumerate() {
            count += usize::from(*sum <= reach && lane < left);
        }
        start += PADDING;
    }
    count
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// The textbook version: every distance, then a walk from core point to core point.
    fn textbook(points: &[Vec<f64>], eps: f64, min_samples: usize) -> Clusters {
        let near = |i: usize| -> Vec<usize> {
            let squared = |j: &usize| points[i].iter().zip(&points[*j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            (0..points.len()).filter(|j| squared(j) <= eps * eps).collect()
        };
        let core: Vec<bool> = (0..points.len()).map(|i| near(i).len() >= min_samples).collect();
        let (mut labels, mut count) = (vec![-1; points.len()], 0);
        for start in 0..points.len() {
            if labels[start] >= 0 || !core[start] {
                continue;
            }
            let mut reached = vec![start];
            while let Some(i) = reached.pop() {
                if labels[i] < 0 {
                    labels[i] = count;
                    reached.extend(near(i).into_iter().filter(|j| core[i] && labels[*j] < 0));
                }
            }
            count += 1;
        }
        Clusters { labels, core, count: count as usize }
    }

    fn check(points: &[Vec<f64>], eps: f64, min_samples: usize) -> Clusters {
        let fitted = fit(&points.concat(), points[0].len(), eps, min_samples);
        assert_eq!(fitted, textbook(points, eps, min_samples), "eps {eps}, {min_samples} samples, {points:?}");
        fitted
    }

    fn line(points: &[f64]) -> Vec<Vec<f64>> {
        points.iter().map(|x| vec![*x]).collect()
    }

    #[test]
    fn by_hand() {
        // 0, 1, 2 and 10, 11, 12 have a middle with three neighbours; 3 borders on 2 if that is core, 20 is alone.
        let fitted = check(&line(&[0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 20.0]), 1.0, 3);
        assert_eq!(fitted.labels, [0, 0, 0, 1, 1, 1, -1]);
        assert_eq!(fitted.core, [false, true, false, false, true, false, false]);
    }

    #[test]
    fn a_border_point_between_two_clusters_joins_the_first() {
        // 2 is within 1 of the core points 1 and 3, but has only three neighbours itself.
        let fitted = check(&line(&[4.0, 4.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0]), 1.0, 4);
        assert_eq!(fitted.labels, [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn a_distance_of_exactly_eps_counts() {
        let grid: Vec<Vec<f64>> = (0..36).map(|i| vec![f64::from(i % 6) * 0.1, f64::from(i / 6) * 0.1]).collect();
        for eps in [0.1, 0.2, 0.3, 0.1 * 2_f64.sqrt(), 0.2 * 2_f64.sqrt(), 0.099_999_999] {
            (1..9).for_each(|min_samples| drop(check(&grid, eps, min_samples)));
        }
    }

    #[test]
    fn places_far_apart_and_far_out() {
        check(&[vec![1e300, 0.0], vec![-1e300, 0.0], vec![1e300, 0.0], vec![0.0, 0.0]], 1e-9, 2);
        check(&[vec![1e9, 1e9], vec![1e9 + 1e-3, 1e9], vec![1e9, 1e9 + 2e-3], vec![0.0, 0.0]], 1.1e-3, 2);
        check(&line(&[f64::MAX, f64::MIN, 0.0, 0.0]), 1e150, 2);
    }

    #[test]
    fn refuses_what_is_no_radius() {
        let args = |eps| Args { X: [[1.0], [2.0]].try_into().unwrap(), eps, min_samples: NonZeroUsize::MIN };
        for eps in [0.0, -0.5, f64::NAN, f64::INFINITY, 1e-200] {
            assert_eq!(run(&args(eps)).unwrap_err().path, "/eps");
        }
        let out = run(&args(0.5)).unwrap();
        assert_eq!((out.n_clusters, out.n_noise, out.sizes, out.core_indices), (2, 0, vec![1, 1], vec![0, 1]));
    }

    #[test]
    fn any_number_of_threads() {
        let mut random = crate::random::Random::new(crate::value::Seed::from(1));
        let points: Vec<f64> = (0..6000).map(|_| random.uniform() * 40.0).collect();
        let on = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| fit(&points, 2, 0.7, 4))
        };
        assert_eq!(on(1), on(3));
    }

    proptest! {
        #[test]
        fn agrees_with_the_textbook(
            dimensions in 1_usize..7, coarse in any::<bool>(), eps in 0.05..3.0_f64, min_samples in 1_usize..8,
            numbers in prop::collection::vec(-4.0..4.0_f64, 12..500),
        ) {
            // Whole numbers make ties and duplicates.
            let (numbers, eps): (Vec<f64>, f64) =
                if coarse { (numbers.iter().map(|x| x.round()).collect(), eps.ceil()) } else { (numbers, eps) };
            check(&numbers.chunks_exact(dimensions).map(<[f64]>::to_vec).collect::<Vec<_>>(), eps, min_samples);
        }

        #[test]
        fn the_order_of_the_rows_moves_only_border_points(
            points in prop::collection::vec(prop::collection::vec(-4.0..4.0_f64, 2), 2..60), eps in 0.3..1.5_f64,
        ) {
            let backward: Vec<Vec<f64>> = points.iter().rev().cloned().collect();
            let (one, two) = (check(&points, eps, 3), check(&backward, eps, 3));
            let n = points.len();
            prop_assert_eq!(one.count, two.count);
            for i in 0..n {
                prop_assert_eq!(one.core[i], two.core[n - 1 - i]);
                prop_assert_eq!(one.labels[i] < 0, two.labels[n - 1 - i] < 0);
                for j in (0..i).filter(|j| one.core[i] && one.core[*j]) {
                    let together = two.labels[n - 1 - i] == two.labels[n - 1 - j];
                    prop_assert_eq!(one.labels[i] == one.labels[j], together);
                }
            }
        }

        #[test]
        fn turning_and_shifting_change_nothing(
            points in prop::collection::vec((-9_i32..9, -9_i32..9), 1..60), eps in 1_u8..5,
        ) {
            // A quarter turn and a shift by whole numbers are exact.
            let points: Vec<Vec<f64>> = points.iter().map(|(x, y)| vec![f64::from(*x), f64::from(*y)]).collect();
            let moved: Vec<Vec<f64>> = points.iter().map(|p| vec![1000.0 - p[1], p[0] - 77.0]).collect();
            prop_assert_eq!(check(&points, f64::from(eps), 3), check(&moved, f64::from(eps), 3));
        }
    }
}
