//! Whether what was seen is what a story expects; every difference is a sentence.

use std::collections::BTreeMap;

use serde_json::Value;

use super::faulty::kind_of;
use super::format::{Expect, ExpectedCall, holds};
use crate::answer::Answer;
use crate::event::Event;

/// What was seen, of one turn or of the whole story.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    /// The (last) answer, if there was one.
    pub answer: Option<&'a Answer>,
    /// The kind of the failure, if the (last) turn ended without an answer.
    pub failed: Option<&'a str>,
    /// The events.
    pub events: &'a [Event],
    /// The texts of the facts in memory.
    pub facts: &'a [String],
    /// How many effects were carried out.
    pub effects: u64,
    /// How many requests the models got.
    pub requests: u64,
    /// How long it took, in the story's own time.
    pub took_ms: u64,
}

/// Everything that is not as expected.
pub fn differences(expect: &Expect, seen: &Seen<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    of_answer(expect, seen, &mut wrong);
    of_events(expect, seen, &mut wrong);
    for text in &expect.remembers {
        if !seen.facts.iter().any(|fact| contains(fact, text)) {
            wrong.push(format!("no fact of memory holds `{text}`; there are {:?}", seen.facts));
        }
    }
    for text in &expect.forgot {
        if let Some(fact) = seen.facts.iter().find(|fact| contains(fact, text)) {
            wrong.push(format!("memory still holds `{fact}`"));
        }
    }
    let counted = [("effects", expect.effects, seen.effects), ("model requests", expect.model_requests, seen.requests)];
    for (what, wanted, count) in counted {
        if let Some(wanted) = wanted
            && !wanted.allows(count)
        {
            wrong.push(format!("{wanted} {what} expected, {count} seen"));
        }
    }
    if let Some(limit) = expect.within_ms
        && seen.took_ms > limit
    {
        wrong.push(format!("it took {} ms, more than {limit}", seen.took_ms));
    }
    wrong
}

fn of_answer(expect: &Expect, seen: &Seen<'_>, wrong: &mut Vec<String>) {
    match (&expect.failed, seen.failed) {
        (Some(wanted), Some(kind)) if wanted == kind => {}
        (Some(wanted), kind) => wrong.push(format!("the turn should fail as `{wanted}`; it ended as {kind:?}")),
        (None, Some(kind)) if asks_for_answer(expect) => wrong.push(format!("the turn failed as `{kind}`")),
        (None, _) => {}
    }
    let empty = Answer::default();
    let answer = seen.answer.unwrap_or(&empty);
    for text in &expect.answer_contains {
        if !contains(&answer.text, text) {
            wrong.push(format!("`{text}` is not in the answer `{}`", answer.text));
        }
    }
    for text in &expect.answer_lacks {
        if contains(&answer.text, text) {
            wrong.push(format!("`{text}` is in the answer `{}`", answer.text));
        }
    }
    if let Some(wanted) = expect.abstained
        && answer.abstained != wanted
    {
        wrong.push(format!("abstained should be {wanted}; the answer is `{}`", answer.text));
    }
    if let Some(wanted) = &expect.degraded {
        let (mut wanted, mut found) = (wanted.clone(), answer.degraded.clone());
        wanted.sort();
        found.sort();
        if wanted != found {
            wrong.push(format!("degraded should be {wanted:?}; it is {found:?}"));
        }
    }
    for doc in &expect.cites {
        if !answer.citations.iter().any(|citation| citation.doc == *doc) {
            wrong.push(format!("`{doc}` is not cited; cited are {:?}", answer.citations));
        }
    }
    if let Some(wanted) = expect.pending
        && answer.pending.len() != wanted
    {
        wrong.push(format!("{wanted} effects should wait; {} do", answer.pending.len()));
    }
    if let Some(wanted) = &expect.tools {
        of_tools(wanted, answer, wrong);
    }
}

fn asks_for_answer(expect: &Expect) -> bool {
    !expect.answer_contains.is_empty()
        || expect.abstained.is_some()
        || expect.degraded.is_some()
        || expect.tools.is_some()
}

