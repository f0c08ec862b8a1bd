//! # TF-IDF
//!
//! Turns texts into rows of numbers, one column a word (or run of words): how often the word is in the text, times how
//! rare it is among the texts. Words that are everywhere weigh little, words that tell a text from the others weigh much.
//!
//! Cost: O(words · log words). References: K. Spärck Jones, "A statistical interpretation of term specificity and its
//! application in retrieval", J. Documentation 28(1), 1972; the formulas are those of scikit-learn's `TfidfVectorizer`.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::terms::{Counts, Grams, Sparse, unit_rows};
use crate::error::Error;

/// Turns texts into TF-IDF vectors: word counts weighted by how rare each word is. Use it to make features for
/// clustering, classifying or comparing documents.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The texts to learn the vocabulary and the weights from: documents, corpus, sentences.
    pub documents: Vec<String>,
    /// Further texts to turn into vectors with what was learned: new documents, queries. Unknown words do not count.
    #[serde(default)]
    pub transform: Vec<String>,
    /// The fewest words in a term, from 1 to 5: shortest n-gram; 1 when not given.
    #[serde(default = "one")]
    pub ngram_min: NonZeroUsize,
    /// The most words in a term, from `ngram_min` to 5: longest n-gram; 1 when not given.
    #[serde(default = "one")]
    pub ngram_max: NonZeroUsize,
    /// Whether a word's count `f` counts as `1 + ln f`: sublinear term frequency; no when not given.
    #[serde(default)]
    pub sublinear_tf: bool,
    /// Whether every word counts as if one more text had it: smooth idf; yes when not given.
    #[serde(default = "yes")]
    pub smooth_idf: bool,
    /// What each row is divided by: its Euclidean length (`l2`, the default), the sum of its values (`l1`), or nothing
    /// (null).
    #[serde(default = "euclidean")]
    pub norm: Option<Norm>,
    /// In how many texts a word must be to get a column: minimum document frequency; 1 when not given.
    #[serde(default = "one")]
    pub min_df: NonZeroUsize,
    /// Whether upper and lower case are the same; yes when not given.
    #[serde(default = "yes")]
    pub lowercase: bool,
}

/// The length that rows are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Norm {
    /// The sum of the values is one.
    L1,
    /// The sum of the squares is one.
    L2,
}

const fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

fn yes() -> bool {
    true
}

fn euclidean() -> Option<Norm> {
    Some(Norm::L2)
}

impl Args {
    /// Texts with everything else as usual.
    pub fn new(documents: Vec<String>) -> Self {
        Args {
            documents,
            transform: Vec::new(),
            ngram_min: one(),
            ngram_max: one(),
            sublinear_tf: false,
            smooth_idf: true,
            norm: euclidean(),
            min_df: one(),
            lowercase: true,
        }
    }
}

/// The vectors.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The terms in the order of their characters: one for each column. A word is two or more letters, digits or `_`.
    pub vocabulary: Vec<String>,
    /// How rare each term is, by column: 1 when every text has it.
    pub idf: Vec<f64>,
    /// A row for each text, a column for each term.
    pub matrix: Vec<Vec<f64>>,
    /// The rows of the further texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transformed: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "TF-IDF of these sentences: \"the cat sat\", \"the dog barked\", \"cats and dogs\"",
    "vectorize my documents with tf-idf, unigrams and bigrams",
    "which words are most characteristic of each text? weigh them by rarity",
    "turn the texts into a term matrix without normalisation",
];

/// The longest run of words, and the most numbers in the matrices.
const LIMITS: (usize, usize) = (5, 4_000_000);

