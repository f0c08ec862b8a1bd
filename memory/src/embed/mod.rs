//! Sentences to vectors.
//!
//! An [`Embedder`] turns texts into vectors of one length whose cosine says how close the texts are in meaning. The
//! store keeps the embedder's id with the vectors, because vectors of two models cannot be compared.

mod bert;
mod hashed;
mod minilm;
pub mod quantise;
pub mod tool;

use async_trait::async_trait;

pub use hashed::HashEmbedder;
pub use minilm::MiniLm;

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// What is kept beside the vectors to tell models apart, such as `all-minilm-l6-v2-int8`.
    fn id(&self) -> &str;

    /// The length of every vector.
    fn dimension(&self) -> usize;

    /// One vector of length 1 (or all zeros, for a text without words) per text, in their order.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why a text got no vector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model's weights or tokenizer cannot be used.
    #[error("cannot load embedding model `{model}`")]
    Load {
        /// The model's id.
        model: String,
        /// Why.
        #[source]
        cause: crate::error::BoxError,
    },
    /// The forward pass failed.
    #[error("embedding model `{model}` failed")]
    Run {
        /// The model's id.
        model: String,
        /// Why.
        #[source]
        cause: crate::error::BoxError,
    },
    /// An endpoint cannot be reached or refuses.
    #[error("the embedding endpoint of `{model}` does not answer")]
    Unreachable {
        /// The model's id.
        model: String,
        /// Why.
        #[source]
        cause: crate::error::BoxError,
    },
}

impl EmbedError {
    /// What to try next, for a person.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            EmbedError::Load { .. } => Some("the weights are part of the binary: build or install it again"),
            EmbedError::Run { .. } => None,
            EmbedError::Unreachable { .. } => {
                Some("search by words still works; start the endpoint, or use the built-in model")
            }
        }
    }
}

/// Scales `vector` to length 1; one of zeros stays as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x /= length;
        }
    }
}
