//! Trees and what is made of many of them.

mod bagged;
mod boosted;
mod columns;
mod cuts;
pub mod decision_tree;
mod drawing;
mod exact;
mod forest_objective;
pub mod gradient_boosting;
mod histogram;
mod measure;
pub mod random_forest;
mod scoring;
mod target;
mod tree;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("decision_tree", decision_tree::run).examples(decision_tree::EXAMPLES),
        Tool::pure("random_forest", random_forest::run)
            .examples(random_forest::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("gradient_boosting", gradient_boosting::run)
            .examples(gradient_boosting::EXAMPLES)
            .timeout(Duration::from_secs(60)),
    ]
}
