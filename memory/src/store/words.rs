//! Words as search sees them, and BM25 over them in RAM.
//!
//! Both stores cut text with the same settings: lower case, accents folded, English stop words dropped, stems instead of
//! words. The score is Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with k₁ = 1.2
//! and b = 0.75, the values that LanceDB's index has built in.

use std::collections::{BTreeMap, HashMap};

use lancedb::index::scalar::FtsIndexBuilder;

use crate::search::{Scored, best};

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The settings of the full-text index.
pub fn settings() -> FtsIndexBuilder {
    FtsIndexBuilder::default()
        .with_position(false)
        .lower_case(true)
        .stem(true)
        .remove_stop_words(true)
        .ascii_folding(true)
        .max_token_length(Some(64))
}

/// The stems of `text`, in order, stop words left out.
pub fn stems(text: &str) -> Vec<String> {
    // The settings name only what is built in, so the tokenizer can always be made.
    let tokens =
        lancedb::table::tokenize(text, &settings()).expect("the built-in tokenizer needs nothing from outside");
    tokens.into_iter().map(|token| token.text).collect()
}

/// An inverted index in RAM.
#[derive(Clone, Debug, Default)]
pub struct Bm25 {
    lengths: BTreeMap<String, u32>,
    postings: HashMap<String, BTreeMap<String, u32>>,
    terms_of: HashMap<String, Vec<String>>,
    total_length: u64,
}

impl Bm25 {
    /// Indexes `text` under `id`, in place of what was there.
    pub fn put(&mut self, id: &str, text: &str) {
        self.remove(id);
        let stems = stems(text);
        self.total_length += stems.len() as u64;
        self.lengths.insert(id.to_owned(), stems.len() as u32);
        let mut distinct = stems.clone();
        for stem in stems {
            *self.postings.entry(stem).or_default().entry(id.to_owned()).or_default() += 1;
        }
        distinct.sort_unstable();
        distinct.dedup();
        self.terms_of.insert(id.to_owned(), distinct);
    }

    /// Takes `id` out.
    pub fn remove(&mut self, id: &str) {
        let Some(length) = self.lengths.remove(id) else { return };
        self.total_length -= u64::from(length);
        for term in self.terms_of.remove(id).unwrap_or_default() {
            if let Some(list) = self.postings.get_mut(&term) {
                list.remove(id);
                if list.is_empty() {
                    self.postings.remove(&term);
                }
            }
        }
    }

    /// The `n` best for `query`; a word that the query repeats counts once.
    pub fn search(&self, query: &str, n: usize) -> Vec<Scored> {
        let mut terms = stems(query);
        terms.sort_unstable();
        terms.dedup();
        let count = self.lengths.len() as f32;
        let mean_length = self.total_length as f32 / count.max(1.0);
        let mut scores: BTreeMap<&str, f32> = BTreeMap::new();
        for list in terms.iter().filter_map(|term| self.postings.get(term)) {
            let holders = list.len() as f32;
            let rarity = ((count - holders + 0.5) / (holders + 0.5) + 1.0).ln();
            for (id, &frequency) in list {
                let frequency = frequency as f32;
                let length = self.lengths[id] as f32 / mean_length;
                *scores.entry(id).or_default() +=
                    rarity * frequency * (K1 + 1.0) / (frequency + K1 * (1.0 - B + B * length));
            }
        }
        best(scores.into_iter().map(|(id, score)| Scored { id: id.to_owned(), score }).collect(), n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_drop_endings_accents_and_stop_words() {
        assert_eq!(stems("The Cafés were running"), ["cafe", "run"]);
        assert!(stems("of the and").is_empty());
    }

    #[test]
    fn rare_words_and_short_texts_score_higher() {
        let mut index = Bm25::default();
        index.put("a", "wing flutter");
        index.put("b", "wing drag and many other things about drag wings");
        index.put("c", "heat transfer");
        let ids = |query: &str| -> Vec<String> { index.search(query, 9).into_iter().map(|s| s.id).collect() };
        assert_eq!(ids("wing"), ["a", "b"]);
        assert_eq!(ids("wings flutter"), ["a", "b"]);
        assert_eq!(ids("the"), Vec::<String>::new());
        // By hand: three texts, "heat" in one of them once, length 2 against a mean of (2 + 7 + 2) / 3 stems.
        let length = index.lengths["c"] as f32 / (index.total_length as f32 / 3.0);
        let expected = (2.5_f32 / 1.5 + 1.0).ln() * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * length));
        assert!((index.search("heat", 1)[0].score - expected).abs() < 1e-6);
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let mut index = Bm25::default();
        index.put("a", "wing");
        index.put("a", "drag");
        assert!(index.search("wing", 9).is_empty() && index.search("drag", 9).len() == 1);
        index.remove("a");
        assert!(index.search("drag", 9).is_empty() && index.postings.is_empty());
    }
}
