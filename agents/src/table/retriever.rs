//! The retriever: finds passages for a question.
//!
//! Asked by: the turn. Asks: memory, which it only reads. Lost if it dies: the search under way, which is asked again; the
//! reranker starts afresh with it.

use roundtable_memory::{Memory, Mode};

use super::seat::{Failure, Reply, answer};
use super::shell::Role;
use crate::causes::chain;
use crate::event;
use crate::evidence::Passage;

/// Passages with their scores, best first, and what the search had to do without.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub passages: Vec<(Passage, f32)>,
    pub degraded: Option<String>,
}

/// What the retriever takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Find passages.
    Search {
        /// What to look for.
        query: String,
        /// How many.
        k: usize,
        /// Where the answer goes.
        reply: Reply<Found>,
    },
}

/// The role.
pub(super) struct Retriever {
    /// What is searched.
    pub memory: Option<Memory>,
    /// By words, by meaning, or both.
    pub mode: Mode,
}

impl Role for Retriever {
    const ROLE: event::Role = event::Role::Retriever;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Search { .. } => "search",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Search { query, k, reply } = message;
        let failed = |why: String| Failure::Failed { role: event::Role::Retriever, why };
        let Some(memory) = &self.memory else {
            return answer(reply, Err(failed("there is no memory to search".to_owned())));
        };
        let found = memory.search(&query, self.mode, k).await.map_err(|error| failed(chain(&error)));
        answer(
            reply,
            found.map(|found| {
                let passages = found.hits.into_iter().map(|hit| {
                    // Reading is allowed; the document door screens the words before they reach a model.
                    (Passage::of(hit.chunk.inspect()), hit.score)
                });
                Found { passages: passages.collect(), degraded: found.degraded }
            }),
        );
    }
}
