//! Byte-pair encoding as a library: learn a vocabulary from texts, encode texts with it, decode.
//!
//! ```
//! use roundtable_tools::text::bpe::{self, Encoder, Goal, Vocabulary};
//!
//! let vocabulary = bpe::train_on_texts(&["low lower lowest, slow slower slowest"], Goal::vocabulary(260));
//! assert_eq!(vocabulary.len(), 260);
//!
//! let mut encoder = Encoder::new(&vocabulary);
//! let mut ids = Vec::new();
//! encoder.encode("the slowest", &mut ids)?;
//! assert_eq!(vocabulary.decode(&ids)?, "the slowest");
//! # Ok::<(), roundtable_tools::Error>(())
//! ```
//!
//! Ids are those of Hugging Face's `tokenizers`: first the alphabet in the order of its characters, then one id a merge;
//! of two pairs that are equally frequent the one with the smaller ids goes first. Tokens of the byte alphabet are
//! written as GPT-2 writes them: each byte is a printable character, the space is `Ġ`.

mod apply;
mod learn;
pub(crate) mod scan;

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use apply::Encoder;
pub use learn::Goal;

use super::words::{Words, fold};
use crate::error::Error;

/// What the smallest tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Level {
    /// The 256 bytes: every text can be encoded.
    #[default]
    Byte,
    /// The characters that occur.
    Char,
}

/// How a text is cut before encoding; no token crosses a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Pretokenizer {
    /// As GPT-2 does: contractions, letters, numbers and signs with a space before them, white space.
    #[default]
    #[serde(rename = "gpt2")]
    #[serde(alias = "gpt-2")]
    Gpt2,
    /// Between white space, which is dropped.
    Whitespace,
    /// Not at all.
    None,
}

impl Pretokenizer {
    /// The pieces of a text, as byte ranges.
    pub(crate) fn pieces(self, text: &str) -> Box<dyn Iterator<Item = (usize, usize)> + '_> {
        match self {
            Pretokenizer::Gpt2 => Box::new(scan::pieces(text)),
            Pretokenizer::Whitespace => Box::new(text.split_whitespace().map(move |word| {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                (start, start + word.len())
            })),
            Pretokenizer::None => Box::new((!text.is_empty()).then_some((0, text.len())).into_iter()),
        }
    }
}

/// The printable character that stands for each byte: itself if it is printable and no space, else one from U+0100 on.
const PRINTABLE: [char; 256] = {
    let mut characters = ['\0'; 256];
    let (mut byte, mut moved) = (0_u8, 0_u8);
    loop {
        characters[byte as usize] = match byte {
            b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => byte as char,
            _ => {
                moved += 1;
                match char::from_u32(0xff + moved as u32) {
                    Some(c) => c,
                    None => '\0',
                }
            }
        };
        if byte == u8::MAX {
            break characters;
        }
        byte += 1;
    }
};

/// The byte behind a printable character.
fn byte_of(c: char) -> Option<u8> {
    match c {
        '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => Some(c as u8),
        _ => PRINTABLE.iter().position(|printable| *printable == c).map(|byte| byte as u8),
    }
}

/// No token.
const NONE: u32 = u32::MAX;

/// One step of encoding: two neighbouring tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    left: u32,
    right: u32,
    result: u32,
}

/// The tokens and the merges that make them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    level: Level,
    tokens: Vec<String>,
    merges: Vec<Merge>,
}

