//! The doors: which rails stand at each, and what happens when one of them sees something.
//!
//! A door is a list of rows: a rail, the score from which a text is flagged, the score from which it is blocked, and
//! whether what the rail would change is changed in the text that passes. Thresholds differ because the texts differ:
//! a person may talk *about* an attack, a document has no business giving orders.

use crate::{
    rails::{Rail, Saw, Sight, Text, budget, injection},
    report::{Door, Finding, Refusal, Report, Verdict},
    trust::{Cleared, Untrusted},
};
use serde_json::Value;
use std::{borrow::Cow, ops::Range};

/// One rail at one door.
#[derive(Debug, Clone, Copy)]
struct Row {
    rail: Rail,
    /// From this score on the text is flagged.
    flag: f64,
    /// From this score on it is blocked.
    block: f64,
    /// Whether the rail's changes are made in the text that passes.
    change: bool,
}

/// A score that is never reached.
const NEVER: f64 = f64::INFINITY;

const fn row(rail: Rail, flag: f64, block: f64, change: bool) -> Row {
    Row { rail, flag, block, change }
}

const USER: &[Row] = &[row(budget::RAIL, 0.5, 0.9, false), row(injection::SAID, 0.5, 0.75, false)];
const DOCUMENT: &[Row] = &[row(budget::RAIL, 0.5, 0.9, false), row(injection::READ, 0.5, 0.75, false)];
const TOOL: &[Row] = &[row(budget::RAIL, 0.5, NEVER, false), row(injection::READ, 0.5, 0.75, false)];
const MEMORY: &[Row] = &[row(budget::RAIL, 0.5, 0.9, false), row(injection::READ, 0.5, 0.75, false)];
const OUTPUT: &[Row] = &[row(budget::RAIL, 0.5, NEVER, false)];

/// A type whose texts can be screened one by one.
///
/// ```
/// use roundtable_guardrails::Screen;
///
/// struct Note { title: String, body: String }
/// impl Screen for Note {
///     fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
///         pass(&mut self.title);
///         pass(&mut self.body);
///     }
/// }
/// ```
pub trait Screen {
    /// Hands every text of `self` to `pass`, which may change it, always in the same order.
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String));
}

impl Screen for String {
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
        pass(self);
    }
}

impl<T: Screen> Screen for Vec<T> {
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
        for item in self {
            item.each_text(pass);
        }
    }
}

impl<T: Screen> Screen for Option<T> {
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
        if let Some(item) = self {
            item.each_text(pass);
        }
    }
}

