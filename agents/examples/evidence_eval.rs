//! Measures how questions are answered from passages, on a folder of collections: `cargo run --release --example evidence_eval -- DIR`.
//!
//! DIR holds `cranfield/`, `squad2/` and `faithfulness/` as the retrieval collections are laid out (`corpus.jsonl`, `queries.jsonl`,
//! `qa.jsonl`; `{context, answer, label}` lines). Prints one JSON line: how many of a collection's own questions are answered, how many
//! of another collection's and of everyday questions are (they should not be), how often the gold answer stands in the answer, and the AUROC of the
//! critic's support, with its balanced accuracy at the bound in use.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use roundtable::evidence::support::{Read, SUPPORTED, weakest};
use roundtable::evidence::words::{content, stems};
use roundtable::evidence::{Passage, answer::answer};
use serde_json::{Value, json};

/// Questions of every day, which no collection of papers on one subject answers.
const EVERYDAY: [&str; 24] = [
    "What is the capital of France?",
    "Who won the world cup in 2014?",
    "Who is the president of the United States?",
    "What is the best recipe for apple pie?",
    "When did the Second World War end?",
    "Who wrote Romeo and Juliet?",
    "How tall is Mount Everest?",
    "What is the population of Tokyo?",
    "Which planet is the largest in the solar system?",
    "What is the boiling point of ethanol?",
    "How do vaccines work?",
    "What is the currency of Japan?",
    "How many players are in a football team?",
    "What causes earthquakes?",
    "How does photosynthesis work in plants?",
    "When was the Eiffel Tower built?",
    "How do I reset my password?",
    "What is the meaning of life?",
    "How do I renew my passport?",
    "What is the weather in London tomorrow?",
    "How many bones does the human body have?",
    "What is the treatment for high blood pressure?",
    "What are the effects of alcohol on the liver?",
    "what methods exist for teaching children to read .",
];

fn lines(path: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A collection under plain BM25 (k1 = 1.2, b = 0.75).
#[derive(Default)]
struct Collection {
    passages: Vec<Passage>,
    counts: Vec<HashMap<String, f32>>,
    lengths: Vec<f32>,
    holders: HashMap<String, f32>,
}

impl Collection {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut collection = Self::default();
        for line in lines(path)? {
            let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let (doc, title, text) = (field("id"), field("title"), field("text"));
            let words = content(&format!("{title}\n{text}"));
            let mut counts: HashMap<String, f32> = HashMap::new();
            for word in &words {
                *counts.entry(word.stem.clone()).or_default() += 1.0;
            }
            for stem in counts.keys() {
                *collection.holders.entry(stem.clone()).or_default() += 1.0;
            }
            collection.lengths.push(words.len() as f32);
            collection.counts.push(counts);
            collection.passages.push(Passage { n: 0, chunk: doc.clone(), doc, title, text });
        }
        Ok(collection)
    }

    fn search(&self, query: &str, k: usize) -> Vec<Passage> {
        let count = self.passages.len() as f32;
        let mean = self.lengths.iter().sum::<f32>() / count.max(1.0);
        let wanted = stems(query);
        let score = |at: usize| -> f32 {
            let of = |stem: &String| {
                let f = self.counts[at].get(stem).copied().unwrap_or(0.0);
                let n = self.holders.get(stem).copied().unwrap_or(0.0);
                let rarity = ((count - n + 0.5) / (n + 0.5) + 1.0).ln();
                rarity * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * self.lengths[at] / mean))
            };
            wanted.iter().map(of).sum()
        };
        let mut scored: Vec<(usize, f32)> = (0..self.passages.len()).map(|at| (at, score(at))).collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = scored.into_iter().take(k).enumerate();
        best.map(|(n, (at, _))| Passage { n: n + 1, ..self.passages[at].clone() }).collect()
    }

    /// The share of `questions` that is answered from the collection.
    fn answered(&self, questions: &[String]) -> f64 {
        let count = questions.iter().filter(|question| !answer(question, &self.search(question, 6)).abstained).count();
        share(count, questions.len())
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn texts(path: &Path, most: usize) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(lines(path)?.iter().filter_map(|line| line["text"].as_str().map(str::to_owned)).take(most).collect())
}

