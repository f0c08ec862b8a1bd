//! # The curse of dimensionality
//!
//! What goes wrong with distances when there are many dimensions, seen on random points. The squared distance of two is a
//! sum of as many terms as there are dimensions: its mean grows with their number and its spread only with the root, so
//! that all points become equally far. The nearest is then hardly nearer than the furthest (the contrast goes to 0), a
//! ball takes no space in the box around it, the box that holds a tenth of the points is nearly as wide as all of them,
//! and a few points, the hubs, become neighbours of very many.
//!
//! Real data escape as far as their columns depend on each other: what counts is how many dimensions they really have.
//!
//! Cost: O(n² Σ d) for n points and the numbers of dimensions d.
//! References: R. Bellman, *Adaptive Control Processes*, 1961; K. Beyer, J. Goldstein, R. Ramakrishnan, U. Shaft, "When
//! is nearest neighbor meaningful?", ICDT 1999; M. Radovanović, A. Nanopoulos, M. Ivanović, "Hubs in space", JMLR 11,
//! 2010 (the skewness of neighbour counts).

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::neighbours::Neighbours;
use crate::{
    error::Error,
    kernel::vectorized,
    plot::chart::{self, Line, Panel},
    random::Random,
    value::Seed,
};

/// Shows the curse of dimensionality on random points: how distances concentrate, the ball loses its volume and hubs
/// appear as dimensions are added, in a picture and in numbers. Use it to explain why nearest neighbours mean less in
/// high dimensions, or to see how bad it is for yours.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The numbers of dimensions to look at, at most 20 of them, each up to 10,000 (points² · their sum up to 4e9); 1, 2,
    /// 3, 5, 10, 20, 50, 100, 200, 500 and 1000 when not given.
    #[serde(default = "usual")]
    pub dimensions: Vec<NonZeroUsize>,
    /// How many points to draw, from 20 to 5000; 400 when not given.
    #[serde(default = "four_hundred")]
    #[schemars(range(min = 20, max = 5000))]
    pub points: usize,
    /// How the coordinates are drawn.
    #[serde(default)]
    pub distribution: Distribution,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn usual() -> Vec<NonZeroUsize> {
    [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000].into_iter().filter_map(NonZeroUsize::new).collect()
}

fn four_hundred() -> usize {
    400
}

/// How coordinates are drawn, each without regard to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Evenly from 0 to 1: points in a cube.
    #[default]
    Uniform,
    /// From the standard normal distribution: points around the origin.
    Normal,
}

/// What happens as dimensions are added.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// One row for each number of dimensions, in the order given.
    pub rows: Vec<Row>,
}

/// Distances in one number of dimensions.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// How many dimensions.
    pub dimensions: usize,
    /// The mean distance of two points.
    pub mean_distance: f64,
    /// The standard deviation of the distances divided by their mean: how much they still differ.
    pub relative_spread: f64,
    /// How much further the furthest point is than the nearest, divided by the distance of the nearest: the median over
    /// all points.
    pub contrast: f64,
    /// The distance of the nearest point divided by that of the furthest, from 0 to 1: the median over all points. At 1
    /// all are equally far.
    pub nearest_to_furthest: f64,
    /// The share of a cube's volume that the ball inside it takes; the formula, not a sample.
    pub ball_in_cube: f64,
    /// How wide a cube inside the unit cube must be to hold a tenth of its volume.
    pub side_of_a_tenth: f64,
    /// The skewness of how often a point is among another's ten nearest: near 0 all are equal, large with hubs.
    pub hubness: f64,
    /// The largest of these counts; ten is the mean.
    pub largest_hub: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "show the curse of dimensionality",
    "Draw how distances concentrate in 2, 10, 100 and 1000 dimensions",
    "why do nearest neighbours fail in high dimensions? make a picture",
    "volume of the ball and hubness for dimensions [1, 5, 50, 500] with 300 normal points",
];

/// The most numbers of dimensions, the most of each, and the most work.
const LIMITS: (usize, usize, f64) = (20, 10_000, 4e9);
/// Neighbours by which hubs are counted.
const NEIGHBOURS: usize = 10;

