//! What commands need running: the async runtime, the memory, the model, the table. Each starts at first need.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use roundtable_guardrails::Doors;
use roundtable_memory::{Embedder, LanceStore, Memory, MiniLm, OtherModel};
use roundtable_tools::Catalogue;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use super::failure::{Blame, Failure, Outcome, Stop};
use super::settings::Settings;
use super::talks::{self, Talk};
use super::tool;
use crate::causes::chain;
use crate::edge::files::{self, Reach};
use crate::journal;
use crate::model::ChatModel;
use crate::model::choose::{Choice, Provider, choose};
use crate::model::embeddings::Remote;
use crate::notes::NOTES;
use crate::offline::Offline;
use crate::table::{Config, Session, StartError, Table, effects};

/// The running parts of one process.
pub struct Engine {
    runtime: Runtime,
    house: Arc<House>,
}

/// What is behind the door: shared with the task that warms it up.
struct House {
    settings: Settings,
    memory: OnceCell<Memory>,
    offline: OnceCell<(Catalogue, Arc<Offline>)>,
    chosen: OnceCell<Choice>,
    table: OnceCell<Table>,
}

impl Engine {
    /// A runtime, and nothing running on it yet.
    pub fn new(settings: Settings) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            Failure::failed("cannot start", error.to_string(), "check the limits on threads and open files")
        })?;
        Ok(Self { runtime, house: Arc::new(House::new(settings)) })
    }

    /// The settings as they were given.
    pub fn settings(&self) -> &Settings {
        &self.house.settings
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Waits for something that may take long; Ctrl-C ends the wait.
    fn wait<T>(&self, future: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        self.block_on(async {
            tokio::select! {
                done = future => done,
                pressed = tokio::signal::ctrl_c() => {
                    pressed.map_err(|error| Failure::failed("cannot listen for Ctrl-C", error.to_string(), ""))?;
                    Err(Failure::failed("stopped", "Ctrl-C was pressed", "").into())
                }
            }
        })
    }

    /// Lets a future run beside everything else.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(&self, future: F) {
        self.runtime.spawn(future);
    }

    /// The memory, opened.
    pub fn memory(&self) -> Outcome<Memory> {
        self.wait(self.house.memory()).cloned()
    }

    /// The memory, opened; vectors that another model made are dropped, to be made anew.
    pub fn memory_anew(&self) -> Outcome<Memory> {
        self.wait(open(&self.house.settings, OtherModel::Reembed))
    }

    /// The table, started.
    pub fn table(&self) -> Outcome<&Table> {
        self.wait(self.house.table())
    }

    /// The model that was taken at the start, and why.
    pub fn chosen(&self) -> Outcome<&Choice> {
        self.wait(self.house.chosen())
    }

    /// Looks for the model that a person names.
    pub fn look_for(&self, provider: &Provider, name: Option<&str>) -> Outcome<Choice> {
        self.wait(self.house.find(provider, name))
    }

    /// Starts the table behind the prompt. If that fails, the first turn tries again and tells.
    pub fn warm_up(&self) {
        let house = self.house.clone();
        self.spawn(async move {
            if house.table().await.is_ok() {
                // The notes are cut and indexed, or the index of the documents is read.
                let Ok(memory) = house.memory().await else { return };
                drop(memory.search("roundtable", roundtable_memory::Mode::Lexical, 1).await);
            }
        });
    }

    /// Gives what was remembered its vectors, beside everything else.
    pub fn embed_beside(&self) {
        let house = self.house.clone();
        self.spawn(async move { house.embed().await });
    }

    /// Gives what was remembered its vectors before anything else.
    pub fn embed_now(&self) {
        self.block_on(self.house.embed());
    }

    /// Opens a conversation, or goes on with one.
    pub fn open(&self, resume: Option<&str>) -> Outcome<Session> {
        self.wait(async {
            let opened = self.house.table().await?.open(resume).await;
            opened.map_err(|error| self.not_opened(&error, resume).into())
        })
    }

    fn not_opened(&self, error: &StartError, resume: Option<&str>) -> Failure {
        let Some(id) = resume else {
            return Failure::failed(
                "no conversation can be opened",
                chain(error),
                "`roundtable doctor` says what is wrong",
            );
        };
        let what = format!("conversation `{id}` cannot go on");
        let blame = match error {
            StartError::Journal(journal::Error::Unknown { .. } | journal::Error::BadId { .. }) => Blame::Misused,
            _ => Blame::Failed,
        };
        // A folder that cannot be listed has no names to offer.
        let known: Vec<String> = self.talks().unwrap_or_default().into_iter().take(5).map(|talk| talk.id).collect();
        let next = if known.is_empty() {
            "there is no earlier conversation; `roundtable` begins one".to_owned()
        } else {
            format!("the latest conversations are {}", known.join(", "))
        };
        Failure { blame, ..Failure::failed(what, chain(error), next) }
    }

    /// The latest conversations that can go on.
    pub fn talks(&self) -> Outcome<Vec<Talk>> {
        talks::latest(&self.settings().journal()?, 20)
    }

    /// Stops what runs. A tool that hangs on its thread does not hold the process.
    pub fn end(self) {
        let Engine { runtime, house } = self;
        // Who warms up may still hold the house; then nothing was asked of the table, and it goes with the process.
        if let Some(table) = Arc::into_inner(house).and_then(|house| house.table.into_inner()) {
            runtime.block_on(table.stop());
        }
        runtime.shutdown_background();
    }
}

