//! Finding what is near or says the same: vectors, words, and how good a ranking is.

pub mod knn_exact;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("knn_exact", knn_exact::run).examples(knn_exact::EXAMPLES).timeout(Duration::from_secs(60))]
}
