//! The format of a scenario file: YAML, checked against a JSON Schema that these types publish.
//!
//! A scenario is a story: fixtures, a scripted model, what the person does turn by turn, the faults that strike, and what must
//! hold all the same. `roundtable scenario schema` prints the schema, for editors that check while one types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::FaultSpec;
use crate::model::scripted::Line;

/// A story with faults, and what must hold all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the story shows, in a few words.
    pub name: String,
    /// Why it matters: which promise it holds the table to.
    pub about: String,
    /// Drives everything that is random: back-off jitter, fault probabilities, seeds of tools. `--seed` overrides it.
    #[serde(default = "one")]
    pub seed: u64,
    /// The models' replies in order; leave it out for the embedded offline model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Vec<Line>>,
    /// What is in memory when the story begins.
    #[serde(default)]
    pub fixtures: Fixtures,
    /// Limits that differ from the defaults.
    #[serde(default)]
    pub settings: Settings,
    /// What the person does, in order.
    pub steps: Vec<Step>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<FaultSpec>,
    /// What must hold at the end.
    #[serde(default)]
    pub expect: Expect,
}

fn one() -> u64 {
    1
}

/// What is in memory when the story begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fixtures {
    /// Documents, ingested through the document door.
    pub documents: Vec<Document>,
    /// Facts, remembered in an earlier session.
    pub facts: Vec<String>,
}

/// A document of the fixtures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its id, as citations name it.
    pub id: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// Its text.
    pub text: String,
}

/// Limits of the table. What is left out keeps the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A turn's deadline in milliseconds.
    pub deadline_ms: Option<u64>,
    /// How long a handler may be silent before the watchdog ends it, in milliseconds.
    pub handler_timeout_ms: Option<u64>,
    /// How many messages a mailbox holds before it answers `Busy`.
    pub mailbox: Option<usize>,
    /// How many times a turn may ask the model.
    pub rounds: Option<u32>,
    /// `naive`, `multi-stage`, `agentic` or `recursive`.
    pub rag: Option<String>,
    /// `none` or `words`.
    pub rerank: Option<String>,
    /// Whether the embedded model stands in when the scripted one is lost; it does unless this says no.
    pub fallback: Option<bool>,
    /// Ask a person before any effect.
    pub ask_always: bool,
}

/// One thing that happens from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Step {
    /// The person writes, and the turn runs to its end.
    Ask(Ask),
    /// The person approves every effect that waits.
    Approve {
        /// What must hold after it.
        #[serde(default)]
        expect: Box<Expect>,
    },
    /// The person denies every effect that waits.
    Deny {
        /// What must hold after it.
        #[serde(default)]
        expect: Box<Expect>,
    },
    /// The person takes the last turn back.
    Undo {},
    /// The process ends in order and a new one resumes the session.
    Restart {},
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// What the person writes.
    pub text: String,
    /// Cancel the turn when an event of this type is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<String>,
    /// What must hold when it ended.
    #[serde(default)]
    pub expect: Expect,
}

/// What must hold. In a turn it is about that turn, at the end about the whole story; what is left out is not asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Each of these stands in the (last) answer's text; letters' case does not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answer_contains: Vec<String>,
    /// None of these stands in the (last) answer's text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answer_lacks: Vec<String>,
    /// Whether the table declined to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstained: Option<bool>,
    /// Exactly these parts were lost, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<Vec<String>>,
    /// The turn ended without an answer, for this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Each of these documents is cited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cites: Vec<String>,
    /// The tool calls, in order and complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ExpectedCall>>,
    /// How many effects wait for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<usize>,
    /// Events that must have been seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ExpectedEvent>,
    /// How often each role was restarted; roles that are not named were not. Leave it out to allow any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<BTreeMap<String, Count>>,
    /// Each of these stands in some fact of memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remembers: Vec<String>,
    /// None of these stands in any fact of memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forgot: Vec<String>,
    /// How many effects were carried out in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effects: Option<Count>,
    /// How many requests the models got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_requests: Option<Count>,
    /// The turn took at most this much of the story's own time, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
}

/// A tool call that must have happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// The tool.
    pub name: String,
    /// Arguments that it must have been called with; others may be there.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub args: Value,
    /// Whether it gave an output.
    #[serde(default = "yes")]
    pub ok: bool,
    /// Parts of its output, or of the error object.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
}

fn yes() -> bool {
    true
}

/// Events that must have been seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEvent {
    /// The event's type, as in the log.
    #[serde(rename = "type")]
    pub kind: String,
    /// Fields that it must have; others may be there.
    #[serde(default, rename = "where", skip_serializing_if = "Value::is_null")]
    pub fields: Value,
    /// How many of them.
    #[serde(default)]
    pub count: Count,
}

/// A number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Count {
    /// Exactly so often.
    Exactly(u64),
    /// Between these, both included.
    Between {
        /// At least.
        #[serde(default)]
        at_least: u64,
        /// At most.
        #[serde(default = "any")]
        at_most: u64,
    },
}

fn any() -> u64 {
    u64::MAX
}

impl Default for Count {
    fn default() -> Self {
        Self::Between { at_least: 1, at_most: u64::MAX }
    }
}

impl Count {
    /// Whether `n` is such a number.
    pub fn allows(self, n: u64) -> bool {
        match self {
            Self::Exactly(wanted) => n == wanted,
            Self::Between { at_least, at_most } => (at_least..=at_most).contains(&n),
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Exactly(n) => write!(f, "exactly {n}"),
            Self::Between { at_least, at_most: u64::MAX } => write!(f, "at least {at_least}"),
            Self::Between { at_least, at_most } => write!(f, "{at_least} to {at_most}"),
        }
    }
}

/// Whether `part` is in `whole`: objects by the fields that `part` names, arrays element by element, numbers by value.
pub fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null) => true,
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| holds(w, p))
        }
        (Value::Number(whole), Value::Number(part)) => whole.as_f64() == part.as_f64(),
        _ => whole == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_is_found_in_the_whole() {
        let whole = json!({"a": [1, 2.0], "b": {"c": "x", "d": true}});
        for (part, found) in [
            (json!({"a": [1.0, 2]}), true),
            (json!({"b": {"c": "x"}}), true),
            (json!({"a": [1]}), false),
            (json!({"b": {"c": "y"}}), false),
            (json!({"e": 1}), false),
            (Value::Null, true),
        ] {
            assert_eq!(holds(&whole, &part), found, "{part}");
        }
    }

    #[test]
    fn counts_read_as_a_number_or_as_bounds() {
        let read = |text: &str| serde_json::from_str::<Count>(text).expect("a count");
        assert!(read("2").allows(2) && !read("2").allows(1));
        assert!(read(r#"{"at_least": 1}"#).allows(9) && !read(r#"{"at_least": 1}"#).allows(0));
        assert!(read(r#"{"at_most": 3}"#).allows(0) && !read(r#"{"at_most": 3}"#).allows(4));
    }
}
