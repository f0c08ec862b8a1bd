//! What a person waits for and what the program holds, with 1,400 documents: `cargo bench -p roundtable --bench start`.
//!
//! A line of JSON for each figure, of the real program with its built-in model. Times stand beside `version_ms`, the time of
//! `roundtable --version` in the same run, so that runs on different machines can be compared.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

#[path = "../tests/cli_chat/pty.rs"]
#[allow(clippy::unwrap_used, dead_code)]
mod pty;

type Trouble = Box<dyn Error>;

const DOCUMENTS: usize = 1_400;
const TIMES: usize = 11;

fn main() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let corpus = folder.path().join("buoys.jsonl");
    let line = |n: usize| json!({"id": format!("buoy-{n}"), "title": format!("Buoy {n}"), "text": buoy(n)}).to_string();
    std::fs::write(&corpus, (0..DOCUMENTS).map(line).collect::<Vec<_>>().join("\n"))?;
    let ingested = roundtable(folder.path()).arg("ingest").arg(&corpus).output()?;
    if !ingested.status.success() {
        return Err(String::from_utf8_lossy(&ingested.stderr).into_owned().into());
    }
    let version = median(|| finished(roundtable(folder.path()).arg("--version")))?;
    let tell = |figure: &str, mut value: Value| {
        value["figure"] = figure.into();
        value["documents"] = DOCUMENTS.into();
        value["version_ms"] = millis(version).into();
        println!("{value}");
    };

    let (mut waits, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let mut command = roundtable(folder.path());
        command.env("TERM", "xterm");
        let begin = Instant::now();
        let mut terminal = pty::Terminal::run(command);
        terminal.wait_for("›");
        waits.push(begin.elapsed());
        // What is set going beside the prompt counts too.
        std::thread::sleep(Duration::from_millis(500));
        resident.push(resident_kb(terminal.child.id())?);
    }
    waits.sort_unstable();
    resident.sort_unstable();
    tell("start_to_prompt", json!({"p50_ms": millis(waits[TIMES / 2]), "most_ms": millis(waits[TIMES - 1])}));
    tell("resident_memory_at_prompt", json!({"kb": resident[TIMES - 1]}));

    let ask = || finished(roundtable(folder.path()).args(["ask", "--json"]).arg(question(7)));
    tell("ask_process", json!({"p50_ms": millis(median(ask)?)}));
    chat(folder.path(), tell)
}

/// Turns of one conversation, after the first has loaded the weights of the embedding model.
fn chat(folder: &Path, tell: impl Fn(&str, Value)) -> Result<(), Trouble> {
    let mut command = roundtable(folder);
    let mut process = command.args(["chat", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut says = process.stdin.take().ok_or("it hears nothing")?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("it says nothing")?).lines();
    let mut turn = |n: usize| -> Result<Duration, Trouble> {
        let begin = Instant::now();
        writeln!(says, "{}", question(n))?;
        loop {
            let line: Value = serde_json::from_str(&lines.next().ok_or("the program ended")??)?;
            if line["type"] == "answer" {
                if line["citations"][0]["doc"] != format!("buoy-{n}") {
                    return Err(format!("a wrong answer: {line}").into());
                }
                return Ok(begin.elapsed());
            }
        }
    };
    let first = turn(7)?;
    tell("resident_memory_with_weights", json!({"kb": resident_kb(process.id())?, "first_turn_ms": millis(first)}));
    let mut asked = 100;
    let again = median(|| {
        asked += 1;
        turn(asked)
    })?;
    tell("turn_in_a_chat", json!({"p50_ms": millis(again)}));
    process.kill()?;
    process.wait()?;
    Ok(())
}

fn buoy(n: usize) -> String {
    let keepers = ["Asta", "Bror", "Cilla", "David", "Ebba", "Folke", "Greta"];
    format!("Buoy number {n} lies {} fathoms off the cape. Its keeper is {}.", n * 7, keepers[n % keepers.len()])
}

fn question(n: usize) -> String {
    format!("How many fathoms off the cape does buoy number {n} lie?")
}

/// The program, with its data in `folder` and its built-in model.
fn roundtable(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roundtable"));
    command.env("ROUNDTABLE_DATA_DIR", folder.join("data")).env("ROUNDTABLE_PROVIDER", "offline");
    command
}

/// How long the process takes, start and end included.
fn finished(command: &mut Command) -> Result<Duration, Trouble> {
    let begin = Instant::now();
    let output = command.output()?;
    let took = begin.elapsed();
    if output.status.success() { Ok(took) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}

fn median(mut measure: impl FnMut() -> Result<Duration, Trouble>) -> Result<Duration, Trouble> {
    let mut times = (0..TIMES).map(|_| measure()).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    Ok(times[TIMES / 2])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn resident_kb(process: u32) -> Result<u64, Trouble> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system does not tell")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}
