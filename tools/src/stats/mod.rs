//! Statistics: what a list of numbers looks like.

pub mod describe;
pub mod mean_variance;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("mean_variance", mean_variance::run).examples(mean_variance::EXAMPLES),
        Tool::pure("describe", describe::run).examples(describe::EXAMPLES),
    ]
}
