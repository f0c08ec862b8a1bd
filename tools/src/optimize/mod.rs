//! Finding the lowest point of a function, step by step.

pub mod compare_optimizers;
pub mod gradient_descent;
mod journey;
pub mod lr_schedule;
pub mod objective;
#[allow(clippy::module_inception)]
pub mod optimize;
mod picture;
pub mod rule;
pub(crate) mod walk;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("gradient_descent", gradient_descent::run).examples(gradient_descent::EXAMPLES),
        Tool::pure("optimize", optimize::run).examples(optimize::EXAMPLES),
        Tool::pure("lr_schedule", lr_schedule::run).examples(lr_schedule::EXAMPLES),
        Tool::pure("compare_optimizers", compare_optimizers::run).examples(compare_optimizers::EXAMPLES),
    ]
}
