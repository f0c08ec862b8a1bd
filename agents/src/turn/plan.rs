//! What a turn does next.

use serde_json::json;

use super::state::{Planned, State};
use super::{prompt, select, table_tools};
use crate::answer::Answer;
use crate::evidence::support::{self, Judgement};
use crate::evidence::{answer, citations};
use crate::model::{Message, Request};

/// What a conversation is bound by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How often a turn may ask the model.
    pub rounds: u32,
    /// Whether the documents are searched before the model is asked for the first time.
    pub search_first: bool,
    /// How often the critic may send the turn back to search again.
    pub send_back: u32,
    /// Whether there is a memory to search.
    pub memory: bool,
    /// Whether another model stands in when the first is lost.
    pub fallback: bool,
    /// The sampling seed.
    pub seed: u64,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask the model.
    Ask {
        /// The request.
        request: Box<Request>,
        /// The model that stands in, not the first one.
        fallback: bool,
    },
    /// Make a call.
    Call(Planned),
    /// Have the draft judged.
    Judge {
        /// The draft.
        draft: String,
    },
    /// The turn is over.
    Finish(Box<Answer>),
}

/// The next step of a turn: a pure function of what happened so far.
///
/// `history` is what earlier turns left, `tools` is the catalogue.
pub fn plan(state: &State, rules: &Rules, history: &[Message], tools: &select::Shelf) -> Step {
    // What was set going comes first: a call of the model must be answered before anything else is said.
    if let Some(next) = state.queue.front() {
        return Step::Call(next.clone());
    }
    if !state.pending.is_empty() {
        return finish(state, waiting(state), false);
    }
    if let Some(draft) = &state.draft {
        return judged(state, rules, draft, history, tools);
    }
    if state.model_lost.is_some() {
        return without_model(state);
    }
    if rules.search_first && rules.memory && state.rounds == 0 && state.messages.is_empty() {
        return Step::Call(search(state, &state.question));
    }
    ask(state, rules, history, tools)
}

fn ask(state: &State, rules: &Rules, history: &[Message], tools: &select::Shelf) -> Step {
    if state.rounds >= rules.rounds || state.silences > 1 {
        return without_model(state);
    }
    let mut offers = table_tools::offers(rules.memory).to_vec();
    offers.extend(tools.offers(&state.question, history));
    let request = prompt::request(history, state, offers, rules.seed);
    let fallback = state.degraded.contains("model") && rules.fallback;
    Step::Ask { request: Box::new(request), fallback }
}

fn judged(state: &State, rules: &Rules, draft: &str, history: &[Message], tools: &select::Shelf) -> Step {
    match &state.judgement {
        None if !state.unjudged => Step::Judge { draft: draft.to_owned() },
        None | Some(Judgement::Supported) => finish(state, draft.to_owned(), answer::is_ignorance(draft)),
        Some(Judgement::Revise { unsupported }) => {
            let revised = support::revise(draft, unsupported, &state.read());
            if revised.trim().is_empty() { abstain(state) } else { finish(state, revised, false) }
        }
        Some(Judgement::Retrieve { query }) => {
            let searched = state
                .tools
                .iter()
                .any(|tool| tool.name == table_tools::SEARCH && tool.args["query"].as_str() == Some(query.as_str()));
            if !rules.memory || state.sent_back > rules.send_back || state.rounds >= rules.rounds {
                abstain(state)
            } else if searched {
                ask(state, rules, history, tools)
            } else {
                Step::Call(search(state, query))
            }
        }
        Some(Judgement::Abstain) => abstain(state),
    }
}

/// A search that the table itself decides on.
fn search(state: &State, query: &str) -> Planned {
    Planned {
        call: format!("{}-search-{}", state.turn, state.tools.len() + 1),
        tool: table_tools::SEARCH.to_owned(),
        args: Ok(json!({ "query": query })),
    }
}

fn abstain(state: &State) -> Step {
    finish(state, "I don't know: nothing that I have read supports an answer.".to_owned(), true)
}

