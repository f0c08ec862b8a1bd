//! What outlives a process in a story (memory, journals, effects), and one life of a process in it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roundtable_guardrails::{Door, Doors, Origin, Policy, Untrusted};
use roundtable_memory::{Draft, HashEmbedder, Kind, Memory, Provenance, RamStore, Store};
use roundtable_tools::Catalogue;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::faulty::{Faults, FaultyModel, FaultyStore};
use super::format::{Scenario, Settings};
use crate::model::scripted::Scripted;
use crate::model::{ChatModel, Request};
use crate::offline::Offline;
use crate::table::{Config, Rag, Rerank, Session, Table, effects};

/// Why a story cannot be played at all.
pub(super) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// The dimension of the vectors in a story.
const DIMENSION: usize = 64;

/// When every story begins.
const BEGIN: i64 = 1_700_000_000;

/// What outlives a process.
pub(super) struct World {
    pub folder: TempDir,
    pub memory: Memory,
    pub faults: Arc<Faults>,
    pub scripted: Option<Scripted>,
    catalogue: Catalogue,
    settings: Settings,
    model: Arc<dyn ChatModel>,
    offline: Arc<dyn ChatModel>,
    seed: u64,
}

/// One life of a process.
pub(super) struct Life {
    pub table: Table,
    pub session: Session,
    pub killed: CancellationToken,
}

impl World {
    pub async fn new(scenario: &Scenario, seed: u64) -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new().prefix("roundtable-scenario-").tempdir()?;
        let faults = Faults::new(&scenario.faults, seed);
        let store: Arc<dyn Store> = Arc::new(RamStore::new(DIMENSION));
        fill(&store, scenario, folder.path()).await?;
        let faulty = Arc::new(FaultyStore::new(store, faults.clone()));
        let memory = over(faulty);
        let catalogue = effects::with_notes(Catalogue::standard()?, folder.path().join("notes"))?;
        let offline: Arc<dyn ChatModel> = Arc::new(Offline::new(&catalogue));
        let scripted = scenario.model.clone().map(Scripted::new).transpose()?;
        let inner: Arc<dyn ChatModel> = match &scripted {
            Some(scripted) => Arc::new(scripted.clone()),
            None => offline.clone(),
        };
        let model = Arc::new(FaultyModel::new(inner, faults.clone()));
        let settings = scenario.settings.clone();
        Ok(Self { folder, memory, faults, scripted, catalogue, settings, model, offline, seed })
    }

    /// Begins a life: a table with a new session, or with the one that is resumed.
    pub async fn begin(&self, resume: Option<&str>) -> Result<Life, Trouble> {
        let table = Table::start(self.config()?).await?;
        let killed = self.faults.attend(table.listen());
        let session = table.open(resume).await?;
        Ok(Life { table, session, killed })
    }

    fn config(&self) -> Result<Config, Trouble> {
        let mut config = Config::new(self.model.clone());
        let settings = &self.settings;
        config.fallback = settings.fallback.unwrap_or(true).then(|| self.offline.clone());
        config.memory = Some(self.memory.clone());
        config.catalogue = self.catalogue.clone();
        config.policy = Policy { ask_always: settings.ask_always, ..Policy::default() };
        config.journal = Some(self.folder.path().join("journal"));
        config.seed = self.seed;
        config.probe = self.faults.clone();
        let faults = self.faults.clone();
        let begin = Timestamp::from_second(BEGIN)?;
        config.clock = Arc::new(move || begin + faults.now());
        let limits = &mut config.limits;
        let millis = |value: Option<u64>, default: Duration| value.map_or(default, Duration::from_millis);
        limits.turn = millis(settings.deadline_ms, limits.turn);
        limits.handler = millis(settings.handler_timeout_ms, limits.handler);
        limits.mailbox = settings.mailbox.unwrap_or(limits.mailbox);
        limits.rounds = settings.rounds.unwrap_or(limits.rounds);
        config.rag = match settings.rag.as_deref() {
            None | Some("agentic") => Rag::Agentic,
            Some("naive") => Rag::Naive,
            Some("multi-stage") => Rag::MultiStage,
            Some("recursive") => Rag::Recursive,
            Some(other) => return Err(format!("`rag: {other}` is unknown").into()),
        };
        config.rerank = match settings.rerank.as_deref() {
            None | Some("words") => Rerank::Words,
            Some("none") => Rerank::None,
            Some(other) => return Err(format!("`rerank: {other}` is unknown").into()),
        };
        Ok(config)
    }

    /// The requests that the scripted model got.
    pub fn requests(&self) -> Vec<Request> {
        self.scripted.as_ref().map(Scripted::requests).unwrap_or_default()
    }

    /// The texts of the facts that hold.
    pub async fn facts(&self) -> Result<Vec<String>, Trouble> {
        let records = self.memory.records().await?;
        Ok(records.into_iter().filter(|record| record.kind == Kind::Fact && record.current()).map(|r| r.text).collect())
    }

    /// The effects that were carried out: the words of the notes that were saved.
    pub fn effects(&self) -> Result<Vec<String>, Trouble> {
        let entries = match std::fs::read_dir(self.folder.path().join("notes")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut notes = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                notes.push(std::fs::read_to_string(path)?);
            }
        }
        notes.sort();
        Ok(notes)
    }
}

impl Life {
    /// Ends in order.
    pub async fn end(self) {
        self.session.close().await;
        self.table.stop().await;
    }
}

fn over(store: Arc<dyn Store>) -> Memory {
    let at = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
    let embedder = Arc::new(HashEmbedder::new(DIMENSION));
    Memory::over(store, embedder, Arc::new(Doors::standard()), Arc::new(move || at))
}

/// Puts the fixtures in, past the faults.
async fn fill(store: &Arc<dyn Store>, scenario: &Scenario, folder: &Path) -> Result<(), Trouble> {
    let memory = over(store.clone());
    if !scenario.fixtures.documents.is_empty() {
        let path = folder.join("documents.jsonl");
        let lines: Result<Vec<String>, _> = scenario.fixtures.documents.iter().map(serde_json::to_string).collect();
        std::fs::write(&path, lines?.join("\n"))?;
        memory.ingest(&[path], &mut |_| {}).await?;
        memory.embed_pending(&mut |_| {}, &Arc::default()).await?;
    }
    for (n, fact) in scenario.fixtures.facts.iter().enumerate() {
        let provenance = Provenance { session: "before".into(), turn: format!("t{}", n + 1), ..Provenance::default() };
        let draft = Draft::Fact { subject: None, text: fact.clone(), provenance };
        let cleared = Doors::standard().admit(Door::Memory, Untrusted::new(draft, Origin::User))?;
        memory.remember(cleared).await?;
    }
    Ok(())
}
