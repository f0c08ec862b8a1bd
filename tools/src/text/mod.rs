//! Text: cutting it into pieces.

pub mod recursive_chunk;
