//! Attention, positions, and a small transformer.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
