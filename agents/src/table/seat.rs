//! A seat at the table: the place of an actor, which stays when the actor does not.
//!
//! Whoever wants something asks the seat. It counts what waits and answers `Busy` when too much does; it notices at once when
//! the actor dies with the message in hand, waits for the next one, and delivers the message once more. A message that has killed
//! two actors is a dead letter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ractor::ActorRef;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::event::Role;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too much waits already.
    #[error("the {role} is busy: {waiting} messages wait already; try again in a moment")]
    Busy {
        /// Who.
        role: Role,
        /// How many wait.
        waiting: usize,
    },
    /// The time was up.
    #[error("the {role} did not answer in time")]
    Late {
        /// Who.
        role: Role,
    },
    /// The message killed two actors.
    #[error("the {role} died twice on the message `{message}`, which was set aside")]
    DeadLettered {
        /// Who.
        role: Role,
        /// The message's name.
        message: &'static str,
    },
    /// The actor failed so often that it is not started for a while.
    #[error("the {role} is away: it failed too often just now")]
    Away {
        /// Who.
        role: Role,
    },
    /// The actor is there, and its work failed.
    #[error("{why}")]
    Failed {
        /// Who.
        role: Role,
        /// What it said.
        why: String,
    },
}

/// Where an answer goes. An actor that dies drops it, and whoever waits knows.
pub type Reply<T> = oneshot::Sender<Result<T, Failure>>;

/// Sends an answer. Nobody may be waiting any more (the turn was cancelled, its time is up), which is no failure.
pub fn answer<T>(reply: Reply<T>, with: Result<T, Failure>) {
    drop(reply.send(with));
}

/// A message on its way, with its place in the queue.
#[derive(Debug)]
pub struct Envelope<M> {
    /// The message.
    pub message: M,
    place: Place,
}

/// A place in the queue: given back when the message has been handled, or has died with its actor.
#[derive(Debug)]
struct Place(Arc<Counts>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
        self.0.handled.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicUsize,
    handled: AtomicU64,
}

/// Who sits in a seat.
#[derive(Debug)]
enum Sitting<M> {
    /// Nobody for now: not started yet, or dead and about to be started again.
    Nobody,
    /// This actor.
    Actor(ActorRef<Envelope<M>>),
    /// Nobody for a while.
    Away,
}

impl<M> Clone for Sitting<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Nobody => Self::Nobody,
            Self::Actor(actor) => Self::Actor(actor.clone()),
            Self::Away => Self::Away,
        }
    }
}

/// A seat. Cheap to clone; all clones are the same seat.
#[derive(Debug)]
pub struct Seat<M> {
    role: Role,
    room: usize,
    counts: Arc<Counts>,
    sitting: Arc<watch::Sender<(u64, Sitting<M>)>>,
}

impl<M> Clone for Seat<M> {
    fn clone(&self) -> Self {
        Self { role: self.role, room: self.room, counts: self.counts.clone(), sitting: self.sitting.clone() }
    }
}

/// What a seat looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatView {
    /// `running`, `restarting` or `away`.
    pub state: &'static str,
    /// How often somebody sat down here.
    pub started: u64,
    /// Messages that wait or are being handled.
    pub waiting: usize,
    /// Messages that are through.
    pub handled: u64,
}

impl<M: Send + 'static> Seat<M> {
    /// An empty seat with room for so many messages.
    pub fn new(role: Role, room: usize) -> Self {
        let (sitting, _) = watch::channel((0, Sitting::Nobody));
        Self { role, room, counts: Arc::default(), sitting: Arc::new(sitting) }
    }

    /// Whose seat it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Seats an actor.
    pub fn take(&self, actor: ActorRef<Envelope<M>>) {
        self.sitting.send_modify(|(started, sitting)| {
            *started += 1;
            *sitting = Sitting::Actor(actor);
        });
    }

    /// The actor has died; another one will come.
    pub fn vacate(&self) {
        self.sitting.send_modify(|(_, sitting)| *sitting = Sitting::Nobody);
    }

    /// The actor has died too often; none will come for a while.
    pub fn give_up(&self) {
        self.sitting.send_modify(|(_, sitting)| *sitting = Sitting::Away);
    }

    /// The actor that sits here, if one does.
    pub fn actor(&self) -> Option<ActorRef<Envelope<M>>> {
        match &self.sitting.borrow().1 {
            Sitting::Actor(actor) => Some(actor.clone()),
            Sitting::Nobody | Sitting::Away => None,
        }
    }

    /// What it looks like.
    pub fn view(&self) -> SeatView {
        let (started, state) = match &*self.sitting.borrow() {
            (started, Sitting::Actor(_)) => (*started, "running"),
            (started, Sitting::Nobody) => (*started, "restarting"),
            (started, Sitting::Away) => (*started, "away"),
        };
        let waiting = self.counts.waiting.load(Ordering::Acquire);
        SeatView { state, started, waiting, handled: self.counts.handled.load(Ordering::Relaxed) }
    }

    /// Asks whoever sits here. `make` builds the message around the place where the answer goes; it is called again when the
    /// message has to be delivered again.
    pub async fn ask<T>(
        &self,
        deadline: Instant,
        name: &'static str,
        make: impl Fn(Reply<T>) -> M,
    ) -> Result<T, Failure> {
        let late = Failure::Late { role: self.role };
        let mut watch = self.sitting.subscribe();
        let mut deaths = 0;
        let mut dead = 0;
        while deaths < 2 {
            let (generation, actor) = {
                let somebody = watch.wait_for(|(generation, sitting)| match sitting {
                    Sitting::Actor(_) => *generation > dead,
                    Sitting::Away => true,
                    Sitting::Nobody => false,
                });
                match timeout_at(deadline, somebody).await {
                    Ok(Ok(found)) => match &*found {
                        (generation, Sitting::Actor(actor)) => (*generation, actor.clone()),
                        _ => return Err(Failure::Away { role: self.role }),
                    },
                    Ok(Err(_)) => return Err(Failure::Away { role: self.role }),
                    Err(_) => return Err(late),
                }
            };
            let place = self.place()?;
            let (reply, answer) = oneshot::channel();
            dead = generation;
            if actor.send_message(Envelope { message: make(reply), place }).is_err() {
                // It died before it got the message, which is not the message's fault.
                continue;
            }
            match timeout_at(deadline, answer).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_)) => deaths += 1,
                Err(_) => return Err(late),
            }
        }
        Err(Failure::DeadLettered { role: self.role, message: name })
    }

    fn place(&self) -> Result<Place, Failure> {
        let waiting = self.counts.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.counts.clone());
        if waiting >= self.room { Err(Failure::Busy { role: self.role, waiting }) } else { Ok(place) }
    }
}

impl<M> Envelope<M> {
    /// The message, and its place in the queue, to be dropped when it has been handled.
    pub fn open(self) -> (M, impl Send) {
        (self.message, self.place)
    }
}
