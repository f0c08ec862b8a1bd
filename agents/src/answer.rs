//! What a turn gives back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Usage;

/// The end of a turn: what was said, from which sources, by which tools, and what was missing.
///
/// Serialized it is the last line of `roundtable ask --json` (there with `"type": "answer"`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The text as the output door let it pass. Citations appear in it as `[1]`, `[2]`, counted from 1 in the order of `citations`.
    pub text: String,
    /// The sources, in the order of their marks in the text.
    pub citations: Vec<Citation>,
    /// Every tool that ran, in order, failed ones included.
    pub tool_calls: Vec<ToolRecord>,
    /// Pictures that tools drew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
    /// Whether the table declined to answer because the evidence was thin.
    pub abstained: bool,
    /// The parts that were lost on the way, by role: `reranker`, `retriever`, `critic`, `model`, …
    pub degraded: Vec<String>,
    /// Calls whose effects wait for a person's `/approve`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// Tokens and cost, per role and in sum.
    pub usage: TurnUsage,
}

/// One source of an answer: `quote` stands verbatim in document `doc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Citation {
    /// The document's id.
    pub doc: String,
    /// The chunk's id.
    pub chunk: String,
    /// The words that support the sentence, verbatim.
    pub quote: String,
}

/// One tool call of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolRecord {
    /// The tool's name.
    pub name: String,
    /// The arguments it was called with.
    pub args: Value,
    /// Whether it gave an output; `false` when it gave an error.
    pub ok: bool,
    /// The output, or the error object.
    #[serde(default)]
    pub output: Value,
}

/// A picture as data; the edge writes files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The tool that drew it.
    pub tool: String,
    /// SVG text.
    pub svg: String,
}

/// An effect that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// What `/approve` takes: the hash of call id, tool and arguments.
    pub fingerprint: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments it would run with.
    pub args: Value,
    /// Why a person is asked.
    pub why: String,
}

/// The accounts of a turn: the roles add up to the total.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnUsage {
    /// The sum over all roles.
    pub total: Usage,
    /// What each role used, by name.
    pub by_role: std::collections::BTreeMap<String, Usage>,
}

impl TurnUsage {
    /// Books `usage` on `role` and on the total.
    pub fn book(&mut self, role: &str, usage: &Usage) {
        self.total.add(usage);
        self.by_role.entry(role.to_owned()).or_default().add(usage);
    }
}
