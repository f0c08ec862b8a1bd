//! Text: cutting it into pieces.

pub mod enrich_metadata;
mod language;
pub mod recursive_chunk;
mod sha256;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("recursive_chunk", recursive_chunk::run).examples(recursive_chunk::EXAMPLES),
        Tool::pure("enrich_metadata", enrich_metadata::run).examples(enrich_metadata::EXAMPLES),
    ]
}
