//! What was read, and what may be said because of it: pure functions over passages.
//!
//! A [`Passage`] is a piece of a document with a number. [`answer`] writes an answer out of the passages' own sentences, or admits
//! that they hold none; [`citations`] turns the marks of a draft into quotes that stand verbatim in a document; [`support`] is
//! the critic's judgement, sentence by sentence; [`rerank`] puts passages in order. None of them waits or draws lots.

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
    use super::*;

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
