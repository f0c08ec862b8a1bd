//! # Encoding with a byte-pair encoding
//!
//! Cuts a text into pieces, and each piece into its smallest tokens; then merges the neighbours whose merge was learned
//! first, until no two neighbours have a merge. The ids are those of Hugging Face's `tokenizers` and of `tiktoken`.
//!
//! Cost: O(n) for a text whose pieces were seen before, O(n log n) at most.
//! Reference: A. Radford et al., "Language models are unsupervised multitask learners", 2019, and its `encoder.py`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bpe::{Encoder, Level, Pretokenizer, Vocabulary};
use crate::error::Error;

/// Encodes texts into tokens and token ids with the merges of a byte-pair encoding (BPE). Use it to see how a tokenizer
/// cuts a text, or to count its tokens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The merges, the one learned first at the front: pairs of tokens. Bytes in GPT-2's printable alphabet, where `Ġ`
    /// is the space.
    pub merges: Vec<[String; 2]>,
    /// The tokens, the place of each is its id: vocabulary. The alphabet and then one token a merge when not given.
    #[serde(default)]
    pub vocab: Option<Vec<String>>,
    /// The texts to encode.
    #[serde(default)]
    pub texts: Vec<String>,
    /// Single words to encode, which are not cut.
    #[serde(default)]
    pub words: Vec<String>,
    /// What the smallest tokens are: bytes (the default) or characters.
    #[serde(default)]
    pub level: Level,
    /// How texts are cut before; no token crosses a cut. As GPT-2 cuts when not given.
    #[serde(default)]
    pub pretokenizer: Pretokenizer,
}

/// The tokens of each text, then those of each word.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The tokens. Bytes are written in GPT-2's printable alphabet.
    pub tokens: Vec<Vec<String>>,
    /// The ids of the tokens; none for characters without a vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Vec<u32>>>,
    /// How many tokens there are in all.
    pub count: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Encode the word lowest with the BPE merges [[\"l\",\"o\"],[\"lo\",\"w\"],[\"e\",\"s\"],[\"es\",\"t\"]]",
    "tokenize this sentence with my merges and give me the ids",
    "how many tokens does the text have under this byte-level BPE vocabulary?",
    "split 'newer' into subwords with these merge rules",
];

/// The most text, in bytes.
const LIMIT: usize = 16 << 20;

/// Encodes the texts.
///
/// ```
/// use roundtable_tools::text::{bpe::Level, bpe_encode::{Args, run}};
///
/// let merges = [["l", "o"], ["lo", "w"], ["e", "r"]].map(|pair| pair.map(str::to_owned)).to_vec();
/// let output = run(&Args { merges, words: vec!["lower".into()], level: Level::Char, ..Args::default() })?;
/// assert_eq!(output.tokens, [["low", "er"]]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if merges and vocabulary do not fit each other or the vocabulary lacks a part of the text,
/// `too_large` beyond 16 MiB of text.
pub fn run(args: &Args) -> Result<Output, Error> {
    let bytes: usize = args.texts.iter().chain(&args.words).map(String::len).sum();
    if bytes > LIMIT {
        return Err(Error::too_large("/texts", format!("there are {bytes} bytes of text, the limit is {LIMIT}")));
    }
    let characters = match (args.level, &args.vocab) {
        // A character that no merge knows is a token of its own.
        (Level::Char, None) => Some(characters(args)),
        _ => None,
    };
    let vocabulary = Vocabulary::new(args.level, &args.merges, characters.as_deref().or(args.vocab.as_deref()))?;
    let mut encoder = Encoder::new(&vocabulary);
    let cut = args.texts.iter().map(|text| (text, args.pretokenizer));
    let whole = args.words.iter().map(|word| (word, Pretokenizer::None));
    let ids = cut.chain(whole).map(|(text, pretokenizer)| {
        let mut ids = Vec::new();
        encoder.encode_with(text, pretokenizer, &mut ids)?;
        Ok(ids)
    });
    let ids: Vec<Vec<u32>> = ids.collect::<Result<_, Error>>()?;
    let token = |id: &u32| vocabulary.tokens()[*id as usize].clone();
    Ok(Output {
        tokens: ids.iter().map(|ids| ids.iter().map(token).collect()).collect(),
        count: ids.iter().map(Vec::len).sum(),
        ids: characters.is_none().then_some(ids),
    })
}

/// The characters of the merges and of what is to be encoded, then the tokens that the merges make.
fn characters(args: &Args) -> Vec<String> {
    let texts = args.merges.iter().flatten().chain(&args.texts).chain(&args.words);
    let characters: BTreeSet<char> = texts.flat_map(|text| text.chars()).collect();
    let mut tokens: Vec<String> = characters.into_iter().map(String::from).collect();
    let mut known: BTreeSet<String> = tokens.iter().cloned().collect();
    for [left, right] in &args.merges {
        let token = format!("{left}{right}");
        if known.insert(token.clone()) {
            tokens.push(token);
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;

    fn merges(pairs: &[[&str; 2]]) -> Vec<[String; 2]> {
        pairs.iter().map(|pair| pair.map(str::to_owned)).collect()
    }

    fn check(pairs: &[[&str; 2]], word: &str, expected: &[&str]) {
        let args = Args { merges: merges(pairs), words: vec![word.to_owned()], level: Level::Char, ..Args::default() };
        assert_eq!(run(&args).unwrap().tokens, [expected]);
    }

    #[test]
    fn by_hand() {
        // The merge learned first goes first, even where another would be further left.
        check(&[["b", "c"], ["a", "b"]], "abc", &["a", "bc"]);
        check(&[["a", "a"]], "aaaaa", &["aa", "aa", "a"]);
        check(&[["a", "b"]], "xyz", &["x", "y", "z"]);
        check(&[], "", &[]);
    }

    #[test]
    fn bytes_have_the_ids_of_gpt2() {
        // Oracle: GPT-2's own vocabulary begins with `!` = 0, `a` = 64, `Ġ` = 220 and, as its first merge, `Ġt` = 256.
        let args = Args { merges: merges(&[["Ġ", "t"]]), texts: vec!["a! t".to_owned()], ..Args::default() };
        let output = run(&args).unwrap();
        assert_eq!(output.ids.unwrap(), [[64, 0, 256]]);
        assert_eq!(output.tokens, [["a", "!", "Ġt"]]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let unknown = Args { merges: merges(&[["a", "b"]]), vocab: Some(vec!["a".into()]), ..Args::default() };
        assert_eq!(run(&unknown).unwrap_err().path, "/merges/0");
        let twice = Args { vocab: Some(vec!["a".into(), "a".into()]), ..Args::default() };
        assert_eq!(run(&twice).unwrap_err().path, "/vocab/1");
        let missing = Args { vocab: Some(vec!["a".into()]), texts: vec!["b".into()], ..Args::default() };
        assert_eq!(run(&missing).unwrap_err().message, "the vocabulary has no token for byte 98");
        let large = Args { texts: vec!["a".repeat(LIMIT + 1)], ..Args::default() };
        assert_eq!(run(&large).unwrap_err().kind, ErrorKind::TooLarge);
    }
}
