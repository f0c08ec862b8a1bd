//! # Perceptron
//!
//! One neuron that says yes when w·x + b > 0. It goes through the rows and, whenever it is wrong, adds the row to its
//! weights (or takes it off): if some plane separates the classes, it stops being wrong after at most (R/γ)² corrections,
//! for points within R and a gap of γ on either side; if none does, it goes on for ever, as with exclusive or.
//!
//! Cost: O(n · d) an epoch.
//! References: F. Rosenblatt, "The perceptron", Psychological Review 65(6), 1958; A. Novikoff, "On convergence proofs on
//! perceptrons", 1962; M. Minsky, S. Papert, *Perceptrons*, 1969.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    random::Random,
    value::{Matrix, Seed},
};

/// Trains a perceptron, a single linear neuron, to tell two classes apart. Use it to see whether a line separates two
/// classes, and how many corrections it takes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row.
    pub X: Matrix,
    /// The classes: the labels, 0 or 1 for each row.
    pub y: Vec<u8>,
    /// Points to predict instead of those of `X`, with as many columns.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// How many epochs: times through all rows. Up to 100,000; 100 when not given.
    #[serde(default = "hundred")]
    pub epochs: NonZeroUsize,
    /// The learning rate: the size of a correction, eta. Above 0; 1 when not given.
    #[serde(default = "one")]
    pub learning_rate: f64,
    /// Whether to go through the rows in a new order each time; true when not given.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("not zero") }
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// The neuron.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A weight for each column.
    pub weights: Vec<f64>,
    /// The bias, the weight of a constant 1.
    pub bias: f64,
    /// How many corrections each epoch made.
    pub updates_per_epoch: Vec<usize>,
    /// Whether the last epoch made none: the classes are separated.
    pub converged: bool,
    /// The share of the rows of `X` that it gets right.
    pub train_accuracy: f64,
    /// The class of each row of `X_test`, or of `X` when there is none.
    pub predictions: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Train a perceptron on X = [[0,0],[0,1],[1,0],[1,1]] with labels y = [0,0,0,1]",
    "can a perceptron learn XOR?",
    "is there a line that separates these two classes?",
    "run the perceptron rule for 10 epochs without shuffling",
];

/// The most epochs, and the most arithmetic.
const LIMITS: (usize, usize) = (100_000, 1_000_000_000);

/// Trains it.
///
/// # Errors
/// `invalid_arguments` if the labels do not fit the rows or are not 0 or 1, the rate is not positive or `X_test` has
/// other columns, `too_large` beyond the limits of epochs and work.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let (mut weights, mut bias) = (vec![0.0; args.X.columns()], 0.0);
    let mut order: Vec<usize> = (0..args.X.rows()).collect();
    let mut random = Random::new(args.seed);
    let mut updates_per_epoch = Vec::with_capacity(args.epochs.get());
    for _ in 0..args.epochs.get() {
        if args.shuffle {
            random.shuffle(&mut order);
        }
        let mut updates = 0;
        for &i in &order {
            let (row, class) = (args.X.row(i), if args.y[i] == 1 { 1.0 } else { -1.0 });
            if class * (along(&weights, row) + bias) <= 0.0 {
                updates += 1;
                let step = args.learning_rate * class;
                weights.iter_mut().zip(row).for_each(|(w, x)| *w += step * x);
                bias += step;
            }
        }
        updates_per_epoch.push(updates);
    }
    let class = |row: &[f64]| usize::from(along(&weights, row) + bias > 0.0);
    let right = args.X.iter().zip(&args.y).filter(|(row, y)| class(row) == usize::from(**y)).count();
    let predictions = args.X_test.as_ref().unwrap_or(&args.X).iter().map(class).collect();
    let converged = updates_per_epoch.last() == Some(&0);
    let train_accuracy = right as f64 / args.X.rows() as f64;
    Ok(Output { weights, bias, updates_per_epoch, converged, train_accuracy, predictions })
}

fn along(weights: &[f64], row: &[f64]) -> f64 {
    weights.iter().zip(row).map(|(w, x)| w * x).sum()
}

fn check(args: &Args) -> Result<(), Error> {
    let (rows, columns) = (args.X.rows(), args.X.columns());
    if args.y.len() != rows {
        return Err(Error::invalid("/y", format!("`y` has {} values, but `X` has {rows} rows", args.y.len())));
    }
    if let Some(at) = args.y.iter().position(|class| *class > 1) {
        return Err(Error::invalid(format!("/y/{at}"), format!("`{}` is not 0 or 1", args.y[at]))
            .with_hint("a perceptron knows two classes; for more take `mlp_train`"));
    }
    if !(args.learning_rate > 0.0 && args.learning_rate.is_finite()) {
        let message = format!("`learning_rate` is {}, but must be above 0", args.learning_rate);
        return Err(Error::invalid("/learning_rate", message));
    }
    super::same_columns(args.X_test.as_ref(), columns)?;
    let (epochs, work) = LIMITS;
    if args.epochs.get() > epochs || args.epochs.get().saturating_mul(rows * (columns + 10)) > work {
        let most = (work / (rows * (columns + 10))).clamp(1, epochs);
        return Err(Error::too_large("/epochs", format!("`epochs` is {}, the limit is {most} here", args.epochs)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(points: Vec<Vec<f64>>, y: &[u8]) -> Args {
        let points = serde_json::json!({"X": points, "y": y});
        serde_json::from_value(points).unwrap()
    }

    #[test]
    fn by_hand() {
        let mut args = args(vec![vec![1.0], vec![-1.0]], &[1, 0]);
        (args.shuffle, args.epochs) = (false, NonZeroUsize::new(2).unwrap());
        // Row 0: 0 is not above 0, so w = 1 and b = 1. Row 1: -(-1 + 1) = 0, so w = 2 and b = 0. Then all is right.
        let out = run(&args).unwrap();
        assert_eq!((out.weights, out.bias, out.updates_per_epoch), (vec![2.0], 0.0, vec![2, 0]));
        assert_eq!((out.converged, out.train_accuracy, out.predictions), (true, 1.0, vec![1, 0]));
    }

    #[test]
    fn exclusive_or_never_ends() {
        // Minsky and Papert: no line gets more than three of the four right.
        let out = run(&args(vec![vec![0.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0], vec![1.0, 1.0]], &[0, 1, 1, 0]));
        let out = out.unwrap();
        assert!(!out.converged && out.train_accuracy <= 0.75);
    }

    proptest! {
        #[test]
        fn what_can_be_separated_is(points in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 2..30), seed in 0_u64..9) {
            // A gap of 0.2 around the line x + y = 0.1; Novikoff: at most (R/γ)² corrections.
            let gap = |&(x, y): &(f64, f64)| (x + y - 0.1) / 2.0_f64.sqrt();
            let points: Vec<(f64, f64)> = points.into_iter().filter(|point| gap(point).abs() > 0.1).collect();
            prop_assume!(!points.is_empty());
            let y: Vec<u8> = points.iter().map(|point| u8::from(gap(point) > 0.0)).collect();
            let mut args = args(points.iter().map(|point| vec![point.0, point.1]).collect(), &y);
            args.epochs = NonZeroUsize::new(1000).unwrap();
            args.seed = Seed::from(seed);
            let out = run(&args).unwrap();
            prop_assert!(out.converged && out.train_accuracy == 1.0);
            let corrections: usize = out.updates_per_epoch.iter().sum();
            // R² = 3 with the constant 1, and the plane's own normal vector is a little longer than 1 with the bias.
            prop_assert!(corrections <= 310, "{corrections}");
        }
    }
}
