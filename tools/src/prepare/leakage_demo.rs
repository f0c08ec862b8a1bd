//! # A leak, shown
//!
//! Choose the columns that go best with the target, then cross-validate a model on those columns: a common recipe, and
//! wrong. The choice has already seen the rows that each fold tests on. Among thousands of columns of pure noise some go
//! well with any labels by chance, and the leaky estimate praises a model that knows nothing. Done right, the choice is
//! made anew inside each fold, from its training rows alone, and the estimate falls to a coin toss.
//!
//! Columns are scored by the F statistic of one-way analysis of variance, the variance between the classes over the
//! variance within them; the model is logistic regression with an L2 penalty.
//!
//! Cost: O(n d) to score d columns for each fold, and a small Newton fit.
//! References: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd ed., 2009, §7.10.2
//! ("the wrong and right way to do cross-validation"); C. Ambroise, G. J. McLachlan, "Selection bias in gene extraction",
//! PNAS 99(10), 2002.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{column, k_fold};
use crate::{
    error::Error,
    linear::logistic_regression::{self, Settings},
    plot::chart::{self, Line},
    random::Random,
    stats::mean_variance::{mean, sum_of_squares},
    value::{Matrix, Seed},
};

/// Demonstrates data leakage: chooses columns before or inside cross-validation and compares the two estimates of
/// accuracy, with a picture. Use it to show why every step that looks at the target belongs inside the folds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table, one row a sample, one column a feature; pure noise is drawn when not given.
    #[serde(default)]
    pub X: Option<Matrix>,
    /// The class of each row of `X`: labels, targets; drawn by tossing coins when not given.
    #[serde(default)]
    pub y: Option<Vec<usize>>,
    /// How many rows of noise to draw without `X`: samples; 60 when not given.
    #[serde(default = "sixty")]
    pub n_samples: NonZeroUsize,
    /// How many columns of noise to draw without `X`: features; 2000 when not given.
    #[serde(default = "two_thousand")]
    pub n_features: NonZeroUsize,
    /// How many columns to choose, up to 100; 20 when not given.
    #[serde(default = "twenty")]
    pub k_features: NonZeroUsize,
    /// How many folds to cross-validate with, from 2 to 20; 5 when not given.
    #[serde(default = "five")]
    pub cv: NonZeroUsize,
    /// How columns are scored: `f_classif`, the F statistic.
    #[serde(default)]
    pub selector: Selector,
    /// The model: `logistic_l2_C1`, logistic regression with an L2 penalty and C = 1.
    #[serde(default)]
    pub model: Model,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn sixty() -> NonZeroUsize {
    const { NonZeroUsize::new(60).expect("not zero") }
}

fn two_thousand() -> NonZeroUsize {
    const { NonZeroUsize::new(2000).expect("not zero") }
}

fn twenty() -> NonZeroUsize {
    const { NonZeroUsize::new(20).expect("not zero") }
}

fn five() -> NonZeroUsize {
    const { NonZeroUsize::new(5).expect("not zero") }
}

/// A score of how well a column goes with the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Selector {
    /// The F statistic of one-way analysis of variance.
    #[default]
    FClassif,
}

/// A classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Model {
    /// Logistic regression with an L2 penalty and C = 1.
    #[default]
    #[serde(rename = "logistic_l2_C1")]
    LogisticL2C1,
}

/// The two estimates.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file: the accuracy of each fold both ways.
    pub svg: String,
    /// The columns that all rows together choose, counted from 0 and in order.
    pub selected_features: Vec<usize>,
    /// The mean accuracy over the folds when the columns were chosen from all rows: too good.
    pub leaky_accuracy: f64,
    /// The mean accuracy when each fold chose from its own training rows: right.
    pub honest_accuracy: f64,
    /// The accuracy of always naming the largest class.
    pub chance: f64,
    /// The leaky accuracy of each fold.
    pub leaky_folds: Vec<f64>,
    /// The honest accuracy of each fold.
    pub honest_folds: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Show me data leakage with an example",
    "demonstrate why feature selection before cross-validation is wrong, 60 samples and 2000 noise features",
    "leakage demo with 100 samples, 500 features, 10 selected, seed 3",
    "how much does choosing columns on all the data inflate my accuracy?",
];

/// The most numbers in the table, columns chosen and folds.
const LIMITS: (usize, usize, usize) = (2_000_000, 100, 20);

