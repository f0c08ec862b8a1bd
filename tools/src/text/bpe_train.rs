//! # Training a byte-pair encoding
//!
//! Begins with the smallest tokens, bytes or characters, and again and again makes one new token of the two that stand
//! side by side most often. Frequent words become one token, rare ones stay in pieces, and with bytes as the smallest
//! tokens no text is ever unknown.
//!
//! The text is cut into words first and each distinct word kept once with its count; a merge then touches only the
//! places where its pair stands (`bpe/learn.rs` says how). Of two pairs that are equally frequent the one with the
//! smaller ids goes first, as in Hugging Face's trainer.
//!
//! Cost: O(bytes) to cut and count, O(symbols of the distinct words · log) to merge.
//! Reference: R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with subword units", ACL 2016,
//! §3.2; on bytes: A. Radford et al., "Language models are unsupervised multitask learners", 2019, §2.2.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bpe::{self, Encoder, Goal, Level, Pretokenizer, Vocabulary},
    words::Words,
};
use crate::error::Error;

/// Trains a byte-pair encoding (BPE) tokenizer: learns from a text or from word counts which neighbouring tokens to
/// merge. Use it to build a subword vocabulary, or to see which merges a text leads to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The text to learn from: corpus, training text.
    #[serde(default)]
    pub text: Option<String>,
    /// Several texts to learn from, when there is more than one: documents. No token crosses from one to the next.
    #[serde(default)]
    pub texts: Vec<String>,
    /// How often each word occurs, instead of a text: word counts, frequencies.
    #[serde(default)]
    pub word_counts: Option<BTreeMap<String, u64>>,
    /// The size of the vocabulary to reach, the alphabet included: vocabulary size; at least 256 for bytes.
    #[serde(default)]
    pub vocab_size: Option<usize>,
    /// How many merges to learn: number of merges; as many as `vocab_size` allows when not given.
    #[serde(default)]
    pub n_merges: Option<usize>,
    /// What the smallest tokens are: the 256 bytes (the default) or the characters that occur.
    #[serde(default)]
    pub level: Level,
    /// How the text is cut before; no token crosses a cut. As GPT-2 cuts when not given.
    #[serde(default)]
    pub pretokenizer: Pretokenizer,
    /// The least count of a pair that is merged: minimum frequency; 1 when not given.
    #[serde(default)]
    pub min_frequency: u64,
    /// A text to encode with what was learned.
    #[serde(default)]
    pub encode: Option<String>,
}

/// The vocabulary.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The merges in the order in which they were learned, each the two tokens that become one. Bytes are written in
    /// GPT-2's printable alphabet, where `Ġ` is the space.
    pub merges: Vec<[String; 2]>,
    /// The tokens; the place of each is its id.
    pub vocab: Vec<String>,
    /// How many tokens there are.
    pub vocab_size: usize,
    /// The ids of the text that was to be encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded_ids: Option<Vec<u32>>,
    /// The tokens of the text that was to be encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded_tokens: Option<Vec<String>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Train a BPE tokenizer with 10 merges on the words low (5 times), lower (2), newest (6) and widest (3)",
    "learn a byte-level BPE vocabulary of 300 tokens from this text",
    "which subword merges come first for: the cat sat on the mat, the cats sat",
    "build a subword tokenizer from my corpus and show the vocabulary",
];

/// The most text, in bytes, and the most tokens.
const LIMITS: (usize, usize) = (64 << 20, 1 << 20);

/// Learns a vocabulary.
///
/// ```
/// use roundtable_tools::text::{bpe::Level, bpe_train::{Args, run}};
///
/// let word_counts = [("low".to_owned(), 5), ("lowest".to_owned(), 2), ("newest".to_owned(), 6)];
/// let args = Args { word_counts: Some(word_counts.into()), n_merges: Some(3), level: Level::Char, ..Args::default() };
/// // `es`, `st` and `we` occur 8 times each, and `e` has the smallest id; then `w es` and `es t` do, and `w` is older than `es`.
/// assert_eq!(run(&args)?.merges, [["e", "s"], ["w", "es"], ["wes", "t"]]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if there is no text or more than one kind of it, no goal, or a vocabulary smaller than the
/// alphabet; `too_large` beyond 64 MiB of text or 1,048,576 tokens.
pub fn run(args: &Args) -> Result<Output, Error> {
    let goal = goal(args)?;
    let words = words(args)?;
    let vocabulary = bpe::train_on_words(&words, args.level, goal);
    let encoded = args.encode.as_deref().map(|text| encode(&vocabulary, text, args.pretokenizer)).transpose()?;
    let encoded_tokens =
        encoded.as_ref().map(|ids| ids.iter().map(|id| vocabulary.tokens()[*id as usize].clone()).collect());
    Ok(Output {
        merges: vocabulary.merges().map(|merge| merge.map(str::to_owned)).collect(),
        vocab: vocabulary.tokens().to_vec(),
        vocab_size: vocabulary.len(),
        encoded_ids: encoded,
        encoded_tokens,
    })
}

