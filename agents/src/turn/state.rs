//! The state of a turn: everything that [`plan`](super::plan::plan) looks at.

use std::collections::{BTreeSet, VecDeque};

use roundtable_guardrails::Taint;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::happened::{Happened, Result, Returned};
use super::table_tools;
use crate::answer::{Pending, Picture, ToolRecord, TurnUsage};
use crate::event::Role;
use crate::evidence::Passage;
use crate::evidence::support::{Judgement, Read};
use crate::model::{Message, Speaker, ToolCall};

/// A call that is still to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The call's id, unique in the session.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Its arguments, or what is wrong with the text that should have been arguments.
    pub args: std::result::Result<Value, Value>,
}

/// Where a turn stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The turn's id.
    pub turn: String,
    /// What the person asked.
    pub question: String,
    /// What was said in this turn after the question.
    pub messages: Vec<Message>,
    /// The calls that are still to be made, in order.
    pub queue: VecDeque<Planned>,
    /// A call that was begun; after a resume it may or may not have happened.
    pub begun: Option<String>,
    /// The passages that were read.
    pub evidence: Vec<Passage>,
    /// What tools and memory gave, for the critic.
    pub outputs: Vec<Value>,
    /// The untrusted sources that were read.
    pub taint: Taint,
    /// The draft that waits for the critic or to be sent.
    pub draft: Option<String>,
    /// What the critic said of the draft.
    pub judgement: Option<Judgement>,
    /// The draft goes out as it is: the critic was lost.
    pub unjudged: bool,
    /// How often the model was asked.
    pub rounds: u32,
    /// How often the model said nothing at all.
    pub silences: u32,
    /// What the model was sent back for: searches on the critic's wish.
    pub sent_back: u32,
    /// Why no model answers any more.
    pub model_lost: Option<String>,
    /// Every call that came back.
    pub tools: Vec<ToolRecord>,
    /// Every picture that was drawn.
    pub pictures: Vec<Picture>,
    /// The parts that were lost.
    pub degraded: BTreeSet<String>,
    /// The calls that wait for a person.
    pub pending: Vec<Pending>,
    /// Tokens and cost.
    pub usage: TurnUsage,
    /// Whether it is over.
    pub ended: bool,
}

impl State {
    /// A turn that has not begun.
    pub fn new(turn: impl Into<String>) -> Self {
        Self { turn: turn.into(), ..Self::default() }
    }

    /// Takes note of what happened.
    pub fn apply(&mut self, happened: Happened) {
        match happened {
            Happened::Asked { text, approved } => {
                self.question = text;
                if !approved.is_empty() {
                    let calls = approved.iter().map(as_tool_call).collect();
                    self.say_calls(String::new(), calls);
                    self.queue.extend(approved);
                }
            }
            Happened::Replied { reply, fallback } => {
                self.rounds += 1;
                self.usage.book(Role::Planner.name(), &reply.usage);
                if fallback {
                    self.degraded.insert("model".to_owned());
                }
                if !reply.tool_calls.is_empty() {
                    self.queue.extend(reply.tool_calls.iter().map(read_call));
                    self.say_calls(reply.text, reply.tool_calls);
                } else if reply.text.trim().is_empty() {
                    self.silences += 1;
                } else {
                    self.draft = Some(reply.text);
                    self.judgement = None;
                }
            }
            Happened::ModelLost { why } => {
                self.degraded.insert("model".to_owned());
                self.model_lost = Some(why);
            }
            Happened::Intended { call, .. } => self.begun = Some(call),
            Happened::Returned(returned) => self.returned(*returned),
            Happened::Judged { judgement } => {
                if let Judgement::Retrieve { .. } = judgement {
                    self.sent_back += 1;
                }
                self.judgement = Some(judgement);
            }
            Happened::CriticLost { .. } => {
                self.degraded.insert(Role::Critic.name().to_owned());
                self.unjudged = true;
            }
            Happened::Answered { .. } | Happened::Failed { .. } | Happened::Kept {} | Happened::Undone {} => {
                self.ended = true;
            }
        }
    }

    fn say_calls(&mut self, text: String, tool_calls: Vec<ToolCall>) {
        self.messages.push(Message { tool_calls, ..Message::new(Speaker::Assistant, text) });
    }

    fn returned(&mut self, returned: Returned) {
        self.begun = None;
        if self.queue.front().is_some_and(|planned| planned.call == returned.call) {
            self.queue.pop_front();
        } else {
            // The table searched by itself: the history shows it as a call like any other.
            let arguments = returned.args.to_string();
            let call = ToolCall { id: returned.call.clone(), name: returned.tool.clone(), arguments };
            self.say_calls(String::new(), vec![call]);
        }
        let ok = returned.result.is_ok();
        self.messages.push(Message::tool_result(returned.call, for_the_model(returned.result.value())));
        for origin in &returned.read {
            self.taint.read(origin);
        }
        self.degraded.extend(returned.degraded);
        self.pending.extend(returned.pending);
        let output = match returned.result {
            Result::Output(value) => {
                if let Some(svg) = value["svg"].as_str() {
                    self.pictures.push(Picture { tool: returned.tool.clone(), svg: svg.to_owned() });
                }
                if returned.tool == table_tools::SEARCH {
                    self.evidence.extend(Passage::read_all(&value));
                } else {
                    self.outputs.push(value.clone());
                }
                value
            }
            Result::Error(value) => value,
        };
        self.tools.push(ToolRecord { name: returned.tool, args: returned.args, ok, output });
    }

    /// What was read, as the critic looks at it.
    pub fn read(&self) -> Read<'_> {
        let searched = self.tools.iter().any(|tool| tool.name == table_tools::SEARCH);
        Read { question: &self.question, passages: &self.evidence, outputs: &self.outputs, searched }
    }

    /// The number of the next passage.
    pub fn next_passage(&self) -> usize {
        self.evidence.len() + 1
    }
}

/// The output as a model reads it: a picture is for the person, and its text would only cost tokens.
fn for_the_model(output: &Value) -> String {
    match output {
        Value::Object(fields) if fields.contains_key("svg") => {
            let mut fields = fields.clone();
            fields.insert("svg".to_owned(), Value::from("(a picture, shown to the person)"));
            Value::Object(fields).to_string()
        }
        other => other.to_string(),
    }
}

fn as_tool_call(planned: &Planned) -> ToolCall {
    let arguments = planned.args.as_ref().unwrap_or(&Value::Null).to_string();
    ToolCall { id: planned.call.clone(), name: planned.tool.clone(), arguments }
}

/// Reads the arguments that a model wrote; what cannot be read is an error that the model will be told.
fn read_call(call: &ToolCall) -> Planned {
    let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    let args = serde_json::from_str(text).map_err(|error| {
        json!({
            "kind": "bad_json",
            "message": format!("the arguments of `{}` are not JSON: {error}", call.name),
            "path": "",
            "hint": "send one JSON object",
        })
    });
    Planned { call: call.id.clone(), tool: call.name.clone(), args }
}
