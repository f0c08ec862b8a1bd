//! How well a model does: losses, metrics, curves, bias against variance.

pub mod bias_variance;
pub mod bias_variance_demo;
pub mod bias_variance_polynomial;
pub mod curve;
pub mod learning_curve;
pub mod model;
mod polynomial;
pub mod validation_curve;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
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
    ]
}
