//! Clustering: groups that nobody named.

mod cells;
pub mod cluster_agreement;
pub mod cluster_metrics;
pub mod compare_clusterings;
pub mod dbscan;
pub mod kmeans;
mod lloyd;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("kmeans", kmeans::run).examples(kmeans::EXAMPLES),
        Tool::pure("dbscan", dbscan::run).examples(dbscan::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("cluster_metrics", cluster_metrics::run)
            .examples(cluster_metrics::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("cluster_agreement", cluster_agreement::run).examples(cluster_agreement::EXAMPLES),
        Tool::pure("compare_clusterings", compare_clusterings::run)
            .examples(compare_clusterings::EXAMPLES)
            .timeout(Duration::from_secs(60)),
    ]
}