fn waiting(state: &State) -> String {
    let lines = state.pending.iter().map(|pending| {
        let short = &pending.fingerprint[..pending.fingerprint.len().min(8)];
        format!("{}. Approve it with `/approve {short}`, or refuse it with `/deny {short}`.", pending.why)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The best answer that needs no model: sentences of the passages that were read, or the plain truth.
fn without_model(state: &State) -> Step {
    let drafted = answer::answer(&state.question, &state.evidence);
    if !state.evidence.is_empty() && !drafted.abstained {
        return finish(state, drafted.text, false);
    }
    let text = match &state.model_lost {
        Some(why) => format!("No model can answer just now: {why}."),
        None if state.silences > 1 => "The model said nothing. Ask again, or in other words.".to_owned(),
        None => "I could not finish within the limit of questions to the model. Ask for less at once.".to_owned(),
    };
    finish(state, text, true)
}

fn finish(state: &State, draft: String, abstained: bool) -> Step {
    let cited = citations::cite(&draft, &state.evidence);
    Step::Finish(Box::new(Answer {
        text: cited.text,
        citations: if abstained { Vec::new() } else { cited.citations },
        tool_calls: state.tools.clone(),
        pictures: state.pictures.clone(),
        abstained,
        degraded: state.degraded.iter().cloned().collect(),
        pending: state.pending.clone(),
        usage: state.usage.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::{Reply, ToolCall};
    use crate::turn::{Happened, Result, Returned};

    fn rules() -> Rules {
        Rules { rounds: 4, search_first: false, send_back: 1, memory: true, fallback: true, seed: 1 }
    }

    fn asked(text: &str) -> State {
        let mut state = State::new("t1");
        state.apply(Happened::Asked { text: text.into(), approved: Vec::new() });
        state
    }

    fn next(state: &State) -> Step {
        plan(state, &rules(), &[], &select::Shelf::default())
    }

    fn says(text: &str) -> Happened {
        Happened::Replied { reply: Reply { text: text.into(), ..Reply::default() }, fallback: false }
    }

    fn calls(name: &str, arguments: &str) -> Happened {
        let call = ToolCall { id: "c1".into(), name: name.into(), arguments: arguments.into() };
        Happened::Replied { reply: Reply { tool_calls: vec![call], ..Reply::default() }, fallback: false }
    }

    fn returns(output: Value) -> Happened {
        let result = Result::Output(output);
        Happened::Returned(Box::new(Returned { call: "c1".into(), tool: "x".into(), result, ..Returned::default() }))
    }

    #[test]
    fn a_tool_turn_asks_calls_asks_judges_and_finishes() {
        let mut state = asked("what is 4 * 8?");
        assert!(matches!(next(&state), Step::Ask { fallback: false, .. }));
        state.apply(calls("x", r#"{"a": 4}"#));
        let Step::Call(planned) = next(&state) else { panic!("a call comes next") };
        assert_eq!(planned.args, Ok(json!({"a": 4})));
        state.apply(returns(json!({"value": 32})));
        let Step::Ask { request, .. } = next(&state) else { panic!("the model hears the result") };
        assert_eq!(request.messages.last().map(|m| m.content.as_str()), Some(r#"{"value":32}"#));
        state.apply(says("It is 32."));
        assert!(matches!(next(&state), Step::Judge { .. }));
        state.apply(Happened::Judged { judgement: Judgement::Supported });
        let Step::Finish(answer) = next(&state) else { panic!("the turn is over") };
        assert_eq!((answer.text.as_str(), answer.tool_calls.len()), ("It is 32.", 1));
    }

    #[test]
    fn broken_arguments_become_an_error_for_the_model_not_the_end() {
        let mut state = asked("go");
        state.apply(calls("x", r#"{"a": "#));
        let Step::Call(planned) = next(&state) else { panic!("a call comes next") };
        assert_eq!(planned.args.map_err(|error| error["kind"].clone()), Err(json!("bad_json")));
    }

    #[test]
    fn a_lost_model_is_told_and_not_hidden() {
        let mut state = asked("go");
        state.apply(Happened::ModelLost { why: "`m` failed".into() });
        let Step::Finish(answer) = next(&state) else { panic!("nothing else can be done") };
        assert!(answer.abstained && answer.text.contains("`m` failed"));
        assert_eq!(answer.degraded, ["model"]);
    }

    #[test]
    fn silence_is_asked_again_once() {
        let mut state = asked("go");
        state.apply(says(""));
        assert!(matches!(next(&state), Step::Ask { .. }));
        state.apply(says("  "));
        assert!(matches!(next(&state), Step::Finish(_)));
    }

    #[test]
    fn rounds_are_bounded() {
        let mut state = asked("go");
        for _ in 0..4 {
            state.apply(calls("x", "{}"));
            state.apply(returns(Value::Null));
        }
        assert!(matches!(next(&state), Step::Finish(_)));
    }

    #[test]
    fn the_critic_sends_back_to_search_a_bounded_number_of_times() {
        let mut state = asked("why?");
        let retrieve = || Happened::Judged { judgement: Judgement::Retrieve { query: "cause".into() } };
        state.apply(says("Because."));
        state.apply(retrieve());
        let Step::Call(planned) = next(&state) else { panic!("a search comes next") };
        assert_eq!((planned.tool.as_str(), planned.args), (table_tools::SEARCH, Ok(json!({"query": "cause"}))));
        state.apply(says("Because."));
        state.apply(retrieve());
        let Step::Finish(answer) = next(&state) else { panic!("once is enough") };
        assert!(answer.abstained);
    }

    #[test]
    fn a_call_that_waits_for_a_person_ends_the_turn() {
        let mut state = asked("go");
        state.apply(calls("x", "{}"));
        let pending = crate::answer::Pending {
            fingerprint: "0123456789abcdef".into(),
            tool: "x".into(),
            args: json!({}),
            why: "`x` changes something".into(),
        };
        let result = Result::Error(json!({"kind": "refused"}));
        let returned =
            Returned { call: "c1".into(), tool: "x".into(), result, pending: Some(pending), ..Returned::default() };
        state.apply(Happened::Returned(Box::new(returned)));
        let Step::Finish(answer) = next(&state) else { panic!("a person must speak first") };
        assert!(answer.text.contains("/approve 01234567"));
        assert_eq!(answer.pending.len(), 1);
    }

    #[test]
    fn searching_first_searches_once() {
        let rules = Rules { search_first: true, ..rules() };
        let mut state = asked("what is lift?");
        let Step::Call(planned) = plan(&state, &rules, &[], &select::Shelf::default()) else {
            panic!("a search comes first")
        };
        state.apply(Happened::Returned(Box::new(Returned {
            call: planned.call,
            tool: planned.tool,
            args: json!({"query": "what is lift?"}),
            ..Returned::default()
        })));
        let Step::Ask { request, .. } = plan(&state, &rules, &[], &select::Shelf::default()) else {
            panic!("then the model is asked")
        };
        assert_eq!(request.messages[2].tool_calls.len(), 1);
        assert_eq!(request.messages[3].tool_call_id, Some("t1-search-1".to_owned()));
    }
}
