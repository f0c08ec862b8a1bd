//! The table and its sessions, as the rest of the house holds them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ractor::{Actor, ActorRef};
use roundtable_guardrails::CallId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::config::{Config, Rag, Rerank, Shared};
use super::crew::{Crew, Home, Team};
use super::desk::{Desk, Owed};
use super::librarian::{Librarian, Tray};
use super::seat::{Failure, Reply, Seat};
use super::shell::Watch;
use super::supervisor::{self, Child, Office, Supervisor};
use super::turn::{Turn, TurnError, Voice};
use super::{gateway, keep, session};
use crate::answer::TurnUsage;
use crate::event::{Event, Role};
use crate::journal::{self, Journal, Past};
use crate::model::accounts::Accounts;
use crate::model::{ChatModel, Message};
use crate::turn::Happened;

/// Why a table or a session could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The actors could not be started.
    #[error("cannot start the actors: {0}")]
    Actors(#[from] ractor::SpawnErr),
    /// Sessions are kept in journals, and this table keeps none.
    #[error("this table keeps no journal, so there is no session `{session}` to resume")]
    NoJournal {
        /// The session that was asked for.
        session: String,
    },
}

/// An actor as `/actors` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActorView {
    /// Its role.
    pub role: Role,
    /// The session that it belongs to; none for a shared service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// `running`, `restarting` or `away`.
    pub state: &'static str,
    /// How often it was started again.
    pub restarts: u64,
    /// Messages that wait or are being handled.
    pub waiting: usize,
    /// Messages that are through.
    pub handled: u64,
}

/// A table with its actors. Dropping it stops them without waiting; [`Table::stop`] waits.
pub struct Table {
    shared: Arc<Shared>,
    root: ActorRef<supervisor::Message>,
    sessions: Mutex<BTreeMap<String, Weak<Desk>>>,
    idle: Home,
    /// How many conversations were opened.
    opened: AtomicU64,
    watch: Watch,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// How long stopping waits for an actor that is in the middle of something.
const PATIENCE: Duration = Duration::from_secs(5);

impl Table {
    /// Starts the shared services.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let watch = Watch { probe: config.probe.clone(), limit: config.limits.handler };
        let shared = Arc::new(Shared::new(config));
        let (memory, doors) = (shared.config.memory.clone(), shared.config.doors.clone());
        let (ways, tray) = (shared.ways.clone(), Arc::<Tray>::default());
        // An episode may wait for the disk longer than a decision does: the librarian and the gateway are given more time.
        let patient = Watch { limit: watch.limit.saturating_mul(3), ..watch.clone() };
        let children = vec![
            Child::new(&shared.librarian, &patient, move || Librarian {
                memory: memory.clone(),
                doors: doors.clone(),
                tray: tray.clone(),
            }),
            Child::new(&shared.gateway, &watch, move || gateway::Desk(ways.clone())),
        ];
        let root = start_supervisor(&shared, children, 0).await?;
        Ok(Self { shared, root, sessions: Mutex::default(), idle: Home::default(), opened: AtomicU64::new(0), watch })
    }

