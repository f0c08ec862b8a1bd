//! # t-SNE
//!
//! Draws high-dimensional points in the plane so that neighbours stay neighbours. Around each point lies a Gaussian, as
//! wide as needed to hold about `perplexity` neighbours; it says how likely the point is to pick each other one, and both
//! directions together give `P`. In the plane a heavy-tailed Student distribution says the same of the picture, `Q`. The
//! picture is moved downhill on the Kullback-Leibler divergence of the two, `Σ p log(p / q)`: neighbours attract, and all
//! points repel each other. In a picture only the neighbourhoods mean something, not the sizes of groups nor the
//! distances between them.
//!
//! The plain version computes all pairs at each step. Here `P` is cut to 3 · perplexity neighbours, as everybody does,
//! and the repulsion is summed by a tree that sixteen points walk together (`repulsion.rs`).
//! Cost: O(n² d) once for the neighbours, then O(n (perplexity + log n)) a step.
//!
//! References: L. van der Maaten, G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008; L. van der Maaten,
//! "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014; D. Kobak, P. Berens, "The art of using t-SNE for
//! single-cell transcriptomics", Nature Communications 10, 2019 (the start from PCA); A. Belkina et al., "Automated
//! optimized parameters for t-SNE", Nature Communications 10, 2019 (the learning rate).

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    graph::Graph,
    neighbours::Neighbours,
    plane::{Plane, centred, check_size},
    repulsion::Repulsion,
};
use crate::{
    error::Error,
    kernel::vectorized,
    pool,
    random::Random,
    value::{Matrix, Seed},
};

/// Draws a table with many columns as points in the plane so that neighbours stay together, by t-SNE (t-distributed
/// stochastic neighbour embedding). Use it to see groups in data of many dimensions, such as embeddings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row: at least 2 (rows² · columns up to 1e11, rows · iterations up to 1e8).
    pub X: Matrix,
    /// How many neighbours each point has, roughly: perplexity. At least 1 and less than the number of rows; when not
    /// given 30, or a third of the rows if that is less.
    #[serde(default)]
    #[schemars(range(min = 1.0))]
    pub perplexity: Option<f64>,
    /// How many steps: iterations, epochs, n_iter, max_iter. Up to 100,000; 1000 when not given.
    #[serde(default = "thousand")]
    pub iterations: NonZeroUsize,
    /// How long a step is: the learning rate, eta. When not given the number of rows divided by
    /// 48, but at least 50.
    #[serde(default)]
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub learning_rate: Option<f64>,
    /// How much harder neighbours attract in the first quarter of the steps (250 at most): early exaggeration. 12 when
    /// not given.
    #[serde(default = "twelve")]
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub early_exaggeration: f64,
    /// Whether to draw it too: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
    /// The group of each point for the picture, any whole numbers: labels, classes, colours.
    #[serde(default)]
    pub labels: Option<Vec<i64>>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn thousand() -> NonZeroUsize {
    const { NonZeroUsize::new(1000).expect("not zero") }
}

fn twelve() -> f64 {
    12.0
}

/// The picture's points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Where each row of `X` lies in the plane: two numbers a row, mean 0.
    pub embedding: Vec<[f64; 2]>,
    /// The Kullback-Leibler divergence in nats that is left: the smaller, the better the neighbourhoods are kept.
    pub kl_divergence: f64,
    /// The perplexity that was used.
    pub perplexity: f64,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Run t-SNE with perplexity 2 on [[1,0,0],[1.1,0,0],[0,5,5],[0,5.1,5],[9,9,9],[9,9.1,9]]",
    "embed these 64-dimensional rows in two dimensions with t-SNE, perplexity 30",
    "make a 2-D map of this table that keeps neighbours together",
    "draw a t-SNE plot of my embeddings",
];

/// The most steps.
const MOST_STEPS: usize = 100_000;
/// The most rows · steps.
const MOST_WORK: f64 = 1e8;

