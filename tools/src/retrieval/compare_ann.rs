//! # Picture: recall against speed
//!
//! An approximate index trades neighbours missed for distances not computed, and each has a knob for it: `ef` of HNSW, the
//! lists probed of an inverted file. This turns both knobs step by step over the same vectors and queries, counts what
//! each setting computes and how many of the true neighbours it finds, and draws the two curves with the exact search at
//! their end: the higher and the further left, the better. Distances are counted and not timed, so the picture is the
//! same on every machine; on large data they are most of the time.
//!
//! Without vectors of your own it takes clustered ones, as embeddings are.
//!
//! Cost: O(n · ef · M · d) to build both indexes, O(n d) a query for the truth.
//! Reference: M. Aumüller, E. Bernhardsson, A. Faithfull, "ANN-Benchmarks: a benchmarking tool for approximate nearest
//! neighbor algorithms", Information Systems 87, 2020 (which curves to draw).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    found::Points,
    hnsw, ivf,
    metric::{Flat, Metric},
};
use crate::{
    error::Error,
    plot::chart::{Line, lines_log_y},
    random::Random,
    value::{Matrix, Seed},
};

/// Compares exact nearest-neighbour search, HNSW and IVF in a picture of recall against cost. Use it to see what an
/// approximate index gains, and to choose `ef_search` or `n_probe`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors to search in, one a row, up to 20,000: base, embeddings. Clustered random ones when not given.
    #[serde(default)]
    pub base: Option<Matrix>,
    /// The vectors whose neighbours are wanted, up to 500; when not given, made like the random ones or taken out of the
    /// base (every tenth, up to 100).
    #[serde(default)]
    pub queries: Option<Matrix>,
    /// How many random vectors to make, from 100 to 20,000; 3000 when not given.
    #[serde(default = "three_thousand")]
    #[schemars(range(min = 100, max = 20000))]
    pub n: usize,
    /// How many dimensions random vectors have, up to 256; 16 when not given.
    #[serde(default = "sixteen")]
    #[schemars(range(min = 1, max = 256))]
    pub dimensions: usize,
    /// How many neighbours count: top k, recall at k; 10 when not given.
    #[serde(default = "ten")]
    pub k: NonZeroUsize,
    /// What near means: l2, cosine or inner_product; l2 when not given.
    #[serde(default)]
    pub metric: Metric,
    /// How many links a vector makes in the HNSW graph, from 2 to 64; 8 when not given.
    #[serde(default = "eight")]
    #[schemars(range(min = 2, max = 64))]
    pub M: usize,
    /// How many lists the inverted file has; the root of the number of vectors when not given.
    #[serde(default)]
    pub n_lists: Option<NonZeroUsize>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn three_thousand() -> usize {
    3000
}

fn sixteen() -> usize {
    16
}

fn ten() -> NonZeroUsize {
    const { NonZeroUsize::new(10).expect("not zero") }
}

fn eight() -> usize {
    8
}

/// The curves.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Recall against distances computed, as the text of an SVG file.
    pub svg: String,
    /// What each setting found and computed: first exact, then HNSW and IVF by rising effort.
    pub settings: Vec<Setting>,
    /// How many vectors were searched in.
    pub vectors: usize,
    /// The setting that computes least of those which find 95 % of the neighbours, as an index into `settings`.
    pub cheapest_at_95: usize,
}

/// One setting of one index.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Setting {
    /// The index.
    pub index: Kind,
    /// Its knob: `ef_search` of HNSW, `n_probe` of IVF, 0 for exact.
    pub parameter: usize,
    /// The share of the true neighbours that it found, from 0 to 1.
    pub recall: f64,
    /// How many distances it computed for a query, on average.
    pub distances_per_query: f64,
}

/// An index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Compares with everything.
    Exact,
    /// A navigable small world graph.
    Hnsw,
    /// Inverted lists.
    Ivf,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "compare exact search, HNSW and IVF",
    "draw recall against speed of approximate nearest neighbour indexes",
    "which ef_search or nprobe do I need for 95 % recall on 5000 vectors of 32 dimensions?",
    "show the trade-off of ANN indexing in a picture",
];

