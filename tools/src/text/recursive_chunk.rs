//! # Recursive chunking
//!
//! Cuts a text into chunks that fit a size, at the best place there is: between paragraphs if that is enough, else
//! between lines, else between words, else between characters. Pieces that come out small are merged again up to the
//! size, and each chunk repeats up to `chunk_overlap` characters of the one before, so that a sentence on the border is
//! whole in one of them.
//!
//! Cost: O(n · separators) to split, and O(n · size / (size - overlap)) to write the chunks.
//! Reference: the `RecursiveCharacterTextSplitter` of langchain-text-splitters 0.3, whose chunks these are.

use std::{collections::VecDeque, num::NonZeroUsize, ops::Range};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::error::Error;

/// Splits a text into overlapping chunks at paragraph, line and word borders. Use it to prepare a document for search
/// or for a model's context.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The text.
    pub text: String,
    /// The most characters (Unicode code points) in a chunk; 1000 when not given.
    #[serde(default = "thousand")]
    pub chunk_size: NonZeroUsize,
    /// The most characters that a chunk repeats of the one before; no more than `chunk_size`, 0 when not given.
    #[serde(default)]
    pub chunk_overlap: usize,
    /// Where to cut, best first; the empty string cuts between characters. Paragraphs, lines, words, characters when
    /// not given.
    #[serde(default = "paragraphs_lines_words")]
    #[schemars(length(min = 1, max = 100))]
    pub separators: Vec<String>,
    /// What becomes of a separator: kept at the `start` of the piece after it (or `true`, the default), at the `end` of
    /// the piece before it, or dropped (`false`).
    #[serde(default)]
    pub keep_separator: KeepSeparator,
    /// Whether white space at both ends of a chunk goes; yes when not given.
    #[serde(default = "yes")]
    pub strip_whitespace: bool,
}

fn thousand() -> NonZeroUsize {
    const { NonZeroUsize::new(1000).expect("not zero") }
}

fn paragraphs_lines_words() -> Vec<String> {
    ["\n\n", "\n", " ", ""].map(str::to_owned).to_vec()
}

fn yes() -> bool {
    true
}

impl Args {
    /// A text with the usual separators, each kept at the start of the next piece.
    pub fn new(text: impl Into<String>, chunk_size: NonZeroUsize, chunk_overlap: usize) -> Self {
        Args {
            text: text.into(),
            chunk_size,
            chunk_overlap,
            separators: paragraphs_lines_words(),
            keep_separator: KeepSeparator::Start,
            strip_whitespace: true,
        }
    }
}

/// What becomes of a separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepSeparator {
    /// It begins the piece after it.
    #[default]
    Start,
    /// It ends the piece before it.
    End,
    /// It is dropped between pieces, and put back between the pieces of one chunk.
    No,
}

impl<'de> Deserialize<'de> for KeepSeparator {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Word {
            Switch(bool),
            Side(String),
        }
        match Word::deserialize(from)? {
            Word::Switch(true) => Ok(KeepSeparator::Start),
            Word::Switch(false) => Ok(KeepSeparator::No),
            Word::Side(side) if side == "start" => Ok(KeepSeparator::Start),
            Word::Side(side) if side == "end" => Ok(KeepSeparator::End),
            Word::Side(side) => Err(de::Error::custom(format!("`{side}` is neither `start` nor `end`"))),
        }
    }
}

impl JsonSchema for KeepSeparator {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeepSeparator".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "boolean"}, {"enum": ["start", "end"]}]})
    }
}

/// The chunks, in the order of the text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The chunks.
    pub chunks: Vec<String>,
    /// Where each begins in the text, in characters (code points) from 0.
    pub start_indices: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Split this text into chunks of at most 200 characters with 20 overlap: Rust is a systems language. It is fast.",
    "chunk the document for retrieval, 500 characters each",
    "break this paragraph into pieces of 80 characters",
    "cut the text at paragraphs and lines so that no chunk is longer than 1000",
];

/// The most text that all chunks together may hold, in bytes.
const LIMIT: usize = 64 << 20;

