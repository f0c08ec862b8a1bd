//! `roundtable search`: what the retriever would see.

use std::collections::HashMap;

use clap::Args;
use roundtable_memory::{Found, Hit, Memory, Mode};
use serde_json::json;

use super::engine::{Engine, of_memory};
use super::failure::{Failure, Outcome};
use super::out::{Out, tell};
use super::settings::{Rerank, Settings};
use crate::edge::plain::one_line;
use crate::evidence::Passage;
use crate::evidence::rerank::rerank;
use crate::repl::render::{self, Ink};
use crate::table::WIDE;

/// Searches the documents as the retriever does
#[derive(Args, Clone, Debug)]
pub struct Search {
    /// What to search for
    #[arg(required = true)]
    words: Vec<String>,
    /// By shared words, by meaning, or both: lexical, dense or hybrid
    #[arg(long, default_value = "hybrid", value_parser = |name: &str| name.parse::<Mode>())]
    mode: Mode,
    /// How many passages
    #[arg(short, long, value_name = "N", default_value_t = 10)]
    k: usize,
}

/// Runs `roundtable search`.
pub fn run(search: Search, settings: &Settings, out: &mut Out) -> Outcome {
    let query = search.words.join(" ");
    if query.trim().is_empty() {
        return Err(Failure::misused("search for what?", "the words are empty", "give at least one word").into());
    }
    let engine = Engine::new(settings.clone())?;
    let memory = engine.memory()?;
    let found = engine.block_on(find(&memory, &query, search.mode, search.k, settings.rerank))?;
    if let Some(why) = &found.degraded {
        tell(&format!("degraded: {}\n", one_line(why)));
    }
    if !out.json {
        return out.text(&told(&found, Ink { color: out.terminal.color }, out.terminal.width));
    }
    found.hits.iter().enumerate().try_for_each(|(at, hit)| {
        let chunk = hit.chunk.inspect();
        out.json(&json!({
            "rank": at + 1,
            "doc": chunk.doc,
            "chunk": chunk.id,
            "title": chunk.title,
            "score": hit.score,
            "lexical": hit.lexical,
            "dense": hit.dense,
            "text": chunk.text,
        }))
    })
}

/// The `k` best passages: in the retriever's order, unless the reranker's is asked for, which has more than `k` to choose from.
pub async fn find(memory: &Memory, query: &str, mode: Mode, k: usize, rerank: Option<Rerank>) -> Outcome<Found> {
    let by_words = rerank == Some(Rerank::Words);
    let found = memory.search(query, mode, if by_words { k.max(WIDE) } else { k }).await;
    let mut found = found.map_err(|error| of_memory("the search failed", &error))?;
    if by_words {
        found.hits = reranked(query, found.hits);
        found.hits.truncate(k);
    }
    Ok(found)
}

/// The hits as the reranker orders them, with its scores.
fn reranked(query: &str, hits: Vec<Hit>) -> Vec<Hit> {
    // Reading is allowed: the words order the passages and instruct nobody.
    let passages = hits.iter().map(|hit| (Passage::of(hit.chunk.inspect()), hit.score)).collect();
    let mut hits: HashMap<String, Hit> = hits.into_iter().map(|hit| (hit.chunk.inspect().id.clone(), hit)).collect();
    let ordered = rerank(query, passages).into_iter();
    ordered.filter_map(|(passage, score)| Some(Hit { score, ..hits.remove(&passage.chunk)? })).collect()
}

/// Passages for people.
pub fn told(found: &Found, ink: Ink, width: usize) -> String {
    if found.hits.is_empty() {
        return "nothing found\n".to_owned();
    }
    let mut text = String::new();
    for (at, hit) in found.hits.iter().enumerate() {
        let chunk = hit.chunk.inspect();
        let head = format!("{:>3}. ", at + 1);
        let title = one_line(&chunk.title);
        let name = if title.is_empty() { one_line(&chunk.doc) } else { format!("{} · {title}", one_line(&chunk.doc)) };
        let line = render::short(&format!("{name}  ({:.3})", hit.score), width.saturating_sub(head.len()));
        text.push_str(&format!("{head}{}\n", ink.bold(&line)));
        let passage = render::short(&chunk.text, width.saturating_sub(5).max(20) * 2);
        text.push_str(&ink.dim_lines(&render::hanging("     ", &passage, width)));
    }
    text
}

#[cfg(test)]
mod tests {
    use roundtable_guardrails::{Origin, Untrusted};
    use roundtable_memory::Chunk;

    use super::*;

    #[test]
    fn reranked_hits_keep_what_found_them_and_have_the_new_order_and_scores() {
        let hit = |doc: &str, text: &str, score| {
            let chunk = Chunk {
                id: Chunk::id_of(doc, 0),
                doc: doc.into(),
                title: String::new(),
                text: text.into(),
                start: 0,
                end: text.len(),
                position: 0,
                metadata: Default::default(),
                trust: Default::default(),
            };
            let origin = Origin::Document { doc: doc.into(), chunk: chunk.id.clone() };
            Hit { chunk: Untrusted::new(chunk, origin), score, lexical: Some(score * 10.0), dense: None }
        };
        let hits = vec![
            hit("a", "the wing of the aircraft", 0.52),
            hit("b", "flutter of the wing", 0.5),
            hit("c", "a wing", 0.1),
        ];
        let ordered = reranked("wing flutter", hits);
        let docs: Vec<&str> = ordered.iter().map(|hit| hit.chunk.inspect().doc.as_str()).collect();
        assert_eq!(docs, ["b", "a", "c"]);
        assert_eq!(ordered[0].lexical, Some(5.0));
        assert!(ordered[0].score > ordered[1].score && ordered[1].score > ordered[2].score);
    }
}
