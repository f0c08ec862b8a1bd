//! The gateway's seat: the only one that asks chat models.
//!
//! Asked by: the turns of every session. Asks: the model's server. Lost if it dies: nothing; answers that are under way go on, since
//! each runs as a task of its own, and a request that was in its hands is delivered again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use super::seat::{Failure, Reply};
use super::shell::Role;
use super::stream::Screened;
use crate::event;
use crate::model::Reply as Said;
use crate::model::gateway::{Ask, Gateway};
use crate::model::{ModelError, Request};

/// What the gateway takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Get an answer from the model.
    Complete {
        /// On whose behalf, until when.
        ask: Ask,
        /// The request.
        request: Arc<Request>,
        /// The model that stands in, not the first one.
        fallback: bool,
        /// Where the pieces go.
        to: Screened,
        /// Where the whole goes.
        reply: Reply<Result<Said, ModelError>>,
    },
}

/// Both ways to a model.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    /// The model that was chosen.
    pub first: Arc<Gateway>,
    /// The one that stands in.
    pub fallback: Option<Arc<Gateway>>,
}

/// The role.
#[derive(Debug)]
pub(super) struct Desk(pub Ways);

impl Role for Desk {
    const ROLE: event::Role = event::Role::Gateway;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Complete { .. } => "complete",
        }
    }

    async fn handle(&mut self, message: Message) {
        let Message::Complete { ask, request, fallback, to, mut reply } = message;
        let way = match (&self.0.fallback, fallback) {
            (Some(fallback), true) => fallback.clone(),
            _ => self.0.first.clone(),
        };
        tokio::spawn(async move {
            let mut to = to;
            let work = AssertUnwindSafe(way.complete(ask, &request, |progress| to.hear(&progress))).catch_unwind();
            // Nobody waiting any more means that the turn was cancelled: dropping the work cancels the request.
            let done = tokio::select! {
                biased;
                done = work => done,
                () = reply.closed() => return,
            };
            to.flush();
            let with = done.map_err(|_| Failure::Failed {
                role: event::Role::Gateway,
                why: "the model's client panicked".to_owned(),
            });
            super::seat::answer(reply, with);
        });
    }
}
