//! # Backpropagation
//!
//! How the loss of a network changes with each weight and each bias: the chain rule, applied from the loss backwards so
//! that every intermediate slope is computed once. The whole gradient costs about as much as two forward passes, however
//! many weights there are; by finite differences each weight would cost two. The code is the one that trains
//! (`network.rs`), in double precision; with `check` the tool compares itself with finite differences.
//!
//! Cost: 6 · rows · weights operations; with the check, 4 · rows · weights² more.
//! Reference: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
//! 1986.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activation::Activation,
    mlp_forward::read,
    network::{Loss, Pass, Target},
};
use crate::{
    error::Error,
    value::{Matrix, Vector},
};

/// Computes the loss of a neural network (multi-layer perceptron) with given weights and its gradient in every weight
/// and bias: backpropagation. Use it to see or to check how a network learns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The weights of each layer, inputs x outputs: weight matrices. Up to 100 layers.
    pub weights: Vec<Matrix>,
    /// The biases of each layer, one for each output.
    pub biases: Vec<Vector>,
    /// The activation of all layers but the last, which has none; relu when not given.
    #[serde(default)]
    pub activation: Activation,
    /// The inputs, one sample a row.
    pub X: Matrix,
    /// What is to come out: targets, labels. For cross_entropy a class from 0 for each row, for bce 0 or 1, for mse a
    /// number for each row or a row of numbers for each.
    pub y: Targets,
    /// What the output is measured by: the loss, the cost function; cross_entropy when not given.
    #[serde(default)]
    pub loss: Loss,
    /// Whether to compare the gradient with finite differences too, for up to 2000 weights and biases.
    #[serde(default)]
    pub check: bool,
}

/// Numbers for each row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Targets {
    /// One for each.
    Column(Vector),
    /// A row of them for each.
    Rows(Matrix),
}

/// The gradient.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The loss.
    pub loss: f64,
    /// How it changes with each weight: a matrix for each layer, as `weights`.
    pub weight_gradients: Vec<Vec<Vec<f64>>>,
    /// How it changes with each bias, as `biases`.
    pub bias_gradients: Vec<Vec<f64>>,
    /// The largest difference from finite differences, relative to the larger of 1 and the gradient, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Backpropagation through weights [[[0.5], [-0.3]]] with biases [[0.1]] for X = [[1, 2]] and y = [[1]], loss mse",
    "gradient of the cross-entropy in every weight of this network",
    "check the backprop gradients against finite differences",
];

/// The most parameters to check, and the most arithmetic of a check.
const CHECK: (usize, usize) = (2000, 1_000_000_000);

/// Computes the gradient.
///
/// # Errors
/// `invalid_arguments` if the layers do not fit together, to the inputs or to `y`, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (shape, mut parameters) = read(&args.weights, &args.biases, args.activation, &args.X)?;
    let rows = args.X.rows();
    let classes: Vec<usize>;
    let target = match (&args.y, args.loss) {
        (Targets::Rows(numbers), Loss::Mse) => {
            if (numbers.rows(), numbers.columns()) != (rows, shape.outputs()) {
                let (has, wide) = (numbers.rows(), numbers.columns());
                let message = format!("`y` is {has} x {wide}, but the output is {rows} x {}", shape.outputs());
                return Err(Error::invalid("/y", message));
            }
            Target::Numbers(numbers.as_slice())
        }
        (Targets::Rows(_), _) => {
            return Err(Error::invalid("/y", "`y` has to be a list of classes for this loss")
                .with_hint("give a whole number from 0 for each row, or take the loss `mse`"));
        }
        (Targets::Column(numbers), Loss::Mse) => {
            if (numbers.len(), 1) != (rows, shape.outputs()) {
                let message =
                    format!("`y` has {} numbers, but the output is {rows} x {}", numbers.len(), shape.outputs());
                return Err(Error::invalid("/y", message));
            }
            Target::Numbers(numbers)
        }
        (Targets::Column(labels), loss) => {
            let yes_or_no = loss == Loss::Bce;
            if yes_or_no && shape.outputs() != 1 {
                let message = format!("bce takes a network of one output, this one has {}", shape.outputs());
                return Err(Error::invalid("/loss", message).with_hint("take `cross_entropy`"));
            }
            classes = read_classes(labels, rows, if yes_or_no { 2 } else { shape.outputs() })?;
            if yes_or_no { Target::YesOrNo(&classes) } else { Target::Classes(&classes) }
        }
    };
    let mut pass = Pass::new(&shape, rows);
    let mut gradient = vec![0.0; parameters.len()];
    let mut loss = |parameters: &[f64], gradient: Option<&mut [f64]>| {
        pass.inputs(rows).copy_from_slice(args.X.as_slice());
        pass.forward(parameters, rows);
        let loss = pass.loss(target, rows);
        if let Some(gradient) = gradient {
            pass.backward(parameters, rows, gradient);
        }
        loss
    };
    let value = loss(&parameters, Some(&mut gradient));
    let check = if args.check {
        let (most, work) = CHECK;
        let n = parameters.len();
        if n > most || n.saturating_mul(n).saturating_mul(4 * rows) > work {
            return Err(Error::too_large("/check", format!("{n} weights and biases are too many for a check"))
                .with_hint(format!("give at most {most}, and few rows")));
        }
        Some(largest_difference(&mut parameters, &gradient, |parameters| loss(parameters, None)))
    } else {
        None
    };
    let layers = 0..shape.layers();
    let rows_of = |(weights, biases): (&[f64], &[f64])| weights.chunks(biases.len()).map(<[f64]>::to_vec).collect();
    Ok(Output {
        loss: value,
        weight_gradients: layers.clone().map(|l| rows_of(shape.split(&gradient, l))).collect(),
        bias_gradients: layers.map(|l| shape.split(&gradient, l).1.to_vec()).collect(),
        check,
    })
}