fn of_tools(wanted: &[ExpectedCall], answer: &Answer, wrong: &mut Vec<String>) {
    let names: Vec<&str> = answer.tool_calls.iter().map(|call| call.name.as_str()).collect();
    let expected: Vec<&str> = wanted.iter().map(|call| call.name.as_str()).collect();
    if names != expected {
        wrong.push(format!("the tools {expected:?} should be called; {names:?} were"));
        return;
    }
    for (call, wanted) in answer.tool_calls.iter().zip(wanted) {
        if call.ok != wanted.ok {
            wrong.push(format!("`{}` should end with ok = {}; it gave {}", call.name, wanted.ok, call.output));
        }
        for (what, found, part) in [("arguments", &call.args, &wanted.args), ("output", &call.output, &wanted.output)] {
            if !holds(found, part) {
                wrong.push(format!("the {what} of `{}` should hold {part}; they are {found}", call.name));
            }
        }
    }
}

fn of_events(expect: &Expect, seen: &Seen<'_>, wrong: &mut Vec<String>) {
    let values: Vec<Value> = seen.events.iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
    for wanted in &expect.events {
        let count = values.iter().filter(|event| event["type"] == wanted.kind.as_str() && holds(event, &wanted.fields));
        let count = count.count() as u64;
        if !wanted.count.allows(count) {
            wrong.push(format!("{} events `{}` {} expected, {count} seen", wanted.count, wanted.kind, wanted.fields));
        }
    }
    let Some(wanted) = &expect.restarts else { return };
    let mut restarts: BTreeMap<String, u64> = BTreeMap::new();
    for event in seen.events.iter().filter(|event| kind_of(event) == "restarted") {
        if let Event::Restarted { role, .. } = event {
            *restarts.entry(role.name().to_owned()).or_default() += 1;
        }
    }
    for (role, count) in &restarts {
        match wanted.get(role) {
            Some(wanted) if wanted.allows(*count) => {}
            Some(wanted) => wrong.push(format!("the {role} should restart {wanted} times; it did {count} times")),
            None => wrong.push(format!("the {role} restarted {count} times, which nobody expected")),
        }
    }
    for (role, wanted) in wanted.iter().filter(|(role, _)| !restarts.contains_key(*role)) {
        if !wanted.allows(0) {
            wrong.push(format!("the {role} should restart {wanted} times; it never did"));
        }
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Role;

    fn expect(text: &str) -> Expect {
        serde_json::from_str(text).expect("an expectation")
    }

    #[test]
    fn what_is_not_as_expected_is_said() {
        let answer = Answer { text: "The sum is 4.".into(), degraded: vec!["critic".into()], ..Answer::default() };
        let events = [Event::Restarted { role: Role::Critic, count: 1, why: "x".into() }];
        let seen = Seen { answer: Some(&answer), events: &events, effects: 1, ..Seen::default() };
        for (text, wrong) in [
            (r#"{"answer_contains": ["SUM is 4"], "degraded": ["critic"], "restarts": {"critic": 1}}"#, 0),
            (r#"{"answer_contains": ["5"], "answer_lacks": ["sum"]}"#, 2),
            (r#"{"degraded": [], "abstained": true}"#, 2),
            (r#"{"restarts": {}}"#, 1),
            (r#"{"restarts": {"critic": 1, "planner": 1}}"#, 1),
            (r#"{"events": [{"type": "restarted", "where": {"role": "critic"}}], "effects": 1}"#, 0),
            (r#"{"events": [{"type": "escalated"}], "effects": 2}"#, 2),
            (r#"{"failed": "deadline"}"#, 1),
            (r#"{"tools": [{"name": "x"}]}"#, 1),
            (r#"{"remembers": ["iris"]}"#, 1),
        ] {
            let found = differences(&expect(text), &seen);
            assert_eq!(found.len(), wrong, "{text}: {found:?}");
        }
    }
}
