//! # UMAP
//!
//! Draws high-dimensional points in the plane by the graph of their neighbours. Each point measures its neighbours with a
//! ruler of its own, from its nearest neighbour on, so that dense and thin regions look alike; a tie exists if either of
//! two points says so, as far as they say it (a fuzzy union, `a + b - ab`). Then the picture is pulled and pushed: along
//! each tie, as often as it is strong, two points approach, and for each such step a few random points move away.
//!
//! The authors' program moves both ends of one tie after the other, which only one thread can do. Here each point moves
//! itself, from where all others were at the start of the round: its ties pull twice as hard, since both ends come, and
//! no two points ever write to the same place, so the result does not depend on threads.
//! Cost: O(n² d) for the neighbours, then O(n k) a round.
//!
//! References: L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection for dimension
//! reduction", arXiv:1802.03426, 2018; D. Kobak, G. Linderman, "Initialization is critical for preserving global data
//! structure in both t-SNE and UMAP", Nature Biotechnology 39, 2021.

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    graph::Graph,
    layout::descend,
    neighbours::Neighbours,
    plane::{Plane, centred, check_size},
};
use crate::{
    error::Error,
    pool,
    random::Random,
    value::{Matrix, Seed},
};

/// Draws a table with many columns as points in the plane by the graph of their nearest neighbours, by UMAP (uniform
/// manifold approximation and projection). Use it to see groups and how they hang together in data of many dimensions,
/// faster than t-SNE.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row: at least 3 (rows² · columns up to 1e11, rows · epochs up to 1e8).
    pub X: Matrix,
    /// How many neighbours each point looks at, itself counted: neighbours, k. From 2 to the number of rows; 15 when not
    /// given, or all if there are fewer.
    #[serde(default)]
    #[schemars(range(min = 2))]
    pub n_neighbors: Option<usize>,
    /// How close points may come in the picture: the minimum distance, from 0 to `spread`; 0.1 when not given.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0))]
    pub min_dist: f64,
    /// The scale of the picture: about how far neighbours lie apart, above 0 and up to 100; 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.01, max = 100.0))]
    pub spread: f64,
    /// How many rounds: n_epochs, iterations. Up to 100,000; when not given 500, and 200 above 10,000 rows.
    #[serde(default)]
    pub n_epochs: Option<NonZeroUsize>,
    /// Where the points start.
    #[serde(default)]
    pub init: Init,
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

fn tenth() -> f64 {
    0.1
}

fn one() -> f64 {
    1.0
}

/// Where the points of the picture start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Where the graph, seen as springs, would come to rest: the leading eigenvectors of its Laplacian.
    #[default]
    Spectral,
    /// In the plane of largest variance.
    Pca,
}

/// The picture's points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Where each row of `X` lies in the plane: two numbers a row, mean 0.
    pub embedding: Vec<[f64; 2]>,
    /// How many neighbours were looked at.
    pub n_neighbors: usize,
    /// How many ties the graph of neighbours has.
    pub n_edges: usize,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Run UMAP with 3 neighbours on [[1,0,0],[1.1,0,0],[0.9,0.1,0],[0,5,5],[0,5.1,5],[0.1,5,5]]",
    "embed this table in 2 dimensions with UMAP, n_neighbors 15 and min_dist 0.1",
    "make a UMAP plot of these vectors, coloured by label",
    "map my embeddings to the plane so that similar ones are close",
];

/// The most rounds.
const MOST_ROUNDS: usize = 100_000;
/// The most rows · rounds.
const MOST_WORK: f64 = 1e8;

/// Computes the embedding.
///
/// # Errors
/// `invalid_arguments` if there are fewer than 3 rows, `n_neighbors` is not from 2 to their number, `min_dist` or
/// `spread` is out of range or `labels` has another length; `too_large` beyond the limits of the arguments.
pub fn run(args: &Args) -> Result<Output, Error> {
    let n = args.X.rows();
    check(args)?;
    let mut options = Options::new(n);
    options.n_neighbors = args.n_neighbors.unwrap_or(options.n_neighbors);
    options.n_epochs = args.n_epochs.map_or(options.n_epochs, NonZeroUsize::get);
    (options.min_dist, options.spread) = (args.min_dist, args.spread);
    (options.init, options.seed) = (args.init, args.seed);
    let Embedded { points, edges } = fit(&centred(&args.X), args.X.columns(), &options);
    let embedding: Vec<[f64; 2]> = points.into_iter().map(|point| point.map(f64::from)).collect();
    let svg = args.picture.then(|| super::draw("UMAP", &embedding, args.labels.as_deref())).transpose()?;
    Ok(Output { embedding, n_neighbors: options.n_neighbors, n_edges: edges, svg })
}

