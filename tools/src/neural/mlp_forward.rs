//! # A network's forward pass
//!
//! What a network with given weights makes of its inputs: layer after layer, multiply by the weights, add the biases,
//! bend by the activation, except after the last layer. The code is the one that trains (`network.rs`), in double
//! precision.
//!
//! Cost: 2 · rows · weights operations.
//! Reference: I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, 2016, §6.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activation::Activation,
    network::{Pass, Shape},
};
use crate::{
    error::Error,
    value::{Matrix, Vector},
};

/// Computes the output of a neural network (multi-layer perceptron) with given weights: the forward pass. Use it to
/// follow what a network makes of its inputs.
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
}

/// What comes out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The outputs of the last layer, one sample a row.
    pub output: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Forward pass of a network with weights [[[1, -1], [0.5, 2]], [[1], [1]]] and biases [[0, 0], [0.1]] on X = [[1, 2]]",
    "what does this MLP output for the input [0.3, 0.7]?",
    "run the inputs through the layers with tanh",
];

/// Computes the outputs.
///
/// # Errors
/// `invalid_arguments` if the layers do not fit together or to the inputs, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (shape, parameters) = read(&args.weights, &args.biases, args.activation, &args.X)?;
    let rows = args.X.rows();
    let mut pass = Pass::new(&shape, rows);
    pass.inputs(rows).copy_from_slice(args.X.as_slice());
    pass.forward(&parameters, rows);
    Ok(Output { output: pass.outputs(rows).chunks_exact(shape.outputs()).map(<[f64]>::to_vec).collect() })
}

/// The most layers, and the most operations of a pass.
const LIMITS: (usize, usize) = (100, 2_000_000_000);

/// The layers as one flat slice of parameters.
///
/// # Errors
/// `invalid_arguments` with the first layer that does not fit, `too_large` beyond the limits.
pub(crate) fn read(
    weights: &[Matrix],
    biases: &[Vector],
    activation: Activation,
    inputs: &Matrix,
) -> Result<(Shape, Vec<f64>), Error> {
    let (layers, work) = LIMITS;
    if weights.is_empty() {
        return Err(Error::invalid("/weights", "there are no layers").with_hint("give the weights of at least one"));
    }
    if weights.len() > layers {
        return Err(Error::too_large("/weights", format!("there are {} layers, the limit is {layers}", weights.len())));
    }
    if biases.len() != weights.len() {
        let message = format!("there are biases for {} layers, but weights for {}", biases.len(), weights.len());
        return Err(Error::invalid("/biases", message));
    }
    let mut sizes = vec![inputs.columns()];
    let mut parameters = Vec::new();
    for (l, (weights, biases)) in weights.iter().zip(biases).enumerate() {
        let before = sizes[l];
        if weights.rows() != before {
            let (rows, what) = (weights.rows(), if l == 0 { "`X` has" } else { "the layer before has" });
            let message = format!("layer {l} takes {rows} inputs, but {what} {before}");
            return Err(Error::invalid(format!("/weights/{l}"), message)
                .with_hint("a layer's weights have a row for each input and a column for each output"));
        }
        if biases.len() != weights.columns() {
            let message = format!("layer {l} has {} biases, but {} outputs", biases.len(), weights.columns());
            return Err(Error::invalid(format!("/biases/{l}"), message));
        }
        sizes.push(weights.columns());
        parameters.extend_from_slice(weights.as_slice());
        parameters.extend_from_slice(biases);
    }
    if inputs.rows().saturating_mul(parameters.len()) > work / 6 {
        let most = work / 6 / parameters.len();
        return Err(Error::too_large("/X", format!("`X` has {} rows, the limit is {most} here", inputs.rows())));
    }
    Ok((Shape::new(sizes, activation), parameters))
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
        // 1 * 1 + 2 * 0.5 = 2 and 1 * -1 + 2 * 2 = 3; relu keeps both; 2 + 3 + 0.1.
        let text =
            r#"{"weights": [[[1, -1], [0.5, 2]], [[1], [1]]], "biases": [[0, 0], [0.1]], "X": [[1, 2], [-3, 1]]}"#;
        let out = run(&args(text)).unwrap().output;
        assert!((out[0][0] - 5.1).abs() < 1e-15);
        // -3 + 0.5 is cut off; 3 + 2 = 5.
        assert!((out[1][0] - 5.1).abs() < 1e-15);
    }

    #[test]
    fn layers_have_to_fit() {
        let check = |text: &str, path: &str| assert_eq!(run(&args(text)).unwrap_err().path, path);
        check(r#"{"weights": [[[1, 2], [3, 4]]], "biases": [[0, 0]], "X": [[1, 2, 3]]}"#, "/weights/0");
        check(r#"{"weights": [[[1, 2]], [[1]]], "biases": [[0, 0], [0]], "X": [[1]]}"#, "/weights/1");
        check(r#"{"weights": [[[1, 2]]], "biases": [[0]], "X": [[1]]}"#, "/biases/0");
        check(r#"{"weights": [[[1, 2]]], "biases": [], "X": [[1]]}"#, "/biases");
        check(r#"{"weights": [], "biases": [], "X": [[1]]}"#, "/weights");
    }

    #[test]
    fn a_network_without_a_bend_is_one_matrix() {
        let text = r#"{"weights": [[[1, 2], [3, 4]], [[5], [6]]], "biases": [[0, 0], [0]], "X": [[1, 1]], "activation": "identity"}"#;
        assert_eq!(run(&args(text)).unwrap().output, [[(1.0 + 3.0) * 5.0 + (2.0 + 4.0) * 6.0]]);
    }
}
