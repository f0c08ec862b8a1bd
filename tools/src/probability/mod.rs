//! Probability: beliefs and evidence, and numbers drawn at random.

pub mod bayes_theorem;
pub mod gaussian_simulate;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("bayes_theorem", bayes_theorem::run).examples(bayes_theorem::EXAMPLES),
        Tool::pure("gaussian_simulate", gaussian_simulate::run).examples(gaussian_simulate::EXAMPLES),
    ]
}
