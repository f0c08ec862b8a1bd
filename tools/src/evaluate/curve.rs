//! What curves over models share: the folds of cross-validation, a score, and the picture of training against test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Model, Task};
use crate::{
    error::Error,
    plot::chart,
    prepare::{
        by_label,
        k_fold::{consecutive, dealt},
        order,
    },
    random::Random,
    value::{Matrix, Seed, Vector},
};

/// How predictions are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// The share of the target's variance that is explained, at most 1.
    R2,
    /// Minus the mean of squared errors, at most 0.
    NegMse,
    /// The share of rows whose class is right.
    Accuracy,
}

/// Rows to learn from and to be judged on.
pub(super) struct Trial<'a> {
    x: &'a Matrix,
    target: Target,
    scoring: Scoring,
    seed: Seed,
}

enum Target {
    Numbers(Vec<f64>),
    Classes(Vec<usize>),
}

/// Rows to train on and rows to test on, by their numbers.
pub(super) struct Fold {
    pub(super) train: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// The most fits of one call.
const FITS: usize = 2000;

/// Refuses more fits than a call should make.
pub(super) fn check_fits(path: &str, points: usize, folds: usize) -> Result<(), Error> {
    match points.saturating_mul(folds) {
        fits if fits > FITS => {
            Err(Error::too_large(path, format!("{points} points in {folds} folds, the limit is {FITS} fits")))
        }
        _ => Ok(()),
    }
}

impl<'a> Trial<'a> {
    /// Takes the table, once it is clear whether `y` holds numbers or classes.
    pub(super) fn new(
        x: &'a Matrix,
        y: &Vector,
        model: &Model,
        task: Option<Task>,
        scoring: Option<Scoring>,
        seed: Seed,
    ) -> Result<Self, Error> {
        if y.len() != x.rows() {
            return Err(Error::invalid("/y", format!("`y` has {} values, but `X` has {} rows", y.len(), x.rows())));
        }
        let label = |y: &f64| y.fract() == 0.0 && (0.0..1e9).contains(y);
        let asked = task.or(scoring.map(|scoring| match scoring {
            Scoring::Accuracy => Task::Classification,
            Scoring::R2 | Scoring::NegMse => Task::Regression,
        }));
        let task = asked.or(model.only()).unwrap_or_else(|| {
            let mut classes: Vec<u64> = y.iter().map(|y| y.to_bits()).collect();
            classes.sort_unstable();
            classes.dedup();
            let few = classes.len() <= 20 && 2 * classes.len() <= y.len();
            if few && y.iter().all(label) { Task::Classification } else { Task::Regression }
        });
        let scoring = match (task, scoring) {
            (Task::Classification, None | Some(Scoring::Accuracy)) => Scoring::Accuracy,
            (Task::Regression, None) => Scoring::R2,
            (Task::Regression, Some(scoring @ (Scoring::R2 | Scoring::NegMse))) => scoring,
            (Task::Classification, Some(_)) | (Task::Regression, Some(Scoring::Accuracy)) => {
                return Err(Error::invalid("/scoring", "accuracy is for classes, the other scores are for numbers"));
            }
        };
        let target = match task {
            Task::Regression => Target::Numbers(y.to_vec()),
            Task::Classification => match y.iter().position(|y| !label(y)) {
                Some(i) => {
                    let message = format!("`{}` is not a label: a whole number from 0", y[i]);
                    return Err(Error::invalid(format!("/y/{i}"), message));
                }
                None => Target::Classes(y.iter().map(|y| *y as usize).collect()),
            },
        };
        Ok(Trial { x, target, scoring, seed })
    }

    /// The name of the score, for an axis.
    pub(super) fn score_name(&self) -> &'static str {
        match self.scoring {
            Scoring::R2 => "R² (share of variance explained)",
            Scoring::NegMse => "minus mean squared error (squared units of y)",
            Scoring::Accuracy => "accuracy (share of rows)",
        }
    }

    /// Splits the rows into folds: neighbouring rows together, or for classes as many of each class in every fold.
    pub(super) fn folds(&self, folds: usize, shuffle: bool) -> Result<Vec<Fold>, Error> {
        let n = self.x.rows();
        if folds < 2 || folds > n {
            return Err(Error::invalid(
                "/cv",
                format!("`cv` is {folds}, but must be from 2 to the number of rows, {n}"),
            ));
        }
        let order = order(n, shuffle.then(|| Random::new(self.seed)).as_mut());
        let fold_of = match &self.target {
            Target::Numbers(_) => consecutive(&order, folds),
            Target::Classes(labels) => dealt(&by_label(labels, &order), folds, None),
        };
        let part = |fold: usize| {
            let (test, train) = order.iter().partition(|row| fold_of[**row] == fold);
            Fold { train, test }
        };
        Ok((0..folds).map(part).collect())
    }

    /// Some rows, one after the other.
    fn rows(&self, numbers: &[usize]) -> Vec<f64> {
        numbers.iter().flat_map(|i| self.x.row(*i)).copied().collect()
    }

