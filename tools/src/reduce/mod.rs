//! Dimension reduction: fewer columns that say nearly as much.

pub mod pca;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("pca", pca::run).examples(pca::EXAMPLES)]
}
