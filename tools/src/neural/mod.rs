//! Perceptrons and networks of many layers.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
