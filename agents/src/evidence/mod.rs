//! What was read, and what may be said because of it: pure functions over passages.
//!
//! A [`Passage`] is a piece of a document with a number. [`answer`] writes an answer out of the passages' own sentences, or admits
//! that they hold none; [`citations`] turns the marks of a draft into quotes that stand verbatim in a document; [`support`] is
//! the critic's judgement, sentence by sentence; [`rerank`] puts passages in order. None of them waits or draws lots.

use roundtable_memory::Chunk;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub mod answer;
pub mod citations;
pub mod rerank;
pub mod sentences;
pub mod support;
pub mod words;

/// A piece of a document that was read in a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Its number in the turn, by which a draft cites it: `[1]`.
    pub n: usize,
    /// The document's id.
    pub doc: String,
    /// The chunk's id.
    pub chunk: String,
    /// The document's title.
    #[serde(default)]
    pub title: String,
    /// The words, verbatim.
    pub text: String,
}

impl Passage {
    /// A chunk as it was found; it is numbered when it is read.
    pub fn of(chunk: &Chunk) -> Self {
        Self {
            n: 0,
            doc: chunk.doc.clone(),
            chunk: chunk.id.clone(),
            title: chunk.title.clone(),
            text: chunk.text.clone(),
        }
    }

    /// The passages in the output of a search; what is no passage is passed over.
    pub fn read_all(output: &Value) -> Vec<Passage> {
        let list = output["passages"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|passage| Passage::deserialize(passage).ok()).collect()
    }
}

/// The output of a search, as a model sees it.
pub fn output(query: &str, passages: &[Passage]) -> Value {
    json!({ "query": query, "passages": passages })
}

#[cfg(test)]
pub(crate) fn passage(n: usize, text: &str) -> Passage {
    Passage { n, doc: format!("d{n}"), chunk: format!("d{n}#0"), title: String::new(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::support::{Read, judge, revise, weakest};
    use super::*;

    /// Any text, and texts that come near marks, lists, numbers and the ends of sentences.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "([A-Z]?[a-zé漢ß']{0,6}|-?[0-9]{1,4}[.,]?[0-9]?|\\[[0-9, ]{0,6}\\]?|[.!?…\\n\u{301}😀 -]{1,3}| ){0,60}",
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_answered_cited_and_judged_without_harm(
            question in texts(), draft in texts(), one in texts(), two in texts(), found in any::<(f32, f32)>(),
        ) {
            let passages = [passage(1, &one), Passage { title: question.clone(), ..passage(2, &two) }];
            for draft in [answer::answer(&question, &passages).text, draft] {
                let cited = citations::cite(&draft, &passages);
                for citation in &cited.citations {
                    let verbatim = |p: &Passage| p.chunk == citation.chunk && p.text.contains(&citation.quote);
                    prop_assert!(passages.iter().any(verbatim), "{citation:?}");
                }
                let outputs = [serde_json::json!({"text": one, "value": found.0})];
                let read = Read { question: &question, passages: &passages, outputs: &outputs, searched: true };
                let weakest = weakest(&draft, &read);
                prop_assert!((0.0..=1.0 + 1e-5).contains(&weakest), "{weakest}");
                if let support::Judgement::Revise { unsupported } = judge(&draft, &read) {
                    prop_assert!(revise(&draft, &unsupported, &read).len() < draft.len());
                }
            }
            let scored = passages.iter().cloned().zip([found.0, found.1]).collect();
            let order: Vec<usize> = rerank::rerank(&question, scored).iter().map(|(passage, _)| passage.n).collect();
            prop_assert!(order == [1, 2] || order == [2, 1]);
        }
    }

    #[test]
    fn what_the_writer_writes_the_critic_supports() {
        let passages = [
            passage(
                1,
                "Owls hunt at night. An owl turns its head by 270 degrees; bats, however, do not. Some sleep by day.",
            ),
            passage(2, "No owl hunts in the rain. Wet feathers are loud, and an owl must not be heard by the mouse."),
        ];
        for question in ["How far can an owl turn its head?", "Why do owls not hunt in the rain?", "When do owls hunt?"]
        {
            let draft = answer::answer(question, &passages);
            let read = Read { question, passages: &passages, outputs: &[], searched: true };
            assert!(!draft.abstained, "{question}");
            assert_eq!(judge(&draft.text, &read), support::Judgement::Supported, "{question}: {}", draft.text);
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_the_rest_passed_over() {
        let passages = [passage(1, "One."), passage(2, "Two.")];
        let mut written = output("q", &passages);
        assert_eq!(Passage::read_all(&written), passages);
        written["passages"][0] = json!({"n": "one"});
        assert_eq!(Passage::read_all(&written).len(), 1);
        assert!(Passage::read_all(&json!({"records": []})).is_empty());
    }
}