/// Cuts the text.
///
/// ```
/// use std::num::NonZeroUsize;
/// use roundtable_tools::text::recursive_chunk::{Args, run};
///
/// let size = NonZeroUsize::new(12).unwrap();
/// let output = run(&Args::new("one two three four", size, 4))?;
/// assert_eq!(output.chunks, ["one two", "two three", "four"]);
/// assert_eq!(output.start_indices, [0, 4, 14]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if the overlap is larger than the size or there are no separators, `too_large` if the
/// overlapping chunks would hold more than 64 MiB.
pub fn run(args: &Args) -> Result<Output, Error> {
    let chunks = chunks(args)?;
    let (mut counted, mut characters) = (0, 0);
    let start_indices = chunks
        .iter()
        .map(|chunk| {
            if chunk.range.start < counted {
                (counted, characters) = (0, 0);
            }
            characters += args.text[counted..chunk.range.start].chars().count();
            counted = chunk.range.start;
            characters
        })
        .collect();
    Ok(Output { chunks: chunks.into_iter().map(|chunk| chunk.text).collect(), start_indices })
}

/// A chunk and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What it says. Equal to the text in `range` unless separators were dropped.
    pub text: String,
    /// From where to where it lies in the text, in bytes.
    pub range: Range<usize>,
}

/// Cuts the text and keeps the byte ranges, for callers that quote from it.
///
/// # Errors
/// As [`run`].
pub fn chunks(args: &Args) -> Result<Vec<Chunk>, Error> {
    let (size, overlap) = (args.chunk_size.get(), args.chunk_overlap);
    if overlap > size {
        return Err(Error::invalid(
            "/chunk_overlap",
            format!("`chunk_overlap` is {overlap}, but `chunk_size` is {size}"),
        )
        .with_hint("the overlap must not be larger than the size"));
    }
    if args.separators.is_empty() {
        return Err(
            Error::invalid("/separators", "there are no separators").with_hint("give at least one, `\"\"` if need be")
        );
    }
    // The splitting recurses once a separator.
    if args.separators.len() > 100 {
        let given = args.separators.len();
        return Err(Error::too_large("/separators", format!("there are {given} separators, the limit is 100")));
    }
    let mut cutter = Cutter { args, chunks: Vec::new(), written: 0 };
    cutter.cut(0..args.text.len(), &args.separators)?;
    Ok(cutter.chunks)
}

/// A part of the text between two separators: where it lies in bytes, and how many characters it has.
struct Piece {
    range: Range<usize>,
    length: usize,
}

struct Cutter<'a> {
    args: &'a Args,
    chunks: Vec<Chunk>,
    written: usize,
}

impl Cutter<'_> {
    fn cut(&mut self, range: Range<usize>, separators: &[String]) -> Result<(), Error> {
        let text = &self.args.text[range.clone()];
        // The first separator that occurs, or the last one if none does; only those after it are left to try.
        let found = separators.iter().position(|separator| text.contains(separator.as_str()));
        let (separator, rest) = match found {
            Some(i) if separators[i].is_empty() => ("", &separators[..0]),
            Some(i) => (separators[i].as_str(), &separators[i + 1..]),
            None => (separators.last().map_or("", String::as_str), &separators[..0]),
        };
        let size = self.args.chunk_size.get();
        let mut small = Vec::new();
        for piece in self.split(range, separator) {
            if piece.length < size {
                small.push(piece);
                continue;
            }
            self.merge(std::mem::take(&mut small), separator)?;
            if rest.is_empty() {
                self.push(self.args.text[piece.range.clone()].to_owned(), piece.range)?;
            } else {
                self.cut(piece.range, rest)?;
            }
        }
        self.merge(small, separator)
    }

    /// The pieces between separators, without empty ones.
    fn split(&self, range: Range<usize>, separator: &str) -> Vec<Piece> {
        let text = &self.args.text[range.clone()];
        let mut pieces = Vec::new();
        let mut push = |from: usize, to: usize| {
            if from < to {
                let range = range.start + from..range.start + to;
                let length = self.args.text[range.clone()].chars().count();
                pieces.push(Piece { range, length });
            }
        };
        if separator.is_empty() {
            text.char_indices().for_each(|(at, c)| push(at, at + c.len_utf8()));
            return pieces;
        }
        let mut from = 0;
        for (at, _) in text.match_indices(separator) {
            let after = at + separator.len();
            match self.args.keep_separator {
                KeepSeparator::Start => {
                    push(from, at);
                    from = at;
                }
                KeepSeparator::End => {
                    push(from, after);
                    from = after;
                }
                KeepSeparator::No => {
                    push(from, at);
                    from = after;
                }
            }
        }
        push(from, text.len());
        pieces
    }

    /// Joins neighbouring pieces into chunks as long as they fit; each new chunk begins with the last pieces of the one
    /// before, as many as the overlap allows.
    fn merge(&mut self, pieces: Vec<Piece>, separator: &str) -> Result<(), Error> {
        let (size, overlap) = (self.args.chunk_size.get(), self.args.chunk_overlap);
        let between = match self.args.keep_separator {
            KeepSeparator::No => separator,
            KeepSeparator::Start | KeepSeparator::End => "",
        };
        let gap = between.chars().count();
        let gap_after = |count: usize| if count > 0 { gap } else { 0 };
        let mut current: VecDeque<Piece> = VecDeque::new();
        let mut total = 0;
        for piece in pieces {
            if total + piece.length + gap_after(current.len()) > size && !current.is_empty() {
                self.join(&current, between)?;
                while total > overlap || (total > 0 && total + piece.length + gap_after(current.len()) > size) {
                    let Some(oldest) = current.pop_front() else { break };
                    total -= oldest.length + gap_after(current.len());
                }
            }
            total += piece.length + gap_after(current.len());
            current.push_back(piece);
        }
        self.join(&current, between)
    }

    fn join(&mut self, pieces: &VecDeque<Piece>, between: &str) -> Result<(), Error> {
        let (Some(first), Some(last)) = (pieces.front(), pieces.back()) else { return Ok(()) };
        let mut range = first.range.start..last.range.end;
        let joined = if between.is_empty() {
            // Separators are part of the pieces, so the pieces of a chunk lie side by side in the text.
            self.args.text[range.clone()].to_owned()
        } else {
            let parts: Vec<&str> = pieces.iter().map(|piece| &self.args.text[piece.range.clone()]).collect();
            parts.join(between)
        };
        if !self.args.strip_whitespace {
            return self.push(joined, range);
        }
        let without_start = joined.trim_start_matches(white);
        let stripped = without_start.trim_end_matches(white);
        range.start += joined.len() - without_start.len();
        range.end -= without_start.len() - stripped.len();
        if stripped.is_empty() { Ok(()) } else { self.push(stripped.to_owned(), range) }
    }

    fn push(&mut self, text: String, range: Range<usize>) -> Result<(), Error> {
        self.written += text.len();
        if self.written > LIMIT {
            return Err(Error::too_large("/chunk_overlap", format!("the chunks would hold more than {LIMIT} bytes"))
                .with_hint("use a smaller overlap or a shorter text"));
        }
        self.chunks.push(Chunk { text, range });
        Ok(())
    }
}