/// The most vectors, queries, and values in all of them.
const LIMITS: (usize, usize, usize) = (20_000, 500, 4_000_000);
/// The steps of the two knobs.
const EFFORTS: [usize; 8] = [10, 14, 20, 30, 45, 70, 110, 200];
const PROBES: [usize; 9] = [1, 2, 3, 5, 8, 12, 20, 32, 50];

/// Turns the knobs.
///
/// # Errors
/// `invalid_arguments` when there are fewer vectors than `k`, or queries without a base; `undefined` for the cosine of a
/// vector of zeros; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (base, queries) = vectors(args)?;
    let k = args.k.get();
    if k > base.rows() {
        return Err(Error::invalid("/k", format!("`k` is {k}, but there are {} vectors", base.rows())));
    }
    let Flat { base, queries, dimensions } = args.metric.flatten(&base, &queries)?;
    let points = Points::new(base.clone(), dimensions)?;
    let vectors = points.len();
    let all = || 0..vectors as u32;
    let truth: Vec<u32> =
        queries.chunks_exact(dimensions).flat_map(|query| points.nearest(query, all(), k)).map(|(_, id)| id).collect();
    let count = (queries.len() / dimensions) as f64;
    let recall = |ids: &[u32]| {
        let hits = ids.chunks_exact(k).zip(truth.chunks_exact(k));
        let hits: usize = hits.map(|(ids, truth)| ids.iter().filter(|id| truth.contains(id)).count()).sum();
        hits as f64 / truth.len() as f64
    };
    let mut settings =
        vec![Setting { index: Kind::Exact, parameter: 0, recall: 1.0, distances_per_query: vectors as f64 }];
    let options = hnsw::Options { m: args.M, ef_construction: 100, codes: false, seed: args.seed };
    let graph = hnsw::Index::build(base.clone(), dimensions, &options)?;
    for ef in EFFORTS.into_iter().filter(|ef| *ef >= k.min(EFFORTS[0])) {
        let found = graph.search(&queries, k, ef)?;
        let (recall, distances_per_query) = (recall(&found.ids), found.computed as f64 / count);
        settings.push(Setting { index: Kind::Hnsw, parameter: ef.max(k), recall, distances_per_query });
    }
    let root = (vectors as f64).sqrt().round() as usize;
    let lists = args.n_lists.map_or(root.max(1), NonZeroUsize::get);
    let cells = ivf::Index::build(base, dimensions, &ivf::Options { lists, codes: false, seed: args.seed })?;
    for probe in PROBES.into_iter().filter(|probe| *probe <= lists) {
        let found = cells.search(&queries, k, probe)?;
        let (recall, distances_per_query) = (recall(&found.ids), found.computed as f64 / count);
        settings.push(Setting { index: Kind::Ivf, parameter: probe, recall, distances_per_query });
    }
    // Below k, all efforts are the same one.
    settings.dedup_by(|a, b| a.index == b.index && a.parameter == b.parameter);
    let good = settings.iter().enumerate().filter(|(_, setting)| setting.recall >= 0.95);
    let cheapest = good.min_by(|a, b| a.1.distances_per_query.total_cmp(&b.1.distances_per_query));
    Ok(Output { svg: draw(&settings, vectors, k)?, cheapest_at_95: cheapest.map_or(0, |(i, _)| i), settings, vectors })
}

/// The vectors to search in and those to search for.
fn vectors(args: &Args) -> Result<(Matrix, Matrix), Error> {
    let (most, most_queries, most_values) = LIMITS;
    let (base, queries) = match (&args.base, &args.queries) {
        (Some(base), Some(queries)) => (base.clone(), queries.clone()),
        (Some(base), None) => held_out(base)?,
        (None, None) => simulated(args)?,
        (None, Some(_)) => {
            return Err(Error::invalid("/base", "there are queries but no vectors to search in")
                .with_hint("give `base` too, or neither"));
        }
    };
    for (path, rows, limit) in [("/base", base.rows(), most), ("/queries", queries.rows(), most_queries)] {
        if rows > limit {
            return Err(Error::too_large(path, format!("there are {rows} vectors, the limit is {limit}")));
        }
    }
    if base.as_slice().len() > most_values {
        let message = format!("the vectors have {} values, the limit is {most_values}", base.as_slice().len());
        return Err(Error::too_large("/base", message));
    }
    Ok((base, queries))
}

