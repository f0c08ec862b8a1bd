//! Clustering: groups that nobody named.

pub mod kmeans;
