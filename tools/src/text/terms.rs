//! From texts to weights of words: counting n-grams and the TF-IDF weights that several tools begin with.

use std::collections::{BTreeMap, HashMap};

use super::classes;
use crate::error::Error;

/// The most text, in bytes.
const LIMIT: usize = 16 << 20;

/// Rows of (column, value), columns rising.
pub(crate) type Sparse = Vec<Vec<(usize, f64)>>;

/// Which n-grams are terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grams {
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) lowercase: bool,
}

impl Grams {
    /// Single words in lowercase.
    pub(crate) const WORDS: Grams = Grams { least: 1, most: 1, lowercase: true };

    /// The terms of a text: runs of `least` to `most` words of at least two characters, joined by a space.
    pub(crate) fn of(self, text: &str) -> Vec<String> {
        let lower;
        let text = if self.lowercase {
            lower = text.to_lowercase();
            &lower
        } else {
            text
        };
        let words: Vec<&str> = classes::words(text).filter(|word| word.chars().nth(1).is_some()).collect();
        (self.least..=self.most.min(words.len())).flat_map(|n| words.windows(n).map(|gram| gram.join(" "))).collect()
    }
}

/// Texts as counts of terms.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    /// The terms in the order of their characters; the place of each is its column.
    pub(crate) vocabulary: Vec<String>,
    pub(crate) rows: Sparse,
}

impl Counts {
    /// Counts the terms of texts; those in fewer than `min_documents` are left out.
    ///
    /// # Errors
    /// `too_large` beyond 16 MiB of text, `undefined` if no term is left.
    pub(crate) fn new(documents: &[String], grams: Grams, min_documents: usize) -> Result<Self, Error> {
        let bytes: usize = documents.iter().map(String::len).sum();
        if bytes.saturating_mul(grams.most) > LIMIT {
            let message = format!("{bytes} bytes of text in runs of up to {} words, the limit is {LIMIT}", grams.most);
            return Err(Error::too_large("/documents", message));
        }
        let terms: Vec<Vec<String>> = documents.iter().map(|text| grams.of(text)).collect();
        let mut with: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (row, terms) in terms.iter().enumerate() {
            for term in terms {
                // How many documents have it, and the last of them from 1.
                let (count, last) = with.entry(term).or_default();
                if *last != row + 1 {
                    (*count, *last) = (*count + 1, row + 1);
                }
            }
        }
        let kept = with.into_iter().filter(|(_, (count, _))| *count >= min_documents);
        let vocabulary: Vec<String> = kept.map(|(term, _)| term.to_owned()).collect();
        if vocabulary.is_empty() {
            return Err(Error::undefined("/documents", "there is no word of at least two characters to count")
                .with_hint("give texts with words, and not too large a `min_df`"));
        }
        let columns: HashMap<&str, usize> =
            vocabulary.iter().enumerate().map(|(column, term)| (term.as_str(), column)).collect();
        let rows = terms.iter().map(|terms| count(terms, &columns)).collect();
        Ok(Counts { rows, vocabulary })
    }

    /// The counts of other texts; terms that are not in the vocabulary are left out.
    pub(crate) fn of(&self, documents: &[String], grams: Grams) -> Sparse {
        let columns: HashMap<&str, usize> =
            self.vocabulary.iter().enumerate().map(|(column, term)| (term.as_str(), column)).collect();
        documents.iter().map(|text| count(&grams.of(text), &columns)).collect()
    }

    /// The inverse document frequencies: `ln((1 + n) / (1 + df)) + 1` if smooth, else `ln(n / df) + 1`.
    pub(crate) fn rarities(&self, smooth: bool) -> Vec<f64> {
        let mut with = vec![0.0_f64; self.vocabulary.len()];
        self.rows.iter().flatten().for_each(|(column, _)| with[*column] += 1.0);
        let n = self.rows.len() as f64;
        let one = if smooth { 1.0 } else { 0.0 };
        with.into_iter().map(|df| ((n + one) / (df + one)).ln() + 1.0).collect()
    }
}

fn count(terms: &[String], columns: &HashMap<&str, usize>) -> Vec<(usize, f64)> {
    let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
    for column in terms.iter().filter_map(|term| columns.get(term.as_str())) {
        *counts.entry(*column).or_default() += 1.0;
    }
    counts.into_iter().collect()
}

/// Every row divided by its Euclidean length; a row of zeros stays.
pub(crate) fn unit_rows(rows: &mut Sparse) {
    for row in rows {
        let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|(_, value)| *value /= length);
        }
    }
}

/// The usual weights: counts times smooth inverse document frequencies, rows of length one.
pub(crate) fn tfidf(counts: &Counts) -> Sparse {
    let rarities = counts.rarities(true);
    let mut rows = counts.rows.clone();
    rows.iter_mut().flatten().for_each(|(column, value)| *value *= rarities[*column]);
    unit_rows(&mut rows);
    rows
}
