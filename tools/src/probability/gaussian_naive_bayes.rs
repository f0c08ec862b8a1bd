//! # Gaussian naive Bayes
//!
//! A classifier straight from Bayes' theorem. Each class has a prior (its share of the training rows), and within it
//! every column is taken to be normal and independent of the others (that is the naive part), so the likelihood of a
//! row is a product of bell curves. The posterior of a class is its prior times that product, divided by the sum over
//! the classes. Logarithms are added instead of multiplying densities, which would soon be too small for a number.
//!
//! Cost: O(n d) to fit n rows of d columns, O(c d) to classify a row into c classes.
//! References: D. J. Hand, K. Yu, "Idiot's Bayes: not so stupid after all?", International Statistical Review 69(3),
//! 2001; the smoothing of variances is that of scikit-learn's `GaussianNB`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    stats::mean_variance::{mean, sum_of_squares},
    value::Matrix,
};

/// Trains a Gaussian naive Bayes classifier and predicts the classes of new rows, with probabilities. Use it as a quick
/// baseline for numeric columns, or to see Bayes' theorem at work on data.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The training rows: one row a sample, one column a feature.
    pub X_train: Matrix,
    /// The class of each training row: labels, targets; whole numbers from 0.
    pub y_train: Vec<usize>,
    /// The rows to classify, with the same columns.
    pub X_test: Matrix,
    /// What is added to every variance, as a share of the largest variance of a column; 1e-9 when not given.
    #[serde(default = "smoothing")]
    #[schemars(range(min = 0.0))]
    pub var_smoothing: f64,
}

fn smoothing() -> f64 {
    1e-9
}

/// The classes of the new rows, and what was learnt.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The most probable class of each row of `X_test`.
    pub predictions: Vec<usize>,
    /// The probability of every class (in the order of `classes`) for each row of `X_test`.
    pub proba: Vec<Vec<f64>>,
    /// The classes that occur in `y_train`, from small to large.
    pub classes: Vec<usize>,
    /// The share of each class in the training rows.
    pub class_prior: Vec<f64>,
    /// The mean of every column within each class, one row a class.
    pub theta: Vec<Vec<f64>>,
    /// The variance of every column within each class, smoothing included, one row a class.
    pub var: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Naive Bayes: train on [[1, 2], [1.2, 1.9], [5, 6], [5.2, 6.1]] with labels 0, 0, 1, 1 and classify [[1.1, 2.1]]",
    "fit a Gaussian naive Bayes classifier and predict these rows",
    "with what probability does [4.8, 5.5] belong to each class? use naive Bayes",
    "classify flowers by petal length and width with GaussianNB",
];

/// Trains and predicts.
///
/// # Errors
/// `invalid_arguments` if the shapes do not fit together, `undefined` if no variance is left, `too_large` if the squares
/// overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    if args.X_test.columns() != args.X_train.columns() {
        let (test, train) = (args.X_test.columns(), args.X_train.columns());
        return Err(Error::invalid("/X_test", format!("`X_test` has {test} columns, but `X_train` has {train}")));
    }
    let model = fit(&args.X_train, &args.y_train, args.var_smoothing)?;
    let mut proba = Vec::with_capacity(args.X_test.rows());
    for (i, row) in args.X_test.iter().enumerate() {
        let probabilities = model.predict_proba(row).ok_or_else(|| {
            Error::too_large(format!("/X_test/{i}"), "the row is too far from every class for numbers to tell")
        })?;
        proba.push(probabilities);
    }
    let predictions = proba.iter().map(|row| model.classes[most(row)]).collect();
    let Model { classes, class_prior, theta, var } = model;
    Ok(Output { predictions, proba, classes, class_prior, theta, var })
}

/// A trained classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The labels, from small to large; everything else is in their order.
    pub classes: Vec<usize>,
    /// The share of each class.
    pub class_prior: Vec<f64>,
    /// The mean of each column within each class.
    pub theta: Vec<Vec<f64>>,
    /// Its variance, above 0.
    pub var: Vec<Vec<f64>>,
}

/// Learns the means and variances of every class; to each variance it adds `smoothing` times the largest of a column.
///
/// ```
/// use roundtable_tools::{Matrix, probability::gaussian_naive_bayes};
///
/// let x = Matrix::try_from([[1.0], [1.2], [5.0], [5.2]])?;
/// let model = gaussian_naive_bayes::fit(&x, &[0, 0, 1, 1], 1e-9)?;
/// assert_eq!(model.predict(&[4.0]), Some(1));
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if there is not one label a row or `smoothing` is negative, `undefined` if a variance is 0 after
/// all, `too_large` if the squares overflow.
pub fn fit(x: &Matrix, y: &[usize], smoothing: f64) -> Result<Model, Error> {
    if y.len() != x.rows() {
        return Err(Error::invalid("/y_train", format!("there are {} labels for {} rows", y.len(), x.rows()))
            .with_hint("give one label a row"));
    }
    if !(smoothing >= 0.0 && smoothing.is_finite()) {
        return Err(Error::invalid("/var_smoothing", format!("`var_smoothing` is {smoothing}, but is 0 or more")));
    }
    let all: Vec<usize> = (0..x.rows()).collect();
    let widest = moments(x, &all).1.into_iter().fold(0.0, f64::max);
    let extra = smoothing * widest;
    if !extra.is_finite() {
        return Err(Error::too_large("/X_train", format!("the variance is beyond {:e}, the largest number", f64::MAX)));
    }
    let mut classes = y.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let mut model = Model { class_prior: vec![], theta: vec![], var: vec![], classes };
    for class in &model.classes {
        let members: Vec<usize> = all.iter().copied().filter(|&i| y[i] == *class).collect();
        let (theta, var) = moments(x, &members);
        let var: Vec<f64> = var.iter().map(|var| var + extra).collect();
        if let Some(column) = var.iter().position(|var| *var <= 0.0) {
            let message = format!("column {column} is the same in all rows of class {class}");
            return Err(Error::undefined("/var_smoothing", message)
                .with_hint("use a larger `var_smoothing`, or columns that vary"));
        }
        model.class_prior.push(members.len() as f64 / x.rows() as f64);
        model.theta.push(theta);
        model.var.push(var);
    }
    Ok(model)
}