    /// Learns from some rows; the scores on these and on others.
    pub(super) fn scores(&self, model: &Model, train: &[usize], test: &[usize]) -> Result<(f64, f64), Error> {
        let x = self.rows(train);
        match &self.target {
            Target::Numbers(y) => {
                let known: Vec<f64> = train.iter().map(|i| y[*i]).collect();
                let fitted = model.fit_numbers(&x, self.x.columns(), &known, self.seed)?;
                let score = |rows: &[usize]| {
                    let said = fitted.predict(&self.rows(rows));
                    let pairs: Vec<(f64, f64)> = rows.iter().map(|i| y[*i]).zip(said).collect();
                    let n = pairs.len() as f64;
                    let rest: f64 = pairs.iter().map(|(y, p)| (y - p) * (y - p)).sum();
                    if self.scoring == Scoring::NegMse {
                        return -rest / n;
                    }
                    let mean = pairs.iter().map(|(y, _)| y / n).sum::<f64>();
                    let total: f64 = pairs.iter().map(|(y, _)| (y - mean) * (y - mean)).sum();
                    // A target that does not vary is either met or not.
                    match total {
                        0.0 if rest == 0.0 => 1.0,
                        0.0 => 0.0,
                        total => 1.0 - rest / total,
                    }
                };
                Ok((score(train), score(test)))
            }
            Target::Classes(y) => {
                let known: Vec<usize> = train.iter().map(|i| y[*i]).collect();
                let fitted = model.fit_classes(&x, self.x.columns(), &known, self.seed)?;
                let score = |rows: &[usize]| {
                    let said = fitted.predict(&self.rows(rows));
                    let right = rows.iter().zip(said).filter(|(i, said)| y[**i] == *said).count();
                    right as f64 / rows.len() as f64
                };
                Ok((score(train), score(test)))
            }
        }
    }
}

/// Means and deviations over the folds of one point of a curve.
pub(super) struct Point {
    pub(super) train: (f64, f64),
    pub(super) test: (f64, f64),
}

impl Point {
    pub(super) fn new(scores: &[(f64, f64)]) -> Self {
        let summary = |scores: Vec<f64>| {
            let n = scores.len() as f64;
            let mean = scores.iter().sum::<f64>() / n;
            (mean, (scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n).sqrt())
        };
        Point {
            train: summary(scores.iter().map(|s| s.0).collect()),
            test: summary(scores.iter().map(|s| s.1).collect()),
        }
    }
}

/// Draws both scores over `x`, the test score with one deviation to either side.
pub(super) fn picture(title: &str, x: (&str, &[f64]), score: &str, points: &[Point]) -> Result<String, Error> {
    let along = |value: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let mut line: Vec<(f64, f64)> = x.1.iter().zip(points).map(|(x, point)| (*x, value(point))).collect();
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
        line
    };
    let (train, test) = (along(|point| point.train.0), along(|point| point.test.0));
    let (low, high) = (along(|point| point.test.0 - point.test.1), along(|point| point.test.0 + point.test.1));
    let lines = [
        chart::Line { name: "training score", points: &train },
        chart::Line { name: "test score", points: &test },
        chart::Line { name: "test, one deviation less", points: &low },
        chart::Line { name: "test, one deviation more", points: &high },
    ];
    chart::lines(title, x.0, score, &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn trial<'a>(x: &'a Matrix, y: Vec<f64>, task: Task) -> Trial<'a> {
        let knn = Model::Knn { k: 1 };
        Trial::new(x, &Vector::new(y).unwrap(), &knn, Some(task), None, Seed::default()).unwrap()
    }

    #[test]
    fn folds_are_neighbours_or_keep_the_classes() {
        let x = Matrix::from_rows((0..7).map(|i| vec![f64::from(i)]).collect()).unwrap();
        let folds = trial(&x, vec![0.5; 7], Task::Regression).folds(3, false).unwrap();
        // 7 = 3 + 2 + 2.
        assert_eq!(
            folds.iter().map(|fold| fold.test.clone()).collect::<Vec<_>>(),
            [vec![0, 1, 2], vec![3, 4], vec![5, 6]]
        );
        // Oracle: scikit-learn 1.9 StratifiedKFold(2) on 0 0 0 0 1 1 1 tests on 0 1 4 5, then on 2 3 6.
        let y = vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let folds = trial(&x, y, Task::Classification).folds(2, false).unwrap();
        assert_eq!((folds[0].test.clone(), folds[1].test.clone()), (vec![0, 1, 4, 5], vec![2, 3, 6]));
    }

    #[test]
    fn each_row_is_tested_once() {
        let x = Matrix::from_rows((0..23).map(|i| vec![f64::from(i)]).collect()).unwrap();
        for task in [Task::Regression, Task::Classification] {
            let y = (0..23).map(|i| f64::from(i * i % 3)).collect();
            let folds = trial(&x, y, task).folds(4, true).unwrap();
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            assert_eq!(tested, (0..23).collect::<Vec<_>>());
            assert!(folds.iter().all(|fold| fold.train.len() + fold.test.len() == 23));
        }
    }

    #[test]
    fn one_neighbour_remembers_what_it_learned() {
        let x = Matrix::from_rows((0..8).map(|i| vec![f64::from(i)]).collect()).unwrap();
        let trial = trial(&x, (0..8).map(f64::from).collect(), Task::Regression);
        let (train, test) = trial.scores(&Model::Knn { k: 1 }, &[0, 2, 4, 6], &[1, 3, 5, 7]).unwrap();
        // Each test row is off by one: 1 - 4 / (9 + 1 + 1 + 9).
        assert_eq!((train, test), (1.0, 0.8));
    }
}
