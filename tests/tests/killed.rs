//! `kill -9` of a real process at each step of a turn with an effect: the next process ends the turn as if nothing had happened.
//!
//! The program starts itself as the process that is killed. That one plays the turn (journal and LanceDB in a folder) up to the
//! n-th point that the table asks its probe about, says where it is, and waits there for its death. Then it is started again
//! and takes the turn up. Where a record had just been appended, half of it is cut off first, as a crash in mid-write leaves it.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use roundtable::answer::Answer;
use roundtable::fault::{Action, Point, Probe};
use roundtable::journal;
use roundtable::model::scripted::Scripted;
use roundtable::table::{Config, Table, effects};
use roundtable_memory::{HashEmbedder, Kind, Memory};
use roundtable_tools::Catalogue;
use serde_json::{Value, json};

const QUESTION: &str = "Save a note titled shopping: milk and bread";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let done = match args.get(1).map(String::as_str) {
        Some("--life") => live(Path::new(&args[2]), args[3].parse().ok()),
        _ => every_point(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("killed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Kills at each point of the turn and compares with the turn that was left alone.
fn every_point() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let whole = uninterrupted(&folder.path().join("whole"))?;
    if whole != json!({"answer": "I have saved the note.", "degraded": [], "notes": 1, "episodes": 1}) {
        return Err(format!("the turn that nobody kills ended otherwise: {whole}").into());
    }
    let mut places = Vec::new();
    for point in 0.. {
        let folder = folder.path().join(point.to_string());
        let Some(place) = kill_at(&folder, point)? else { break };
        let torn = place.starts_with("Appended") && tear(&folder)?;
        let resumed = uninterrupted(&folder).map_err(|error| format!("killed at {place}: {error}"))?;
        if resumed != whole {
            return Err(format!("killed at {place} (torn: {torn}): {resumed}, uninterrupted {whole}").into());
        }
        places.push(if torn { format!("{place}, torn") } else { place });
    }
    // Every record of the journal, before and after it is written, and every role on the way.
    let names: BTreeSet<&str> = places.iter().flat_map(|place| place.split('"').skip(1).step_by(2)).collect();
    for name in
        ["ask", "asked", "plan", "complete", "replied", "intended", "run", "returned", "answered", "episode", "kept"]
    {
        if !names.contains(name) {
            return Err(format!("the turn never came by `{name}`; it came by {places:#?}").into());
        }
    }
    println!("killed at {} points, one effect and one answer each", places.len());
    Ok(())
}

fn life(folder: &Path, stop_at: &str) -> Outcome<Command> {
    fs::create_dir_all(folder)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--life").arg(folder).arg(stop_at).stdout(Stdio::piped());
    Ok(command)
}

/// A life to its natural end: a new session, or the one that is in the folder.
fn uninterrupted(folder: &Path) -> Outcome<Value> {
    let output = life(folder, "never")?.output()?;
    if !output.status.success() {
        return Err(format!("the process ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Kills a new process at its n-th point. Gives the point, or nothing if the turn has fewer.
fn kill_at(folder: &Path, point: usize) -> Outcome<Option<String>> {
    let mut process = life(folder, &point.to_string())?.spawn()?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("it has no output")?).lines();
    let said = lines.next().transpose()?.unwrap_or_default();
    process.kill()?;
    process.wait()?;
    match said.strip_prefix("at ") {
        Some(place) => Ok(Some(place.to_owned())),
        None if said.starts_with('{') => Ok(None),
        None => Err(format!("the process said `{said}`").into()),
    }
}

/// Cuts the journal's last record in half.
fn tear(folder: &Path) -> Outcome<bool> {
    let folder = folder.join("journal");
    let session = journal::sessions(&folder)?.pop().ok_or("there is no journal")?;
    let path = folder.join(session).with_extension("jsonl");
    let text = fs::read_to_string(&path)?;
    let begin = text.trim_end().rfind('\n').ok_or("the journal has one line")?;
    fs::write(&path, &text[..begin + (text.len() - begin) / 2])?;
    Ok(true)
}

/// Stops the process at a point of the turn, for good.
#[derive(Debug, Default)]
struct Stop {
    armed: AtomicBool,
    reached: AtomicUsize,
    at: Option<usize>,
}

impl Probe for Stop {
    fn at(&self, point: Point<'_>) -> Action {
        if self.armed.load(Ordering::SeqCst) && Some(self.reached.fetch_add(1, Ordering::SeqCst)) == self.at {
            println!("at {point:?}");
            loop {
                std::thread::park();
            }
        }
        Action::Continue
    }
}

/// The process that may be killed.
#[tokio::main(worker_threads = 2)]
async fn live(folder: &Path, at: Option<usize>) -> Outcome<()> {
    let script = json!([
        {"when": "shopping-", "text": "I have saved the note.", "always": true},
        {"call": {"name": "save_note", "args": {"title": "shopping", "text": "milk and bread"}}, "always": true}
    ]);
    let notes: PathBuf = folder.join("notes");
    let probe = Arc::new(Stop { at, ..Stop::default() });
    let mut config = Config::new(Arc::new(Scripted::new(serde_json::from_value(script)?)?));
    let memory = Memory::open(&folder.join("memory"), Arc::new(HashEmbedder::new(64)), config.clock.clone()).await?;
    config.memory = Some(memory.clone());
    config.catalogue = effects::with_notes(Catalogue::standard()?, notes.clone())?;
    config.journal = Some(folder.join("journal"));
    config.probe = probe.clone();
    let earlier = journal::sessions(&folder.join("journal"))?.pop();
    let table = Table::start(config).await?;
    let session = table.open(earlier.as_deref()).await?;
    probe.armed.store(true, Ordering::SeqCst);
    let answer = match session.resumed() {
        Some(turn) => turn.answer().await?,
        // Either nothing was asked yet, or everything was answered.
        None => match session.history().last() {
            None => session.ask(QUESTION).await?.answer().await?,
            Some(last) => Answer { text: last.content.clone(), ..Default::default() },
        },
    };
    session.settled().await;
    session.close().await;
    table.stop().await;
    let episodes = memory.records().await?.iter().filter(|record| record.kind == Kind::Episode).count();
    let saved = fs::read_dir(&notes)?.filter(|entry| entry.as_ref().is_ok_and(|entry| is_note(&entry.path()))).count();
    let end = json!({"answer": answer.text, "degraded": answer.degraded, "notes": saved, "episodes": episodes});
    writeln!(std::io::stdout(), "{end}")?;
    Ok(())
}

fn is_note(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}
