//! Dimension reduction: fewer columns that say nearly as much.

pub mod eigen_symmetric;
pub mod pca;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("pca", pca::run).examples(pca::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("eigen_symmetric", eigen_symmetric::run)
            .examples(eigen_symmetric::EXAMPLES)
            .timeout(Duration::from_secs(60)),
    ]
}

/// Either direction of an axis is right; the one whose largest entry is positive is the same everywhere.
fn upright(axis: Vec<f64>) -> Vec<f64> {
    let largest = axis.iter().fold(0.0_f64, |largest, x| if x.abs() > largest.abs() + 1e-12 { *x } else { largest });
    if largest < 0.0 { axis.iter().map(|x| -x).collect() } else { axis }
}