impl House {
    fn new(settings: Settings) -> Self {
        let (memory, offline, chosen, table) = (OnceCell::new(), OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { settings, memory, offline, chosen, table }
    }

    /// The tools, and the embedded model that knows them.
    async fn offline(&self) -> Outcome<&(Catalogue, Arc<Offline>)> {
        let build = || async {
            let notes = self.settings.folder()?.join("notes");
            let catalogue = effects::with_notes(tool::standard()?, notes).map_err(|error| {
                let next = "this is a bug in roundtable; please report it";
                Failure::failed("the tools cannot be loaded", chain(&error), next)
            })?;
            let offline = Arc::new(Offline::new(&catalogue));
            Ok::<_, Stop>((catalogue, offline))
        };
        self.offline.get_or_try_init(build).await
    }

    /// Takes a model. What is asked for goes before what the environment says.
    async fn find(&self, provider: &Provider, name: Option<&str>) -> Outcome<Choice> {
        let environment = self.settings.environment();
        let (_, offline) = self.offline().await?;
        choose(provider, name, &environment, offline.clone()).await.map_err(|error| {
            let next = "`--provider offline` needs no server";
            Failure::failed("there is no such model to talk to", chain(&error), next).into()
        })
    }

    /// Makes the vectors that are missing. If that fails, what has none is found by its words, and the next ingest, which goes
    /// on with them, tells.
    async fn embed(&self) {
        if let Ok(memory) = self.memory().await {
            drop(memory.embed_pending(&mut |_| {}, &Arc::new(AtomicBool::new(false))).await);
        }
    }

    async fn memory(&self) -> Outcome<&Memory> {
        self.memory.get_or_try_init(|| open(&self.settings, OtherModel::Refuse)).await
    }

    async fn chosen(&self) -> Outcome<&Choice> {
        let settings = &self.settings;
        let choose = || self.find(&settings.provider, settings.model.as_deref());
        self.chosen.get_or_try_init(choose).await
    }

    async fn table(&self) -> Outcome<&Table> {
        let start = || async {
            let (memory, chosen) = tokio::try_join!(self.memory(), self.chosen())?;
            let (catalogue, offline) = self.offline().await?;
            let mut config = config(&self.settings, chosen.model.clone())?;
            config.memory = Some(memory.clone());
            config.catalogue = catalogue.clone();
            // When a server is lost, the embedded model stands in; it needs nobody to stand in for itself.
            if chosen.model.id() != crate::offline::ID {
                config.fallback = Some(offline.clone());
            }
            Table::start(config).await.map_err(|error| {
                let next = "`roundtable doctor` says what is wrong";
                Failure::failed("the table cannot start", chain(&error), next).into()
            })
        };
        self.table.get_or_try_init(start).await
    }
}

/// What the settings say about the table.
fn config(settings: &Settings, model: Arc<dyn ChatModel>) -> Outcome<Config> {
    let mut config = Config::new(model);
    config.journal = Some(settings.journal()?);
    // The call comes from a model, which may have read a stranger's text: it reaches no further than the present folder.
    let reach = Reach::Within(std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")));
    config.resolve = Some(Arc::new(move |arguments, schema| files::resolve(arguments, schema, &reach)));
    config.rag = settings.rag.into();
    config.rerank = settings.rerank.map_or_else(Default::default, Into::into);
    config.seed = settings.seed.unwrap_or_default();
    if let Some(deadline) = settings.deadline {
        config.limits.turn = deadline;
    }
    Ok(config)
}

/// Opens the memory; as long as it holds no document, it knows roundtable's own notes.
async fn open(settings: &Settings, other: OtherModel) -> Outcome<Memory> {
    let folder = settings.memory()?;
    let embedder = embedder(settings).await?;
    let store = LanceStore::open(&folder, &*embedder, other).await;
    let store = store.map_err(|error| of_memory("the memory cannot be opened", &error))?;
    let clock = Arc::new(jiff::Timestamp::now);
    Ok(Memory::over(Arc::new(store), embedder, Arc::new(Doors::standard()), clock).with_notes(NOTES))
}

/// What makes vectors: the model in this program, whose weights wait for the first text, or a server's.
async fn embedder(settings: &Settings) -> Outcome<Arc<dyn Embedder>> {
    let next = "without `--embedder` and ROUNDTABLE_EMBEDDER the built-in model makes the vectors";
    let endpoint = settings.environment().embeddings();
    let endpoint = endpoint.map_err(|error| Failure::misused("no such embedding model", error.to_string(), next))?;
    let Some(endpoint) = endpoint else { return Ok(Arc::new(MiniLm::shared())) };
    let remote = Remote::connect(endpoint).await;
    let remote = remote.map_err(|error| Failure::failed("the embedding model cannot be used", chain(&error), next))?;
    Ok(Arc::new(remote))
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
