//! # Loss functions
//!
//! A loss says how much a prediction costs, and its slope says which way to move it: what a model learns depends on
//! both. For numbers, with the error `e = prediction - truth`: squares chase outliers, absolute values treat them like
//! everybody else but have a kink at 0, Huber's loss is the first near 0 and the second far away, log-cosh does the same
//! without a seam, and the quantile loss makes being too low cost differently from being too high. For two classes, with
//! the margin `m`, the score signed so that right is positive: the zero-one loss is what one means but has no slope, and
//! hinge, squared hinge, logistic and exponential loss are convex stand-ins. For probabilities, log loss and Brier score
//! are smallest when the probability is the true one.
//!
//! At a kink the slope given is 0 (absolute at 0) or that of the flat side (hinge at margin 1).
//!
//! Cost: O(n) a loss.
//! References: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd ed., 2009, §10.6;
//! P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35(1), 1964; R. Koenker,
//! G. Bassett, "Regression quantiles", Econometrica 46(1), 1978; P. L. Bartlett, M. I. Jordan, J. D. McAuliffe,
//! "Convexity, classification, and risk bounds", JASA 101(473), 2006.

use std::f64::consts::LN_2;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_lengths;
use crate::{
    error::Error,
    plot::chart::{self, Line, Panel},
    value::{Fraction, Vector},
};

/// Computes loss functions and their gradients for predictions, and draws them: squared, absolute, Huber, hinge, log
/// loss and others. Use it to choose a loss, or to see how each punishes errors and outliers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The truth: numbers, or the classes 0 and 1 for classification losses.
    pub y_true: Vector,
    /// The predictions, in the same order: numbers; for margin losses a score (above 0 means class 1), for `log_loss` and
    /// `brier` the probability of class 1.
    pub y_pred: Vector,
    /// Which losses; all that fit the data when not given.
    #[serde(default)]
    pub losses: Option<Vec<Loss>>,
    /// Where Huber's loss goes over from square to straight: delta; above 0, 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub delta: f64,
    /// Which quantile the quantile loss aims at: tau, pinball; 0.9 when not given.
    #[serde(default = "ninety_percent")]
    pub quantile: Fraction,
}

fn one() -> f64 {
    1.0
}

fn ninety_percent() -> Fraction {
    Fraction::new(0.9).unwrap_or(Fraction::NINETY_FIVE_PERCENT)
}

/// A loss function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// e².
    Mse,
    /// |e|.
    Mae,
    /// e²/2 up to delta, then straight.
    Huber,
    /// The logarithm of the hyperbolic cosine of e.
    LogCosh,
    /// Quantile times how much too low, 1 less it times how much too high.
    Quantile,
    /// 1 for a wrong class, else 0.
    ZeroOne,
    /// What the margin lacks of 1.
    Hinge,
    /// Its square.
    SquaredHinge,
    /// ln(1 + exp(-m)), log loss of a score.
    Logistic,
    /// exp(-m), AdaBoost's.
    Exponential,
    /// The negative logarithm of the probability given to the truth: cross-entropy.
    LogLoss,
    /// The squared distance of the probability from the truth.
    Brier,
}

/// What a loss compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Margin,
    Probability,
}

const ALL: [Loss; 12] = [
    Loss::Mse,
    Loss::Mae,
    Loss::Huber,
    Loss::LogCosh,
    Loss::Quantile,
    Loss::ZeroOne,
    Loss::Hinge,
    Loss::SquaredHinge,
    Loss::Logistic,
    Loss::Exponential,
    Loss::LogLoss,
    Loss::Brier,
];

/// The losses and their picture.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file: each loss against error, margin or probability.
    pub svg: String,
    /// The losses, in the order asked for.
    pub losses: Vec<Costs>,
}

/// What the predictions cost by one loss.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Costs {
    /// The loss.
    pub loss: Loss,
    /// The mean over all predictions.
    pub mean: f64,
    /// The loss of each prediction.
    pub values: Vec<f64>,
    /// The slope of each prediction's loss by the prediction: which way and how much it pulls.
    pub gradients: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compare squared, absolute and Huber loss for truth 1, 2, 3 and predictions 1.5, 2, 9",
    "plot the loss functions for classification: hinge, logistic, exponential",
    "log loss and its gradient for labels 1, 0, 1 and probabilities 0.9, 0.2, 0.4",
    "which loss is least disturbed by an outlier? y_true [1, 1, 1, 50], y_pred [1, 2, 1, 2]",
];

