//! A supervisor: an actor that does nothing but start others, and start them again.
//!
//! There is one at the root, over the shared services, and one per session, over its roles. It takes no work, so nothing that a turn
//! does can kill it. What to do about a death is decided by [`strategy`](super::strategy), a pure function.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent, async_trait};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;

use super::bus::Bus;
use super::seat::Seat;
use super::shell::{Role, Shell, Watch};
use super::strategy::{self, Deaths, Rules, Verdict};
use crate::event::{self, Event};

/// Starts an actor under a supervisor and seats it.
type Start = Box<dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, SpawnErr>> + Send + Sync>;

/// One child: how it is started, and what its seat is told.
pub(super) struct Child {
    role: event::Role,
    start: Start,
    vacate: Box<dyn Fn() + Send + Sync>,
    give_up: Box<dyn Fn() + Send + Sync>,
    deaths: Deaths,
    sitting: Option<ActorCell>,
    /// Stopped on purpose, because one before it died: not a death of its own.
    following: bool,
}

impl Child {
    /// A role, made by `make` each time it is started, on a seat.
    pub fn new<R: Role>(seat: &Seat<R::Message>, watch: &Watch, make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        let (taken, left, lost, watch) = (seat.clone(), seat.clone(), seat.clone(), watch.clone());
        let start: Start = Box::new(move |supervisor| {
            let (seat, role, watch) = (taken.clone(), make(), watch.clone());
            Box::pin(async move {
                let (actor, _) = Actor::spawn_linked(None, Shell::<R>::default(), (role, watch), supervisor).await?;
                let cell = actor.get_cell();
                seat.take(actor);
                Ok(cell)
            })
        });
        Self {
            role: R::ROLE,
            start,
            vacate: Box::new(move || left.vacate()),
            give_up: Box::new(move || lost.give_up()),
            deaths: Deaths::default(),
            sitting: None,
            following: false,
        }
    }
}

/// What a supervisor takes: nobody but itself sends it anything.
#[derive(Debug)]
pub(super) enum Message {
    /// Start this role again, now that its wait is over.
    Start(event::Role),
}

/// What a supervisor needs to know.
pub(super) struct Office {
    pub children: Vec<Child>,
    pub rules: Rules,
    pub bus: Arc<Bus>,
    pub seed: u64,
}

/// The supervisor's state.
pub(super) struct State {
    office: Office,
    rng: ChaCha8Rng,
    epoch: Instant,
}

/// The supervisor.
#[derive(Debug)]
pub(super) struct Supervisor;

#[async_trait]
impl Actor for Supervisor {
    type Msg = Message;
    type State = State;
    type Arguments = Office;

    async fn pre_start(&self, me: ActorRef<Message>, mut office: Office) -> Result<State, ActorProcessingErr> {
        for child in &mut office.children {
            child.sitting = Some((child.start)(me.get_cell()).await?);
        }
        let rng = ChaCha8Rng::seed_from_u64(office.seed);
        Ok(State { office, rng, epoch: Instant::now() })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let Message::Start(role) = message;
        state.start(&me, role).await;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(who, why) => state.died(&me, &who, &why.to_string()),
            SupervisionEvent::ActorTerminated(who, _, why) => {
                state.died(&me, &who, why.as_deref().unwrap_or("it was stopped"));
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

impl State {
    /// Somebody died: decide, tell, and set the clock for the restart.
    fn died(&mut self, me: &ActorRef<Message>, who: &ActorCell, why: &str) {
        let id = who.get_id();
        let sits = |child: &&mut Child| child.sitting.as_ref().is_some_and(|cell| cell.get_id() == id);
        let Some(child) = self.office.children.iter_mut().find(sits) else { return };
        child.sitting = None;
        (child.vacate)();
        let role = child.role;
        if std::mem::take(&mut child.following) {
            return send_later(me, Duration::ZERO, role);
        }
        let chance = self.rng.random();
        match child.deaths.died(self.epoch.elapsed(), &self.office.rules, chance) {
            Verdict::Restart { after, count } => {
                self.office.bus.tell(&Event::Restarted { role, count, why: why.to_owned() });
                send_later(me, after, role);
            }
            Verdict::GiveUp { again } => {
                (child.give_up)();
                self.office.bus.tell(&Event::Escalated { role, why: why.to_owned() });
                send_later(me, again, role);
            }
        }
        for follower in &strategy::affected(role)[1..] {
            let with = self.office.children.iter_mut().find(|child| child.role == *follower);
            if let Some((child, cell)) = with.and_then(|child| child.sitting.clone().map(|cell| (child, cell))) {
                child.following = true;
                cell.stop(Some(format!("the {role} before it died")));
            }
        }
    }

    async fn start(&mut self, me: &ActorRef<Message>, role: event::Role) {
        let Some(child) = self.office.children.iter_mut().find(|child| child.role == role) else { return };
        if child.sitting.is_some() {
            return;
        }
        match (child.start)(me.get_cell()).await {
            Ok(cell) => child.sitting = Some(cell),
            Err(error) => {
                // It could not even start: as if it had died at once.
                let (Verdict::Restart { after, .. } | Verdict::GiveUp { again: after }) =
                    child.deaths.died(self.epoch.elapsed(), &self.office.rules, 1.0);
                self.office.bus.tell(&Event::Escalated { role, why: error.to_string() });
                send_later(me, after, role);
            }
        }
    }
}

/// Has the supervisor start `role` after a wait. A supervisor that was stopped meanwhile has nobody to start.
fn send_later(me: &ActorRef<Message>, after: Duration, role: event::Role) {
    drop(me.send_after(after, move || Message::Start(role)));
}
