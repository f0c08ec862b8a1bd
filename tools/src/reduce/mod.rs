//! Dimension reduction: fewer columns that say nearly as much.

pub mod pca;
