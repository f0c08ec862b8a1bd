//! # k-means
//!
//! Finds `k` centres such that the points lie close to their nearest one. Two steps take turns: give each point to its
//! nearest centre, then move each centre to the mean of its points. Neither step can raise the inertia (the sum of
//! squared distances to the nearest centre), so it ends, but in a local minimum: the start matters. k-means++ draws the
//! first centres far apart, each with probability proportional to the squared distance from those already drawn, and of
//! several such starts the best result is kept.
//!
//! Cost: O(n · k · d) an iteration at first, a few dozen iterations a start; points that cannot have changed sides are not
//! measured again (`lloyd.rs`).
//! References: S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 1982; D. Arthur,
//! S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007 (the greedy variant of its section 7).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lloyd;
pub use super::lloyd::Fit;
use crate::{
    error::Error,
    kernel::{Real, squared_distance},
    random::Random,
    value::{Matrix, Seed},
    vectors::{far_from_origin, moved},
};

/// Groups the rows of a table into k clusters around their means. Use it to find groups of similar points when you know
/// how many to look for and they are roundish.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row.
    pub X: Matrix,
    /// How many clusters, from 1 to the number of points.
    pub k: NonZeroUsize,
    /// The centres to start from, k rows; drawn by k-means++ when not given.
    #[serde(default)]
    pub init: Option<Matrix>,
    /// How many starts to make and keep the best of, up to 1000; 10 when not given, and 1 when `init` is.
    #[serde(default = "ten")]
    pub n_init: NonZeroUsize,
    /// The most iterations of one start, up to 100,000; 300 when not given.
    #[serde(default = "three_hundred")]
    pub max_iterations: NonZeroUsize,
    /// A start ends when the centres move less than this share of the points' variance; 0 goes on until nothing
    /// changes, 0.0001 when not given.
    #[serde(default = "small")]
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn ten() -> NonZeroUsize {
    const { NonZeroUsize::new(10).expect("not zero") }
}

fn three_hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(300).expect("not zero") }
}

fn small() -> f64 {
    1e-4
}

impl Args {
    /// Points and a number of clusters, everything else as usual.
    #[allow(non_snake_case)]
    pub fn new(X: Matrix, k: NonZeroUsize) -> Self {
        let (n_init, max_iterations) = (ten(), three_hundred());
        Args { X, k, init: None, n_init, max_iterations, tolerance: small(), seed: Seed::default() }
    }
}

/// The clusters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The cluster of each point, from 0, in the order of the rows.
    pub labels: Vec<usize>,
    /// The centres, one a row; centre `i` belongs to label `i`.
    pub centroids: Vec<Vec<f64>>,
    /// The sum of squared distances of the points from their centres: the smaller, the tighter.
    pub inertia: f64,
    /// How many points each cluster has.
    pub sizes: Vec<usize>,
    /// How many iterations the best start took.
    pub iterations: usize,
    /// Whether it came to rest before `max_iterations`.
    pub converged: bool,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Cluster these points into 2 groups: [[1,1],[1.2,0.9],[8,8],[8.1,7.9]]",
    "run k-means with k = 3 on this table",
    "which of these rows belong together? make 4 clusters",
    "group the customers by age and income into three segments",
];

/// The most starts, and the most iterations of each.
const LIMITS: (usize, usize) = (1000, 100_000);

