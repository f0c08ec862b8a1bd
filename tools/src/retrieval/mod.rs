//! Finding what is near or says the same: vectors, words, and how good a ranking is.

pub mod bm25;
pub mod bm25_score;
pub mod bm25_search;
pub mod compare_ann;
mod found;
pub mod hnsw;
pub mod ivf;
pub mod knn_exact;
pub mod knn_hnsw;
pub mod knn_ivf;
mod metric;
pub mod ndcg;
pub mod rank_fusion;
pub mod retrieval_metrics;
mod space;

use std::time::Duration;

pub use found::Found;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("bm25_score", bm25_score::run).examples(bm25_score::EXAMPLES),
        Tool::pure("bm25_search", bm25_search::run).examples(bm25_search::EXAMPLES),
        Tool::pure("knn_exact", knn_exact::run).examples(knn_exact::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("knn_hnsw", knn_hnsw::run).examples(knn_hnsw::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("knn_ivf", knn_ivf::run).examples(knn_ivf::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("compare_ann", compare_ann::run).examples(compare_ann::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("rank_fusion", rank_fusion::run).examples(rank_fusion::EXAMPLES),
        Tool::pure("retrieval_metrics", retrieval_metrics::run).examples(retrieval_metrics::EXAMPLES),
        Tool::pure("ndcg", ndcg::run).examples(ndcg::EXAMPLES),
    ]
}