/// Compares the two ways.
///
/// # Errors
/// `invalid_arguments` if table, labels, columns and folds do not fit together, `too_large` above two million numbers, a
/// hundred chosen columns or 20 folds.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (x, y) = data(args)?;
    check(args, &x, &y)?;
    let (k, folds) = (args.k_features.get(), args.cv.get());
    let fold_of = k_fold::stratified(&y, folds, None).map_err(|mut error| {
        error.path = "/cv".to_owned();
        error
    })?;
    let all: Vec<usize> = (0..y.len()).collect();
    let selected_features = best(&x, &y, &all, k);
    let (mut leaky_folds, mut honest_folds) = (Vec::new(), Vec::new());
    for fold in 0..folds {
        let (train, test): (Vec<usize>, Vec<usize>) = all.iter().copied().partition(|&i| fold_of[i] != fold);
        leaky_folds.push(accuracy(&x, &y, &train, &test, &selected_features)?);
        honest_folds.push(accuracy(&x, &y, &train, &test, &best(&x, &y, &train, k))?);
    }
    let largest = y.iter().map(|class| y.iter().filter(|other| *other == class).count()).max().unwrap_or(0);
    let chance = largest as f64 / y.len() as f64;
    let svg = picture(&leaky_folds, &honest_folds, chance)?;
    let (leaky_accuracy, honest_accuracy) = (mean(&leaky_folds), mean(&honest_folds));
    Ok(Output { svg, selected_features, leaky_accuracy, honest_accuracy, chance, leaky_folds, honest_folds })
}

/// The table and labels given, or noise and tossed coins.
fn data(args: &Args) -> Result<(Matrix, Vec<usize>), Error> {
    if let (Some(x), Some(y)) = (&args.X, &args.y) {
        return Ok((x.clone(), y.clone()));
    }
    if args.X.is_some() || args.y.is_some() {
        let (given, missing) = if args.X.is_some() { ("X", "y") } else { ("y", "X") };
        return Err(Error::invalid(format!("/{missing}"), format!("`{given}` is given without `{missing}`"))
            .with_hint("give both, or neither to draw noise"));
    }
    let (n, d) = (args.n_samples.get(), args.n_features.get());
    if n.saturating_mul(d) > LIMITS.0 {
        let message = format!("{n} samples of {d} features are more than the limit of {} numbers", LIMITS.0);
        return Err(Error::too_large("/n_features", message));
    }
    let mut random = Random::new(args.seed);
    let rows = (0..n).map(|_| (0..d).map(|_| random.normal()).collect()).collect();
    // As many heads as tails, so that chance is one half.
    let mut y: Vec<usize> = (0..n).map(|i| i % 2).collect();
    random.shuffle(&mut y);
    Ok((Matrix::from_rows(rows)?, y))
}

fn check(args: &Args, x: &Matrix, y: &[usize]) -> Result<(), Error> {
    let (k, folds) = (args.k_features.get(), args.cv.get());
    if y.len() != x.rows() {
        return Err(Error::invalid("/y", format!("there are {} labels for {} rows", y.len(), x.rows())));
    }
    if x.rows() * x.columns() > LIMITS.0 {
        return Err(Error::too_large("/X", format!("`X` has more than the limit of {} numbers", LIMITS.0)));
    }
    if k > x.columns() {
        return Err(Error::invalid(
            "/k_features",
            format!("`k_features` is {k}, but there are {} columns", x.columns()),
        ));
    }
    if k > LIMITS.1 {
        return Err(Error::too_large("/k_features", format!("`k_features` is {k}, the limit is {}", LIMITS.1)));
    }
    if folds > LIMITS.2 {
        return Err(Error::too_large("/cv", format!("`cv` is {folds}, the limit is {}", LIMITS.2)));
    }
    if !(2..=x.rows() / 2).contains(&folds) {
        return Err(Error::invalid("/cv", format!("`cv` is {folds}, but there are {} rows", x.rows()))
            .with_hint("use from 2 folds to half as many as rows"));
    }
    Ok(())
}

