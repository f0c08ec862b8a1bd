//! The embedded model: no network, no weights to fetch, deterministic and honest.
//!
//! [`Offline`] reads a request as any model does and answers with tool calls or text. Rules find what a sentence wants
//! ([`intent`]), which tool fits ([`find_tool`], with a small classifier over sentence vectors, [`meaning`]) and what its
//! arguments are ([`arguments`]); results become sentences
//! ([`writer`]), passages become cited answers, and what is not known is said to be unknown. The same request always
//! gets the same answer.
//!
//! ```
//! use roundtable::offline::{Move, Offline};
//! use roundtable::model::{Message, Request, Speaker};
//! use roundtable_tools::Catalogue;
//!
//! let offline = Offline::new(&Catalogue::standard()?);
//! let request = Request {
//!     messages: vec![Message::new(Speaker::User, "dot product of [1, 2, 3] and [4, 5, 6]")],
//!     ..Request::default()
//! };
//! let Move::Call(calls) = offline.decide(&request) else { panic!("a tool call") };
//! assert_eq!(calls[0].0, "vector_dot");
//! # Ok::<(), roundtable_tools::BuildError>(())
//! ```

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use roundtable_tools::Catalogue;
use serde_json::{Map, Value};

use crate::model::{Capabilities, ChatModel, Delta, DeltaStream, FinishReason, ModelError, Request, Usage};

pub mod arguments;
pub mod conversation;
mod decide;
mod documents;
pub mod find_tool;
mod follow_up;
mod help;
pub mod intent;
pub mod meaning;
#[rustfmt::skip]
mod phrases;
#[rustfmt::skip]
mod vocabulary;
mod words;
pub mod writer;

use self::find_tool::Finder;

/// The model's id.
pub const ID: &str = "offline";

/// The model that is built in.
#[derive(Clone)]
pub struct Offline {
    finder: Arc<Finder>,
}

/// What the model does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// It calls these tools.
    Call(Vec<(String, Map<String, Value>)>),
    /// It says this.
    Say(String),
}

impl fmt::Debug for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offline").field("tools", &self.finder.tools().len()).finish()
    }
}

impl Offline {
    /// A model that knows the tools of this catalogue. Other tools it learns from the offers of each request.
    pub fn new(catalogue: &Catalogue) -> Self {
        Self { finder: Arc::new(Finder::new(catalogue)) }
    }

    /// What it does about a request: a pure function.
    pub fn decide(&self, request: &Request) -> Move {
        decide::next(&self.finder, request).0
    }
}

#[async_trait]
impl ChatModel for Offline {
    fn id(&self) -> &str {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { native_tools: true, json_schema: false }
    }

    /// The answer, sentence by sentence. Usage counts words as tokens, since there is no tokenizer, and costs nothing.
    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let read: usize = request.messages.iter().map(|message| message.content.split_whitespace().count()).sum();
        let finder = self.finder.clone();
        // The first sentence loads weights, and the meaning of each takes some milliseconds.
        let decided = tokio::task::spawn_blocking(move || decide::next(&finder, &request)).await;
        let (next, number) = decided.unwrap_or_else(|gone| match gone.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => (Move::Say("The runtime is shutting down.".to_owned()), 0),
        });
        Ok(stream::iter(deltas(next, number, read).into_iter().map(Ok)).boxed())
    }
}

fn deltas(next: Move, number: usize, read: usize) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let written = match next {
        Move::Say(text) => {
            let words = text.split_whitespace().count();
            deltas.extend(pieces(&text).map(|piece| Delta::Text(piece.to_owned())));
            deltas.push(Delta::Finish(FinishReason::Stop));
            words
        }
        Move::Call(calls) => {
            let mut words = 0;
            for (index, (name, arguments)) in calls.into_iter().enumerate() {
                let arguments = Value::Object(arguments).to_string();
                words += 1 + arguments.split_whitespace().count();
                let id = Some(format!("call_{}", number + index));
                deltas.push(Delta::ToolCall { index, id, name: Some(name), arguments });
            }
            deltas.push(Delta::Finish(FinishReason::ToolCalls));
            words
        }
    };
    let usage = Usage { input_tokens: read as u64, output_tokens: written as u64, ..Usage::default() };
    deltas.push(Delta::Usage(usage));
    deltas
}

/// The text in pieces of about a sentence, none lost.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = [". ", "? ", "! ", "\n"].iter().filter_map(|end| rest.find(end).map(|at| at + end.len())).min();
        let (piece, tail) = rest.split_at(ends.unwrap_or(rest.len()));
        rest = tail;
        Some(piece)
    })
}

#[cfg(test)]
mod tests;
