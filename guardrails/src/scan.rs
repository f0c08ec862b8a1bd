//! Scanning texts line by line: what `guard scan --batch` does.

use crate::{
    doors::Doors,
    report::{Door, Finding, Verdict},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line that comes in; other keys are ignored.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    id: Value,
    text: String,
}

/// A line that goes out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scanned {
    /// The id of the line that came in.
    pub id: Value,
    /// What the door would do.
    pub verdict: Verdict,
    /// The highest score behind it, 0 to 1.
    pub score: f64,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Why a line could not be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line} is not a JSON object with `id` and `text`: {message}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What the parser says.
    pub message: String,
}

/// Scans one line `{"id", "text"}`.
pub fn scan(doors: &Doors, door: Door, number: usize, line: &str) -> Result<Scanned, BadLine> {
    let Asked { id, text } = serde_json::from_str(line)
        .map_err(|cause: serde_json::Error| BadLine { line: number, message: cause.to_string() })?;
    let report = doors.screen(door, &text);
    Ok(Scanned { id, verdict: report.verdict, score: report.score, findings: report.findings })
}

/// Scans one line and answers with one: `{"id", "verdict", "score", "findings"}`, or for a line that cannot be read
/// `{"error": {"kind": "bad_line", "message", "line"}}`.
///
/// ```
/// use roundtable_guardrails::{scan::scan_line, Door, Doors};
///
/// let doors = Doors::standard();
/// let out = scan_line(&doors, Door::User, 1, r#"{"id": "a", "text": "good morning"}"#);
/// assert_eq!(out, r#"{"id":"a","verdict":"pass","score":0.0,"findings":[]}"#);
/// assert!(scan_line(&doors, Door::User, 7, "{").contains(r#""line":7"#));
/// ```
pub fn scan_line(doors: &Doors, door: Door, number: usize, line: &str) -> String {
    match scan(doors, door, number, line) {
        Ok(scanned) => serde_json::to_string(&scanned).expect("strings and finite numbers always serialise"),
        Err(bad) => {
            serde_json::json!({"error": {"kind": "bad_line", "message": bad.to_string(), "line": bad.line}}).to_string()
        }
    }
}
