//! # Logistic regression
//!
//! Gives each class a probability that depends on a weighted sum of the columns. With two classes it is
//! `p = 1 / (1 + exp(-(b₀ + x b)))` for the second; with more each class has a line and the probabilities are in
//! proportion to the exponentials of their values. The weights make the rows seen most likely, less a price that keeps
//! them small: the least of `C Σ loss + ½ |b|²` (l2), of `C Σ loss + |b|₁` (l1, which leaves many weights at exactly 0),
//! or of the loss alone. How it is found stands in `newton.rs` for two classes and in `multinomial.rs` for more.
//!
//! If some line tells the classes apart without error and weights are free, larger weights are always better and there
//! is no best: the result then says `separable`, and its weights are as far as it went.
//!
//! Cost: O(n d²) a step, fewer than ten; with more classes O(n d k) a product, a few dozen.
//! References: D. R. Cox, "The regression analysis of binary sequences", J. Royal Statistical Society B 20(2), 1958; T.
//! Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §4.4.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Line, check_price, check_table, multinomial, newton, overflow};
use crate::{error::Error, neural::softmax, normal, value::Matrix};

/// Fits a classifier that gives probabilities: logistic regression for two classes or more. Use it to predict a yes or no,
/// or one of a few classes, from columns, or to see which columns matter; `inference` adds errors and p-values.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The columns to predict from, one sample a row.
    pub X: Matrix,
    /// The class of each row: labels, whole numbers from 0; at least two different ones, at most 1000.
    #[schemars(length(min = 1))]
    pub y: Vec<usize>,
    /// More rows to predict.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// What keeps the weights small: penalty, regularization; l2 when not given.
    #[serde(default)]
    pub penalty: Penalty,
    /// How much the rows count against the penalty: inverse regularization strength; above 0, 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub C: f64,
    /// Whether the lines may miss the origin; yes when not given.
    #[serde(default = "yes")]
    pub fit_intercept: bool,
    /// Whether two classes get a line each as well (softmax); more than two always do.
    #[serde(default)]
    pub multinomial: bool,
    /// Whether to give standard errors, z-values and p-values; for two classes and no penalty.
    #[serde(default)]
    pub inference: bool,
    /// The most Newton steps, up to 10,000; 100 when not given.
    #[serde(default = "hundred")]
    pub max_iterations: NonZeroUsize,
    /// It ends when no slope of the mean objective is larger; 1e-8 when not given.
    #[serde(default = "small")]
    #[schemars(range(min = 0.0))]
    pub tolerance: f64,
}

/// What keeps the weights small.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Penalty {
    /// Half the sum of their squares: small weights.
    #[default]
    L2,
    /// The sum of their absolute values: few weights.
    L1,
    /// Nothing.
    None,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("not zero") }
}

fn small() -> f64 {
    1e-8
}

/// The fitted classifier.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The labels that occur, in order.
    pub classes: Vec<usize>,
    /// The weight of each column for the second class; one list a class when each has a line.
    pub coefficients: PerClass<Vec<f64>>,
    /// The value where all columns are 0; one a class when each has a line.
    pub intercept: PerClass<f64>,
    /// The logarithm of the probability that the model gives to the labels of `X`.
    pub log_likelihood: f64,
    /// The share of the rows of `X` whose label is the most probable one.
    pub accuracy: f64,
    /// The most probable label of each row of `X`.
    pub predictions_train: Vec<usize>,
    /// The most probable label of each row of `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Vec<usize>>,
    /// For each row of `X_test` the probability of the second class; of all classes when each has a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<PerClass<f64>>>,
    /// How many steps it took.
    pub iterations: usize,
    /// Whether it reached the best weights.
    pub converged: bool,
    /// Whether, without penalty, some line tells the classes apart, so that there are no best weights.
    pub separable: bool,
    /// What follows if the model is right.
    #[serde(flatten)]
    pub inference: Option<Inference>,
}

/// One value, or one a class.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PerClass<T> {
    /// For the second of two classes.
    Second(T),
    /// For each class in order.
    Each(Vec<T>),
}

/// How far the weights can be trusted. Lists have the intercept first, if there is one, then the weights.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Inference {
    /// The standard errors.
    pub std_errors: Vec<f64>,
    /// Each weight in standard errors.
    pub z_values: Vec<f64>,
    /// The probability of a z-value at least as large if the true weight were 0.
    pub p_values: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "logistic regression: X = [[1],[2],[3],[4]], y = [0, 0, 1, 1]; what is the probability for [[2.5]]?",
    "classify these rows into two classes with an L1 penalty and C = 0.5",
    "will the customer buy? fit a logit on age and income and give p-values",
    "softmax regression on [[0,1],[1,0],[2,2],[3,1]] with labels [0, 1, 2, 2]",
    "predict the label of [[5.1, 3.5]] from this training table with probabilities",
];

