//! `roundtable memory`: what is remembered, where it comes from, and how to be rid of it.

use std::io::Write;

use clap::{Args, Subcommand};
use roundtable_memory::{Forgotten, Kind, Memory, Record, RecordId, Why};

use super::engine::{Engine, of_memory};
use super::failure::{Failure, Outcome, Stop};
use super::out::{Out, tell};
use super::settings::Settings;
use crate::edge::plain::one_line;
use crate::repl::render;

/// Shows and forgets what is remembered
#[derive(Args, Clone, Debug)]
pub struct MemoryCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    /// Every fact that holds; with --all also replaced facts and the turns
    List {
        /// Replaced facts and episodes too
        #[arg(long)]
        all: bool,
    },
    /// What would be recalled for some words
    Search {
        /// The words
        #[arg(required = true)]
        words: Vec<String>,
        /// How many records
        #[arg(short, long, value_name = "N", default_value_t = 10)]
        k: usize,
    },
    /// Where a record comes from: the turn, what it replaced, what replaced it
    Why {
        /// A record's id, the beginning of one, or words
        #[arg(required = true)]
        target: Vec<String>,
    },
    /// Forgets for good: from the tables, the index and the old versions on disk
    Forget {
        /// A record's id, the beginning of one, or words that all stand in it
        #[arg(required = true)]
        target: Vec<String>,
        /// Only show what would be forgotten
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes every record as a JSON line
    Export {
        /// The file, or - for stdout
        #[arg(default_value = "-")]
        file: String,
    },
}

/// Runs `roundtable memory`.
pub fn run(command: MemoryCommand, settings: &Settings, out: &mut Out) -> Outcome {
    let engine = Engine::new(settings.clone())?;
    let memory = engine.memory()?;
    match command.action {
        Action::List { all } => {
            let mut records = engine.block_on(listed(&memory))?;
            records.retain(|record| all || (record.kind == Kind::Fact && record.current()));
            show(&records, out)
        }
        Action::Search { words, k } => show(&engine.block_on(recalled(&memory, &words.join(" "), k))?, out),
        Action::Why { target } => {
            let why = engine.block_on(reasons(&memory, &target.join(" ")))?;
            if out.json { out.json(&why) } else { out.text(&why_told(&why, out.terminal.width)) }
        }
        Action::Forget { target, dry_run: true } => {
            let target = engine.block_on(full_id(&memory, &target.join(" ")))?;
            let matching = engine.block_on(memory.matching(&target));
            show(&matching.map_err(|error| of_memory("cannot look that up", &error))?, out)
        }
        Action::Forget { target, .. } => {
            let gone = engine.block_on(forgotten(&memory, &target.join(" ")))?;
            if out.json { out.json(&gone) } else { out.line(&forgotten_told(&gone)) }
        }
        Action::Export { file } => export(&engine, &memory, &file),
    }
}

fn show(records: &[Record], out: &mut Out) -> Outcome {
    if out.json {
        return records.iter().try_for_each(|record| out.json(record));
    }
    if records.is_empty() {
        return out.line("nothing is remembered about that");
    }
    out.text(&told(records, out.terminal.width))
}

/// Every record, oldest first.
pub async fn listed(memory: &Memory) -> Outcome<Vec<Record>> {
    memory.records().await.map_err(|error| of_memory("the memory cannot be read", &error).into())
}

/// The `k` best records for some words.
pub async fn recalled(memory: &Memory, words: &str, k: usize) -> Outcome<Vec<Record>> {
    let found = memory.recall(words, k).await.map_err(|error| of_memory("the memory cannot be searched", &error))?;
    Ok(found.into_iter().map(|found| found.record).collect())
}

/// Why something is remembered; `target` is an id, the beginning of one, or words.
pub async fn reasons(memory: &Memory, target: &str) -> Outcome<Why> {
    let id = full_id(memory, target).await?;
    let known = listed(memory).await?.iter().any(|record| record.id.0 == id);
    let id = if known {
        id
    } else {
        // A fact tells more than the turn in which it was said.
        let mut found = recalled(memory, target, 10).await?;
        found.sort_by_key(|record| record.kind != Kind::Fact);
        let best = found.into_iter().next();
        let next = "`roundtable memory list` shows what there is";
        best.ok_or_else(|| Failure::failed("nothing is remembered about that", "", next))?.id.0
    };
    memory.why(&RecordId(id)).await.map_err(|error| of_memory("cannot say why", &error).into())
}

/// The whole id that begins so, if just one does; else what was given.
async fn full_id(memory: &Memory, target: &str) -> Outcome<String> {
    if target.len() < 6 || !target.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(target.to_owned());
    }
    let records = listed(memory).await?;
    let mut matching = records.iter().filter(|record| record.id.0.starts_with(target));
    match (matching.next(), matching.next()) {
        (Some(record), None) => Ok(record.id.0.clone()),
        _ => Ok(target.to_owned()),
    }
}

/// Forgets; it is a failure if nothing was there to forget.
pub async fn forgotten(memory: &Memory, target: &str) -> Outcome<Forgotten> {
    let target = full_id(memory, target).await?;
    let gone = memory.forget(&target).await.map_err(|error| of_memory("it was not forgotten", &error))?;
    if gone.facts + gone.episodes == 0 {
        let next = "`roundtable memory list --all` shows what there is";
        return Err(
            Failure::failed("nothing was forgotten", "nothing that is remembered holds all these words", next).into()
        );
    }
    Ok(gone)
}

/// What was forgotten, for people.
pub fn forgotten_told(gone: &Forgotten) -> String {
    format!("forgotten: {}, {}", render::count(gone.facts, "fact"), render::count(gone.episodes, "turn"))
}

/// Records for people, a paragraph each.
pub fn told(records: &[Record], width: usize) -> String {
    records
        .iter()
        .map(|record| {
            let id = record.id.0.get(..8).unwrap_or(&record.id.0);
            let state = match (record.kind, record.current()) {
                (Kind::Episode, _) => " (turn)",
                (Kind::Fact, true) => "",
                (Kind::Fact, false) => " (replaced)",
            };
            render::hanging(&format!("{id}  "), &format!("{}{state}", record.text), width)
        })
        .collect()
}

/// The story of a record, for people.
pub fn why_told(why: &Why, width: usize) -> String {
    let mut text = told(std::slice::from_ref(&why.record), width);
    let mut line =
        |label: &str, content: String| text.push_str(&render::hanging(&format!("  {label:<10}"), &content, width));
    let source = &why.record.provenance;
    let day = why.record.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    line("said", format!("{day}, conversation {}, turn {}, by {}", source.session, source.turn, source.speaker));
    if let Some(said) = &source.said {
        line("words", format!("“{said}”"));
    }
    if let Some(episode) = &why.episode {
        line("turn", format!("“{}”", one_line(&episode.text)));
    }
    for older in &why.replaced {
        line("replaced", older.text.clone());
    }
    if let Some(newer) = &why.replaced_by {
        line("now", newer.text.clone());
    }
    text
}

fn export(engine: &Engine, memory: &Memory, file: &str) -> Outcome {
    let mut bytes = Vec::new();
    let count =
        engine.block_on(memory.export(&mut bytes)).map_err(|error| of_memory("nothing was exported", &error))?;
    if file == "-" {
        std::io::stdout().write_all(&bytes).map_err(Stop::from)?;
    } else {
        std::fs::write(file, &bytes).map_err(|error| {
            Failure::failed(format!("cannot write `{file}`"), error.to_string(), "name another file")
        })?;
    }
    tell(&format!("{}\n", render::count(count, "record")));
    Ok(())
}
