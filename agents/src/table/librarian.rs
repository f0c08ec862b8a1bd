//! The librarian: the only one that writes to memory.
//!
//! Asked by: the turns of every session. Asks: memory. Lost if it dies: a write in its hands, which is delivered again; writing the
//! same thing twice leaves one of it.

use std::sync::Arc;

use roundtable_guardrails::{Door, Doors, Origin, Untrusted};
use roundtable_memory::{Draft, Memory, Provenance, Recalled};
use serde_json::{Value, json};

use super::seat::{Failure, Reply, answer};
use super::shell::Role;
use crate::causes::chain;
use crate::event;

/// So many records answer a question about earlier talk.
const RECALLED: usize = 5;

/// What came of a request: the tool's output, and the records that were read or written.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub output: Value,
    pub read: Vec<Origin>,
    pub written: Option<String>,
}

/// What the librarian takes.
#[derive(Debug)]
pub(super) enum Message {
    /// Keep a fact.
    Remember {
        /// The fact.
        text: String,
        /// Where it comes from: the person, or what the turn has read.
        origin: Origin,
        /// The turn in which it was said.
        provenance: Provenance,
        /// Where the answer goes.
        reply: Reply<Done>,
    },
    /// Look up records.
    Recall {
        /// What to look up.
        query: String,
        /// Where the answer goes.
        reply: Reply<Done>,
    },
    /// Remove records.
    Forget {
        /// What to remove.
        query: String,
        /// Where the answer goes.
        reply: Reply<Done>,
    },
    /// Keep what was said in a turn.
    Episode {
        /// The words.
        text: String,
        /// The turn.
        provenance: Provenance,
        /// Where the answer goes.
        reply: Reply<Done>,
    },
}

/// The role.
pub(super) struct Librarian {
    /// What is written to.
    pub memory: Option<Memory>,
    /// What screens it.
    pub doors: Arc<Doors>,
}

impl Role for Librarian {
    const ROLE: event::Role = event::Role::Librarian;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Remember { .. } => "remember",
            Message::Recall { .. } => "recall",
            Message::Forget { .. } => "forget",
            Message::Episode { .. } => "episode",
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Remember { text, origin, provenance, reply } => {
                let subject = subject_of(&text);
                answer(reply, self.write(Draft::Fact { subject, text, provenance }, origin).await);
            }
            Message::Episode { text, provenance, reply } => {
                answer(reply, self.write(Draft::Episode { text, provenance }, Origin::User).await);
            }
            Message::Recall { query, reply } => answer(reply, self.recall(&query).await),
            Message::Forget { query, reply } => answer(reply, self.forget(&query).await),
        }
    }
}

impl Librarian {
    fn memory(&self) -> Result<&Memory, Failure> {
        self.memory.as_ref().ok_or_else(|| failed("there is no memory".to_owned()))
    }

    async fn write(&self, draft: Draft, origin: Origin) -> Result<Done, Failure> {
        let memory = self.memory()?;
        let cleared = self
            .doors
            .admit(Door::Memory, Untrusted::new(draft, origin))
            .map_err(|refusal| failed(refusal.to_string()))?;
        let text = cleared.get().text().to_owned();
        let id = memory.remember(cleared).await.map_err(|error| failed(chain(&error)))?.0;
        Ok(Done { output: json!({"record": id, "text": text}), read: Vec::new(), written: Some(id) })
    }

    async fn recall(&self, query: &str) -> Result<Done, Failure> {
        let recalled = self.memory()?.recall(query, RECALLED).await.map_err(|error| failed(chain(&error)))?;
        let mut done = Done::default();
        let mut records = Vec::new();
        for Recalled { record, text, score } in recalled {
            let origin = text.origin().clone();
            // What the door refuses now, however it got in, is left out.
            let Ok(cleared) = self.doors.admit(Door::Memory, text) else { continue };
            records.push(json!({
                "n": records.len() + 1,
                "record": record.id.0,
                "kind": record.kind,
                "text": cleared.into_inner(),
                "score": score,
                "session": record.provenance.session,
                "turn": record.provenance.turn,
            }));
            done.read.push(origin);
        }
        done.output = json!({"query": query, "records": records});
        Ok(done)
    }

    async fn forget(&self, query: &str) -> Result<Done, Failure> {
        let forgotten = self.memory()?.forget(query).await.map_err(|error| failed(chain(&error)))?;
        Ok(Done { output: json!({"facts": forgotten.facts, "episodes": forgotten.episodes}), ..Done::default() })
    }
}

fn failed(why: String) -> Failure {
    Failure::Failed { role: event::Role::Librarian, why }
}

/// What a fact is about: what stands before its "is". A newer fact of the same subject replaces the older one.
fn subject_of(text: &str) -> Option<String> {
    const LONGEST: usize = 6;
    let words: Vec<&str> = text.split_whitespace().collect();
    let verb =
        words.iter().position(|word| matches!(word.to_lowercase().as_str(), "is" | "are" | "was" | "=" | "am"))?;
    (1..=LONGEST).contains(&verb).then(|| words[..verb].join(" ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_stands_before_the_verb() {
        for (text, subject) in [
            ("My favourite dataset is iris.", Some("my favourite dataset")),
            ("the deadline was moved to May", Some("the deadline")),
            ("I like tea", None),
            ("is it?", None),
            ("", None),
        ] {
            assert_eq!(subject_of(text).as_deref(), subject, "{text}");
        }
    }
}
