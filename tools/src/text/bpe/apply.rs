//! Encoding: each piece of the text begins as its smallest tokens, and the pair with the lowest merge (the one learned
//! first) is merged until none is left.
//!
//! Pieces repeat, so what one becomes is kept: most of a text is encoded by looking its pieces up. A piece met for the
//! first time is merged in a short list, whose pairs are searched from end to end for each merge; a long one with a heap
//! over a linked list, so that no text takes more than O(n log n).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{Level, Merge, NONE, PRINTABLE, Pairs, Pretokenizer, Vocabulary, scan};
use crate::{error::Error, text::words::Words};

/// The most pieces that are kept: about 4 MiB.
const KEPT: usize = 1 << 16;
/// Longer pieces are merged with a heap.
const SHORT: usize = 48;

/// Turns texts into ids. It keeps what it has seen, so one that is used again gets faster.
#[derive(Debug, Clone)]
pub struct Encoder {
    smallest: Smallest,
    /// By pair: which merge it is and the id it makes.
    merges: Pairs<(u32, u32)>,
    seen: Words<Seen>,
    /// The ids of the pieces that have many.
    many: Vec<u32>,
    symbols: Vec<u32>,
}

/// The ids of the smallest tokens.
#[derive(Debug, Clone)]
enum Smallest {
    Bytes([u32; 256]),
    Characters(HashMap<char, u32>),
}

/// The ids of a piece.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// How many there are; 0 is a piece that was not seen yet.
    count: u32,
    /// Up to three themselves; of more the first is their place in `many`.
    ids: [u32; 3],
}

/// What the vocabulary has no token for. Smaller than an error, which every piece of a text would have to make room for.
#[derive(Debug, Clone, Copy)]
enum Missing {
    Byte(u8),
    Character(char),
}

impl Missing {
    fn error(self) -> Error {
        let what = match self {
            Missing::Byte(byte) => format!("byte {byte}"),
            Missing::Character(c) => format!("`{c}`"),
        };
        Error::invalid("/vocab", format!("the vocabulary has no token for {what}"))
            .with_hint("give a vocabulary with the whole alphabet")
    }
}

