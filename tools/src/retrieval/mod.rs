//! Finding what is near or says the same: vectors, words, and how good a ranking is.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