/// Draws the points, measures them and makes the picture.
///
/// # Errors
/// `invalid_arguments` for no dimensions or other than 20 to 5000 points, `too_large` beyond 20 numbers of dimensions,
/// 10,000 of one or 4e9 of points² · dimensions.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let rows: Vec<Row> = args.dimensions.iter().map(|d| row(args, d.get())).collect();
    Ok(Output { svg: draw(args, &rows)?, rows })
}

fn check(args: &Args) -> Result<(), Error> {
    let (count, most, work) = LIMITS;
    if args.dimensions.is_empty() {
        return Err(Error::invalid("/dimensions", "the list is empty").with_hint("give at least one number"));
    }
    if !(20..=5000).contains(&args.points) {
        return Err(Error::invalid("/points", format!("`points` is {}, but must be from 20 to 5000", args.points)));
    }
    if args.dimensions.len() > count {
        let message = format!("there are {} numbers of dimensions, the limit is {count}", args.dimensions.len());
        return Err(Error::too_large("/dimensions", message));
    }
    if let Some(i) = args.dimensions.iter().position(|d| d.get() > most) {
        let message = format!("{} dimensions are more than the limit of {most}", args.dimensions[i]);
        return Err(Error::too_large(format!("/dimensions/{i}"), message));
    }
    let sum: usize = args.dimensions.iter().map(|d| d.get()).sum();
    if (args.points as f64).powi(2) * sum as f64 > work {
        let fit = (work / sum as f64).sqrt() as usize;
        return Err(Error::too_large(
            "/points",
            format!("`points` is {}, the limit for these dimensions is {fit}", args.points),
        ));
    }
    Ok(())
}

fn row(args: &Args, d: usize) -> Row {
    let n = args.points;
    // The same for a number of dimensions whatever else is asked for.
    let mut random = Random::new(Seed::from(args.seed.get().wrapping_add(d as u64)));
    let draw = |_| match args.distribution {
        Distribution::Uniform => random.uniform() as f32,
        Distribution::Normal => random.normal() as f32,
    };
    let points: Vec<f32> = (0..n * d).map(draw).collect();
    let distances: Vec<Vec<f64>> = (0..n).into_par_iter().map(|i| distances(&points, d, i)).collect();
    let pairs = (n * (n - 1)) as f64;
    let mean = distances.iter().flatten().sum::<f64>() / pairs;
    let variance = distances.iter().flatten().map(|x| (x - mean).powi(2)).sum::<f64>() / pairs;
    let ends = distances
        .iter()
        .map(|row| row.iter().fold((f64::INFINITY, f64::MIN_POSITIVE), |(low, high), x| (low.min(*x), high.max(*x))));
    let ratios: Vec<f64> = ends.map(|(nearest, furthest)| nearest / furthest).collect();
    let ratio = median(ratios);
    let mut counts = vec![0_usize; n];
    Neighbours::of(&points, d, NEIGHBOURS).rows.iter().for_each(|row| counts[*row as usize] += 1);
    Row {
        dimensions: d,
        mean_distance: mean,
        relative_spread: variance.sqrt() / mean.max(f64::MIN_POSITIVE),
        contrast: 1.0 / ratio.max(1e-12) - 1.0,
        nearest_to_furthest: ratio,
        ball_in_cube: ball_in_cube(d),
        side_of_a_tenth: 0.1_f64.powf(1.0 / d as f64),
        hubness: skewness(&counts),
        largest_hub: counts.iter().copied().max().unwrap_or(0),
    }
}