impl Encoder {
    /// Prepares a vocabulary for encoding. A smallest token that is missing is an error only when a text needs it.
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let single = vocabulary.tokens.iter().zip(0..).filter_map(|(token, id)| {
            let mut characters = token.chars();
            characters.next().filter(|_| characters.next().is_none()).map(|c| (c, id))
        });
        let characters: HashMap<char, u32> = single.collect();
        let smallest = match vocabulary.level {
            Level::Byte => Smallest::Bytes(PRINTABLE.map(|c| characters.get(&c).copied().unwrap_or(NONE))),
            Level::Char => Smallest::Characters(characters),
        };
        let mut merges = Pairs::with_capacity(vocabulary.merges.len() * 2);
        for (Merge { left, right, result }, rank) in vocabulary.merges.iter().zip(0..) {
            merges.get_or_insert(*left, *right, (rank, *result));
        }
        let seen = Words::with_capacity(1 << 12);
        Encoder { smallest, merges, seen, many: Vec::new(), symbols: Vec::new() }
    }

    /// Encodes a text, cut as GPT-2 cuts it, and adds its ids.
    ///
    /// # Errors
    /// `invalid_arguments` if the vocabulary has no token for a byte or character of the text.
    pub fn encode(&mut self, text: &str, ids: &mut Vec<u32>) -> Result<(), Error> {
        let mut pieces = scan::pieces(text);
        pieces.try_for_each(|(start, end)| self.piece(text, start, end, ids)).map_err(Missing::error)
    }

    /// Encodes a text that is cut in another way, and adds its ids.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_with(&mut self, text: &str, cut: Pretokenizer, ids: &mut Vec<u32>) -> Result<(), Error> {
        cut.pieces(text).try_for_each(|(start, end)| self.piece(text, start, end, ids)).map_err(Missing::error)
    }

    #[inline(always)]
    fn piece(&mut self, text: &str, start: usize, end: usize, ids: &mut Vec<u32>) -> Result<(), Missing> {
        if let Some(&Seen { count, ids: few }) = self.seen.get(text.as_bytes(), start, end) {
            if count <= 3 {
                // Three are written and what is too much cut off, which is faster than a copy of the right length.
                let length = ids.len() + count as usize;
                ids.extend_from_slice(&few);
                ids.truncate(length);
            } else {
                let place = few[0] as usize;
                ids.extend_from_slice(&self.many[place..place + count as usize]);
            }
            return Ok(());
        }
        self.unseen(text, start, end, ids)
    }

    #[cold]
    fn unseen(&mut self, text: &str, start: usize, end: usize, ids: &mut Vec<u32>) -> Result<(), Missing> {
        self.split(&text[start..end])?;
        if self.symbols.len() <= SHORT {
            self.merge_short()
        } else {
            self.merge_long()
        }
        ids.extend_from_slice(&self.symbols);
        if self.seen.len() < KEPT && end - start <= SHORT {
            let count = self.symbols.len() as u32;
            let mut few = [0; 3];
            if count <= 3 {
                few[..self.symbols.len()].copy_from_slice(&self.symbols);
            } else {
                few[0] = self.many.len() as u32;
                self.many.extend_from_slice(&self.symbols);
            }
            *self.seen.entry(text.as_bytes(), start, end) = Seen { count, ids: few };
        }
        Ok(())
    }

    /// Writes the smallest tokens of a piece into `symbols`.
    fn split(&mut self, piece: &str) -> Result<(), Missing> {
        self.symbols.clear();
        match &self.smallest {
            Smallest::Bytes(ids) => self.symbols.extend(piece.bytes().map(|byte| ids[usize::from(byte)])),
            Smallest::Characters(ids) => {
                self.symbols.extend(piece.chars().map(|c| ids.get(&c).copied().unwrap_or(NONE)));
            }
        }
        match (self.symbols.iter().position(|id| *id == NONE), &self.smallest) {
            (None, _) => Ok(()),
            (Some(at), Smallest::Bytes(_)) => Err(Missing::Byte(piece.as_bytes()[at])),
            (Some(at), Smallest::Characters(_)) => Err(Missing::Character(piece.chars().nth(at).unwrap_or_default())),
        }
    }

    fn merge_short(&mut self) {
        let symbols = &mut self.symbols;
        let none = (NONE, NONE);
        let merge = |left: u32, right: u32| self.merges.get(left, right).unwrap_or(none);
        let mut pairs = [none; SHORT];
        for at in 1..symbols.len() {
            pairs[at - 1] = merge(symbols[at - 1], symbols[at]);
        }
        while symbols.len() > 1 {
            let open = &mut pairs[..symbols.len() - 1];
            let mut at = 0;
            for (other, pair) in open.iter().enumerate() {
                if pair.0 < open[at].0 {
                    at = other;
                }
            }
            let (rank, result) = open[at];
            if rank == NONE {
                break;
            }
            symbols[at] = result;
            symbols.remove(at + 1);
            open.copy_within(at + 1.., at);
            if at > 0 {
                open[at - 1] = merge(symbols[at - 1], result);
            }
            if at + 1 < symbols.len() {
                open[at] = merge(result, symbols[at + 1]);
            }
        }
    }

    fn merge_long(&mut self) {
        let symbols = &mut self.symbols;
        let end = symbols.len();
        let mut next: Vec<usize> = (1..=end).collect();
        let mut previous: Vec<usize> = (0..end).map(|at| at.saturating_sub(1)).collect();
        let merge = |symbols: &[u32], left: usize, right: usize| {
            let (rank, result) = self.merges.get(symbols[left], symbols[right])?;
            Some(Reverse((rank, left, right, result)))
        };
        let mut heap: BinaryHeap<_> = (1..end).filter_map(|right| merge(symbols, right - 1, right)).collect();
        while let Some(Reverse((rank, left, right, result))) = heap.pop() {
            // One of the two may have been merged with another since.
            let stands = symbols[left] != NONE && next[left] == right && right < end;
            if !stands || self.merges.get(symbols[left], symbols[right]) != Some((rank, result)) {
                continue;
            }
            symbols[left] = result;
            symbols[right] = NONE;
            next[left] = next[right];
            if next[left] < end {
                previous[next[left]] = left;
                heap.extend(merge(symbols, left, next[left]));
            }
            if left > 0 {
                heap.extend(merge(symbols, previous[left], left));
            }
        }
        symbols.retain(|symbol| *symbol != NONE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::text::bpe::{Goal, train_on_texts};
    use proptest::prelude::*;

    const TEXT: &str =
        "the cat sat on the mat; the cats sat on the mats. Aaaaaand the bananas? «naïve café» 日本語 日本";

    proptest! {
        #[test]
        fn decode_is_the_inverse_of_encode(text in any::<String>(), more in "[the catsmonbaé日\n ']{0,60}") {
            let vocabulary = train_on_texts(&[TEXT], Goal::vocabulary(330));
            let mut encoder = Encoder::new(&vocabulary);
            for text in [&text, &more, &more] {
                let mut ids = Vec::new();
                encoder.encode(text, &mut ids).unwrap();
                prop_assert_eq!(&vocabulary.decode(&ids).unwrap(), text);
            }
        }

        #[test]
        fn the_heap_agrees_with_the_list(text in "[the catsmonba]{1,48}") {
            let vocabulary = train_on_texts(&[TEXT, "tthe tthe aat aat"], Goal::vocabulary(330));
            let mut encoder = Encoder::new(&vocabulary);
            encoder.split(&text).unwrap();
            encoder.merge_short();
            let short = encoder.symbols.clone();
            encoder.split(&text).unwrap();
            encoder.merge_long();
            prop_assert_eq!(short, encoder.symbols);
        }
    }
}
