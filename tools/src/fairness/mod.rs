//! Whether groups are treated alike.

use crate::tool::ToolBuilder;

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![]
}
