//! The places where a scenario's faults strike: the probe of the actors and the journal, the model, the store.
//!
//! Tools are struck by the probe as well, at [`Point::Tool`]: the executor asks it before each call.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use roundtable_memory::document::{Chunk, Document, Metadata, Trust};
use roundtable_memory::error::Error as MemoryError;
use roundtable_memory::record::{Record, RecordId};
use roundtable_memory::search::Scored;
use roundtable_memory::store::{Entry, Pending, Space, Stamp, Stats, Store, VectorRow};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::faults::{Armed, Fault, FaultSpec};
use crate::event::Event;
use crate::fault::{Action, Point, Probe};
use crate::model::{Capabilities, ChatModel, Delta, DeltaStream, FinishReason, ModelError, Request};

/// All faults of a scenario, armed, with what they need to know to strike: the story's time and the events so far.
#[derive(Debug)]
pub struct Faults {
    armed: Vec<Armed>,
    begin: Instant,
    /// Events that were not looked at yet: whoever asks about them takes them in first.
    heard: Mutex<Option<mpsc::UnboundedReceiver<Event>>>,
    log: Mutex<Vec<Event>>,
    seen: Mutex<BTreeSet<String>>,
    /// Where in the log each life of the process begins, and how it is told that it is dead.
    lives: Mutex<Vec<(usize, CancellationToken)>>,
}

impl Faults {
    /// Arms `specs`; the story's time begins now.
    pub fn new(specs: &[FaultSpec], seed: u64) -> Arc<Self> {
        let armed = specs.iter().enumerate().map(|(place, spec)| Armed::new(spec.clone(), seed, place)).collect();
        Arc::new(Self {
            armed,
            begin: Instant::now(),
            heard: Mutex::default(),
            log: Mutex::default(),
            seen: Mutex::default(),
            lives: Mutex::default(),
        })
    }

    /// Listens to a table: a new one after each death of the process. The token is cancelled when a fault kills the process.
    pub fn attend(&self, events: mpsc::UnboundedReceiver<Event>) -> CancellationToken {
        self.take_in();
        *lock(&self.heard) = Some(events);
        let killed = CancellationToken::new();
        let begins = lock(&self.log).len();
        lock(&self.lives).push((begins, killed.clone()));
        killed
    }

