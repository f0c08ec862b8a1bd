//! # Recursive chunking
//!
//! Cuts a text into chunks that fit a size, at the best place there is: between paragraphs if that is enough, else
//! between lines, else between words, else between characters. Pieces that come out small are merged again up to the
//! size, and each chunk repeats up to `chunk_overlap` characters of the one before, so that a sentence on the border is
//! whole in one of them.
//!
//! Cost: O(n · separators) to split: separators are found with vector instructions (`memchr`), pieces are byte ranges, and
//! nothing is copied until the chunks are written, which takes O(n · size / (size - overlap)).
//! Reference: the `RecursiveCharacterTextSplitter` of langchain-text-splitters 0.3, whose chunks these are.

use std::{borrow::Cow, num::NonZeroUsize, ops::Range};

use memchr::memmem::Finder;
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
    Ok(Output { chunks: chunks.into_iter().map(|chunk| chunk.text.into_owned()).collect(), start_indices })
}

/// A chunk and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// What it says: a part of the text, or a copy if separators were dropped.
    pub text: Cow<'a, str>,
    /// From where to where it lies in the text, in bytes.
    pub range: Range<usize>,
}

/// Cuts the text and keeps the byte ranges, for callers that quote from it. Nothing is copied unless separators are
/// dropped.
///
/// # Errors
/// As [`run`].
pub fn chunks(args: &Args) -> Result<Vec<Chunk<'_>>, Error> {
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
    let separators: Vec<Finder<'_>> = args.separators.iter().map(Finder::new).collect();
    let ascii = args.text.is_ascii();
    let mut cutter = Cutter { args, text: &args.text, ascii, pieces: Vec::new(), chunks: Vec::new(), written: 0 };
    cutter.cut(0..args.text.len(), &separators)?;
    Ok(cutter.chunks)
}

/// A part of the text between two separators: where it lies in bytes, and how many characters it has.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    length: usize,
}

struct Cutter<'a> {
    args: &'a Args,
    text: &'a str,
    /// Whether characters are bytes.
    ascii: bool,
    /// Small pieces that wait to be joined; a cut within a cut puts its own on top.
    pieces: Vec<Piece>,
    chunks: Vec<Chunk<'a>>,
    written: usize,
}

