//! Finding what is near or says the same: vectors, words, and how good a ranking is.

pub mod bm25;
pub mod bm25_score;
pub mod bm25_search;
pub mod knn_exact;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("bm25_score", bm25_score::run).examples(bm25_score::EXAMPLES),
        Tool::pure("bm25_search", bm25_search::run).examples(bm25_search::EXAMPLES),
        Tool::pure("knn_exact", knn_exact::run).examples(knn_exact::EXAMPLES).timeout(Duration::from_secs(60)),
    ]
}
