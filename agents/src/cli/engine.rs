//! What commands need running: the async runtime and the memory. Each starts at first need.

use std::future::Future;
use std::sync::Arc;

use roundtable_guardrails::Doors;
use roundtable_memory::{LanceStore, Memory, MiniLm, OtherModel};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use super::failure::{Blame, Failure, Outcome, Stop, chain};
use super::settings::Settings;
use crate::notes::NOTES;

/// The running parts of one process.
pub struct Engine {
    runtime: Runtime,
    house: Arc<House>,
}

/// What is behind the door.
struct House {
    settings: Settings,
    memory: OnceCell<Memory>,
}

impl Engine {
    /// A runtime, and nothing running on it yet.
    pub fn new(settings: Settings) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            Failure::failed("cannot start", error.to_string(), "check the limits on threads and open files")
        })?;
        Ok(Self { runtime, house: Arc::new(House { settings, memory: OnceCell::new() }) })
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.house.settings
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The memory, opened.
    pub fn memory(&self) -> Outcome<Memory> {
        self.block_on(self.house.memory())
    }

    /// The memory, opened; vectors that another model made are dropped, to be made anew.
    pub fn memory_anew(&self) -> Outcome<Memory> {
        self.block_on(open(&self.house.settings, OtherModel::Reembed))
    }
}

impl House {
    async fn memory(&self) -> Outcome<Memory> {
        self.memory.get_or_try_init(|| open(&self.settings, OtherModel::Refuse)).await.cloned()
    }
}

/// Opens the memory with the embedded model for meaning and roundtable's own notes for as long as it holds no document.
async fn open(settings: &Settings, other: OtherModel) -> Outcome<Memory> {
    let folder = settings.memory()?;
    let embedder = Arc::new(MiniLm::new());
    let store = LanceStore::open(&folder, &*embedder, other).await;
    let store = store.map_err(|error| of_memory("the memory cannot be opened", &error))?;
    let clock = Arc::new(jiff::Timestamp::now);
    Ok::<_, Stop>(Memory::over(Arc::new(store), embedder, Arc::new(Doors::standard()), clock).with_notes(NOTES))
}

/// A memory's error as a failure of the command that needed it.
pub fn of_memory(what: &str, error: &roundtable_memory::Error) -> Failure {
    let blame = match error {
        roundtable_memory::Error::Unreadable { .. } | roundtable_memory::Error::NoRecord { .. } => Blame::Misused,
        _ => Blame::Failed,
    };
    let next = error.hint().unwrap_or_default();
    Failure { blame, ..Failure::failed(what, chain(error), next) }
}
