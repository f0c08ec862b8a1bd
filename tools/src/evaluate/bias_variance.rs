//! # Bias and variance
//!
//! A model learned from many training sets predicts the same points differently each time. The expected error splits
//! into how far the mean prediction is from the truth (bias squared), how much predictions scatter about their mean
//! (variance), and noise that no model can predict: for squared errors `error = bias² + variance + noise`, exactly. For
//! classes the most frequent prediction takes the place of the mean (Domingos), and the parts no longer add up.
//!
//! Cost: O(sets · points).
//! References: S. Geman, E. Bienenstock, R. Doursat, "Neural networks and the bias/variance dilemma", Neural Computation
//! 4(1), 1992; P. Domingos, "A unified bias-variance decomposition", ICML 2000.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    plot::chart,
    value::{Matrix, Vector},
};

/// Splits the error of a model into bias and variance, from its predictions after learning from several training sets.
/// Use it to see whether a model is too simple (bias) or too free (variance).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The predictions: one row a training set, one column a test point.
    pub predictions: Matrix,
    /// The truth at each test point, without noise.
    pub y_true: Vector,
    /// What an error costs; squared when not given.
    #[serde(default)]
    pub loss: Loss,
    /// The variance of the noise in the targets, 0 or more; for squared errors. 0 when not given.
    #[serde(default)]
    pub noise_variance: Option<f64>,
}

/// What an error costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Its square.
    #[default]
    Squared,
    /// 1, whatever the two classes are.
    ZeroOne,
}

/// The parts of the error, each a mean over the test points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The squared distance of the mean prediction from the truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_squared: Option<f64>,
    /// For classes: the share of points whose most frequent prediction is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<f64>,
    /// The squared distance of predictions from their mean; for classes the share unlike the most frequent one.
    pub variance: f64,
    /// The variance of the noise, as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// The mean loss: the sum of the parts for squared errors.
    pub expected_error: f64,
    /// The bias at each test point, squared for squared errors.
    pub bias_by_point: Vec<f64>,
    /// The variance at each test point.
    pub variance_by_point: Vec<f64>,
    /// The picture: bias and variance at each test point.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "split into bias and variance: predictions [[1,2],[1.2,1.8],[0.8,2.2]], truth [1, 2]",
    "is this model's error bias or variance?",
    "bias-variance decomposition of [[0,1,1],[0,0,1]] against [0,1,0] for classification",
    "how much of the error is noise, bias and variance if the noise variance is 0.04?",
];

/// Splits the error.
///
/// # Errors
/// `invalid_arguments` if predictions and truth differ in length, or noise is below 0 or given for classes.
pub fn run(args: &Args) -> Result<Output, Error> {
    let points = args.predictions.columns();
    if args.y_true.len() != points {
        let message = format!("`y_true` has {} values, but `predictions` has {points} columns", args.y_true.len());
        return Err(Error::invalid("/y_true", message).with_hint("one column a test point"));
    }
    let noise = args.noise_variance;
    if let Some(noise) = noise
        && (noise < 0.0 || args.loss == Loss::ZeroOne)
    {
        let message = "`noise_variance` is 0 or more, and for squared errors";
        return Err(Error::invalid("/noise_variance", message));
    }
    let parts: Vec<Parts> = (0..points)
        .map(|j| {
            let predictions: Vec<f64> = args.predictions.iter().map(|row| row[j]).collect();
            match args.loss {
                Loss::Squared => squared(&predictions, args.y_true[j]),
                Loss::ZeroOne => zero_one(&predictions, args.y_true[j]),
            }
        })
        .collect();
    let mean = |part: fn(&Parts) -> f64| parts.iter().map(|parts| part(parts) / points as f64).sum::<f64>();
    let (bias, variance) = (mean(|parts| parts.bias), mean(|parts| parts.variance));
    Ok(Output {
        svg: picture(args.loss, &parts)?,
        expected_error: match args.loss {
            Loss::Squared => bias + variance + noise.unwrap_or(0.0),
            Loss::ZeroOne => mean(|parts| parts.error),
        },
        bias_squared: (args.loss == Loss::Squared).then_some(bias),
        bias: (args.loss == Loss::ZeroOne).then_some(bias),
        variance,
        noise,
        bias_by_point: parts.iter().map(|parts| parts.bias).collect(),
        variance_by_point: parts.iter().map(|parts| parts.variance).collect(),
    })
}

