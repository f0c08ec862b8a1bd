//! # Metrics of predicted classes
//!
//! Everything starts from the confusion matrix: how many rows of each true class were given each class. Accuracy is the
//! share on its diagonal, and flatters whoever always names the common class. Precision asks how many of the rows named
//! a class have it, recall how many that have it were named, F1 is their harmonic mean. Over several classes they are
//! averaged alike (macro), by size (weighted) or row by row (micro). Matthews' correlation and Cohen's κ compare with
//! chance: 0 is what guessing with the same shares would reach.
//!
//! A quotient of nothing by nothing (the precision of a class that was never named) counts as 0.
//!
//! Cost: O(n log c + c²) for n rows of c classes.
//! References: C. D. Manning, P. Raghavan, H. Schütze, *Introduction to Information Retrieval*, 2008, §8.3 and §13.6;
//! J. Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", Computational Biology
//! and Chemistry 28(5-6), 2004; J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
//! Measurement 20(1), 1960.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_lengths;
use crate::error::Error;

/// Scores predicted classes against the truth: confusion matrix, accuracy, precision, recall, F1, Matthews correlation
/// and Cohen's kappa. Use it to judge a classifier on rows that it has not seen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The true class of each row: labels, targets; whole numbers from 0.
    pub y_true: Vec<usize>,
    /// The predicted class of each row, in the same order: predictions.
    pub y_pred: Vec<usize>,
    /// The class that `precision`, `recall` and `f1` are about; 1 when not given and there are no classes but 0 and 1.
    #[serde(default)]
    pub positive: Option<usize>,
}

/// The metrics.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The share of rows whose class is right.
    pub accuracy: f64,
    /// The mean recall of the classes that occur in the truth: a rare class counts as much as a common one.
    pub balanced_accuracy: f64,
    /// How many rows of each true class (one row each) were given each class (one column each), in the order of `labels`.
    pub confusion_matrix: Vec<Vec<usize>>,
    /// The classes that occur, from small to large.
    pub labels: Vec<usize>,
    /// Precision, recall, F1 and number of true rows of each class, in the order of `labels`.
    pub per_class: Vec<PerClass>,
    /// Matthews' correlation of truth and prediction, from -1 to 1; 0 where one of them never changes.
    pub mcc: f64,
    /// Cohen's kappa: agreement beyond chance, 1 is perfect; null where chance alone would agree on every row.
    pub cohen_kappa: Option<f64>,
    /// Of the rows named positive, the share that is; null without a positive class.
    pub precision: Option<f64>,
    /// Of the positive rows, the share named so: sensitivity; null without a positive class.
    pub recall: Option<f64>,
    /// Of the other rows, the share not named positive; null without a positive class.
    pub specificity: Option<f64>,
    /// The harmonic mean of precision and recall; null without a positive class.
    pub f1: Option<f64>,
    /// Precision over all rows of all classes together, which is the accuracy.
    pub precision_micro: f64,
    /// Recall over all rows of all classes together, which is the accuracy.
    pub recall_micro: f64,
    /// F1 over all rows of all classes together, which is the accuracy.
    pub f1_micro: f64,
    /// The mean precision of the classes.
    pub precision_macro: f64,
    /// The mean recall of the classes.
    pub recall_macro: f64,
    /// The mean F1 of the classes.
    pub f1_macro: f64,
    /// The mean precision, each class weighted by its true rows.
    pub precision_weighted: f64,
    /// The mean recall, each class weighted by its true rows.
    pub recall_weighted: f64,
    /// The mean F1, each class weighted by its true rows.
    pub f1_weighted: f64,
}

/// One class against all others.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PerClass {
    /// The class.
    pub label: usize,
    /// Of the rows named this class, the share that is.
    pub precision: f64,
    /// Of the rows of this class, the share named so.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// How many rows have this class.
    pub support: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Confusion matrix, precision and recall for truth 1, 0, 1, 1, 0 and predictions 1, 0, 0, 1, 1",
    "F1 score of y_true [0, 1, 2, 2, 1] against y_pred [0, 2, 2, 2, 1]",
    "how accurate is my classifier? true 0 0 1 1, predicted 0 1 1 1",
    "Matthews correlation and Cohen's kappa of these labels",
];