/// Makes the vectors.
///
/// ```
/// use roundtable_tools::text::tfidf::{Args, run};
///
/// let output = run(&Args::new(vec!["red fish".into(), "blue fish".into()]))?;
/// assert_eq!(output.vocabulary, ["blue", "fish", "red"]);
/// assert!(output.matrix[0][2] > output.matrix[0][1]); // `red` is rarer than `fish`
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if the n-gram range is not one, `undefined` if there are no words, `too_large` beyond 16 MiB of
/// text or 4,000,000 numbers.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (longest, cells) = LIMITS;
    let grams = Grams { least: args.ngram_min.get(), most: args.ngram_max.get(), lowercase: args.lowercase };
    if grams.most < grams.least {
        let message = format!("`ngram_max` is {}, but `ngram_min` is {}", grams.most, grams.least);
        return Err(Error::invalid("/ngram_max", message));
    }
    if grams.most > longest {
        return Err(Error::too_large("/ngram_max", format!("`ngram_max` is {}, the limit is {longest}", grams.most)));
    }
    let counts = Counts::new(&args.documents, grams, args.min_df.get())?;
    let rows = args.documents.len() + args.transform.len();
    if rows.saturating_mul(counts.vocabulary.len()) > cells {
        let message = format!("{rows} rows of {} columns are more than {cells} numbers", counts.vocabulary.len());
        return Err(Error::too_large("/documents", message).with_hint("give fewer texts, or a larger `min_df`"));
    }
    let idf = counts.rarities(args.smooth_idf);
    let dense = |rows: Sparse| weigh(args, rows, &idf);
    Ok(Output {
        matrix: dense(counts.rows.clone()),
        transformed: dense(counts.of(&args.transform, grams)),
        vocabulary: counts.vocabulary,
        idf: idf.clone(),
    })
}

fn weigh(args: &Args, mut rows: Sparse, idf: &[f64]) -> Vec<Vec<f64>> {
    for (column, value) in rows.iter_mut().flatten() {
        let frequency = if args.sublinear_tf { 1.0 + value.ln() } else { *value };
        *value = frequency * idf[*column];
    }
    match args.norm {
        Some(Norm::L2) => unit_rows(&mut rows),
        Some(Norm::L1) => {
            for row in &mut rows {
                let sum: f64 = row.iter().map(|(_, value)| value).sum();
                row.iter_mut().for_each(|(_, value)| *value /= sum);
            }
        }
        None => {}
    }
    let dense = rows.into_iter().map(|row| {
        let mut dense = vec![0.0; idf.len()];
        row.into_iter().for_each(|(column, value)| dense[column] = value);
        dense
    });
    dense.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn args(texts: &[&str]) -> Args {
        Args::new(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn by_hand() {
        let out = run(&Args { norm: None, ..args(&["Red fish, red", "blue fish a"]) }).unwrap();
        assert_eq!(out.vocabulary, ["blue", "fish", "red"]); // `a` is too short
        let rare = 1.5_f64.ln() + 1.0;
        assert_eq!(out.idf, [rare, 1.0, rare]);
        assert_eq!(out.matrix, [[0.0, 1.0, 2.0 * rare], [rare, 1.0, 0.0]]);
    }

    #[test]
    fn runs_of_words_and_new_texts() {
        let out = run(&Args {
            ngram_max: NonZeroUsize::new(2).unwrap(),
            transform: vec!["old red fish".into(), "nothing".into()],
            norm: Some(Norm::L1),
            ..args(&["red fish swim", "blue fish swim"])
        })
        .unwrap();
        assert_eq!(out.vocabulary, ["blue", "blue fish", "fish", "fish swim", "red", "red fish", "swim"]);
        assert!((out.transformed[0].iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert_eq!(out.transformed[1], [0.0; 7]);
    }

    #[test]
    fn refuses_what_has_no_vectors() {
        assert_eq!(run(&args(&["a", "b"])).unwrap_err().kind, ErrorKind::Undefined);
        let backwards = Args { ngram_min: NonZeroUsize::new(2).unwrap(), ..args(&["red fish"]) };
        assert_eq!(run(&backwards).unwrap_err().path, "/ngram_max");
        let long = Args { ngram_max: NonZeroUsize::MAX, ..args(&["red fish"]) };
        assert_eq!(run(&long).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn rows_have_length_one(texts in prop::collection::vec("[a-c ]{0,20}", 1..8), sublinear_tf: bool) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            if let Ok(out) = run(&Args { sublinear_tf, ..args(&texts) }) {
                for row in out.matrix {
                    let length = row.iter().map(|x| x * x).sum::<f64>();
                    prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-12);
                }
            }
        }
    }
}
