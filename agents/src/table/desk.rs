//! What a session keeps outside its actors, so that their deaths cost nothing: the conversation, its journal, the seats.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundtable_guardrails::Approvals;
use roundtable_memory::fingerprint;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::Shared;
use super::crew::Team;
use super::keep::{self, Episode};
use super::turn::Voice;
use crate::answer::TurnUsage;
use crate::journal::{Error, Journal, Keep, Past, Replayed};
use crate::model::Message;
use crate::turn::{Happened, Planned, State, history};

/// A turn that runs.
#[derive(Debug)]
pub(super) struct Active {
    /// Its id.
    pub turn: String,
    /// What happened so far: just the question, or what the journal holds of it.
    pub begun: Vec<Happened>,
    /// What earlier turns left.
    pub history: Arc<[Message]>,
    /// When it must have ended.
    pub deadline: Instant,
    /// Ends it early.
    pub cancel: CancellationToken,
    /// Who hears of it.
    pub voice: Voice,
}

/// A turn that ended with an answer.
#[derive(Clone, Debug)]
struct Left {
    turn: String,
    messages: Vec<Message>,
    question: String,
    usage: TurnUsage,
}

/// What an earlier process left to do when it was killed.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// The turn that has no end.
    pub unfinished: Option<Past>,
    /// Turns that are over and not in memory.
    pub unkept: Vec<Episode>,
}

/// The conversation so far.
#[derive(Debug, Default)]
struct Conversation {
    turns: Vec<Left>,
    /// How many turns were ever begun.
    begun: usize,
    /// Calls that wait for a person, by fingerprint.
    waiting: BTreeMap<String, Planned>,
}

/// What a session keeps outside its actors.
pub(super) struct Desk {
    pub id: String,
    pub shared: Arc<Shared>,
    pub team: Team,
    pub approvals: Arc<Mutex<Approvals>>,
    journal: Journal,
    /// Turns that are over and whose episodes are still being kept.
    keeping: AtomicUsize,
    conversation: Mutex<Conversation>,
    active: Mutex<Option<Arc<Active>>>,
}

/// How many messages of earlier turns a model is shown.
const REMEMBERED: usize = 40;

impl Desk {
    pub fn new(id: String, shared: Arc<Shared>, journal: Journal, team: Team) -> Self {
        Self {
            id,
            shared,
            team,
            approvals: Arc::default(),
            journal,
            keeping: AtomicUsize::new(0),
            conversation: Mutex::default(),
            active: Mutex::default(),
        }
    }

    /// Lets the call with this fingerprint run, once.
    pub fn grant(&self, fingerprint: String) {
        self.approvals.lock().unwrap_or_else(PoisonError::into_inner).grant(fingerprint);
    }

    /// A turn that is over begins to be kept.
    pub fn begin_keeping(&self) {
        self.keeping.fetch_add(1, Ordering::AcqRel);
    }

    /// It is kept, or lost.
    pub fn end_keeping(&self) {
        self.keeping.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether turns that are over are still being kept.
    pub fn keeping(&self) -> bool {
        self.keeping.load(Ordering::Acquire) > 0
    }

    /// Takes over what the journal holds; gives what was left to do.
    pub fn replay(&self, replayed: Replayed) -> Owed {
        let unfinished = replayed.unfinished().cloned();
        let mut unkept = Vec::new();
        for (past, answer) in replayed.unkept() {
            if keep::forgot(answer) {
                unkept.clear();
            }
            unkept.extend(Episode::of(self, &past.turn, past.question(), answer));
        }
        let mut conversation = self.conversation();
        conversation.begun = replayed.begun;
        for past in replayed.turns {
            let mut state = State::new(past.turn);
            for happened in past.happened {
                if let Happened::Answered { answer } = &happened {
                    conversation.take(&state, &answer.text);
                }
                state.apply(happened);
            }
        }
        Owed { unfinished, unkept }
    }

    fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn that runs.
    pub fn active(&self) -> Option<Arc<Active>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets or clears the turn that runs.
    pub fn set_active(&self, active: Option<Arc<Active>>) {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = active;
    }

    /// The id of the next turn.
    pub fn next_turn(&self) -> String {
        let mut conversation = self.conversation();
        conversation.begun += 1;
        format!("t{}", conversation.begun)
    }

    /// The history as the next turn's model sees it.
    pub fn history(&self) -> Vec<Message> {
        let conversation = self.conversation();
        let turns: Vec<&[Message]> = conversation.turns.iter().map(|left| left.messages.as_slice()).collect();
        history::recent(&turns, REMEMBERED)
    }

    /// The last question, with its turn.
    pub fn last(&self) -> Option<(String, String)> {
        self.conversation().turns.last().map(|left| (left.turn.clone(), left.question.clone()))
    }

    /// What the whole conversation used.
    pub fn usage(&self) -> TurnUsage {
        let mut sum = TurnUsage::default();
        for left in &self.conversation().turns {
            for (role, usage) in &left.usage.by_role {
                sum.book(role, usage);
            }
        }
        sum
    }

    /// Takes the last turn out of the conversation.
    pub fn undo(&self) -> Result<Option<String>, Error> {
        let Some((turn, question)) = self.last() else { return Ok(None) };
        self.append(&turn, &Happened::Undone {}, Keep::Process)?;
        self.conversation().turns.retain(|left| left.turn != turn);
        Ok(Some(question))
    }

    /// Keeps what an answered turn leaves.
    pub fn leave(&self, state: &State, answer: &str) {
        let mut conversation = self.conversation();
        conversation.take(state, answer);
        let calls = state.messages.iter().flat_map(|message| &message.tool_calls);
        let waiting = calls.filter_map(|call| {
            let args: serde_json::Value = serde_json::from_str(&call.arguments).ok()?;
            let pending = state.pending.iter().find(|pending| pending.tool == call.name && pending.args == args)?;
            let planned = Planned { call: call.id.clone(), tool: call.name.clone(), args: Ok(args) };
            Some((pending.fingerprint.clone(), planned))
        });
        conversation.waiting.extend(waiting);
    }

    /// Takes the calls that wait whose fingerprints begin with `prefix` (all, if it is empty).
    pub fn take_waiting(&self, prefix: &str) -> Vec<(String, Planned)> {
        let mut conversation = self.conversation();
        let keys: Vec<String> = conversation.waiting.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        keys.into_iter().filter_map(|key| conversation.waiting.remove_entry(&key)).collect()
    }

    /// Writes a line of the journal.
    pub fn append(&self, turn: &str, happened: &Happened, keep: Keep) -> Result<(), Error> {
        self.journal.append(turn, happened, keep, (self.shared.config.clock)())
    }

    /// The key of a call: equal for two attempts at it, different for any other call.
    pub fn key(&self, turn: &str, call: &str, tool: &str, args: &serde_json::Value) -> String {
        fingerprint(&[&self.id, turn, call, tool, &args.to_string()])
    }
}

impl Conversation {
    fn take(&mut self, state: &State, answer: &str) {
        self.turns.push(Left {
            turn: state.turn.clone(),
            messages: history::leave(state, answer),
            question: state.question.clone(),
            usage: state.usage.clone(),
        });
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("id", &self.id).finish_non_exhaustive()
    }
}
