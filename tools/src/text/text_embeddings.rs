//! # Text embeddings from co-occurrence
//!
//! Learns vectors of words from the texts themselves, and adds them up to vectors of texts. Words are alike if they
//! stand near the same words: the table of how much oftener than by chance two words meet (positive pointwise mutual
//! information) is cut down to its strongest directions, which is what word2vec does in disguise. A text is the mean of
//! its words, rare ones weighing more, without the direction that all texts share.
//!
//! Cost: O(words · window) to count, then that of the decomposition (`spectrum.rs`).
//! References: O. Levy, Y. Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014; O. Levy,
//! Y. Goldberg, I. Dagan, "Improving distributional similarity with lessons learned from word embeddings", TACL 3, 2015
//! (smoothed contexts, roots of the singular values); S. Arora, Y. Liang, T. Ma, "A simple but tough-to-beat baseline
//! for sentence embeddings", ICLR 2017 (weights, common direction).

use std::{collections::BTreeMap, num::NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{classes, spectrum::largest, terms::Sparse};
use crate::{algebra::dot, error::Error, value::Seed};

/// Learns embeddings of texts and words from scratch, by which words occur near each other (PPMI and SVD). Use it to
/// compare texts by meaning without a ready-made model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The texts to learn from and to embed: documents, corpus, sentences.
    pub documents: Vec<String>,
    /// How many numbers a vector has: dimensions, embedding size; up to 300, 16 when not given.
    #[serde(default = "sixteen")]
    pub dimensions: NonZeroUsize,
    /// How many words to each side count as near: window, context size; up to 100, 10 when not given.
    #[serde(default = "ten")]
    pub window: NonZeroUsize,
    /// Words whose nearest neighbours to show: similar words, synonyms of; up to 100.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub words: Vec<String>,
    /// Where the random sequence starts; only vocabularies of more than 128 words need one.
    #[serde(default)]
    pub seed: Seed,
}

fn sixteen() -> NonZeroUsize {
    const { NonZeroUsize::new(16).expect("not zero") }
}

fn ten() -> NonZeroUsize {
    const { NonZeroUsize::new(10).expect("not zero") }
}

/// The embeddings.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A vector of length one for each text: compare them by cosine. All zeros for a text without words.
    pub embeddings: Vec<Vec<f64>>,
    /// How many different words the texts have.
    pub vocabulary_size: usize,
    /// For each word that was asked for, its nearest words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<Vec<Neighbour>>,
}

/// A word near another.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Neighbour {
    /// The word.
    pub word: String,
    /// The cosine between the two, from -1 to 1.
    pub similarity: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Embed these sentences from scratch: \"cats purr at night\", \"kittens purr\", \"stars shine at night\"",
    "train text embeddings with 16 dimensions on my documents",
    "which words are used like 'telescope' in this corpus?",
    "make vectors of the texts so that similar meanings are close, without a pretrained model",
];

/// The most dimensions, the widest window, the most words to show neighbours of, the most pairs that are counted.
const LIMITS: (usize, usize, usize, usize) = (300, 100, 100, 20_000_000);
/// How many neighbours of a word are shown.
const NEIGHBOURS: usize = 5;
/// Contexts count by their frequency to this power: rare ones would seem too telling (Levy et al., §3.2).
const SMOOTHING: f64 = 0.75;