impl<'a> Cutter<'a> {
    fn cut(&mut self, range: Range<usize>, separators: &[Finder<'_>]) -> Result<(), Error> {
        let text = &self.text.as_bytes()[range.clone()];
        // The first separator that occurs, or the last one if none does; only those after it are left to try.
        let found = separators.iter().position(|separator| separator.find(text).is_some());
        let at = found.unwrap_or(separators.len() - 1);
        let (separator, rest) = (&separators[at], &separators[at + 1..]);
        let needle = separator.needle().len();
        if needle == 0 {
            return self.cut_characters(range);
        }
        let bottom = self.pieces.len();
        let mut from = range.start;
        for at in separator.find_iter(text) {
            let before = range.start + at;
            let (end, next) = match self.args.keep_separator {
                KeepSeparator::Start => (before, before),
                KeepSeparator::End => (before + needle, before + needle),
                KeepSeparator::No => (before, before + needle),
            };
            self.piece(from..end, bottom, separator, rest)?;
            from = next;
        }
        self.piece(from..range.end, bottom, separator, rest)?;
        self.join_pieces(bottom, separator)
    }

    /// Keeps a piece that fits; one that does not ends what was kept and is cut at the next separator.
    #[inline]
    fn piece(
        &mut self,
        range: Range<usize>,
        bottom: usize,
        separator: &Finder<'_>,
        rest: &[Finder<'_>],
    ) -> Result<(), Error> {
        if range.is_empty() {
            return Ok(());
        }
        let length = if self.ascii { range.len() } else { self.text[range.clone()].chars().count() };
        if length < self.args.chunk_size.get() {
            self.pieces.push(Piece { start: range.start, end: range.end, length });
            return Ok(());
        }
        self.join_pieces(bottom, separator)?;
        if rest.is_empty() { self.push(Cow::Borrowed(&self.text[range.clone()]), range) } else { self.cut(range, rest) }
    }

    /// Joins neighbouring pieces into chunks as long as they fit; each new chunk begins with the last pieces of the one
    /// before, as many as the overlap allows.
    fn join_pieces(&mut self, bottom: usize, separator: &Finder<'_>) -> Result<(), Error> {
        let (size, overlap) = (self.args.chunk_size.get(), self.args.chunk_overlap);
        let between = match self.args.keep_separator {
            KeepSeparator::No => std::str::from_utf8(separator.needle()).unwrap_or_default(),
            KeepSeparator::Start | KeepSeparator::End => "",
        };
        let gap = between.chars().count();
        let gap_after = |count: usize| if count > 0 { gap } else { 0 };
        let (mut first, mut total) = (bottom, 0);
        for next in bottom..self.pieces.len() {
            let length = self.pieces[next].length;
            if total + length + gap_after(next - first) > size && next > first {
                self.join(first..next, between)?;
                while first < next
                    && (total > overlap || (total > 0 && total + length + gap_after(next - first) > size))
                {
                    first += 1;
                    total -= self.pieces[first - 1].length + gap_after(next - first);
                }
            }
            total += length + gap_after(next - first);
        }
        self.join(first..self.pieces.len(), between)?;
        self.pieces.truncate(bottom);
        Ok(())
    }

    /// The same for pieces of one character each, without a list of them.
    fn cut_characters(&mut self, range: Range<usize>) -> Result<(), Error> {
        let (size, overlap) = (self.args.chunk_size.get(), self.args.chunk_overlap);
        let text = &self.text[range.clone()];
        if size == 1 {
            // Pieces as long as a chunk stay as they are, white space too.
            return text.char_indices().try_for_each(|(at, c)| {
                let range = range.start + at..range.start + at + c.len_utf8();
                self.push(Cow::Borrowed(&self.text[range.clone()]), range)
            });
        }
        let (mut first, mut total) = (0, 0);
        let mut dropped = text.chars();
        for (at, _) in text.char_indices() {
            if total == size {
                self.strip_and_push(Cow::Borrowed(&text[first..at]), range.start + first..range.start + at)?;
                while total > overlap || total == size {
                    first += dropped.next().map_or(0, char::len_utf8);
                    total -= 1;
                }
            }
            total += 1;
        }
        if text.is_empty() {
            return Ok(());
        }
        self.strip_and_push(Cow::Borrowed(&text[first..]), range.start + first..range.end)
    }

    fn join(&mut self, pieces: Range<usize>, between: &str) -> Result<(), Error> {
        let (Some(first), Some(last)) = (self.pieces[pieces.clone()].first(), self.pieces[pieces.clone()].last())
        else {
            return Ok(());
        };
        let range = first.start..last.end;
        let joined = if between.is_empty() {
            // Separators are part of the pieces, so the pieces of a chunk lie side by side in the text.
            Cow::Borrowed(&self.text[range.clone()])
        } else {
            let parts: Vec<&str> = self.pieces[pieces].iter().map(|piece| &self.text[piece.start..piece.end]).collect();
            Cow::Owned(parts.join(between))
        };
        self.strip_and_push(joined, range)
    }

    fn strip_and_push(&mut self, chunk: Cow<'a, str>, mut range: Range<usize>) -> Result<(), Error> {
        if !self.args.strip_whitespace {
            return self.push(chunk, range);
        }
        let without_start = chunk.trim_start_matches(white);
        let stripped = without_start.trim_end_matches(white);
        range.start += chunk.len() - without_start.len();
        range.end -= without_start.len() - stripped.len();
        if stripped.is_empty() {
            return Ok(());
        }
        match chunk {
            Cow::Borrowed(_) => self.push(Cow::Borrowed(&self.text[range.clone()]), range),
            Cow::Owned(_) => self.push(Cow::Owned(stripped.to_owned()), range),
        }
    }

    fn push(&mut self, text: Cow<'a, str>, range: Range<usize>) -> Result<(), Error> {
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
                prop_assert_eq!(&*chunk.text, &text[chunk.range.clone()]);
                // Only white space lies between one chunk and the next.
                prop_assert!(chunk.range.start <= covered || text[covered..chunk.range.start].trim().is_empty());
                covered = chunk.range.end;
            }
            prop_assert!(text[covered..].trim().is_empty());
        }
    }
}