    /// Opens a conversation: a new one, or an earlier one by its id. A turn that had no end is taken up again.
    pub async fn open(&self, resume: Option<&str>) -> Result<Session, StartError> {
        let crew = self.crew().await?;
        let (desk, owed) = match self.desk(resume, crew.team.clone()) {
            Ok(ready) => ready,
            Err(error) => {
                self.idle.give_back(crew);
                return Err(error);
            }
        };
        let desk = Arc::new(desk);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, desk| desk.strong_count() > 0);
        sessions.insert(desk.id.clone(), Arc::downgrade(&desk));
        drop(sessions);
        keep::make_up(&desk, owed.unkept);
        let resumed = owed.unfinished.map(|past| take_up(&desk, past));
        Ok(Session { desk, crew, home: self.idle.clone(), resumed: Mutex::new(resumed) })
    }

    /// A desk for a new conversation, or for an earlier one with what it left unfinished.
    fn desk(&self, resume: Option<&str>, team: Team) -> Result<(Desk, Owed), StartError> {
        let probe = self.shared.config.probe.clone();
        let desk = |id: String, journal| Desk::new(id, self.shared.clone(), journal, team);
        match (&self.shared.config.journal, resume) {
            (None, Some(session)) => Err(StartError::NoJournal { session: session.to_owned() }),
            (None, None) => Ok((desk(self.name(), Journal::none(probe)), Owed::default())),
            (Some(folder), Some(session)) => {
                let (journal, replayed) = Journal::resume(folder, session, probe)?;
                let desk = desk(session.to_owned(), journal);
                let owed = desk.replay(replayed);
                Ok((desk, owed))
            }
            (Some(folder), None) => {
                let (id, journal) = self.create(folder, &probe)?;
                Ok((desk(id, journal), Owed::default()))
            }
        }
    }

    /// A crew that waits, or a new one.
    async fn crew(&self) -> Result<Crew, StartError> {
        if let Some(crew) = self.idle.take() {
            return Ok(crew);
        }
        let team = Team::new(self.shared.config.limits.mailbox);
        let children = team.children(&self.shared, &self.watch);
        let supervisor = start_supervisor(&self.shared, children, self.shared.config.seed).await?;
        Ok(Crew { team, supervisor })
    }

    fn create(&self, folder: &Path, probe: &Arc<dyn crate::fault::Probe>) -> Result<(String, Journal), journal::Error> {
        let mut tries = 0;
        loop {
            let id = self.name();
            match Journal::create(folder, &id, (self.shared.config.clock)(), probe.clone()) {
                Ok(journal) => return Ok((id, journal)),
                // Another session began in the same second: the next name is free.
                Err(journal::Error::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::AlreadyExists && tries < 1000 =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A session's id: when it began, and six letters that tell apart those of the same second.
    fn name(&self) -> String {
        let at = (self.shared.config.clock)();
        let mut hash = Sha256::new();
        for part in [self.shared.config.seed, self.opened.fetch_add(1, Ordering::Relaxed)] {
            hash.update(part.to_le_bytes());
        }
        let letters: String = hash.finalize().iter().take(6).map(|byte| char::from(b'a' + byte % 26)).collect();
        format!("{}-{letters}", at.strftime("%Y%m%d-%H%M%S"))
    }

    /// Every event of every session from now on. What is not taken waits in memory.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Event> {
        self.shared.bus.listen()
    }

    /// Every actor.
    pub fn actors(&self) -> Vec<ActorView> {
        let mut views = vec![view(&self.shared.librarian, None), view(&self.shared.gateway, None)];
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        for desk in sessions.values().filter_map(Weak::upgrade) {
            let id = Some(desk.id.as_str());
            let team = &desk.team;
            views.extend([
                view(&team.session, id),
                view(&team.planner, id),
                view(&team.retriever, id),
                view(&team.reranker, id),
                view(&team.executor, id),
                view(&team.critic, id),
            ]);
        }
        views
    }

    /// What the table is made of.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The model that answers at present.
    pub fn model(&self) -> Arc<dyn ChatModel> {
        self.shared.ways.first.model()
    }

    /// Has another model answer from the next request on.
    pub fn switch(&self, model: Arc<dyn ChatModel>) {
        self.shared.ways.first.switch(model);
    }

    /// What each role used since the start, over all sessions.
    pub fn accounts(&self) -> Accounts {
        self.shared.ways.first.accounts()
    }

    /// The state of the present model's circuit breaker: `closed`, `open` or `half_open`.
    pub fn breaker(&self) -> crate::model::breaker::State {
        self.shared.ways.first.breaker()
    }

    /// How passages are gathered and ordered at present.
    pub fn manner(&self) -> (Rag, Rerank) {
        self.shared.manner()
    }

    /// Changes it for the turns to come.
    pub fn set_manner(&self, rag: Rag, rerank: Rerank) {
        self.shared.set_manner(rag, rerank);
    }

    /// How many tools hang on threads that were left behind.
    pub fn abandoned(&self) -> usize {
        self.shared.pool.abandoned()
    }

    /// Stops the shared services, after what they have in hand. Sessions should be closed before.
    pub async fn stop(self) {
        for crew in self.idle.all() {
            stop(&crew.supervisor).await;
        }
        stop(&self.root).await;
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for crew in self.idle.all() {
            crew.supervisor.stop(None);
        }
        self.root.stop(None);
    }
}

async fn start_supervisor(
    shared: &Shared,
    children: Vec<Child>,
    seed: u64,
) -> Result<ActorRef<supervisor::Message>, StartError> {
    let office = Office { children, rules: shared.config.limits.restarts, bus: shared.bus.clone(), seed };
    Ok(Actor::spawn(None, Supervisor, office).await?.0)
}

/// Stops a supervisor, and with it its children, each after what it has in hand.
async fn stop(supervisor: &ActorRef<supervisor::Message>) {
    let children = supervisor.get_children();
    if supervisor.stop_and_wait(None, Some(PATIENCE)).await.is_err() {
        supervisor.kill();
    }
    for child in children {
        if child.wait(Some(PATIENCE)).await.is_err() {
            child.kill();
        }
    }
}

fn view<M: Send + 'static>(seat: &Seat<M>, session: Option<&str>) -> ActorView {
    let view = seat.view();
    ActorView {
        role: seat.role(),
        session: session.map(str::to_owned),
        state: view.state,
        restarts: view.started.saturating_sub(1),
        waiting: view.waiting,
        handled: view.handled,
    }
}

/// Sets a turn going again that has no end in the journal.
fn take_up(desk: &Arc<Desk>, past: Past) -> Turn {
    let (to, from) = mpsc::unbounded_channel();
    let voice = Voice::new(past.turn.clone(), to, desk.shared.bus.clone());
    voice.say(Event::TurnResumed { turn: past.turn.clone(), steps: past.happened.len() });
    for happened in &past.happened {
        // What the person allowed in the turn is still allowed in it.
        if let Happened::Asked { approved, .. } = happened {
            for planned in approved {
                if let Ok(arguments) = planned.args.clone() {
                    let call = CallId { id: planned.call.clone(), tool: planned.tool.clone(), arguments };
                    desk.grant(call.fingerprint());
                }
            }
        }
    }
    session::set_going(desk, past.turn.clone(), voice, past.happened, None);
    Turn::new(past.turn, from)
}

/// A conversation. Dropping it ends it without waiting for what is under way; [`Session::close`] waits.
pub struct Session {
    desk: Arc<Desk>,
    crew: Crew,
    home: Home,
    resumed: Mutex<Option<Turn>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.desk.id).finish_non_exhaustive()
    }
}

