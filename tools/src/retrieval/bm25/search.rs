//! Finding the best documents without adding up all postings.
//!
//! The terms of the query take turns, from the one that can add most to a score to the one that can add least. After
//! each, the `k`-th best sum so far is a lower bound of what the `k`-th best document will have in the end. As soon as
//! all terms that are left cannot lift a new document over that bound, no document comes in any more: those that can
//! still be among the best are candidates. With each term that is left, the bound rises and candidates go; as they get
//! few, they look their own impacts up, and the long lists of frequent terms are not walked at all. The result is exact,
//! in the last bit and with its ties, because every sum is taken in the same order.
//!
//! In a long list a document is found by the place where its 128 neighbours begin.
//!
//! Sources: H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", Information Processing & Management
//! 31(6), 1995 (term-at-a-time MaxScore); T. Strohman, H. Turtle, W. B. Croft, "Optimization strategies for complex
//! queries", SIGIR 2005.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use super::{Index, QueryTerm};

/// A document that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its number, from 0.
    pub document: usize,
    /// Its score.
    pub score: f64,
}

impl Eq for Hit {}

/// The better hit is the smaller one: higher score, then smaller number. The largest of a heap is the worst.
impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.document.cmp(&other.document))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Documents that are neighbours.
const NEIGHBOURS: usize = 128;
/// Terms in at least so many documents have a table of where neighbours begin.
const LONG: usize = 256;
/// Looking one impact up takes as long as adding so many postings.
const LOOK_UP: usize = 16;
/// Bounds are sums of rounded numbers.
const SLACK: f64 = 1.0 + 1e-9;

/// Where the neighbours begin in the postings of long lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Skips {
    /// By term: where its table begins in `starts`.
    tables: Vec<u32>,
    starts: Vec<u32>,
}

/// No table.
const SHORT: u32 = u32::MAX;

impl Skips {
    pub(super) fn new(index: &Index) -> Self {
        let groups = index.count.div_ceil(NEIGHBOURS);
        let terms = index.starts.len() - 1;
        let mut skips = Skips { tables: vec![SHORT; terms], starts: Vec::new() };
        // A table is worth its space where groups have some postings.
        let long = LONG.max(groups / 4);
        for term in 0..terms {
            let postings = index.postings(term);
            let Ok(table) = u32::try_from(skips.starts.len()) else { break };
            if postings.len() < long || table == SHORT {
                continue;
            }
            skips.tables[term] = table;
            let mut group = 0;
            for (place, document) in postings.clone().zip(&index.documents[postings.clone()]) {
                while group <= *document as usize / NEIGHBOURS {
                    skips.starts.push(place as u32);
                    group += 1;
                }
            }
            skips.starts.resize(table as usize + groups + 1, postings.end as u32);
        }
        skips
    }
}

impl Index {
    /// What a term adds to a document.
    fn impact(&self, term: usize, document: u32) -> Option<f64> {
        let postings = match self.skips.tables[term] {
            SHORT => self.postings(term),
            table => {
                let group = table as usize + document as usize / NEIGHBOURS;
                self.skips.starts[group] as usize..self.skips.starts[group + 1] as usize
            }
        };
        let documents = &self.documents[postings.clone()];
        let place = documents.partition_point(|other| *other < document);
        (documents.get(place) == Some(&document)).then(|| self.impacts[postings.start + place])
    }
}

/// Finds the `k`-th best of some sums.
struct Best {
    k: usize,
    /// No sum is negative, and such numbers are in the order of their bits.
    sums: BinaryHeap<Reverse<u64>>,
    /// So much the `k`-th best has at least.
    bound: f64,
}

impl Best {
    fn new(k: usize, bound: f64) -> Self {
        Best { k, sums: BinaryHeap::with_capacity(k + 1), bound }
    }

    #[inline]
    fn see(&mut self, sum: f64) {
        if sum > self.bound {
            self.push(sum);
        }
    }

    fn push(&mut self, sum: f64) {
        self.sums.push(Reverse(sum.to_bits()));
        if self.sums.len() > self.k {
            self.sums.pop();
        }
        if let Some(Reverse(least)) = self.sums.peek().filter(|_| self.sums.len() == self.k) {
            self.bound = f64::from_bits(*least);
        }
    }
}

/// Searches an index again and again, with memory that it keeps from query to query.
#[derive(Debug, Clone)]
pub struct Searcher<'i> {
    index: &'i Index,
    /// The sums of the documents, 0 between queries.
    sums: Vec<f64>,
    candidates: Vec<Candidate>,
}

/// A document that may be among the best, with its sum so far.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    document: u32,
    sum: f64,
}