/// The labels as classes below a number of them, one for each row.
///
/// # Errors
/// `invalid_arguments` with the first that is none.
pub(crate) fn read_classes(labels: &[f64], rows: usize, classes: usize) -> Result<Vec<usize>, Error> {
    if labels.len() != rows {
        return Err(Error::invalid("/y", format!("`y` has {} values, but `X` has {rows} rows", labels.len())));
    }
    let read = |(i, &label): (usize, &f64)| {
        let class = label as usize;
        if label >= 0.0 && label.fract() == 0.0 && class < classes {
            return Ok(class);
        }
        Err(Error::invalid(format!("/y/{i}"), format!("`{label}` is no class from 0 to {}", classes - 1)))
    };
    labels.iter().enumerate().map(read).collect()
}

/// The largest relative difference of a gradient from central differences of the loss.
fn largest_difference(parameters: &mut [f64], gradient: &[f64], mut loss: impl FnMut(&[f64]) -> f64) -> f64 {
    let mut largest = 0.0_f64;
    for i in 0..parameters.len() {
        let original = parameters[i];
        // The cube root of the precision: what the third derivative and the rounding take away is then alike.
        let step = 6e-6 * original.abs().max(1.0);
        parameters[i] = original + step;
        let above = loss(parameters);
        parameters[i] = original - step;
        let below = loss(parameters);
        parameters[i] = original;
        let slope = (above - below) / (2.0 * step);
        largest = largest.max((slope - gradient[i]).abs() / gradient[i].abs().max(1.0));
    }
    largest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(text: &str) -> Args {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn by_hand() {
        // 1 * 0.5 - 2 * 0.3 + 0.1 = 0, 1 is wanted: loss 1, slope -2 in the output, times the inputs in the weights.
        let text = r#"{"weights": [[[0.5], [-0.3]]], "biases": [[0.1]], "X": [[1, 2]], "y": [[1]], "loss": "mse", "check": true}"#;
        let out = run(&args(text)).unwrap();
        assert!((out.loss - 1.0).abs() < 1e-15 && out.check.unwrap() < 1e-9);
        assert!((out.weight_gradients[0][1][0] + 4.0).abs() < 1e-14 && (out.bias_gradients[0][0] + 2.0).abs() < 1e-14);
        // A list of numbers is a column.
        let column = args(&text.replace("[[1]], \"loss\"", "[1], \"loss\""));
        assert_eq!(run(&column).unwrap().loss, out.loss);
    }

    #[test]
    fn a_sure_and_right_network_has_nothing_to_learn() {
        let text = r#"{"weights": [[[800, -800]]], "biases": [[0, 0]], "X": [[1]], "y": [0]}"#;
        let out = run(&args(text)).unwrap();
        assert_eq!((out.loss, out.bias_gradients), (0.0, vec![vec![0.0, 0.0]]));
    }

    #[test]
    fn labels_have_to_fit() {
        let check = |y: &str, loss: &str, path: &str| {
            let text = r#"{"weights": [[[1, 2]]], "biases": [[0, 0]], "X": [[1], [2]], "y": Y, "loss": "L"}"#;
            assert_eq!(run(&args(&text.replace('Y', y).replace('L', loss))).unwrap_err().path, path);
        };
        check("[0]", "cross_entropy", "/y");
        check("[0, 2]", "cross_entropy", "/y/1");
        check("[0, 0.5]", "cross_entropy", "/y/1");
        check("[[0], [1]]", "cross_entropy", "/y");
        check("[0, 1]", "bce", "/loss");
        check("[0, 1]", "mse", "/y");
    }
}