/// The parts of the error at one point.
pub(super) struct Parts {
    pub(super) bias: f64,
    pub(super) variance: f64,
    error: f64,
}

pub(super) fn squared(predictions: &[f64], truth: f64) -> Parts {
    let n = predictions.len() as f64;
    // About the truth, so that close predictions keep their digits.
    let off = predictions.iter().map(|p| (p - truth) / n).sum::<f64>();
    let variance = predictions.iter().map(|p| (p - truth - off) * (p - truth - off) / n).sum::<f64>();
    Parts { bias: off * off, variance, error: off * off + variance }
}

fn zero_one(predictions: &[f64], truth: f64) -> Parts {
    let n = predictions.len() as f64;
    let share = |label: f64| predictions.iter().filter(|p| **p == label).count() as f64 / n;
    let mut labels = predictions.to_vec();
    labels.sort_by(f64::total_cmp);
    labels.dedup();
    // The most frequent one, the smallest of several.
    let main = labels.iter().fold((0.0, truth), |best, label| {
        let share = share(*label);
        if share > best.0 { (share, *label) } else { best }
    });
    Parts { bias: f64::from(u8::from(main.1 != truth)), variance: 1.0 - main.0, error: 1.0 - share(truth) }
}

fn picture(loss: Loss, parts: &[Parts]) -> Result<String, Error> {
    let along = |part: fn(&Parts) -> f64| -> Vec<(f64, f64)> {
        parts.iter().enumerate().map(|(i, parts)| (i as f64, part(parts))).collect()
    };
    let (bias, variance) = (along(|parts| parts.bias), along(|parts| parts.variance));
    let (first, unit) = match loss {
        Loss::Squared => ("bias squared", "error (squared units of y)"),
        Loss::ZeroOne => ("bias", "share of predictions"),
    };
    let lines = [chart::Line { name: first, points: &bias }, chart::Line { name: "variance", points: &variance }];
    chart::lines("Bias and variance at each test point", "test point (number from 0)", unit, &lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn call(rows: Vec<Vec<f64>>, truth: Vec<f64>, loss: Loss) -> Output {
        let (predictions, y_true) = (rows.try_into().unwrap(), truth.try_into().unwrap());
        run(&Args { predictions, y_true, loss, noise_variance: None }).unwrap()
    }

    #[test]
    fn by_hand() {
        // Predictions 1 and 3 of the truth 1: the mean is off by 1 and they scatter by 1.
        let out = call(vec![vec![1.0], vec![3.0]], vec![1.0], Loss::Squared);
        assert_eq!((out.bias_squared, out.variance, out.expected_error), (Some(1.0), 1.0, 2.0));
        // Twice 0, once 2: the main prediction 0 is wrong, a third differs from it, two thirds are wrong.
        let out = call(vec![vec![0.0], vec![0.0], vec![2.0]], vec![2.0], Loss::ZeroOne);
        assert_eq!((out.bias, out.bias_squared), (Some(1.0), None));
        assert!((out.variance - 1.0 / 3.0).abs() < 1e-15 && (out.expected_error - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn refuses_what_does_not_match() {
        let args = |truth: Vec<f64>, noise| Args {
            predictions: [[1.0, 2.0]].try_into().unwrap(),
            y_true: truth.try_into().unwrap(),
            loss: Loss::Squared,
            noise_variance: noise,
        };
        assert_eq!(run(&args(vec![1.0], None)).unwrap_err().path, "/y_true");
        assert_eq!(run(&args(vec![1.0, 2.0], Some(-1.0))).unwrap_err().path, "/noise_variance");
    }

    proptest! {
        #[test]
        fn the_parts_are_the_mean_squared_error(rows in prop::collection::vec(prop::collection::vec(-9.0..9.0, 3), 1..9)) {
            let truth = vec![1.0, -2.0, 0.5];
            let n = (rows.len() * 3) as f64;
            let error: f64 = rows.iter().flat_map(|row| row.iter().zip(&truth)).map(|(p, y): (&f64, &f64)| (p - y).powi(2) / n).sum();
            let out = call(rows, truth, Loss::Squared);
            prop_assert!((out.expected_error - error).abs() < 1e-10);
        }
    }
}
