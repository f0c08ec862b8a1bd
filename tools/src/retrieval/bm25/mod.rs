//! BM25 as a library: index tokenised documents once, search them many times.
//!
//! ```
//! use roundtable_tools::retrieval::bm25::{Index, Parameters};
//!
//! let documents = [vec!["the", "cat", "sat"], vec!["the", "dog", "sat"], vec!["cats", "and", "dogs"]];
//! let index = Index::new(&documents, Parameters::default())?;
//! let best = index.search(&["dog", "sat"], 2);
//! assert_eq!(best.iter().map(|hit| hit.document).collect::<Vec<_>>(), [1, 0]);
//! # Ok::<(), roundtable_tools::Error>(())
//! ```
//!
//! The contribution of a term to a document does not depend on the query, so the index holds it ready (an "impact"):
//! searching is adding. `search.rs` says how most additions are left out.
//!
//! References: S. Robertson, H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", Foundations and
//! Trends in Information Retrieval 3(4), 2009; the variants as in C. Kamphuis et al., "Which BM25 do you mean?", ECIR
//! 2020; X. H. Lù, "BM25S", arXiv 2407.03618, 2024, for the impacts.

mod search;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use search::{Hit, Searcher};

use crate::{error::Error, text::words::Words, value::Fraction};

/// Which formula. With `N` documents, `n` of them with the term, `f` occurrences in the document and `K = k1 · (1 - b +
/// b · length / mean length)`:
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Variant {
    /// `ln(1 + (N - n + 0.5) / (n + 0.5)) · f / (f + K)`, as Lucene.
    #[default]
    Lucene,
    /// `max(0, ln((N - n + 0.5) / (n + 0.5))) · f / (f + K)`, the original.
    Robertson,
    /// `ln(N / n) · f (k1 + 1) / (f + K)`.
    Atire,
    /// `ln((N + 1) / n) · (delta + f (k1 + 1) / (f + K))`: long documents are not overly penalised.
    #[serde(rename = "bm25+")]
    Bm25Plus,
    /// `ln((N + 1) / (n + 0.5)) · (k1 + 1) (c + delta) / (k1 + c + delta)` with `c = f k1 / K`.
    Bm25l,
    /// `ln((N - n + 0.5) / (n + 0.5)) · f (k1 + 1) / (f + K)`; a negative logarithm is replaced by `epsilon` times the
    /// mean of all.
    OkapiEpsilon,
}

/// The formula and its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Which formula.
    pub variant: Variant,
    /// How slowly more occurrences of a term stop to count, 0 or more.
    pub k1: f64,
    /// How much the length of a document counts.
    pub b: Fraction,
    /// What every occurrence of a term adds at least in `bm25+` and `bm25l`; 1 and 0.5 when not given.
    pub delta: Option<f64>,
    /// The floor of `okapi_epsilon`, as a share of the mean.
    pub epsilon: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        let b = const { Fraction::of(0.75) };
        Parameters { variant: Variant::Lucene, k1: 1.5, b, delta: None, epsilon: 0.25 }
    }
}

impl Parameters {
    /// How rare a term is; before the floor of `okapi_epsilon`.
    fn rarity(&self, documents: f64, with: f64) -> f64 {
        match self.variant {
            Variant::Lucene => (1.0 + (documents - with + 0.5) / (with + 0.5)).ln(),
            Variant::Robertson => ((documents - with + 0.5) / (with + 0.5)).ln().max(0.0),
            Variant::Atire => (documents / with).ln(),
            Variant::Bm25Plus => ((documents + 1.0) / with).ln(),
            Variant::Bm25l => ((documents + 1.0) / (with + 0.5)).ln(),
            Variant::OkapiEpsilon => (documents - with + 0.5).ln() - (with + 0.5).ln(),
        }
    }

    /// What `count` occurrences in a document say; `relative` is its length over the mean.
    fn saturation(&self, count: f64, relative: f64) -> f64 {
        let b = self.b.get();
        let length = 1.0 - b + b * relative;
        let simple = count / (count + self.k1 * length);
        match self.variant {
            Variant::Lucene | Variant::Robertson => simple,
            Variant::Atire | Variant::OkapiEpsilon => simple * (self.k1 + 1.0),
            Variant::Bm25Plus => self.delta.unwrap_or(1.0) + simple * (self.k1 + 1.0),
            Variant::Bm25l => {
                let c = count / length + self.delta.unwrap_or(0.5);
                (self.k1 + 1.0) * c / (self.k1 + c)
            }
        }
    }
}

