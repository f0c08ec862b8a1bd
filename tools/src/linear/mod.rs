//! Linear models: a weighted sum of the columns.

pub mod linear_regression;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("linear_regression", linear_regression::run).examples(linear_regression::EXAMPLES)]
}