/// Finds the clusters.
///
/// ```
/// use std::num::NonZeroUsize;
/// use roundtable_tools::cluster::kmeans;
///
/// let points = [[1.0, 1.0], [1.2, 0.9], [8.0, 8.0], [8.1, 7.9]].try_into()?;
/// let output = kmeans::run(&kmeans::Args::new(points, NonZeroUsize::new(2).unwrap()))?;
/// assert_eq!(output.labels[0], output.labels[1]);
/// assert_ne!(output.labels[0], output.labels[2]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if there are fewer points than clusters or `init` has another shape, `too_large` beyond 1000
/// starts, 100,000 iterations or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let points = Points::new(&args.X);
    let mut random = Random::new(args.seed);
    // Relative to the variance, so that the unit of the points does not matter.
    let tolerance = args.tolerance * points.variance();
    let starts = if args.init.is_some() { 1 } else { args.n_init.get() };
    let mut best: Option<Fit<f64>> = None;
    for _ in 0..starts {
        let centres = match &args.init {
            Some(init) => moved(init.as_slice(), &points.mean),
            None => plus_plus(&points, args.k.get(), &mut random),
        };
        let fit = lloyd::iterate(&points.flat, points.dimensions(), centres, args.max_iterations.get(), tolerance);
        if best.as_ref().is_none_or(|best| fit.inertia < best.inertia) {
            best = Some(fit);
        }
    }
    best.filter(|fit| fit.inertia.is_finite()).map(|fit| points.output(fit)).ok_or_else(|| {
        Error::too_large("/X", format!("the squared distances are beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the columns down")
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, k) = (args.X.rows(), args.k.get());
    if k > n {
        return Err(Error::invalid("/k", format!("`k` is {k}, but there are only {n} points"))
            .with_hint(format!("use `k` from 1 to {n}")));
    }
    if let Some(init) = &args.init
        && (init.rows(), init.columns()) != (k, args.X.columns())
    {
        let (rows, columns) = (init.rows(), init.columns());
        let message =
            format!("`init` has {rows} rows and {columns} columns, but must have {k} and {}", args.X.columns());
        return Err(Error::invalid("/init", message).with_hint("give one row for each of the `k` centres"));
    }
    let (starts, iterations) = LIMITS;
    if args.n_init.get() > starts {
        return Err(Error::too_large("/n_init", format!("`n_init` is {}, the limit is {starts}", args.n_init)));
    }
    if args.max_iterations.get() > iterations {
        let given = args.max_iterations;
        return Err(Error::too_large(
            "/max_iterations",
            format!("`max_iterations` is {given}, the limit is {iterations}"),
        ));
    }
    Ok(())
}

/// Iterates from given centres over points of `dimensions` numbers each, one after the other: until nothing changes, the
/// squared lengths of the centres' steps add up to no more than `tolerance`, or `most_iterations` are done. The labels
/// are those of the centres returned. Works on rayon's current threads, whose number changes nothing.
///
/// ```
/// use roundtable_tools::cluster::kmeans;
///
/// let points = [1.0, 1.0, 1.2, 0.9, 8.0, 8.0, 8.1, 7.9_f32];
/// let fit = kmeans::fit(&points, 2, &[0.0, 0.0, 9.0, 9.0], 300, 0.0);
/// assert_eq!(fit.labels, [0, 0, 1, 1]);
/// ```
///
/// # Panics
/// When `dimensions` is 0, points or centres are not a whole number of rows, there are no centres, or fewer points than
/// centres.
pub fn fit<T: Real>(points: &[T], dimensions: usize, start: &[T], most_iterations: usize, tolerance: f64) -> Fit<T> {
    let d = dimensions;
    assert!(points.len().is_multiple_of(d) && start.len().is_multiple_of(d), "rows of {d} numbers");
    assert!(!start.is_empty() && start.len() <= points.len(), "from one centre to as many as points");
    let Some(middle) = far_from_origin(points, d) else {
        return lloyd::iterate(points, d, start.to_vec(), most_iterations, tolerance);
    };
    let mut fit = lloyd::iterate(&moved(points, &middle), d, moved(start, &middle), most_iterations, tolerance);
    for centre in fit.centres.chunks_exact_mut(d) {
        centre.iter_mut().zip(&middle).for_each(|(x, middle)| *x += *middle);
    }
    fit
}

/// The points moved so that their mean is at the origin: far from it, coordinates have no digits left for distances.
struct Points {
    mean: Vec<f64>,
    flat: Vec<f64>,
}

impl Points {
    fn new(x: &Matrix) -> Self {
        let n = x.rows() as f64;
        let mut mean = vec![0.0; x.columns()];
        for row in x {
            mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
        }
        let flat = moved(x.as_slice(), &mean);
        Points { mean, flat }
    }

    fn dimensions(&self) -> usize {
        self.mean.len()
    }

    fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.flat.chunks_exact(self.dimensions())
    }

    fn len(&self) -> usize {
        self.flat.len() / self.dimensions()
    }

    /// The mean of the columns' variances.
    fn variance(&self) -> f64 {
        self.flat.iter().map(|x| x * x).sum::<f64>() / self.flat.len() as f64
    }

    fn output(&self, fit: Fit<f64>) -> Output {
        let centroids = fit.centres.chunks_exact(self.dimensions());
        let centroids: Vec<Vec<f64>> =
            centroids.map(|centre| centre.iter().zip(&self.mean).map(|(x, mean)| x + mean).collect()).collect();
        let mut sizes = vec![0; centroids.len()];
        fit.labels.iter().for_each(|label| sizes[*label] += 1);
        let Fit { labels, inertia, iterations, converged, .. } = fit;
        Output { labels, centroids, inertia, sizes, iterations, converged }
    }
}