/// Every tenth row, up to a hundred of them, to be searched among the others.
fn held_out(base: &Matrix) -> Result<(Matrix, Matrix), Error> {
    let (mut rest, mut queries) = (Vec::new(), Vec::new());
    for (i, row) in base.iter().enumerate() {
        if i % 10 == 9 && queries.len() < 100 { queries.push(row.to_vec()) } else { rest.push(row.to_vec()) }
    }
    if queries.is_empty() {
        return Err(Error::invalid("/queries", "the base has fewer than 10 rows, too few to take queries from")
            .with_hint("give `queries`"));
    }
    Ok((Matrix::from_rows(rest)?, Matrix::from_rows(queries)?))
}

/// Vectors around thirty centres.
fn simulated(args: &Args) -> Result<(Matrix, Matrix), Error> {
    let (n, d) = (args.n, args.dimensions);
    if !(100..=LIMITS.0).contains(&n) {
        return Err(Error::invalid("/n", format!("`n` is {n}")).with_hint(format!("use 100 to {}", LIMITS.0)));
    }
    if !(1..=256).contains(&d) {
        return Err(Error::invalid("/dimensions", format!("`dimensions` is {d}")).with_hint("use 1 to 256"));
    }
    let mut random = Random::new(args.seed);
    let centres: Vec<Vec<f64>> = (0..30).map(|_| (0..d).map(|_| 1.5 * random.normal()).collect()).collect();
    let mut draw = |count: usize| {
        let one = |_| -> Vec<f64> {
            let centre = random.below(centres.len());
            centres[centre].iter().map(|x| x + random.normal()).collect()
        };
        Matrix::from_rows((0..count).map(one).collect())
    };
    Ok((draw(n)?, draw(100)?))
}

fn draw(settings: &[Setting], vectors: usize, k: usize) -> Result<String, Error> {
    let curve = |kind: Kind| -> Vec<(f64, f64)> {
        let of_kind = settings.iter().filter(|setting| setting.index == kind);
        of_kind.map(|setting| (setting.recall, setting.distances_per_query)).collect()
    };
    let (exact, hnsw, ivf) = (curve(Kind::Exact), curve(Kind::Hnsw), curve(Kind::Ivf));
    lines_log_y(
        &format!("Recall against cost, {vectors} vectors"),
        &format!("recall at {k}: the share of true neighbours found"),
        "distances computed a query",
        &[
            Line { name: "HNSW, each point another ef", points: &hnsw },
            Line { name: "IVF, each point another number of lists", points: &ivf },
            Line { name: "exact", points: &exact },
        ],
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn of(arguments: serde_json::Value) -> Result<Output, Error> {
        run(&serde_json::from_value(arguments).unwrap())
    }

    #[test]
    fn more_effort_finds_more() {
        let out = of(json!({"n": 1000, "dimensions": 8, "k": 5})).unwrap();
        for kind in [Kind::Hnsw, Kind::Ivf] {
            let curve: Vec<&Setting> = out.settings.iter().filter(|setting| setting.index == kind).collect();
            assert!(curve.len() > 4);
            assert!(curve.is_sorted_by(|a, b| a.distances_per_query <= b.distances_per_query));
            assert!(curve.last().unwrap().recall > 0.95 && curve[0].recall <= curve.last().unwrap().recall);
        }
        assert!(out.settings[out.cheapest_at_95].distances_per_query < 1000.0);
        assert!(out.svg.starts_with("<svg"));
    }

    #[test]
    fn own_vectors_and_any_metric() {
        let base: Vec<[f64; 2]> = (0..60).map(|i| [f64::from(i % 8) + 1.0, f64::from(i / 8)]).collect();
        let out = of(json!({"base": base, "k": 3, "metric": "cosine"})).unwrap();
        assert_eq!(out.vectors, 54);
        assert_eq!(of(json!({"base": base, "queries": [[1, 1]], "k": 61})).unwrap_err().path, "/k");
        assert_eq!(of(json!({"queries": [[1, 1]]})).unwrap_err().path, "/base");
        assert_eq!(of(json!({"n": 7})).unwrap_err().path, "/n");
    }
}