fn check(args: &Args) -> Result<(), Error> {
    let n = args.X.rows();
    if n < 3 {
        return Err(Error::invalid("/X", format!("{n} points make no graph")).with_hint("give at least three rows"));
    }
    if let Some(k) = args.n_neighbors
        && !(2..=n).contains(&k)
    {
        return Err(Error::invalid("/n_neighbors", format!("`n_neighbors` is {k}, but must be from 2 to {n}"))
            .with_hint("a point counts as its own neighbour"));
    }
    if !(0.01..=100.0).contains(&args.spread) {
        return Err(Error::invalid("/spread", format!("`spread` is {}, but must be from 0.01 to 100", args.spread)));
    }
    if !(0.0..=args.spread).contains(&args.min_dist) {
        let message = format!("`min_dist` is {}, but must be from 0 to `spread`, {}", args.min_dist, args.spread);
        return Err(Error::invalid("/min_dist", message));
    }
    super::check_labels(args.labels.as_deref(), n)?;
    let rounds = args.n_epochs.map_or(1, NonZeroUsize::get);
    if rounds > MOST_ROUNDS || n as f64 * rounds as f64 > MOST_WORK {
        let most = MOST_ROUNDS.min((MOST_WORK / n as f64) as usize);
        return Err(Error::too_large("/n_epochs", format!("`n_epochs` is {rounds}, the limit for {n} rows is {most}")));
    }
    check_size(&args.X)
}

/// How [`fit`] goes about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How many neighbours a point looks at, itself counted: from 2 to the number of points.
    pub n_neighbors: usize,
    /// How close points may come, from 0 to `spread`.
    pub min_dist: f64,
    /// The scale of the picture.
    pub spread: f64,
    /// How many rounds.
    pub n_epochs: usize,
    /// Where the points start.
    pub init: Init,
    /// Where the random sequence starts.
    pub seed: Seed,
}

impl Options {
    /// What is usual for this many points.
    pub fn new(points: usize) -> Self {
        Options {
            n_neighbors: points.min(15),
            min_dist: tenth(),
            spread: one(),
            n_epochs: if points > 10_000 { 200 } else { 500 },
            init: Init::default(),
            seed: Seed::default(),
        }
    }
}

/// What [`fit`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Where each point lies in the plane.
    pub points: Vec<[f32; 2]>,
    /// How many ties the graph has.
    pub edges: usize,
}

/// Embeds `points` in the plane; they lie row after row, `dimensions` numbers each, and there are at least three. Best
/// near the origin and of moderate size, as single precision has seven digits.
pub fn fit(points: &[f32], dimensions: usize, options: &Options) -> Embedded {
    pool::enter(|| embed(points, dimensions, options))
}

fn embed(points: &[f32], dimensions: usize, options: &Options) -> Embedded {
    let neighbours = Neighbours::of(points, dimensions, options.n_neighbors - 1);
    let graph = fuzzy(&neighbours);
    let mut picture = start(&graph, points, dimensions, options);
    descend(&graph, &mut picture, options);
    let n = picture.len() as f64;
    let mean = picture.iter().fold([0.0, 0.0], |sum, y| [sum[0] + f64::from(y[0]), sum[1] + f64::from(y[1])]);
    picture.iter_mut().for_each(|y| *y = std::array::from_fn(|i| y[i] - (mean[i] / n) as f32));
    Embedded { points: picture, edges: graph.ends.len() / 2 }
}

/// The fuzzy union of what all points say of their neighbours.
fn fuzzy(neighbours: &Neighbours) -> Graph {
    let overall = {
        let sum: f64 = neighbours.squared.iter().map(|x| f64::from(*x).sqrt()).sum();
        sum / neighbours.squared.len() as f64
    };
    let weights: Vec<Vec<f32>> =
        neighbours.squared.par_chunks(neighbours.k).map(|squared| memberships(squared, overall)).collect();
    Graph::symmetric(neighbours, &weights.concat(), |a, b| a + b - a * b)
}