impl Vocabulary {
    /// Puts a vocabulary together from its merges. Without `tokens` it has the alphabet (all bytes, or the characters
    /// of the merges) and one token a merge.
    ///
    /// # Errors
    /// `invalid_arguments` if a token is there twice, a merge makes or takes one that is not there, or a token of the
    /// byte alphabet has another character.
    pub fn new(level: Level, merges: &[[String; 2]], tokens: Option<&[String]>) -> Result<Self, Error> {
        let given = tokens.is_some();
        let tokens = match tokens {
            Some(tokens) => tokens.to_vec(),
            None => {
                let characters = merges.iter().flatten().flat_map(|part| part.chars());
                let mut tokens = alphabet(level, characters);
                let mut known: BTreeSet<String> = tokens.iter().cloned().collect();
                for result in merges.iter().map(|[left, right]| format!("{left}{right}")) {
                    if known.insert(result.clone()) {
                        tokens.push(result);
                    }
                }
                tokens
            }
        };
        if tokens.len() >= NONE as usize {
            return Err(Error::too_large("/vocab", format!("there are {} tokens", tokens.len())));
        }
        // Tokens that were not given come from the merges.
        let place = |id: usize| if given { format!("/vocab/{id}") } else { "/merges".to_owned() };
        let mut ids: HashMap<&str, u32> = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if let Some(other) = ids.insert(token, id as u32) {
                return Err(Error::invalid(place(id), format!("`{token}` is also token {other}")));
            }
            if level == Level::Byte
                && let Some(wrong) = token.chars().find(|c| byte_of(*c).is_none())
            {
                return Err(Error::invalid(place(id), format!("`{wrong}` stands for no byte"))
                    .with_hint("write tokens in GPT-2's byte alphabet, where `Ġ` is the space"));
            }
        }
        let id = |token: &str, at: usize| {
            ids.get(token)
                .copied()
                .ok_or_else(|| Error::invalid(format!("/merges/{at}"), format!("`{token}` is not in the vocabulary")))
        };
        let merges = merges.iter().enumerate().map(|(at, [left, right])| {
            let result = id(&format!("{left}{right}"), at)?;
            Ok(Merge { left: id(left, at)?, right: id(right, at)?, result })
        });
        let merges = merges.collect::<Result<_, Error>>()?;
        Ok(Vocabulary { level, tokens, merges })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens; the place of each is its id.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The merges as pairs of tokens, the one to try first at the front.
    pub fn merges(&self) -> impl Iterator<Item = [&str; 2]> {
        self.merges.iter().map(|merge| [merge.left, merge.right].map(|id| self.tokens[id as usize].as_str()))
    }

    /// The text behind ids. Bytes that are no UTF-8, which only ids cut in the middle of a character give, come out as
    /// `U+FFFD`.
    ///
    /// # Errors
    /// `invalid_arguments` for an id that is not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        let tokens = ids.iter().enumerate().map(|(at, id)| {
            self.tokens.get(*id as usize).ok_or_else(|| {
                Error::invalid(format!("/{at}"), format!("`{id}` is no token"))
                    .with_hint(format!("ids go from 0 to {}", self.tokens.len().saturating_sub(1)))
            })
        });
        let tokens: Vec<&String> = tokens.collect::<Result<_, _>>()?;
        Ok(match self.level {
            Level::Char => tokens.into_iter().map(String::as_str).collect(),
            Level::Byte => {
                let bytes: Vec<u8> = tokens.into_iter().flat_map(|token| token.chars()).filter_map(byte_of).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
        })
    }
}

/// The smallest tokens in the order of their characters.
fn alphabet(level: Level, characters: impl Iterator<Item = char>) -> Vec<String> {
    let characters: BTreeSet<char> = match level {
        Level::Byte => PRINTABLE.into_iter().collect(),
        Level::Char => characters.collect(),
    };
    characters.into_iter().map(String::from).collect()
}

/// Learns a vocabulary of bytes from texts that are cut as GPT-2 cuts them. No token crosses from one text to the next.
pub fn train_on_texts<T: AsRef<str> + Sync>(texts: &[T], goal: Goal) -> Vocabulary {
    train_on_words(&count(texts, Pretokenizer::Gpt2), Level::Byte, goal)
}

