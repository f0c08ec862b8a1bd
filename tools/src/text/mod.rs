//! Text: cutting it into pieces.

pub mod recursive_chunk;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![Tool::pure("recursive_chunk", recursive_chunk::run).examples(recursive_chunk::EXAMPLES)]
}