/// The most predictions.
const LIMIT: usize = 1_000_000;

/// Computes and draws the losses.
///
/// # Errors
/// `invalid_arguments` if the lists differ in length, a loss does not fit the data or a parameter is out of range,
/// `too_large` above a million predictions or where a loss overflows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_lengths(args.y_true.len(), "y_pred", args.y_pred.len())?;
    if args.y_true.len() > LIMIT {
        let n = args.y_true.len();
        return Err(Error::too_large("/y_true", format!("there are {n} predictions, the limit is {LIMIT}")));
    }
    if !(args.delta > 0.0 && args.delta.is_finite()) {
        return Err(Error::invalid("/delta", format!("`delta` is {}, but must be above 0", args.delta)));
    }
    let chosen: Vec<Loss> = match &args.losses {
        Some(losses) => {
            losses.iter().try_for_each(|loss| fits(*loss, args))?;
            losses.clone()
        }
        None => ALL.into_iter().filter(|loss| fits(*loss, args).is_ok()).collect(),
    };
    if chosen.is_empty() {
        return Err(Error::invalid("/losses", "there are no losses").with_hint("name at least one, or leave it out"));
    }
    if chosen.len() > ALL.len() {
        return Err(Error::too_large(
            "/losses",
            format!("there are {} losses, the limit is {}", chosen.len(), ALL.len()),
        ));
    }
    let losses = chosen.iter().map(|loss| costs(*loss, args)).collect::<Result<Vec<_>, _>>()?;
    Ok(Output { svg: picture(&chosen, args)?, losses })
}

impl Loss {
    fn kind(self) -> Kind {
        match self {
            Loss::Mse | Loss::Mae | Loss::Huber | Loss::LogCosh | Loss::Quantile => Kind::Error,
            Loss::ZeroOne | Loss::Hinge | Loss::SquaredHinge | Loss::Logistic | Loss::Exponential => Kind::Margin,
            Loss::LogLoss | Loss::Brier => Kind::Probability,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Loss::Mse => "squared (MSE)",
            Loss::Mae => "absolute (MAE)",
            Loss::Huber => "Huber",
            Loss::LogCosh => "log-cosh",
            Loss::Quantile => "quantile",
            Loss::ZeroOne => "zero-one",
            Loss::Hinge => "hinge",
            Loss::SquaredHinge => "squared hinge",
            Loss::Logistic => "logistic",
            Loss::Exponential => "exponential",
            Loss::LogLoss => "log loss",
            Loss::Brier => "Brier",
        }
    }
}

/// Whether the data are what the loss compares.
fn fits(loss: Loss, args: &Args) -> Result<(), Error> {
    if loss.kind() == Kind::Error {
        return Ok(());
    }
    if let Some(i) = args.y_true.iter().position(|y| *y != 0.0 && *y != 1.0) {
        let message = format!("the {} loss is for the classes 0 and 1, not `{}`", loss.name(), args.y_true[i]);
        return Err(Error::invalid(format!("/y_true/{i}"), message).with_hint("use classes, or a loss for numbers"));
    }
    let outside = args.y_pred.iter().position(|p| !(0.0..=1.0).contains(p));
    match outside.filter(|_| loss.kind() == Kind::Probability) {
        Some(i) => {
            let message = format!("the {} loss is for probabilities, not `{}`", loss.name(), args.y_pred[i]);
            Err(Error::invalid(format!("/y_pred/{i}"), message).with_hint("use numbers from 0 to 1, or `logistic`"))
        }
        None => Ok(()),
    }
}

fn costs(loss: Loss, args: &Args) -> Result<Costs, Error> {
    let each = args.y_true.iter().zip(args.y_pred.iter());
    let (values, gradients): (Vec<f64>, Vec<f64>) = each.map(|(y, p)| cost(loss, *y, *p, args)).unzip();
    let mean = values.iter().map(|value| value / values.len() as f64).sum::<f64>();
    let finite = mean.is_finite() && values.iter().chain(&gradients).all(|number| number.is_finite());
    if !finite {
        let message = format!("the {} loss is beyond {:e}, the largest number", loss.name(), f64::MAX);
        return Err(Error::too_large("/y_pred", message).with_hint("leave this loss out, or scale the numbers down"));
    }
    Ok(Costs { loss, mean, values, gradients })
}