/// The most classes.
const LIMIT: usize = 1000;

/// Computes the metrics.
///
/// # Errors
/// `invalid_arguments` if the lists are empty or differ in length, or the positive class does not occur; `too_large`
/// above 1000 classes.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_lengths(args.y_true.len(), "y_pred", args.y_pred.len())?;
    let (labels, matrix) = confusion(&args.y_true, &args.y_pred)?;
    let n = args.y_true.len() as f64;
    let named: Vec<usize> = (0..labels.len()).map(|j| matrix.iter().map(|row| row[j]).sum()).collect();
    let per_class: Vec<PerClass> = (0..labels.len()).map(|k| one_class(labels[k], &matrix, k, named[k])).collect();
    let right: usize = (0..labels.len()).map(|k| matrix[k][k]).sum();
    let accuracy = right as f64 / n;
    let present = || per_class.iter().filter(|class| class.support > 0);
    let plain = |of: fn(&PerClass) -> f64| per_class.iter().map(of).sum::<f64>() / labels.len() as f64;
    let weighted = |of: fn(&PerClass) -> f64| per_class.iter().map(|c| of(c) * c.support as f64).sum::<f64>() / n;
    let positive = positive(args, &labels)?.map(|k| (&per_class[k], specificity(&matrix, k, named[k], n)));
    let support: Vec<f64> = per_class.iter().map(|class| class.support as f64).collect();
    let named: Vec<f64> = named.iter().map(|count| *count as f64).collect();
    Ok(Output {
        accuracy,
        balanced_accuracy: present().map(|class| class.recall).sum::<f64>() / present().count() as f64,
        mcc: matthews(right as f64, n, &support, &named),
        cohen_kappa: kappa(accuracy, n, &support, &named),
        precision: positive.map(|(class, _)| class.precision),
        recall: positive.map(|(class, _)| class.recall),
        specificity: positive.map(|(_, specificity)| specificity),
        f1: positive.map(|(class, _)| class.f1),
        precision_micro: accuracy,
        recall_micro: accuracy,
        f1_micro: accuracy,
        precision_macro: plain(|class| class.precision),
        recall_macro: plain(|class| class.recall),
        f1_macro: plain(|class| class.f1),
        precision_weighted: weighted(|class| class.precision),
        recall_weighted: weighted(|class| class.recall),
        f1_weighted: weighted(|class| class.f1),
        confusion_matrix: matrix,
        labels,
        per_class,
    })
}

/// The classes that occur in either list, in order, and how many rows of each (row) were given each (column).
///
/// # Errors
/// `too_large` above 1000 classes.
pub fn confusion(truth: &[usize], predicted: &[usize]) -> Result<(Vec<usize>, Vec<Vec<usize>>), Error> {
    let mut labels: Vec<usize> = truth.iter().chain(predicted).copied().collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() > LIMIT {
        let message = format!("there are {} classes, the limit is {LIMIT}", labels.len());
        return Err(
            Error::too_large("/y_true", message).with_hint("numbers to be predicted go to `regression_metrics`")
        );
    }
    let place = |label: &usize| labels.partition_point(|other| other < label);
    let mut matrix = vec![vec![0; labels.len()]; labels.len()];
    truth.iter().zip(predicted).for_each(|(t, p)| matrix[place(t)][place(p)] += 1);
    Ok((labels, matrix))
}

/// Where the positive class stands among the labels.
fn positive(args: &Args, labels: &[usize]) -> Result<Option<usize>, Error> {
    match args.positive {
        Some(label) => labels.binary_search(&label).map(Some).map_err(|_| {
            Error::invalid("/positive", format!("no row has or was given the class {label}"))
                .with_hint("use one of the labels")
        }),
        None if labels.iter().all(|label| *label < 2) => Ok(labels.binary_search(&1).ok()),
        None => Ok(None),
    }
}

