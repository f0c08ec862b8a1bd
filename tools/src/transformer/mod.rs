//! Attention, positions, and a small transformer.

pub mod attention;
mod heads;
pub mod model;
pub mod multi_head_attention;
mod pass;
pub mod positional_encoding;
mod rows;
pub mod transformer_forward;
pub mod transformer_generate;
pub mod transformer_train;

use std::time::Duration;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("attention", attention::run).examples(attention::EXAMPLES),
        Tool::pure("multi_head_attention", multi_head_attention::run).examples(multi_head_attention::EXAMPLES),
        Tool::pure("positional_encoding", positional_encoding::run).examples(positional_encoding::EXAMPLES),
        Tool::pure("transformer_forward", transformer_forward::run).examples(transformer_forward::EXAMPLES),
        Tool::pure("transformer_train", transformer_train::run)
            .examples(transformer_train::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("transformer_generate", transformer_generate::run)
            .examples(transformer_generate::EXAMPLES)
            .timeout(Duration::from_secs(60)),
    ]
}