/// The distances of one point from all others.
fn distances(points: &[f32], d: usize, i: usize) -> Vec<f64> {
    vectorized(
        #[inline(always)]
        || {
            let from = &points[i * d..(i + 1) * d];
            let mut distances = Vec::with_capacity(points.len() / d - 1);
            for (j, other) in points.chunks_exact(d).enumerate() {
                if j != i {
                    distances.push(f64::from(crate::kernel::inside::squared_distance(from, other)).sqrt());
                }
            }
            distances
        },
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The volume of the ball of radius 1 divided by that of the cube around it, from two dimensions to the next:
/// `V(d) = V(d - 2) · 2π / d`, and `2²` for the cube.
fn ball_in_cube(d: usize) -> f64 {
    let steps = (d % 2 + 2..=d).step_by(2).map(|i| std::f64::consts::TAU / i as f64 / 4.0);
    steps.product()
}

fn skewness(counts: &[usize]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<usize>() as f64 / n;
    let moment = |power: i32| counts.iter().map(|x| (*x as f64 - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    if variance > 0.0 { moment(3) / variance.powf(1.5) } else { 0.0 }
}

fn draw(args: &Args, rows: &[Row]) -> Result<String, Error> {
    let mut order: Vec<&Row> = rows.iter().collect();
    order.sort_by_key(|row| row.dimensions);
    let along = |of: fn(&Row) -> f64| -> Vec<(f64, f64)> {
        order.iter().map(|row| ((row.dimensions as f64).log10(), of(row))).collect()
    };
    let nearest = along(|row| row.nearest_to_furthest);
    let spread = along(|row| row.relative_spread);
    let side = along(|row| row.side_of_a_tenth);
    let ball = along(|row| row.ball_in_cube);
    let hubs = along(|row| row.hubness);
    let contrast = along(|row| row.contrast);
    let line = |name, points| Line { name, points };
    let x = "dimensions (log₁₀)";
    let panel = |title, y, lines| Panel { title, x, y, lines, ..Panel::default() };
    let kind = match args.distribution {
        Distribution::Uniform => "uniform",
        Distribution::Normal => "normal",
    };
    chart::panels(
        &format!("The curse of dimensionality on {} {kind} points", args.points),
        &[
            panel(
                "All points become equally far",
                "share of 1",
                &[
                    line("nearest distance / furthest distance", &nearest),
                    line("spread of distances / their mean", &spread),
                ],
            ),
            Panel {
                log_y: true,
                ..panel("The contrast vanishes", "(furthest − nearest) / nearest", &[line("", &contrast)])
            },
            panel(
                "Volume moves to the corners",
                "share of 1",
                &[
                    line("volume of the ball / the cube around it", &ball),
                    line("side of the cube that holds a tenth", &side),
                ],
            ),
            panel("Hubs appear", "skewness of neighbour counts", &[line("", &hubs)]),
        ],
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(text: &str) -> Result<Output, Error> {
        run(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn volumes_by_hand() {
        // A line, a disk in a square, a ball in a cube, and π²/32 in four dimensions.
        let pi = std::f64::consts::PI;
        for (d, share) in [(1, 1.0), (2, pi / 4.0), (3, pi / 6.0), (4, pi * pi / 32.0)] {
            assert!((ball_in_cube(d) - share).abs() < 1e-15, "{d}");
        }
        assert_eq!(ball_in_cube(10_000), 0.0);
    }

    #[test]
    fn distances_concentrate() {
        let out = of(r#"{"dimensions": [2, 30, 500], "points": 150, "seed": 1}"#).unwrap();
        let [two, thirty, many] = &out.rows[..] else { panic!("three rows") };
        assert!(two.contrast > 10.0 * thirty.contrast && thirty.contrast > many.contrast);
        assert!(many.nearest_to_furthest > 0.7 && many.hubness > two.hubness + 0.5);
        // The mean squared distance of two uniform points is d/6, and in many dimensions that of the mean too.
        assert!((many.mean_distance / (500.0_f64 / 6.0).sqrt() - 1.0).abs() < 0.01, "{}", many.mean_distance);
        assert!(out.svg.contains("Hubs appear"));
    }

    #[test]
    fn a_normal_sample_lies_on_a_shell() {
        let out = of(r#"{"dimensions": [400], "points": 60, "distribution": "normal"}"#).unwrap();
        // Two points at right angles on a sphere of radius √d are √(2 d) apart.
        assert!((out.rows[0].mean_distance / 800.0_f64.sqrt() - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let (one, two) = (of(r#"{"dimensions": [7], "points": 40}"#), of(r#"{"dimensions": [3, 7], "points": 40}"#));
        assert_eq!(one.unwrap().rows[0], two.unwrap().rows[1]);
    }

    #[test]
    fn refuses_what_is_too_much() {
        for (text, path) in [
            (r#"{"dimensions": []}"#, "/dimensions"),
            (r#"{"points": 3}"#, "/points"),
            (r#"{"dimensions": [10001]}"#, "/dimensions/0"),
            (r#"{"dimensions": [10000], "points": 5000}"#, "/points"),
        ] {
            assert_eq!(of(text).unwrap_err().path, path);
        }
    }
}
