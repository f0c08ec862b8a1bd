//! # Similarity metrics compared
//!
//! Measures every pair of rows with several metrics and asks whether they would give the same neighbours. The values
//! themselves have different units, so the metrics are compared by the order in which they put the pairs: Spearman's
//! rank correlation is 1 where two metrics agree on who is closer to whom, whatever their scales.
//!
//! Cost: O(metrics · n² · d). References: C. Spearman, "The proof and measurement of association between two things",
//! American J. Psychology 15(1), 1904; the metrics' own in `similarity.rs`.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    metric::{Metric, measure},
    similarity::{order, three},
};
use crate::{
    error::{Error, ErrorKind},
    plot::chart::{self, Line},
    value::Matrix,
    vectors::vector_cosine::cosine,
};

/// Compares similarity metrics on the same vectors: measures every pair with each metric, ranks the pairs, and says how
/// far the rankings agree, with a picture. Use it to choose a metric, or to see how cosine, Euclidean and others differ.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors, one a row: points, embeddings; from 2 to 200 of them.
    pub X: Matrix,
    /// Which metrics to compare, up to 16: measures, distances. Cosine, correlation, Euclid, Manhattan, Chebyshev and
    /// Canberra when not given.
    #[serde(default = "usual")]
    #[schemars(length(min = 1, max = 16))]
    pub metrics: Vec<Metric>,
    /// The order of the Minkowski distance: p, the exponent, from 1 to 1000; 3 when not given.
    #[serde(default = "three")]
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub p: f64,
    /// How many nearest neighbours of each row to compare: k, up to the other rows; 1 when not given.
    #[serde(default = "one")]
    pub k: NonZeroUsize,
}

fn usual() -> Vec<Metric> {
    vec![
        Metric::CosineSimilarity,
        Metric::CorrelationSimilarity,
        Metric::Euclidean,
        Metric::Manhattan,
        Metric::Chebyshev,
        Metric::Canberra,
    ]
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// What each metric says, and how far they agree.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The pairs of rows `[i, j]` with `i < j`, in the order of the values below.
    pub pairs: Vec<[usize; 2]>,
    /// What each metric says of the pairs, in the order of `metrics`.
    pub compared: Vec<Compared>,
    /// Spearman's rank correlation between each two metrics, from -1 to 1, with ranks by closeness.
    pub rank_correlation: Vec<Vec<f64>>,
    /// The share of nearest neighbours that each two metrics have in common, from 0 to 1.
    pub neighbour_overlap: Vec<Vec<f64>>,
    /// The picture: the rank of each pair under each metric, as an SVG text.
    pub svg: String,
}

/// One metric's view of the pairs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Compared {
    /// The metric.
    pub metric: Metric,
    /// Its value for each pair; null where it has none (the direction of a zero vector).
    pub values: Vec<Option<f64>>,
    /// The place of each pair, 1 for the closest; equal values share the mean of their places, pairs without a value
    /// come last.
    pub ranks: Vec<f64>,
    /// The closest pair of rows.
    pub closest: [usize; 2],
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compare cosine, euclidean and manhattan on these vectors: [[1,0],[10,0],[1,1],[0,5]]",
    "do the similarity metrics agree on which embeddings are closest? draw it",
    "which distance metric should I use for this table? rank all pairs with several",
    "how different is the ranking by cosine from the ranking by euclidean distance here",
];

/// The most rows, the most metrics, the most multiplications.
const LIMITS: (usize, usize, usize) = (200, 16, 200_000_000);

