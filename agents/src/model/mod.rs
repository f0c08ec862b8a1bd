//! Chat models behind one trait: a request in, a stream of deltas out, usage at the end.
//!
//! A provider is one file that implements [`ChatModel`]. Retries, timeouts and the breaker are not its business: they live
//! in the [`gateway`]. An empty [`Delta::Text`] is a sign of life: the server works, and has nothing to say yet.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub mod accounts;
pub mod breaker;
pub mod choose;
pub mod constrained;
pub mod embeddings;
pub mod gateway;
mod http;
pub mod ollama;
pub mod openai;
mod place;
pub mod reply;
pub mod retry;
pub mod scripted;

#[cfg(test)]
mod failures;
#[cfg(test)]
mod wire;

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The rules of the house. Never holds text from outside.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's result, or evidence: data, never instructions.
    Tool,
}

/// One message of a conversation, as a model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said; may be empty when the assistant only calls tools.
    pub content: String,
    /// The tools that the assistant calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// For a tool's result: the call that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message without tool calls.
    pub fn new(speaker: Speaker, content: impl Into<String>) -> Self {
        Self { speaker, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// The result of the call `id`.
    pub fn tool_result(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { speaker: Speaker::Tool, content: content.into(), tool_calls: Vec::new(), tool_call_id: Some(id.into()) }
    }
}

/// A tool call as the model wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id, unique in the conversation.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments: JSON text, not yet parsed, since a model can get it wrong.
    pub arguments: String,
}

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOffer {
    /// The tool's name.
    pub name: Arc<str>,
    /// What it does and when to reach for it.
    pub description: Arc<str>,
    /// The JSON Schema of its arguments.
    pub parameters: Arc<Value>,
}

/// A demand on the shape of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    /// A name for the schema.
    pub name: String,
    /// The JSON Schema that the whole answer must match.
    pub schema: Arc<Value>,
}

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<ToolOffer>,
    /// The shape of the answer, if it must be JSON.
    pub format: Option<Format>,
    /// At most this many tokens in the answer.
    pub max_tokens: Option<u32>,
    /// Sampling temperature; `None` leaves it to the server.
    pub temperature: Option<f32>,
    /// The sampling seed, where the server takes one.
    pub seed: Option<u64>,
}

/// One piece of a model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More text.
    Text(String),
    /// More of a tool call. The pieces of one call share its `index`.
    ToolCall {
        /// Which call of this answer, from 0.
        index: usize,
        /// The call's id, with its first piece.
        id: Option<String>,
        /// The tool's name, with its first piece.
        name: Option<String>,
        /// More of the arguments' JSON text.
        arguments: String,
    },
    /// The model has finished.
    Finish(FinishReason),
    /// The tokens used; once, at the end, where the server says.
    Usage(Usage),
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said everything.
    Stop,
    /// It wants tools to run.
    ToolCalls,
    /// It ran into `max_tokens` or the context's end.
    Length,
    /// The server withheld the rest.
    Filtered,
}

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Requests made.
    pub requests: u32,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Cost in US dollars, where the price is known.
    pub cost: f64,
}

impl Usage {
    /// Adds `other` to this.
    pub fn add(&mut self, other: &Usage) {
        self.requests += other.requests;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cost += other.cost;
    }
}

/// A whole answer, put together from its deltas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// The tool calls.
    pub tool_calls: Vec<ToolCall>,
    /// Why the model stopped; `None` if the stream ended without saying.
    pub finish: Option<FinishReason>,
    /// The tokens used.
    pub usage: Usage,
}

/// What a model can do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Its server takes `tools` and its template knows them.
    pub native_tools: bool,
    /// Its server can hold an answer to a JSON Schema.
    pub json_schema: bool,
}

/// The deltas of one answer. Dropping it cancels the request.
pub type DeltaStream = BoxStream<'static, Result<Delta, ModelError>>;

/// A chat model.
#[async_trait]
pub trait ChatModel: Send + Sync + fmt::Debug {
    /// The provider's name and the model's, as in `openai/gpt-4o-mini` or `offline`.
    fn id(&self) -> &str;

    /// What it can do by itself.
    fn capabilities(&self) -> Capabilities;

    /// Starts an answer. One attempt: whoever calls this decides about another.
    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError>;
}

/// Why a model gave no answer; one variant per next move.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum ModelError {
    /// The key is missing or refused: nothing to retry.
    #[error("`{model}` refused the key (status {status}); check the provider's key")]
    Unauthorized {
        /// The model.
        model: String,
        /// The HTTP status.
        status: u16,
    },
    /// The request itself is wrong: the same request will fail again.
    #[error("`{model}` refused the request (status {status}): {message}")]
    Rejected {
        /// The model.
        model: String,
        /// The HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The request is longer than the model's context: a shorter one may pass.
    #[error("the request is too long for `{model}`: {message}")]
    TooLong {
        /// The model.
        model: String,
        /// What the server said.
        message: String,
    },
    /// Too many requests: later it may work.
    #[error("`{model}` is rate limited")]
    RateLimited {
        /// The model.
        model: String,
        /// The server's wish.
        retry_after: Option<Duration>,
    },
    /// The server failed or is overloaded.
    #[error("`{model}` failed (status {status}): {message}")]
    Server {
        /// The model.
        model: String,
        /// The HTTP status.
        status: u16,
        /// What the server said.
        message: String,
        /// The server's wish.
        retry_after: Option<Duration>,
    },
    /// No connection could be made.
    #[error("cannot reach `{model}`: {message}")]
    Unreachable {
        /// The model.
        model: String,
        /// What the system said.
        message: String,
    },
    /// The stream broke off in the middle.
    #[error("`{model}` broke off in mid-answer: {message}")]
    BrokenOff {
        /// The model.
        model: String,
        /// What was seen.
        message: String,
    },
    /// The server spoke something that is not the protocol.
    #[error("`{model}` answered outside its protocol: {message}")]
    Protocol {
        /// The model.
        model: String,
        /// What was seen.
        message: String,
    },
    /// Nothing came for too long, or the whole took too long.
    #[error("`{model}` took too long ({limit:?} {which})")]
    TimedOut {
        /// The model.
        model: String,
        /// `idle` or `total`.
        which: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The breaker is open: the model failed too often just now.
    #[error("`{model}` failed too often just now; it is tried again in {retry_in:?}")]
    BreakerOpen {
        /// The model.
        model: String,
        /// When the next attempt is let through.
        retry_in: Duration,
    },
    /// The turn was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// Whether a refusal is about the length of the request. OpenAI and vLLM speak of the "context length", llama.cpp of the "context size".
fn is_too_long(message: &str) -> bool {
    let message = message.to_lowercase();
    ["context length", "context_length", "context size", "context_size", "context window"]
        .iter()
        .any(|words| message.contains(words))
}

/// The error for an HTTP status that is not a success.
pub(crate) fn status_error(model: String, status: u16, message: String, retry_after: Option<Duration>) -> ModelError {
    match status {
        401 | 403 => ModelError::Unauthorized { model, status },
        429 => ModelError::RateLimited { model, retry_after },
        // A proxy may pass the refusal on as a failure of its own.
        400 | 413 | 500 if is_too_long(&message) => ModelError::TooLong { model, message },
        // Too slow or too early: the same request may pass later.
        408 | 425 | 500.. => ModelError::Server { model, status, message, retry_after },
        _ => ModelError::Rejected { model, status, message },
    }
}
