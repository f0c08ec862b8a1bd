//! What can happen in a turn. Each of these is a line of the journal and a change of the turn's [`State`](super::State).

use roundtable_guardrails::Origin;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Answer, Pending};
use crate::evidence::support::Judgement;
use crate::model::Reply;

/// Something that happened in a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// The person asked; the first of every turn.
    Asked {
        /// The words, as the user door let them pass.
        text: String,
        /// The calls that the person has just approved, to be run before anything else.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approved: Vec<super::Planned>,
    },
    /// The model answered.
    Replied {
        /// The whole answer.
        reply: Reply,
        /// Whether it came from the fallback.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fallback: bool,
    },
    /// No model answered.
    ModelLost {
        /// Why.
        why: String,
    },
    /// A call is about to run. Written before it does, so that a resumed turn knows what may have happened.
    Intended {
        /// The call's id.
        call: String,
        /// The tool.
        tool: String,
        /// Its arguments.
        args: Value,
        /// Equal for two attempts at the same call.
        key: String,
    },
    /// A call came back.
    Returned(Box<Returned>),
    /// The critic has judged the draft.
    Judged {
        /// What it found.
        judgement: Judgement,
    },
    /// The critic was lost; the draft goes out unjudged.
    CriticLost {
        /// Why.
        why: String,
    },
    /// The turn ended with an answer.
    Answered {
        /// The answer.
        answer: Box<Answer>,
    },
    /// The turn was over, and memory has it or could not take it. The next turn may have begun before.
    Kept {},
    /// The person took the turn back: it left the conversation. Its effects stay.
    Undone {},
    /// The turn ended without an answer.
    Failed {
        /// The kind: `cancelled`, `deadline`, `refused`, `dead_lettered`, `failed`.
        failure: String,
        /// What happened.
        message: String,
    },
}

impl Happened {
    /// The name in snake case, as in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Asked { .. } => "asked",
            Self::Replied { .. } => "replied",
            Self::ModelLost { .. } => "model_lost",
            Self::Intended { .. } => "intended",
            Self::Returned(_) => "returned",
            Self::Judged { .. } => "judged",
            Self::CriticLost { .. } => "critic_lost",
            Self::Answered { .. } => "answered",
            Self::Kept {} => "kept",
            Self::Undone {} => "undone",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether the turn is over with it.
    pub fn ends(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Failed { .. })
    }
}

/// What a call came back with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    /// The call's id.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// The arguments that it ran with.
    pub args: Value,
    /// What the model is told: the output, or the error object.
    #[serde(flatten)]
    pub result: Result,
    /// The untrusted sources that the output was taken from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Origin>,
    /// The roles that were lost on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
    /// The approval that the call waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// Output or error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Result {
    /// The tool's output.
    Output(Value),
    /// An error that the model can repair.
    Error(Value),
}

impl Default for Result {
    fn default() -> Self {
        Self::Output(Value::Null)
    }
}

impl Result {
    /// Whether it is an output.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Output(_))
    }

    /// The output or the error object.
    pub fn value(&self) -> &Value {
        match self {
            Self::Output(value) | Self::Error(value) => value,
        }
    }
}