/// The most classes, and numbers to fit at once for two classes.
const LIMITS: (usize, usize) = (1000, 1024);

/// Fits the classifier.
///
/// # Errors
/// `invalid_arguments` if `y` or `X_test` do not match `X`, there is only one class, or `penalty` and classes do not allow
/// what is asked; `undefined` if there are no standard errors; `too_large` beyond the limits or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_table(&args.X, args.y.len(), args.X_test.as_ref())?;
    check_price("C", args.C)?;
    check_price("tolerance", args.tolerance)?;
    if args.C == 0.0 {
        return Err(Error::invalid("/C", "`C` is 0, so the rows would not count").with_hint("use a number above 0"));
    }
    if args.max_iterations.get() > 10_000 {
        let message = format!("`max_iterations` is {}, the limit is 10000", args.max_iterations);
        return Err(Error::too_large("/max_iterations", message));
    }
    let settings = Settings {
        penalty: args.penalty,
        c: args.C,
        fit_intercept: args.fit_intercept,
        multinomial: args.multinomial,
        max_iterations: args.max_iterations.get(),
        tolerance: args.tolerance,
    };
    let (x, d) = (args.X.as_slice(), args.X.columns());
    let fit = fit(x, d, &args.y, settings)?;
    let inference = match args.inference {
        true => Some(infer(args, &fit)?),
        false => None,
    };
    let predictions_train = fit.predict(x);
    let right = predictions_train.iter().zip(&args.y).filter(|(a, b)| a == b).count();
    let single = fit.lines.len() == 1;
    let probabilities = |row: &[f64]| {
        let all = fit.probabilities(row);
        if single { PerClass::Second(all[1]) } else { PerClass::Each(all) }
    };
    Ok(Output {
        accuracy: right as f64 / args.y.len() as f64,
        predictions_train,
        predictions: args.X_test.as_ref().map(|test| fit.predict(test.as_slice())),
        probabilities: args.X_test.as_ref().map(|test| test.iter().map(probabilities).collect()),
        coefficients: per_class(fit.lines.iter().map(|line| line.coefficients.clone()).collect()),
        intercept: per_class(fit.lines.iter().map(|line| line.intercept).collect()),
        log_likelihood: fit.log_likelihood,
        iterations: fit.iterations,
        converged: fit.converged,
        separable: fit.separable,
        classes: fit.classes,
        inference,
    })
}

fn per_class<T>(mut values: Vec<T>) -> PerClass<T> {
    match values.pop() {
        Some(only) if values.is_empty() => PerClass::Second(only),
        last => PerClass::Each(values.into_iter().chain(last).collect()),
    }
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// What keeps the weights small.
    pub penalty: Penalty,
    /// How much the rows count against it, above 0.
    pub c: f64,
    /// Whether the lines may miss the origin.
    pub fit_intercept: bool,
    /// Whether two classes get a line each.
    pub multinomial: bool,
    /// The most Newton steps.
    pub max_iterations: usize,
    /// No slope of the mean objective is larger at the end.
    pub tolerance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            penalty: Penalty::L2,
            c: one(),
            fit_intercept: true,
            multinomial: false,
            max_iterations: hundred().get(),
            tolerance: small(),
        }
    }
}

/// A fitted classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The labels that occur, in order.
    pub classes: Vec<usize>,
    /// The line of the second class; one a class when each has one.
    pub lines: Vec<Line>,
    /// The logarithm of the probability of the labels.
    pub log_likelihood: f64,
    /// How many steps it took.
    pub iterations: usize,
    /// Whether it reached the best weights.
    pub converged: bool,
    /// Whether, without penalty, some line tells the classes apart.
    pub separable: bool,
}

impl Fit {
    /// The probability of each class for one row.
    pub fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        let mut values: Vec<f64> = self.lines.iter().map(|line| line.at(row)).collect();
        if let [margin] = values[..] {
            // Each from its own side, so that a small one keeps its digits.
            return vec![1.0 / (1.0 + margin.exp()), 1.0 / (1.0 + (-margin).exp())];
        }
        softmax::in_place(&mut values);
        values
    }

    /// The most probable label of each row; the smaller of two that are equally so.
    pub fn predict(&self, x: &[f64]) -> Vec<usize> {
        let columns = self.lines[0].coefficients.len().max(1);
        let label = |row: &[f64]| {
            let best = match &self.lines[..] {
                [line] => usize::from(line.at(row) > 0.0),
                lines => {
                    let values: Vec<f64> = lines.iter().map(|line| line.at(row)).collect();
                    (1..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best })
                }
            };
            self.classes[best]
        };
        x.chunks_exact(columns).map(label).collect()
    }
}

