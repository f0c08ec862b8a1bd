//! The planner: says what a turn does next.
//!
//! Asked by: the turn. Asks: nobody; its decision is [`plan`], a pure function of what happened. Lost if it dies: nothing, the state
//! of the turn is the turn's own.

use std::sync::Arc;

use super::seat::{Reply, answer};
use super::shell::Role;
use crate::event;
use crate::model::Message as Said;
use crate::turn::select::Shelf;
use crate::turn::{Rules, State, Step, plan};

/// What the planner takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Say what comes next.
    Plan {
        /// Where the turn stands.
        state: Arc<State>,
        /// What it is bound by.
        rules: Arc<Rules>,
        /// What earlier turns left.
        history: Arc<[Said]>,
        /// Where the answer goes.
        reply: Reply<Step>,
    },
}

/// The role.
#[derive(Debug)]
pub(super) struct Planner {
    /// The catalogue.
    pub tools: Arc<Shelf>,
}

impl Role for Planner {
    const ROLE: event::Role = event::Role::Planner;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Plan { .. } => "plan",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Plan { state, rules, history, reply } = message;
        answer(reply, Ok(plan(&state, &rules, &history, &self.tools)));
    }
}
