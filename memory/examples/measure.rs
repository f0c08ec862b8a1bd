//! Speed and quality on a judged collection: `cargo run -p roundtable-memory --release --example measure -- DIR`.
//!
//! DIR holds `corpus.jsonl` (`{"id", "title", "text"}` a line), `queries.jsonl` (`{"id", "text"}` a line) and `qrels.tsv`
//! (query, document, grade). Everything is kept in a folder of its own that is removed at the end. Prints one JSON object;
//! times are wall clock, `_ms` medians of all queries or of 20 tries.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use roundtable_guardrails::{Cleared, Door, Doors, Origin, Untrusted};
use roundtable_memory::error::BoxError;
use roundtable_memory::{Clock, Draft, Embedder, Memory, MiniLm, Mode, Progress, Provenance};
use serde_json::{Value, json};

/// Grades by document, for each query.
type Grades = HashMap<String, HashMap<String, f64>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [collection] = &arguments[..] else {
        eprintln!("usage: measure DIR");
        return ExitCode::from(2);
    };
    match measure(Path::new(collection)).await {
        Ok(report) => {
            println!("{report:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot measure `{collection}`: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(collection: &Path) -> Result<Value, BoxError> {
    let data = tempfile::tempdir()?;
    let model = MiniLm::new();
    let clock: Clock = Arc::new(Timestamp::now);
    let open = || Memory::open(data.path(), Arc::new(model.clone()), clock.clone());
    let corpus: Vec<PathBuf> = vec![collection.join("corpus.jsonl")];

    let start = Instant::now();
    let memory = open().await?;
    let created = seconds(start);
    let start = Instant::now();
    let report = memory.ingest(&corpus, &mut |_| {}).await?;
    let by_words = seconds(start);
    let before_weights = resident_mb();
    let start = Instant::now();
    let mut tell = |progress: Progress| {
        if let Progress::Embedding { done, total } = progress {
            eprint!("\r{done} of {total} vectors");
        }
    };
    let embedded = memory.embed_pending(&mut tell, &Arc::default()).await?.embedded;
    eprintln!();
    let by_meaning = seconds(start);
    let start = Instant::now();
    let again = memory.ingest(&corpus, &mut |_| {}).await?;
    let second = seconds(start);

    let mut opening = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        open().await?;
        opening.push(millis(start));
    }
    let queries = queries(&collection.join("queries.jsonl"))?;
    let grades = grades(&collection.join("qrels.tsv"))?;
    let mut one_text = Vec::new();
    for (_, query) in &queries {
        let start = Instant::now();
        model.embed(std::slice::from_ref(query)).await?;
        one_text.push(millis(start));
    }
    let mut modes = serde_json::Map::new();
    for (name, mode) in [("lexical", Mode::Lexical), ("dense", Mode::Dense), ("hybrid", Mode::Hybrid)] {
        let (mut times, mut gains) = (Vec::new(), Vec::new());
        for (id, query) in &queries {
            let start = Instant::now();
            let found = memory.search(query, mode, 30).await?;
            times.push(millis(start));
            let mut seen = HashSet::new();
            let docs = found.hits.iter().map(|hit| hit.chunk.inspect().doc.clone());
            let docs: Vec<String> = docs.filter(|doc| seen.insert(doc.clone())).collect();
            gains.extend(grades.get(id).map(|grades| ndcg(&docs, grades)));
        }
        let mean = gains.iter().sum::<f64>() / gains.len().max(1) as f64;
        let row = json!({"ndcg@10": mean, "median_ms": at(&mut times, 0.5), "p99_ms": at(&mut times, 0.99)});
        modes.insert(name.to_owned(), row);
    }
    let (mut one_record, mut hundred_records, mut recall) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..20 {
        let start = Instant::now();
        memory.remember(episode(&format!("alone {n}"))?).await?;
        one_record.push(millis(start));
        let drafts: Result<Vec<_>, BoxError> = (0..100).map(|m| episode(&format!("together {n} {m}"))).collect();
        let start = Instant::now();
        memory.remember_all(drafts?).await?;
        hundred_records.push(millis(start));
        let start = Instant::now();
        memory.recall("what was said together?", 5).await?;
        recall.push(millis(start));
    }
    Ok(json!({
        "documents": report.added, "chunks": report.chunks, "vectors": embedded, "quarantined": report.quarantined.len(),
        "create_s": created, "searchable_by_words_s": by_words, "vectors_complete_s": by_meaning,
        "second_ingest_s": second, "nothing_changed": again.nothing_changed(),
        "open_ms": at(&mut opening, 0.5), "embed_query_ms": at(&mut one_text, 0.5), "search": modes,
        "remember_one_ms": at(&mut one_record, 0.5), "remember_hundred_ms": at(&mut hundred_records, 0.5),
        "recall_ms": at(&mut recall, 0.5),
        "resident_mb": {"before_weights": before_weights, "at_the_end": resident_mb()},
    }))
}

fn episode(words: &str) -> Result<Cleared<Draft>, BoxError> {
    let provenance = Provenance { session: "measure".into(), turn: words.into(), speaker: "user".into(), said: None };
    let draft = Draft::Episode { text: format!("The person said {words}."), provenance };
    Ok(Doors::standard()
        .admit(Door::Memory, Untrusted::new(draft, Origin::User))
        .map_err(|refusal| refusal.to_string())?)
}

/// Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002: the gain is the grade.
fn ndcg(docs: &[String], grades: &HashMap<String, f64>) -> f64 {
    let discounted = |gains: &[f64]| -> f64 {
        gains.iter().take(10).enumerate().map(|(place, gain)| gain / (place as f64 + 2.0).log2()).sum()
    };
    let found: Vec<f64> = docs.iter().map(|doc| grades.get(doc).copied().unwrap_or_default()).collect();
    let mut ideal: Vec<f64> = grades.values().copied().collect();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let most = discounted(&ideal);
    if most > 0.0 { discounted(&found) / most } else { 0.0 }
}

fn queries(path: &Path) -> Result<Vec<(String, String)>, BoxError> {
    let text = std::fs::read_to_string(path)?;
    let read = |line: &str| -> Result<(String, String), BoxError> {
        let value: Value = serde_json::from_str(line)?;
        let field = |name: &str| value[name].as_str().map(str::to_owned).ok_or(format!("a query has no `{name}`"));
        Ok((field("id")?, field("text")?))
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
}

fn grades(path: &Path) -> Result<Grades, BoxError> {
    let mut grades = Grades::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let [query, doc, grade] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` is not query, document and grade").into());
        };
        // A heading has no number.
        if let Ok(grade) = grade.parse::<f64>() {
            grades.entry(query.to_owned()).or_default().insert(doc.to_owned(), grade.max(0.0));
        }
    }
    Ok(grades)
}

fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// The value at a share of the sorted list.
fn at(times: &mut [f64], share: f64) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(((times.len().max(1) - 1) as f64 * share).round() as usize).copied()
}

/// Resident memory, where the system tells it.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1024.0)
}