/// How strongly a point is tied to each neighbour: 1 up to the nearest, from there on falling as fast as makes the sum
/// log₂ k.
fn memberships(squared: &[f32], overall: f64) -> Vec<f32> {
    let distances: Vec<f64> = squared.iter().map(|x| f64::from(*x).sqrt()).collect();
    let nearest = distances.iter().copied().find(|x| *x > 0.0).unwrap_or(0.0);
    let tie = |distance: f64, scale: f64| if distance > nearest { (-(distance - nearest) / scale).exp() } else { 1.0 };
    let target = ((distances.len() + 1) as f64).log2();
    let (mut scale, mut low, mut high) = (1.0, 0.0, f64::INFINITY);
    for _ in 0..64 {
        let sum: f64 = distances.iter().map(|x| tie(*x, scale)).sum();
        if (sum - target).abs() < 1e-5 {
            break;
        }
        if sum > target {
            high = scale
        } else {
            low = scale
        }
        scale = if high.is_finite() { (low + high) / 2.0 } else { scale * 2.0 };
    }
    // Never much finer than the neighbourhood is wide.
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let scale = scale.max(1e-3 * if nearest > 0.0 { mean } else { overall }).max(f64::MIN_POSITIVE);
    distances.iter().map(|x| tie(*x, scale) as f32).collect()
}

/// Where the points start: ten units wide, and none quite on another.
fn start(graph: &Graph, points: &[f32], dimensions: usize, options: &Options) -> Vec<[f32; 2]> {
    let plane = Plane::of(points, dimensions).points;
    let plane = match options.init {
        Init::Pca => plane,
        Init::Spectral => spectral(graph, &plane),
    };
    let largest = plane.as_flattened().iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let scale = if largest > 0.0 { 10.0 / largest } else { 0.0 };
    let mut random = Random::new(options.seed);
    plane.iter().map(|y| y.map(|x| x * scale + 1e-4 * random.normal() as f32)).collect()
}

/// The two smoothest ways to lay the graph along a line, but for the trivial one: eigenvectors of `D^-½ W D^-½` by power
/// iteration from the plane of largest variance. A hundred rounds leave what is smooth and forget the rest; in a graph of
/// several parts they also leave how these lie to each other.
fn spectral(graph: &Graph, plane: &[[f32; 2]]) -> Vec<[f32; 2]> {
    const ROUNDS: usize = 100;
    let degree: Vec<f32> = (0..graph.len()).map(|i| graph.ties(i).map(|(_, w)| w).sum::<f32>().max(1e-12)).collect();
    let root: Vec<f32> = degree.iter().map(|x| x.sqrt()).collect();
    let mut at: Vec<[f32; 2]> = plane.iter().zip(&root).map(|(y, root)| y.map(|x| x * root)).collect();
    let weights: Vec<f32> = (0..graph.len())
        .flat_map(|i| graph.ties(i).map(|(j, weight)| weight / (root[i] * root[j as usize])).collect::<Vec<_>>())
        .collect();
    for _ in 0..ROUNDS {
        at = (0..graph.len())
            .into_par_iter()
            .with_min_len(512)
            .map(|i| {
                let mut sum = [0.0, 0.0];
                for tie in graph.starts[i]..graph.starts[i + 1] {
                    let (there, weight) = (at[graph.ends[tie] as usize], weights[tie]);
                    sum = [sum[0] + weight * there[0], sum[1] + weight * there[1]];
                }
                // Half stays: without it, what swings from round to round would last as well.
                [0, 1].map(|c| 0.5 * (at[i][c] + sum[c]))
            })
            .collect();
        orthonormal(&mut at, &root);
    }
    at.iter().zip(&root).map(|(y, root)| y.map(|x| x / root)).collect()
}

