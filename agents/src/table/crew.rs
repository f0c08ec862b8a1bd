//! The crew of a conversation: its six roles under their supervisor.
//!
//! A crew knows no conversation; what it is asked brings everything along. So when a conversation ends, its crew waits for the next
//! one, and opening a conversation costs no actor its start.

use std::sync::{Arc, Mutex, PoisonError};

use ractor::ActorRef;

use super::config::Shared;
use super::executor::Executor;
use super::seat::Seat;
use super::shell::Watch;
use super::supervisor::{self, Child};
use super::{critic, executor, planner, reranker, retriever, session};
use crate::event::Role;

/// The seats of a conversation's roles.
#[derive(Clone, Debug)]
pub(super) struct Team {
    pub session: Seat<session::Message>,
    pub planner: Seat<planner::Message>,
    pub retriever: Seat<retriever::Message>,
    pub reranker: Seat<reranker::Message>,
    pub executor: Seat<executor::Message>,
    pub critic: Seat<critic::Message>,
}

impl Team {
    /// Empty seats.
    pub fn new(room: usize) -> Self {
        Self {
            session: Seat::new(Role::Session, room),
            planner: Seat::new(Role::Planner, room),
            retriever: Seat::new(Role::Retriever, room),
            reranker: Seat::new(Role::Reranker, room),
            executor: Seat::new(Role::Executor, room),
            critic: Seat::new(Role::Critic, room),
        }
    }

    /// The roles, to be started by a supervisor.
    pub fn children(&self, shared: &Shared, watch: &Watch) -> Vec<Child> {
        let tools = shared.tools.clone();
        let (memory, mode) = (shared.config.memory.clone(), shared.config.search);
        let bench = shared.bench.clone();
        vec![
            Child::new(&self.session, watch, || session::Sitting),
            Child::new(&self.planner, watch, move || planner::Planner { tools: tools.clone() }),
            Child::new(&self.retriever, watch, move || retriever::Retriever { memory: memory.clone(), mode }),
            Child::new(&self.reranker, watch, || reranker::Reranker),
            Child::new(&self.executor, watch, move || Executor(bench.clone())),
            Child::new(&self.critic, watch, || critic::Critic),
        ]
    }

    /// Whether every role is there and has nothing to do.
    fn rests(&self) -> bool {
        let views = [
            self.session.view(),
            self.planner.view(),
            self.retriever.view(),
            self.reranker.view(),
            self.executor.view(),
            self.critic.view(),
        ];
        views.iter().all(|view| view.state == "running" && view.waiting == 0)
    }
}

/// A team with its supervisor.
#[derive(Clone, Debug)]
pub(super) struct Crew {
    pub team: Team,
    pub supervisor: ActorRef<supervisor::Message>,
}

/// Crews that wait for a conversation.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Crew>>);

/// So many crews are kept waiting; further ones go home.
const WAITING: usize = 16;

impl Idle {
    /// A crew that is whole.
    pub fn take(&self) -> Option<Crew> {
        let mut crews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(crew) = crews.pop() {
            if crew.team.rests() {
                return Some(crew);
            }
            crew.supervisor.stop(None);
        }
        None
    }

    /// Takes a crew back, if it is whole and at rest; stops it otherwise.
    pub fn give_back(&self, crew: Crew) {
        let mut crews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if crews.len() < WAITING && crew.team.rests() {
            crews.push(crew);
        } else {
            crew.supervisor.stop(None);
        }
    }

    /// Every crew, to be stopped.
    pub fn all(&self) -> Vec<Crew> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a conversation's crew goes when it ends.
pub(super) type Home = Arc<Idle>;