impl Session {
    /// The conversation's id, by which it can be resumed.
    pub fn id(&self) -> &str {
        &self.desk.id
    }

    /// The turn that was taken up again when the session was resumed, if one had no end. Once.
    pub fn resumed(&self) -> Option<Turn> {
        self.resumed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Begins a turn.
    ///
    /// # Errors
    /// `busy` while another turn runs or too much waits; `dead_lettered` if the question killed the session's actor twice.
    pub async fn ask(&self, text: impl Into<String>) -> Result<Turn, TurnError> {
        let text = text.into();
        let asked = |to: session::Listener, reply| session::Message::Ask {
            desk: self.desk.clone(),
            text: text.clone(),
            to,
            reply,
        };
        self.begin("ask", asked).await
    }

    /// Allows the calls that wait whose fingerprints begin with `prefix` (all, if it is empty), and runs them as a turn.
    pub async fn approve(&self, prefix: &str) -> Result<Turn, TurnError> {
        let asked = |to: session::Listener, reply| session::Message::Approve {
            desk: self.desk.clone(),
            prefix: prefix.to_owned(),
            to,
            reply,
        };
        self.begin("approve", asked).await
    }

    async fn begin<F>(&self, name: &'static str, make: F) -> Result<Turn, TurnError>
    where
        F: Fn(session::Listener, Reply<Result<String, TurnError>>) -> session::Message,
    {
        let (to, from) = mpsc::unbounded_channel();
        let turn = self.request(name, |reply| make(to.clone(), reply)).await??;
        Ok(Turn::new(turn, from))
    }

    async fn request<T>(
        &self,
        name: &'static str,
        make: impl Fn(Reply<T>) -> session::Message,
    ) -> Result<T, TurnError> {
        let deadline = Instant::now() + self.desk.shared.config.limits.turn;
        let asked = self.desk.team.session.ask(deadline, name, make).await;
        if let Err(Failure::DeadLettered { role, message }) = &asked {
            let (turn, message) = (String::new(), (*message).to_owned());
            self.desk.shared.bus.tell(&Event::DeadLettered { turn, role: *role, message });
        }
        Ok(asked?)
    }

    /// Forbids the calls that wait whose fingerprints begin with `prefix`; gives the names of their tools.
    pub async fn deny(&self, prefix: &str) -> Result<Vec<String>, TurnError> {
        self.request("deny", |reply| session::Message::Deny {
            desk: self.desk.clone(),
            prefix: prefix.to_owned(),
            reply,
        })
        .await
    }

    /// Takes the last turn out of the conversation and gives its question. Effects stay.
    pub async fn undo(&self) -> Result<Option<String>, TurnError> {
        self.request("undo", |reply| session::Message::Undo { desk: self.desk.clone(), reply }).await?
    }

    /// Ends the turn that runs, if one does. It goes past the mailbox, so that it gets through when that is full.
    pub fn cancel(&self) {
        if let Some(active) = self.desk.active() {
            active.cancel.cancel();
        }
    }

    /// Whether a turn runs.
    pub fn is_busy(&self) -> bool {
        self.desk.active().is_some()
    }

    /// What a model would be shown of the conversation: always valid.
    pub fn history(&self) -> Vec<Message> {
        self.desk.history()
    }

    /// The last turn that was answered: its id and its question.
    pub fn last(&self) -> Option<(String, String)> {
        self.desk.last()
    }

    /// What the conversation used so far.
    pub fn usage(&self) -> TurnUsage {
        self.desk.usage()
    }

    /// Waits until no turn runs and every episode is kept, or lost.
    pub async fn settled(&self) {
        while self.is_busy() || self.desk.keeping() {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Ends the session. A turn that runs is cancelled first; episodes that wait are kept.
    pub async fn close(self) {
        self.cancel();
        // Whatever is not settled by then is lost, as it would be if the process were killed.
        drop(timeout(PATIENCE, self.settled()).await);
        // Dropping the session sends its crew home.
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_busy() {
            self.cancel();
            self.crew.supervisor.stop(None);
        } else {
            self.home.give_back(self.crew.clone());
        }
    }
}
