//! # Decoding a byte-pair encoding
//!
//! Puts the tokens behind the ids side by side. With bytes as the smallest tokens the printable characters are turned
//! back into bytes first, and the bytes read as UTF-8: what was encoded comes back as it was, whatever it was.
//!
//! Cost: O(n).
//! Reference: A. Radford et al., "Language models are unsupervised multitask learners", 2019, and its `encoder.py`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bpe::{Level, Vocabulary};
use crate::error::Error;

/// Decodes token ids of a byte-pair encoding (BPE) back into texts. Use it to read what a list of ids says.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The token ids of each text, from 0.
    pub ids: Vec<Vec<u32>>,
    /// The tokens, the place of each is its id: vocabulary. The alphabet and then one token a merge when not given.
    #[serde(default)]
    pub vocab: Option<Vec<String>>,
    /// The merges, the one learned first at the front: pairs of tokens. Needed when there is no `vocab`.
    #[serde(default)]
    pub merges: Vec<[String; 2]>,
    /// What the smallest tokens are: bytes in GPT-2's printable alphabet (the default) or characters.
    #[serde(default)]
    pub level: Level,
}

/// The texts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The texts, in the order of the lists. Bytes that are not UTF-8 become `U+FFFD`.
    pub texts: Vec<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Decode the token ids [64, 0, 256] with the merges [[\"Ġ\", \"t\"]]",
    "turn these BPE ids back into text with my vocabulary",
    "what does the token sequence 39, 68, 75, 75, 78 say in GPT-2's byte alphabet?",
];

/// The most ids, and the most bytes of text that they may become.
const LIMITS: (usize, usize) = (1 << 22, 64 << 20);

/// Decodes the ids.
///
/// ```
/// use roundtable_tools::text::bpe_decode::{Args, run};
///
/// let merges = vec![["Ġ".to_owned(), "t".to_owned()]];
/// assert_eq!(run(&Args { ids: vec![vec![64, 0, 256]], merges, ..Args::default() })?.texts, ["a! t"]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` for an id that is no token, or if merges and vocabulary do not fit each other; `too_large`
/// beyond 4,194,304 ids or 64 MiB of text.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (most, bytes) = LIMITS;
    let count: usize = args.ids.iter().map(Vec::len).sum();
    if count > most {
        return Err(Error::too_large("/ids", format!("there are {count} ids, the limit is {most}")));
    }
    let vocabulary = Vocabulary::new(args.level, &args.merges, args.vocab.as_deref())?;
    let longest = vocabulary.tokens().iter().map(String::len).max().unwrap_or(0);
    if count.saturating_mul(longest) > bytes {
        let message = format!("{count} tokens of up to {longest} bytes may make more than {bytes} bytes");
        return Err(Error::too_large("/ids", message));
    }
    let texts = args.ids.iter().enumerate().map(|(row, ids)| {
        vocabulary.decode(ids).map_err(|error| Error { path: format!("/ids/{row}{}", error.path), ..error })
    });
    Ok(Output { texts: texts.collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn by_hand() {
        let vocab = Some(vec!["lo".to_owned(), "w".to_owned()]);
        let args = Args { ids: vec![vec![0, 1], vec![]], vocab, level: Level::Char, ..Args::default() };
        assert_eq!(run(&args).unwrap().texts, ["low", ""]);
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        // Oracle: WHATWG Encoding, one U+FFFD for a sequence that is cut off. `Ã` is the byte c3, the first half of `é`.
        let vocab = Some(vec!["Ã".to_owned(), "©".to_owned()]);
        let args = Args { ids: vec![vec![0, 1], vec![0]], vocab, ..Args::default() };
        assert_eq!(run(&args).unwrap().texts, ["é", "\u{fffd}"]);
    }

    #[test]
    fn names_the_id_that_is_no_token() {
        let error = run(&Args { ids: vec![vec![1], vec![2, 256]], ..Args::default() }).unwrap_err();
        assert_eq!((error.path.as_str(), error.message.as_str()), ("/ids/1/1", "`256` is no token"));
    }
}
