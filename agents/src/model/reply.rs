//! Putting a reply together from its deltas.
//!
//! Servers differ in how they cut a tool call into pieces: whole in one piece, the name first and the arguments letter by
//! letter, without an id, with indices that skip, or several calls that all claim index 0. An [`Assembly`] takes any of
//! these; what comes out has one entry per call, in the order in which the calls began, each with an id that is new to the
//! conversation and with arguments that are never empty.

use super::{Delta, FinishReason, Message, Reply, ToolCall, Usage};

/// A reply under construction.
#[derive(Debug, Default)]
pub struct Assembly {
    text: String,
    calls: Vec<Piecework>,
    finish: Option<FinishReason>,
    usage: Usage,
}

#[derive(Debug)]
struct Piecework {
    index: usize,
    id: String,
    name: String,
    arguments: String,
}

impl Assembly {
    /// Adds the next delta.
    pub fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text(text) if self.text.is_empty() => self.text = text,
            Delta::Text(text) => self.text.push_str(&text),
            Delta::ToolCall { index, id, name, arguments } => self.push_call(index, id, name, arguments),
            Delta::Finish(reason) => self.finish = Some(reason),
            Delta::Usage(usage) => self.usage.add(&usage),
        }
    }

    fn push_call(&mut self, index: usize, id: Option<String>, name: Option<String>, arguments: String) {
        let id = id.unwrap_or_default();
        let name = name.unwrap_or_default();
        // The last one of an index is the open one: servers that number every call 0 tell them apart by new ids.
        let open = self.calls.iter_mut().rev().find(|call| call.index == index);
        match open {
            Some(call) if id.is_empty() || call.id.is_empty() || call.id == id => {
                if call.id.is_empty() {
                    call.id = id;
                }
                // Some servers repeat the name with every piece.
                if call.name != name {
                    call.name.push_str(&name);
                }
                call.arguments.push_str(&arguments);
            }
            _ => self.calls.push(Piecework { index, id, name, arguments }),
        }
    }

    /// The tokens reported so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether nothing at all was said.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    /// The reply. Calls without an id, or with one that `history` already uses, get a new one.
    pub fn finish(self, history: &[Message]) -> Reply {
        let mut calls: Vec<ToolCall> = Vec::with_capacity(self.calls.len());
        let earlier = || history.iter().flat_map(|message| &message.tool_calls);
        let mut number = if self.calls.is_empty() { 0 } else { earlier().count() };
        for call in self.calls {
            let mut id = call.id;
            while id.is_empty() || earlier().any(|other| other.id == id) || calls.iter().any(|other| other.id == id) {
                number += 1;
                id = format!("call_{number}");
            }
            let arguments = if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments };
            calls.push(ToolCall { id, name: call.name, arguments });
        }
        Reply { text: self.text, tool_calls: calls, finish: self.finish, usage: self.usage }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Speaker;
    use super::*;

    fn piece(index: usize, id: &str, name: &str, arguments: &str) -> Delta {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Delta::ToolCall { index, id: some(id), name: some(name), arguments: arguments.into() }
    }

    /// Checks that `pieces` make these calls: (id, name, arguments).
    fn check(pieces: &[Delta], expected: &[(&str, &str, &str)]) {
        let mut assembly = Assembly::default();
        for delta in pieces {
            assembly.push(delta.clone());
        }
        let reply = assembly.finish(&[]);
        let found: Vec<_> =
            reply.tool_calls.iter().map(|c| (c.id.as_str(), c.name.as_str(), c.arguments.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn arguments_come_in_pieces() {
        check(
            &[piece(0, "a", "dot", ""), piece(0, "", "", "{\"x\""), piece(0, "", "", ":1}")],
            &[("a", "dot", "{\"x\":1}")],
        );
    }

    #[test]
    fn whole_calls_in_one_piece_without_ids() {
        check(
            &[piece(0, "", "dot", "{\"x\":1}"), piece(1, "", "sum", "")],
            &[("call_1", "dot", "{\"x\":1}"), ("call_2", "sum", "{}")],
        );
    }

    #[test]
    fn indices_may_skip_and_interleave() {
        check(
            &[piece(3, "a", "dot", "{"), piece(7, "b", "sum", "{"), piece(3, "", "", "}"), piece(7, "", "", "}")],
            &[("a", "dot", "{}"), ("b", "sum", "{}")],
        );
    }

    #[test]
    fn every_call_claims_index_zero() {
        check(&[piece(0, "a", "dot", "{}"), piece(0, "b", "sum", "{}")], &[("a", "dot", "{}"), ("b", "sum", "{}")]);
    }

    #[test]
    fn a_repeated_name_is_one_name() {
        check(&[piece(0, "a", "dot", "{"), piece(0, "a", "dot", "}")], &[("a", "dot", "{}")]);
    }

    #[test]
    fn ids_are_new_to_the_conversation() {
        let mut earlier = Message::new(Speaker::Assistant, "");
        earlier.tool_calls.push(ToolCall { id: "call_2".into(), name: "dot".into(), arguments: "{}".into() });
        let mut assembly = Assembly::default();
        for index in 0..2 {
            assembly.push(piece(index, "call_2", "dot", "{}"));
        }
        let ids: Vec<_> = assembly.finish(&[earlier]).tool_calls.into_iter().map(|call| call.id).collect();
        assert_eq!(ids, ["call_3", "call_4"]);
    }

    #[test]
    fn text_finish_and_usage() {
        let mut assembly = Assembly::default();
        let usage = Usage { requests: 0, input_tokens: 7, output_tokens: 2, cost: 0.0 };
        for delta in [
            Delta::Text("a ".into()),
            Delta::Text(String::new()),
            Delta::Text("b".into()),
            Delta::Finish(FinishReason::Stop),
            Delta::Usage(usage),
        ] {
            assembly.push(delta);
        }
        let expected = Reply { text: "a b".into(), tool_calls: vec![], finish: Some(FinishReason::Stop), usage };
        assert_eq!(assembly.finish(&[]), expected);
    }
}