/// Learns the embeddings.
///
/// # Errors
/// `undefined` if there are no words, `invalid_arguments` if a word is not in the texts, `too_large` beyond 300
/// dimensions, a window of 100, 20 million pairs or too much work.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let lower: Vec<String> = args.documents.iter().map(|text| text.to_lowercase()).collect();
    let mut numbers: BTreeMap<&str, usize> =
        lower.iter().flat_map(|text| classes::words(text)).map(|word| (word, 0)).collect();
    if numbers.is_empty() {
        return Err(Error::undefined("/documents", "there is not one word").with_hint("give texts with words"));
    }
    numbers.values_mut().zip(0..).for_each(|(number, place)| *number = place);
    let texts: Vec<Vec<usize>> =
        lower.iter().map(|text| classes::words(text).map(|word| numbers[word]).collect()).collect();
    let pairs = texts.iter().map(|text| text.len().saturating_mul(args.window.get().min(text.len()))).sum::<usize>();
    if pairs > LIMITS.3 {
        let message = format!("there are up to {pairs} pairs of near words, the limit is {}", LIMITS.3);
        return Err(Error::too_large("/documents", message).with_hint("use a smaller window or fewer texts"));
    }
    let words = word_vectors(&texts, numbers.len(), args)?;
    let names: Vec<&str> = numbers.keys().copied().collect();
    let neighbours = args.words.iter().enumerate().map(|(at, word)| {
        let number = numbers
            .get(word.to_lowercase().as_str())
            .ok_or_else(|| Error::invalid(format!("/words/{at}"), format!("`{word}` is not in the texts")))?;
        Ok(nearest(*number, &words, &names))
    });
    let neighbours = neighbours.collect::<Result<_, Error>>()?;
    Ok(Output { embeddings: text_vectors(&texts, &words), vocabulary_size: names.len(), neighbours })
}

fn check(args: &Args) -> Result<(), Error> {
    let (dimensions, window, words, _) = LIMITS;
    let limits = [
        ("dimensions", args.dimensions.get(), dimensions),
        ("window", args.window.get(), window),
        ("words", args.words.len(), words),
    ];
    match limits.into_iter().find(|(_, given, limit)| given > limit) {
        Some((name, given, limit)) => {
            Err(Error::too_large(format!("/{name}"), format!("`{name}` is {given}, the limit is {limit}")))
        }
        None => Ok(()),
    }
}

/// A vector for each word; directions that do not exist are zero.
fn word_vectors(texts: &[Vec<usize>], words: usize, args: &Args) -> Result<Vec<Vec<f64>>, Error> {
    let table = mutual_information(texts, words, args.window.get());
    let found = largest(&table, words, args.dimensions.get(), args.seed)?;
    let mut vectors = vec![vec![0.0; args.dimensions.get()]; words];
    for (d, (direction, strength)) in found.u.iter().zip(&found.singular).enumerate() {
        vectors.iter_mut().zip(direction).for_each(|(vector, x)| vector[d] = x * strength.sqrt());
    }
    Ok(vectors)
}

/// The logarithm of how much oftener than by chance two words are near each other, where that is positive. A word is
/// near itself, so that one without company has a direction of its own.
fn mutual_information(texts: &[Vec<usize>], words: usize, window: usize) -> Sparse {
    let mut counts: Vec<BTreeMap<usize, f64>> = vec![BTreeMap::new(); words];
    for text in texts {
        for (at, word) in text.iter().enumerate() {
            let near = &text[at.saturating_sub(window)..text.len().min(at + window + 1)];
            near.iter().for_each(|other| *counts[*word].entry(*other).or_default() += 1.0);
        }
    }
    let of_word: Vec<f64> = counts.iter().map(|row| row.values().sum()).collect();
    let smoothed: Vec<f64> = of_word.iter().map(|count| count.powf(SMOOTHING)).collect();
    let (all, all_smoothed): (f64, f64) = (of_word.iter().sum(), smoothed.iter().sum());
    let rows = counts.into_iter().zip(&of_word).map(|(row, of_word)| {
        let telling = row.into_iter().map(|(other, count)| {
            let by_chance = of_word / all * smoothed[other] / all_smoothed;
            (other, (count / all / by_chance).ln())
        });
        telling.filter(|(_, information)| *information > 0.0).collect()
    });
    rows.collect()
}

/// The weighted means of the words' vectors, without the direction that they have most in common.
fn text_vectors(texts: &[Vec<usize>], words: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dimensions = words[0].len();
    let mut counts = vec![0.0_f64; words.len()];
    texts.iter().flatten().for_each(|word| counts[*word] += 1.0);
    let all: f64 = counts.iter().sum();
    // Half the weight for a word as frequent as the mean one (the `a` of Arora et al., which they take for large
    // collections as 0.001).
    let half = 1.0 / words.len() as f64;
    let mut vectors: Vec<Vec<f64>> = texts
        .iter()
        .map(|text| {
            let mut sum = vec![0.0; dimensions];
            for word in text {
                let weight = half / (half + counts[*word] / all);
                sum.iter_mut().zip(&words[*word]).for_each(|(sum, x)| *sum += weight * x);
            }
            to_length_one(&mut sum);
            sum
        })
        .collect();
    if let Some(common) = common_direction(&vectors) {
        for vector in &mut vectors {
            let along = dot(vector, &common);
            let mut rest: Vec<f64> = vector.iter().zip(&common).map(|(x, c)| x - along * c).collect();
            // What has nothing else keeps it.
            if dot(&rest, &rest) > 1e-12 {
                to_length_one(&mut rest);
                *vector = rest;
            }
        }
    }
    vectors
}

