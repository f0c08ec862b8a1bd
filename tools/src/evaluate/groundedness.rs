//! # Groundedness
//!
//! Sentence by sentence, what part of a text rests on its sources, and what exactly does not: the words and the numbers
//! that occur in none of them. Numbers are compared by value, so `1,000` and `1000.0` are the same; words by their first
//! six letters, as in `faithfulness`. A sentence is grounded when one passage has enough of its words and no number is
//! made up: unlike faithfulness, which lets a claim draw on all passages together, it needs a single source to cite.
//!
//! Cost: O(s w c) for s sentences of w words and c contexts.
//! Reference: H. Rashkin et al., "Measuring attribution in natural language generation models", Computational Linguistics
//! 49(4), 2023 (attributable to identified sources, sentence by sentence).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::support::{self, Letters, is_number, overlap, sentences, stem, stems, words};
use crate::{error::Error, value::Fraction};

/// Says for each sentence of a text how much of it is grounded in the given passages, and lists the words and numbers that
/// are not. Use it to see where an answer or a summary leaves its sources, and which source to cite.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The text to check: answer, summary. Up to 50,000 bytes.
    pub answer: String,
    /// The passages it should rest on: contexts, sources, evidence. Up to 1,000,000 bytes together.
    pub contexts: Vec<String>,
    /// The share of a sentence's words that one passage must have: threshold; 0.7 when not given.
    #[serde(default = "most")]
    pub threshold: Fraction,
}

fn most() -> Fraction {
    Fraction::SEVEN_TENTHS
}

/// How much of the text is grounded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The mean of the sentences' shares, weighted by their words, from 0 to 1.
    pub score: f64,
    /// The share of sentences that are grounded.
    pub grounded_share: f64,
    /// Each sentence in order.
    pub sentences: Vec<Sentence>,
}

/// A sentence of the text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// Whether one passage has enough of it, and every number occurs somewhere.
    pub grounded: bool,
    /// The share of its words that the best passage has, numbers counted twice.
    pub share: f64,
    /// The passage that has most of it, from 0: the one to cite; null when none has any.
    pub source: Option<usize>,
    /// Its words that no passage has.
    pub unsupported_words: Vec<String>,
    /// Its numbers that no passage has, as they are written.
    pub unsupported_numbers: Vec<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "how grounded is \"Sales rose 12 % to 4,500 units\" in \"Sales rose to 4500 units.\"?",
    "list the numbers in this summary that are not in the sources",
    "groundedness of an answer, sentence by sentence",
    "which source supports each sentence of this text?",
];

/// Checks the text.
///
/// # Errors
/// `invalid_arguments` for an empty text, `too_large` for texts beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    support::check(&args.answer, &args.contexts)?;
    let letters = Letters::of(&args.answer);
    let passages: Vec<_> = args.contexts.iter().map(|text| stems([text.as_str()], letters)).collect();
    let known_numbers: BTreeSet<String> = args.contexts.iter().flat_map(|text| numbers(text)).map(value).collect();
    let judge = |text: &str| {
        let words = words(text, letters);
        let shares = passages.iter().map(|passage| overlap(&words, passage)).enumerate();
        let best = shares.fold(None, |best: Option<(usize, f64)>, (i, share)| match best {
            Some((_, most)) if share <= most => best,
            _ => Some((i, share)),
        });
        let share = best.map_or(if words.is_empty() { 1.0 } else { 0.0 }, |(_, share)| share);
        let somewhere = |word: &str| passages.iter().any(|passage| passage.contains(stem(word)));
        let unsupported_words = distinct(words.iter().filter(|word| !is_number(word) && !somewhere(word)).cloned());
        let made_up = numbers(text).into_iter().filter(|number| !known_numbers.contains(&value(number)));
        let unsupported_numbers = distinct(made_up.map(str::to_owned));
        let sentence = Sentence {
            text: text.to_owned(),
            grounded: share >= args.threshold.get() && unsupported_numbers.is_empty(),
            share,
            source: best.filter(|(_, share)| *share > 0.0 && !words.is_empty()).map(|(i, _)| i),
            unsupported_words,
            unsupported_numbers,
        };
        (sentence, words.len())
    };
    let judged: Vec<(Sentence, usize)> =
        sentences(&args.answer).into_iter().map(|range| judge(&args.answer[range])).collect();
    let all: usize = judged.iter().map(|(_, words)| words).sum();
    let weighted: f64 = judged.iter().map(|(sentence, words)| sentence.share * *words as f64).sum();
    let grounded = judged.iter().filter(|(sentence, _)| sentence.grounded).count();
    Ok(Output {
        score: if all == 0 { 1.0 } else { weighted / all as f64 },
        grounded_share: grounded as f64 / judged.len() as f64,
        sentences: judged.into_iter().map(|(sentence, _)| sentence).collect(),
    })
}

