//! # Activations compared
//!
//! Side by side: each function and its slope, and what that means for learning. A slope near 0 stops the gradient on its
//! way back (sigmoid and tanh far from 0, relu below it); a slope above 1 everywhere would blow it up; and a mean output
//! far from 0 pushes the next layer to one side. The numbers are averages over a standard normal input, what a well
//! scaled network has in its sums.
//!
//! Cost: a few thousand evaluations a function.
//! Reference: Y. LeCun et al., "Efficient BackProp", 1998, §4.4; X. Glorot, Y. Bengio, AISTATS 2010.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use crate::{
    error::Error,
    plot::chart::{self, Line, Panel},
};

/// Compares activation functions, as ReLU against sigmoid and GELU: their curves and slopes in a picture, and how much of
/// a gradient each lets through. Use it to choose one or to explain the difference; it runs without any argument.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// The activations to compare, 1 to 15 of them; relu, leaky_relu, gelu, sigmoid and tanh when not given.
    pub kinds: Option<Vec<Activation>>,
    /// How far the picture goes to both sides of 0, from 0.1 to 100; 4 when not given.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub range: Option<f64>,
}

/// The comparison.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// What each activation does to a standard normal input, in the order given.
    pub activations: Vec<Row>,
    /// The picture, as the text of an SVG file: the functions at the left, their slopes at the right.
    pub svg: String,
}

/// One activation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Row {
    /// Which it is.
    pub kind: Activation,
    /// Its mean over a standard normal input; 0 keeps the next layer centred.
    pub mean: f64,
    /// Its standard deviation over a standard normal input.
    pub deviation: f64,
    /// The root of its mean squared slope: what one layer multiplies the size of a gradient by, on average.
    pub gradient_factor: f64,
    /// The share of inputs where the slope is below 0.01 in size: the neuron learns nothing there.
    pub dead_share: f64,
    /// Its largest slope between -10 and 10.
    pub largest_slope: f64,
    /// What is left of the size of a gradient after ten layers with weights that by themselves keep it.
    pub after_ten_layers: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compare ReLU, sigmoid and tanh",
    "which activation function lets the most gradient through?",
    "plot gelu, silu and mish with their derivatives",
    "why not sigmoid? show me the activations side by side",
];

/// Points of a curve.
const POINTS: usize = 240;

/// Compares them.
///
/// # Errors
/// `invalid_arguments` for an empty list or a range that is none, `too_large` for more than 15 activations.
pub fn run(args: &Args) -> Result<Output, Error> {
    let usual = [Activation::Relu, Activation::LeakyRelu, Activation::Gelu, Activation::Sigmoid, Activation::Tanh];
    let kinds = args.kinds.clone().unwrap_or_else(|| usual.to_vec());
    if kinds.is_empty() {
        return Err(Error::invalid("/kinds", "there is nothing to compare").with_hint("leave it out, or name two"));
    }
    if kinds.len() > 15 {
        return Err(Error::too_large("/kinds", format!("there are {} activations, the limit is 15", kinds.len())));
    }
    let range = args.range.unwrap_or(4.0);
    if !(0.1..=100.0).contains(&range) {
        return Err(Error::invalid("/range", format!("`range` is {range}, but must be from 0.1 to 100")));
    }
    let names: Vec<String> = kinds.iter().map(|kind| name(*kind)).collect();
    let curve = |f: fn(Activation, f64) -> f64| -> Vec<Vec<(f64, f64)>> {
        let x = (0..=POINTS).map(|i| range * (2.0 * i as f64 / POINTS as f64 - 1.0));
        kinds.iter().map(|kind| x.clone().map(|x| (x, f(*kind, x))).collect()).collect()
    };
    let (values, slopes) = (curve(Activation::value), curve(Activation::derivative));
    let (left, right) = (named(&names, &values), named(&names, &slopes));
    let svg = chart::panels(
        "Activations compared",
        &[
            Panel { title: "function", x: "weighted sum x", y: "f(x)", lines: &left, ..Panel::default() },
            Panel { title: "slope", x: "weighted sum x", y: "f'(x)", lines: &right, ..Panel::default() },
        ],
    )?;
    Ok(Output { activations: kinds.into_iter().map(row).collect(), svg })
}

fn named<'a>(names: &'a [String], curves: &'a [Vec<(f64, f64)>]) -> Vec<Line<'a>> {
    names.iter().zip(curves).map(|(name, points)| Line { name, points }).collect()
}

/// The name that callers use.
pub(crate) fn name(kind: Activation) -> String {
    // The serialised name of a plain variant is a string; there is no other way for it to come out.
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Averages over the standard normal distribution, by the midpoint rule from -10 to 10.
fn row(kind: Activation) -> Row {
    let steps = 8000;
    let width = 20.0 / f64::from(steps);
    let (mut mean, mut square, mut slope_square, mut dead, mut largest, mut total) = (0.0, 0.0, 0.0, 0.0, 0.0_f64, 0.0);
    for i in 0..steps {
        let x = -10.0 + (f64::from(i) + 0.5) * width;
        let weight = (-0.5 * x * x).exp() * width / (2.0 * std::f64::consts::PI).sqrt();
        let (value, slope) = (kind.value(x), kind.derivative(x));
        total += weight;
        mean += weight * value;
        square += weight * value * value;
        slope_square += weight * slope * slope;
        dead += if slope.abs() < 0.01 { weight } else { 0.0 };
        largest = largest.max(slope);
    }
    let (mean, gradient_factor) = (mean / total, (slope_square / total).sqrt());
    Row {
        kind,
        mean,
        deviation: (square / total - mean * mean).max(0.0).sqrt(),
        gradient_factor,
        dead_share: dead / total,
        largest_slope: largest,
        after_ten_layers: gradient_factor.powi(10),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn by_hand() {
        // A rectified normal number has mean 1/√(2π), variance (1 - 1/π)/2, and slope 1 half of the time.
        let relu = row(Activation::Relu);
        assert!((relu.mean - (1.0 / (2.0 * std::f64::consts::PI)).sqrt()).abs() < 1e-5, "{relu:?}");
        assert!((relu.deviation - ((1.0 - 1.0 / std::f64::consts::PI) / 2.0).sqrt()).abs() < 1e-5);
        assert!((relu.gradient_factor - 0.5_f64.sqrt()).abs() < 1e-9 && (relu.dead_share - 0.5).abs() < 1e-9);
        assert!((relu.after_ten_layers - 1.0 / 32.0).abs() < 1e-9);
        assert!(row(Activation::Sigmoid).largest_slope <= 0.25);
    }

    #[test]
    fn selu_keeps_mean_and_variance() {
        // Klambauer et al., 2017: the fixed point that its constants were made for.
        let selu = row(Activation::Selu);
        assert!(selu.mean.abs() < 1e-5 && (selu.deviation - 1.0).abs() < 1e-5, "{selu:?}");
    }

    #[test]
    fn runs_without_arguments() {
        let out = run(&Args::default()).unwrap();
        assert_eq!(out.activations.len(), 5);
        assert!(out.svg.contains("leaky_relu"));
        assert_eq!(run(&Args { kinds: Some(vec![]), range: None }).unwrap_err().path, "/kinds");
    }
}