/// The strongest direction of the vectors, if there are enough to tell.
fn common_direction(vectors: &[Vec<f64>]) -> Option<Vec<f64>> {
    if vectors.len() < 3 {
        return None;
    }
    let mut direction: Vec<f64> = (0..vectors[0].len()).map(|d| vectors.iter().map(|vector| vector[d]).sum()).collect();
    for _ in 0..30 {
        if !to_length_one(&mut direction) {
            return None;
        }
        let mut next = vec![0.0; direction.len()];
        for vector in vectors {
            let along = dot(vector, &direction);
            next.iter_mut().zip(vector).for_each(|(next, x)| *next += along * x);
        }
        direction = next;
    }
    to_length_one(&mut direction).then_some(direction)
}

/// Says whether there was any length.
fn to_length_one(vector: &mut [f64]) -> bool {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    length > 0.0
}

fn nearest(word: usize, vectors: &[Vec<f64>], names: &[&str]) -> Vec<Neighbour> {
    let cosine = |a: &[f64], b: &[f64]| {
        let lengths = (dot(a, a) * dot(b, b)).sqrt();
        if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
    };
    let others = (0..names.len()).filter(|other| *other != word);
    let mut near: Vec<(f64, usize)> = others.map(|other| (cosine(&vectors[word], &vectors[other]), other)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let near = near.into_iter().take(NEIGHBOURS);
    near.map(|(similarity, other)| Neighbour { word: names[other].to_owned(), similarity }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXTS: [&str; 6] = [
        "the kitten drinks warm milk",
        "the cat drinks warm milk",
        "a kitten purrs and sleeps",
        "a cat purrs and sleeps",
        "the telescope sees the far planet",
        "a telescope shows the far star",
    ];

    fn of(texts: &[&str]) -> Result<Output, Error> {
        let documents: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        run(&serde_json::from_value(serde_json::json!({"documents": documents, "dimensions": 4})).unwrap())
    }

    #[test]
    fn same_company_same_direction() {
        let out = of(&TEXTS).unwrap();
        let cosine = |i: usize, j: usize| dot(&out.embeddings[i], &out.embeddings[j]);
        assert!(cosine(0, 1) > 0.9 && cosine(2, 3) > 0.9, "{out:?}");
        assert!((0..4).all(|other| cosine(4, 5) > cosine(4, other).max(0.3)), "{out:?}");
    }

    #[test]
    fn shows_the_neighbours_of_a_word() {
        let documents = TEXTS.map(str::to_owned).to_vec();
        let (dimensions, window) = (NonZeroUsize::new(8).unwrap(), ten());
        let args = Args { documents, dimensions, window, words: vec!["Kitten".into()], seed: Seed::default() };
        let near = &run(&args).unwrap().neighbours[0];
        assert!(near.len() == NEIGHBOURS && near.is_sorted_by(|a, b| a.similarity >= b.similarity));
        assert!(
            near.iter().all(|near| !["telescope", "planet", "star", "sees"].contains(&near.word.as_str())),
            "{near:?}"
        );
        let unknown = Args { words: vec!["dog".into()], ..args };
        assert_eq!(run(&unknown).unwrap_err().path, "/words/0");
    }

    #[test]
    fn every_text_with_words_has_length_one() {
        let out = of(&["one", "two", "", "one two", "...", "three"]).unwrap();
        for (vector, has_words) in out.embeddings.iter().zip([true, true, false, true, false, true]) {
            assert!((dot(vector, vector) - f64::from(u8::from(has_words))).abs() < 1e-12, "{out:?}");
        }
        assert!(of(&["", "!"]).is_err());
    }
}
