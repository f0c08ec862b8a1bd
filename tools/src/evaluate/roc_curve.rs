//! # ROC curve
//!
//! A score becomes a decision by a threshold. Lowering it finds more positives (the true positive rate rises) and raises
//! more false alarms (so does the false positive rate); the curve shows every bargain on offer. A useless score follows
//! the diagonal, a perfect one goes through the upper left corner. The area under it is the chance that a positive row
//! scores higher than a negative one. The threshold marked as best is furthest above the diagonal (Youden's J), which is
//! right only if both kinds of mistakes cost alike.
//!
//! Cost: O(n log n) for sorting.
//! References: T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27(8), 2006; W. J. Youden,
//! "Index for rating diagnostic tests", Cancer 3(1), 1950.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::thresholds::Thresholds;
use crate::{
    error::Error,
    plot::chart::{self, Line},
    value::Vector,
};

/// Draws the ROC curve of a score: true positive rate against false positive rate at every threshold, with the area
/// under it. Use it to choose a threshold or to compare scores.
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

/// The curve.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// The share of negative rows at or above each threshold: false positive rates, from 0 to 1.
    pub fpr: Vec<f64>,
    /// The share of positive rows at or above each threshold: true positive rates, from 0 to 1.
    pub tpr: Vec<f64>,
    /// The thresholds, from high to low: null for the first point, which is above all scores, then every distinct score.
    pub thresholds: Vec<Option<f64>>,
    /// The area under the curve: 0.5 is chance, 1 is perfect.
    pub auc: f64,
    /// The threshold furthest above the diagonal: a row counts as positive if its score is at least this; null where
    /// none is above it.
    pub best_threshold: Option<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Draw the ROC curve for labels 1, 0, 1, 0, 1 and scores 0.9, 0.3, 0.6, 0.7, 0.8",
    "true and false positive rates at every threshold",
    "which threshold is best? y_true [0, 0, 1, 1], scores [0.1, 0.4, 0.35, 0.8]",
    "plot sensitivity against 1 - specificity",
];

/// Computes and draws the curve.
///
/// # Errors
/// `invalid_arguments` if the lists differ in length, `undefined` if there are no rows of one kind.
pub fn run(args: &Args) -> Result<Output, Error> {
    let counts = Thresholds::new(&args.y_true, args.positive, &args.scores)?;
    let rates = |counts: &[f64], of: f64| [0.0].into_iter().chain(counts.iter().map(|count| count / of)).collect();
    let fpr: Vec<f64> = rates(&counts.alarms, counts.negatives());
    let tpr: Vec<f64> = rates(&counts.hits, counts.positives());
    let thresholds: Vec<Option<f64>> = [None].into_iter().chain(counts.at.iter().copied().map(Some)).collect();
    let auc = counts.area();
    let above = |i: &usize| tpr[*i] - fpr[*i];
    // The first point is 0 above the diagonal and has no threshold.
    let best = (0..tpr.len()).rev().max_by(|a, b| above(a).total_cmp(&above(b))).unwrap_or(0);
    let svg = picture(&fpr, &tpr, auc, best)?;
    Ok(Output { svg, best_threshold: thresholds[best], fpr, tpr, thresholds, auc })
}

fn picture(fpr: &[f64], tpr: &[f64], auc: f64, best: usize) -> Result<String, Error> {
    let curve: Vec<(f64, f64)> = fpr.iter().copied().zip(tpr.iter().copied()).collect();
    let name = format!("the score, area {auc:.3}");
    let lines = [
        Line { name: &name, points: &curve },
        Line { name: "chance, area 0.5", points: &[(0.0, 0.0), (1.0, 1.0)] },
        Line { name: "best threshold", points: &[curve[best]] },
    ];
    chart::lines("ROC curve", "false positive rate", "true positive rate", &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(y: &[usize], scores: &[f64]) -> Result<Output, Error> {
        run(&Args { y_true: y.to_vec(), scores: Vector::new(scores.to_vec())?, positive: 1 })
    }

    #[test]
    fn by_hand() {
        // Oracle: scikit-learn's documentation of roc_curve, labels 1 1 2 2 with 2 as positive.
        let out = of(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8]).unwrap();
        assert_eq!(out.fpr, [0.0, 0.0, 0.5, 0.5, 1.0]);
        assert_eq!(out.tpr, [0.0, 0.5, 0.5, 1.0, 1.0]);
        assert_eq!(out.thresholds, [None, Some(0.8), Some(0.4), Some(0.35), Some(0.1)]);
        assert_eq!((out.auc, out.best_threshold), (0.75, Some(0.8)));
        assert!(out.svg.contains("false positive rate") && out.svg.contains("area 0.750"));
    }

    #[test]
    fn a_score_that_is_always_wrong_has_no_best_threshold() {
        let out = of(&[1, 0], &[0.1, 0.9]).unwrap();
        assert_eq!((out.auc, out.best_threshold), (0.0, None));
        assert_eq!(of(&[1], &[0.5]).unwrap_err().path, "/y_true");
    }

    proptest! {
        #[test]
        fn the_curve_rises_from_corner_to_corner(rows in prop::collection::vec((0_usize..2, -5.0..5.0), 2..40)) {
            let (y, scores): (Vec<usize>, Vec<f64>) = rows.into_iter().unzip();
            let Ok(out) = of(&y, &scores) else { return Ok(()) };
            prop_assert!(out.fpr.is_sorted() && out.tpr.is_sorted());
            prop_assert_eq!((out.fpr[0], out.tpr[0]), (0.0, 0.0));
            prop_assert_eq!((out.fpr.last(), out.tpr.last()), (Some(&1.0), Some(&1.0)));
        }
    }
}
