//! A hash table from short words to small values, made for texts: most words have at most 15 bytes, fit one 128-bit
//! number together with their length, and are then found with one multiplication and one comparison, without a string
//! in sight. Longer words go to an ordinary map.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// The longest word that fits a number with its length.
const SHORT: usize = 15;

/// The lowest bytes of a number: none, one, two, ...
const MASKS: [u128; SHORT + 1] = {
    let mut masks = [0; SHORT + 1];
    let mut bytes = 1;
    while bytes <= SHORT {
        masks[bytes] = masks[bytes - 1] << 8 | 0xff;
        bytes += 1;
    }
    masks
};

/// Values by word; a word that was not there begins with the default value.
#[derive(Debug, Clone)]
pub(crate) struct Words<V> {
    slots: Vec<Slot<V>>,
    used: usize,
    /// Where the values of long words are in `others`.
    long: HashMap<Box<[u8]>, usize, BuildHasherDefault<Multiply>>,
    others: Vec<V>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot<V> {
    /// The bytes from the lowest on, and above them the length plus one; 0 is an empty slot.
    key: u128,
    value: V,
}

impl<V: Copy + Default> Words<V> {
    /// An empty table with room for some words before it has to grow.
    pub(crate) fn with_capacity(words: usize) -> Self {
        let slots = vec![Slot::default(); (words * 4 / 3).next_power_of_two().max(64)];
        Words { slots, used: 0, long: HashMap::default(), others: Vec::new() }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.used + self.others.len()
    }

    /// The value of the word `text[start..end]`. The text around it lets the word be read in one go.
    #[inline(always)]
    pub(crate) fn entry(&mut self, text: &[u8], start: usize, end: usize) -> &mut V {
        if end - start > SHORT {
            return self.long(&text[start..end]);
        }
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let key = pack(text, start, end);
        let at = self.find(key);
        let slot = &mut self.slots[at];
        if slot.key == 0 {
            slot.key = key;
            self.used += 1;
        }
        &mut slot.value
    }

    /// The value of a word that may not be there.
    #[inline(always)]
    pub(crate) fn get(&self, text: &[u8], start: usize, end: usize) -> Option<&V> {
        if end - start > SHORT {
            return self.long.get(&text[start..end]).map(|at| &self.others[*at]);
        }
        let slot = &self.slots[self.find(pack(text, start, end))];
        (slot.key != 0).then_some(&slot.value)
    }

    /// Shows every word with its value, in an order that depends on the words alone.
    pub(crate) fn for_each(&self, mut show: impl FnMut(&[u8], V)) {
        for slot in self.slots.iter().filter(|slot| slot.key != 0) {
            let bytes = slot.key.to_le_bytes();
            show(&bytes[..usize::from(bytes[SHORT]) - 1], slot.value);
        }
        let mut long: Vec<(&[u8], usize)> = self.long.iter().map(|(word, at)| (&**word, *at)).collect();
        long.sort_unstable_by_key(|(_, at)| *at);
        long.into_iter().for_each(|(word, at)| show(word, self.others[at]));
    }

    /// The slot that holds the key, or the empty one where it would be.
    #[inline(always)]
    fn find(&self, key: u128) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = fold(key as u64, (key >> 64) as u64) as usize & mask;
        while self.slots[at].key != key && self.slots[at].key != 0 {
            at = (at + 1) & mask;
        }
        at
    }

    #[cold]
    fn grow(&mut self) {
        let twice = vec![Slot::default(); self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, twice) {
            if slot.key != 0 {
                let at = self.find(slot.key);
                self.slots[at] = slot;
            }
        }
    }

    #[inline(never)]
    fn long(&mut self, word: &[u8]) -> &mut V {
        let at = match self.long.get(word) {
            Some(at) => *at,
            None => {
                self.long.insert(word.into(), self.others.len());
                self.others.push(V::default());
                self.others.len() - 1
            }
        };
        &mut self.others[at]
    }
}

/// A word of at most 15 bytes and its length as one number that is not 0.
#[inline(always)]
fn pack(text: &[u8], start: usize, end: usize) -> u128 {
    let length = end - start;
    let bytes = match text[start..].first_chunk::<16>() {
        Some(chunk) => u128::from_le_bytes(*chunk) & MASKS[length],
        None => pack_alone(&text[start..end]),
    };
    bytes | ((length as u128 + 1) << 120)
}

/// The bytes of a word with nothing behind it: two reads that overlap in the middle, where they agree.
#[inline]
fn pack_alone(word: &[u8]) -> u128 {
    let both = |first: u64, last: u64, size: usize| u128::from(first) | u128::from(last) << (8 * (word.len() - size));
    if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        both(u64::from_le_bytes(*first), u64::from_le_bytes(*last), 8)
    } else if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        both(u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into(), 4)
    } else {
        word.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }
}

/// Two numbers mixed into one: both halves of a product depend on all their bits.
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    (product as u64) ^ (product >> 64) as u64
}

/// The same for words of any length, eight bytes at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.0 = fold(self.0, u64::from_le_bytes(*eight));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.0 = fold(self.0 ^ bytes.len() as u64, u64::from_le_bytes(last));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Counting with the table is counting with a map, whatever the words and wherever they lie in the text.
        #[test]
        fn counts_as_a_map_does(words in prop::collection::vec("[ab\u{0}é]{0,20}", 0..200)) {
            let text = words.concat();
            let mut expected: BTreeMap<&[u8], u32> = BTreeMap::new();
            let mut table: Words<u32> = Words::with_capacity(0);
            let mut start = 0;
            for word in &words {
                *expected.entry(word.as_bytes()).or_default() += 1;
                *table.entry(text.as_bytes(), start, start + word.len()) += 1;
                start += word.len();
            }
            prop_assert_eq!(table.len(), expected.len());
            let mut seen = BTreeMap::new();
            table.for_each(|word, count| assert!(seen.insert(word.to_vec(), count).is_none()));
            for (word, count) in expected {
                prop_assert_eq!(seen[word], count);
                prop_assert_eq!(table.get(word, 0, word.len()), Some(&count));
            }
            prop_assert_eq!(table.get(b"never seen", 0, 10), None);
        }
    }
}
