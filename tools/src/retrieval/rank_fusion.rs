//! # Rank fusion
//!
//! Several rankings of the same things become one. *Reciprocal rank fusion* gives each document `1 / (k + rank)` from
//! every ranking that has it and adds up: it needs no scores, so it can mix word search with vector search. *Borda* gives
//! as many points as there are documents behind. *Min-max* brings each ranking's scores to 0..1 and adds those; *z-score*
//! does so with mean 0 and standard deviation 1, and what a ranking lacks counts as its worst.
//!
//! Equal sums are put in the order of the first appearance: the first ranking first.
//!
//! Cost: O(n log n) for n documents in all rankings.
//! References: G. Cormack, C. Clarke, S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank
//! learning methods", SIGIR 2009; E. Fox, J. Shaw, "Combination of multiple searches", TREC-2, 1994 (CombSUM);
//! J. Aslam, M. Montague, "Models for metasearch", SIGIR 2001 (Borda).

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, value::Vector};

/// Merges several rankings into one: reciprocal rank fusion (RRF), Borda count, or a blend of normalised scores. Use it for
/// hybrid search, where word search and vector search each bring a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The rankings, each best first, each document at most once: lists of names, or of documents with scores.
    pub rankings: Vec<Vec<Entry>>,
    /// How to merge them; reciprocal_rank when not given.
    #[serde(default)]
    pub method: Method,
    /// How much each ranking counts, 0 or more: weights; all the same when not given.
    #[serde(default)]
    pub weights: Option<Vector>,
    /// The constant of reciprocal rank fusion: the larger, the less the first places stand out; 60 when not given.
    #[serde(default = "sixty")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub k: f64,
    /// How many of the best to give, all when not given: top, limit.
    #[serde(default)]
    pub top: Option<NonZeroUsize>,
}

fn sixty() -> f64 {
    60.0
}

/// A place in a ranking.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Entry {
    /// A document's name alone.
    Name(String),
    /// A document with its score.
    Scored(Scored),
}

/// A document with its score.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// The document's name.
    pub id: String,
    /// Its score in this ranking: the higher, the better.
    pub score: f64,
}

impl Entry {
    fn id(&self) -> &str {
        match self {
            Entry::Name(id) => id,
            Entry::Scored(scored) => &scored.id,
        }
    }
}

/// How to merge rankings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `1 / (k + rank)`.
    #[default]
    ReciprocalRank,
    /// A point for each document behind, in shares of all documents.
    Borda,
    /// Scores brought to 0..1.
    MinMax,
    /// Scores brought to mean 0 and standard deviation 1.
    ZScore,
}

/// The merged ranking.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The documents, best first.
    pub ranking: Vec<Fused>,
}

/// A document of the merged ranking.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fused {
    /// Its name.
    pub id: String,
    /// Its merged score.
    pub score: f64,
    /// Its place in each ranking, from 1; null where it is not in it.
    pub ranks: Vec<Option<usize>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "fuse the rankings [\"a\", \"b\", \"c\"] and [\"c\", \"a\", \"d\"] with reciprocal rank fusion",
    "merge BM25 results and vector results into one list",
    "RRF with k = 10 of these three result lists",
    "combine {\"id\": \"x\", \"score\": 9} and {\"id\": \"y\", \"score\": 4} with the other list by min-max, weights 0.7 and 0.3",
];

/// The most rankings, and the most entries of all together.
const LIMITS: (usize, usize) = (1000, 1_000_000);

