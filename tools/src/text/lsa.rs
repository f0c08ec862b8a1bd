//! # Latent semantic analysis
//!
//! Weighs the words of each text by TF-IDF and keeps the few directions in which the texts differ most: the largest
//! singular vectors of the matrix. Words that occur in the same company share directions, so two texts can be close
//! without having a word in common.
//!
//! Cost: that of the decomposition (`spectrum.rs`): O(entries · components · iterations).
//! Reference: S. Deerwester et al., "Indexing by latent semantic analysis", J. Am. Soc. Information Science 41(6), 1990.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    spectrum::largest,
    terms::{Counts, Grams, tfidf},
};
use crate::{algebra::dot, error::Error, value::Seed};

/// Finds the topics of texts by latent semantic analysis (LSA): TF-IDF followed by a truncated singular value
/// decomposition. Use it to compare texts by topic, or to see which words go together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The texts: documents, corpus, sentences.
    pub documents: Vec<String>,
    /// How many topics: components, dimensions, rank; up to the number of texts or of words, and 500. 2 when not given.
    #[serde(default = "two")]
    pub n_components: NonZeroUsize,
    /// How many words of each topic to show, up to 100; 5 when not given.
    #[serde(default = "five")]
    pub n_words: usize,
    /// Where the random sequence starts; only large collections need one.
    #[serde(default)]
    pub seed: Seed,
}

fn two() -> NonZeroUsize {
    const { NonZeroUsize::new(2).expect("not zero") }
}

fn five() -> usize {
    5
}

/// The topics, the texts in terms of them, and how close the texts are.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How strong each topic is, from the strongest on.
    pub singular_values: Vec<f64>,
    /// The share of the texts' variation (the squares of all weights) that each topic holds.
    pub explained_share: Vec<f64>,
    /// The texts: one row each, one column a topic.
    pub embeddings: Vec<Vec<f64>>,
    /// The words with the largest weights of each topic, the largest first.
    pub topics: Vec<Vec<String>>,
    /// The cosine between each two of the first 20 texts, by topics; 0 for a text without any.
    pub cosine_first_20: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Latent semantic analysis with 2 topics of: \"cats purr\", \"dogs bark\", \"a cat and a dog\", \"stars shine\"",
    "find 5 hidden topics in my documents and their top words",
    "which of these texts are about the same thing although they share no words?",
    "reduce the TF-IDF matrix of the corpus to 10 dimensions",
];

/// The most topics, and the most words shown of each.
const LIMITS: (usize, usize) = (500, 100);

/// Finds the topics.
///
/// # Errors
/// `undefined` if there are no words, `invalid_arguments` if there are fewer texts or words than topics, `too_large`
/// beyond 500 topics, 100 words of each, 16 MiB of text or too much work.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (topics, words) = LIMITS;
    let k = args.n_components.get();
    if k > topics {
        return Err(Error::too_large("/n_components", format!("`n_components` is {k}, the limit is {topics}")));
    }
    if args.n_words > words {
        return Err(Error::too_large("/n_words", format!("`n_words` is {}, the limit is {words}", args.n_words)));
    }
    let counts = Counts::new(&args.documents, Grams::WORDS, 1)?;
    let (texts, terms) = (args.documents.len(), counts.vocabulary.len());
    if k > texts.min(terms) {
        let message = format!("`n_components` is {k}, but there are {texts} texts with {terms} words");
        return Err(Error::invalid("/n_components", message).with_hint(format!("use up to {}", texts.min(terms))));
    }
    let rows = tfidf(&counts);
    let found = largest(&rows, terms, k, args.seed)?;
    let all: f64 = rows.iter().flatten().map(|(_, value)| value * value).sum();
    let embeddings: Vec<Vec<f64>> =
        (0..texts).map(|i| found.u.iter().zip(&found.singular).map(|(u, s)| u[i] * s).collect()).collect();
    Ok(Output {
        explained_share: found.singular.iter().map(|s| s * s / all).collect(),
        topics: found.v.iter().map(|topic| top_words(topic, &counts.vocabulary, args.n_words)).collect(),
        cosine_first_20: cosines(&embeddings[..texts.min(20)]),
        singular_values: found.singular,
        embeddings,
    })
}

fn top_words(topic: &[f64], vocabulary: &[String], count: usize) -> Vec<String> {
    let mut order: Vec<usize> = (0..topic.len()).collect();
    order.sort_by(|a, b| topic[*b].abs().total_cmp(&topic[*a].abs()).then(a.cmp(b)));
    order.into_iter().take(count).map(|word| vocabulary[word].clone()).collect()
}

fn cosines(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let cosine = |a: &[f64], b: &[f64]| {
        let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
        if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
    };
    rows.iter().map(|a| rows.iter().map(|b| cosine(a, b)).collect()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(texts: &[&str], n_components: usize) -> Result<Output, Error> {
        let documents = texts.iter().map(|text| (*text).to_owned()).collect();
        let n_components = NonZeroUsize::new(n_components).unwrap();
        run(&Args { documents, n_components, n_words: 5, seed: Seed::default() })
    }

    #[test]
    fn two_topics_by_hand() {
        // Two equal pairs of rows of length one at right angles: both singular values are √2.
        let out = of(&["cats purr", "stars shine", "cats purr", "stars shine"], 2).unwrap();
        assert!(out.singular_values.iter().all(|s| (s - 2.0_f64.sqrt()).abs() < 1e-12), "{out:?}");
        assert!((out.cosine_first_20[0][2] - 1.0).abs() < 1e-12 && out.cosine_first_20[0][1].abs() < 1e-12);
        assert!((out.explained_share.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn company_makes_texts_alike() {
        // `kitten` and `cat` never meet, but both meet `purr`.
        let out =
            of(&["kitten purr", "cat purr", "kitten purr purr", "star shine", "star sky", "shine sky"], 2).unwrap();
        assert!(out.cosine_first_20[0][1] > 0.95 && out.cosine_first_20[0][3].abs() < 0.05, "{out:?}");
    }

    #[test]
    fn refuses_more_topics_than_there_can_be() {
        assert_eq!(of(&["red fish", "blue fish"], 3).unwrap_err().path, "/n_components");
    }
}
