//! A request as a conversation: what was asked, what was done about it in this turn, and what went before.

use roundtable_tools::Error;
use serde_json::{Map, Value};

use crate::model::{Message, Speaker, ToolCall};

/// A call and what came of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// What came back.
    pub result: Outcome,
}

/// What came back from a call.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// An output.
    Output(Value),
    /// An error of the tool.
    Failed(Error),
    /// Text that is no JSON: cut, or screened.
    Text(String),
    /// Nothing (yet).
    Nothing,
}

/// What the model needs to know of a request.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// What the person said last.
    pub said: String,
    /// The calls since then, in order.
    pub steps: Vec<Step>,
    /// How often the model has called since then.
    pub rounds: usize,
    /// What the person said before that.
    pub said_before: Option<String>,
    /// What was answered then.
    pub answered: Option<String>,
    /// The calls before, latest first, at most a few.
    pub earlier: Vec<Step>,
    /// The number for the next call's id.
    pub next_call: usize,
}

impl Talk {
    /// Reads the messages of a request.
    pub fn read(messages: &[Message]) -> Talk {
        let Some(last) = messages.iter().rposition(|message| message.speaker == Speaker::User) else {
            return Talk { next_call: 1, ..Talk::default() };
        };
        let (before, now) = messages.split_at(last);
        let since = &now[1..];
        let mut earlier = steps(before);
        earlier.reverse();
        earlier.truncate(8);
        let numbers = messages
            .iter()
            .flat_map(|message| &message.tool_calls)
            .filter_map(|call| call.id.rsplit('_').next().and_then(|number| number.parse::<usize>().ok()));
        Talk {
            said: now[0].content.trim().to_owned(),
            steps: steps(since),
            rounds: since.iter().filter(|message| !message.tool_calls.is_empty()).count(),
            said_before: said(before, Speaker::User),
            answered: said(before, Speaker::Assistant),
            earlier,
            next_call: numbers.max().unwrap_or(0).saturating_add(1),
        }
    }
}

fn said(messages: &[Message], by: Speaker) -> Option<String> {
    let spoken = messages.iter().rev().find(|message| message.speaker == by && !message.content.trim().is_empty())?;
    Some(spoken.content.trim().to_owned())
}

fn steps(messages: &[Message]) -> Vec<Step> {
    let calls =
        messages.iter().enumerate().flat_map(|(at, message)| message.tool_calls.iter().map(move |call| (at, call)));
    calls.map(|(at, call)| step(call, &messages[at + 1..])).collect()
}

fn step(call: &ToolCall, after: &[Message]) -> Step {
    let arguments = match serde_json::from_str(&call.arguments) {
        Ok(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    };
    let result = after.iter().find(|message| message.tool_call_id.as_deref() == Some(call.id.as_str()));
    let result = result.map_or(Outcome::Nothing, |message| outcome(&message.content));
    Step { name: call.name.clone(), arguments, result }
}

fn outcome(content: &str) -> Outcome {
    let Ok(value) = serde_json::from_str::<Value>(content) else { return Outcome::Text(content.to_owned()) };
    let looks_like_error = value.get("kind").is_some() && value.get("message").is_some() && value.get("path").is_some();
    match looks_like_error.then(|| serde_json::from_value::<Error>(value.clone())) {
        Some(Ok(error)) => Outcome::Failed(error),
        _ => Outcome::Output(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_turn_is_told_from_what_went_before() {
        let call = |id: &str, name: &str| Message {
            tool_calls: vec![ToolCall { id: id.into(), name: name.into(), arguments: r#"{"x":[1]}"#.into() }],
            ..Message::new(Speaker::Assistant, "")
        };
        let error = Error::invalid("/k", "`k` is 5").to_value().to_string();
        let talk = Talk::read(&[
            Message::new(Speaker::System, "rules"),
            Message::new(Speaker::User, "first"),
            call("call_4", "describe"),
            Message::tool_result("call_4", r#"{"n":1}"#),
            Message::new(Speaker::Assistant, "One number."),
            Message::new(Speaker::User, " second "),
            call("call_5", "kmeans"),
            Message::tool_result("call_5", error),
        ]);
        assert_eq!((talk.said.as_str(), talk.said_before.as_deref()), ("second", Some("first")));
        assert_eq!((talk.answered.as_deref(), talk.next_call, talk.rounds), (Some("One number."), 6, 1));
        assert!(matches!(&talk.steps[0].result, Outcome::Failed(error) if error.path == "/k"));
        assert_eq!(talk.earlier[0].arguments["x"], json!([1]));
        assert!(matches!(&talk.earlier[0].result, Outcome::Output(value) if value["n"] == 1));
    }
}