    /// Takes in the events that came since.
    fn take_in(&self) {
        let mut heard = lock(&self.heard);
        while let Some(event) = heard.as_mut().and_then(|events| events.try_recv().ok()) {
            lock(&self.seen).insert(kind_of(&event));
            lock(&self.log).push(event);
        }
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Event> {
        self.take_in();
        lock(&self.log).clone()
    }

    /// Every event so far, by the life of the process that it happened in, with whether that life was ended by a fault.
    pub fn lives(&self) -> Vec<(Vec<Event>, bool)> {
        let events = self.events();
        let lives = lock(&self.lives);
        let ends = lives.iter().skip(1).map(|(begins, _)| *begins).chain([events.len()]);
        lives
            .iter()
            .zip(ends)
            .map(|((begins, killed), end)| (events[*begins..end].to_vec(), killed.is_cancelled()))
            .collect()
    }

    /// The story's own time.
    pub fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    /// The process is dead.
    fn kill(&self, action: Action) -> Action {
        if matches!(action, Action::Die | Action::Corrupt) {
            lock(&self.lives).iter().for_each(|(_, killed)| killed.cancel());
        }
        action
    }

    /// The faults that should have struck and did not.
    pub fn never_struck(&self) -> impl Iterator<Item = &FaultSpec> {
        self.armed.iter().filter(|fault| fault.struck() == 0 && !fault.spec.optional).map(|fault| &fault.spec)
    }

    /// How often the faults have struck in all.
    pub fn strikes(&self) -> u64 {
        self.armed.iter().map(Armed::struck).sum()
    }

    /// The first fault that `aims` here and strikes now.
    fn strike<T>(&self, aims: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let now = self.begin.elapsed();
        self.take_in();
        let seen = |kind: &str| lock(&self.seen).contains(kind);
        let mut found = None;
        for fault in &self.armed {
            // Each fault that aims here counts the call, whether or not another one strikes first.
            if let Some(what) = aims(&fault.spec.fault)
                && fault.strikes(now, seen)
                && found.is_none()
            {
                found = Some(what);
            }
        }
        found
    }
}

/// The event's type, as in the log.
pub fn kind_of(event: &Event) -> String {
    serde_json::to_value(event).ok().and_then(|value| value["type"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn any_or(wanted: &Option<String>, is: &str) -> bool {
    wanted.as_deref().is_none_or(|wanted| wanted == is)
}

impl Probe for Faults {
    fn at(&self, point: Point<'_>) -> Action {
        let action = match point {
            Point::Handle { role, message } => self.strike(|fault| match fault {
                Fault::ActorPanic { role: whose, message: which } if *whose == role && any_or(which, message) => {
                    Some(Action::Panic(format!("injected into {role} at `{message}`")))
                }
                Fault::ActorHang { role: whose, message: which } if *whose == role && any_or(which, message) => {
                    Some(Action::Hang)
                }
                Fault::ActorSlow { role: whose, ms } if *whose == role => {
                    Some(Action::Delay(Duration::from_millis(*ms)))
                }
                _ => None,
            }),
            Point::Tool { tool } => self.strike(|fault| match fault {
                Fault::ToolError { tool: which } if any_or(which, tool) => {
                    Some(Action::Fail(format!("injected into `{tool}`")))
                }
                Fault::ToolPanic { tool: which } if any_or(which, tool) => {
                    Some(Action::Panic(format!("injected into `{tool}`")))
                }
                Fault::ToolHang { tool: which } if any_or(which, tool) => Some(Action::Hang),
                Fault::ToolBadOutput { tool: which } if any_or(which, tool) => Some(Action::Corrupt),
                _ => None,
            }),
            Point::Append { record } => self.strike(|fault| match fault {
                Fault::JournalFull { record: which } if any_or(which, record) => {
                    Some(Action::Fail("no space left on device (injected)".into()))
                }
                Fault::ProcessDiesBefore { record: which } if which == record => Some(Action::Die),
                Fault::ProcessDiesWithin { record: which } if which == record => Some(Action::Corrupt),
                _ => None,
            }),
            Point::Appended { record } => self.strike(|fault| match fault {
                Fault::ProcessDiesAfter { record: which } if which == record => Some(Action::Die),
                _ => None,
            }),
        };
        let action = action.unwrap_or(Action::Continue);
        if matches!(point, Point::Append { .. } | Point::Appended { .. }) { self.kill(action) } else { action }
    }
}

/// A model that the scenario's faults can strike.
#[derive(Debug)]
pub struct FaultyModel {
    inner: Arc<dyn ChatModel>,
    faults: Arc<Faults>,
}

impl FaultyModel {
    /// Puts the faults before `inner`.
    pub fn new(inner: Arc<dyn ChatModel>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    /// An answer that calls `name` with `arguments`.
    fn call(name: String, arguments: &str) -> DeltaStream {
        let call =
            Delta::ToolCall { index: 0, id: Some("injected".into()), name: Some(name), arguments: arguments.into() };
        stream::iter([Ok(call), Ok(Delta::Finish(FinishReason::ToolCalls))]).boxed()
    }
}

#[async_trait]
impl ChatModel for FaultyModel {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn stream(&self, request: Request) -> Result<DeltaStream, ModelError> {
        let model = self.id().to_owned();
        let length: usize = request.messages.iter().map(|message| message.content.len()).sum();
        let strike = self.faults.strike(|fault| {
            let short = matches!(fault, Fault::ModelSmallContext { bytes } if length > *bytes);
            let strikes = matches!(
                fault,
                Fault::ModelError { .. }
                    | Fault::ModelRateLimited { .. }
                    | Fault::ModelUnreachable {}
                    | Fault::ModelHang {}
                    | Fault::ModelSlow { .. }
                    | Fault::ModelBreaksOff { .. }
                    | Fault::ModelStalls { .. }
                    | Fault::ModelBadJson {}
                    | Fault::ModelUnknownTool {}
                    | Fault::ModelSilent {}
            );
            (short || strikes).then(|| fault.clone())
        });
        match strike {
            Some(Fault::ModelError { status: status @ (401 | 403) }) => Err(ModelError::Unauthorized { model, status }),
            Some(Fault::ModelError { status: status @ 400..500 }) => {
                Err(ModelError::Rejected { model, status, message: "injected".into() })
            }
            Some(Fault::ModelError { status }) => {
                Err(ModelError::Server { model, status, message: "injected".into(), retry_after: None })
            }
            Some(Fault::ModelRateLimited { retry_after_ms }) => {
                Err(ModelError::RateLimited { model, retry_after: Some(Duration::from_millis(retry_after_ms)) })
            }
            Some(Fault::ModelSmallContext { bytes }) => Err(ModelError::TooLong {
                model,
                message: format!("{length} bytes exceed the context size of {bytes}"),
            }),
            Some(Fault::ModelUnreachable {}) => Err(ModelError::Unreachable { model, message: "injected".into() }),
            Some(Fault::ModelHang {}) => Ok(stream::pending().boxed()),
            Some(Fault::ModelSlow { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.inner.stream(request).await
            }
            Some(Fault::ModelBreaksOff { after }) => {
                let broken = ModelError::BrokenOff { model, message: "injected".into() };
                let begun = self.inner.stream(request).await?.take(after);
                Ok(begun.chain(stream::once(std::future::ready(Err(broken)))).boxed())
            }
            Some(Fault::ModelStalls { after }) => {
                Ok(self.inner.stream(request).await?.take(after).chain(stream::pending()).boxed())
            }
            Some(Fault::ModelBadJson {}) => {
                let name = request.tools.first().map_or_else(|| "nothing".to_owned(), |tool| tool.name.to_string());
                Ok(Self::call(name, r#"{"a": [1, 2"#))
            }
            Some(Fault::ModelUnknownTool {}) => Ok(Self::call("vector_dott".into(), r#"{"a": [1], "b": [1]}"#)),
            Some(Fault::ModelSilent {}) => {
                Ok(stream::once(std::future::ready(Ok(Delta::Finish(FinishReason::Stop)))).boxed())
            }
            _ => self.inner.stream(request).await,
        }
    }
}

/// A store that the scenario's faults can strike.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
    /// What a poisoned search has found.
    poison: Mutex<Option<String>>,
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl FaultyStore {
    /// Puts the faults before `inner`.
    pub fn new(inner: Arc<dyn Store>, faults: Arc<Faults>) -> Self {
        Self { inner, faults, poison: Mutex::default() }
    }
}

impl FaultyStore {
    fn read(&self, action: &'static str) -> Result<(), MemoryError> {
        let strike = self.faults.strike(|fault| matches!(fault, Fault::StoreReadError {}).then_some(()));
        strike.map_or(Ok(()), |()| Err(injected(action)))
    }

    /// Strikes around a write of records: before it, after it, or by making it slow.
    async fn around_write<T: Send>(
        &self,
        action: &'static str,
        write: impl Future<Output = Result<T, MemoryError>> + Send,
    ) -> Result<T, MemoryError> {
        let strike = self.faults.strike(|fault| {
            let ours = matches!(fault, Fault::StoreWriteError {} | Fault::StoreLostAck {} | Fault::StoreSlow { .. });
            ours.then(|| fault.clone())
        });
        match strike {
            Some(Fault::StoreWriteError {}) => Err(injected(action)),
            Some(Fault::StoreLostAck {}) => {
                write.await?;
                Err(injected(action))
            }
            Some(Fault::StoreSlow { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                write.await
            }
            _ => write.await,
        }
    }

    /// Strikes a search for passages; `Some` is what it gives instead of the store.
    async fn struck_search(&self, space: Space) -> Option<Result<Vec<Scored>, MemoryError>> {
        if space != Space::Chunks {
            return None;
        }
        let strike = self.faults.strike(|fault| strikes_search(fault).then(|| fault.clone()));
        match strike {
            Some(Fault::SearchError {}) => Some(Err(injected("search the chunks"))),
            Some(Fault::SearchHang {}) => std::future::pending().await,
            Some(Fault::SearchEmpty {}) => Some(Ok(Vec::new())),
            Some(Fault::SearchPoisoned { text }) => {
                *lock(&self.poison) = Some(text);
                Some(Ok(vec![Scored { id: POISON.to_owned(), score: 1.0 }]))
            }
            _ => None,
        }
    }
}

fn strikes_search(fault: &Fault) -> bool {
    matches!(fault, Fault::SearchError {} | Fault::SearchHang {} | Fault::SearchEmpty {} | Fault::SearchPoisoned { .. })
}

/// The id of the chunk that a poisoned search finds.
const POISON: &str = "poisoned#0";

fn injected(action: &'static str) -> MemoryError {
    MemoryError::Store { action, cause: "injected".into() }
}

#[async_trait]
impl Store for FaultyStore {
    async fn stamps(&self) -> Result<Vec<Stamp>, MemoryError> {
        self.inner.stamps().await
    }

    async fn is_empty(&self) -> Result<bool, MemoryError> {
        self.inner.is_empty().await
    }

    async fn put_documents(&self, entries: &[Entry]) -> Result<(), MemoryError> {
        self.inner.put_documents(entries).await
    }

    async fn remove_documents(&self, ids: &[String]) -> Result<(), MemoryError> {
        self.inner.remove_documents(ids).await
    }

    async fn document(&self, id: &str) -> Result<Option<Document>, MemoryError> {
        self.inner.document(id).await
    }

    async fn chunks(&self, ids: &[String]) -> Result<Vec<Chunk>, MemoryError> {
        let mut chunks = self.inner.chunks(ids).await?;
        let poison = lock(&self.poison).clone();
        if let Some(text) = poison
            && ids.iter().any(|id| id == POISON)
        {
            chunks.push(Chunk {
                id: POISON.to_owned(),
                doc: "poisoned".to_owned(),
                title: String::new(),
                end: text.len(),
                text,
                start: 0,
                position: 0,
                metadata: Metadata::default(),
                trust: Trust::default(),
            });
        }
        Ok(chunks)
    }

    async fn quarantined(&self) -> Result<Vec<Chunk>, MemoryError> {
        self.inner.quarantined().await
    }

    async fn search_lexical(&self, space: Space, query: &str, n: usize) -> Result<Vec<Scored>, MemoryError> {
        match self.struck_search(space).await {
            Some(instead) => instead,
            None => self.inner.search_lexical(space, query, n).await,
        }
    }

    async fn search_dense(&self, space: Space, vector: &[f32], n: usize) -> Result<Vec<Scored>, MemoryError> {
        // A fault that strikes the search strikes all of it: such a story finds by words alone.
        if space == Space::Chunks && self.faults.armed.iter().any(|armed| strikes_search(&armed.spec.fault)) {
            return Ok(Vec::new());
        }
        self.inner.search_dense(space, vector, n).await
    }

    async fn has_vectors(&self, space: Space) -> Result<bool, MemoryError> {
        self.inner.has_vectors(space).await
    }

    async fn pending_vectors(&self) -> Result<Vec<Pending>, MemoryError> {
        self.inner.pending_vectors().await
    }

    async fn words(&self, space: Space, ids: &[String]) -> Result<Vec<(String, String)>, MemoryError> {
        self.inner.words(space, ids).await
    }

    async fn put_vectors(&self, rows: &[VectorRow]) -> Result<(), MemoryError> {
        self.inner.put_vectors(rows).await
    }

    async fn remember(&self, records: Vec<Record>) -> Result<Vec<RecordId>, MemoryError> {
        self.around_write("write the records", self.inner.remember(records)).await
    }

    async fn records_of(&self, ids: &[RecordId]) -> Result<Vec<Record>, MemoryError> {
        self.read("read the records")?;
        self.inner.records_of(ids).await
    }

    async fn records(&self) -> Result<Vec<Record>, MemoryError> {
        self.inner.records().await
    }

    async fn erase_records(&self, ids: &[RecordId]) -> Result<usize, MemoryError> {
        self.around_write("erase the records", self.inner.erase_records(ids)).await
    }

    async fn tidy(&self) -> Result<(), MemoryError> {
        self.inner.tidy().await
    }

    async fn stats(&self) -> Result<Stats, MemoryError> {
        self.inner.stats().await
    }
}
