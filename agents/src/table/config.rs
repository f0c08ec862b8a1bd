//! What a table is made of, and what it is bound by.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use roundtable_guardrails::{Doors, Policy};
pub use roundtable_memory::Clock;
use roundtable_memory::{Memory, Mode};
use roundtable_tools::Catalogue;

use super::bus::Bus;
use super::executor::Bench;
use super::gateway::Ways;
use super::pool::{Pool, Resolve};
use super::seat::Seat;
use super::strategy;
use super::{gateway, librarian};
use crate::event::Role;
use crate::fault::{Calm, Probe};
use crate::model::ChatModel;
use crate::model::accounts::Prices;
use crate::model::gateway::{Gateway, Limits as GatewayLimits};
use crate::turn::{Rules, select};

/// How passages are gathered for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rag {
    /// One search with the question as it stands.
    Naive,
    /// Search wide, put in order, keep the best.
    #[default]
    MultiStage,
    /// The model searches, as often as it brings something new.
    Agentic,
    /// As agentic, and the critic sends back to search for what is unsupported, more than once.
    Recursive,
}

/// Whether the reranker puts in order what the retriever found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rerank {
    /// The retriever's order stands.
    None,
    /// By how closely the passage's words answer the question's.
    #[default]
    Words,
}

/// What bounds a table's work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a turn may take.
    pub turn: Duration,
    /// How long a role may take over one message before the watchdog ends it.
    pub handler: Duration,
    /// How many messages may wait at a role.
    pub mailbox: usize,
    /// How often a turn may ask the model.
    pub rounds: u32,
    /// How many tools run at once.
    pub tools: usize,
    /// How many tools may hang on their threads before no more are started.
    pub abandoned: usize,
    /// How many passages a search gives to the model.
    pub passages: usize,
    /// Limits of the gateway.
    pub gateway: GatewayLimits,
    /// When actors are started again.
    pub restarts: strategy::Rules,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turn: Duration::from_secs(120),
            handler: Duration::from_secs(10),
            mailbox: 64,
            rounds: 12,
            tools: std::thread::available_parallelism().map_or(2, usize::from),
            abandoned: 64,
            passages: 6,
            gateway: GatewayLimits::default(),
            restarts: strategy::Rules::default(),
        }
    }
}

/// What a table is made of.
#[derive(Clone)]
pub struct Config {
    /// Who answers.
    pub model: Arc<dyn ChatModel>,
    /// Who answers when `model` is lost.
    pub fallback: Option<Arc<dyn ChatModel>>,
    /// Documents and records; without it there is nothing to search and nothing is remembered.
    pub memory: Option<Memory>,
    /// The tools.
    pub catalogue: Catalogue,
    /// What screens every text.
    pub doors: Arc<Doors>,
    /// Which effects need a person.
    pub policy: Policy,
    /// The folder of the journals; without it conversations end with the process.
    pub journal: Option<PathBuf>,
    /// Reads the files that tool arguments name; without it they cannot name any.
    pub resolve: Option<Resolve>,
    /// The bounds.
    pub limits: Limits,
    /// How passages are gathered.
    pub rag: Rag,
    /// Whether they are put in order.
    pub rerank: Rerank,
    /// By words, by meaning, or both.
    pub search: Mode,
    /// What tokens cost.
    pub prices: Prices,
    /// The seed of every jitter and of sampling.
    pub seed: u64,
    /// What may go wrong.
    pub probe: Arc<dyn Probe>,
    /// The time.
    pub clock: Clock,
}

impl Config {
    /// A table around a model: the standard doors, no tools, no memory, no journal.
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self {
            model,
            fallback: None,
            memory: None,
            catalogue: Catalogue::empty(),
            doors: Arc::new(Doors::standard()),
            policy: Policy::default(),
            journal: None,
            resolve: None,
            limits: Limits::default(),
            rag: Rag::default(),
            rerank: Rerank::default(),
            search: Mode::default(),
            prices: Prices::default(),
            seed: 0,
            probe: Arc::new(Calm),
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("model", &self.model).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What every part of a table shares.
pub(super) struct Shared {
    pub config: Config,
    pub bus: Arc<Bus>,
    pub ways: Ways,
    pub pool: Arc<Pool>,
    pub bench: Bench,
    pub tools: Arc<select::Shelf>,
    pub librarian: Seat<librarian::Message>,
    pub gateway: Seat<gateway::Message>,
    manner: Mutex<(Rag, Rerank)>,
}

impl Shared {
    pub fn new(config: Config) -> Self {
        let limits = &config.limits;
        let gate = |model: &Arc<dyn ChatModel>| {
            Arc::new(Gateway::new(model.clone(), limits.gateway, config.prices.clone(), config.seed))
        };
        let pool = Arc::new(Pool::new(limits.tools, limits.abandoned));
        Self {
            bus: Arc::default(),
            ways: Ways { first: gate(&config.model), fallback: config.fallback.as_ref().map(gate) },
            bench: Bench {
                catalogue: config.catalogue.clone(),
                pool: pool.clone(),
                doors: config.doors.clone(),
                policy: Arc::new(config.policy.clone()),
                resolve: config.resolve.clone(),
                probe: config.probe.clone(),
            },
            pool,
            tools: Arc::new(select::Shelf::new(&config.catalogue)),
            librarian: Seat::new(Role::Librarian, limits.mailbox),
            gateway: Seat::new(Role::Gateway, limits.mailbox),
            manner: Mutex::new((config.rag, config.rerank)),
            config,
        }
    }

    /// How passages are gathered and ordered at present.
    pub fn manner(&self) -> (Rag, Rerank) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it for the turns to come.
    pub fn set_manner(&self, rag: Rag, rerank: Rerank) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = (rag, rerank);
    }

    /// What the next turn is bound by.
    pub fn rules(&self) -> Rules {
        let (rag, _) = self.manner();
        // The embedded model decides for itself when to search; it has no use for passages that it did not ask for.
        let decides = self.ways.first.model().id() == crate::offline::ID;
        Rules {
            rounds: self.config.limits.rounds,
            search_first: matches!(rag, Rag::Naive | Rag::MultiStage) && !decides,
            send_back: if rag == Rag::Recursive { 3 } else { 1 },
            memory: self.config.memory.is_some(),
            fallback: self.ways.fallback.is_some(),
            seed: self.config.seed,
        }
    }
}
