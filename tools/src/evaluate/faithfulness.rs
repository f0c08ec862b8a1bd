//! # Faithfulness
//!
//! Does an answer say only what its sources say? The answer is cut into claims, one a sentence, and each claim's content
//! words are looked for in the contexts: the share that is found says how well the claim is supported. Words are compared
//! by their first six letters, the most common ones do not count, and numbers count twice, because a wrong number is the
//! worst kind of error. The score of the whole answer is the same share over all of its words.
//!
//! This sees invented names, numbers and topics. It does not see a claim that uses the right words wrongly: a negation,
//! or two facts with their subjects swapped. A model that judges entailment does, at a thousand times the cost.
//!
//! Cost: O(c s w) for c claims of w words and s sentences in the contexts.
//! References: J. Maynez et al., "On faithfulness and factuality in abstractive summarization", ACL 2020 (what the word
//! means); S. Es et al., "RAGAS: automated evaluation of retrieval augmented generation", EACL 2024 (the share of
//! supported claims).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::support::{self, Letters, best, evidence, overlap, sentences, stems, words};
use crate::{error::Error, value::Fraction};

/// Checks claim by claim whether an answer is supported by the passages it was made from. Use it to catch hallucinations:
/// invented facts, names or numbers in the answer of a model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The answer to check, up to 50,000 bytes.
    pub answer: String,
    /// The passages that should support it: contexts, sources, evidence, documents. Up to 1,000,000 bytes together.
    pub contexts: Vec<String>,
    /// The question that was asked; words of it count as supported, because repeating them claims nothing.
    #[serde(default)]
    pub question: Option<String>,
    /// The share of a claim's words that must be found for it to count as supported: threshold; 0.7 when not given.
    #[serde(default = "most")]
    pub threshold: Fraction,
}

fn most() -> Fraction {
    Fraction::SEVEN_TENTHS
}

/// How faithful the answer is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The share of all the answer's content words that are found, numbers counted twice, from 0 to 1.
    pub score: f64,
    /// The share of claims that are supported.
    pub supported_share: f64,
    /// Each claim in the order of the answer.
    pub claims: Vec<Claim>,
}

/// A sentence of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// Whether enough of it is found.
    pub supported: bool,
    /// The share of its words that are found anywhere in the contexts or the question, from 0 to 1.
    pub overlap: f64,
    /// The sentence of the contexts that has most of its words; null when none has any.
    pub best_sentence: Option<String>,
    /// Which context that is from, from 0.
    pub context: Option<usize>,
    /// The share of its words that this one sentence has.
    pub best_overlap: f64,
    /// Its words that are found nowhere.
    pub missing: Vec<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "is the answer \"Paris has 2 million people\" faithful to the context \"Paris is home to 2 million people.\"?",
    "check this answer for hallucinations against the retrieved passages",
    "which claims of the summary are not supported by the sources?",
    "faithfulness score of an answer, given question and contexts",
];

/// Checks the answer.
///
/// # Errors
/// `invalid_arguments` for an empty answer, `too_large` for texts beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    support::check(&args.answer, &args.contexts)?;
    let letters = Letters::of(&args.answer);
    let known = stems(args.contexts.iter().map(String::as_str).chain(args.question.as_deref()), letters);
    let evidence = evidence(&args.contexts, letters);
    let claim = |text: &str| {
        let words = words(text, letters);
        let share = overlap(&words, &known);
        let found = best(&words, &evidence);
        let mut missing: Vec<String> = Vec::new();
        for word in &words {
            if !known.contains(support::stem(word)) && !missing.contains(word) {
                missing.push(word.clone());
            }
        }
        Claim {
            text: text.to_owned(),
            supported: share >= args.threshold.get(),
            overlap: share,
            best_sentence: found.map(|(evidence, _)| evidence.sentence.to_owned()),
            context: found.map(|(evidence, _)| evidence.context),
            best_overlap: found.map_or(0.0, |(_, share)| share),
            missing,
        }
    };
    let claims: Vec<Claim> = sentences(&args.answer).into_iter().map(|range| claim(&args.answer[range])).collect();
    let supported = claims.iter().filter(|claim| claim.supported).count();
    Ok(Output {
        score: overlap(&words(&args.answer, letters), &known),
        supported_share: supported as f64 / claims.len() as f64,
        claims,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(answer: &str, contexts: &[&str]) -> Output {
        let contexts = contexts.iter().map(|text| (*text).to_owned()).collect();
        run(&Args { answer: answer.to_owned(), contexts, question: None, threshold: most() }).unwrap()
    }

    #[test]
    fn by_hand() {
        let out = of(
            "The tower is 330 metres tall. It opened in 1901.",
            &["Something else.", "The tower stands 330 metres tall. It was opened in 1889."],
        );
        // tower, 330 twice, metres, tall, opened: 6 of the 8; 1901 counts twice and is nowhere.
        assert!((out.score - 6.0 / 8.0).abs() < 1e-15);
        assert_eq!((out.claims[0].supported, out.claims[1].supported), (true, false));
        assert_eq!(
            (out.claims[0].context, out.claims[0].best_sentence.as_deref()),
            (Some(1), Some("The tower stands 330 metres tall."))
        );
        assert_eq!(out.claims[1].missing, ["1901"]);
        assert_eq!(out.supported_share, 0.5);
    }

    #[test]
    fn stems_forgive_endings() {
        assert_eq!(of("Germans elected chancellors.", &["Germany's elections: chancellor."]).score, 1.0 / 3.0 * 2.0);
    }

    #[test]
    fn other_scripts_are_not_supported_by_nothing() {
        assert_eq!(of("Москва большая", &["Париж"]).score, 0.0);
        assert_eq!(of("Москва", &["О городе Москва."]).score, 1.0);
    }

    #[test]
    fn no_context_supports_nothing() {
        let out = of("Water boils at 100 degrees.", &[]);
        assert_eq!((out.score, out.claims[0].best_sentence.clone(), out.supported_share), (0.0, None, 0.0));
        assert!(run(&Args { answer: " ".to_owned(), contexts: vec![], question: None, threshold: most() }).is_err());
    }

    proptest! {
        #[test]
        fn more_context_never_hurts(answer in "[a-z .]{1,40}[a-z]", one in "[a-z .]{0,40}", two in "[a-z .]{0,40}") {
            let (less, more) = (of(&answer, &[&one]), of(&answer, &[&one, &two]));
            prop_assert!(less.score <= more.score && (0.0..=1.0).contains(&more.score));
            prop_assert_eq!(of(&answer, &[&answer]).score, 1.0);
        }
    }
}
