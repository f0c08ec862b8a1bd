//! What a door says about a text: a verdict, a score, the findings behind them, and the text that may pass.

use crate::trust::Origin;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A place where text crosses from one part of the house to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// What the person typed, on its way to the planner.
    User,
    /// A passage of a document, on its way to a model.
    Document,
    /// The result of a tool, on its way to a model.
    Tool,
    /// A fact or an episode, on its way to storage.
    Memory,
    /// An answer, on its way to the person.
    Output,
}

impl Door {
    /// Every door, in the order in which a turn meets them.
    pub const ALL: [Door; 5] = [Door::User, Door::Document, Door::Tool, Door::Memory, Door::Output];

    /// The lower-case name, as typed on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Door::User => "user",
            Door::Document => "document",
            Door::Tool => "tool",
            Door::Memory => "memory",
            Door::Output => "output",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A name that is no door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown door `{0}`: use `user`, `document`, `tool`, `memory` or `output`")]
pub struct UnknownDoor(pub String);

impl FromStr for Door {
    type Err = UnknownDoor;

    fn from_str(name: &str) -> Result<Self, UnknownDoor> {
        Door::ALL
            .into_iter()
            .find(|door| door.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownDoor(name.to_string()))
    }
}

/// What happens to the text. Ordered: the worst of several is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It goes through.
    #[default]
    Pass,
    /// It goes through, possibly changed, and the findings are worth showing.
    Flag,
    /// It does not go through.
    Block,
}

/// One thing that a rail noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rail that noticed it, as in [`crate::rails`].
    pub rail: String,
    /// What it is, in that rail's words (`override`, `aws_key`, `zero_width` …).
    pub kind: String,
    /// How sure or how serious, 0 to 1.
    pub score: f64,
    /// The bytes of the original text that it concerns; they lie on character boundaries.
    pub span: Option<(usize, usize)>,
    /// A short piece of the text, with secrets masked.
    pub excerpt: String,
    /// A sentence for a person.
    pub note: String,
}

/// A door's answer about one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What happens to the text.
    pub verdict: Verdict,
    /// The highest score behind the verdict, 0 to 1.
    pub score: f64,
    /// What the rails noticed, gravest first.
    pub findings: Vec<Finding>,
    /// The text that may pass: invisible characters gone, secrets redacted, egress neutralised. Empty if blocked.
    pub text: String,
}

impl Report {
    /// The gravest finding as a clause for a message to a person, if anything was found.
    pub fn reason(&self) -> Option<String> {
        self.findings.first().map(|worst| format!("{} ({}, score {:.2})", worst.note, worst.kind, worst.score))
    }
}

/// A text that a door did not let through.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The door that it came to.
    pub door: Door,
    /// Where it came from.
    pub origin: Origin,
    /// What was found.
    pub report: Box<Report>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "text from {} was refused at the {} door", self.origin, self.door)?;
        match self.report.reason() {
            Some(reason) => write!(out, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn doors_have_names() {
        for door in Door::ALL {
            assert_eq!(door.name().parse::<Door>().unwrap(), door);
        }
        assert!("window".parse::<Door>().unwrap_err().to_string().contains("`window`"));
    }

    #[test]
    fn the_worst_verdict_is_the_largest() {
        assert!(Verdict::Pass < Verdict::Flag && Verdict::Flag < Verdict::Block);
        assert_eq!(serde_json::to_string(&Verdict::Block).unwrap(), r#""block""#);
    }
}
