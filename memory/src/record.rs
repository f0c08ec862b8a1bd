//! Facts and episodes: what a conversation leaves behind, and where it came from.
//!
//! A **fact** is a sentence that holds until another of the same subject replaces it ("my favourite dataset is iris",
//! later "… is wine"); the older one is kept, marked as superseded, so that `why` can tell the story. An **episode** is
//! what was said in one turn. Both live in one table, told apart by [`Kind`]: forgetting must take a fact and the
//! episodes that repeat it in one commit, or a crash between two commits would leave half a memory.

use std::collections::BTreeSet;
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

    /// Whether `old` decides what becomes of this one when it comes in: the same record, or a fact about the same subject.
    pub fn concerns(&self, old: &Record) -> bool {
        self.id == old.id || (self.kind == Kind::Fact && old.kind == Kind::Fact && self.subject == old.subject)
    }

    /// The words under which it is found: the subject, unless the text names it, and the text.
    pub fn words(&self) -> String {
        match &self.subject {
            Some(subject) if !self.text.to_lowercase().contains(subject) => format!("{subject}\n{}", self.text),
            _ => self.text.clone(),
        }
    }
}

/// What is written when records come in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// The ids under which they are known from now on, in the order in which they came.
    pub ids: Vec<RecordId>,
    /// The records to write, the superseded ones with their marks; empty when all is known already.
    pub write: Vec<Record>,
}

/// Decides what `new` records, one after the other, do to the `known` ones that they concern.
///
/// The same words again change nothing; so does a turn that is delivered twice. Other words about the same subject
/// supersede what held until now. Without a subject nothing is superseded.
pub fn settle(known: Vec<Record>, new: Vec<Record>) -> Settled {
    let mut all = known;
    let mut written: BTreeSet<RecordId> = BTreeSet::new();
    let mut ids = Vec::with_capacity(new.len());
    for record in new {
        let same = |old: &&Record| {
            old.id == record.id || (record.concerns(old) && old.current() && same_words(&old.text, &record.text))
        };
        if let Some(old) = all.iter().find(same) {
            ids.push(old.id.clone());
            continue;
        }
        let replaces = |old: &&mut Record| record.subject.is_some() && record.concerns(old) && old.current();
        for old in all.iter_mut().filter(replaces) {
            old.superseded_by = Some(record.id.clone());
            old.superseded_at = Some(record.at);
            written.insert(old.id.clone());
        }
        written.insert(record.id.clone());
        ids.push(record.id.clone());
        all.push(record);
    }
    all.retain(|record| written.contains(&record.id));
    Settled { ids, write: all }
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
        let again = settle(vec![iris.clone()], vec![fact(Some("dataset"), "my dataset is iris", "2")]);
        assert_eq!(again, Settled { ids: vec![iris.id.clone()], write: Vec::new() });

        let wine = settle(vec![iris.clone()], vec![fact(Some("dataset"), "my dataset is wine", "3")]);
        assert_eq!(wine.write[0].superseded_by.as_ref(), wine.ids.first());
        assert!(wine.write[1].current() && wine.write[1].id == wine.ids[0]);

        let back = settle(wine.write, vec![fact(Some("dataset"), "my dataset is iris", "4")]);
        assert_eq!(back.write.len(), 2, "iris was superseded, so saying it again is news");
        assert_eq!(settle(vec![fact(None, "a", "1")], vec![fact(None, "b", "2")]).write.len(), 1);
    }

    #[test]
    fn records_that_come_together_end_as_those_that_come_one_by_one() {
        let told = ["iris", "wine", "wine", "seeds"].map(|name| fact(Some("dataset"), name, name)).to_vec();
        let together = settle(Vec::new(), told.clone());
        let mut one_by_one: Vec<Record> = Vec::new();
        for (record, id) in told.into_iter().zip(&together.ids) {
            let settled = settle(one_by_one.clone(), vec![record]);
            assert_eq!(settled.ids, std::slice::from_ref(id));
            one_by_one.retain(|old| settled.write.iter().all(|new| new.id != old.id));
            one_by_one.extend(settled.write);
        }
        assert_eq!(together.write, one_by_one);
        assert_eq!(together.write.iter().filter(|record| record.current()).count(), 1);
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
