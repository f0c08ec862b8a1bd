//! Clustering: groups that nobody named.

pub mod kmeans;
mod lloyd;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("kmeans", kmeans::run).examples(kmeans::EXAMPLES)]
}
