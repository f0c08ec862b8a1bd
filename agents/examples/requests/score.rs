//! Scores requests as people type them: `{"id", "text", "kind", "tools", "args"}` a line.
//!
//! `tool`: one of `tools` is called, and at least `args` are filled so. `question`: the documents are searched. `remember`,
//! `recall`, `forget` and `guard`: that tool of the table is called. `help`, `chitchat`, `ask_back` and `unknown` get text. With
//! `before` (messages of an earlier turn: what was said, the call, its result) a request follows up.

use std::sync::Arc;

use roundtable::model::{Message, Request, Speaker, ToolCall, ToolOffer};
use roundtable::offline::{Move, Offline};
use roundtable_tools::Catalogue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A line of the file.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// Its name.
    pub id: String,
    /// What is typed.
    pub text: String,
    /// What a person expects.
    pub kind: String,
    /// The tools that are right.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What the arguments hold at least.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// The turn before.
    #[serde(default)]
    pub before: Option<Before>,
}

/// A turn before the request.
#[derive(Clone, Debug, Deserialize)]
pub struct Before {
    /// What was typed.
    pub text: String,
    /// The tool that was called.
    pub tool: String,
    /// With these arguments.
    pub args: Value,
    /// And gave this.
    pub output: Value,
}

/// What came of a line.
pub struct Scored {
    /// Whether it is right.
    pub right: bool,
    /// Whether it can be judged: its tool exists.
    pub judged: bool,
    /// What was done.
    pub did: Value,
}

/// The tools of the table, and one that saves.
pub fn table_offers() -> Vec<ToolOffer> {
    let offer = |name: &str, what: &str, arguments: &[(&str, &str)]| {
        let properties: Map<String, Value> = arguments
            .iter()
            .map(|(name, what)| ((*name).to_owned(), json!({"type": "string", "description": what})))
            .collect();
        let required: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
        ToolOffer {
            name: name.into(),
            description: what.into(),
            parameters: Arc::new(json!({"type": "object", "properties": properties, "required": required})),
        }
    };
    vec![
        offer("search_documents", "Searches the documents.", &[("query", "What to look for.")]),
        offer("remember", "Keeps a fact.", &[("text", "The fact.")]),
        offer("recall", "Looks up what was remembered.", &[("query", "What to look up.")]),
        offer("forget_memory", "Removes what was remembered.", &[("query", "What to forget.")]),
        offer("guard_scan", "Scans a text.", &[("text", "The text.")]),
        offer(
            "save_note",
            "Saves a note to a file. Use it to write something down as a note.",
            &[("title", "The title of the note."), ("text", "What the note says.")],
        ),
    ]
}

/// Runs a line and compares.
pub fn score(offline: &Offline, catalogue: &Catalogue, expected: &Expected) -> Scored {
    let mut messages = Vec::new();
    if let Some(before) = &expected.before {
        let calls =
            vec![ToolCall { id: "call_1".into(), name: before.tool.clone(), arguments: before.args.to_string() }];
        messages.push(Message::new(Speaker::User, before.text.as_str()));
        messages.push(Message { tool_calls: calls, ..Message::new(Speaker::Assistant, "") });
        messages.push(Message::tool_result("call_1", before.output.to_string()));
        messages.push(Message::new(Speaker::Assistant, "Done."));
    }
    messages.push(Message::new(Speaker::User, expected.text.as_str()));
    let next = offline.decide(&Request { messages, tools: table_offers(), ..Request::default() });
    let known = |name: &String| catalogue.get(name).is_some() || name == "save_note";
    let judged = expected.kind != "tool" || expected.tools.iter().any(known);
    let right = match (&next, expected.kind.as_str()) {
        (Move::Call(calls), "tool") => {
            calls.iter().any(|(name, arguments)| expected.tools.contains(name) && holds(arguments, &expected.args))
        }
        (Move::Call(calls), kind) => calls.iter().any(|(name, arguments)| {
            let right = match kind {
                "question" => name == "search_documents",
                "remember" | "recall" => name == kind,
                "forget" => name == "forget_memory",
                "guard" => name == "guard_scan",
                // How something is done may be looked up in roundtable's own notes.
                "help" => name == "search_documents" && expected.text.to_lowercase().starts_with("how"),
                _ => false,
            };
            right && holds(arguments, &expected.args)
        }),
        (Move::Say(text), "ask_back") => {
            text.contains("still need") && expected.tools.iter().all(|tool| text.contains(&format!("`{tool}`")))
        }
        (Move::Say(text), "unknown") => text.contains("no tool for that"),
        (Move::Say(text), "help") => {
            !text.contains("still need") && expected.tools.iter().all(|tool| text.contains(tool))
        }
        (Move::Say(text), "chitchat") => text.len() < 200 && !text.contains("no tool"),
        (Move::Say(_), _) => false,
    };
    let did = match next {
        Move::Call(calls) => json!(
            calls.into_iter().map(|(name, arguments)| json!({"name": name, "args": arguments})).collect::<Vec<_>>()
        ),
        Move::Say(text) => json!(text),
    };
    Scored { right, judged, did }
}

fn holds(arguments: &Map<String, Value>, least: &Map<String, Value>) -> bool {
    least.iter().all(|(name, value)| arguments.get(name).is_some_and(|given| same(given, value)))
}

/// Equal, with 2 and 2.0 the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
            _ => a == b,
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}