/// The loss of one prediction, and its slope by the prediction.
fn cost(loss: Loss, y: f64, p: f64, args: &Args) -> (f64, f64) {
    let (error, side) = (p - y, 2.0 * y - 1.0);
    let margin = side * p;
    let sign = if error == 0.0 { 0.0 } else { error.signum() };
    match loss {
        Loss::Mse => (error * error, 2.0 * error),
        Loss::Mae => (error.abs(), sign),
        Loss::Huber if error.abs() <= args.delta => (0.5 * error * error, error),
        Loss::Huber => (args.delta * (error.abs() - 0.5 * args.delta), args.delta * sign),
        // Far out the cosine overflows, but its logarithm is |e| - ln 2.
        Loss::LogCosh => (error.abs() + (-2.0 * error.abs()).exp().ln_1p() - LN_2, error.tanh()),
        Loss::Quantile => {
            let slope = if error > 0.0 { 1.0 - args.quantile.get() } else { -args.quantile.get() };
            (slope * error, if error == 0.0 { 0.0 } else { slope })
        }
        // On the line between the classes nothing is decided, which counts as wrong.
        Loss::ZeroOne => (f64::from(u8::from(margin <= 0.0)), 0.0),
        Loss::Hinge if margin < 1.0 => (1.0 - margin, -side),
        Loss::SquaredHinge if margin < 1.0 => ((1.0 - margin).powi(2), -2.0 * side * (1.0 - margin)),
        Loss::Hinge | Loss::SquaredHinge => (0.0, 0.0),
        Loss::Logistic => ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p(), -side / (1.0 + margin.exp())),
        Loss::Exponential => ((-margin).exp(), -side * (-margin).exp()),
        Loss::LogLoss => {
            // A certain mistake costs much, but not infinitely much.
            let truth = (if y == 1.0 { p } else { 1.0 - p }).max(f64::EPSILON);
            (-truth.ln(), -side / truth)
        }
        Loss::Brier => (error * error, 2.0 * error),
    }
}