/// Computes the embedding.
///
/// # Errors
/// `invalid_arguments` if there is one row, `perplexity` is not from 1 to the number of rows, `learning_rate` or
/// `early_exaggeration` is out of range or `labels` has another length; `too_large` beyond the limits of the arguments.
pub fn run(args: &Args) -> Result<Output, Error> {
    let n = args.X.rows();
    check(args)?;
    let perplexity = args.perplexity.unwrap_or_else(|| usual_perplexity(n));
    let mut options = Options::new(n);
    options.perplexity = perplexity;
    options.iterations = args.iterations.get();
    options.early_exaggeration = args.early_exaggeration;
    options.seed = args.seed;
    if let Some(rate) = args.learning_rate {
        options.learning_rate = rate;
    }
    let Embedded { points, kl_divergence } = fit(&centred(&args.X), args.X.columns(), &options);
    let embedding: Vec<[f64; 2]> = points.into_iter().map(|point| point.map(f64::from)).collect();
    if embedding.as_flattened().iter().any(|x| !x.is_finite()) {
        return Err(Error::undefined("/learning_rate", "the points ran away")
            .with_hint("take a smaller learning rate, or leave it out"));
    }
    let svg = args.picture.then(|| super::draw("t-SNE", &embedding, args.labels.as_deref())).transpose()?;
    Ok(Output { embedding, kl_divergence, perplexity, svg })
}

/// 30, or a third of the others if that is less.
pub(crate) fn usual_perplexity(n: usize) -> f64 {
    (n.saturating_sub(1) as f64 / 3.0).clamp(1.0, 30.0)
}

fn check(args: &Args) -> Result<(), Error> {
    let n = args.X.rows();
    if n < 2 {
        return Err(Error::invalid("/X", "one point has no neighbours").with_hint("give at least two rows"));
    }
    if let Some(perplexity) = args.perplexity
        && !(perplexity >= 1.0 && perplexity < n as f64)
    {
        let message = format!("`perplexity` is {perplexity}, but must be at least 1 and below the {n} rows");
        return Err(Error::invalid("/perplexity", message).with_hint("a third of the rows or less is usual"));
    }
    for (path, value, range) in [
        ("/learning_rate", args.learning_rate.unwrap_or(1.0), 1e-6..=1e6),
        ("/early_exaggeration", args.early_exaggeration, 1.0..=1e3),
    ] {
        if !range.contains(&value) {
            let message = format!("`{value}` is not from {:e} to {:e}", range.start(), range.end());
            return Err(Error::invalid(path, message));
        }
    }
    super::check_labels(args.labels.as_deref(), n)?;
    let steps = args.iterations.get();
    if steps > MOST_STEPS || n as f64 * steps as f64 > MOST_WORK {
        let most = MOST_STEPS.min((MOST_WORK / n as f64) as usize);
        return Err(Error::too_large(
            "/iterations",
            format!("`iterations` is {steps}, the limit for {n} rows is {most}"),
        ));
    }
    check_size(&args.X)
}

/// How [`fit`] goes about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// About how many neighbours a point has: at least 1, less than the number of points.
    pub perplexity: f64,
    /// How many steps.
    pub iterations: usize,
    /// How long a step is.
    pub learning_rate: f64,
    /// How much harder neighbours attract in the first steps.
    pub early_exaggeration: f64,
    /// How coarse the far repulsion may be, 0 for exact: a group of points counts as one when it is smaller than this
    /// share of its distance.
    pub theta: f32,
    /// Where the random sequence starts, which keeps equal points apart at the start.
    pub seed: Seed,
}

impl Options {
    /// What is usual for this many points.
    pub fn new(points: usize) -> Self {
        Options {
            perplexity: usual_perplexity(points),
            iterations: 1000,
            learning_rate: (points as f64 / 48.0).max(50.0),
            early_exaggeration: 12.0,
            theta: 0.5,
            seed: Seed::default(),
        }
    }
}

/// What [`fit`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Where each point lies in the plane.
    pub points: Vec<[f32; 2]>,
    /// The divergence that is left.
    pub kl_divergence: f64,
}

