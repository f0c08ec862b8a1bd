//! # k-means
//!
//! Finds `k` centres such that the points lie close to their nearest one. Two steps take turns: give each point to its
//! nearest centre, then move each centre to the mean of its points. Neither step can raise the inertia (the sum of
//! squared distances to the nearest centre), so it ends, but in a local minimum: the start matters. k-means++ draws the
//! first centres far apart, each with probability proportional to the squared distance from those already drawn, and of
//! several such starts the best result is kept.
//!
//! Cost: O(n · k · d) an iteration, a few dozen iterations a start.
//! References: S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 1982; D. Arthur,
//! S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007 (the greedy variant of its section 7).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    random::Random,
    value::{Matrix, Seed},
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
    let mut best: Option<Fit> = None;
    for _ in 0..starts {
        let centres = match &args.init {
            Some(init) => points.centred(init),
            None => plus_plus(&points, args.k.get(), &mut random),
        };
        let fit = lloyd(&points, centres, args.max_iterations.get(), tolerance);
        if best.as_ref().is_none_or(|best| fit.inertia < best.inertia) {
            best = Some(fit);
        }
    }
    best.filter(|fit| fit.inertia.is_finite()).map(|fit| fit.output(&points)).ok_or_else(|| {
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
        let mut points = Points { mean, flat: Vec::new() };
        points.flat = points.centred(x);
        points
    }

    fn centred(&self, rows: &Matrix) -> Vec<f64> {
        rows.iter().flat_map(|row| row.iter().zip(&self.mean).map(|(x, mean)| x - mean)).collect()
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
}

/// k-means++, greedy: of a few candidates for each centre, the one that leaves the smallest inertia.
fn plus_plus(points: &Points, k: usize, random: &mut Random) -> Vec<f64> {
    let (n, d) = (points.len(), points.dimensions());
    let trials = 2 + (k as f64).ln() as usize;
    let first = random.below(n);
    let mut centres = points.flat[first * d..(first + 1) * d].to_vec();
    let mut nearest: Vec<f64> = points.iter().map(|point| squared(point, &centres)).collect();
    while centres.len() < k * d {
        let candidates = (0..trials).map(|_| {
            let candidate = draw(&nearest, random);
            let centre = &points.flat[candidate * d..(candidate + 1) * d];
            let left: Vec<f64> =
                points.iter().zip(&nearest).map(|(point, near)| near.min(squared(point, centre))).collect();
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

struct Fit {
    centres: Vec<f64>,
    labels: Vec<usize>,
    inertia: f64,
    iterations: usize,
    converged: bool,
}

fn lloyd(points: &Points, mut centres: Vec<f64>, max_iterations: usize, tolerance: f64) -> Fit {
    let mut labels: Vec<usize> = Vec::new();
    let (mut iterations, mut converged) = (0, false);
    while iterations < max_iterations && !converged {
        iterations += 1;
        let (mut next, mut distances) = assign(points, &centres);
        fill_empty(&mut next, &mut distances, centres.len() / points.dimensions());
        if next == labels {
            converged = true;
            break;
        }
        labels = next;
        let moved = means(points, &labels, &centres);
        let shift = squared(&moved, &centres);
        centres = moved;
        converged = shift <= tolerance;
    }
    // The labels of the centres as they are now, which the last step may have moved.
    let (labels, distances) = assign(points, &centres);
    Fit { centres, labels, inertia: distances.iter().sum(), iterations, converged }
}

/// The nearest centre of each point and the squared distance from it.
fn assign(points: &Points, centres: &[f64]) -> (Vec<usize>, Vec<f64>) {
    points
        .iter()
        .map(|point| {
            let mut best = (0, f64::INFINITY);
            for (i, centre) in centres.chunks_exact(points.dimensions()).enumerate() {
                let distance = squared(point, centre);
                if distance < best.1 {
                    best = (i, distance);
                }
            }
            best
        })
        .unzip()
}

/// A centre without points takes the point that is furthest from its own centre, unless all points sit on theirs.
fn fill_empty(labels: &mut [usize], distances: &mut [f64], k: usize) {
    let mut sizes = vec![0_usize; k];
    labels.iter().for_each(|label| sizes[*label] += 1);
    for empty in 0..k {
        if sizes[empty] > 0 {
            continue;
        }
        let furthest = (0..labels.len())
            .filter(|&i| distances[i] > 0.0 && sizes[labels[i]] > 1)
            .max_by(|&i, &j| distances[i].total_cmp(&distances[j]));
        let Some(point) = furthest else { return };
        sizes[labels[point]] -= 1;
        sizes[empty] = 1;
        labels[point] = empty;
        distances[point] = 0.0;
    }
}

/// The mean of each cluster; a centre without points stays.
fn means(points: &Points, labels: &[usize], centres: &[f64]) -> Vec<f64> {
    let d = points.dimensions();
    let mut sums = vec![0.0; centres.len()];
    let mut sizes = vec![0_usize; centres.len() / d];
    for (point, &label) in points.iter().zip(labels) {
        sizes[label] += 1;
        sums[label * d..(label + 1) * d].iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
    }
    for (i, &size) in sizes.iter().enumerate() {
        let range = i * d..(i + 1) * d;
        if size == 0 {
            sums[range.clone()].copy_from_slice(&centres[range]);
        } else {
            sums[range].iter_mut().for_each(|sum| *sum /= size as f64);
        }
    }
    sums
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

impl Fit {
    fn output(self, points: &Points) -> Output {
        let centroids = self.centres.chunks_exact(points.dimensions());
        let centroids: Vec<Vec<f64>> =
            centroids.map(|centre| centre.iter().zip(&points.mean).map(|(x, mean)| x + mean).collect()).collect();
        let mut sizes = vec![0; centroids.len()];
        self.labels.iter().for_each(|label| sizes[*label] += 1);
        let Fit { labels, inertia, iterations, converged, .. } = self;
        Output { labels, centroids, inertia, sizes, iterations, converged }
    }
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
                let nearest = out.centroids.iter().map(|c| squared(point, c)).fold(f64::INFINITY, f64::min);
                prop_assert!(squared(point, &out.centroids[*label]) <= nearest + 1e-9);
                inertia += nearest;
            }
            prop_assert!((inertia - out.inertia).abs() < 1e-9 * (1.0 + inertia));
            // More clusters never fit worse than one.
            args.k = NonZeroUsize::MIN;
            prop_assert!(out.inertia <= run(&args).unwrap().inertia + 1e-9);
        }
    }
}