/// Takes off what lies along the trivial eigenvector, and of the second what lies along the first.
fn orthonormal(at: &mut [[f32; 2]], trivial: &[f32]) {
    let sum = |of: &dyn Fn(usize) -> f64, n: usize| (0..n).map(of).sum::<f64>();
    let n = at.len();
    let length = sum(&|i| f64::from(trivial[i]).powi(2), n);
    for c in 0..2 {
        let along = sum(&|i| f64::from(at[i][c]) * f64::from(trivial[i]), n) / length;
        (0..n).for_each(|i| at[i][c] -= (along * f64::from(trivial[i])) as f32);
        if c == 1 {
            let first = sum(&|i| f64::from(at[i][0]).powi(2), n);
            let along = sum(&|i| f64::from(at[i][0]) * f64::from(at[i][1]), n) / first.max(f64::MIN_POSITIVE);
            (0..n).for_each(|i| at[i][1] -= (along * f64::from(at[i][0])) as f32);
        }
        let size = sum(&|i| f64::from(at[i][c]).powi(2), n).sqrt();
        let scale = if size > 1e-30 { 1.0 / size } else { 0.0 };
        (0..n).for_each(|i| at[i][c] = (f64::from(at[i][c]) * scale) as f32);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(rows: Vec<Vec<f64>>) -> Args {
        serde_json::from_value(serde_json::json!({"X": rows, "n_epochs": 100})).unwrap()
    }

    /// Three groups of rows far apart.
    fn groups(each: usize) -> Vec<Vec<f64>> {
        let mut random = Random::new(Seed::from(4));
        (0..3 * each).map(|i| (0..5).map(|j| random.normal() + if j == i % 3 { 30.0 } else { 0.0 }).collect()).collect()
    }

    #[test]
    fn groups_stay_together() {
        for init in [Init::Spectral, Init::Pca] {
            let out = run(&Args { init, ..args(groups(30)) }).unwrap();
            let far = |i: usize, j: usize| {
                (out.embedding[i][0] - out.embedding[j][0]).hypot(out.embedding[i][1] - out.embedding[j][1])
            };
            for i in 0..90 {
                let nearest = (0..90).filter(|j| *j != i).min_by(|a, b| far(i, *a).total_cmp(&far(i, *b))).unwrap();
                assert_eq!(nearest % 3, i % 3);
            }
        }
    }

    #[test]
    fn the_ruler_gives_the_sum() {
        let squared: Vec<f32> = (1..15).map(|i| (i * i) as f32).collect();
        let ties = memberships(&squared, 5.0);
        assert_eq!(ties[0], 1.0);
        assert!((ties.iter().sum::<f32>() - 15.0_f32.log2()).abs() < 1e-4);
        assert_eq!(memberships(&[0.0; 4], 0.0), [1.0; 4]);
    }

    #[test]
    fn any_number_of_threads_and_a_picture() {
        let flat: Vec<f32> = groups(100).concat().iter().map(|x| *x as f32).collect();
        let options = Options { n_epochs: 20, ..Options::new(300) };
        let on = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| fit(&flat, 5, &options))
        };
        assert_eq!(on(1), on(2));
        let mut args = args(groups(4));
        args.picture = true;
        assert!(run(&args).unwrap().svg.unwrap().starts_with("<svg"));
    }

    #[test]
    fn few_points_equal_points_and_constant_columns() {
        for rows in [
            vec![vec![1.0], vec![2.0], vec![4.0]],
            vec![vec![3.0, 3.0]; 20],
            vec![vec![1e300, 1.0], vec![-1e300, 1.0], vec![0.0, 1.0], vec![1e-300, 1.0]],
        ] {
            let out = run(&args(rows)).unwrap();
            assert!(out.embedding.as_flattened().iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn refuses_what_cannot_be_embedded() {
        let three = || args(vec![vec![1.0], vec![2.0], vec![3.0]]);
        assert_eq!(run(&args(vec![vec![1.0], vec![2.0]])).unwrap_err().path, "/X");
        assert_eq!(run(&Args { n_neighbors: Some(4), ..three() }).unwrap_err().path, "/n_neighbors");
        assert_eq!(run(&Args { min_dist: 2.0, ..three() }).unwrap_err().path, "/min_dist");
        assert_eq!(run(&Args { spread: f64::NAN, ..three() }).unwrap_err().path, "/spread");
        assert_eq!(run(&Args { n_epochs: Some(NonZeroUsize::MAX), ..three() }).unwrap_err().path, "/n_epochs");
        assert_eq!(run(&Args { labels: Some(vec![1]), ..three() }).unwrap_err().path, "/labels");
    }

    proptest! {
        #[test]
        fn turning_and_shifting_leave_the_graph(points in prop::collection::vec((-9_i16..9, -9_i16..9), 6..40)) {
            // A quarter turn and a shift by whole numbers are exact.
            let flat = |turn: fn(f32, f32) -> [f32; 2]| -> Vec<f32> {
                points.iter().flat_map(|(x, y)| turn(f32::from(*x), f32::from(*y))).collect()
            };
            let of = |points: &[f32]| fuzzy(&Neighbours::of(points, 2, 4));
            prop_assert_eq!(of(&flat(|x, y| [x, y])), of(&flat(|x, y| [100.0 - y, x + 7.0])));
        }
    }
}
