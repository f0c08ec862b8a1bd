//! Learning merges. The plain way counts all pairs anew for every merge; this one touches only the places where the
//! merge happens:
//!
//! * all words lie in one row of cells, one a smallest token; a token that spans several cells is written into its first
//!   and its last, so that both neighbours of a token are one step away (the boundary tags of Knuth's memory allocator,
//!   *The Art of Computer Programming* 1, §2.5);
//! * every pair knows its count and the places where it may stand, which are checked when they are used: all at once and
//!   without a branch, so that the processor waits for many cells at the same time;
//! * one merge changes the pair counts of each neighbour once, however often that neighbour occurs;
//! * the most frequent pair comes from a heap whose entries may be out of date: counts only fall, so an entry that is
//!   taken out with an old count goes back with the new one. Pairs too rare to be next stay outside the heap.
//!
//! Cost: O(symbols of the distinct words + places touched + pairs · log pairs).
//! References: R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with subword units", ACL
//! 2016, algorithm 1; the ties are those of Hugging Face's `BpeTrainer`.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{Merge, NONE, Pairs};

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The most tokens, the alphabet included.
    pub vocabulary: usize,
    /// The most merges.
    pub merges: usize,
    /// A pair that occurs less often is not merged; 0 is as 1.
    pub min_frequency: u64,
}

impl Goal {
    /// A vocabulary of a size, the alphabet included.
    pub fn vocabulary(size: usize) -> Self {
        Goal { vocabulary: size, merges: usize::MAX, min_frequency: 1 }
    }

    /// A number of merges.
    pub fn merges(count: usize) -> Self {
        Goal { vocabulary: usize::MAX, merges: count, min_frequency: 1 }
    }
}

/// What a cell before, between and after words holds.
const BORDER: u32 = NONE;
/// What a cell in the middle of a token holds, where another began.
const INSIDE: u32 = NONE - 1;
/// Alphabets up to this size have a table of all pairs while these are counted.
const SMALL: usize = 512;

/// Where a pair may stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: u32,
    word: u32,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    left: u32,
    right: u32,
    count: u64,
    /// Where its places are in `places`.
    start: usize,
    length: usize,
}

/// A pair in the heap: the largest count first, then the smallest ids.
type Entry = (u64, Reverse<(u32, u32)>, u32);

pub(crate) struct Learner {
    /// The tokens of the words, each in its first and its last cell.
    cells: Vec<u32>,
    /// How many cells each token spans.
    spans: Vec<u32>,
    /// How often each word occurs.
    weights: Vec<u64>,
    pairs: Vec<Pair>,
    numbers: Pairs<u32>,
    places: Vec<Place>,
    /// Those of a pair that still hold.
    standing: Vec<Place>,
    /// The entries of the heap had at least this count.
    least: u64,
    heap: BinaryHeap<Entry>,
}

/// What one merge does to the neighbours on one side.
#[derive(Default)]
struct Side {
    /// By token: how often it is the neighbour, and in how many places.
    tally: Vec<(u64, usize)>,
    neighbours: Vec<u32>,
    places: Vec<(u32, Place)>,
}

impl Side {
    #[inline]
    fn note(&mut self, neighbour: u32, weight: u64, place: Place) {
        let tally = &mut self.tally[neighbour as usize];
        if tally.1 == 0 {
            self.neighbours.push(neighbour);
        }
        *tally = (tally.0 + weight, tally.1 + 1);
        self.places.push((neighbour, place));
    }
}

impl Learner {
    pub(crate) fn new() -> Self {
        Learner {
            cells: vec![BORDER],
            spans: Vec::new(),
            weights: Vec::new(),
            pairs: Vec::new(),
            numbers: Pairs::with_capacity(1 << 14),
            places: Vec::new(),
            standing: Vec::new(),
            least: u64::MAX,
            heap: BinaryHeap::new(),
        }
    }

    /// Adds a word by its smallest tokens. Words beyond four thousand million symbols are left out.
    pub(crate) fn add(&mut self, symbols: &[u32], weight: u64) {
        if symbols.len() < 2 || self.cells.len() + symbols.len() >= INSIDE as usize {
            return;
        }
        self.cells.extend_from_slice(symbols);
        self.cells.push(BORDER);
        self.weights.push(weight);
    }

