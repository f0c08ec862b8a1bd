//! The reranker: puts the passages that were found in a better order, and keeps the best.
//!
//! Asked by: the turn, after the retriever. Asks: nobody. Lost if it dies: nothing; if it stays away, the retriever's order stands,
//! and the answer says so.

use super::seat::{Reply, answer};
use super::shell::Role;
use crate::event;
use crate::evidence::{Passage, rerank};

/// What the reranker takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Order these.
    Rerank {
        /// The question.
        question: String,
        /// The passages with the retriever's scores.
        passages: Vec<(Passage, f32)>,
        /// Where the answer goes.
        reply: Reply<Vec<(Passage, f32)>>,
    },
}

/// The role.
#[derive(Debug)]
pub(super) struct Reranker;

impl Role for Reranker {
    const ROLE: event::Role = event::Role::Reranker;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Rerank { .. } => "rerank",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Rerank { question, passages, reply } = message;
        answer(reply, Ok(rerank::rerank(&question, passages)));
    }
}
