//! Pictures: SVG text, and the numbers that it shows.

pub(crate) mod chart;
pub(crate) mod contour;
pub mod cosine_vs_euclidean;
pub mod decision_boundary;
pub mod embeddings;
pub mod scaling;
pub(crate) mod style;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("plot_cosine_vs_euclidean", cosine_vs_euclidean::run).examples(cosine_vs_euclidean::EXAMPLES),
        Tool::pure("plot_scaling", scaling::run).examples(scaling::EXAMPLES),
        Tool::pure("plot_decision_boundary", decision_boundary::run)
            .examples(decision_boundary::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("plot_embeddings", embeddings::run).examples(embeddings::EXAMPLES).timeout(Duration::from_secs(120)),
    ]
}