    /// Merges until the goal is reached or no pair is left; gives all tokens and the merges.
    pub(crate) fn learn(mut self, mut tokens: Vec<String>, goal: Goal) -> (Vec<String>, Vec<Merge>) {
        let floor = goal.min_frequency.max(1);
        let mut ids: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
        let (mut left, mut right) = (Side::default(), Side::default());
        let mut merges = Vec::new();
        self.spans = vec![1; tokens.len()];
        self.count_pairs();
        while tokens.len() < goal.vocabulary && merges.len() < goal.merges {
            let Some(best) = self.most_frequent(floor) else { break };
            let Pair { left: a, right: b, .. } = self.pairs[best];
            // Two ways to the same token share its id.
            let token = format!("{}{}", tokens[a as usize], tokens[b as usize]);
            let result = *ids.entry(token).or_insert_with_key(|token| {
                tokens.push(token.clone());
                tokens.len() as u32 - 1
            });
            merges.push(Merge { left: a, right: b, result });
            self.spans.resize(tokens.len(), self.spans[a as usize] + self.spans[b as usize]);
            left.tally.resize(tokens.len(), (0, 0));
            right.tally.resize(tokens.len(), (0, 0));
            self.merge(best, result, &mut left, &mut right);
        }
        (tokens, merges)
    }

    /// Finds all pairs: first how many places each has, then the places.
    fn count_pairs(&mut self) {
        let alphabet = self.spans.len();
        let mut table = if alphabet <= SMALL { vec![NONE; alphabet * alphabet] } else { Vec::new() };
        let mut numbered = Vec::with_capacity(self.cells.len());
        let mut word = 0;
        for at in 0..self.cells.len().saturating_sub(1) {
            let (left, right) = (self.cells[at], self.cells[at + 1]);
            if left != BORDER && right != BORDER {
                let number = match table.get_mut(left as usize * alphabet + right as usize) {
                    Some(&mut number) if number != NONE => number as usize,
                    Some(place) => {
                        *place = self.pairs.len() as u32;
                        self.number(left, right)
                    }
                    None => self.number(left, right),
                };
                self.pairs[number].count += self.weights[word];
                self.pairs[number].length += 1;
                numbered.push((number as u32, Place { at: at as u32, word: word as u32 }));
            } else if left != BORDER {
                word += 1;
            }
        }
        let mut end = 0;
        for pair in &mut self.pairs {
            pair.start = end;
            end += pair.length;
            pair.length = 0;
        }
        self.places = vec![Place::default(); end];
        for (number, place) in numbered {
            let pair = &mut self.pairs[number as usize];
            self.places[pair.start + pair.length] = place;
            pair.length += 1;
        }
    }

    /// The number of a pair, which is new if need be.
    #[inline]
    fn number(&mut self, left: u32, right: u32) -> usize {
        let number = self.numbers.get_or_insert(left, right, self.pairs.len() as u32) as usize;
        if number == self.pairs.len() {
            self.pairs.push(Pair { left, right, count: 0, start: 0, length: 0 });
        }
        number
    }

    fn most_frequent(&mut self, floor: u64) -> Option<usize> {
        loop {
            while let Some((count, ids, number)) = self.heap.pop() {
                let now = self.pairs[number as usize].count;
                if now == count {
                    return Some(number as usize);
                }
                if now >= self.least {
                    self.heap.push((now, ids, number));
                }
            }
            // All that is left is rarer than what the heap took.
            let most = self.pairs.iter().map(|pair| pair.count).max().filter(|most| *most >= floor)?;
            self.least = (most / 8).max(floor);
            for number in 0..self.pairs.len() {
                self.offer(number);
            }
        }
    }

    #[inline]
    fn offer(&mut self, number: usize) {
        let Pair { left, right, count, .. } = self.pairs[number];
        if count >= self.least {
            self.heap.push((count, Reverse((left, right)), number as u32));
        }
    }

    /// Makes one token of a pair wherever it stands. Of overlapping places the first counts: `aaa` becomes `aa a`.
    fn merge(&mut self, best: usize, result: u32, before: &mut Side, after: &mut Side) {
        let Pair { left: a, right: b, start, length, .. } = self.pairs[best];
        let (span_a, span) = (self.spans[a as usize] as usize, self.spans[result as usize] as usize);
        self.standing.resize(length, Place::default());
        let mut count = 0;
        for place in &self.places[start..start + length] {
            let at = place.at as usize;
            self.standing[count] = *place;
            // The last place is checked with care, because nothing may lie behind it.
            let second = self.cells.get(at + span_a).copied().unwrap_or(BORDER);
            count += usize::from((self.cells[at] == a) & (second == b));
        }
        for place in &self.standing[..count] {
            let first = place.at as usize;
            // Of places that overlap, the one before may just have taken this one's cells.
            if self.cells[first] != a || self.cells[first + span_a] != b {
                continue;
            }
            let next = first + span;
            let (x, y) = (self.cells[first - 1], self.cells[next]);
            let weight = self.weights[place.word as usize];
            if x != BORDER {
                let at = first as u32 - self.spans[x as usize];
                before.note(x, weight, Place { at, word: place.word });
            }
            if y != BORDER {
                after.note(y, weight, *place);
            }
            self.cells[first + span_a] = INSIDE;
            self.cells[first] = result;
            self.cells[next - 1] = result;
        }
        let first_new = self.pairs.len();
        self.attach(before, |neighbour| (neighbour, result));
        self.attach(after, |neighbour| (result, neighbour));
        self.detach(before, |neighbour| (neighbour, a));
        self.detach(after, |neighbour| (b, neighbour));
        // Its own places, which the neighbours' may overlap, are all used up.
        self.pairs[best].count = 0;
        for number in first_new..self.pairs.len() {
            self.offer(number);
        }
    }

