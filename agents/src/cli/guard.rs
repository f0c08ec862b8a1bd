//! `roundtable guard`: what the doors say about a text, or about a file of them.

use std::io::BufRead;

use clap::{Args, Subcommand};
use roundtable_guardrails::{Door, Doors, Report, Verdict};
use serde_json::{Map, Value, json};

use super::failure::Outcome;
use super::out::{Out, tell};
use super::{input, settings::Settings};
use crate::edge::plain::one_line;
use crate::repl::render;

/// Shows what may pass which door
#[derive(Args, Clone, Debug)]
pub struct Guard {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    /// Scans a text; with --batch, {"id", "text"} a line
    Scan {
        /// The door that the text comes to: user, document, tool, memory or output
        #[arg(long, default_value = "user", value_parser = door)]
        door: Door,
        /// The file, or - for stdin
        #[arg(default_value = "-")]
        file: String,
        /// Read JSON lines and write {"id", "verdict", "score", "findings"} for each; a line's own "door" goes before --door
        #[arg(long)]
        batch: bool,
    },
}

fn door(name: &str) -> Result<Door, String> {
    name.parse::<Door>().map_err(|error| error.to_string())
}

/// Runs `roundtable guard`.
pub fn run(guard: Guard, _: &Settings, out: &mut Out) -> Outcome {
    let doors = Doors::standard();
    let Action::Scan { door, file, batch } = guard.action;
    if batch {
        return scan_lines(&doors, door, &file, out);
    }
    let text = input::whole(&file)?;
    let report = doors.screen(door, &text);
    if out.json { out.json(&report) } else { out.text(&told(door, &report, out.terminal.width)) }
}

/// A report for people.
pub fn told(door: Door, report: &Report, width: usize) -> String {
    let mut text = format!("{} at the {door} door (score {:.2})\n", verdict(report.verdict), report.score);
    for finding in &report.findings {
        let excerpt = one_line(&finding.excerpt);
        let line = format!("{} {} ({:.2}): {} “{excerpt}”", finding.rail, finding.kind, finding.score, finding.note);
        text.push_str(&render::hanging("  - ", &line, width));
    }
    text
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passes",
        Verdict::Flag => "passes, flagged",
        Verdict::Block => "blocked",
    }
}

fn scan_lines(doors: &Doors, door: Door, file: &str, out: &mut Out) -> Outcome {
    let mut from = input::open(file)?;
    let mut counts = [0usize; 4];
    while let Some(line) = input::next_line(file, &mut *from as &mut dyn BufRead)? {
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        let answer = match line.and_then(|line| scan_line(doors, door, &line)) {
            Ok((answer, verdict)) => {
                counts[verdict as usize] += 1;
                answer
            }
            Err(why) => {
                counts[3] += 1;
                json!({"error": {"kind": "bad_line", "message": why}})
            }
        };
        out.json(&answer)?;
    }
    let [passed, flagged, blocked, bad] = counts;
    tell(&format!("{passed} pass, {flagged} flag, {blocked} block, {bad} bad lines\n"));
    Ok(())
}

fn scan_line(doors: &Doors, door: Door, line: &str) -> Result<(Value, Verdict), String> {
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let text = object.get("text").and_then(Value::as_str).ok_or("`text` is missing or no text")?;
    let door = match object.get("door").and_then(Value::as_str) {
        Some(name) => name.parse::<Door>().map_err(|error| error.to_string())?,
        None => door,
    };
    let report = doors.screen(door, text);
    let id = object.get("id").cloned().unwrap_or(Value::Null);
    let answer = json!({"id": id, "verdict": report.verdict, "score": report.score, "findings": report.findings});
    Ok((answer, report.verdict))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_keep_their_ids() {
        let doors = Doors::standard();
        let (answer, verdict) =
            scan_line(&doors, Door::User, r#"{"id": "a1", "text": "Cluster these points."}"#).unwrap();
        assert_eq!(verdict, Verdict::Pass);
        assert_eq!((&answer["id"], &answer["verdict"]), (&json!("a1"), &json!("pass")));
        assert!(answer["findings"].as_array().unwrap().is_empty());
    }

    #[test]
    fn a_bad_line_says_why() {
        let doors = Doors::standard();
        for (line, why) in
            [("[]", "invalid type"), ("{}", "`text` is missing"), (r#"{"text":"a","door":"x"}"#, "unknown door")]
        {
            let error = scan_line(&doors, Door::User, line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