/// Counts the pieces of texts. Every thread counts a share of them; sums do not depend on how they were shared.
pub(crate) fn count<T: AsRef<str> + Sync>(texts: &[T], pretokenizer: Pretokenizer) -> Words<u64> {
    let parts: Vec<&str> = texts.iter().flat_map(|text| apart(text.as_ref(), pretokenizer)).collect();
    let share = parts.len().div_ceil(rayon::current_num_threads()).max(1);
    let counted = parts.par_chunks(share).map(|parts| {
        let bytes: usize = parts.iter().map(|text| text.len()).sum();
        let mut words: Words<u64> = Words::with_capacity((bytes / 64).min(1 << 16));
        for text in parts {
            let bytes = text.as_bytes();
            match pretokenizer {
                // Without the box, whose calls would cost as much as the scan.
                Pretokenizer::Gpt2 => {
                    scan::pieces(text).for_each(|(start, end)| *words.entry(bytes, start, end) += 1);
                }
                other => other.pieces(text).for_each(|(start, end)| *words.entry(bytes, start, end) += 1),
            }
        }
        words
    });
    let mut counted: Vec<Words<u64>> = counted.collect();
    let mut all = if counted.is_empty() { Words::with_capacity(0) } else { counted.swap_remove(0) };
    for words in counted {
        words.for_each(|word, count| *all.entry(word, 0, word.len()) += count);
    }
    all
}

/// Cuts a long text where no piece can lie across: after a line's end that letters or signs follow.
fn apart(mut text: &str, pretokenizer: Pretokenizer) -> Vec<&str> {
    const SHARE: usize = 1 << 20;
    let mut parts = Vec::new();
    while pretokenizer != Pretokenizer::None && text.len() > SHARE {
        let border =
            text.as_bytes()[SHARE - 1..].windows(2).position(|pair| pair[0] == b'\n' && pair[1].is_ascii_graphic());
        let Some(border) = border else { break };
        let (part, rest) = text.split_at(SHARE + border);
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

/// Learns a vocabulary from words and their counts.
pub(crate) fn train_on_words(words: &Words<u64>, level: Level, goal: Goal) -> Vocabulary {
    let mut characters = BTreeSet::new();
    if level == Level::Char {
        words.for_each(|word, _| characters.extend(String::from_utf8_lossy(word).chars()));
    }
    let tokens = alphabet(level, characters.into_iter());
    let mut learner = learn::Learner::new();
    let mut symbols = Vec::new();
    match level {
        Level::Byte => {
            let ids = PRINTABLE.map(|c| tokens.binary_search(&c.to_string()).unwrap_or_default() as u32);
            words.for_each(|word, count| {
                symbols.clear();
                symbols.extend(word.iter().map(|byte| ids[usize::from(*byte)]));
                learner.add(&symbols, count);
            });
        }
        Level::Char => {
            let ids: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
            words.for_each(|word, count| {
                symbols.clear();
                symbols.extend(String::from_utf8_lossy(word).chars().map(|c| ids[c.to_string().as_str()]));
                learner.add(&symbols, count);
            });
        }
    }
    let (tokens, merges) = learner.learn(tokens, goal);
    Vocabulary { level, tokens, merges }
}

/// A hash table from pairs of ids to small values.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<V> {
    slots: Vec<(u64, V)>,
    used: usize,
}

/// A pair that no two ids make.
const EMPTY: u64 = u64::MAX;

impl<V: Copy + Default> Pairs<V> {
    pub(crate) fn with_capacity(pairs: usize) -> Self {
        Pairs { slots: vec![(EMPTY, V::default()); (pairs * 2).next_power_of_two().max(64)], used: 0 }
    }

    #[inline]
    fn find(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = fold(key, 0) as usize & mask;
        while self.slots[at].0 != key && self.slots[at].0 != EMPTY {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    pub(crate) fn get(&self, left: u32, right: u32) -> Option<V> {
        let (key, value) = self.slots[self.find(pair(left, right))];
        (key != EMPTY).then_some(value)
    }

    /// The value of a pair; `new` if it was not there.
    #[inline]
    pub(crate) fn get_or_insert(&mut self, left: u32, right: u32, new: V) -> V {
        if self.used * 2 >= self.slots.len() {
            let twice = vec![(EMPTY, V::default()); self.slots.len() * 2];
            for slot in std::mem::replace(&mut self.slots, twice) {
                if slot.0 != EMPTY {
                    let at = self.find(slot.0);
                    self.slots[at] = slot;
                }
            }
        }
        let key = pair(left, right);
        let at = self.find(key);
        if self.slots[at].0 == EMPTY {
            self.slots[at] = (key, new);
            self.used += 1;
        }
        self.slots[at].1
    }
}

/// Two ids in one number, in whose order pairs are equal to the order of their ids.
#[inline]
fn pair(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}
