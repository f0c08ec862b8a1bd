//! A request that is longer than the model's context, made shorter: what the answer needs least goes first.

use serde_json::Value;

use crate::model::{Message, Request, Speaker};

/// So many tools stay on offer, however little room there is.
const TOOLS: usize = 2;

/// Takes out about half of the first of these that there is: the earlier turns (the oldest go), the passages of each search
/// (the best stay), the tools on offer (the best matching stay). Gives whether anything could be taken out; what is left is a
/// valid conversation.
pub fn shorten(request: &mut Request) -> bool {
    let messages = &mut request.messages;
    let turns: Vec<usize> = (0..messages.len()).filter(|n| messages[*n].speaker == Speaker::User).collect();
    if let [first, .., _] = turns[..] {
        // The last turn is the one that is under way.
        let earlier = turns.len() - 1;
        messages.drain(first..turns[earlier.div_ceil(2)]);
        return true;
    }
    let fewer = messages.iter_mut().filter(|message| message.speaker == Speaker::Tool).map(halve_passages);
    if fewer.fold(false, |any, one| any | one) {
        return true;
    }
    let tools = request.tools.len();
    request.tools.truncate(tools.div_ceil(2).max(TOOLS));
    request.tools.len() < tools
}

/// Takes the worse half of the passages out of a search's result.
fn halve_passages(message: &mut Message) -> bool {
    let Ok(mut output) = serde_json::from_str::<Value>(&message.content) else { return false };
    let Some(passages) = output.get_mut("passages").and_then(Value::as_array_mut).filter(|all| all.len() > 1) else {
        return false;
    };
    passages.truncate(passages.len().div_ceil(2));
    message.content = output.to_string();
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ToolCall, ToolOffer};

    fn passages(request: &Request) -> usize {
        let tool = request.messages.iter().find(|message| message.speaker == Speaker::Tool).expect("a search");
        let output: Value = serde_json::from_str(&tool.content).expect("its output");
        output["passages"].as_array().map_or(0, Vec::len)
    }

    #[test]
    fn earlier_turns_go_first_then_passages_then_tools() {
        let mut messages = vec![Message::new(Speaker::System, "rules")];
        for turn in 0..3 {
            messages.push(Message::new(Speaker::User, format!("question {turn}")));
            messages.push(Message::new(Speaker::Assistant, "answer"));
        }
        messages.push(Message::new(Speaker::User, "now"));
        let call = ToolCall { id: "1".into(), name: "search_documents".into(), arguments: "{}".into() };
        messages.push(Message { tool_calls: vec![call], ..Message::new(Speaker::Assistant, "") });
        let found: Vec<Value> = (1..=6).map(|n| json!({"n": n, "text": "words"})).collect();
        messages.push(Message::tool_result("1", json!({"query": "q", "passages": found}).to_string()));
        let offer = |n: usize| ToolOffer {
            name: format!("tool{n}").into(),
            description: "".into(),
            parameters: json!({"type": "object"}).into(),
        };
        let mut request = Request { messages, tools: (0..7).map(offer).collect(), ..Request::default() };

        let mut seen = Vec::new();
        while shorten(&mut request) {
            seen.push((request.messages.len(), passages(&request), request.tools.len()));
        }
        let expected = [(6, 6, 7), (4, 6, 7), (4, 3, 7), (4, 2, 7), (4, 1, 7), (4, 1, 4), (4, 1, 2)];
        assert_eq!(seen, expected);
        let speakers: Vec<Speaker> = request.messages.iter().map(|message| message.speaker).collect();
        assert_eq!(speakers, [Speaker::System, Speaker::User, Speaker::Assistant, Speaker::Tool]);
        assert_eq!(request.messages[1].content, "now");
        assert!(request.messages[3].content.contains("\"n\":1"), "the best passage stays");
    }

    #[test]
    fn a_question_alone_cannot_be_made_shorter() {
        let mut request = Request { messages: vec![Message::new(Speaker::User, "why?")], ..Request::default() };
        assert!(!shorten(&mut request));
    }
}
