//! `roundtable doctor`: what works here, what does not, and what to do.
//!
//! Each check looks at one part and says how it is in a line. A part that is not needed (a model server, pictures in the
//! terminal) is told and is no failure; the exit status is 1 when something is broken that a conversation needs.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use roundtable_memory::{Embedder, Memory, Mode};
use serde::Serialize;
use serde_json::json;

use super::engine::Engine;
use super::failure::{Blame, Outcome, Stop};
use super::out::Out;
use super::settings::Settings;
use super::tool;
use crate::edge::picture;
use crate::edge::plain::one_line;
use crate::edge::terminal::Terminal;
use crate::journal;
use crate::repl::render::{self, Ink};

/// Says what works here, what does not, and what to do
#[derive(Args, Clone, Copy, Debug)]
pub struct Doctor {}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It works.
    Works,
    /// It is not there, and nothing needs it.
    Absent,
    /// It is needed, and it does not work.
    Broken,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Found {
    part: &'static str,
    state: State,
    /// How it is, for a person.
    what: String,
    /// What to do about it; empty where there is nothing to do.
    next: String,
}

impl Found {
    fn works(part: &'static str, what: impl Into<String>) -> Self {
        Self { part, state: State::Works, what: what.into(), next: String::new() }
    }

    fn absent(part: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { part, state: State::Absent, what: what.into(), next: next.into() }
    }

    fn broken(part: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { part, state: State::Broken, what: what.into(), next: next.into() }
    }

    fn told(&self, ink: Ink, width: usize) -> String {
        let mark = match self.state {
            State::Works => "ok",
            State::Absent => "--",
            State::Broken => "!!",
        };
        let line = render::hanging(&format!("{mark} {:<12}", self.part), &self.what, width);
        let line = if self.state == State::Broken { ink.red(line.trim_end()) + "\n" } else { line };
        if self.next.is_empty() { line } else { line + &render::hanging("               → ", &self.next, width) }
    }
}

/// Runs `roundtable doctor`.
pub fn run(_: Doctor, settings: &Settings, out: &mut Out) -> Outcome {
    let engine = Engine::new(settings.clone())?;
    let mut broken = false;
    let mut tell = |found: Found| -> Outcome {
        broken |= found.state == State::Broken;
        if out.json {
            let mut line = serde_json::to_value(&found).map_err(std::io::Error::from)?;
            line["type"] = json!("check");
            return out.json(&line);
        }
        let told = found.told(Ink { color: out.terminal.color }, out.terminal.width);
        out.text(&told)
    };
    tell(folder("data folder", settings.folder()))?;
    tell(folder("journal", settings.journal()))?;
    let memory = engine.memory();
    match &memory {
        Ok(memory) => {
            for found in engine.block_on(remembers(memory)) {
                tell(found)?;
            }
            tell(engine.block_on(embeds(&**memory.embedder())))?;
        }
        Err(stop) => tell(stopped("memory", stop))?,
    }
    tell(answers(&engine))?;
    tell(talks(&engine))?;
    tell(calculates())?;
    tell(conversations(settings))?;
    tell(shows(&Terminal::detect()))?;
    tell(draws())?;
    engine.end();
    if broken { Err(Stop::Told(Blame::Failed)) } else { Ok(()) }
}

/// A command's failure as a finding.
fn stopped(part: &'static str, stop: &Stop) -> Found {
    match stop {
        Stop::Failed(failure) => {
            let why = if failure.why.is_empty() { String::new() } else { format!(": {}", one_line(&failure.why)) };
            Found::broken(part, format!("{}{why}", failure.what), failure.next.clone())
        }
        Stop::Told(_) | Stop::Unread => Found::broken(part, "it does not work", ""),
    }
}

/// Whether a file can be written there.
fn folder(part: &'static str, folder: Outcome<std::path::PathBuf>) -> Found {
    let folder = match folder {
        Ok(folder) => folder,
        Err(stop) => return stopped(part, &stop),
    };
    match try_to_write(&folder) {
        Ok(()) => Found::works(part, folder.display().to_string()),
        Err(error) => {
            let what = format!("cannot write to `{}`: {error}", folder.display());
            Found::broken(
                part,
                what,
                "choose another folder with `--data-dir`, or check its permissions and free space",
            )
        }
    }
}

fn try_to_write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&probe, "roundtable doctor was here")?;
    std::fs::remove_file(&probe)
}