/// Every loss asked for, those that compare the same thing side by side on the same axes.
fn picture(losses: &[Loss], args: &Args) -> Result<String, Error> {
    // Wide enough for Huber's loss to go over into a straight line.
    let width = if (0.2..=20.0).contains(&args.delta) { 3.0 * args.delta.max(1.0) } else { 3.0 };
    let kinds = [
        (Kind::Error, "for numbers", "prediction − truth", 0.0, (-width, width)),
        (Kind::Margin, "for scores", "margin (right if above 0)", 1.0, (-3.0, 3.0)),
        (Kind::Probability, "for probabilities", "probability of the true class", 1.0, (0.02, 1.0)),
    ];
    let curve = |loss: Loss, y: f64, (low, high): (f64, f64)| -> Vec<(f64, f64)> {
        (0..=240).map(|i| low + (high - low) * f64::from(i) / 240.0).map(|x| (x, cost(loss, y, x, args).0)).collect()
    };
    let mut drawn = Vec::new();
    for (kind, title, x, y, range) in kinds {
        let of_kind = ALL.into_iter().filter(|loss| loss.kind() == kind && losses.contains(loss));
        let curves: Vec<(&str, Vec<(f64, f64)>)> = of_kind.map(|loss| (loss.name(), curve(loss, y, range))).collect();
        if !curves.is_empty() {
            drawn.push((title, x, curves));
        }
    }
    let lines: Vec<Vec<Line<'_>>> = drawn
        .iter()
        .map(|(_, _, curves)| curves.iter().map(|(name, points)| Line { name, points }).collect())
        .collect();
    let alone = drawn.len() == 1;
    let panels: Vec<Panel<'_>> = drawn
        .iter()
        .zip(&lines)
        .map(|((title, x, _), lines)| Panel {
            title: if alone { "" } else { title },
            x,
            y: "loss",
            lines,
            ..Panel::default()
        })
        .collect();
    chart::panels("Loss functions", &panels)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(y: &[f64], p: &[f64], losses: Option<Vec<Loss>>) -> Result<Output, Error> {
        let (y_true, y_pred) = (Vector::new(y.to_vec())?, Vector::new(p.to_vec())?);
        run(&Args { y_true, y_pred, losses, delta: 1.0, quantile: ninety_percent() })
    }

    fn one_of(loss: Loss, y: f64, p: f64) -> (f64, f64) {
        let costs = of(&[y], &[p], Some(vec![loss])).unwrap().losses.remove(0);
        (costs.values[0], costs.gradients[0])
    }

    #[test]
    fn by_hand() {
        assert_eq!(one_of(Loss::Mse, 1.0, 4.0), (9.0, 6.0));
        assert_eq!(one_of(Loss::Mae, 1.0, -1.0), (2.0, -1.0));
        assert_eq!((one_of(Loss::Huber, 0.0, 0.5), one_of(Loss::Huber, 0.0, 3.0)), ((0.125, 0.5), (2.5, 1.0)));
        // Too low by 2 costs nine times as much as too high.
        let (low, high) = (one_of(Loss::Quantile, 2.0, 0.0), one_of(Loss::Quantile, 0.0, 2.0));
        assert!((low.0 - 1.8).abs() < 1e-15 && (high.0 - 0.2).abs() < 1e-15);
        assert_eq!((one_of(Loss::Hinge, 0.0, 0.5), one_of(Loss::Hinge, 1.0, 1.0)), ((1.5, 1.0), (0.0, 0.0)));
        assert_eq!(one_of(Loss::SquaredHinge, 1.0, -1.0), (4.0, -4.0));
        assert_eq!(one_of(Loss::Logistic, 1.0, 0.0), (LN_2, -0.5));
        assert_eq!(one_of(Loss::LogLoss, 1.0, 0.5), (LN_2, -2.0));
        assert_eq!(one_of(Loss::Brier, 0.0, 0.5), (0.25, 1.0));
        assert_eq!((one_of(Loss::ZeroOne, 1.0, 0.1).0, one_of(Loss::ZeroOne, 1.0, -0.1).0), (0.0, 1.0));
    }

    #[test]
    fn what_fits_is_chosen() {
        let count = |y: &[f64], p: &[f64]| of(y, p, None).unwrap().losses.len();
        assert_eq!((count(&[0.0, 2.0], &[1.0, 1.0]), count(&[0.0], &[5.0]), count(&[0.0], &[0.5])), (5, 10, 12));
        let svg = of(&[0.0], &[0.5], None).unwrap().svg;
        assert!(["Huber", "hinge", "log loss", "for probabilities"].iter().all(|name| svg.contains(name)));
    }

    #[test]
    fn far_out_is_still_a_number() {
        assert!((one_of(Loss::LogCosh, 0.0, 1e9).0 - 1e9).abs() < 1.0);
        assert_eq!(one_of(Loss::Logistic, 0.0, 1e9), (1e9, 1.0));
        assert_eq!(one_of(Loss::Logistic, 1.0, 1e9).0, 0.0);
        assert_eq!(of(&[0.0], &[1e9], Some(vec![Loss::Exponential])).unwrap_err().path, "/y_pred");
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(of(&[2.0], &[1.0], Some(vec![Loss::Hinge])).unwrap_err().path, "/y_true/0");
        assert_eq!(of(&[1.0], &[1.5], Some(vec![Loss::LogLoss])).unwrap_err().path, "/y_pred/0");
        assert_eq!(of(&[1.0], &[1.0, 2.0], None).unwrap_err().path, "/y_pred");
        assert_eq!(of(&[1.0], &[1.0], Some(vec![])).unwrap_err().path, "/losses");
    }

    proptest! {
        #[test]
        fn slopes_agree_with_differences(y in 0_u8..2, p in 0.05..0.95_f64, scale in 0.5..3.0_f64) {
            let y = f64::from(y);
            let args = Args {
                y_true: [y].try_into().unwrap(), y_pred: [p].try_into().unwrap(), losses: None, delta: scale,
                quantile: ninety_percent(),
            };
            for loss in ALL.into_iter().filter(|loss| *loss != Loss::ZeroOne) {
                let at = |p: f64| cost(loss, y, p, &args);
                let h = 1e-6;
                let difference = (at(p + h).0 - at(p - h).0) / (2.0 * h);
                prop_assert!((difference - at(p).1).abs() < 1e-4, "{:?}: {} and {}", loss, difference, at(p).1);
            }
        }
    }
}
