//! Questions to the documents: what to search for, what the passages say, and when to say "I don't know".

use serde_json::Value;

use super::conversation::{Outcome, Step};
use super::words::{is_stop, words};

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

/// The texts of what was recalled.
pub fn records(steps: &[Step]) -> Vec<String> {
    let lists = steps.iter().filter(|step| step.name == "recall").filter_map(|step| match &step.result {
        Outcome::Output(value) => value["records"].as_array(),
        _ => None,
    });
    let mut texts: Vec<String> = Vec::new();
    for text in lists.flatten().filter_map(|record| record["text"].as_str()) {
        if !texts.iter().any(|known| known == text) {
            texts.push(text.to_owned());
        }
    }
    texts
}

/// Those of the records that speak of what the question asks: they share a word of it.
pub fn relevant(question: &str, records: Vec<String>) -> Vec<String> {
    let asked: Vec<String> =
        words(question).into_iter().filter(|word| !is_stop(&word.stem)).map(|word| word.stem).collect();
    let share = |text: &str| words(text).iter().filter(|word| asked.contains(&word.stem)).count();
    let most = records.iter().map(|text| share(text)).max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    records.into_iter().filter(|text| share(text) == most).collect()
}

/// The passages of every search of this turn, as the model saw them.
pub fn passages(steps: &[Step]) -> Vec<&Value> {
    steps
        .iter()
        .filter_map(|step| match &step.result {
            Outcome::Output(value) if step.name == "search_documents" => value["passages"].as_array(),
            _ => None,
        })
        .flatten()
        .collect()
}

/// The answer with its marks; nothing when the passages do not hold one.
pub fn answer(question: &str, steps: &[Step]) -> Option<String> {
    let asked: Vec<String> = words(&content(question).join(" ")).into_iter().map(|word| word.stem).collect();
    if asked.is_empty() {
        return None;
    }
    let mut best: Vec<(usize, String)> = Vec::new();
    for passage in passages(steps) {
        let (Some(n), Some(text)) = (passage["n"].as_u64(), passage["text"].as_str()) else { continue };
        for sentence in text.split_inclusive(['.', '!', '?']).map(str::trim).filter(|sentence| sentence.len() > 20) {
            let known: Vec<String> = words(sentence).into_iter().map(|word| word.stem).collect();
            let shared = asked.iter().filter(|stem| known.contains(stem)).count();
            best.push((shared, format!("{} [{n}].", sentence.trim_end_matches(['.', '!', '?']))));
        }
    }
    best.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    let enough = best.first().is_some_and(|(shared, _)| *shared * 2 >= asked.len());
    let chosen: Vec<String> =
        best.into_iter().take(2).filter(|(shared, _)| *shared * 2 >= asked.len()).map(|(_, said)| said).collect();
    enough.then(|| chosen.join(" "))
}
