//! What happens at the table, as the REPL's trace, the scenarios' log and `--json` show it.
//!
//! Events carry no wall-clock time, so that the same seed gives the same log, byte for byte; whoever shows them adds it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;

/// A seat at the table, or one of the services behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns one conversation.
    Session,
    /// Asks the model what to do next and drafts the answer.
    Planner,
    /// Searches memory.
    Retriever,
    /// Orders what the retriever found.
    Reranker,
    /// Runs tools.
    Executor,
    /// Checks that every sentence is supported.
    Critic,
    /// The only writer of memory.
    Librarian,
    /// The only caller of chat models.
    Gateway,
}

impl Role {
    /// Every role, in the order of DESIGN.
    pub const ALL: [Role; 8] = [
        Role::Session,
        Role::Planner,
        Role::Retriever,
        Role::Reranker,
        Role::Executor,
        Role::Critic,
        Role::Librarian,
        Role::Gateway,
    ];

    /// The name in snake case, as in `degraded` and in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Role::Session => "session",
            Role::Planner => "planner",
            Role::Retriever => "retriever",
            Role::Reranker => "reranker",
            Role::Executor => "executor",
            Role::Critic => "critic",
            Role::Librarian => "librarian",
            Role::Gateway => "gateway",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened. Those that belong to a turn carry its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A turn began with this text.
    TurnStarted {
        /// The turn.
        turn: String,
        /// What the person wrote, as the input door let it pass.
        text: String,
    },
    /// A turn was taken up again after its role or the process died.
    TurnResumed {
        /// The turn.
        turn: String,
        /// What was already done: steps found in the journal.
        steps: usize,
    },
    /// A role took up work.
    Working {
        /// The turn.
        turn: String,
        /// Who.
        role: Role,
        /// On what, for a person.
        what: String,
    },
    /// A piece of the answer's text, as the model streams it. Not final: the critic may still revise.
    TextDelta {
        /// The turn.
        turn: String,
        /// The piece.
        text: String,
    },
    /// What was streamed so far is withdrawn; a revision follows.
    TextWithdrawn {
        /// The turn.
        turn: String,
        /// Why.
        why: String,
    },
    /// Passages were found.
    Retrieved {
        /// The turn.
        turn: String,
        /// What was searched.
        query: String,
        /// The chunks, best first.
        chunks: Vec<String>,
    },
    /// A tool call began. It always gets a `ToolFinished`.
    ToolStarted {
        /// The turn.
        turn: String,
        /// The call's id.
        call: String,
        /// The tool's name.
        tool: String,
        /// Its arguments.
        args: Value,
    },
    /// A tool call ended.
    ToolFinished {
        /// The turn.
        turn: String,
        /// The call's id.
        call: String,
        /// The tool's name.
        tool: String,
        /// Whether it gave an output.
        ok: bool,
        /// The output, or the error object.
        output: Value,
    },
    /// A door found something.
    Guarded {
        /// The turn.
        turn: String,
        /// The door's name.
        door: String,
        /// `flag` or `block`.
        verdict: String,
        /// The kinds of the findings.
        findings: Vec<String>,
    },
    /// An effect waits for a person.
    ApprovalNeeded {
        /// The turn.
        turn: String,
        /// What `/approve` takes.
        fingerprint: String,
        /// The tool's name.
        tool: String,
        /// Its arguments.
        args: Value,
    },
    /// The critic has judged a draft.
    Judged {
        /// The turn.
        turn: String,
        /// `supported`, `revise`, `retrieve` or `abstain`.
        verdict: String,
        /// Sentences without support.
        unsupported: usize,
    },
    /// A record went into memory.
    Remembered {
        /// The turn.
        turn: String,
        /// The record's id.
        record: String,
    },
    /// The gateway tries again.
    Retrying {
        /// The turn.
        turn: String,
        /// The attempt that follows, counted from 2.
        attempt: u32,
        /// The failure that made it necessary.
        why: String,
    },
    /// A part of the turn was lost; the turn goes on without it.
    Degraded {
        /// The turn.
        turn: String,
        /// What was lost.
        part: String,
        /// Why.
        why: String,
    },
    /// An actor died and was started again.
    Restarted {
        /// Who.
        role: Role,
        /// How many restarts lie in the present window.
        count: u32,
        /// Why it died.
        why: String,
    },
    /// A supervisor gave up on an actor: restart intensity was exceeded.
    Escalated {
        /// Who.
        role: Role,
        /// The last failure.
        why: String,
    },
    /// A message that killed its actor twice was set aside.
    DeadLettered {
        /// The turn.
        turn: String,
        /// Whom it killed.
        role: Role,
        /// The message's name.
        message: String,
    },
    /// The circuit breaker of a model changed its state.
    Breaker {
        /// The model.
        model: String,
        /// `open`, `half_open` or `closed`.
        state: String,
    },
    /// A turn ended with an answer.
    TurnFinished {
        /// The turn.
        turn: String,
        /// The answer.
        answer: Box<Answer>,
    },
    /// A turn ended without an answer.
    TurnFailed {
        /// The turn.
        turn: String,
        /// The kind: `cancelled`, `deadline`, `refused`, `busy`, `dead_lettered`, `failed`.
        kind: String,
        /// What happened and what to do next.
        message: String,
    },
}
