//! # Bayesian updating
//!
//! Several hypotheses, of which exactly one holds, each believed with some probability. A piece of evidence is more or
//! less likely under each; multiplying every belief by that likelihood and dividing by the sum gives the new beliefs.
//! The sum itself is the probability of the evidence. What follows next starts from the new beliefs, and in whatever
//! order independent pieces arrive, the end is the same.
//!
//! Cost: O(h) a piece of evidence for h hypotheses.
//! Reference: T. Bayes, R. Price, "An essay towards solving a problem in the doctrine of chances", Phil. Trans. Royal
//! Society 53, 1763; P. S. Laplace, "Mémoire sur la probabilité des causes par les évènements", 1774.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    value::{Fraction, Matrix, Vector},
};

/// Updates the probabilities of several hypotheses by evidence (Bayes' rule), one piece or several in a row. Use it
/// when there are more than two hypotheses or more than one observation; `bayes_theorem` is for one test.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// How probable each hypothesis is before the evidence: prior probabilities; they must add up to 1.
    pub priors: Vec<Fraction>,
    /// How probable the evidence is under each hypothesis, or a density: 0 or more each. For several pieces of evidence
    /// in a row give a list of such lists.
    pub likelihoods: Likelihoods,
}

/// One piece of evidence, or several in the order in which they came.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Likelihoods {
    /// One number for each hypothesis.
    One(Vector),
    /// One row for each piece of evidence.
    Several(Matrix),
}

/// The beliefs after the evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How probable each hypothesis is after all evidence; they add up to 1.
    pub posteriors: Vec<f64>,
    /// The probability of all the evidence under the priors.
    pub evidence: f64,
    /// The most probable hypothesis, counted from 0; the first of equals.
    pub most_probable: usize,
    /// The beliefs after each piece of evidence, one row a piece.
    pub steps: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Update priors 0.5, 0.3, 0.2 with likelihoods 0.1, 0.4, 0.7",
    "three machines make 50, 30 and 20 % of the parts with 1, 2 and 3 % defects: which one made a defective part?",
    "posterior over 3 hypotheses, priors [0.2, 0.5, 0.3], likelihoods [0.9, 0.1, 0.4]",
    "two observations in a row: priors [0.5, 0.5], likelihoods [[0.8, 0.3], [0.6, 0.5]]",
];

/// How far from 1 the priors may add up to.
const ROUNDING: f64 = 1e-9;

/// Updates the beliefs.
///
/// # Errors
/// `invalid_arguments` if the priors do not add up to 1, a likelihood is negative, or the lengths differ, `undefined` if
/// the evidence is impossible under every hypothesis that is not, `too_large` if likelihoods overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let priors: Vec<f64> = args.priors.iter().map(|prior| prior.get()).collect();
    let total: f64 = priors.iter().sum();
    if (total - 1.0).abs() > ROUNDING {
        return Err(Error::invalid("/priors", format!("the priors add up to {total}, not to 1"))
            .with_hint("give one probability for each hypothesis, so that all together make 1"));
    }
    let (pieces, single): (Vec<&[f64]>, bool) = match &args.likelihoods {
        Likelihoods::One(one) => (vec![one], true),
        Likelihoods::Several(several) => (several.iter().collect(), false),
    };
    let mut steps: Vec<Vec<f64>> = Vec::with_capacity(pieces.len());
    let mut evidence = 1.0;
    for (i, likelihoods) in pieces.iter().enumerate() {
        let path = if single { "/likelihoods".to_owned() } else { format!("/likelihoods/{i}") };
        let before = steps.last().unwrap_or(&priors);
        let (after, probability) = update(before, likelihoods, &path)?;
        evidence *= probability;
        steps.push(after);
    }
    if !f64::is_finite(evidence) {
        return Err(Error::too_large("/likelihoods", format!("the evidence is beyond {:e}", f64::MAX)));
    }
    let posteriors = steps.last().cloned().unwrap_or(priors);
    let best = (0..posteriors.len()).rev().max_by(|&i, &j| posteriors[i].total_cmp(&posteriors[j]));
    Ok(Output { most_probable: best.unwrap_or(0), posteriors, evidence, steps })
}

