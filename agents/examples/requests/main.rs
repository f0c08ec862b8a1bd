//! Runs a file of requests through the built-in model and says which are understood, and how fast.
//!
//! `cargo run -p roundtable --example requests -- FILE`: a JSON line for each request, and a summary at the end.

use std::io::{BufWriter, Write};
use std::time::Instant;

use roundtable::offline::Offline;
use roundtable_tools::Catalogue;
use serde_json::json;

mod score;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("give the file of requests, a JSON object a line")?;
    let content = std::fs::read_to_string(&file)?;
    let catalogue = Catalogue::standard()?;
    let offline = Offline::new(&catalogue);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut judged, mut right, mut total) = (0, 0, 0);
    let mut micros: Vec<f64> = Vec::new();
    for line in content.lines().filter(|line| !line.trim().is_empty()) {
        let expected: score::Expected = serde_json::from_str(line)?;
        let scored = score::score(&offline, &catalogue, &expected);
        // The least of three: other programs may hold the processor in between.
        let timed = || {
            let began = Instant::now();
            score::score(&offline, &catalogue, &expected);
            began.elapsed().as_secs_f64() * 1e6
        };
        micros.push((0..3).map(|_| timed()).fold(f64::INFINITY, f64::min));
        total += 1;
        judged += usize::from(scored.judged);
        right += usize::from(scored.judged && scored.right);
        let line = json!({"id": expected.id, "right": scored.right, "judged": scored.judged, "text": expected.text, "kind": expected.kind, "did": scored.did});
        writeln!(out, "{line}")?;
    }
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize).copied().unwrap_or_default().round();
    let summary = json!({"requests": total, "judged": judged, "right": right, "p50_us": at(0.5), "p99_us": at(0.99)});
    writeln!(out, "{summary}")?;
    Ok(())
}