    /// Adds the pairs that the neighbours make with the new token.
    fn attach(&mut self, side: &mut Side, with: impl Fn(u32) -> (u32, u32)) {
        let mut end = self.places.len();
        self.places.resize(end + side.places.len(), Place::default());
        for &neighbour in &side.neighbours {
            let (left, right) = with(neighbour);
            let number = self.number(left, right);
            let (weight, places) = side.tally[neighbour as usize];
            let pair = &mut self.pairs[number];
            pair.count += weight;
            if pair.length > 0 {
                // The token was there before, made of other parts: bring the places of both together.
                let (start, length) = (pair.start, pair.length);
                let mut all: Vec<Place> = self.places[start..start + length].to_vec();
                all.extend(side.places.iter().filter(|(other, _)| *other == neighbour).map(|(_, place)| *place));
                all.sort_unstable();
                let pair = &mut self.pairs[number];
                (pair.start, pair.length) = (self.places.len(), all.len());
                self.places.extend(all);
                self.offer(number);
            } else {
                (pair.start, pair.length) = (end, places);
            }
            side.tally[neighbour as usize].1 = end;
            end += places;
        }
        for &(neighbour, place) in &side.places {
            let next = &mut side.tally[neighbour as usize].1;
            self.places[*next] = place;
            *next += 1;
        }
        side.places.clear();
    }

    /// Takes away the pairs that the neighbours made with the old token, and clears the side.
    fn detach(&mut self, side: &mut Side, with: impl Fn(u32) -> (u32, u32)) {
        for neighbour in side.neighbours.drain(..) {
            let (left, right) = with(neighbour);
            if let Some(number) = self.numbers.get(left, right) {
                let pair = &mut self.pairs[number as usize];
                pair.count = pair.count.saturating_sub(side.tally[neighbour as usize].0);
            }
            side.tally[neighbour as usize] = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The algorithm as it is written in the paper: count, take the most frequent, merge, again.
    fn plain(words: &[(Vec<u32>, u64)], mut tokens: Vec<String>, goal: Goal) -> (Vec<String>, Vec<Merge>) {
        let mut words = words.to_vec();
        let mut merges = Vec::new();
        while tokens.len() < goal.vocabulary && merges.len() < goal.merges {
            let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
            for (word, weight) in &words {
                for pair in word.windows(2) {
                    *counts.entry((pair[0], pair[1])).or_default() += weight;
                }
            }
            // Pairs that overlap themselves are counted as the fast version counts them: by place.
            let best = counts.into_iter().max_by_key(|(pair, count)| (*count, Reverse(*pair)));
            let Some(((left, right), count)) = best else { break };
            if count < goal.min_frequency.max(1) {
                break;
            }
            let token = format!("{}{}", tokens[left as usize], tokens[right as usize]);
            let known = tokens.iter().position(|other| *other == token);
            let result = known.unwrap_or_else(|| {
                tokens.push(token);
                tokens.len() - 1
            }) as u32;
            merges.push(Merge { left, right, result });
            for (word, _) in &mut words {
                let mut at = 0;
                while at + 1 < word.len() {
                    if (word[at], word[at + 1]) == (left, right) {
                        word.splice(at..at + 2, [result]);
                    }
                    at += 1;
                }
            }
        }
        (tokens, merges)
    }

    proptest! {
        /// Small alphabets make ties, overlaps and tokens that are made in two ways.
        #[test]
        fn agrees_with_the_plain_algorithm(
            words in prop::collection::vec((prop::collection::vec(0_u32..3, 1..12), 1_u64..4), 1..12),
            merges in 0_usize..40, min_frequency in 0_u64..4,
        ) {
            let goal = Goal { min_frequency, ..Goal::merges(merges) };
            let tokens: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
            let mut learner = Learner::new();
            words.iter().for_each(|(word, weight)| learner.add(word, *weight));
            prop_assert_eq!(learner.learn(tokens.clone(), goal), plain(&words, tokens, goal));
        }
    }
}
