//! Pictures: SVG text, and the numbers that it shows.

pub(crate) mod chart;
pub mod cosine_vs_euclidean;
pub(crate) mod style;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("plot_cosine_vs_euclidean", cosine_vs_euclidean::run).examples(cosine_vs_euclidean::EXAMPLES)]
}