/// k-means++, greedy: of a few candidates for each centre, the one that leaves the smallest inertia.
fn plus_plus(points: &Points, k: usize, random: &mut Random) -> Vec<f64> {
    let (n, d) = (points.len(), points.dimensions());
    let trials = 2 + (k as f64).ln() as usize;
    let first = random.below(n);
    let mut centres = points.flat[first * d..(first + 1) * d].to_vec();
    let mut nearest: Vec<f64> = points.iter().map(|point| squared_distance(point, &centres)).collect();
    while centres.len() < k * d {
        let candidates = (0..trials).map(|_| {
            let candidate = draw(&nearest, random);
            let centre = &points.flat[candidate * d..(candidate + 1) * d];
            let left: Vec<f64> =
                points.iter().zip(&nearest).map(|(point, near)| near.min(squared_distance(point, centre))).collect();
            (left.iter().sum::<f64>(), candidate, left)
        });
        let Some((_, chosen, left)) = candidates.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        centres.extend_from_slice(&points.flat[chosen * d..(chosen + 1) * d]);
        nearest = left;
    }
    centres
}

/// An index drawn with probability proportional to its weight; any index if no weight counts.
fn draw(weights: &[f64], random: &mut Random) -> usize {
    let total: f64 = weights.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return random.below(weights.len());
    }
    let mut left = random.uniform() * total;
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    // Rounding may leave a crumb after the last weight.
    weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn args(points: &[[f64; 2]], k: usize) -> Args {
        let points = points.iter().map(|point| point.to_vec()).collect();
        Args::new(Matrix::from_rows(points).unwrap(), NonZeroUsize::new(k).unwrap())
    }

    #[test]
    fn by_hand() {
        let out = run(&args(&[[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.1, 5.0]], 2)).unwrap();
        assert_eq!((out.labels[0] == out.labels[1], out.labels[1] == out.labels[2]), (true, false));
        assert!((out.inertia - 0.01).abs() < 1e-12); // two pairs 0.1 apart, each adds 2 * 0.05^2
        assert_eq!((out.sizes, out.converged), (vec![2, 2], true));
    }

    #[test]
    fn one_step_from_given_centres() {
        let mut args = args(&[[0.0, 0.0], [2.0, 0.0], [10.0, 0.0]], 2);
        args.init = Some([[0.0, 0.0], [3.0, 0.0]].try_into().unwrap());
        args.max_iterations = NonZeroUsize::MIN;
        // 2 and 10 are nearer to 3 than to 0, and their mean is 6.
        assert_eq!(run(&args).unwrap().centroids, [[0.0, 0.0], [6.0, 0.0]]);
    }

    #[test]
    fn an_empty_cluster_is_filled() {
        let mut args = args(&[[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]], 2);
        args.init = Some([[0.0, 0.0], [1000.0, 0.0]].try_into().unwrap());
        assert_eq!(run(&args).unwrap().sizes, [2, 1]);
    }

    #[test]
    fn more_clusters_than_places() {
        let out = run(&args(&[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], 3)).unwrap();
        assert_eq!(out.inertia, 0.0);
    }

    #[test]
    fn refuses_what_cannot_be_clustered() {
        assert_eq!(run(&args(&[[0.0, 0.0]], 2)).unwrap_err().path, "/k");
        let mut shape = args(&[[0.0, 0.0], [1.0, 1.0]], 2);
        shape.init = Some([[0.0, 0.0]].try_into().unwrap());
        assert_eq!(run(&shape).unwrap_err().path, "/init");
        let mut starts = args(&[[0.0, 0.0]], 1);
        starts.n_init = NonZeroUsize::MAX;
        assert_eq!(run(&starts).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(run(&args(&[[1e200, 0.0], [-1e200, 0.0]], 1)).unwrap_err().kind, ErrorKind::TooLarge);
    }

    /// Lloyd's two steps as the header tells them.
    fn plain(points: &[f64], d: usize, centres: &mut [f64], most: usize) -> (Vec<usize>, usize) {
        let mut labels: Vec<usize> = Vec::new();
        let assign = |centres: &[f64]| -> Vec<usize> {
            let nearest = |point: &[f64]| {
                let distances: Vec<f64> = centres.chunks(d).map(|centre| squared_distance(point, centre)).collect();
                (0..distances.len()).min_by(|&i, &j| distances[i].total_cmp(&distances[j])).unwrap()
            };
            points.chunks(d).map(nearest).collect()
        };
        for iteration in 1..=most {
            let next = assign(centres);
            if next == labels {
                return (labels, iteration);
            }
            labels = next;
            for (i, centre) in centres.chunks_mut(d).enumerate() {
                let own = || points.chunks(d).zip(&labels).filter(|(_, label)| **label == i).map(|(point, _)| point);
                for (j, x) in centre.iter_mut().enumerate() {
                    *x = own().map(|point| point[j]).sum::<f64>() / own().count() as f64;
                }
            }
        }
        (assign(centres), most)
    }

    fn clouds(n: usize, d: usize) -> Vec<f64> {
        let mut random = Random::new(Seed::from(7));
        (0..n * d).map(|i| random.normal() + ((i / d * 7 + i % d) % 5) as f64).collect()
    }

    #[test]
    fn bounds_leave_out_nothing_that_matters() {
        // Oracle: the same steps with every distance measured. Points have one bound each, and once they are rounded; two
        // bounds; and at last so many centres that the own is tried first.
        for (n, d, k) in [(3000, 4, 7), (2500, 3, 40), (2500, 20, 9), (900, 150, 7), (1800, 30, 40)] {
            let points = clouds(n, d);
            let single: Vec<f32> = points.iter().map(|x| *x as f32).collect();
            for most in [1, 3, 200] {
                let mut centres = points[..k * d].to_vec();
                let got = fit(&points, d, &centres, most, 0.0);
                let got_single = fit(&single, d, &single[..k * d], most, 0.0);
                let (labels, iterations) = plain(&points, d, &mut centres, most);
                assert_eq!((&got.labels, got.iterations), (&labels, iterations));
                assert!(got.centres.iter().zip(&centres).all(|(a, b)| (a - b).abs() < 1e-12));
                assert!((got_single.inertia / got.inertia - 1.0).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn one_point_far_away_does_not_blur_the_others() {
        // Rounded to a share of it they would all be one.
        let (n, d, k) = (2000, 20, 6);
        let mut points = clouds(n, d);
        points[n * d - 1] = 1e7;
        let mut centres = points[..k * d].to_vec();
        let got = fit(&points, d, &centres, 300, 0.0);
        let (labels, iterations) = plain(&points, d, &mut centres, 300);
        assert_eq!((got.labels, got.iterations), (labels, iterations));
    }

    #[test]
    fn a_centre_whose_square_overflows_is_still_left() {
        let fit = fit(&[0.0_f32, 1.0, 10.0, 11.0], 1, &[0.0, 1e20], 300, 0.0);
        assert_eq!((fit.labels, fit.centres), (vec![0, 0, 1, 1], vec![0.5, 10.5]));
        // The same in many dimensions, where points are rounded.
        let rows = |places: &[f64]| -> Vec<f64> { places.iter().flat_map(|x| [*x; 20]).collect() };
        let fit = super::fit(&rows(&[0.0, 1.0, 10.0, 11.0]), 20, &rows(&[0.0, 1e200]), 300, 0.0);
        assert_eq!((fit.labels, fit.centres), (vec![0, 0, 1, 1], rows(&[0.5, 10.5])));
    }

    #[test]
    fn inertia_never_rises_and_threads_change_no_bit() {
        let points: Vec<f32> = clouds(5000, 6).iter().map(|x| *x as f32).collect();
        let mut last = f64::INFINITY;
        for most in 1..12 {
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| fit(&points, 6, &points[..5 * 6], most, 0.0))
            };
            let (one, two) = (with(1), with(2));
            assert_eq!((one.labels, one.centres, one.inertia), (two.labels, two.centres, two.inertia));
            assert!(one.inertia <= last * (1.0 + 1e-6));
            last = one.inertia;
        }
    }

    #[test]
    fn far_from_the_origin_and_turned_round() {
        let points = clouds(400, 2);
        let start = &points[..3 * 2];
        let here = fit(&points, 2, start, 100, 0.0);
        let away = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x + 1e6).collect() };
        let there = fit(&away(&points), 2, &away(start), 100, 0.0);
        // A quarter turn, (x, y) to (-y, x), changes no digit.
        let turn = |x: &[f64]| -> Vec<f64> { x.chunks(2).flat_map(|p| [-p[1], p[0]]).collect() };
        let turned = fit(&turn(&points), 2, &turn(start), 100, 0.0);
        assert_eq!((&here.labels, &here.labels), (&there.labels, &turned.labels));
        assert!((there.inertia / here.inertia - 1.0).abs() < 1e-8);
        // The order of the points does not matter.
        let back: Vec<f64> = points.chunks(2).rev().flatten().copied().collect();
        let mut reversed = fit(&back, 2, start, 100, 0.0).labels;
        reversed.reverse();
        assert_eq!(reversed, here.labels);
    }

    proptest! {
        #[test]
        fn every_point_is_with_its_nearest_centre(
            points in prop::collection::vec(prop::array::uniform2(-10.0..10.0), 1..40),
            k in 1_usize..6,
            seed: u64,
        ) {
            prop_assume!(k <= points.len());
            let mut args = args(&points, k);
            args.seed = Seed::from(seed);
            let out = run(&args).unwrap();
            let mut inertia = 0.0;
            for (point, label) in points.iter().zip(&out.labels) {
                let nearest = out.centroids.iter().map(|c| squared_distance(point, c)).fold(f64::INFINITY, f64::min);
                prop_assert!(squared_distance(point, &out.centroids[*label]) <= nearest + 1e-9);
                inertia += nearest;
            }
            prop_assert!((inertia - out.inertia).abs() < 1e-9 * (1.0 + inertia));
            // More clusters never fit worse than one.
            args.k = NonZeroUsize::MIN;
            prop_assert!(out.inertia <= run(&args).unwrap().inertia + 1e-9);
        }
    }
}