/// Compares the metrics.
///
/// # Errors
/// `invalid_arguments` if there is one row, no metric, one metric twice, more neighbours than other rows or `p` is not
/// from 1 to 1000; `too_large` beyond 200 rows or too many columns.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let n = args.X.rows();
    let pairs: Vec<[usize; 2]> = (0..n).flat_map(|i| (i + 1..n).map(move |j| [i, j])).collect();
    let compared = args.metrics.iter().map(|metric| compare(*metric, args, &pairs));
    let compared: Vec<Compared> = compared.collect::<Result<_, _>>()?;
    let table = |of: &dyn Fn(&Compared, &Compared) -> f64| -> Vec<Vec<f64>> {
        compared.iter().map(|a| compared.iter().map(|b| of(a, b)).collect()).collect()
    };
    let near: Vec<Vec<Vec<usize>>> = compared.iter().map(|view| neighbours(view, &pairs, n, args.k.get())).collect();
    Ok(Output {
        rank_correlation: table(&|a, b| correlation(&a.ranks, &b.ranks)),
        neighbour_overlap: near.iter().map(|a| near.iter().map(|b| overlap(a, b)).collect()).collect(),
        svg: draw(&compared)?,
        compared,
        pairs,
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (most_rows, most_metrics, work) = LIMITS;
    let (rows, columns) = (args.X.rows(), args.X.columns());
    order(args.p)?;
    if rows < 2 {
        return Err(Error::invalid("/X", "`X` has 1 row, and a pair needs 2").with_hint("give at least two vectors"));
    }
    if rows > most_rows {
        return Err(Error::too_large("/X", format!("`X` has {rows} rows, the limit is {most_rows}")));
    }
    if args.metrics.is_empty() {
        return Err(Error::invalid("/metrics", "there are no metrics").with_hint("give at least one"));
    }
    if args.metrics.len() > most_metrics {
        let given = args.metrics.len();
        return Err(Error::too_large("/metrics", format!("there are {given} metrics, the limit is {most_metrics}")));
    }
    if let Some(at) = (1..args.metrics.len()).find(|at| args.metrics[..*at].contains(&args.metrics[*at])) {
        let message = format!("`{}` is there twice", args.metrics[at].name());
        return Err(Error::invalid(format!("/metrics/{at}"), message));
    }
    if args.k.get() >= rows {
        let message = format!("`k` is {}, but each row has {} others", args.k, rows - 1);
        return Err(Error::invalid("/k", message).with_hint(format!("use `k` up to {}", rows - 1)));
    }
    if rows * rows / 2 * columns * args.metrics.len() > work {
        return Err(Error::too_large("/X", format!("{rows} rows of {columns} columns are too much work")));
    }
    Ok(())
}

fn compare(metric: Metric, args: &Args, pairs: &[[usize; 2]]) -> Result<Compared, Error> {
    let values = pairs.iter().map(|[i, j]| match measure(metric, args.X.row(*i), args.X.row(*j), args.p) {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) => Ok(None),
        Err(error) if error.kind == ErrorKind::Undefined => Ok(None),
        Err(error) => Err(error),
    });
    let values: Vec<Option<f64>> = values.collect::<Result<_, _>>()?;
    let away: Vec<f64> = values
        .iter()
        .map(|value| match value {
            Some(value) if metric.is_similarity() => -value,
            Some(value) => *value,
            None => f64::INFINITY,
        })
        .collect();
    let closest = (0..pairs.len()).min_by(|a, b| away[*a].total_cmp(&away[*b])).map_or([0, 1], |at| pairs[at]);
    Ok(Compared { metric, ranks: ranks(&away), closest, values })
}

/// The place of each value from the smallest on, from 1; equal ones share their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = from as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|at| ranks[*at] = mean);
        from += equal.len();
    }
    ranks
}

/// Pearson's correlation of the ranks; a ranking of ties alone agrees with its like and with nothing else.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = (a.len() + 1) as f64 / 2.0;
    let centred = |ranks: &[f64]| ranks.iter().map(|rank| rank - mean).collect::<Vec<_>>();
    let (a, b) = (centred(a), centred(b));
    let flat = |ranks: &[f64]| ranks.iter().all(|rank| *rank == 0.0);
    match (flat(&a), flat(&b)) {
        (true, true) => 1.0,
        (false, false) => cosine(&a, &b),
        _ => 0.0,
    }
}

/// The `k` nearest of each row, earlier rows first among equals.
fn neighbours(view: &Compared, pairs: &[[usize; 2]], n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut near: Vec<Vec<(f64, usize)>> = vec![Vec::new(); n];
    for (&[i, j], rank) in pairs.iter().zip(&view.ranks) {
        near[i].push((*rank, j));
        near[j].push((*rank, i));
    }
    let nearest = near.into_iter().map(|mut near| {
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.into_iter().take(k).map(|(_, other)| other).collect()
    });
    nearest.collect()
}

