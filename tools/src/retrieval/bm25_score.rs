//! # BM25 scores
//!
//! How well each document answers a query, judged by shared words: a word counts more the rarer it is in the collection,
//! more the oftener it is in the document (but ever more slowly), and less the longer the document is.
//!
//! Cost: O(words of all documents) to index, then O(documents with a word of the query). References: see
//! `retrieval/bm25/mod.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bm25::{Index, Parameters, Terms, Variant};
use crate::{error::Error, value::Fraction};

/// Scores every document against a query with BM25 (keyword relevance). Use it to see how strongly each text matches
/// some words, or to compare BM25 variants.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The documents: corpus, texts, passages. Each a list of terms, or a text that is cut into lowercase words.
    pub corpus: Vec<Terms>,
    /// The query: question, keywords. A list of terms, each as often as it should count, or a text.
    pub query: Terms,
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

pub(super) fn k1() -> f64 {
    Parameters::default().k1
}

pub(super) fn b() -> Fraction {
    Parameters::default().b
}

pub(super) fn epsilon() -> f64 {
    Parameters::default().epsilon
}

/// The scores.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The score of each document, in their order; 0 for one without any word of the query.
    pub scores: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "BM25 scores of these documents for the query 'cat mat': [\"the cat sat on the mat\", \"the dog sat\", \"cats and dogs\"]",
    "how relevant is each passage to the keywords rust borrow checker?",
    "score the corpus against my query with BM25+ and k1 = 1.2",
    "which text matches best by bm25, with b = 0?",
];

/// Scores the documents.
///
/// # Errors
/// `invalid_arguments` if there are no documents or a constant is negative.
pub fn run(args: &Args) -> Result<Output, Error> {
    let parameters =
        Parameters { variant: args.variant, k1: args.k1, b: args.b, delta: args.delta, epsilon: args.epsilon };
    let documents: Vec<Vec<String>> = args.corpus.iter().map(Terms::list).collect();
    Ok(Output { scores: Index::new(&documents, parameters)?.scores(&args.query.list()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(corpus: &[&str], query: &str, variant: Variant) -> Args {
        let corpus = corpus.iter().map(|text| Terms::Text((*text).to_owned())).collect();
        let query = Terms::Text(query.to_owned());
        Args { corpus, query, variant, k1: k1(), b: b(), delta: None, epsilon: epsilon() }
    }

    fn check(corpus: &[&str], query: &str, variant: Variant, expected: &[f64]) {
        let scores = run(&args(corpus, query, variant)).unwrap().scores;
        assert!(scores.iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-12), "{scores:?}");
        assert_eq!(scores.len(), expected.len());
    }

    #[test]
    fn by_hand() {
        // Both documents have the mean length, so K = k1 = 1.5; one of two has the word: ln(1 + 1.5/1.5) = ln 2.
        check(&["A cat!", "a dog"], "Cat", Variant::Lucene, &[2.0_f64.ln() / 2.5, 0.0]);
        check(&["a cat", "a dog"], "cat cat", Variant::Lucene, &[2.0 * 2.0_f64.ln() / 2.5, 0.0]);
        check(&["a cat", "a dog"], "cat", Variant::Atire, &[2.0_f64.ln(), 0.0]);
        check(&["a cat", "a dog"], "cat", Variant::Robertson, &[0.0, 0.0]); // ln(1.5/1.5)
        check(&["a cat", "a dog"], "cat", Variant::Bm25Plus, &[2.0 * 3.0_f64.ln(), 0.0]);
        check(&["a cat", "a dog"], "cat", Variant::Bm25l, &[2.0_f64.ln() * 2.5 * 1.5 / 3.0, 0.0]);
        check(&["", ""], "cat", Variant::Lucene, &[0.0, 0.0]);
    }

    #[test]
    fn refuses_what_cannot_be_scored() {
        assert_eq!(run(&args(&[], "a", Variant::Lucene)).unwrap_err().path, "/corpus");
        let negative = Args { k1: -1.0, ..args(&["a"], "a", Variant::Lucene) };
        assert_eq!(run(&negative).unwrap_err().path, "/k1");
    }

    proptest! {
        #[test]
        fn more_of_a_word_never_hurts_a_document_of_the_same_length(words in 2_usize..12, with in 1_usize..11) {
            prop_assume!(with < words);
            let document = |with: usize| ["cat "].repeat(with).concat() + &["x "].repeat(words - with).concat();
            let (less, more) = (document(with), document(with + 1));
            for variant in [Variant::Lucene, Variant::Atire, Variant::Bm25Plus, Variant::Bm25l] {
                let scores = run(&args(&[&less, &more, "dog", "dog"], "cat", variant)).unwrap().scores;
                prop_assert!(scores[1] > scores[0] && scores[0] > 0.0);
            }
        }
    }
}
