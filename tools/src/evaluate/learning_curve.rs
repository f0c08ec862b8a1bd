//! # Learning curve
//!
//! How well a model does on rows it has learned from and on others, for more and more rows to learn from. Where both
//! scores are low and close, the model is too simple and more rows will not help; where training is much better than
//! test and the gap closes slowly, the model is too free, and more rows or a stronger penalty will.
//!
//! The rows are split into folds; for each fold, the model learns from the first rows of the others. Scores are means
//! over the folds.
//!
//! Cost: a fit for each size and fold.
//! Reference: C. Cortes, L. Jackel, S. Solla, V. Vapnik, J. Denker, "Learning curves: asymptotic values and rate of
//! convergence", NIPS 1993.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    curve::{Point, Scoring, Trial, check_fits, picture},
    model::{Model, Task},
};
use crate::{
    error::Error,
    value::{Matrix, Seed, Vector},
};

/// Draws a learning curve: training and test score over the number of rows to learn from. Use it to see whether a model
/// overfits or underfits, and whether more data would help.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The target, one number a row of `X`; for classes, labels from 0.
    pub y: Vector,
    /// The model: classifier, regressor, estimator.
    pub model: Model,
    /// How many rows to learn from, up to 100 sizes: whole numbers, or shares below 1 of the rows outside a fold (1 is all
    /// of them). A tenth to all of them in five steps when not given.
    #[serde(default)]
    pub train_sizes: Option<Vector>,
    /// How many folds: cross-validation, k-fold; from 2, 5 when not given.
    #[serde(default = "five")]
    #[schemars(range(min = 2))]
    pub cv: usize,
    /// Whether to mix the rows first.
    #[serde(default)]
    pub shuffle: bool,
    /// What to predict, for a model that can do either; classes when `y` holds few different labels.
    #[serde(default)]
    pub task: Option<Task>,
    /// How to judge; accuracy for classes and r2 for numbers when not given.
    #[serde(default)]
    pub scoring: Option<Scoring>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn five() -> usize {
    5
}

/// The curve.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How many rows the model learned from.
    pub train_sizes: Vec<usize>,
    /// The mean score on the rows it learned from, one a size.
    pub train_scores: Vec<f64>,
    /// The mean score on the rows of the fold, one a size.
    pub test_scores: Vec<f64>,
    /// The deviation of the training scores over the folds.
    pub train_std: Vec<f64>,
    /// The deviation of the test scores over the folds.
    pub test_std: Vec<f64>,
    /// The picture: both scores over the number of rows.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "learning curve of ridge with alpha 0.1 on this table with 30, 60, 100 and 150 rows",
    "would more data help my logistic regression?",
    "plot training and validation score against the training set size for knn with k = 3",
    "does this model overfit or underfit? X = [[1],[2],[3],[4],[5],[6]], y = [1,2,3,4,5,6], linear, 3 folds",
];

/// Follows the curve.
///
/// # Errors
/// `invalid_arguments` if `y` does not match `X`, a size or `cv` does not match the rows, or the model cannot predict
/// `y`; `too_large` beyond 100 sizes or 2000 fits; and the errors of the model.
pub fn run(args: &Args) -> Result<Output, Error> {
    let trial = Trial::new(&args.X, &args.y, &args.model, args.task, args.scoring, args.seed)?;
    let folds = trial.folds(args.cv, args.shuffle)?;
    let most = folds.iter().map(|fold| fold.train.len()).min().unwrap_or(0);
    let sizes = sizes(args.train_sizes.as_ref(), most)?;
    check_fits("/train_sizes", sizes.len(), folds.len())?;
    let mut points = Vec::with_capacity(sizes.len());
    for size in &sizes {
        let scores: Result<Vec<(f64, f64)>, Error> =
            folds.iter().map(|fold| trial.scores(&args.model, &fold.train[..*size], &fold.test)).collect();
        points.push(Point::new(&scores?));
    }
    let along: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    let title = format!("Learning curve: {}, {} folds", args.model.kind(), folds.len());
    Ok(Output {
        svg: picture(&title, ("rows to learn from", &along), trial.score_name(), &points)?,
        train_sizes: sizes,
        train_scores: points.iter().map(|point| point.train.0).collect(),
        test_scores: points.iter().map(|point| point.test.0).collect(),
        train_std: points.iter().map(|point| point.train.1).collect(),
        test_std: points.iter().map(|point| point.test.1).collect(),
    })
}

/// The sizes as numbers of rows.
fn sizes(asked: Option<&Vector>, most: usize) -> Result<Vec<usize>, Error> {
    let usual = [0.1, 0.325, 0.55, 0.775, 1.0];
    let asked = asked.map_or(&usual[..], |asked| asked);
    if asked.len() > 100 {
        return Err(Error::too_large("/train_sizes", format!("{} sizes, the limit is 100", asked.len())));
    }
    // A single row is a size of 1, all rows the share 1: among shares it is one.
    let shares = asked.iter().any(|size| size.fract() != 0.0) || asked == [1.0];
    let size = |(i, size): (usize, &f64)| {
        let rows = if shares { (size * most as f64).floor().max(1.0) } else { *size };
        if *size > 0.0 && rows >= 1.0 && rows <= most as f64 {
            return Ok(rows as usize);
        }
        Err(Error::invalid(format!("/train_sizes/{i}"), format!("`{size}` is no size for {most} rows"))
            .with_hint(format!("use 1 to {most}, or shares above 0 and up to 1")))
    };
    asked.iter().enumerate().map(size).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, from_value, json};

    fn call(args: Value) -> Result<Output, Error> {
        run(&from_value(args).unwrap())
    }

    fn table() -> (Vec<[usize; 1]>, Vec<usize>) {
        ((0..12).map(|i| [i]).collect(), (0..12).map(|i| 3 * i + 1).collect())
    }

    #[test]
    fn a_line_is_learned_from_two_rows() {
        let (x, y) = table();
        let out = call(json!({"X": x, "y": y, "model": {"kind": "linear"}, "train_sizes": [2, 8], "cv": 3})).unwrap();
        assert_eq!(out.train_sizes, [2, 8]);
        assert!(out.train_scores.iter().chain(&out.test_scores).all(|score| (score - 1.0).abs() < 1e-9));
        assert!(out.svg.contains("Learning curve: linear, 3 folds"));
    }

    #[test]
    fn shares_and_counts() {
        assert_eq!(sizes(None, 40).unwrap(), [4, 13, 22, 31, 40]);
        assert_eq!(sizes(Some(&[0.5, 1.0].try_into().unwrap()), 9).unwrap(), [4, 9]);
        assert_eq!(sizes(Some(&[3.0, 10.0].try_into().unwrap()), 9).unwrap_err().path, "/train_sizes/1");
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let (x, y) = table();
        let logistic = json!({"X": x, "y": y, "model": {"kind": "logistic"}, "scoring": "r2"});
        assert_eq!(call(logistic).unwrap_err().path, "/model/kind");
        assert_eq!(call(json!({"X": x, "y": y, "model": {"kind": "linear"}, "cv": 13})).unwrap_err().path, "/cv");
        assert_eq!(call(json!({"X": x, "y": [1, 2], "model": {"kind": "linear"}})).unwrap_err().path, "/y");
    }
}