/// The chance that a supported sentence scores above an unsupported one.
fn auroc(mut scored: Vec<(f32, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut at) = (0.0, 0);
    while at < scored.len() {
        let end = scored[at..].iter().take_while(|row| row.0 == scored[at].0).count() + at;
        let positives = scored[at..end].iter().filter(|row| row.1).count() as f64;
        ranks += (at + end + 1) as f64 / 2.0 * positives;
        at = end;
    }
    let positives = scored.iter().filter(|row| row.1).count() as f64;
    (ranks - positives * (positives + 1.0) / 2.0) / (positives * (scored.len() as f64 - positives))
}

/// The mean of the shares of supported and of unsupported rows that are taken for what they are.
fn balanced(scored: &[(f32, bool)]) -> f64 {
    let right = |label: bool| {
        let rows: Vec<f32> = scored.iter().filter(|row| row.1 == label).map(|row| row.0).collect();
        share(rows.iter().filter(|score| (**score >= SUPPORTED) == label).count(), rows.len())
    };
    (right(true) + right(false)) / 2.0
}

fn squad(root: &Path) -> Result<Value, Box<dyn Error>> {
    let collection = Collection::read(&root.join("squad2/corpus.jsonl"))?;
    let (mut right, mut given, mut possible, mut wrong, mut impossible) = (0, 0, 0, 0, 0);
    for line in lines(&root.join("squad2/qa.jsonl"))?.iter().step_by(4) {
        let question = line["question"].as_str().unwrap_or_default();
        let drafted = answer(question, &collection.search(question, 6));
        if line["answerable"] == true {
            possible += 1;
            given += usize::from(!drafted.abstained);
            let gold = line["answers"].as_array().map(Vec::as_slice).unwrap_or_default();
            let text = drafted.text.to_lowercase();
            right += usize::from(gold.iter().filter_map(Value::as_str).any(|gold| text.contains(&gold.to_lowercase())));
        } else {
            impossible += 1;
            wrong += usize::from(!drafted.abstained);
        }
    }
    Ok(json!({
        "answerable_answered": share(given, possible),
        "gold_in_answer": share(right, possible),
        "unanswerable_answered": share(wrong, impossible),
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args().nth(1).ok_or("usage: evidence_eval DIR")?;
    let root = Path::new(&root);
    let cranfield = Collection::read(&root.join("cranfield/corpus.jsonl"))?;
    let own = texts(&root.join("cranfield/queries.jsonl"), 500)?;
    let foreign = texts(&root.join("squad2/queries.jsonl"), 500)?;
    let mut support = serde_json::Map::new();
    for name in ["halueval_qa", "wice_dev", "begin_dev", "summedits_dev", "healthver_dev"] {
        let rows = lines(&root.join(format!("faithfulness/{name}.jsonl")))?;
        let scored = rows.iter().map(|row| {
            let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let (doc, chunk, title, text) = (String::new(), String::new(), String::new(), field("context"));
            let passages = [Passage { n: 1, doc, chunk, title, text }];
            let question = field("question");
            let read = Read { question: &question, passages: &passages, outputs: &[], searched: true };
            (weakest(&field("answer"), &read), row["label"] == 1)
        });
        let scored: Vec<(f32, bool)> = scored.collect();
        let balanced = balanced(&scored);
        support.insert(name.to_owned(), json!({"auroc": auroc(scored), "balanced_accuracy": balanced}));
    }
    let report = json!({
        "own_questions_answered": cranfield.answered(&own),
        "foreign_questions_answered": cranfield.answered(&foreign),
        "everyday_questions_answered": cranfield.answered(&EVERYDAY.map(str::to_owned)),
        "squad2": squad(root)?,
        "support": support,
    });
    println!("{report}");
    Ok(())
}