/// Fits the classifier to rows of `columns` numbers in `x`, with a label for each in `y`.
///
/// ```
/// use roundtable_tools::linear::logistic_regression::{self, Settings};
///
/// let fit = logistic_regression::fit(&[1.0, 2.0, 3.0, 4.0], 1, &[0, 0, 1, 1], Settings::default())?;
/// assert_eq!(fit.predict(&[0.0, 9.0]), [0, 1]);
/// assert!((fit.probabilities(&[2.5])[1] - 0.5).abs() < 1e-6); // halfway, by symmetry
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if there is only one class, or more than two and an L1 penalty; `too_large` beyond 1000 classes,
/// 1024 columns or the largest number.
///
/// # Panics
/// When `x` and `y` do not fit together.
pub fn fit(x: &[f64], columns: usize, y: &[usize], settings: Settings) -> Result<Fit, Error> {
    assert_eq!(x.len(), columns * y.len(), "a row of numbers for each label");
    let mut classes = y.to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 2 {
        let message = format!("all labels are {}, so there is nothing to tell apart", y[0]);
        return Err(Error::invalid("/y", message).with_hint("give rows of at least two classes"));
    }
    if classes.len() > LIMITS.0 {
        let message = format!("`y` has {} classes, the limit is {}", classes.len(), LIMITS.0);
        return Err(Error::too_large("/y", message).with_hint("labels are classes, not measurements"));
    }
    if columns > LIMITS.1 {
        return Err(Error::too_large("/X", format!("`X` has {columns} columns, the limit is {}", LIMITS.1)));
    }
    let fit = if classes.len() == 2 && !settings.multinomial {
        binary(x, columns, y, settings, classes)
    } else if settings.penalty == Penalty::L1 {
        return Err(Error::invalid("/penalty", "the l1 penalty is for two classes with one line")
            .with_hint("use `l2`, or one class against the others"));
    } else {
        multinomial(x, columns, y, settings, classes)
    };
    let numbers = fit.lines.iter().flat_map(|line| line.coefficients.iter().chain([&line.intercept]));
    let finite = numbers.chain([&fit.log_likelihood]).all(|x| x.is_finite());
    if finite { Ok(fit) } else { Err(overflow()) }
}

fn problem<'a>(x: &'a [f64], columns: usize, second: &'a [bool], settings: Settings) -> newton::Problem<'a> {
    let price = match settings.penalty {
        Penalty::L2 => newton::Price::Squares,
        Penalty::L1 => newton::Price::Absolute,
        Penalty::None => newton::Price::None,
    };
    // Without a price it does not matter how much the rows count.
    let c = if settings.penalty == Penalty::None { 1.0 } else { settings.c };
    newton::Problem { x, columns, second, intercept: settings.fit_intercept, c, price }
}

fn binary(x: &[f64], columns: usize, y: &[usize], settings: Settings, classes: Vec<usize>) -> Fit {
    let second: Vec<bool> = y.iter().map(|label| *label == classes[1]).collect();
    let found = newton::solve(problem(x, columns, &second, settings), settings.tolerance, settings.max_iterations);
    Fit {
        classes,
        lines: vec![Line {
            coefficients: found.weights[..columns].to_vec(),
            intercept: found.weights.get(columns).copied().unwrap_or(0.0),
        }],
        log_likelihood: -found.loss,
        iterations: found.iterations,
        converged: found.converged,
        separable: found.separable,
    }
}

fn multinomial(x: &[f64], columns: usize, y: &[usize], settings: Settings, classes: Vec<usize>) -> Fit {
    let y: Vec<usize> = y.iter().map(|label| classes.binary_search(label).unwrap_or(0)).collect();
    let priced = settings.penalty == Penalty::L2;
    let problem = multinomial::Problem {
        x,
        columns,
        y: &y,
        classes: classes.len(),
        intercept: settings.fit_intercept,
        c: if priced { settings.c } else { 1.0 },
        priced,
    };
    let found = multinomial::solve(problem, settings.tolerance, settings.max_iterations);
    let line = |mut weights: Vec<f64>| {
        let intercept = weights.pop().unwrap_or(0.0);
        Line { coefficients: weights, intercept }
    };
    Fit {
        lines: found.weights.into_iter().map(line).collect(),
        classes,
        log_likelihood: -found.loss,
        iterations: found.iterations,
        converged: found.converged,
        separable: found.separable,
    }
}

