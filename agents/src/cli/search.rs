//! `roundtable search`: what the retriever would see.

use clap::Args;
use roundtable_memory::{Found, Memory, Mode};
use serde_json::json;

use super::engine::{Engine, of_memory};
use super::failure::{Failure, Outcome};
use super::out::{Out, tell};
use super::settings::Settings;
use crate::edge::plain::one_line;
use crate::repl::render::{self, Ink};

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
    let found = engine.block_on(find(&memory, &query, search.mode, search.k))?;
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

/// The `k` best passages in the order that an answer would use.
pub async fn find(memory: &Memory, query: &str, mode: Mode, k: usize) -> Outcome<Found> {
    memory.search(query, mode, k).await.map_err(|error| of_memory("the search failed", &error).into())
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