/// Embeds `points` in the plane; they lie row after row, `dimensions` numbers each, and there are at least two. Best
/// near the origin and of moderate size, as single precision has seven digits.
pub fn fit(points: &[f32], dimensions: usize, options: &Options) -> Embedded {
    pool::enter(|| embed(points, dimensions, options))
}

fn embed(points: &[f32], dimensions: usize, options: &Options) -> Embedded {
    let n = points.len() / dimensions;
    let k = ((3.0 * options.perplexity) as usize).clamp(1, n - 1);
    let joint = similarities(&Neighbours::of(points, dimensions, k), options.perplexity);
    let mut picture = start(&Plane::of(points, dimensions).points, options.seed);
    let kl_divergence = descend(&joint, &mut picture, options);
    let mean = picture.iter().fold([0.0, 0.0], |sum, y| [sum[0] + f64::from(y[0]), sum[1] + f64::from(y[1])]);
    picture.iter_mut().for_each(|y| *y = std::array::from_fn(|i| y[i] - (mean[i] / n as f64) as f32));
    Embedded { points: picture, kl_divergence }
}

/// `P`: how likely a pair is to be drawn.
fn similarities(neighbours: &Neighbours, perplexity: f64) -> Graph {
    let n = neighbours.rows.len() / neighbours.k;
    let rows: Vec<Vec<f32>> = neighbours
        .squared
        .par_chunks(neighbours.k)
        .map(|squared| {
            let (mut shares, share) = (conditional(squared, perplexity), 2.0 * n as f64);
            shares.iter_mut().for_each(|p| *p /= share);
            shares.into_iter().map(|p| p as f32).collect()
        })
        .collect();
    Graph::symmetric(neighbours, &rows.concat(), |one, two| one + two)
}

/// How likely a point is to pick each of its neighbours, of which the squared distances are given: a Gaussian whose
/// precision β gives this perplexity, found by Newton's method on log β inside a bracket.
fn conditional(squared: &[f32], perplexity: f64) -> Vec<f64> {
    // Relative to the nearest, so that something is left of the largest.
    let nearest = squared.iter().copied().fold(f32::INFINITY, f32::min);
    let squared: Vec<f64> = squared.iter().map(|x| f64::from(x - nearest)).collect();
    let mean = squared.iter().sum::<f64>() / squared.len() as f64;
    let mut shares = vec![1.0 / squared.len() as f64; squared.len()];
    if mean <= 0.0 {
        return shares;
    }
    let entropy = perplexity.ln();
    let (mut beta, mut low, mut high) = (1.0 / mean, 0.0, f64::INFINITY);
    for _ in 0..100 {
        shares.iter_mut().zip(&squared).for_each(|(share, x)| *share = (-beta * x).exp());
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        let first: f64 = shares.iter().zip(&squared).map(|(p, x)| p * x).sum();
        let excess = sum.ln() + beta * first - entropy;
        if excess.abs() < 1e-6 {
            break;
        }
        if excess > 0.0 {
            low = beta
        } else {
            high = beta
        }
        // d entropy / d log β = -β² Var(x).
        let second: f64 = shares.iter().zip(&squared).map(|(p, x)| p * (x - first).powi(2)).sum();
        let newton = beta * (excess / (beta * beta * second)).clamp(-2.0, 2.0).exp();
        let halved = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * beta };
        let next = if newton > low && newton < high { newton } else { halved };
        // Where no precision gives the perplexity (all neighbours equal, or fewer of them), it runs to an end.
        if next == beta || !(1e-12..1e30).contains(&(next * mean)) {
            break;
        }
        beta = next;
    }
    shares
}