/// The beliefs after one piece of evidence, and how probable it was.
fn update(before: &[f64], likelihoods: &[f64], path: &str) -> Result<(Vec<f64>, f64), Error> {
    if likelihoods.len() != before.len() {
        let message = format!("there are {} likelihoods for {} hypotheses", likelihoods.len(), before.len());
        return Err(Error::invalid(path, message).with_hint("give one likelihood for each prior"));
    }
    if let Some(i) = likelihoods.iter().position(|likelihood| *likelihood < 0.0) {
        let message = format!("the likelihood `{}` is negative", likelihoods[i]);
        return Err(Error::invalid(format!("{path}/{i}"), message).with_hint("use numbers of 0 or more"));
    }
    let joint: Vec<f64> = before.iter().zip(likelihoods).map(|(belief, likelihood)| belief * likelihood).collect();
    let evidence: f64 = joint.iter().sum();
    if evidence == 0.0 {
        return Err(Error::undefined(path, "the evidence is impossible under every hypothesis that is possible")
            .with_hint("give at least one likelihood above 0 where the prior is above 0"));
    }
    if !evidence.is_finite() {
        return Err(Error::too_large(path, format!("the evidence is beyond {:e}", f64::MAX)));
    }
    Ok((joint.iter().map(|joint| joint / evidence).collect(), evidence))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(priors: &[f64], likelihoods: Vec<Vec<f64>>) -> Result<Output, Error> {
        let priors = priors.iter().map(|p| Fraction::new(*p)).collect::<Result<_, _>>()?;
        let likelihoods = match <[Vec<f64>; 1]>::try_from(likelihoods) {
            Ok([one]) => Likelihoods::One(Vector::new(one)?),
            Err(several) => Likelihoods::Several(Matrix::from_rows(several)?),
        };
        run(&Args { priors, likelihoods })
    }

    #[test]
    fn by_hand() {
        // Machines with 1, 2, 3 % defects: 0.005 + 0.006 + 0.006 = 0.017.
        let out = of(&[0.5, 0.3, 0.2], vec![vec![0.01, 0.02, 0.03]]).unwrap();
        assert!((out.evidence - 0.017).abs() < 1e-17);
        assert!((out.posteriors[0] - 5.0 / 17.0).abs() < 1e-15 && (out.posteriors[2] - 6.0 / 17.0).abs() < 1e-15);
        assert_eq!(out.most_probable, 1);
    }

    #[test]
    fn one_piece_after_another() {
        let out = of(&[0.5, 0.5], vec![vec![0.8, 0.2], vec![0.5, 0.5]]).unwrap();
        assert_eq!((out.steps.len(), out.posteriors), (2, vec![0.8, 0.2]));
        assert_eq!(out.evidence, 0.25);
    }

    #[test]
    fn refuses_what_breaks_the_axioms() {
        assert_eq!(of(&[0.5, 0.2], vec![vec![0.1, 0.2]]).unwrap_err().path, "/priors");
        assert_eq!(of(&[0.5, 0.5], vec![vec![-0.1, 0.2]]).unwrap_err().path, "/likelihoods/0");
        assert_eq!(of(&[0.5, 0.5], vec![vec![0.1]]).unwrap_err().path, "/likelihoods");
        assert_eq!(of(&[1.0, 0.0], vec![vec![0.5, 0.5], vec![0.0, 1.0]]).unwrap_err().kind, ErrorKind::Undefined);
        assert_eq!(of(&[1.0], vec![vec![1e308]; 2]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn the_order_of_evidence_does_not_matter(
            pieces in prop::collection::vec(prop::collection::vec(0.01..1.0, 3), 2..6), first in 0.1..0.4,
        ) {
            let priors = [first, 0.5, 0.5 - first];
            let forth = of(&priors, pieces.clone()).unwrap();
            let back = of(&priors, pieces.into_iter().rev().collect()).unwrap();
            for (a, b) in forth.posteriors.iter().zip(&back.posteriors) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }
}
