//! # Validation curve
//!
//! How well a model does on rows it has learned from and on others, for several values of one of its settings. Where
//! both scores are low the setting makes the model too simple; where training is high and test falls, too free; the best
//! value is where the test score is highest.
//!
//! Cost: a fit for each value and fold.
//! Reference: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §7.10.

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

/// Draws a validation curve: training and test score over values of one setting of a model. Use it to choose a setting,
/// or to see where a model begins to overfit.
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
    /// Which setting of the model to change: parameter, hyperparameter; for example alpha, C, or k.
    pub parameter: String,
    /// The values to try, up to 100.
    pub values: Vector,
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
    /// The values tried, in the order given.
    pub values: Vec<f64>,
    /// The mean score on the rows the model learned from, one a value.
    pub train_scores: Vec<f64>,
    /// The mean score on the rows of the fold, one a value.
    pub test_scores: Vec<f64>,
    /// The deviation of the training scores over the folds.
    pub train_std: Vec<f64>,
    /// The deviation of the test scores over the folds.
    pub test_std: Vec<f64>,
    /// The value with the highest test score, the first of several.
    pub best: f64,
    /// The picture: both scores over the value, on a logarithmic scale when values differ by more than a factor of 50.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "validation curve of ridge over alpha 0.01, 0.1, 1, 10 on this table",
    "which k is best for knn here? try 1, 3, 5, 9",
    "plot train and test accuracy of logistic regression for C from 0.01 to 100",
    "where does this model start to overfit as alpha gets smaller?",
];

/// Follows the curve.
///
/// # Errors
/// `invalid_arguments` if `y` does not match `X`, the model has no such setting or cannot take a value, or `cv` does not
/// match the rows; `too_large` beyond 100 values or 2000 fits; and the errors of the model.
pub fn run(args: &Args) -> Result<Output, Error> {
    if args.values.len() > 100 {
        return Err(Error::too_large("/values", format!("{} values, the limit is 100", args.values.len())));
    }
    let trial = Trial::new(&args.X, &args.y, &args.model, args.task, args.scoring, args.seed)?;
    let folds = trial.folds(args.cv, args.shuffle)?;
    check_fits("/values", args.values.len(), folds.len())?;
    let mut points = Vec::with_capacity(args.values.len());
    for value in args.values.iter() {
        let model = args.model.with(&args.parameter, *value)?;
        let scores: Result<Vec<(f64, f64)>, Error> =
            folds.iter().map(|fold| trial.scores(&model, &fold.train, &fold.test)).collect();
        points.push(Point::new(&scores?));
    }
    let best = (1..points.len()).fold(0, |best, i| if points[i].test.0 > points[best].test.0 { i } else { best });
    let (least, most) = args.values.iter().fold((f64::INFINITY, 0.0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
    let logarithmic = least > 0.0 && most > 50.0 * least;
    let along: Vec<f64> = args.values.iter().map(|value| if logarithmic { value.log10() } else { *value }).collect();
    let name = if logarithmic { format!("log10 of {}", args.parameter) } else { args.parameter.clone() };
    let title = format!("Validation curve: {}, {} folds", args.model.kind(), folds.len());
    Ok(Output {
        svg: picture(&title, (&name, &along), trial.score_name(), &points)?,
        best: args.values[best],
        values: args.values.to_vec(),
        train_scores: points.iter().map(|point| point.train.0).collect(),
        test_scores: points.iter().map(|point| point.test.0).collect(),
        train_std: points.iter().map(|point| point.train.1).collect(),
        test_std: points.iter().map(|point| point.test.1).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, from_value, json};

    fn call(args: Value) -> Result<Output, Error> {
        run(&from_value(args).unwrap())
    }

    #[test]
    fn the_training_score_falls_as_the_penalty_grows() {
        let x: Vec<[usize; 2]> = (0..20).map(|i| [i, i * i % 7]).collect();
        let y: Vec<usize> = (0..20).map(|i| 2 * i + i * 5 % 11).collect();
        let args = json!({"X": x, "y": y, "model": {"kind": "ridge"}, "parameter": "alpha",
            "values": [0.01, 1, 100, 10000], "cv": 4, "shuffle": true});
        let out = call(args).unwrap();
        assert!(out.train_scores.is_sorted_by(|a, b| a >= b), "{:?}", out.train_scores);
        assert!(out.values.contains(&out.best) && out.svg.contains("log10 of alpha"));
    }

    #[test]
    fn one_neighbour_remembers() {
        let x: Vec<[usize; 1]> = (0..12).map(|i| [i]).collect();
        let y: Vec<usize> = (0..12).map(|i| usize::from(i > 5)).collect();
        let args = json!({"X": x, "y": y, "model": {"kind": "knn"}, "parameter": "k", "values": [1, 5], "cv": 3});
        assert_eq!(call(args).unwrap().train_scores[0], 1.0);
    }

    #[test]
    fn refuses_settings_that_are_not_there() {
        let args =
            json!({"X": [[1], [2]], "y": [1, 2], "model": {"kind": "ridge"}, "parameter": "C", "values": [1], "cv": 2});
        assert_eq!(call(args).unwrap_err().path, "/parameter");
    }
}
