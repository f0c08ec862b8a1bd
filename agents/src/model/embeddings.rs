//! Vectors from a server: OpenAI's `/embeddings` or Ollama's `/api/embed`.
//!
//! The server decides how long its vectors are, so [`Remote::connect`] asks for one first. Texts go in batches, in order; each
//! batch is retried by the same rules as a chat. Every vector comes out with length 1, as memory compares them. Memory takes a
//! [`Remote`] as any other [`Embedder`].

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roundtable_memory::embed::{EmbedError, Embedder, normalise};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout_at};

use super::ollama::Server;
use super::openai::{BadSettings, base_url, config, headers};
use super::place::Place;
use super::retry::{self, Decision, Failure, Policy};
use super::{ModelError, http};

/// Texts in one request.
const BATCH: usize = 64;
/// The longest time for one batch, all attempts together.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where vectors come from.
#[derive(Clone)]
pub enum Endpoint {
    /// An OpenAI-compatible server.
    OpenAi {
        /// The base URL, as in `http://127.0.0.1:8089/v1`.
        base_url: String,
        /// The key; empty for servers that want none.
        key: String,
        /// The model's name.
        model: String,
    },
    /// Ollama.
    Ollama {
        /// Where it is, as in `OLLAMA_HOST`.
        host: String,
        /// The model's name.
        model: String,
    },
}

// By hand: the key is nobody's business.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenAi { base_url, model, .. } => write!(f, "OpenAi({model} at {base_url})"),
            Self::Ollama { host, model } => write!(f, "Ollama({model} at {host})"),
        }
    }
}

/// An embedding model behind HTTP.
#[derive(Debug)]
pub struct Remote {
    id: String,
    dimension: usize,
    backend: Backend,
}

enum Backend {
    OpenAi { place: Place, key: String, model: String },
    Ollama { server: Server, model: String },
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenAi { place, model, .. } => write!(f, "OpenAi({model} at {})", place.url()),
            Self::Ollama { server, model } => write!(f, "Ollama({model} at {})", server.url()),
        }
    }
}

/// Why an endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The settings lead nowhere.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The server gave no vector.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Remote {
    /// Connects, and learns how long the vectors are.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let (id, backend) = match endpoint {
            Endpoint::OpenAi { base_url: text, key, model } => {
                let base = base_url(&text)?;
                let key = key.trim().to_owned();
                let config = config(&base, &key);
                let headers = headers(&config, &key)?;
                let url = base_url(&async_openai::config::Config::url(&config, "/embeddings"))?;
                let place = Place::new(url, headers).map_err(BadSettings::Client)?;
                (format!("openai/{model}"), Backend::OpenAi { place, key, model })
            }
            Endpoint::Ollama { host, model } => {
                (format!("ollama/{model}"), Backend::Ollama { server: Server::new(&host)?, model })
            }
        };
        let mut remote = Self { id, dimension: 0, backend };
        let probe = remote.batch(&["dimension"]).await?;
        remote.dimension = probe.first().map_or(0, Vec::len);
        if remote.dimension == 0 {
            return Err(remote.protocol("it gives empty vectors".into()).into());
        }
        Ok(remote)
    }

    /// One vector of length 1 per text, in their order.
    async fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            for mut vector in self.batch(&batch).await? {
                if vector.len() != self.dimension {
                    let message = format!("a vector has {} numbers instead of {}", vector.len(), self.dimension);
                    return Err(self.protocol(message));
                }
                normalise(&mut vector);
                vectors.push(vector);
            }
        }
        Ok(vectors)
    }

    async fn batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let deadline = Instant::now() + PATIENCE;
        let mut chance = ChaCha8Rng::seed_from_u64(texts.len() as u64);
        let mut before = None;
        let mut attempt = 1;
        loop {
            let error = match timeout_at(deadline, self.once(texts)).await {
                Ok(Ok(vectors)) => return Ok(vectors),
                Ok(Err(error)) => error,
                Err(_) => {
                    let (model, limit) = (self.id.clone(), PATIENCE);
                    return Err(ModelError::TimedOut { model, which: "total", limit });
                }
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let failure = Failure { attempt, error: &error, before: before.as_ref(), left, chance: chance.random() };
            match retry::decide(failure, &Policy::default()) {
                Decision::Retry { after } => sleep(after).await,
                Decision::GiveUp => return Err(error),
            }
            before = Some(error);
            attempt += 1;
        }
    }

    async fn once(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let vectors = match &self.backend {
            Backend::Ollama { server, model } => server.embed(model, texts).await?,
            Backend::OpenAi { place, key, model } => {
                let body = serde_json::to_vec(&Body { model, input: texts, encoding_format: "float" })
                    .map_err(|error| self.protocol(error.to_string()))?;
                let response = place.post(&self.id, body).await?;
                if !response.status().is_success() {
                    return Err(http::response_error(&self.id, response, key).await);
                }
                let body = response.bytes(&self.id).await?;
                let mut list: List = serde_json::from_slice(&body).map_err(|error| self.protocol(error.to_string()))?;
                list.data.sort_by_key(|item| item.index);
                list.data.into_iter().map(|item| item.embedding).collect()
            }
        };
        if vectors.len() != texts.len() {
            let message = format!("{} texts got {} vectors", texts.len(), vectors.len());
            return Err(self.protocol(message));
        }
        Ok(vectors)
    }

    fn protocol(&self, message: String) -> ModelError {
        ModelError::Protocol { model: self.id.clone(), message }
    }
}

#[async_trait]
impl Embedder for Remote {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.vectors(texts).await.map_err(|error| {
            let (model, nonsense) = (self.id.clone(), matches!(error, ModelError::Protocol { .. }));
            let cause = error.into();
            if nonsense { EmbedError::Run { model, cause } } else { EmbedError::Unreachable { model, cause } }
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_never_print_the_key() {
        let endpoint =
            Endpoint::OpenAi { base_url: "http://box/v1".into(), key: "sk-secret".into(), model: "m".into() };
        assert_eq!(format!("{endpoint:?}"), "OpenAi(m at http://box/v1)");
    }
}