/// The most documents, and the most terms in all of them, so that places fit 32 bits.
const LIMIT: usize = u32::MAX as usize >> 1;

/// Documents ready to be searched.
#[derive(Debug, Clone)]
pub struct Index {
    terms: Words<Term>,
    /// Where each term's postings begin, and where the last ends. Term 0 is no term.
    starts: Vec<u32>,
    /// By posting: the document, from small to large within a term, and the impact.
    documents: Vec<u32>,
    impacts: Vec<f64>,
    /// The largest impact of each term, or 0.
    highest: Vec<f64>,
    /// Whether some impact is negative, so that documents without any term come before it.
    negative: bool,
    /// How many documents there are.
    count: usize,
    skips: search::Skips,
}

/// A term while documents are read.
#[derive(Debug, Clone, Copy, Default)]
struct Term {
    /// Its number, from 1; 0 is one that was not seen before.
    number: u32,
    /// How many documents have it.
    with: u32,
    /// The last document that has it, from 1, and where that one's occurrences are.
    document: u32,
    at: u32,
}

/// A term within one document.
struct Occurrences {
    term: u32,
    count: u32,
}

/// A known term of a query, and how often the query has it.
struct QueryTerm {
    term: usize,
    times: f64,
}

impl Index {
    /// Indexes documents that are lists of terms.
    ///
    /// Cost: O(terms): one look-up each, and a counting sort of the distinct ones of each document.
    ///
    /// # Errors
    /// `invalid_arguments` if there are no documents or `k1`, `delta` or `epsilon` is negative or no number,
    /// `too_large` beyond 2³¹ documents or terms.
    pub fn new<D: AsRef<[T]>, T: AsRef<str>>(documents: &[D], parameters: Parameters) -> Result<Self, Error> {
        let lengths: Vec<usize> = documents.iter().map(|document| document.as_ref().len()).collect();
        let all = lengths.iter().sum();
        check(documents.len(), all, &parameters)?;
        let mut terms: Words<Term> = Words::with_capacity(all.min(1 << 16));
        let mut found: Vec<Occurrences> = Vec::with_capacity(all);
        let mut ends = Vec::with_capacity(documents.len());
        for (document, number) in documents.iter().zip(1..) {
            for term in document.as_ref() {
                let bytes = term.as_ref().as_bytes();
                let known = terms.len() as u32;
                let term = terms.entry(bytes, 0, bytes.len());
                if term.document == number {
                    found[term.at as usize].count += 1;
                    continue;
                }
                if term.number == 0 {
                    term.number = known + 1;
                }
                (term.document, term.at, term.with) = (number, found.len() as u32, term.with + 1);
                found.push(Occurrences { term: term.number, count: 1 });
            }
            ends.push(found.len());
        }
        let mut with = vec![0; terms.len() + 1];
        terms.for_each(|_, term| with[term.number as usize] = term.with);
        let rarities = rarities(&with, documents.len(), &parameters);
        let mut index = Index {
            terms,
            starts: Vec::new(),
            documents: vec![0; found.len()],
            impacts: vec![0.0; found.len()],
            highest: Vec::new(),
            negative: rarities.iter().any(|rarity| *rarity < 0.0),
            count: documents.len(),
            skips: search::Skips::default(),
        };
        index.post(&found, &ends, &with, &lengths, &rarities, &parameters);
        let highest = |term| index.impacts[index.postings(term)].iter().copied().fold(0.0, f64::max);
        index.highest = (0..with.len()).map(highest).collect();
        index.skips = search::Skips::new(&index);
        Ok(index)
    }

