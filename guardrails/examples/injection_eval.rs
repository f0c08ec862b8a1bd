//! Measures the doors on labelled texts.
//!
//! ```sh
//! cargo run -p roundtable-guardrails --release --example injection_eval -- FILE [--door user|document|…] [--wrong N]
//! ```
//!
//! FILE holds one JSON object a line with `text`, `label` (`benign` or `injection`), `kind` and `source`. One JSON object
//! is printed: for each kind and each source how many texts there are and what share was blocked, and flagged or
//! blocked. `--wrong N` also prints up to N texts of each kind that were judged wrongly, to stderr.

use roundtable_guardrails::{Door, Doors, Verdict};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::{self, Write},
    time::Instant,
};

#[derive(Deserialize)]
struct Row {
    text: String,
    label: String,
    kind: String,
    source: String,
}

#[derive(Default, Serialize)]
struct Tally {
    texts: usize,
    blocked: usize,
    flagged_or_blocked: usize,
    share_blocked: f64,
    share_flagged_or_blocked: f64,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        self.texts += 1;
        self.blocked += usize::from(verdict == Verdict::Block);
        self.flagged_or_blocked += usize::from(verdict >= Verdict::Flag);
        self.share_blocked = self.blocked as f64 / self.texts as f64;
        self.share_flagged_or_blocked = self.flagged_or_blocked as f64 / self.texts as f64;
    }
}

#[derive(Serialize)]
struct Summary {
    door: Door,
    labels: BTreeMap<String, Tally>,
    kinds: BTreeMap<String, Tally>,
    sources: BTreeMap<String, Tally>,
    /// The share of injections scored above all but one in a hundred of the benign texts, and that score.
    recall_at_one_percent: f64,
    score_at_one_percent: f64,
    microseconds_per_text: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut file, mut door, mut wrong) = (None, Door::User, 0);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--door" => door = arguments.next().ok_or("--door needs a name")?.parse()?,
            "--wrong" => wrong = arguments.next().ok_or("--wrong needs a number")?.parse()?,
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or("usage: injection_eval FILE [--door NAME] [--wrong N]")?;
    let rows: Vec<Row> = fs::read_to_string(&file)
        .map_err(|cause| format!("cannot read `{file}`: {cause}"))?
        .lines()
        .enumerate()
        .map(|(n, line)| serde_json::from_str(line).map_err(|cause| format!("{file}, line {}: {cause}", n + 1)))
        .collect::<Result<_, _>>()?;

    let doors = Doors::standard();
    let mut summary = Summary {
        door,
        labels: BTreeMap::new(),
        kinds: BTreeMap::new(),
        sources: BTreeMap::new(),
        recall_at_one_percent: 0.0,
        score_at_one_percent: 0.0,
        microseconds_per_text: 0.0,
    };
    let (mut benign, mut injected) = (Vec::new(), Vec::new());
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    let start = Instant::now();
    for row in &rows {
        let report = doors.screen(door, &row.text);
        if row.label == "benign" { &mut benign } else { &mut injected }.push(report.score);
        summary.labels.entry(row.label.clone()).or_default().add(report.verdict);
        summary.kinds.entry(row.kind.clone()).or_default().add(report.verdict);
        summary.sources.entry(format!("{} ({})", row.source, row.label)).or_default().add(report.verdict);
        let mistaken = (row.label == "injection") != (report.verdict == Verdict::Block);
        let shown = shown.entry(row.kind.clone()).or_default();
        if mistaken && *shown < wrong {
            *shown += 1;
            let text: String = row.text.chars().take(400).collect();
            let found: Vec<String> = report
                .findings
                .iter()
                .map(|found| format!("{} {} {:.2} {:?}", found.rail, found.kind, found.score, found.excerpt))
                .collect();
            eprintln!(
                "{} {} {:.2} {}\n    {text:?}\n    {}",
                row.kind,
                row.source,
                report.score,
                row.label,
                found.join("\n    ")
            );
        }
    }
    summary.microseconds_per_text = start.elapsed().as_secs_f64() * 1e6 / rows.len().max(1) as f64;
    benign.sort_by(f64::total_cmp);
    summary.score_at_one_percent = benign.get(benign.len() * 99 / 100).copied().unwrap_or(1.0);
    let above = injected.iter().filter(|score| **score > summary.score_at_one_percent).count();
    summary.recall_at_one_percent = above as f64 / injected.len().max(1) as f64;
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&summary)?)?;
    Ok(())
}