/// White space as Python's `str.strip` sees it, which counts the four information separators too.
fn white(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn args(text: &str, size: usize, overlap: usize) -> Args {
        Args::new(text, NonZeroUsize::new(size).unwrap(), overlap)
    }

    fn check(text: &str, size: usize, overlap: usize, expected: &[&str]) {
        assert_eq!(run(&args(text, size, overlap)).unwrap().chunks, expected);
    }

    #[test]
    fn by_hand() {
        check("", 10, 0, &[]);
        check("short", 10, 2, &["short"]);
        check("one\n\ntwo three", 8, 0, &["one", "two", "three"]);
        check("abcdefghij", 4, 1, &["abcd", "defg", "ghij"]);
    }

    #[test]
    fn agrees_with_langchain() {
        // Oracle: langchain-text-splitters 0.3, RecursiveCharacterTextSplitter(chunk_size=10, chunk_overlap=3).
        check("The old clock forgot seven", 10, 3, &["The old", "clock", "forgot", "seven"]);
    }

    #[test]
    fn keeps_or_drops_separators() {
        let mut args = args("a. b. c", 5, 0);
        args.separators = vec![". ".into(), String::new()];
        args.keep_separator = KeepSeparator::No;
        assert_eq!(run(&args).unwrap().chunks, ["a. b", "c"]);
        args.keep_separator = KeepSeparator::End;
        assert_eq!(run(&args).unwrap().chunks, ["a.", "b. c"]);
    }

    #[test]
    fn refuses_what_cannot_be_cut() {
        assert_eq!(run(&args("abc", 10, 11)).unwrap_err().path, "/chunk_overlap");
        let words = "word ".repeat(40_000);
        assert_eq!(run(&args(&words, 100_000, 99_999)).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn chunks_fit_and_quote_the_text(text in "[a-cé \n]{0,120}", size in 1_usize..30, overlap in 0_usize..30) {
            prop_assume!(overlap <= size);
            let args = args(&text, size, overlap);
            let mut covered = 0;
            for chunk in chunks(&args).unwrap() {
                prop_assert!(chunk.text.chars().count() <= size);
                prop_assert_eq!(&chunk.text, &text[chunk.range.clone()]);
                // Only white space lies between one chunk and the next.
                prop_assert!(chunk.range.start <= covered || text[covered..chunk.range.start].trim().is_empty());
                covered = chunk.range.end;
            }
            prop_assert!(text[covered..].trim().is_empty());
        }
    }
}
