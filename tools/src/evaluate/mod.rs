//! How well a model does: losses, metrics, curves, bias against variance, and whether an answer is held up by its sources.

pub mod bias_variance;
pub mod bias_variance_demo;
pub mod bias_variance_polynomial;
pub mod classification_metrics;
pub mod curve;
pub mod faithfulness;
pub mod groundedness;
pub mod learning_curve;
pub mod loss_functions;
pub mod model;
mod polynomial;
pub mod ranking_metrics;
pub mod regression_metrics;
pub mod roc_curve;
mod support;
mod thresholds;
pub mod validation_curve;

use std::time::Duration;

use crate::{
    error::Error,
    tool::{Tool, ToolBuilder},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("loss_functions", loss_functions::run).examples(loss_functions::EXAMPLES),
        Tool::pure("classification_metrics", classification_metrics::run).examples(classification_metrics::EXAMPLES),
        Tool::pure("regression_metrics", regression_metrics::run).examples(regression_metrics::EXAMPLES),
        Tool::pure("roc_curve", roc_curve::run).examples(roc_curve::EXAMPLES),
        Tool::pure("ranking_metrics", ranking_metrics::run).examples(ranking_metrics::EXAMPLES),
        Tool::pure("bias_variance", bias_variance::run).examples(bias_variance::EXAMPLES),
        Tool::pure("bias_variance_demo", bias_variance_demo::run)
            .examples(bias_variance_demo::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("bias_variance_polynomial", bias_variance_polynomial::run)
            .examples(bias_variance_polynomial::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("learning_curve", learning_curve::run)
            .examples(learning_curve::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("validation_curve", validation_curve::run)
            .examples(validation_curve::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("faithfulness", faithfulness::run).examples(faithfulness::EXAMPLES),
        Tool::pure("groundedness", groundedness::run).examples(groundedness::EXAMPLES),
    ]
}

/// There is one prediction (named `what`) for each truth, and at least one.
fn check_lengths(truths: usize, what: &str, predictions: usize) -> Result<(), Error> {
    if truths == 0 {
        return Err(Error::invalid("/y_true", "the list is empty").with_hint("give at least one value"));
    }
    if truths == predictions {
        return Ok(());
    }
    Err(Error::invalid(format!("/{what}"), format!("`{what}` has {predictions} values, but `y_true` has {truths}"))
        .with_hint("give one for each"))
}
