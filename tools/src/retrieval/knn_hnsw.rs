//! # Nearest neighbours by HNSW
//!
//! Links every vector to some near ones in several directions, and finds the neighbours of a query by walking along the
//! links towards it, through sparse upper layers first. It compares a query with hundreds of vectors where an exact search
//! compares with all, and misses a few neighbours for it; `ef_search` says how hard it tries.
//!
//! Cosine and inner product are turned into Euclidean distances first (see `metric.rs`). The index itself, to be built
//! once and searched many times, is [`hnsw::Index`].
//!
//! Cost: O(n log n · ef · M · d) to build, O(log n · ef · M · d) a query.
//! Reference: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical
//! navigable small world graphs", IEEE TPAMI 42(4), 2020.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{hnsw, metric::Metric};
use crate::{
    error::Error,
    value::{Matrix, Seed},
};

/// Finds approximate nearest neighbours of vectors with an HNSW graph (hierarchical navigable small world). Use it when
/// there are too many vectors to compare with all of them and a few misses do not matter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors to search in, one a row: base, database, embeddings. Up to 200,000 of them.
    pub base: Matrix,
    /// The vectors whose neighbours are wanted, one a row, as long as those of the base.
    pub queries: Matrix,
    /// How many neighbours of each query to find, from 1 to the number of vectors in the base: top k.
    pub k: NonZeroUsize,
    /// What near means: l2, cosine or inner_product; l2 when not given.
    #[serde(default)]
    pub metric: Metric,
    /// How many links a vector makes, from 2 to 128: connectivity, degree; 16 when not given. More find more and take more
    /// memory.
    #[serde(default = "sixteen")]
    #[schemars(range(min = 2, max = 128))]
    pub M: usize,
    /// How many candidates are looked at for the links of each vector, up to 2000: effort of building; 200 when not given.
    #[serde(default = "two_hundred")]
    pub ef_construction: NonZeroUsize,
    /// How many candidates a search keeps in mind, up to 10,000: effort of searching; 64 when not given, and at least k.
    #[serde(default = "sixty_four")]
    pub ef_search: NonZeroUsize,
    /// Whether to walk on codes of one byte a coordinate, which is faster for long vectors, and to compare only the best
    /// exactly: quantize, scalar quantization; false when not given.
    #[serde(default)]
    pub codes: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn sixteen() -> usize {
    16
}

fn two_hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(200).expect("not zero") }
}

fn sixty_four() -> NonZeroUsize {
    const { NonZeroUsize::new(64).expect("not zero") }
}

/// The neighbours.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// For each query the rows of its neighbours in the base, from 0, nearest first.
    pub ids: Vec<Vec<usize>>,
    /// Their Euclidean distances, not squared; only for l2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distances: Option<Vec<Vec<f64>>>,
    /// Their cosines or inner products; only for cosine and inner_product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarities: Option<Vec<Vec<f64>>>,
    /// How many distances were computed for a query, on average; an exact search computes one for each vector.
    pub distances_per_query: f64,
    /// How many layers the graph has.
    pub layers: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "approximate nearest neighbours of [[1, 2]] among [[0, 0], [1, 1], [5, 5]] with HNSW, k = 2",
    "build an HNSW index with M = 8 and find the 10 nearest vectors by cosine",
    "fast approximate vector search with a navigable small world graph",
    "ANN search over these embeddings, ef_search 100",
];

/// The most vectors, and the most effort of building and searching.
const LIMITS: (usize, usize, usize) = (200_000, 2000, 10_000);
/// The most vectors times effort of building.
const MOST_WORK: usize = 50_000_000;

/// Finds the neighbours.
///
/// # Errors
/// `invalid_arguments` when base and queries differ in length, or `k` or `M` is out of its range; `undefined` for the
/// cosine of a vector of zeros; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (most, most_building, most_searching) = LIMITS;
    let limits = [
        ("/base", args.base.rows(), most),
        ("/queries", args.queries.rows(), most),
        ("/ef_construction", args.ef_construction.get(), most_building),
        ("/ef_search", args.ef_search.get(), most_searching),
    ];
    if let Some((path, given, limit)) = limits.into_iter().find(|(_, given, limit)| given > limit) {
        return Err(Error::too_large(path, format!("{given} is above {limit}, the limit")));
    }
    let effort = args.base.rows() * args.ef_construction.get();
    if effort > MOST_WORK {
        let message = format!("{effort} candidates would be looked at while building, the limit is {MOST_WORK}");
        return Err(Error::too_large("/ef_construction", message).with_hint("lower `ef_construction`"));
    }
    let flat = args.metric.flatten(&args.base, &args.queries)?;
    let options =
        hnsw::Options { m: args.M, ef_construction: args.ef_construction.get(), codes: args.codes, seed: args.seed };
    let k = args.k.get();
    let index = hnsw::Index::build(flat.base, flat.dimensions, &options)?;
    let found = index.search(&flat.queries, k, args.ef_search.get())?;
    let (ids, distances, similarities) = args.metric.ranked(&args.base, &args.queries, &found.ids, k)?;
    Ok(Output {
        ids,
        distances,
        similarities,
        distances_per_query: found.computed as f64 / args.queries.rows() as f64,
        layers: index.layers(),
    })
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
    fn by_hand() {
        let base = json!([[0, 0], [1, 1], [5, 5], [-3, 0.5]]);
        let out = of(json!({"base": base, "queries": [[1, 2]], "k": 2})).unwrap();
        assert_eq!((out.ids, out.distances), (vec![vec![1, 0]], Some(vec![vec![1.0, 5.0_f64.sqrt()]])));
        // (5, 5) is further than (1, 1), but its product is larger.
        let out = of(json!({"base": base, "queries": [[1, 2]], "k": 2, "metric": "inner_product"})).unwrap();
        assert_eq!((out.ids, out.similarities), (vec![vec![2, 1]], Some(vec![vec![15.0, 3.0]])));
    }

    #[test]
    fn far_from_the_origin_and_of_any_size() {
        for (offset, size) in [(1e8, 1.0), (0.0, 1e-200), (0.0, 1e200)] {
            let base: Vec<[f64; 1]> = (0..50).map(|i| [offset + size * f64::from(i)]).collect();
            let out = of(json!({"base": base, "queries": [[offset + size * 7.2]], "k": 3})).unwrap();
            assert_eq!(out.ids, [[7, 8, 6]]);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(of(json!({"base": [[1, 2]], "queries": [[1]], "k": 1})).unwrap_err().path, "/queries");
        assert_eq!(of(json!({"base": [[1, 2]], "queries": [[1, 2]], "k": 2})).unwrap_err().path, "/k");
        assert_eq!(of(json!({"base": [[1, 2]], "queries": [[1, 2]], "k": 1, "M": 1})).unwrap_err().path, "/M");
        let zero = json!({"base": [[1, 2], [0, 0]], "queries": [[1, 2]], "k": 1, "metric": "cosine"});
        assert_eq!(of(zero).unwrap_err().path, "/base/1");
    }
}