/// The columns with the largest F statistic over some rows, in order.
fn best(x: &Matrix, y: &[usize], rows: &[usize], k: usize) -> Vec<usize> {
    let classes: Vec<usize> = rows.iter().map(|&i| y[i]).collect();
    let scores: Vec<f64> = (0..x.columns())
        .map(|j| {
            let column = column(x, j);
            f_statistic(&rows.iter().map(|&i| column[i]).collect::<Vec<_>>(), &classes)
        })
        .collect();
    let mut order: Vec<usize> = (0..x.columns()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(k);
    order.sort_unstable();
    order
}

/// The variance between the classes over the variance within them; below every other where there is none.
fn f_statistic(x: &[f64], y: &[usize]) -> f64 {
    // The unit does not matter, but squares must be in range.
    let largest = x.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let x: Vec<f64> = x.iter().map(|x| x / largest).collect();
    let mut classes = y.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let all = mean(&x);
    let (mut between, mut within) = (0.0, 0.0);
    for class in &classes {
        let members: Vec<f64> = x.iter().zip(y).filter(|(_, of)| *of == class).map(|(x, _)| *x).collect();
        let own = mean(&members);
        between += members.len() as f64 * (own - all).powi(2);
        within += sum_of_squares(&members, own);
    }
    let f = (between / (classes.len() as f64 - 1.0)) / (within / (x.len() as f64 - classes.len() as f64));
    if f.is_nan() { -1.0 } else { f }
}

/// The share of the test rows whose class the model names, trained on the training rows and the chosen columns.
fn accuracy(x: &Matrix, y: &[usize], train: &[usize], test: &[usize], columns: &[usize]) -> Result<f64, Error> {
    let table =
        |rows: &[usize]| -> Vec<f64> { rows.iter().flat_map(|&i| columns.iter().map(move |&j| x.row(i)[j])).collect() };
    let labels: Vec<usize> = train.iter().map(|&i| y[i]).collect();
    let fit = logistic_regression::fit(&table(train), columns.len(), &labels, Settings::default())?;
    let right = fit.predict(&table(test)).iter().zip(test).filter(|(class, row)| **class == y[**row]).count();
    Ok(right as f64 / test.len() as f64)
}

fn picture(leaky: &[f64], honest: &[f64], chance: f64) -> Result<String, Error> {
    let points = |folds: &[f64]| -> Vec<(f64, f64)> {
        folds.iter().enumerate().map(|(i, accuracy)| ((i + 1) as f64, *accuracy)).collect()
    };
    let level = [(1.0, chance), (leaky.len() as f64, chance)];
    let lines = [
        Line { name: "columns chosen from all rows: leaky", points: &points(leaky) },
        Line { name: "chosen inside each fold: honest", points: &points(honest) },
        Line { name: "always the largest class", points: &level },
    ];
    chart::lines("Choosing columns before cross-validation leaks", "fold", "accuracy on the rows left out", &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(n: usize, d: usize, k: usize, seed: u64) -> Args {
        let count = |n| NonZeroUsize::new(n).unwrap();
        let (selector, model) = (Selector::default(), Model::default());
        let (n_samples, n_features, k_features) = (count(n), count(d), count(k));
        Args {
            X: None,
            y: None,
            n_samples,
            n_features,
            k_features,
            cv: five(),
            selector,
            model,
            seed: Seed::from(seed),
        }
    }

    #[test]
    fn noise_looks_good_when_it_leaks() {
        let out = run(&args(60, 1000, 20, 1)).unwrap();
        // Hastie, Tibshirani and Friedman's experiment: nothing can be learnt, and yet.
        assert!(out.leaky_accuracy > 0.75, "{}", out.leaky_accuracy);
        assert!((0.25..0.75).contains(&out.honest_accuracy), "{}", out.honest_accuracy);
        assert_eq!((out.chance, out.selected_features.len()), (0.5, 20));
        assert!(out.svg.contains("honest"));
    }

    #[test]
    fn f_by_hand() {
        // Means 1 and 3 around 2: between 4; within 1 + 1 + 1 + 1 = 4 (each 1 away), by n - 2 = 2 degrees.
        assert!((f_statistic(&[0.0, 2.0, 2.0, 4.0], &[0, 0, 1, 1]) - 2.0).abs() < 1e-14);
        // Oracle: scipy.stats.f_oneway([1, 2, 4], [2, 8, 9]).
        assert!((f_statistic(&[1.0, 2.0, 4.0, 2.0, 8.0, 9.0], &[0, 0, 0, 5, 5, 5]) - 2.88).abs() < 1e-12);
        assert_eq!(f_statistic(&[7.0; 4], &[0, 0, 1, 1]), -1.0);
    }

    #[test]
    fn a_real_difference_is_no_leak() {
        let rows = (0..20).map(|i| vec![f64::from(i % 2) * 3.0 + f64::from(i) / 50.0, f64::from(i * i % 7)]).collect();
        let x = Some(Matrix::from_rows(rows).unwrap());
        let out = run(&Args { X: x, y: Some((0..20).map(|i| i % 2).collect()), ..args(1, 1, 1, 0) }).unwrap();
        assert_eq!((out.leaky_accuracy, out.honest_accuracy, out.selected_features), (1.0, 1.0, vec![0]));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(run(&args(60, 10, 11, 0)).unwrap_err().path, "/k_features");
        assert_eq!(run(&args(8, 10, 2, 0)).unwrap_err().path, "/cv");
        assert_eq!(run(&args(10_000, 10_000, 2, 0)).unwrap_err().path, "/n_features");
        assert_eq!(run(&Args { y: Some(vec![0, 1]), ..args(10, 2, 1, 0) }).unwrap_err().path, "/X");
        let one_class =
            Args { y: Some(vec![0; 4]), X: Some([[1.0], [2.0], [3.0], [4.0]].try_into().unwrap()), ..args(4, 1, 1, 0) };
        assert!(run(&Args { cv: NonZeroUsize::new(2).unwrap(), ..one_class }).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn accuracies_are_shares(n in 12_usize..30, d in 3_usize..30, seed: u64) {
            let out = run(&args(n, d, 3, seed)).unwrap();
            prop_assert!((0.0..=1.0).contains(&out.leaky_accuracy) && (0.0..=1.0).contains(&out.honest_accuracy));
        }
    }
}
