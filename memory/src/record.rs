//! Facts and episodes: what a conversation leaves behind, and where it came from.
//!
//! A **fact** is a sentence that holds until another of the same subject replaces it ("my favourite dataset is iris",
//! later "… is wine"); the older one is kept, marked as superseded, so that `why` can tell the story. An **episode** is
//! what was said in one turn. Both live in one table, told apart by [`Kind`]: forgetting must take a fact and the
//! episodes that repeat it in one commit, or a crash between two commits would leave half a memory.

use std::fmt;

use jiff::Timestamp;
use roundtable_guardrails::Screen;
use serde::{Deserialize, Serialize};

use crate::document::fingerprint;

/// What someone would like to have remembered. Only a draft that the memory door cleared can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Draft {
    /// A sentence that holds until another of the same subject replaces it.
    Fact {
        /// What it is about, such as `favourite dataset`; without a subject it replaces nothing.
        subject: Option<String>,
        /// The sentence.
        text: String,
        /// Where it was said.
        provenance: Provenance,
    },
    /// What was said in one turn.
    Episode {
        /// The words.
        text: String,
        /// Where they were said.
        provenance: Provenance,
    },
}

impl Draft {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Draft::Fact { text, .. } | Draft::Episode { text, .. } => text,
        }
    }

    /// Where it was said.
    pub fn provenance(&self) -> &Provenance {
        match self {
            Draft::Fact { provenance, .. } | Draft::Episode { provenance, .. } => provenance,
        }
    }

    /// The record that it becomes at time `at`. The id depends on what was said and where, not on when it is written,
    /// so a turn that is delivered twice writes one record.
    pub fn into_record(self, at: Timestamp) -> Record {
        let (kind, subject, text, provenance) = match self {
            Draft::Fact { subject, text, provenance } => {
                (Kind::Fact, subject.map(|subject| normal_subject(&subject)), text, provenance)
            }
            Draft::Episode { text, provenance } => (Kind::Episode, None, text, provenance),
        };
        let subject = subject.filter(|subject| !subject.is_empty());
        let id = RecordId(fingerprint(&[
            kind.name(),
            subject.as_deref().unwrap_or_default(),
            &text,
            &provenance.session,
            &provenance.turn,
        ]));
        Record { id, kind, subject, text, at, provenance, superseded_by: None, superseded_at: None }
    }
}

impl Screen for Draft {
    fn each_text(&mut self, pass: &mut dyn FnMut(&mut String)) {
        let (text, provenance) = match self {
            Draft::Fact { subject, text, provenance } => {
                subject.each_text(pass);
                (text, provenance)
            }
            Draft::Episode { text, provenance } => (text, provenance),
        };
        pass(text);
        provenance.said.each_text(pass);
    }
}

/// Subjects are compared in lower case, with single spaces and without a leading article or "my".
pub fn normal_subject(subject: &str) -> String {
    let lower = subject.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    match words.split_first() {
        Some((&("my" | "the" | "our" | "a" | "an"), rest)) if !rest.is_empty() => rest.join(" "),
        _ => words.join(" "),
    }
}

/// The id of a record: 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub String);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fact or episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A sentence that holds until another of the same subject replaces it.
    Fact,
    /// What was said in one turn.
    Episode,
}

impl Kind {
    /// `fact` or `episode`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Fact => "fact",
            Kind::Episode => "episode",
        }
    }
}

/// Where a record came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Provenance {
    /// The conversation.
    pub session: String,
    /// The turn in it.
    pub turn: String,
    /// Who said it: `user`, `model`, a tool's name.
    #[serde(default)]
    pub speaker: String,
    /// The words that it was taken from, verbatim, where they differ from the record's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// A fact or an episode, as kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// Fact or episode.
    pub kind: Kind,
    /// What a fact is about, in normal form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The words.
    pub text: String,
    /// Since when it holds.
    #[serde(with = "crate::timestamp")]
    pub at: Timestamp,
    /// Where it came from.
    pub provenance: Provenance,
    /// The fact that replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<RecordId>,
    /// Until when it held.
    #[serde(default, with = "crate::timestamp::option", skip_serializing_if = "Option::is_none")]
    pub superseded_at: Option<Timestamp>,
}