fn overlap(a: &[Vec<usize>], b: &[Vec<usize>]) -> f64 {
    let common: usize = a.iter().zip(b).map(|(a, b)| a.iter().filter(|other| b.contains(other)).count()).sum();
    let all: usize = a.iter().map(Vec::len).sum();
    common as f64 / all as f64
}

/// The pairs from left to right as the first metric ranks them; a line for each metric shows where it puts them.
fn draw(compared: &[Compared]) -> Result<String, Error> {
    /// More pairs are thinned out: a picture has only so many pixels.
    const DRAWN: usize = 300;
    let first = &compared[0];
    let mut order: Vec<usize> = (0..first.ranks.len()).collect();
    order.sort_by(|a, b| first.ranks[*a].total_cmp(&first.ranks[*b]).then(a.cmp(b)));
    let step = order.len().div_ceil(DRAWN);
    let names: Vec<String> = compared.iter().map(|view| view.metric.name().replace('_', " ")).collect();
    let points: Vec<Vec<(f64, f64)>> = compared
        .iter()
        .map(|view| {
            let places = order.iter().enumerate().step_by(step);
            places.map(|(place, pair)| (place as f64 + 1.0, view.ranks[*pair])).collect()
        })
        .collect();
    let lines: Vec<Line<'_>> = names.iter().zip(&points).map(|(name, points)| Line { name, points }).collect();
    let x = format!("pair of rows, from the closest by {}", names[0]);
    chart::lines("The same pairs ranked by several metrics", &x, "rank of the pair (1 = closest)", &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(rows: &[[f64; 2]], metrics: &[Metric]) -> Args {
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        Args { X: Matrix::from_rows(rows).unwrap(), metrics: metrics.to_vec(), p: 3.0, k: one() }
    }

    #[test]
    fn length_counts_for_euclid_and_not_for_the_cosine() {
        // Rows 0 and 1 point the same way, rows 0 and 2 end near each other.
        let out =
            run(&args(&[[1.0, 0.0], [10.0, 0.0], [1.0, 1.0]], &[Metric::CosineSimilarity, Metric::Euclidean])).unwrap();
        assert_eq!((out.compared[0].closest, out.compared[1].closest), ([0, 1], [0, 2]));
        assert_eq!(out.compared[0].ranks, [1.0, 2.5, 2.5]); // 45 degrees twice
        assert_eq!(out.compared[1].ranks, [2.0, 1.0, 3.0]); // 9, 1 and √82 apart
        assert!(out.svg.contains("cosine similarity") && out.svg.contains("euclidean"));
    }

    #[test]
    fn a_metric_agrees_with_itself_and_its_monotone_image() {
        let metrics = [Metric::Euclidean, Metric::SquaredEuclidean];
        let out = run(&args(&[[0.0, 1.0], [2.0, 3.0], [5.0, 1.0], [9.0, 9.0]], &metrics)).unwrap();
        assert!(out.rank_correlation.iter().flatten().all(|rho| (rho - 1.0).abs() < 1e-12));
        assert_eq!(out.neighbour_overlap, [[1.0, 1.0], [1.0, 1.0]]);
    }

    #[test]
    fn equal_values_share_their_places() {
        assert_eq!(ranks(&[2.0, 1.0, 2.0, 3.0]), [2.5, 1.0, 2.5, 4.0]);
    }

    #[test]
    fn a_zero_vector_has_no_cosine_and_comes_last() {
        let out = run(&args(&[[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]], &[Metric::CosineSimilarity])).unwrap();
        assert_eq!(out.compared[0].values[..2], [None, None]);
        assert_eq!(out.compared[0].closest, [1, 2]);
    }

    #[test]
    fn refuses_what_cannot_be_compared() {
        assert_eq!(run(&args(&[[0.0, 1.0]], &[Metric::Dot])).unwrap_err().path, "/X");
        let twice = args(&[[0.0, 1.0], [1.0, 1.0]], &[Metric::Dot, Metric::Dot]);
        assert_eq!(run(&twice).unwrap_err().path, "/metrics/1");
        assert_eq!(run(&Args { k: NonZeroUsize::new(2).unwrap(), metrics: usual(), ..twice }).unwrap_err().path, "/k");
    }
}
