//! Pictures: SVG text, and the numbers that it shows.

pub(crate) mod chart;
pub(crate) mod contour;
pub mod plot_cosine_vs_euclidean;
pub mod plot_decision_boundary;
pub mod plot_embeddings;
pub mod plot_scaling;
pub(crate) mod style;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("plot_cosine_vs_euclidean", plot_cosine_vs_euclidean::run)
            .examples(plot_cosine_vs_euclidean::EXAMPLES),
        Tool::pure("plot_scaling", plot_scaling::run).examples(plot_scaling::EXAMPLES),
        Tool::pure("plot_decision_boundary", plot_decision_boundary::run)
            .examples(plot_decision_boundary::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("plot_embeddings", plot_embeddings::run)
            .examples(plot_embeddings::EXAMPLES)
            .timeout(Duration::from_secs(120)),
    ]
}