impl Record {
    /// Whether it still holds.
    pub fn current(&self) -> bool {
        self.superseded_by.is_none()
    }

    /// The words under which it is found: the subject, unless the text names it, and the text.
    pub fn words(&self) -> String {
        match &self.subject {
            Some(subject) if !self.text.to_lowercase().contains(subject) => format!("{subject}\n{}", self.text),
            _ => self.text.clone(),
        }
    }
}

/// What is written when a record comes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The id under which it is known from now on.
    pub id: RecordId,
    /// The records to write, the superseded ones with their marks; empty when it is known already.
    pub write: Vec<Record>,
}

/// Decides what `new` does to the records of the same kind and subject that are `known`.
///
/// The same words again change nothing; so does a turn that is delivered twice. Other words about the same subject
/// supersede what held until now. Without a subject nothing is superseded.
pub fn settle(known: Vec<Record>, new: Record) -> Settled {
    let same = |old: &Record| {
        old.id == new.id || (new.kind == Kind::Fact && old.current() && same_words(&old.text, &new.text))
    };
    if let Some(old) = known.iter().find(|old| same(old)) {
        return Settled { id: old.id.clone(), write: Vec::new() };
    }
    let id = new.id.clone();
    let mut write: Vec<Record> = match (new.kind, &new.subject) {
        (Kind::Fact, Some(_)) => known.into_iter().filter(Record::current).collect(),
        (Kind::Fact, None) | (Kind::Episode, _) => Vec::new(),
    };
    for old in &mut write {
        old.superseded_by = Some(id.clone());
        old.superseded_at = Some(new.at);
    }
    write.push(new);
    Settled { id, write }
}

fn same_words(a: &str, b: &str) -> bool {
    let normal = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    normal(a) == normal(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_meet_in_their_normal_form() {
        assert_eq!(normal_subject("My  favourite Dataset"), "favourite dataset");
        assert_eq!(normal_subject("the"), "the");
    }

    fn fact(subject: Option<&str>, text: &str, turn: &str) -> Record {
        let provenance = Provenance { session: "s".into(), turn: turn.into(), ..Default::default() };
        Draft::Fact { subject: subject.map(Into::into), text: text.into(), provenance }
            .into_record(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_newer_fact_supersedes_and_a_repeated_one_does_not() {
        let iris = fact(Some("dataset"), "My dataset is iris.", "1");
        let again = settle(vec![iris.clone()], fact(Some("dataset"), "my dataset is iris", "2"));
        assert_eq!((again.id, again.write.len()), (iris.id.clone(), 0));

        let wine = settle(vec![iris.clone()], fact(Some("dataset"), "my dataset is wine", "3"));
        assert_eq!(wine.write[0].superseded_by, Some(wine.id.clone()));
        assert!(wine.write[1].current() && wine.write[1].id == wine.id);

        let back = settle(wine.write, fact(Some("dataset"), "my dataset is iris", "4"));
        assert_eq!(back.write.len(), 2, "iris was superseded, so saying it again is news");
        assert_eq!(settle(vec![fact(None, "a", "1")], fact(None, "b", "2")).write.len(), 1);
    }

    #[test]
    fn a_turn_told_twice_has_one_id() {
        let draft = |turn: &str| Draft::Fact {
            subject: Some("dataset".into()),
            text: "it is iris".into(),
            provenance: Provenance { session: "s".into(), turn: turn.into(), ..Default::default() },
        };
        let early = draft("1").into_record(Timestamp::UNIX_EPOCH);
        let late = draft("1").into_record(Timestamp::MAX);
        assert_eq!(early.id, late.id);
        assert_ne!(early.id, draft("2").into_record(Timestamp::UNIX_EPOCH).id);
        assert_eq!(early.words(), "dataset\nit is iris");
    }
}