fn goal(args: &Args) -> Result<Goal, Error> {
    let (_, tokens) = LIMITS;
    if args.vocab_size.is_none() && args.n_merges.is_none() {
        return Err(Error::invalid("/vocab_size", "neither `vocab_size` nor `n_merges` is given")
            .with_hint("say how large the vocabulary should be, or how many merges to learn"));
    }
    for (path, given) in [("/vocab_size", args.vocab_size), ("/n_merges", args.n_merges)] {
        if let Some(given) = given.filter(|given| *given > tokens) {
            return Err(Error::too_large(path, format!("`{}` is {given}, the limit is {tokens}", &path[1..])));
        }
    }
    if let (Level::Byte, Some(size @ ..256)) = (args.level, args.vocab_size) {
        return Err(Error::invalid("/vocab_size", format!("`vocab_size` is {size}, but there are 256 bytes"))
            .with_hint("use at least 256, or the level `char`"));
    }
    Ok(Goal {
        vocabulary: args.vocab_size.unwrap_or(usize::MAX),
        merges: args.n_merges.unwrap_or(usize::MAX),
        min_frequency: args.min_frequency,
    })
}

fn words(args: &Args) -> Result<Words<u64>, Error> {
    let (bytes, _) = LIMITS;
    let too_large =
        |path, given| Error::too_large(path, format!("there are {given} bytes of text, the limit is {bytes}"));
    match (&args.text, args.texts.is_empty(), &args.word_counts) {
        (Some(text), true, None) if text.len() > bytes => Err(too_large("/text", text.len())),
        (Some(text), true, None) => Ok(bpe::count(&[text], args.pretokenizer)),
        (None, false, None) => match args.texts.iter().map(String::len).sum() {
            given if given > bytes => Err(too_large("/texts", given)),
            _ => Ok(bpe::count(&args.texts, args.pretokenizer)),
        },
        (None, true, Some(counts)) => {
            let given = counts.keys().map(String::len).sum();
            if given > bytes {
                return Err(too_large("/word_counts", given));
            }
            // Every pair's count is at most the sum of counts times letters.
            let total = counts.iter().map(|(word, count)| u128::from(*count) * word.len() as u128).sum::<u128>();
            if total > u128::from(u64::MAX) {
                return Err(Error::too_large("/word_counts", format!("the words have more than {} bytes", u64::MAX)));
            }
            let mut words = Words::with_capacity(counts.len());
            counts.iter().for_each(|(word, count)| *words.entry(word.as_bytes(), 0, word.len()) = *count);
            Ok(words)
        }
        (None, true, None) => Err(Error::invalid("/text", "there is nothing to learn from")
            .with_hint("give `text`, `texts` or `word_counts`")),
        _ => Err(Error::invalid("/text", "more than one of `text`, `texts` and `word_counts` is given")
            .with_hint("give one of them")),
    }
}

fn encode(vocabulary: &Vocabulary, text: &str, pretokenizer: Pretokenizer) -> Result<Vec<u32>, Error> {
    let mut ids = Vec::new();
    Encoder::new(vocabulary)
        .encode_with(text, pretokenizer, &mut ids)
        .map_err(|error| Error { path: "/encode".to_owned(), ..error })?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;

    fn check(args: Args, merges: &[[&str; 2]]) {
        assert_eq!(run(&args).unwrap().merges, merges);
    }

    #[test]
    fn by_hand() {
        // `aa` occurs 2 + 1 times, `ab` twice: so `aa` first; then `a b` is as frequent as anything and has the smaller ids.
        let text = Some("aaab ab".to_owned());
        let pretokenizer = Pretokenizer::Whitespace;
        check(
            Args { text, n_merges: Some(2), level: Level::Char, pretokenizer, ..Args::default() },
            &[["a", "a"], ["a", "b"]],
        );
    }

    #[test]
    fn the_example_of_the_paper() {
        // Oracle: Sennrich et al. 2016, figure 1 and its text, without the end-of-word mark and with ties by id.
        let counts = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)];
        let word_counts = Some(counts.map(|(word, count)| (word.to_owned(), count)).into());
        check(
            Args { word_counts, n_merges: Some(4), level: Level::Char, ..Args::default() },
            &[["e", "s"], ["es", "t"], ["l", "o"], ["lo", "w"]],
        );
    }

    #[test]
    fn stops_when_nothing_is_left_to_merge() {
        let args = Args { text: Some("ab".to_owned()), vocab_size: Some(1000), ..Args::default() };
        let output = run(&args).unwrap();
        assert_eq!((output.vocab_size, output.merges.len()), (257, 1));
    }

    #[test]
    fn encodes_with_what_it_learned() {
        let text = "the theme of the thesis".to_owned();
        let args = Args { text: Some(text.clone()), vocab_size: Some(260), encode: Some(text), ..Args::default() };
        let output = run(&args).unwrap();
        assert_eq!(output.encoded_tokens.unwrap().concat(), "theĠthemeĠofĠtheĠthesis");
    }

    #[test]
    fn refuses_what_cannot_be_learned() {
        let none = Args { vocab_size: Some(300), ..Args::default() };
        assert_eq!(run(&none).unwrap_err().path, "/text");
        let small = Args { text: Some("a".to_owned()), vocab_size: Some(255), ..Args::default() };
        assert_eq!(run(&small).unwrap_err().path, "/vocab_size");
        let large = Args { text: Some("a".to_owned()), vocab_size: Some(usize::MAX), ..Args::default() };
        assert_eq!(run(&large).unwrap_err().kind, ErrorKind::TooLarge);
        let unknown = Args {
            text: Some("a".to_owned()),
            n_merges: Some(1),
            level: Level::Char,
            encode: Some("b".to_owned()),
            ..Args::default()
        };
        assert_eq!(run(&unknown).unwrap_err().path, "/encode");
    }
}
