//! # Nearest neighbours by inverted lists
//!
//! Cuts the space into cells around the centres of k-means, and compares a query only with the vectors in the few cells
//! whose centres are nearest to it. Probing more lists finds more neighbours and takes longer; probing all is exact.
//!
//! Cosine and inner product are turned into Euclidean distances first (see `metric.rs`). The index itself, to be built
//! once and searched many times, is [`ivf::Index`].
//!
//! Cost: O(n l d) to build with l lists, O((l + p n / l) d) a query that probes p of them.
//! Reference: H. Jégou, M. Douze, C. Schmid, "Product quantization for nearest neighbor search", IEEE TPAMI 33(1), 2011,
//! §IV (the inverted file).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ivf, metric::Metric};
use crate::{
    error::Error,
    value::{Matrix, Seed},
};

/// Finds approximate nearest neighbours of vectors with an inverted file (IVF): k-means lists of which only the nearest are
/// searched. Use it when there are many vectors, building has to be quick, and a few misses do not matter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The vectors to search in, one a row: base, database, embeddings. Up to 500,000 of them.
    pub base: Matrix,
    /// The vectors whose neighbours are wanted, one a row, as long as those of the base.
    pub queries: Matrix,
    /// How many neighbours of each query to find, from 1 to the number of vectors in the base: top k.
    pub k: NonZeroUsize,
    /// What near means: l2, cosine or inner_product; l2 when not given.
    #[serde(default)]
    pub metric: Metric,
    /// How many lists to make, up to the number of vectors and 10,000: cells, clusters, nlist; the root of the number of
    /// vectors when not given.
    #[serde(default)]
    pub n_lists: Option<NonZeroUsize>,
    /// How many of the lists to search for each query: nprobe; an eighth of them when not given, and all when it is more.
    #[serde(default)]
    pub n_probe: Option<NonZeroUsize>,
    /// Whether to compare codes of one byte a coordinate, which is faster for long vectors, and only the best exactly:
    /// quantize, scalar quantization; false when not given.
    #[serde(default)]
    pub codes: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
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
    /// How many distances were computed for a query, on average, those to centres included; an exact search computes one
    /// for each vector.
    pub distances_per_query: f64,
    /// How many vectors each list has.
    pub list_sizes: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "find the 3 nearest of [[0.5, 0.1]] in these vectors with an IVF index of 4 lists, probing 2",
    "approximate nearest neighbours with inverted lists, nlist 30 and nprobe 5",
    "IVF search by cosine over my embeddings",
    "cluster the vectors into cells and search only the closest cells",
];

/// The most vectors and the most lists.
const LIMITS: (usize, usize) = (500_000, 10_000);

/// Finds the neighbours.
///
/// # Errors
/// `invalid_arguments` when base and queries differ in length, or `k` or `n_lists` is above the number of vectors;
/// `undefined` for the cosine of a vector of zeros; `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (most, most_lists) = LIMITS;
    let root = (args.base.rows() as f64).sqrt().round() as usize;
    let lists = args.n_lists.map_or(root.clamp(1, most_lists), NonZeroUsize::get);
    let limits =
        [("/base", args.base.rows(), most), ("/queries", args.queries.rows(), most), ("/n_lists", lists, most_lists)];
    if let Some((path, given, limit)) = limits.into_iter().find(|(_, given, limit)| given > limit) {
        return Err(Error::too_large(path, format!("{given} is above {limit}, the limit")));
    }
    let probe = args.n_probe.map_or(lists.div_ceil(8), NonZeroUsize::get);
    let flat = args.metric.flatten(&args.base, &args.queries)?;
    let k = args.k.get();
    let index =
        ivf::Index::build(flat.base, flat.dimensions, &ivf::Options { lists, codes: args.codes, seed: args.seed })?;
    let found = index.search(&flat.queries, k, probe)?;
    let (ids, distances, similarities) = args.metric.ranked(&args.base, &args.queries, &found.ids, k)?;
    Ok(Output {
        ids,
        distances,
        similarities,
        distances_per_query: found.computed as f64 / args.queries.rows() as f64,
        list_sizes: index.sizes(),
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
        let base = json!([[0, 0], [1, 1], [5, 5], [6, 5]]);
        let out = of(json!({"base": base, "queries": [[1, 2]], "k": 1, "n_lists": 2, "n_probe": 1})).unwrap();
        assert_eq!((out.ids, out.distances), (vec![vec![1]], Some(vec![vec![1.0]])));
        assert_eq!((out.list_sizes, out.distances_per_query), (vec![2, 2], 4.0));
    }

    #[test]
    fn a_list_with_too_few_vectors_is_not_the_end() {
        let out =
            of(json!({"base": [[0], [100], [101]], "queries": [[1]], "k": 3, "n_lists": 3, "n_probe": 1})).unwrap();
        assert_eq!(out.ids, [[0, 1, 2]]);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(of(json!({"base": [[1]], "queries": [[1]], "k": 1, "n_lists": 2})).unwrap_err().path, "/n_lists");
        assert_eq!(of(json!({"base": [[1]], "queries": [[1]], "k": 2})).unwrap_err().path, "/k");
        assert_eq!(
            of(json!({"base": [[1]], "queries": [[0]], "k": 1, "metric": "cosine"})).unwrap_err().path,
            "/queries/0"
        );
    }
}