/// Strings and keys at any depth.
impl Screen for Value {
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
        match self {
            Value::String(text) => pass(text),
            Value::Array(items) => items.iter_mut().for_each(|item| item.each_text(pass)),
            Value::Object(map) => {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(mut key, mut value)| {
                        pass(&mut key);
                        value.each_text(pass);
                        (key, value)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// All doors with their rails.
#[derive(Debug, Clone)]
pub struct Doors {
    rows: [&'static [Row]; 5],
}

impl Default for Doors {
    fn default() -> Self {
        Self::standard()
    }
}

impl Doors {
    /// The doors of the house. Cheap: patterns are compiled when a rail first needs them.
    pub fn standard() -> Self {
        Doors { rows: [USER, DOCUMENT, TOOL, MEMORY, OUTPUT] }
    }

    /// Looks at one text and says what may pass.
    pub fn screen(&self, door: Door, text: &str) -> Report {
        self.judge(door, text)
    }

    /// Lets a value through, changed where its texts had to be, or refuses it.
    pub fn admit<T: Screen>(&self, door: Door, untrusted: Untrusted<T>) -> Result<Cleared<T>, Refusal> {
        let (mut value, origin) = untrusted.take();
        let mut whole: Option<Report> = None;
        let mut offset = 0;
        value.each_text(&mut |text| {
            let report = self.screen(door, text);
            let length = text.len();
            if report.verdict != Verdict::Block {
                text.clone_from(&report.text);
            }
            match &mut whole {
                None => whole = Some(report),
                Some(whole) => append(whole, report, offset),
            }
            offset += length + 1;
        });
        let report =
            whole.unwrap_or(Report { verdict: Verdict::Pass, score: 0.0, findings: Vec::new(), text: String::new() });
        if report.verdict == Verdict::Block {
            return Err(Refusal { door, origin, report: Box::new(Report { text: String::new(), ..report }) });
        }
        Ok(Cleared::new(value, origin, report))
    }

    fn judge(&self, door: Door, original: &str) -> Report {
        let text = Text::new(original);
        let mut report = Report { verdict: Verdict::Pass, score: 0.0, findings: Vec::new(), text: String::new() };
        let mut edits: Vec<(Range<usize>, Cow<'static, str>)> = Vec::new();
        for row in self.rows[door as usize] {
            let Saw { score, sights } = (row.rail.look)(&text);
            let verdict = match score {
                _ if sights.is_empty() => Verdict::Pass,
                score if score >= row.block => Verdict::Block,
                score if score >= row.flag => Verdict::Flag,
                _ => Verdict::Pass,
            };
            report.verdict = report.verdict.max(verdict);
            report.score = report.score.max(score);
            for sight in sights {
                report.findings.push(finding(row.rail.name, original, &sight));
                if let (true, Some(span), Some(instead)) = (row.change, sight.span, sight.instead) {
                    edits.push((span, instead));
                }
            }
        }
        report.findings.sort_by(|a, b| b.score.total_cmp(&a.score));
        if report.verdict != Verdict::Block {
            report.text = edited(original, edits);
        }
        report
    }
}

/// Adds the report of a later text to that of the earlier ones, `offset` bytes further on.
fn append(whole: &mut Report, next: Report, offset: usize) {
    whole.verdict = whole.verdict.max(next.verdict);
    whole.score = whole.score.max(next.score);
    whole.findings.extend(
        next.findings
            .into_iter()
            .map(|found| Finding { span: found.span.map(|(start, end)| (start + offset, end + offset)), ..found }),
    );
    whole.findings.sort_by(|a, b| b.score.total_cmp(&a.score));
    whole.text.push('\n');
    whole.text.push_str(&next.text);
}

/// The most characters of an excerpt.
const EXCERPT: usize = 80;

fn finding(rail: &str, original: &str, sight: &Sight) -> Finding {
    let piece = sight.span.clone().and_then(|span| original.get(span)).unwrap_or_default();
    let excerpt = if sight.sensitive {
        let shown: String = piece.chars().take(4).collect();
        if shown.is_empty() { shown } else { format!("{shown}…") }
    } else {
        let mut shown: String = piece.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if shown.len() < piece.len() {
            shown.push('…');
        }
        shown
    };
    Finding {
        rail: rail.to_string(),
        kind: sight.kind.to_string(),
        score: sight.score,
        span: sight.span.as_ref().map(|span| (span.start, span.end)),
        excerpt,
        note: sight.note.to_string(),
    }
}

/// Makes the changes, from left to right. Where two overlap, the one that starts first (then the longer) wins and the
/// rest of the other is cut away with it.
fn edited(original: &str, mut edits: Vec<(Range<usize>, Cow<'static, str>)>) -> String {
    edits.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut text = String::with_capacity(original.len());
    let mut done = 0;
    for (span, instead) in edits {
        if span.start >= done {
            text.push_str(&original[done..span.start]);
            text.push_str(&instead);
        }
        done = done.max(span.end);
    }
    text.push_str(&original[done..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Origin;
    use serde_json::json;

    #[test]
    fn overlapping_changes_leave_nothing_behind() {
        let edits = vec![(2..4, "x".into()), (3..6, "y".into()), (7..8, "".into())];
        assert_eq!(edited("0123456789", edits), "01x689");
    }

    #[test]
    fn every_text_of_a_value_is_screened() {
        let mut seen = Vec::new();
        let mut value = json!({"b": ["x", 1, null], "a": {"c": "y"}});
        value.each_text(&mut |text| {
            seen.push(text.clone());
            text.make_ascii_uppercase();
        });
        seen.sort();
        assert_eq!(seen, ["a", "b", "c", "x", "y"]);
        assert_eq!(value, json!({"A": {"C": "Y"}, "B": ["X", 1, null]}));
    }

    #[test]
    fn a_block_refuses_the_whole_value() {
        let texts = vec!["fine".to_string(), "x".repeat(budget::MOST_BYTES + 1)];
        let refused = Doors::standard().admit(Door::User, Untrusted::new(texts, Origin::User)).expect_err("too long");
        assert_eq!((refused.report.verdict, refused.report.text.as_str()), (Verdict::Block, ""));
        assert!(refused.to_string().starts_with("text from the user was refused at the user door"));
    }
}
