//! # BM25 search
//!
//! The `k` documents that answer a query best by shared words. The scores are those of `bm25_score`; most of them are
//! never added up, because a bound shows that they cannot be among the best (`retrieval/bm25/search.rs` says how).
//!
//! Cost: O(words of all documents) to index; a query then touches a small part of the documents with its words.
//! References: see `retrieval/bm25/mod.rs`.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bm25::{Index, Parameters, Terms, Variant},
    bm25_score::{b, epsilon, k1},
};
use crate::{error::Error, value::Fraction};

/// Finds the documents that match a query best by keywords, ranked with BM25. Use it to search texts for words when
/// exact terms matter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The documents: corpus, texts, passages. Each a list of terms, or a text that is cut into lowercase words.
    pub corpus: Vec<Terms>,
    /// The query: question, keywords, what to look for. A list of terms, each as often as it should count, or a text.
    pub query: Terms,
    /// How many documents to give: k, top k, number of results; 10 when not given, and all if there are fewer.
    #[serde(default = "ten")]
    pub k: NonZeroUsize,
    /// Which formula: variant; Lucene's when not given.
    #[serde(default)]
    pub variant: Variant,
    /// How slowly more occurrences of a word stop to count: k1, saturation, 0 or more; 1.5 when not given.
    #[serde(default = "k1")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub k1: f64,
    /// How much the length of a document counts: b, length normalisation, from 0 to 1; 0.75 when not given.
    #[serde(default = "b")]
    pub b: Fraction,
    /// What a word adds at least in `bm25+` (1 when not given) and in `bm25l` (0.5): delta.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub delta: Option<f64>,
    /// What replaces the negative weight of a word that more than half of the documents have, in `okapi_epsilon`: this
    /// share of the mean weight; 0.25 when not given.
    #[serde(default = "epsilon")]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub epsilon: f64,
}

fn ten() -> NonZeroUsize {
    const { NonZeroUsize::new(10).expect("not zero") }
}

/// The best documents, from the best on; of equal scores the earlier document first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// Their numbers, from 0 in the order of the corpus.
    pub ids: Vec<usize>,
    /// Their scores.
    pub scores: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Search these texts for 'copper kettle' with BM25 and give me the best 3: [\"the copper kettle boils\", \"a wooden box\", \"kettle of fish\"]",
    "keyword search: which passages talk about borrow checker errors?",
    "rank my documents for the query lunar eclipse, top 5",
    "find the document that mentions pears and rain",
];

/// Searches the documents.
///
/// # Errors
/// `invalid_arguments` if there are no documents or a constant is negative.
pub fn run(args: &Args) -> Result<Output, Error> {
    let parameters =
        Parameters { variant: args.variant, k1: args.k1, b: args.b, delta: args.delta, epsilon: args.epsilon };
    let documents: Vec<Vec<String>> = args.corpus.iter().map(Terms::list).collect();
    let hits = Index::new(&documents, parameters)?.search(&args.query.list(), args.k.get());
    Ok(Output {
        ids: hits.iter().map(|hit| hit.document).collect(),
        scores: hits.iter().map(|hit| hit.score).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(corpus: &[&str], query: &str, k: usize) -> Args {
        let corpus: Vec<&str> = corpus.to_vec();
        serde_json::from_value(serde_json::json!({"corpus": corpus, "query": query, "k": k})).unwrap()
    }

    fn check(corpus: &[&str], query: &str, k: usize, ids: &[usize]) {
        assert_eq!(run(&args(corpus, query, k)).unwrap().ids, ids);
    }

    #[test]
    fn by_hand() {
        let corpus = ["the cat sat on the mat", "the dog sat", "cats and dogs"];
        check(&corpus, "Dogs", 1, &[2]);
        check(&corpus, "the dog", 2, &[1, 0]);
        check(&corpus, "unknown", 2, &[0, 1]);
        check(&corpus, "sat", 9, &[1, 0, 2]); // the shorter text first, then the longer, then the one without
    }

    #[test]
    fn refuses_an_empty_corpus() {
        assert_eq!(run(&args(&[], "a", 1)).unwrap_err().path, "/corpus");
    }
}
