//! # Metrics of scores
//!
//! How good is a score between two classes, before anybody has chosen a threshold? The area under the ROC curve is the
//! chance that a positive row scores higher than a negative one (ties count half). Average precision is the area under
//! precision against recall, which says more when positives are rare. If the scores are probabilities, the log loss and
//! the Brier score also ask whether they are honest: a confident mistake costs most.
//!
//! Cost: O(n log n) for sorting.
//! References: T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27(8), 2006; G. W. Brier,
//! "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78(1), 1950.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::thresholds::Thresholds;
use crate::{error::Error, value::Vector};

/// Scores a binary classifier's scores or probabilities: ROC AUC, average precision, log loss and Brier score. Use it to
/// compare models without choosing a threshold; `classification_metrics` is for decided classes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The true class of each row: labels; whole numbers from 0.
    pub y_true: Vec<usize>,
    /// The score of each row: predicted probabilities or any numbers that are larger for positives.
    pub scores: Vector,
    /// The label that counts as positive, all others as negative; 1 when not given.
    #[serde(default = "one")]
    pub positive: usize,
}

fn one() -> usize {
    1
}

/// The metrics.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The chance that a positive row scores higher than a negative one: 0.5 is chance, 1 is perfect.
    pub roc_auc: f64,
    /// The mean precision over the positive rows: the share of positives is chance, 1 is perfect.
    pub average_precision: f64,
    /// The mean negative logarithm of the probability given to the truth, 0 is perfect; null unless all scores lie from 0
    /// to 1. A probability of 0 or 1 counts as 2.2e-16 away from it.
    pub log_loss: Option<f64>,
    /// The mean squared distance of the probability from 0 or 1, 0 is perfect; null unless all scores lie from 0 to 1.
    pub brier: Option<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "AUC of the scores 0.9, 0.4, 0.7, 0.2 for the labels 1, 0, 1, 0",
    "log loss and Brier score of predicted probabilities [0.8, 0.3, 0.6] with truth [1, 0, 0]",
    "average precision: y_true 1 0 0 1, scores 2.1 1.7 0.3 0.9",
    "how well does this score separate the two classes?",
];

/// Computes the metrics.
///
/// # Errors
/// `invalid_arguments` if the lists differ in length, `undefined` if there are no rows of one kind.
pub fn run(args: &Args) -> Result<Output, Error> {
    let thresholds = Thresholds::new(&args.y_true, args.positive, &args.scores)?;
    let probabilities = args.scores.iter().all(|score| (0.0..=1.0).contains(score));
    let truths = || args.y_true.iter().map(|label| *label == args.positive).zip(args.scores.iter());
    let n = args.scores.len() as f64;
    let log_loss = truths().map(|(positive, &p)| -(if positive { p } else { 1.0 - p }).max(f64::EPSILON).ln());
    let brier = truths().map(|(positive, p)| (p - f64::from(u8::from(positive))).powi(2));
    Ok(Output {
        roc_auc: thresholds.area(),
        average_precision: thresholds.average_precision(),
        // A probability of exactly 1 for the truth is as far from certain as one of 0 is from impossible.
        log_loss: probabilities.then(|| log_loss.map(|loss| loss.max(f64::EPSILON)).sum::<f64>() / n),
        brier: probabilities.then(|| brier.sum::<f64>() / n),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(y: &[usize], scores: &[f64]) -> Result<Output, Error> {
        run(&Args { y_true: y.to_vec(), scores: Vector::new(scores.to_vec())?, positive: 1 })
    }

    #[test]
    fn by_hand() {
        // Four pairs: 0.9 beats both, 0.4 beats 0.2 and ties with 0.4: 3.5 of 4.
        let out = of(&[1, 0, 1, 0], &[0.9, 0.4, 0.4, 0.2]).unwrap();
        assert_eq!(out.roc_auc, 0.875);
        // Recall 1/2 at precision 1, the rest at precision 2/3.
        assert!((out.average_precision - (0.5 + 1.0 / 3.0)).abs() < 1e-15);
        assert!((out.brier.unwrap() - (0.01 + 0.16 + 0.36 + 0.04) / 4.0).abs() < 1e-15);
        let expected = -(0.9_f64.ln() + 0.6_f64.ln() + 0.4_f64.ln() + 0.8_f64.ln()) / 4.0;
        assert!((out.log_loss.unwrap() - expected).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_probability_has_no_loss() {
        let out = of(&[1, 0], &[3.0, -1.0]).unwrap();
        assert_eq!((out.roc_auc, out.log_loss, out.brier), (1.0, None, None));
        // A certain mistake costs much, but not infinitely much.
        assert!((of(&[1, 0], &[0.0, 0.0]).unwrap().log_loss.unwrap() - 18.02).abs() < 0.01);
    }

    #[test]
    fn refuses_one_class() {
        assert_eq!(of(&[1, 1], &[0.1, 0.2]).unwrap_err().kind, ErrorKind::Undefined);
        assert_eq!(of(&[0, 2], &[0.1, 0.2]).unwrap_err().path, "/y_true");
        assert_eq!(of(&[0, 1], &[0.1]).unwrap_err().path, "/scores");
    }

    proptest! {
        #[test]
        fn the_area_counts_pairs(rows in prop::collection::vec((0_usize..2, 0_u8..6), 2..40)) {
            let (y, scores): (Vec<usize>, Vec<f64>) = rows.iter().map(|(y, s)| (*y, f64::from(*s))).unzip();
            let Ok(out) = of(&y, &scores) else { return Ok(()) };
            let (mut won, mut pairs) = (0.0, 0.0);
            for i in (0..y.len()).filter(|&i| y[i] == 1) {
                for j in (0..y.len()).filter(|&j| y[j] == 0) {
                    pairs += 1.0;
                    won += if scores[i] > scores[j] { 1.0 } else if scores[i] == scores[j] { 0.5 } else { 0.0 };
                }
            }
            prop_assert!((out.roc_auc - won / pairs).abs() < 1e-12);
        }
    }
}