impl<'i> Searcher<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Searcher { index, sums: vec![0.0; index.count], candidates: Vec::new() }
    }

    /// As [`Index::search`].
    pub fn search<T: AsRef<str>>(&mut self, query: &[T], k: usize) -> Vec<Hit> {
        let index = self.index;
        let k = k.min(index.count);
        if k == 0 {
            return Vec::new();
        }
        // Where nearly everything is asked for, or less than nothing counts, there is nothing to leave out.
        if index.negative || k > index.count / 8 + 16 {
            return self.all(query, k);
        }
        let terms = index.query(query);
        // The most that a term and all after it can add.
        let mut rest = vec![0.0; terms.len() + 1];
        for (at, term) in terms.iter().enumerate().rev() {
            rest[at] = rest[at + 1] + term.times * index.highest[term.term];
        }
        let (mut bound, mut added) = (0.0, 0);
        while added < terms.len() && rest[added] * SLACK >= bound {
            bound = self.add(&terms[added], k, bound);
            added += 1;
        }
        self.find_candidates(&terms[..added], bound / SLACK - rest[added]);
        for (term, rest) in terms[added..].iter().zip(&rest[added + 1..]) {
            self.refine(term);
            bound = self.bound(k, bound);
            let floor = bound / SLACK - rest;
            self.candidates.retain(|candidate| candidate.sum >= floor);
        }
        let mut best: BinaryHeap<Hit> = BinaryHeap::with_capacity(k + 1);
        for Candidate { document, sum } in &self.candidates {
            let hit = Hit { document: *document as usize, score: *sum };
            if best.len() < k || best.peek().is_some_and(|worst| hit < *worst) {
                best.push(hit);
                if best.len() > k {
                    best.pop();
                }
            }
        }
        // Documents without any term fill up.
        if best.len() < k { self.all(query, k) } else { best.into_sorted_vec() }
    }

    /// Adds a term's impacts. The `k`-th best of the sums that changed bounds the result from below.
    fn add(&mut self, term: &QueryTerm, k: usize, bound: f64) -> f64 {
        let postings = self.index.postings(term.term);
        let (documents, impacts) = (&self.index.documents[postings.clone()], &self.index.impacts[postings]);
        let mut best = Best::new(k, bound);
        for (document, impact) in documents.iter().zip(impacts) {
            let sum = &mut self.sums[*document as usize];
            *sum += term.times * impact;
            best.see(*sum);
        }
        best.bound
    }

    /// Collects the documents whose sum reaches a floor, and takes all sums back to 0.
    fn find_candidates(&mut self, added: &[QueryTerm], floor: f64) {
        self.candidates.clear();
        for term in added {
            for &document in &self.index.documents[self.index.postings(term.term)] {
                // The second time that a document comes by, its sum is 0.
                let sum = std::mem::take(&mut self.sums[document as usize]);
                if sum >= floor && sum > 0.0 {
                    self.candidates.push(Candidate { document, sum });
                }
            }
        }
    }

    /// Adds what a term says to the candidates, in the way that takes less time.
    fn refine(&mut self, term: &QueryTerm) {
        let index = self.index;
        let postings = index.postings(term.term);
        if self.candidates.len() * LOOK_UP < postings.len() {
            for candidate in &mut self.candidates {
                if let Some(impact) = index.impact(term.term, candidate.document) {
                    candidate.sum += term.times * impact;
                }
            }
            return;
        }
        self.candidates.iter().for_each(|candidate| self.sums[candidate.document as usize] = candidate.sum);
        for (document, impact) in index.documents[postings.clone()].iter().zip(&index.impacts[postings]) {
            let sum = &mut self.sums[*document as usize];
            // Of no candidate it is 0, and stays so.
            *sum += if *sum > 0.0 { term.times * impact } else { 0.0 };
        }
        for candidate in &mut self.candidates {
            candidate.sum = std::mem::take(&mut self.sums[candidate.document as usize]);
        }
    }

    /// The `k`-th best sum of the candidates, if that is more than was known.
    fn bound(&self, k: usize, bound: f64) -> f64 {
        let mut best = Best::new(k, bound);
        self.candidates.iter().for_each(|candidate| best.see(candidate.sum));
        best.bound
    }

    /// The plain way: all scores, then the best of them.
    fn all<T: AsRef<str>>(&self, query: &[T], k: usize) -> Vec<Hit> {
        let scores = self.index.scores(query).into_iter().enumerate();
        let mut hits: Vec<Hit> = scores.map(|(document, score)| Hit { document, score }).collect();
        if k < hits.len() {
            hits.select_nth_unstable(k - 1);
            hits.truncate(k);
        }
        hits.sort_unstable();
        hits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::Parameters, *};
    use crate::{random::Random, value::Seed};

    /// Leaving out and adding everything up give the same hits, bit by bit.
    #[test]
    fn agrees_with_the_plain_way() {
        let mut random = Random::new(Seed::from(3));
        let word = |random: &mut Random| format!("w{}", (200.0 * random.uniform().powi(3)) as usize);
        let documents: Vec<Vec<String>> =
            (0..3000).map(|_| (0..3 + random.below(20)).map(|_| word(&mut random)).collect()).collect();
        let index = Index::new(&documents, Parameters::default()).unwrap();
        // Lists with and without a table.
        assert!(index.skips.tables.iter().any(|table| *table != SHORT));
        assert!(index.skips.tables[1..].contains(&SHORT));
        let mut searcher = index.searcher();
        for _ in 0..300 {
            let query: Vec<String> = (0..1 + random.below(6)).map(|_| word(&mut random)).collect();
            let k = 1 + random.below(30);
            assert_eq!(searcher.search(&query, k), searcher.all(&query, k), "{query:?}");
        }
    }

    #[test]
    fn documents_without_any_term_fill_up() {
        let documents: Vec<Vec<&str>> = (0..500).map(|i| if i == 300 { vec!["x"] } else { vec!["y"] }).collect();
        let index = Index::new(&documents, Parameters::default()).unwrap();
        let found: Vec<usize> = index.search(&["x"], 3).iter().map(|hit| hit.document).collect();
        assert_eq!(found, [300, 0, 1]);
    }
}