    /// Sorts the occurrences by term, which are sorted by document already: a counting sort.
    fn post(
        &mut self,
        found: &[Occurrences],
        ends: &[usize],
        with: &[u32],
        lengths: &[usize],
        rarities: &[f64],
        parameters: &Parameters,
    ) {
        let mut end = 0;
        let starts = with.iter().map(|with| {
            let start = end;
            end += with;
            start
        });
        let mut next: Vec<u32> = starts.collect();
        self.starts = next.clone();
        self.starts.push(end);
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
        let mut from = 0;
        for ((&to, &length), document) in ends.iter().zip(lengths).zip(0..) {
            let relative = length as f64 / mean;
            // Most terms occur once in a document.
            let once = parameters.saturation(1.0, relative);
            for Occurrences { term, count } in &found[from..to] {
                let saturation = if *count == 1 { once } else { parameters.saturation(f64::from(*count), relative) };
                let place = &mut next[*term as usize];
                self.documents[*place as usize] = document;
                self.impacts[*place as usize] = rarities[*term as usize] * saturation;
                *place += 1;
            }
            from = to;
        }
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none; an index has at least one.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The score of every document. A term that the query repeats counts as often.
    pub fn scores<T: AsRef<str>>(&self, query: &[T]) -> Vec<f64> {
        let mut scores = vec![0.0; self.count];
        for QueryTerm { term, times } in self.query(query) {
            let postings = self.postings(term);
            for (document, impact) in self.documents[postings.clone()].iter().zip(&self.impacts[postings]) {
                scores[*document as usize] += times * impact;
            }
        }
        scores
    }

    /// The `k` best documents, or all if there are fewer: those with higher scores first, of equal ones those with
    /// smaller numbers. For many queries one [`Searcher`] is faster.
    pub fn search<T: AsRef<str>>(&self, query: &[T], k: usize) -> Vec<Hit> {
        self.searcher().search(query, k)
    }

    /// Something to search with again and again.
    pub fn searcher(&self) -> Searcher<'_> {
        Searcher::new(self)
    }

    /// The known terms of a query, those that can add most first.
    fn query<T: AsRef<str>>(&self, query: &[T]) -> Vec<QueryTerm> {
        let words = query.iter().map(|word| word.as_ref().as_bytes());
        let known = words.filter_map(|word| self.terms.get(word, 0, word.len()));
        let mut numbers: Vec<usize> = known.map(|term| term.number as usize).collect();
        numbers.sort_unstable();
        let repeated = numbers.chunk_by(|a, b| a == b);
        let mut terms: Vec<QueryTerm> =
            repeated.map(|same| QueryTerm { term: same[0], times: same.len() as f64 }).collect();
        let most = |term: &QueryTerm| term.times * self.highest[term.term];
        terms.sort_by(|a, b| most(b).total_cmp(&most(a)).then(a.term.cmp(&b.term)));
        terms
    }

    /// Where a term's postings are.
    fn postings(&self, term: usize) -> std::ops::Range<usize> {
        self.starts[term] as usize..self.starts[term + 1] as usize
    }
}

fn check(documents: usize, terms: usize, parameters: &Parameters) -> Result<(), Error> {
    if documents == 0 {
        return Err(Error::invalid("/corpus", "there are no documents").with_hint("give at least one"));
    }
    if documents.max(terms) > LIMIT {
        let message = format!("there are {documents} documents with {terms} terms, the limit is {LIMIT}");
        return Err(Error::too_large("/corpus", message));
    }
    let constants =
        [("/k1", parameters.k1), ("/delta", parameters.delta.unwrap_or(0.0)), ("/epsilon", parameters.epsilon)];
    for (path, value) in constants {
        if !(0.0..=1e6).contains(&value) {
            return Err(Error::invalid(path, format!("`{}` is {value}, but must be from 0 to 1000000", &path[1..])));
        }
    }
    Ok(())
}

/// How rare each term is; place 0 is no term.
fn rarities(with: &[u32], documents: usize, parameters: &Parameters) -> Vec<f64> {
    let mut rarities: Vec<f64> =
        with.iter().map(|with| parameters.rarity(documents as f64, f64::from(*with).max(1.0))).collect();
    if parameters.variant == Variant::OkapiEpsilon && rarities.len() > 1 {
        let mean = rarities[1..].iter().sum::<f64>() / (rarities.len() - 1) as f64;
        rarities.iter_mut().filter(|rarity| **rarity < 0.0).for_each(|rarity| *rarity = parameters.epsilon * mean);
    }
    rarities
}

/// A document or a query as an argument: a list of terms, or a text that is cut into lowercase words.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Terms {
    /// Terms as they are.
    List(Vec<String>),
    /// A text.
    Text(String),
}

impl Terms {
    /// The terms.
    pub(crate) fn list(&self) -> Vec<String> {
        match self {
            Terms::List(terms) => terms.clone(),
            Terms::Text(text) => crate::text::classes::words(&text.to_lowercase()).map(str::to_owned).collect(),
        }
    }
}
