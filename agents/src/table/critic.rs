//! The critic: is every sentence of the draft supported by what was read?
//!
//! Asked by: the turn. Asks: nobody. Lost if it dies: nothing; if it stays away, the answer goes out unjudged and says so.

use std::sync::Arc;

use super::seat::{Reply, answer};
use super::shell::Role;
use crate::event;
use crate::evidence::support::{self, Judgement};
use crate::turn::State;

/// What the critic takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Judge the draft.
    Judge {
        /// The draft.
        draft: Arc<str>,
        /// What was read.
        state: Arc<State>,
        /// Where the answer goes.
        reply: Reply<Judgement>,
    },
}

/// The role.
#[derive(Debug)]
pub(super) struct Critic;

impl Role for Critic {
    const ROLE: event::Role = event::Role::Critic;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Judge { .. } => "judge",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Judge { draft, state, reply } = message;
        answer(reply, Ok(support::judge(&draft, &state.read())));
    }
}
