//! Words and what they mean in the field: a sentence becomes terms that two people would share.
//!
//! A person types "k-means", "cluster" or "which rows belong together"; a tool's description says "groups". Words are
//! stemmed lightly, and phrases of the field are folded into one concept each ([`CONCEPTS`]). The table knows more of the
//! field than any one catalogue: a concept that no tool has is how an unknown wish is told from a known one.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::vocabulary::{CONCEPTS, ENGLISH, STOP};

/// A word of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Lower case.
    pub text: String,
    /// Without the ending.
    pub stem: String,
}

/// What a sentence is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// A concept of the field.
    Concept(&'static str),
    /// The stem of any other word.
    Plain(String),
}

static STOP_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| STOP.iter().map(|word| stem(word)).collect());

/// Phrases by their first stem, longest first.
type Phrases = HashMap<String, Vec<(Vec<String>, &'static str)>>;

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut by_first: Phrases = HashMap::new();
    for (concept, phrases) in CONCEPTS {
        for phrase in *phrases {
            let stems = content(phrase);
            if let Some(first) = stems.first() {
                by_first.entry(first.clone()).or_default().push((stems, concept));
            }
        }
    }
    for phrases in by_first.values_mut() {
        phrases.sort_by_key(|(stems, _)| std::cmp::Reverse(stems.len()));
    }
    by_first
});

/// The words of a text, in order; numbers are words too.
pub fn words(text: &str) -> Vec<Word> {
    let lower = text.to_lowercase().replace(['’', '\''], "").replace('·', " dot ");
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| Word { text: word.to_owned(), stem: stem(word) })
        .collect()
}

/// A word without its usual endings. Both sides of every comparison go through here, so it need not be pretty.
pub fn stem(word: &str) -> String {
    let length = word.chars().count();
    if length <= 3 || !word.is_ascii() {
        return word.to_owned();
    }
    let mut stem = word.to_owned();
    for (british, instead) in [("isation", "ize"), ("ization", "ize"), ("ise", "ize"), ("our", "or")] {
        if stem.contains(british) {
            stem = stem.replace(british, instead);
        }
    }
    for (ending, instead) in
        [("ies", "y"), ("sses", "ss"), ("ces", "ce"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")]
    {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.len() >= 3
            && !(ending == "s" && (rest.ends_with('s') || rest.ends_with('u') || rest.ends_with('i')))
        {
            stem = format!("{rest}{instead}");
            break;
        }
    }
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !matches!(b, b's' | b'l' | b'e' | b'o')
        && bytes.len() > 3
    {
        stem.pop();
    }
    if stem.len() > 4 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

fn content(text: &str) -> Vec<String> {
    words(text)
        .into_iter()
        .map(|word| word.stem)
        // A single letter or a number says something only inside a phrase ("k means", "l2").
        .filter(|stem| matches!(stem.as_str(), "k" | "t" | "no") || !is_stop(stem))
        .collect()
}

/// Whether the stem says nothing about a wish.
pub fn is_stop(stem: &str) -> bool {
    STOP_STEMS.contains(stem)
}

/// What a text is about, each term once, in order.
pub fn terms(text: &str) -> Vec<Term> {
    let stems = content(text);
    let mut terms = Vec::new();
    let mut at = 0;
    while at < stems.len() {
        let phrase = PHRASES
            .get(&stems[at])
            .and_then(|phrases| phrases.iter().find(|(phrase, _)| stems[at..].starts_with(phrase)));
        let term = match phrase {
            Some((phrase, concept)) => {
                at += phrase.len();
                Some(Term::Concept(concept))
            }
            None => {
                let stem = &stems[at];
                at += 1;
                let meaningful = stem.chars().count() > 1 && !stem.starts_with(|c: char| c.is_ascii_digit());
                (meaningful && !is_stop(stem)).then(|| Term::Plain(stem.clone()))
            }
        };
        if let Some(term) = term
            && !terms.contains(&term)
        {
            terms.push(term);
        }
    }
    terms
}

/// The single words of the field, for putting typing errors right.
static FIELD_WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> = CONCEPTS
        .iter()
        .flat_map(|(_, phrases)| phrases.iter())
        .flat_map(|phrase| phrase.split(' '))
        .filter(|word| word.len() >= 5)
        .map(str::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
});

static FIELD_STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| FIELD_WORDS.iter().map(|word| stem(word)).collect());

/// The text with slips in words of the field put right ("cosin simlarity", "varience"). `known` are words that are right.
pub fn spelled(text: &str, known: &dyn Fn(&str) -> bool) -> String {
    let mut fixed = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| !c.is_alphabetic()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphabetic());
        let lower = word.to_lowercase();
        let slip = lower.len() >= 5 && lower.is_ascii() && !known(&stem(&lower)) && !ENGLISH.contains(&lower.as_str());
        match slip.then(|| nearest_field_word(&lower)).flatten() {
            Some(right) => {
                fixed.push_str(right);
                fixed.push_str(&piece[word.len()..]);
            }
            None => fixed.push_str(piece),
        }
    }
    fixed
}

fn nearest_field_word(word: &str) -> Option<&'static str> {
    let words: &'static [String] = &FIELD_WORDS;
    if FIELD_STEMS.contains(&stem(word)) {
        return None;
    }
    let allowed = if word.len() >= 8 { 2 } else { 1 };
    words
        .iter()
        .filter(|right| right.len().abs_diff(word.len()) <= allowed && right.as_bytes()[0] == word.as_bytes()[0])
        .map(|right| (edits(word.as_bytes(), right.as_bytes()), right))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, right)| right.as_str())
}

/// Damerau-Levenshtein distance (optimal string alignment).
fn edits(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Term]) {
        assert_eq!(terms(text), expected, "{text}");
    }

    #[test]
    fn phrases_of_the_field_become_one_concept() {
        use Term::{Concept, Plain};
        check("K-Means", &[Concept("k-means")]);
        check("kmeans, please!", &[Concept("k-means")]);
        check("clustering the customers", &[Concept("cluster"), Plain("customer".into())]);
        check("straight-line distance", &[Concept("euclidean")]);
        check("fit the line of best fit", &[Concept("regression")]);
        check("fit a straight line", &[Concept("regression")]);
        check("draw a straight line", &[Concept("draw"), Concept("straight line")]);
        check("standard deviations", &[Concept("variance")]);
        check("", &[]);
    }

    #[test]
    fn slips_are_put_right_and_other_words_left_alone() {
        let nothing_known = |_: &str| false;
        assert_eq!(spelled("cosine simlarity of [1]", &nothing_known), "cosine similarity of [1]");
        assert_eq!(spelled("the varience, and the medain", &nothing_known), "the variance, and the median");
        assert_eq!(spelled("the price of a house in Köln", &nothing_known), "the price of a house in Köln");
    }

    #[test]
    fn endings_do_not_matter() {
        for (one, other) in
            [("clusters", "clustering"), ("standardise", "standardized"), ("distances", "distance"), ("fitted", "fit")]
        {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
    }
}