/// The means and variances (divided by n) of the columns over some rows.
fn moments(x: &Matrix, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let column = |j: usize| {
        let column: Vec<f64> = rows.iter().map(|&i| x.row(i)[j]).collect();
        let mean = mean(&column);
        (mean, sum_of_squares(&column, mean) / rows.len() as f64)
    };
    (0..x.columns()).map(column).unzip()
}

impl Model {
    /// The logarithm of each class' prior times the density of the row under it, in the order of `classes`; the row has
    /// as many columns as the model was trained on.
    pub fn log_joint(&self, row: &[f64]) -> Vec<f64> {
        let class = |c: usize| {
            let columns = row.iter().zip(&self.theta[c]).zip(&self.var[c]);
            let log_density = columns.map(|((x, mean), var)| {
                // Divided before squaring, so that the square does not overflow where the quotient would not.
                let z = (x - mean) / var.sqrt();
                -0.5 * ((2.0 * std::f64::consts::PI * var).ln() + z * z)
            });
            self.class_prior[c].ln() + log_density.sum::<f64>()
        };
        (0..self.classes.len()).map(class).collect()
    }

    /// The probability of each class, in the order of `classes`; none when the row is so far from all of them that
    /// every density is 0.
    pub fn predict_proba(&self, row: &[f64]) -> Option<Vec<f64>> {
        let joint = self.log_joint(row);
        // The largest becomes exp(0) = 1, so that not all underflow.
        let most = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = joint.iter().map(|joint| (joint - most).exp()).collect();
        let total: f64 = shares.iter().sum();
        (most.is_finite() && total.is_finite()).then(|| shares.iter().map(|share| share / total).collect())
    }

    /// The most probable class; none when the row is too far from all of them.
    pub fn predict(&self, row: &[f64]) -> Option<usize> {
        self.predict_proba(row).map(|proba| self.classes[most(&proba)])
    }
}

/// The place of the largest number, the first of equals.
fn most(numbers: &[f64]) -> usize {
    (0..numbers.len()).rev().max_by(|&i, &j| numbers[i].total_cmp(&numbers[j])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(train: &[[f64; 1]], y: &[usize], test: &[[f64; 1]]) -> Result<Output, Error> {
        let rows = |rows: &[[f64; 1]]| Matrix::from_rows(rows.iter().map(|row| row.to_vec()).collect());
        run(&Args { X_train: rows(train)?, y_train: y.to_vec(), X_test: rows(test)?, var_smoothing: 0.0 })
    }

    #[test]
    fn by_hand() {
        // Means 1 and 5, both variances 1: halfway at 3 both are equally likely.
        let out = of(&[[0.0], [2.0], [4.0], [6.0]], &[0, 0, 7, 7], &[[3.0], [1.0], [5.0]]).unwrap();
        assert_eq!((out.classes, out.class_prior), (vec![0, 7], vec![0.5, 0.5]));
        assert_eq!((out.theta, out.var), (vec![vec![1.0], vec![5.0]], vec![vec![1.0], vec![1.0]]));
        assert_eq!((out.predictions, out.proba[0].clone()), (vec![0, 0, 7], vec![0.5, 0.5]));
        // At 1 the classes are 0 and 4 deviations away: 1 / (1 + exp(-8)).
        assert!((out.proba[1][0] - 1.0 / (1.0 + (-8.0_f64).exp())).abs() < 1e-15);
    }

    #[test]
    fn far_away_is_still_decided() {
        // Both densities are too small for a number, their logarithms are not.
        let out = of(&[[0.0], [2.0], [4.0], [6.0]], &[0, 0, 1, 1], &[[1000.0]]).unwrap();
        assert_eq!((out.predictions[0], out.proba[0].clone()), (1, vec![0.0, 1.0]));
    }

    #[test]
    fn refuses_what_cannot_be_learnt() {
        assert_eq!(of(&[[0.0], [2.0]], &[0], &[[1.0]]).unwrap_err().path, "/y_train");
        assert_eq!(of(&[[0.0], [0.0]], &[0, 0], &[[1.0]]).unwrap_err().path, "/var_smoothing");
        assert_eq!(of(&[[0.0], [1e-3]], &[0, 0], &[[1e300]]).unwrap_err().path, "/X_test/0");
        assert_eq!(of(&[[1e300], [-1e300]], &[0, 0], &[[1e300]]).unwrap_err().path, "/X_train");
    }

    proptest! {
        #[test]
        fn probabilities_add_up(x in prop::collection::vec(-9.0..9.0, 4..30), at in -20.0..20.0) {
            let rows: Vec<[f64; 1]> = x.iter().map(|x| [*x]).collect();
            let y: Vec<usize> = (0..x.len()).map(|i| i % 2).collect();
            if let Ok(out) = of(&rows, &y, &[[at]]) {
                prop_assert!((out.proba[0].iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}