/// A share; of nothing it is 0.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn one_class(label: usize, matrix: &[Vec<usize>], k: usize, named: usize) -> PerClass {
    let (hits, support) = (matrix[k][k], matrix[k].iter().sum());
    PerClass {
        label,
        precision: share(hits, named),
        recall: share(hits, support),
        f1: share(2 * hits, named + support),
        support,
    }
}

/// Of the rows of other classes, the share that was not given this one.
fn specificity(matrix: &[Vec<usize>], k: usize, named: usize, n: f64) -> f64 {
    let others = n as usize - matrix[k].iter().sum::<usize>();
    share(others - (named - matrix[k][k]), others)
}

fn matthews(right: f64, n: f64, support: &[f64], named: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = (n * n - product(named, named)).sqrt() * (n * n - product(support, support)).sqrt();
    if size == 0.0 { 0.0 } else { ((right * n - product(named, support)) / size).clamp(-1.0, 1.0) }
}

fn kappa(accuracy: f64, n: f64, support: &[f64], named: &[f64]) -> Option<f64> {
    let chance: f64 = support.iter().zip(named).map(|(a, b)| (a / n) * (b / n)).sum();
    let kappa = (accuracy - chance) / (1.0 - chance);
    kappa.is_finite().then_some(kappa)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(truth: &[usize], predicted: &[usize]) -> Result<Output, Error> {
        run(&Args { y_true: truth.to_vec(), y_pred: predicted.to_vec(), positive: None })
    }

    #[test]
    fn by_hand() {
        // Two hits, one miss, one false alarm, one right rejection.
        let out = of(&[1, 0, 1, 1, 0], &[1, 0, 0, 1, 1]).unwrap();
        assert_eq!(out.confusion_matrix, [[1, 1], [1, 2]]);
        assert_eq!((out.accuracy, out.specificity), (0.6, Some(0.5)));
        let third = Some(2.0 / 3.0);
        assert_eq!((out.precision, out.recall, out.f1), (third, third, third));
        // (2 * 1 - 1 * 1) / √(3 * 3 * 2 * 2)
        assert!((out.mcc - 1.0 / 6.0).abs() < 1e-15);
        // Chance agrees on (3 * 3 + 2 * 2) / 25 = 0.52.
        assert!((out.cohen_kappa.unwrap() - 0.08 / 0.48).abs() < 1e-15);
    }

    #[test]
    fn classes_that_never_come_up() {
        // Oracle: scikit-learn's precision_recall_fscore_support with zero_division=0.
        let out = of(&[0, 2, 2], &[0, 0, 7]).unwrap();
        assert_eq!((out.labels.clone(), out.precision), (vec![0, 2, 7], None));
        assert_eq!((out.precision_macro, out.recall_macro), (0.5 / 3.0, 1.0 / 3.0));
        assert_eq!(out.balanced_accuracy, 0.5);
        let one = of(&[3, 3], &[3, 3]).unwrap();
        assert_eq!((one.accuracy, one.mcc, one.cohen_kappa), (1.0, 0.0, None));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(&[], &[]).unwrap_err().path, "/y_true");
        assert_eq!(of(&[1], &[1, 0]).unwrap_err().path, "/y_pred");
        let unknown = Args { y_true: vec![0], y_pred: vec![0], positive: Some(3) };
        assert_eq!(run(&unknown).unwrap_err().path, "/positive");
        let many: Vec<usize> = (0..1001).collect();
        assert_eq!(of(&many, &many).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn names_of_classes_do_not_matter(rows in prop::collection::vec((0_usize..4, 0_usize..4), 1..40)) {
            let (truth, predicted): (Vec<usize>, Vec<usize>) = rows.iter().copied().unzip();
            let renamed = |labels: &[usize]| labels.iter().map(|label| 10 - 2 * label).collect::<Vec<_>>();
            let (a, b) = (of(&truth, &predicted).unwrap(), of(&renamed(&truth), &renamed(&predicted)).unwrap());
            prop_assert!((a.f1_macro - b.f1_macro).abs() < 1e-12 && (a.mcc - b.mcc).abs() < 1e-12);
            // Weighted recall is the accuracy.
            prop_assert!((a.recall_weighted - a.accuracy).abs() < 1e-12);
        }
    }
}