/// Merges the rankings.
///
/// # Errors
/// `invalid_arguments` when there are no rankings, a document stands twice in one, scores are missing where the method
/// needs them, or weights do not fit; `too_large` beyond 1000 rankings or 1,000,000 entries.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let rankings = &args.rankings;
    let mut documents: Vec<Fused> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (r, ranking) in rankings.iter().enumerate() {
        for (rank, entry) in ranking.iter().enumerate() {
            let place = *places.entry(entry.id()).or_insert_with(|| {
                let ranks = vec![None; rankings.len()];
                documents.push(Fused { id: entry.id().to_owned(), score: 0.0, ranks });
                documents.len() - 1
            });
            documents[place].ranks[r] = Some(rank + 1);
        }
    }
    let weight = |r: usize| args.weights.as_ref().map_or(1.0, |weights| weights[r]);
    for (r, ranking) in rankings.iter().enumerate() {
        let points = points(args, ranking, documents.len());
        for document in &mut documents {
            document.score += weight(r) * document.ranks[r].map_or(points.absent, |rank| points.of_rank[rank - 1]);
        }
    }
    if documents.iter().any(|document| !document.score.is_finite()) {
        return Err(Error::too_large("/weights", "a merged score is beyond the largest number"));
    }
    documents.sort_by(|a, b| b.score.total_cmp(&a.score));
    documents.truncate(args.top.map_or(usize::MAX, NonZeroUsize::get));
    Ok(Output { ranking: documents })
}

/// What a ranking gives to each of its places, and to a document that it lacks.
struct Points {
    of_rank: Vec<f64>,
    absent: f64,
}

fn points(args: &Args, ranking: &[Entry], documents: usize) -> Points {
    let n = documents as f64;
    let by_rank = |worth: &dyn Fn(f64) -> f64| (1..=ranking.len()).map(|rank| worth(rank as f64)).collect();
    match args.method {
        Method::ReciprocalRank => Points { of_rank: by_rank(&|rank| 1.0 / (args.k + rank)), absent: 0.0 },
        Method::Borda => {
            // Those that are missing share the points that are left.
            let missing = n - ranking.len() as f64;
            Points { of_rank: by_rank(&|rank| (n - rank) / n), absent: (missing - 1.0).max(0.0) / 2.0 / n }
        }
        Method::MinMax => scaled(ranking, |low, high, _, _| (low, high - low)),
        Method::ZScore => scaled(ranking, |_, _, mean, deviation| (mean, deviation)),
    }
}

/// Scores less a centre, over a size. Where all scores are equal they are all as good as the best.
fn scaled(ranking: &[Entry], by: fn(f64, f64, f64, f64) -> (f64, f64)) -> Points {
    let scores: Vec<f64> = ranking
        .iter()
        .map(|entry| match entry {
            Entry::Scored(scored) => scored.score,
            Entry::Name(_) => 0.0,
        })
        .collect();
    // Halved, so that no difference is beyond the largest number.
    let n = scores.len() as f64;
    let half: Vec<f64> = scores.iter().map(|score| score / 2.0).collect();
    let (low, high) = half.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let mean = half.iter().map(|x| x / n).sum::<f64>();
    let reach = half.iter().fold(0.0_f64, |most, x| most.max((x - mean).abs()));
    let spread = half.iter().map(|x| ((x - mean) / reach).powi(2)).sum::<f64>() / n;
    let (centre, size) = by(low, high, mean, reach * spread.sqrt());
    let equal = if centre == low && size == 0.0 { 1.0 } else { 0.0 };
    let usable = size > 0.0;
    let of_rank: Vec<f64> = half.iter().map(|x| if usable { (x - centre) / size } else { equal }).collect();
    Points { absent: of_rank.iter().copied().fold(0.0, f64::min), of_rank }
}

