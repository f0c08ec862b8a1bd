//! Text: cutting it into pieces, turning it into tokens and into numbers.

pub mod bpe;
pub mod bpe_decode;
pub mod bpe_encode;
pub mod bpe_train;
pub(crate) mod classes;
pub mod lsa;
pub mod recursive_chunk;
mod spectrum;
mod terms;
pub mod text_embeddings;
pub mod tfidf;
pub(crate) mod words;

use std::time::Duration;
pub mod enrich_metadata;
mod language;
mod sha256;

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("bpe_decode", bpe_decode::run).examples(bpe_decode::EXAMPLES),
        Tool::pure("bpe_encode", bpe_encode::run).examples(bpe_encode::EXAMPLES),
        Tool::pure("bpe_train", bpe_train::run).examples(bpe_train::EXAMPLES),
        Tool::pure("lsa", lsa::run).examples(lsa::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("recursive_chunk", recursive_chunk::run).examples(recursive_chunk::EXAMPLES),
        Tool::pure("text_embeddings", text_embeddings::run)
            .examples(text_embeddings::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("tfidf", tfidf::run).examples(tfidf::EXAMPLES),
        Tool::pure("enrich_metadata", enrich_metadata::run).examples(enrich_metadata::EXAMPLES),
    ]
}
