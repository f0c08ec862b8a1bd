//! Sentences that lean on what went before: "and with k = 3?", "now with seed 5", "the same for [1, 2, 3]", "what about its
//! variance?", and the answer to a question back.

use serde_json::{Map, Value};

use super::arguments::field::Field;
use super::arguments::{Filled, fill};
use super::conversation::{Outcome, Step, Talk};
use super::find_tool::{Finder, Known};
use super::words::words;

/// How surely a sentence follows up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lean {
    /// It stands alone.
    None,
    /// It is short and might.
    Perhaps,
    /// It begins like one or points back.
    Surely,
}

const BEGINS: &[&str] = &[
    "and",
    "now",
    "what about",
    "how about",
    "same",
    "the same",
    "again",
    "but",
    "try",
    "with",
    "this time",
    "instead",
    "ok and",
    "then",
    "do it",
    "do that",
    "repeat",
    "redo",
    "make it",
    "make that",
    "change",
    "also",
    "once more",
    "use",
    "what if",
    "as before",
    "okay now",
    "ok now",
    "and now",
    "let it be",
    "rather",
    "run it",
    "run that",
    "set",
    "only",
    "for",
];

const POINTS: &[&str] = &[
    "it",
    "its",
    "that",
    "those",
    "them",
    "these",
    "again",
    "instead",
    "same",
    "this time",
    "their",
    "before",
    "previous",
    "last one",
    "once more",
    "too",
    "result",
    "results",
    "this",
    "they",
];

/// Reads how a sentence leans.
pub fn lean(sentence: &str) -> Lean {
    let all: Vec<String> = words(sentence).into_iter().map(|word| word.text).collect();
    let plain = format!(" {} ", all.join(" "));
    let begins = BEGINS.iter().any(|start| plain.starts_with(&format!(" {start} ")));
    let points = POINTS.iter().any(|word| plain.contains(&format!(" {word} ")));
    match (begins, points, all.len()) {
        (true, ..) | (_, true, _) => Lean::Surely,
        (_, _, ..=6) => Lean::Perhaps,
        _ => Lean::None,
    }
}

/// The sign by which a question back is known again.
pub const STILL_NEED: &str = "I still need";

/// The tool whose arguments the last answer asked for.
pub fn asked_for<'f>(finder: &'f Finder, talk: &Talk) -> Option<&'f Known> {
    let answered = talk.answered.as_deref()?;
    let (before, _) = answered.split_once(STILL_NEED)?;
    let name = before.rsplit('`').nth(1)?;
    finder.get(name)
}

/// The last call of a tool that can be called again.
pub fn last_call<'t>(finder: &Finder, talk: &'t Talk) -> Option<&'t Step> {
    talk.earlier.iter().find(|step| finder.get(&step.name).is_some_and(|tool| !tool.group.is_empty()))
}

/// Whether the sentence names a part of the last call's result: "the mean of the sizes".
pub fn names_result(before: &Step, sentence: &str) -> bool {
    let said: Vec<String> = words(sentence).into_iter().map(|word| word.stem).collect();
    match &before.result {
        Outcome::Output(Value::Object(output)) => output.iter().any(|(key, value)| {
            let name = words(&key.replace('_', " "));
            value.is_array() && key.len() > 3 && name.iter().all(|part| said.contains(&part.stem))
        }),
        _ => false,
    }
}

/// The last call's arguments with what the sentence changes; nothing if it changes nothing.
pub fn changed(tool: &Known, before: &Step, sentence: &str) -> Option<Map<String, Value>> {
    let mut relaxed: Vec<Field> = tool.fields.clone();
    // What the last call already has need not be found again, but data of the right kind may replace it.
    for field in &mut relaxed {
        if before.arguments.contains_key(&field.name) && !field.is_data() {
            field.required = false;
            field.default = field.default.take().or(Some(Value::Null));
        }
    }
    let said = fill(&relaxed, sentence);
    let mut said = said.arguments;
    if said.is_empty() {
        let only = only_number(tool, before, sentence)?;
        said.extend(only);
    }
    let mut arguments = before.arguments.clone();
    arguments.extend(said);
    Some(arguments)
}

/// "and with 5?" when the last call set a single number: that one.
fn only_number(tool: &Known, before: &Step, sentence: &str) -> Option<Map<String, Value>> {
    let set: Vec<&Field> = tool
        .fields
        .iter()
        .filter(|field| field.takes.number.is_some() && before.arguments.get(&field.name).is_some_and(Value::is_number))
        .collect();
    let field = set.iter().find(|field| field.required).or(if set.len() == 1 { set.first() } else { None })?;
    let mut alone = (*field).clone();
    alone.required = true;
    let filled = fill(std::slice::from_ref(&alone), sentence);
    (!filled.arguments.is_empty()).then_some(filled.arguments)
}

/// Data for what `filled` misses, taken from the last call's arguments, or from its result if the sentence names a part of it.
pub fn carried(tool: &Known, filled: &Filled, before: &Step, sentence: &str) -> Map<String, Value> {
    let mut arguments = filled.arguments.clone();
    let mut taken: Vec<&String> = Vec::new();
    let empty = Map::new();
    let result = match &before.result {
        Outcome::Output(Value::Object(output)) => output,
        _ => &empty,
    };
    let said: Vec<String> = words(sentence).into_iter().map(|word| word.stem).collect();
    let named = |key: &&String| words(&key.replace('_', " ")).iter().all(|part| said.contains(&part.stem));
    for field in tool.fields.iter().filter(|field| field.required && !filled.arguments.contains_key(&field.name)) {
        let fits = |value: &Value| suits(field, value);
        let from_result = result.iter().find(|(key, value)| named(key) && fits(value)).map(|(_, value)| value);
        let same_name = before.arguments.get(&field.name).filter(|value| fits(value));
        let other = before.arguments.iter().find(|(key, value)| !taken.contains(key) && field.is_data() && fits(value));
        if let Some((key, _)) = other {
            taken.push(key);
        }
        if let Some(value) = from_result.or(same_name).or(other.map(|(_, value)| value)) {
            arguments.insert(field.name.clone(), value.clone());
        }
    }
    arguments
}

fn suits(field: &Field, value: &Value) -> bool {
    let rows = value.as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(Value::is_array));
    let numbers = value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_number));
    let file = value.get("file").is_some();
    (field.takes.matrix && (rows || file))
        || (field.takes.vector.is_some() && (numbers || file))
        || (field.takes.text && value.is_string())
        || (field.takes.number.is_some_and(|takes| value.as_f64().is_some_and(|value| takes.take(value))))
}