fn check(args: &Args) -> Result<(), Error> {
    let (most_rankings, most) = LIMITS;
    let total: usize = args.rankings.iter().map(Vec::len).sum();
    if total == 0 {
        return Err(Error::invalid("/rankings", "there is nothing to merge").with_hint("give at least one ranking"));
    }
    if args.rankings.len() > most_rankings {
        let message = format!("there are {} rankings, the limit is {most_rankings}", args.rankings.len());
        return Err(Error::too_large("/rankings", message));
    }
    // Each document keeps its place in each ranking.
    if total > most || total.saturating_mul(args.rankings.len()) > 20 * most {
        return Err(Error::too_large("/rankings", format!("there are {total} entries, the limit is {most}")));
    }
    if !(args.k >= 0.0 && args.k.is_finite()) {
        return Err(Error::invalid("/k", format!("`{}` is negative", args.k)));
    }
    let scored = matches!(args.method, Method::MinMax | Method::ZScore);
    for (r, ranking) in args.rankings.iter().enumerate() {
        let mut seen = HashSet::new();
        for (i, entry) in ranking.iter().enumerate() {
            let path = || format!("/rankings/{r}/{i}");
            if !seen.insert(entry.id()) {
                return Err(Error::invalid(path(), format!("document `{}` is in this ranking twice", entry.id())));
            }
            match entry {
                Entry::Name(id) if scored => {
                    return Err(Error::invalid(path(), format!("document `{id}` has no score"))
                        .with_hint("give {\"id\", \"score\"}, or use `reciprocal_rank` or `borda`, which need none"));
                }
                Entry::Scored(Scored { score, .. }) if !score.is_finite() => {
                    return Err(Error::invalid(path(), format!("`{score}` is not a finite number")));
                }
                Entry::Name(_) | Entry::Scored(_) => {}
            }
        }
    }
    match &args.weights {
        Some(weights) if weights.len() != args.rankings.len() => {
            let message = format!("there are {} weights for {} rankings", weights.len(), args.rankings.len());
            Err(Error::invalid("/weights", message))
        }
        Some(weights) if weights.iter().any(|weight| *weight < 0.0) => {
            Err(Error::invalid("/weights", "a weight is negative").with_hint("use 0 or more"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fuse(arguments: serde_json::Value) -> Result<Vec<Fused>, Error> {
        run(&serde_json::from_value(arguments).unwrap()).map(|out| out.ranking)
    }

    fn order(fused: &[Fused]) -> String {
        fused.iter().map(|document| document.id.as_str()).collect()
    }

    #[test]
    fn reciprocal_ranks_by_hand() {
        let fused = fuse(json!({"rankings": [["a", "b", "c"], ["c", "a", "d"]]})).unwrap();
        assert_eq!(order(&fused), "acbd");
        assert!((fused[0].score - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-15);
        assert_eq!(fused[3].ranks, [None, Some(3)]);
    }

    #[test]
    fn borda_by_hand() {
        // Of three: a has 2 + 1, b 1 + 0, c 0 + 2.
        assert_eq!(
            order(&fuse(json!({"rankings": [["a", "b", "c"], ["c", "a", "b"]], "method": "borda"})).unwrap()),
            "acb"
        );
    }

    #[test]
    fn scores_are_brought_to_one_range() {
        let rankings = json!([
            [{"id": "a", "score": 30.0}, {"id": "b", "score": 20.0}, {"id": "c", "score": 10.0}],
            [{"id": "c", "score": 0.9}, {"id": "b", "score": 0.8}, {"id": "a", "score": 0.7}]
        ]);
        let fused = fuse(json!({"rankings": rankings, "method": "min_max", "weights": [0.7, 0.3]})).unwrap();
        assert_eq!(order(&fused), "abc");
        assert!((fused[0].score - 0.7).abs() < 1e-12 && (fused[1].score - 0.5).abs() < 1e-9);
        let fused = fuse(json!({"rankings": rankings, "method": "z_score"})).unwrap();
        assert!(fused.iter().all(|document| document.score.abs() < 1e-9));
        let equal = json!([[{"id": "a", "score": 5.0}, {"id": "b", "score": 5.0}]]);
        assert_eq!(fuse(json!({"rankings": equal, "method": "min_max"})).unwrap()[1].score, 1.0);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(fuse(json!({"rankings": [["a", "a"]]})).unwrap_err().path, "/rankings/0/1");
        assert_eq!(fuse(json!({"rankings": [["a"]], "method": "min_max"})).unwrap_err().path, "/rankings/0/0");
        assert_eq!(fuse(json!({"rankings": [["a"]], "weights": [1, 2]})).unwrap_err().path, "/weights");
        assert!(fuse(json!({"rankings": [[], []]})).is_err());
    }

    proptest! {
        #[test]
        fn one_ranking_keeps_its_order(order_ in Just((0..9).collect::<Vec<u8>>()).prop_shuffle(), method in 0_usize..2) {
            let ranking: Vec<String> = order_.iter().map(u8::to_string).collect();
            let method = ["reciprocal_rank", "borda"][method];
            prop_assert_eq!(order(&fuse(json!({"rankings": [ranking, ranking], "method": method})).unwrap()), ranking.concat());
        }
    }
}
