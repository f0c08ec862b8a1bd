//! How alike two things are: vectors, texts, distributions.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