/// The plane of largest variance, tiny, so that all points feel each other; equal points are told apart by a crumb.
fn start(plane: &[[f32; 2]], seed: Seed) -> Vec<[f32; 2]> {
    let n = plane.len() as f64;
    let variance = plane.iter().map(|y| f64::from(y[0]).powi(2)).sum::<f64>() / n;
    let scale = if variance > 0.0 { 1e-4 / variance.sqrt() } else { 0.0 };
    let mut random = Random::new(seed);
    let mut place = |x: f32| (f64::from(x) * scale + 1e-6 * random.normal()) as f32;
    plane.iter().map(|y| [place(y[0]), place(y[1])]).collect()
}

/// Moves the picture downhill; gives the divergence that is left.
fn descend(joint: &Graph, picture: &mut [[f32; 2]], options: &Options) -> f64 {
    let n = picture.len();
    let early = 250.min(options.iterations / 4);
    let mut repulsion = Repulsion::new(n, options.theta);
    let (mut pulls, mut pushes) = (vec![[0.0; 2]; n], vec![[0.0; 2]; n]);
    let (mut speed, mut gains) = (vec![[0.0_f32; 2]; n], vec![[1.0_f32; 2]; n]);
    for step in 0..options.iterations {
        pool::give_way();
        let (exaggeration, momentum) = if step < early { (options.early_exaggeration, 0.5) } else { (1.0, 0.8) };
        let z = repulsion.forces(picture, &mut pushes);
        attraction(joint, picture, &mut pulls);
        // The gradient is four times the difference of pull and push.
        let (pull, push, rate) = (exaggeration as f32, (1.0 / z) as f32, 4.0 * options.learning_rate as f32);
        for i in 0..n {
            for c in 0..2 {
                let slope = pull * pulls[i][c] - push * pushes[i][c];
                // Jacobs' rule: faster while the direction stays, slower when it turns.
                let turned = slope * speed[i][c] >= 0.0;
                gains[i][c] = if turned { gains[i][c] * 0.8 } else { gains[i][c] + 0.2 }.max(0.01);
                speed[i][c] = momentum * speed[i][c] - rate * gains[i][c] * slope;
                picture[i][c] += speed[i][c];
            }
        }
    }
    // All pairs once, unless they are too many.
    let theta = if n <= 20_000 { 0.0 } else { options.theta };
    let z = Repulsion::new(n, theta).forces(picture, &mut pushes);
    divergence(joint, picture, z)
}

/// The force of its neighbours on each point, `Σ_j p_ij (y_i - y_j) / (1 + |y_i - y_j|²)`.
fn attraction(joint: &Graph, picture: &[[f32; 2]], pulls: &mut [[f32; 2]]) {
    const BLOCK: usize = 256;
    pulls.par_chunks_mut(BLOCK).enumerate().for_each(|(block, pulls)| {
        vectorized(
            #[inline(always)]
            || {
                for (i, pull) in pulls.iter_mut().enumerate() {
                    *pull = pull_of(joint, picture, block * BLOCK + i);
                }
            },
        );
    });
}

#[inline(always)]
fn pull_of(joint: &Graph, picture: &[[f32; 2]], point: usize) -> [f32; 2] {
    const LANES: usize = 8;
    let range = joint.starts[point]..joint.starts[point + 1];
    let from = picture[point];
    let (ends, rest) = joint.ends[range.clone()].as_chunks::<LANES>();
    let (weights, last) = joint.weights[range].as_chunks::<LANES>();
    let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
    for (ends, weights) in ends.iter().zip(weights) {
        // One loop an array: together, the compiler would take x and y for the lanes.
        let (mut dx, mut dy, mut pull) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            [dx[lane], dy[lane]] = picture[ends[lane] as usize];
        }
        for x in &mut dx {
            *x = from[0] - *x;
        }
        for y in &mut dy {
            *y = from[1] - *y;
        }
        for lane in 0..LANES {
            pull[lane] = weights[lane] / (1.0 + dx[lane] * dx[lane] + dy[lane] * dy[lane]);
        }
        for lane in 0..LANES {
            x[lane] += pull[lane] * dx[lane];
        }
        for lane in 0..LANES {
            y[lane] += pull[lane] * dy[lane];
        }
    }
    let mut sum = [x.iter().sum::<f32>(), y.iter().sum::<f32>()];
    for (end, weight) in rest.iter().zip(last) {
        let other = picture[*end as usize];
        let (dx, dy) = (from[0] - other[0], from[1] - other[1]);
        let pull = weight / (1.0 + dx * dx + dy * dy);
        sum = [sum[0] + pull * dx, sum[1] + pull * dy];
    }
    sum
}