async fn remembers(memory: &Memory) -> Vec<Found> {
    let began = Instant::now();
    let searched = memory.search("what is roundtable", Mode::Lexical, 1).await;
    let took = began.elapsed();
    let stats = match (memory.stats().await, searched) {
        (Ok(stats), Ok(_)) => stats,
        (Err(error), _) | (_, Err(error)) => {
            return vec![stopped("memory", &super::engine::of_memory("it cannot be searched", &error).into())];
        }
    };
    let documents = if stats.documents == 0 {
        let next = "`roundtable ingest PATH` takes in your own";
        Found::absent("documents", "none yet; roundtable answers from its own notes", next)
    } else {
        let (documents, chunks) = (render::count(stats.documents, "document"), render::count(stats.chunks, "passage"));
        let kept_out = match stats.quarantined {
            0 => String::new(),
            n => format!(", {n} of them kept out of search by the document door"),
        };
        Found::works("documents", format!("{documents}, {chunks}{kept_out}"))
    };
    let records = format!(
        "{} and {}; a search takes {}",
        render::count(stats.facts, "fact"),
        render::count(stats.episodes, "turn"),
        millis(took)
    );
    let all = stats.chunks - stats.quarantined.min(stats.chunks) + stats.facts + stats.episodes;
    let vectors = if stats.vectors < all {
        let what = format!("{} of {all}; the rest is found by its words only", stats.vectors);
        Found::absent("vectors", what, "`roundtable ingest` makes the missing ones")
    } else {
        Found::works("vectors", render::count(stats.vectors, "vector"))
    };
    vec![Found::works("memory", records), documents, vectors]
}

async fn embeds(embedder: &dyn Embedder) -> Found {
    let began = Instant::now();
    match embedder.embed(&["a sentence".to_owned()]).await {
        Ok(_) => {
            let what = format!("{}: the first vector took {}", embedder.id(), millis(began.elapsed()));
            Found::works("meaning", what)
        }
        Err(error) => {
            let next = error.hint().unwrap_or_default();
            Found::broken("meaning", crate::causes::chain(&error), next)
        }
    }
}

fn answers(engine: &Engine) -> Found {
    match engine.chosen() {
        Ok(choice) if choice.model.id() == crate::offline::ID => {
            let next = "set OPENAI_API_KEY, OPENAI_BASE_URL or OLLAMA_HOST, or start Ollama, for a language model";
            Found::absent("model", format!("the embedded one answers: {}", one_line(&choice.why)), next)
        }
        Ok(choice) => Found::works("model", format!("{}: {}", choice.model.id(), one_line(&choice.why))),
        Err(stop) => stopped("model", &stop),
    }
}

fn talks(engine: &Engine) -> Found {
    match engine.table() {
        Ok(table) => Found::works("table", format!("{} at work", render::count(table.actors().len(), "shared actor"))),
        Err(stop) => stopped("table", &stop),
    }
}

fn calculates() -> Found {
    match tool::standard() {
        Ok(catalogue) => Found::works("tools", format!("{}, every schema holds", catalogue.iter().count())),
        Err(stop) => stopped("tools", &stop),
    }
}

fn conversations(settings: &Settings) -> Found {
    let listed = settings.journal().map(|folder| journal::sessions(&folder));
    match listed {
        Ok(Ok(known)) => Found::works("talks", format!("{} to resume", render::count(known.len(), "conversation"))),
        Ok(Err(error)) => Found::broken("talks", crate::causes::chain(&error), "check the permissions of the folder"),
        Err(stop) => stopped("talks", &stop),
    }
}

fn shows(terminal: &Terminal) -> Found {
    if !terminal.output {
        return Found::absent("terminal", "stdout is no terminal: plain text, no colours", "");
    }
    let color = if terminal.color { "colours" } else { "no colours" };
    let pictures = terminal.pictures.map_or("no pictures (they are saved as files)", |how| how.name());
    Found::works("terminal", format!("{} columns, {color}, {pictures}", terminal.width))
}

fn draws() -> Found {
    const PROBE: &str =
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text x="2" y="15">Ag</text></svg>"#;
    const BLANK: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"></svg>"#;
    match (picture::png(PROBE, 1.0), picture::png(BLANK, 1.0)) {
        (Ok(drawn), Ok(blank)) if drawn == blank => Found::broken("pictures", "drawn without letters", ""),
        (Ok(_), Ok(_)) => Found::works("pictures", "saved as SVG and PNG"),
        (Err(error), _) | (_, Err(error)) => Found::broken("pictures", crate::causes::chain(&error), ""),
    }
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_is_said_so() {
        let place = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(folder("journal", Ok(place.path().join("a"))).state, State::Works);
        std::fs::write(place.path().join("file"), "").expect("a fresh folder");
        let found = folder("journal", Ok(place.path().join("file")));
        assert_eq!(found.state, State::Broken);
        assert!(found.next.contains("--data-dir"));
    }

    #[test]
    fn a_finding_is_a_line_and_its_advice_another() {
        let found = Found::absent("model", "the embedded one answers", "start a server");
        let told = found.told(Ink { color: false }, 80);
        assert_eq!(told, "-- model       the embedded one answers\n               → start a server\n");
    }
}
