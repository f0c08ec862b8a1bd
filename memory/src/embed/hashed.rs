//! Feature hashing: an embedder without a model, for scenarios under a paused clock.
//!
//! Each word falls on one of the dimensions by its hash, with a sign by the same hash (Weinberger et al., "Feature
//! Hashing for Large Scale Multitask Learning", ICML 2009). Texts that share words are close; it knows no synonyms. It is
//! exact, instant and the same on every machine, which is what a replayed scenario needs; nobody should search with it.

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::{EmbedError, Embedder, normalise};

/// The embedder of the scenarios.
#[derive(Clone, Copy, Debug)]
pub struct HashEmbedder {
    dimension: usize,
}

impl HashEmbedder {
    /// Vectors of `dimension` numbers (at least 1).
    pub fn new(dimension: usize) -> Self {
        HashEmbedder { dimension: dimension.max(1) }
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.dimension];
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let digest = Sha256::digest(word.as_bytes());
            let slot = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]) as usize % self.dimension;
            vector[slot] += if digest[4] & 1 == 0 { 1.0 } else { -1.0 };
        }
        normalise(&mut vector);
        vector
    }
}

impl Default for HashEmbedder {
    fn default() -> Self {
        HashEmbedder::new(64)
    }
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn id(&self) -> &str {
        "hashed-words"
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_words_are_close_and_no_words_are_nowhere() {
        let hashed = HashEmbedder::new(256);
        let dot = |a: &str, b: &str| -> f32 { hashed.vector(a).iter().zip(hashed.vector(b)).map(|(x, y)| x * y).sum() };
        assert!((dot("the cat sat", "The cat, sat!") - 1.0).abs() < 1e-6);
        assert!(dot("the cat sat", "the cat ran") > dot("the cat sat", "stock markets fell"));
        assert!(hashed.vector("?!").iter().all(|x| *x == 0.0));
    }
}
