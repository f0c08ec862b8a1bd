//! Questions to the documents: what to search for, what the passages say, and when to say "I don't know".

use super::conversation::{Outcome, Step};
use super::words::{is_stop, words};
use crate::evidence::{self, Passage};

/// What is said when the documents do not answer.
pub const UNKNOWN: &str = "I don't know: nothing in the documents answers that.";

/// Words about asking, which no passage answers with.
const ASKING: &[&str] = &[
    "according",
    "documents",
    "document",
    "papers",
    "paper",
    "sources",
    "source",
    "cite",
    "citations",
    "citation",
    "summarise",
    "summarize",
    "explain",
    "describe",
    "tell",
    "question",
    "please",
    "references",
    "reference",
    "literature",
    "briefly",
    "detail",
    "detailed",
    "collection",
    "corpus",
    "notes",
    "says",
    "wonder",
    "curious",
    "know",
    "answer",
    "overview",
    "discuss",
];

/// The words of a question that a passage with the answer would share.
pub fn content(question: &str) -> Vec<String> {
    let mut content: Vec<String> = Vec::new();
    for word in words(question) {
        if !is_stop(&word.stem)
            && !is_stop(&word.text)
            && !ASKING.contains(&word.text.as_str())
            && !content.contains(&word.text)
        {
            content.push(word.text);
        }
    }
    content
}

/// The first query: the question itself. A question that follows up brings the subject of the one before.
pub fn query(question: &str, before: Option<&str>) -> String {
    match before {
        Some(before) => {
            let mut all = content(question);
            for word in content(before) {
                if !all.contains(&word) {
                    all.push(word);
                }
            }
            all.join(" ")
        }
        None => question.trim().to_owned(),
    }
}

/// A second query, in the bare words of the question; nothing if it would be the first again.
pub fn second_query(question: &str, tried: &[&str]) -> Option<String> {
    let query = content(question).join(" ");
    (!query.is_empty() && !tried.contains(&query.as_str())).then_some(query)
}

/// What was recalled: its text, and whether it is a fact that the person told, not just something said.
pub fn records(steps: &[Step]) -> Vec<(String, bool)> {
    let lists = steps.iter().filter(|step| step.name == "recall").filter_map(|step| match &step.result {
        Outcome::Output(value) => value["records"].as_array(),
        _ => None,
    });
    let mut records: Vec<(String, bool)> = Vec::new();
    for record in lists.flatten() {
        let Some(text) = record["text"].as_str() else { continue };
        let fact = record["kind"].as_str() != Some("episode");
        let text = if fact { text.to_owned() } else { said_then(text) };
        // A question that was asked before answers nothing now.
        if !text.is_empty() && (fact || !text.ends_with('?')) && !records.iter().any(|(known, _)| *known == text) {
            records.push((text, fact));
        }
    }
    records
}

/// What the person said in an episode: `Asked: …`, without the answer.
fn said_then(episode: &str) -> String {
    let asked = episode.split("\nAnswered:").next().unwrap_or_default();
    asked.trim_start_matches("Asked:").trim().to_owned()
}

/// Those of the records that speak most of what the question asks: facts before what was merely said.
pub fn relevant(question: &str, records: &[(String, bool)]) -> Vec<String> {
    let asked: Vec<String> =
        words(question).into_iter().filter(|word| !is_stop(&word.stem)).map(|word| word.stem).collect();
    let share = |text: &str| {
        let stems: Vec<String> = words(text).into_iter().map(|word| word.stem).collect();
        asked.iter().filter(|stem| stems.contains(stem)).count()
    };
    let best = |facts: bool| {
        let own = || records.iter().filter(|(_, fact)| *fact == facts).map(|(text, _)| (share(text), text));
        let most = own().map(|(share, _)| share).max().unwrap_or(0);
        own().filter(|(share, _)| *share == most && most > 0).map(|(_, text)| text.clone()).collect::<Vec<String>>()
    };
    let facts = best(true);
    if facts.is_empty() { best(false) } else { facts }
}

/// The passages of every search of this turn, as the model saw them.
pub fn passages(steps: &[Step]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    for step in steps.iter().filter(|step| step.name == "search_documents") {
        if let Outcome::Output(output) = &step.result {
            passages.extend(Passage::read_all(output));
        }
    }
    passages
}

/// The answer with its marks; nothing when the passages do not hold one.
pub fn answer(question: &str, steps: &[Step]) -> Option<String> {
    let drafted = evidence::answer::answer(question, &passages(steps));
    (!drafted.abstained).then_some(drafted.text)
}
