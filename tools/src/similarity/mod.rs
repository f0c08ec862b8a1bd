//! How alike two things are: vectors, texts, distributions.

pub mod compare_similarities;
pub mod distribution_distance;
pub mod metric;
#[allow(clippy::module_inception)]
pub mod similarity;
pub mod string_similarity;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("compare_similarities", compare_similarities::run).examples(compare_similarities::EXAMPLES),
        Tool::pure("distribution_distance", distribution_distance::run).examples(distribution_distance::EXAMPLES),
        Tool::pure("similarity", similarity::run).examples(similarity::EXAMPLES),
        Tool::pure("string_similarity", string_similarity::run).examples(string_similarity::EXAMPLES),
    ]
}
