//! `roundtable scenario`: stories with faults, by hand.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::failure::{Blame, Failure, Outcome, Stop};
use super::out::Out;
use super::settings::Settings;
use crate::scenario::{self, LoadError, Report};

/// Play stories with faults, and see whether their promises hold
#[derive(Args, Debug)]
pub struct ScenarioCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Play files, or every `.yaml` file in folders; `--seed` overrides the files' own seeds
    Run(Run),
    /// Play what a log was written from, and see whether the events are the same
    Replay {
        /// The log
        log: PathBuf,
    },
    /// Print the JSON Schema of the files, for editors that check while one types
    Schema,
}

#[derive(Args, Debug)]
struct Run {
    /// Files or folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Play each story under so many seeds, counted from 0
    #[arg(long, value_name = "N", conflicts_with = "seed")]
    seeds: Option<u64>,
    /// Write the events of each story into this folder, a line of JSON each
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Write a report that CI systems read
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// The first line of a log: where it comes from.
#[derive(Serialize, Deserialize)]
struct Origin {
    scenario: PathBuf,
    seed: u64,
}

/// Plays what was asked for.
pub fn run(args: ScenarioCommand, settings: &Settings, out: &mut Out) -> Outcome {
    quiet_about_injected_panics();
    match args.what {
        What::Schema => {
            let schema = serde_json::to_string_pretty(&scenario::schema()).map_err(std::io::Error::from)?;
            out.line(&schema)
        }
        What::Run(run) => play(&run, settings.seed, out),
        What::Replay { log } => replay(&log, out),
    }
}

fn play(run: &Run, seed: Option<u64>, out: &mut Out) -> Outcome {
    let mut played: Vec<(PathBuf, Report)> = Vec::new();
    for path in &run.paths {
        for file in scenario::files(path).map_err(unusable)? {
            let story = scenario::load(&file).map_err(unusable)?;
            let seeds: Vec<Option<u64>> = run.seeds.map_or_else(|| vec![seed], |many| (0..many).map(Some).collect());
            for seed in seeds {
                let report = scenario::run(&story, seed);
                tell(&file, &report, out)?;
                if let Some(folder) = &run.log {
                    write_log(folder, &file, &report)?;
                }
                played.push((file.clone(), report));
            }
        }
    }
    let failed = played.iter().filter(|(_, report)| !report.passed()).count();
    if let Some(path) = &run.junit {
        std::fs::write(path, junit(&played)).map_err(|error| unwritable(path, &error))?;
    }
    if out.json {
        out.json(&json!({"type": "summary", "played": played.len(), "failed": failed}))?;
    } else {
        out.line(&format!("{} played, {failed} failed", played.len()))?;
    }
    if failed == 0 { Ok(()) } else { Err(Stop::Told(Blame::Failed)) }
}

fn tell(file: &Path, report: &Report, out: &mut Out) -> Outcome {
    if out.json {
        let replay = report.replay(file);
        return out.json(&json!({
            "type": "scenario", "file": file, "name": report.name, "seed": report.seed, "passed": report.passed(),
            "failures": report.failures, "strikes": report.strikes, "events": report.log.len(), "replay": replay,
        }));
    }
    let mark = if report.passed() { "ok    " } else { "FAILED" };
    out.line(&format!("{mark} {} (seed {}, {} faults struck)", report.name, report.seed, report.strikes))?;
    for failure in &report.failures {
        out.line(&format!("         {failure}"))?;
    }
    if report.passed() { Ok(()) } else { out.line(&format!("         again: {}", report.replay(file))) }
}

fn write_log(folder: &Path, file: &Path, report: &Report) -> Outcome {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = folder.join(format!("{name}-{}.jsonl", report.seed));
    let origin = serde_json::to_string(&Origin { scenario: file.to_owned(), seed: report.seed });
    let text = format!("{}\n{}\n", origin.map_err(std::io::Error::from)?, report.log.join("\n"));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| unwritable(&path, &error))
}

fn replay(log: &Path, out: &mut Out) -> Outcome {
    let text = std::fs::read_to_string(log).map_err(|error| {
        Failure::misused(
            format!("cannot read the log `{}`", log.display()),
            error.to_string(),
            "give a file that `--log` wrote",
        )
    })?;
    let mut lines = text.lines();
    let origin: Origin = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|error| {
        let what = format!("`{}` is no log of a scenario", log.display());
        Failure::misused(what, error.to_string(), "give a file that `roundtable scenario run --log DIR` wrote")
    })?;
    let story = scenario::load(&origin.scenario).map_err(unusable)?;
    let report = scenario::run(&story, Some(origin.seed));
    tell(&origin.scenario, &report, out)?;
    let before: Vec<&str> = lines.collect();
    let after: Vec<&str> = report.log.iter().map(String::as_str).collect();
    if before != after {
        let place = before.iter().zip(&after).position(|(a, b)| a != b).unwrap_or(before.len().min(after.len()));
        let what = format!("the events differ from line {} of the log on", place + 2);
        let why = format!(
            "then: {}; now: {}",
            before.get(place).copied().unwrap_or("nothing"),
            after.get(place).copied().unwrap_or("nothing")
        );
        return Err(Failure::failed(what, why, "the story or the program has changed since the log was written").into());
    }
    if report.passed() { Ok(()) } else { Err(Stop::Told(Blame::Failed)) }
}

/// A report in the form that CI systems read.
fn junit(played: &[(PathBuf, Report)]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let failed = played.iter().filter(|(_, report)| !report.passed()).count();
    let mut xml = format!("<testsuite name=\"scenarios\" tests=\"{}\" failures=\"{failed}\">\n", played.len());
    for (file, report) in played {
        let (file, name) = (escape(&file.display().to_string()), escape(&report.name));
        xml.push_str(&format!("  <testcase classname=\"{file}\" name=\"{name} (seed {})\">", report.seed));
        for failure in &report.failures {
            xml.push_str(&format!("<failure message=\"{}\"/>", escape(failure)));
        }
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite>\n");
    xml
}

/// A panic that a story injects is part of it: the actor's supervisor hears of it, stderr need not.
fn quiet_about_injected_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let injected = info.payload_as_str().is_some_and(|said| said.starts_with("injected"));
        if !injected {
            usual(info);
        }
    }));
}

fn unusable(error: LoadError) -> Stop {
    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    Failure::misused(error.to_string(), why, "`roundtable scenario schema` prints what a file may hold").into()
}

fn unwritable(path: &Path, error: &std::io::Error) -> Stop {
    Failure::failed(format!("cannot write `{}`", path.display()), error.to_string(), "name a place that can be written")
        .into()
}