fn distinct(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.filter(|word| seen.insert(word.clone())).collect()
}

/// The numbers in a text: digits, with points and commas between digits.
fn numbers(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        while digit(at) || matches!(bytes.get(at), Some(b'.' | b',')) && digit(at + 1) {
            at += 1;
        }
        found.push(&text[start..at]);
    }
    found
}

/// A number without the ways to write it: no commas between groups of three, no zeros at either end that say nothing.
fn value(number: &str) -> String {
    let grouped = number.split(['.', ',']).skip(1).all(|group| group.len() == 3) && number.contains(',');
    let plain = if grouped { number.replace(',', "") } else { number.replace(',', ".") };
    let plain =
        if plain.matches('.').count() == 1 { plain.trim_end_matches('0').trim_end_matches('.') } else { &plain };
    let plain = plain.trim_start_matches('0');
    if plain.is_empty() || plain.starts_with('.') { format!("0{plain}") } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(answer: &str, contexts: &[&str]) -> Output {
        let contexts = contexts.iter().map(|text| (*text).to_owned()).collect();
        run(&Args { answer: answer.to_owned(), contexts, threshold: most() }).unwrap()
    }

    #[test]
    fn by_hand() {
        let out = of("Sales rose 12 % to 4,500 units. Profit fell.", &["Costs fell.", "Sales rose to 4500.0 units."]);
        // sales, rose, units of 9: 12, 4 and 500 count twice, and 4500 is not cut where 4,500 is.
        assert_eq!(out.sentences[0].unsupported_numbers, ["12"]);
        assert_eq!((out.sentences[0].source, out.sentences[0].grounded), (Some(1), false));
        assert_eq!((out.sentences[1].source, out.sentences[1].share), (Some(0), 0.5));
        assert_eq!(out.sentences[1].unsupported_words, ["profit"]);
        assert_eq!(out.grounded_share, 0.0);
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (a, b) in [("1,000", "1000"), ("3.50", "3.5"), ("007", "7"), ("0", "0.0"), ("2,5", "2.5"), ("0.5", ".5")] {
            assert_eq!(value(a), value(b));
        }
        assert_ne!(value("10"), value("1"));
        assert_eq!(numbers("v1.2, 3. and 4,5 (6)"), ["1.2", "3", "4,5", "6"]);
    }

    #[test]
    fn without_sources_nothing_is_grounded() {
        let out = of("All is well.", &[]);
        assert_eq!((out.score, out.sentences[0].source), (0.0, None));
    }

    proptest! {
        #[test]
        fn a_text_is_grounded_in_itself(text in "[a-z0-9., ]{0,40}[a-z]") {
            let out = of(&text, &[&text]);
            prop_assert!(out.score == 1.0 && out.grounded_share == 1.0, "{:?}", out);
        }

        #[test]
        fn any_text_is_judged(text in "\\PC{1,40}", context in "\\PC{0,40}") {
            prop_assume!(!text.trim().is_empty());
            prop_assert!((0.0..=1.0).contains(&of(&text, &[&context]).score));
        }
    }
}
