//! Making data ready: missing values, scales, categories, splits, and what leaks between them.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