/// `Σ p log(p / q)` with `q = 1 / (z (1 + |y_i - y_j|²))`.
fn divergence(joint: &Graph, picture: &[[f32; 2]], z: f64) -> f64 {
    let of = |(i, y): (usize, &[f32; 2])| {
        let terms = joint.ties(i).filter(|(_, p)| *p > 0.0).map(|(j, p)| {
            let other = picture[j as usize];
            let (dx, dy) = (f64::from(y[0] - other[0]), f64::from(y[1] - other[1]));
            f64::from(p) * (f64::from(p) * z * (1.0 + dx * dx + dy * dy)).ln()
        });
        terms.sum::<f64>()
    };
    // Rounding may leave a crumb below 0.
    picture.iter().enumerate().map(of).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(rows: Vec<Vec<f64>>) -> Args {
        let text = serde_json::json!({"X": rows, "iterations": 300});
        serde_json::from_value(text).unwrap()
    }

    /// Three groups of rows far apart.
    fn groups(each: usize) -> Vec<Vec<f64>> {
        let mut random = Random::new(Seed::from(4));
        (0..3 * each).map(|i| (0..5).map(|j| random.normal() + if j == i % 3 { 30.0 } else { 0.0 }).collect()).collect()
    }

    #[test]
    fn two_points_do_not_run_away() {
        for seed in 0..12 {
            let options = Options { seed: Seed::from(seed), ..Options::new(2) };
            let fitted = fit(&[-0.2213, 0.2213], 1, &options);
            assert!(fitted.points.as_flattened().iter().all(|x| x.is_finite()), "seed {seed}: {fitted:?}");
            assert!(fitted.kl_divergence.is_finite());
        }
    }

    #[test]
    fn groups_stay_together() {
        let out = run(&args(groups(30))).unwrap();
        for i in 0..90 {
            let far = |j: usize| {
                let (a, b) = (out.embedding[i], out.embedding[j]);
                (a[0] - b[0]).hypot(a[1] - b[1])
            };
            let nearest = (0..90).filter(|j| *j != i).min_by(|a, b| far(*a).total_cmp(&far(*b))).unwrap();
            assert_eq!(nearest % 3, i % 3);
        }
        assert!(out.kl_divergence < 0.5, "{}", out.kl_divergence);
    }

    #[test]
    fn the_gaussian_has_the_perplexity() {
        let squared: Vec<f32> = (0..40).map(|i| (i * i) as f32 * 0.01).collect();
        for perplexity in [1.5, 5.0, 20.0, 39.0] {
            let shares = conditional(&squared, perplexity);
            let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
            assert!((entropy.exp() / perplexity - 1.0).abs() < 1e-4, "{} instead of {perplexity}", entropy.exp());
        }
        assert_eq!(conditional(&[3.0; 4], 2.0), [0.25; 4]);
        // More than there are: all alike.
        assert!(conditional(&[0.0, 1.0], 5.0).iter().all(|p| (p - 0.5).abs() < 1e-3));
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_divergence() {
        // Finite differences of Σ p log(p / q) in double precision.
        let n = 12;
        let data: Vec<f32> = groups(4).concat().iter().map(|x| *x as f32).collect();
        let joint = similarities(&Neighbours::of(&data, 5, n - 1), 3.0);
        let mut random = Random::new(Seed::from(9));
        let picture: Vec<[f32; 2]> = (0..n).map(|_| std::array::from_fn(|_| random.normal() as f32)).collect();
        let (mut pulls, mut pushes) = (vec![[0.0; 2]; n], vec![[0.0; 2]; n]);
        let z = Repulsion::new(n, 0.0).forces(&picture, &mut pushes);
        attraction(&joint, &picture, &mut pulls);
        let at = |i: usize, c: usize, step: f64| {
            let moved = |j: usize, k: usize| f64::from(picture[j][k]) + if (i, c) == (j, k) { step } else { 0.0 };
            let near = |a: usize, b: usize| {
                1.0 / (1.0 + (moved(a, 0) - moved(b, 0)).powi(2) + (moved(a, 1) - moved(b, 1)).powi(2))
            };
            let z: f64 = (0..n).flat_map(|a| (0..n).filter(move |b| a != *b).map(move |b| near(a, b))).sum();
            let terms = |a: usize| {
                joint
                    .ties(a)
                    .map(move |(b, p)| f64::from(p) * (f64::from(p) * z / near(a, b as usize)).ln())
                    .sum::<f64>()
            };
            (0..n).map(terms).sum::<f64>()
        };
        for i in 0..n {
            for c in 0..2 {
                let slope = (at(i, c, 1e-5) - at(i, c, -1e-5)) / 2e-5;
                let gradient = 4.0 * (f64::from(pulls[i][c]) - f64::from(pushes[i][c]) / z);
                assert!((slope - gradient).abs() < 1e-5, "{slope} {gradient}");
            }
        }
        assert!((divergence(&joint, &picture, z) - at(0, 0, 0.0)).abs() < 1e-5);
    }

    #[test]
    fn any_number_of_threads_and_a_picture() {
        let rows = groups(60);
        let flat: Vec<f32> = rows.concat().iter().map(|x| *x as f32).collect();
        let options = Options { iterations: 60, ..Options::new(180) };
        let on = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| fit(&flat, 5, &options))
        };
        assert_eq!(on(1), on(2));
        let mut args = args(groups(4));
        args.picture = true;
        args.labels = Some((0..12).map(|i| i % 3).collect());
        assert!(run(&args).unwrap().svg.unwrap().starts_with("<svg"));
    }

    #[test]
    fn few_points_equal_points_and_constant_columns() {
        for rows in [
            vec![vec![1.0], vec![2.0]],
            vec![vec![1.0, 5.0], vec![2.0, 5.0], vec![4.0, 5.0]],
            vec![vec![3.0, 3.0]; 20],
            vec![vec![1e300], vec![-1e300], vec![0.0], vec![1e-300]],
        ] {
            let out = run(&args(rows)).unwrap();
            assert!(out.kl_divergence.is_finite());
        }
    }

    #[test]
    fn refuses_what_cannot_be_embedded() {
        assert_eq!(run(&args(vec![vec![1.0]])).unwrap_err().path, "/X");
        for perplexity in [0.5, 3.0, 1e9, f64::NAN] {
            let bad = Args { perplexity: Some(perplexity), ..args(vec![vec![1.0], vec![2.0], vec![3.0]]) };
            assert_eq!(run(&bad).unwrap_err().path, "/perplexity");
        }
        let long = Args { iterations: NonZeroUsize::MAX, ..args(vec![vec![1.0], vec![2.0]]) };
        assert_eq!(run(&long).unwrap_err().path, "/iterations");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn turning_and_shifting_leave_the_similarities(
            points in prop::collection::vec((-9_i16..9, -9_i16..9), 8..40), perplexity in 1.5..6.0_f64,
        ) {
            // A quarter turn and a shift by whole numbers are exact.
            let flat = |turn: fn(f32, f32) -> [f32; 2]| -> Vec<f32> {
                points.iter().flat_map(|(x, y)| turn(f32::from(*x), f32::from(*y))).collect()
            };
            let of = |points: &[f32]| similarities(&Neighbours::of(points, 2, points.len() / 2 - 1), perplexity);
            let (one, two) = (of(&flat(|x, y| [x, y])), of(&flat(|x, y| [100.0 - y, x + 7.0])));
            prop_assert_eq!(&one, &two);
            prop_assert!((one.weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }
}
