//! Perceptrons and networks of many layers.

pub mod activation;
pub mod compare_activations;
pub mod mlp_backprop;
pub mod mlp_forward;
pub mod mlp_train;
pub mod network;
pub mod perceptron;
pub mod softmax;
pub mod vanishing_gradients;

use crate::{
    error::Error,
    tool::{Tool, ToolBuilder},
    value::Matrix,
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("perceptron", perceptron::run).examples(perceptron::EXAMPLES),
        Tool::pure("activation", activation::run).examples(activation::EXAMPLES),
        Tool::pure("softmax", softmax::run).examples(softmax::EXAMPLES),
        Tool::pure("compare_activations", compare_activations::run).examples(compare_activations::EXAMPLES),
        Tool::pure("mlp_forward", mlp_forward::run).examples(mlp_forward::EXAMPLES),
        Tool::pure("mlp_backprop", mlp_backprop::run).examples(mlp_backprop::EXAMPLES),
        Tool::pure("mlp_train", mlp_train::run)
            .examples(mlp_train::EXAMPLES)
            .timeout(std::time::Duration::from_secs(60)),
        Tool::pure("vanishing_gradients", vanishing_gradients::run).examples(vanishing_gradients::EXAMPLES),
    ]
}

/// Whether points to predict have the columns of those that were learnt from.
fn same_columns(test: Option<&Matrix>, columns: usize) -> Result<(), Error> {
    match test {
        Some(test) if test.columns() != columns => {
            let given = test.columns();
            Err(Error::invalid("/X_test", format!("`X_test` has {given} columns, but `X` has {columns}")))
        }
        _ => Ok(()),
    }
}