fn infer(args: &Args, fit: &Fit) -> Result<Inference, Error> {
    let [line] = &fit.lines[..] else {
        return Err(Error::invalid("/inference", "standard errors are for two classes with one line"));
    };
    if args.penalty != Penalty::None {
        return Err(Error::invalid("/inference", "a penalty makes weights too small, so they have no standard errors")
            .with_hint("set `penalty` to `none`"));
    }
    if fit.separable {
        return Err(Error::undefined("/y", "a line tells the classes apart, so there are no best weights to judge")
            .with_hint("leave `inference` out, or use a penalty"));
    }
    let second: Vec<bool> = args.y.iter().map(|label| *label == fit.classes[1]).collect();
    let settings = Settings { penalty: Penalty::None, fit_intercept: args.fit_intercept, ..Settings::default() };
    let intercept = args.fit_intercept.then_some(line.intercept);
    let weights: Vec<f64> = line.coefficients.iter().copied().chain(intercept).collect();
    let problem = problem(args.X.as_slice(), args.X.columns(), &second, settings);
    let std_errors = newton::deviations(problem, &weights).ok_or_else(|| {
        Error::undefined("/X", "some columns follow from the others, so their weights have no standard errors")
            .with_hint("leave constant and repeated columns out")
    })?;
    let estimates = intercept.into_iter().chain(line.coefficients.iter().copied());
    let z_values: Vec<f64> = estimates.zip(&std_errors).map(|(w, error)| w / error).collect();
    Ok(Inference { p_values: z_values.iter().map(|z| 2.0 * normal::below(-z.abs())).collect(), std_errors, z_values })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, non_snake_case)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn call(args: Value) -> Result<Output, Error> {
        run(&serde_json::from_value(args).unwrap())
    }

    #[test]
    fn by_hand() {
        // Only an intercept to fit: three of four rows are in class 1, so p = 3/4 and the intercept is log 3.
        let out = call(json!({"X": [[0], [0], [0], [0]], "y": [0, 1, 1, 1], "X_test": [[5]]})).unwrap();
        let PerClass::Second(intercept) = out.intercept else { panic!("one line") };
        assert!((intercept - 3.0_f64.ln()).abs() < 1e-8);
        assert_eq!((out.coefficients, out.accuracy), (PerClass::Second(vec![0.0]), 0.75));
        assert!((out.log_likelihood - (3.0 * 0.75_f64.ln() + 0.25_f64.ln())).abs() < 1e-12);
    }

    #[test]
    fn inference_agrees_with_a_table_of_two_by_two() {
        // Oracle: the weight of a column of 0 and 1 is the log odds ratio, with variance 1/a + 1/b + 1/c + 1/d
        // (B. Woolf, Annals of Human Genetics 19, 1955): counts 10, 20, 30, 15.
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (column, label, count) in [(0, 0, 10), (0, 1, 20), (1, 0, 30), (1, 1, 15)] {
            x.extend(vec![[column]; count]);
            y.extend(vec![label; count]);
        }
        let out = call(json!({"X": x, "y": y, "penalty": "none", "inference": true})).unwrap();
        let inference = out.inference.unwrap();
        let variance: f64 = [10.0, 20.0, 30.0, 15.0].iter().map(|n| 1.0 / n).sum();
        assert!((inference.std_errors[1] - variance.sqrt()).abs() < 1e-7);
        assert!((inference.std_errors[0] - (1.0_f64 / 10.0 + 1.0 / 20.0).sqrt()).abs() < 1e-7);
        let PerClass::Second(weights) = out.coefficients else { panic!("one line") };
        assert!((weights[0] - (15.0_f64 / 30.0 / (20.0 / 10.0)).ln()).abs() < 1e-7);
    }

    #[test]
    fn what_can_be_told_apart_has_no_best_weights() {
        let apart = json!({"X": [[-2], [-1], [1], [2]], "y": [0, 0, 1, 1], "penalty": "none"});
        let out = call(apart.clone()).unwrap();
        assert_eq!((out.separable, out.converged, out.predictions_train), (true, false, vec![0, 0, 1, 1]));
        // Rows on the line itself do not help.
        let nearly = call(json!({"X": [[1], [1], [2]], "y": [0, 1, 1], "penalty": "none"})).unwrap();
        assert!(nearly.separable);
        let mixed = call(json!({"X": [[1], [2], [3], [4]], "y": [0, 1, 0, 1], "penalty": "none"})).unwrap();
        assert_eq!((mixed.separable, mixed.converged), (false, true));
        let mut judged = apart;
        judged["inference"] = json!(true);
        assert_eq!(call(judged).unwrap_err().path, "/y");
        let three = call(json!({"X": [[0], [5], [9]], "y": [0, 1, 2], "penalty": "none"})).unwrap();
        assert!(three.separable);
    }

    #[test]
    fn labels_need_not_be_neighbours() {
        let out = call(json!({"X": [[1], [2], [3], [4]], "y": [7, 7, 3, 3], "X_test": [[0], [9]]})).unwrap();
        assert_eq!((out.classes, out.predictions.unwrap()), (vec![3, 7], vec![7, 3]));
    }

    #[test]
    fn refuses_what_makes_no_classifier() {
        assert_eq!(call(json!({"X": [[1], [2]], "y": [1, 1]})).unwrap_err().path, "/y");
        assert_eq!(call(json!({"X": [[1], [2]], "y": [1]})).unwrap_err().path, "/y");
        assert_eq!(call(json!({"X": [[1], [2]], "y": [0, 1], "C": 0})).unwrap_err().path, "/C");
        let three = json!({"X": [[1], [2], [3]], "y": [0, 1, 2], "penalty": "l1"});
        assert_eq!(call(three).unwrap_err().path, "/penalty");
    }

    #[test]
    fn a_long_table_starts_from_a_sample_and_ends_at_the_same_place() {
        let cell = |i: usize, j: usize| ((i * 7919 + j * 104_729 + i * i % 83) % 1000) as f64 / 500.0 - 1.0;
        let rows = 60_000;
        let x: Vec<f64> = (0..rows).flat_map(|i| [cell(i, 1), cell(i, 2)]).collect();
        let y: Vec<usize> = (0..rows).map(|i| usize::from(cell(i, 1) - 0.5 * cell(i, 2) + cell(i, 5) > 0.2)).collect();
        let fit = fit(&x, 2, &y, Settings::default()).unwrap();
        // The slopes of the mean objective, summed here without any blocks.
        let mut slopes = [0.0; 3];
        for (row, label) in x.chunks(2).zip(&y) {
            let error = fit.probabilities(row)[1] - *label as f64;
            slopes[0] += error * row[0];
            slopes[1] += error * row[1];
            slopes[2] += error;
        }
        slopes[0] += fit.lines[0].coefficients[0];
        slopes[1] += fit.lines[0].coefficients[1];
        assert!(slopes.iter().all(|s| s.abs() / rows as f64 <= 1.1e-8), "{slopes:?}");
        assert!(fit.converged);
    }

    proptest! {
        #[test]
        fn no_slope_is_left(
            rows in prop::collection::vec((prop::collection::vec(-3.0..3.0, 3), 0_usize..3), 6..30),
            c in 0.05..20.0, many: bool, offset in -1e4..1e4, few: bool,
        ) {
            let x: Vec<f64> = rows.iter().flat_map(|row| [row.0[0] + offset, row.0[1], 100.0 * row.0[2]]).collect();
            let y: Vec<usize> = rows.iter().map(|row| if many { row.1 } else { row.1 % 2 }).collect();
            prop_assume!(y.iter().any(|label| *label != y[0]));
            let several = y.contains(&2);
            let penalty = if few && !several { Penalty::L1 } else { Penalty::L2 };
            let fit = fit(&x, 3, &y, Settings { c, penalty, ..Settings::default() }).unwrap();
            prop_assert!(fit.converged);
            for (k, line) in fit.lines.iter().enumerate() {
                let class = if fit.lines.len() == 1 { fit.classes[1] } else { fit.classes[k] };
                let position = fit.classes.iter().position(|c| *c == class).unwrap();
                let mut slopes = [0.0; 4];
                for (row, label) in x.chunks(3).zip(&y) {
                    let error = fit.probabilities(row)[position] - if *label == class { 1.0 } else { 0.0 };
                    (0..3).for_each(|j| slopes[j] += c * error * row[j]);
                    slopes[3] += c * error;
                }
                prop_assert!(slopes[3].abs() < 1e-5 * c, "{slopes:?}");
                // What the offset carries of the intercept's slope does not count.
                slopes[0] -= offset * slopes[3];
                for (slope, w) in slopes.iter().zip(&line.coefficients) {
                    match penalty {
                        Penalty::L1 if *w == 0.0 => prop_assert!(slope.abs() < 1.0 + 1e-3, "{slope}"),
                        Penalty::L1 => prop_assert!((slope + w.signum()).abs() < 1e-3, "{slope} {w}"),
                        _ => prop_assert!((slope + w).abs() < 1e-3, "{slope} {w}"),
                    }
                }
            }
        }
    }
}
