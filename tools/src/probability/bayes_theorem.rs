//! # Bayes' theorem
//!
//! How much to believe a hypothesis after seeing evidence: `P(H|E) = P(E|H) P(H) / P(E)`, where the evidence has two
//! ways to happen, `P(E) = P(E|H) P(H) + P(E|¬H) P(¬H)`. A rare disease stays unlikely after a good test, because the
//! many healthy people give more false alarms than the few sick give true ones. Counting people makes that plain.
//!
//! Cost: O(1).
//! References: T. Bayes, "An essay towards solving a problem in the doctrine of chances", 1763; G. Gigerenzer,
//! U. Hoffrage, "How to improve Bayesian reasoning without instruction: frequency formats", Psychological Review
//! 102(4), 1995, for the worked example in counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, value::Fraction};

/// Applies Bayes' theorem: how probable a hypothesis is after positive evidence. Use it for tests, alarms, filters and
/// diagnoses, given a base rate, a hit rate and a false-alarm rate.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// How probable the hypothesis is before the evidence: the base rate, prevalence, prior. From 0 to 1.
    pub prior: Fraction,
    /// How probable the evidence is if the hypothesis is true: the sensitivity, hit rate, recall. From 0 to 1.
    pub likelihood: Fraction,
    /// How probable the evidence is if the hypothesis is false: the false-alarm rate, 1 less the specificity. From 0 to 1.
    pub false_positive_rate: Fraction,
}

/// What to believe now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How probable the hypothesis is after the evidence.
    pub posterior: f64,
    /// How probable the evidence was, true or false.
    pub evidence: f64,
    /// How many times more probable the evidence is under the hypothesis than without it; null without false alarms.
    pub likelihood_ratio: Option<f64>,
    /// How probable the hypothesis is when the evidence fails to appear; null if it always appears.
    pub posterior_without_evidence: Option<f64>,
    /// The same in counts, for a person.
    pub worked_example: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "A test is 99% sensitive with a 5% false positive rate and the disease affects 1% of people. If I test positive, what is the chance I have it?",
    "Bayes: prior 0.2, likelihood 0.7, false positive rate 0.1",
    "20% of mail is spam; the word appears in 40% of spam and 2% of good mail. How likely is it spam?",
    "update my belief of 0.5 after evidence with hit rate 0.9 and false alarms 0.3",
];

/// Computes the posterior.
///
/// # Errors
/// `undefined` if the evidence cannot happen at all.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (prior, hit, alarm) = (args.prior.get(), args.likelihood.get(), args.false_positive_rate.get());
    let (true_positive, false_positive) = (hit * prior, alarm * (1.0 - prior));
    let evidence = true_positive + false_positive;
    if evidence == 0.0 {
        return Err(Error::undefined("", "the evidence has probability 0, so nothing follows from it")
            .with_hint("raise `likelihood` or `false_positive_rate` above 0 where the prior allows it"));
    }
    let silence = (1.0 - hit) * prior + (1.0 - alarm) * (1.0 - prior);
    let posterior = true_positive / evidence;
    Ok(Output {
        posterior,
        evidence,
        likelihood_ratio: Some(hit / alarm).filter(|ratio| ratio.is_finite()),
        posterior_without_evidence: (silence > 0.0).then(|| (1.0 - hit) * prior / silence),
        worked_example: in_counts(prior, true_positive, false_positive, posterior),
    })
}

/// The example in counts of cases, of a crowd large enough that the rarer group has about a hundred members.
fn in_counts(prior: f64, true_positive: f64, false_positive: f64, posterior: f64) -> String {
    let rarer = [prior, 1.0 - prior].into_iter().filter(|share| *share > 0.0).fold(1.0, f64::min);
    let crowd = 10_f64.powf((100.0 / rarer).log10().ceil().clamp(2.0, 15.0));
    let count = |share: f64| grouped((crowd * share).round());
    format!(
        "of {} cases, {} are true; {} of these show the evidence, and so do {} of the others: {} in all, of which {:.4}% are true",
        grouped(crowd),
        count(prior),
        count(true_positive),
        count(false_positive),
        count(true_positive + false_positive),
        100.0 * posterior,
    )
}

/// 1234567 as 1,234,567.
fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(prior: f64, likelihood: f64, false_positive_rate: f64) -> Result<Output, Error> {
        run(&Args {
            prior: prior.try_into()?,
            likelihood: likelihood.try_into()?,
            false_positive_rate: false_positive_rate.try_into()?,
        })
    }

    #[test]
    fn by_hand() {
        let out = of(0.01, 0.99, 0.05).unwrap();
        assert!((out.posterior - 1.0 / 6.0).abs() < 1e-15); // 99 of 99 + 495 in 10,000 people
        assert!((out.evidence - 0.0594).abs() < 1e-15);
        assert_eq!(
            out.worked_example,
            "of 10,000 cases, 100 are true; 99 of these show the evidence, and so do 495 of the others: 594 in all, of \
             which 16.6667% are true"
        );
    }

    #[test]
    fn agrees_with_the_textbook() {
        // Oracle: D. M. Eddy 1982 (mammography: 1 %, 79.2 %, 9.6 %) as retold by Gigerenzer and Hoffrage: 7.7 %.
        assert!((of(0.01, 0.792, 0.096).unwrap().posterior - 0.077).abs() < 5e-4);
    }

    #[test]
    fn certainty_and_impossibility() {
        assert_eq!(of(1.0, 0.3, 0.9).unwrap().posterior, 1.0);
        assert_eq!(of(0.3, 0.5, 0.0).unwrap().likelihood_ratio, None);
        assert_eq!(of(0.3, 1.0, 1.0).unwrap().posterior_without_evidence, None);
        assert_eq!(of(1.0, 0.0, 0.5).unwrap_err().kind, ErrorKind::Undefined);
        assert!(of(1.2, 0.5, 0.5).is_err());
    }

    proptest! {
        #[test]
        fn belief_is_conserved(prior in 0.01..0.99, hit in 0.01..0.99, alarm in 0.01..0.99) {
            let out = of(prior, hit, alarm).unwrap();
            let back = out.posterior * out.evidence + out.posterior_without_evidence.unwrap() * (1.0 - out.evidence);
            prop_assert!((back - prior).abs() < 1e-12);
            prop_assert_eq!(out.posterior > prior, hit > alarm);
        }
    }
}
