//! The librarian: the only one that writes to memory.
//!
//! Asked by: the turns of every session. Asks: memory. Lost if it dies: a write in its hands, which is delivered again; writing the
//! same thing twice leaves one of it.
//!
//! A write costs about the same for one record as for a hundred, and as much as many turns. So episodes that follow each other closely are
//! written together; whatever reads memory, or forgets, comes after those that wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roundtable_guardrails::{Cleared, Door, Doors, Origin, Untrusted};
use roundtable_memory::{Draft, Memory, Provenance, Recalled, RecordId};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::seat::{Failure, Reply, answer};
use super::shell::Role;
use crate::causes::chain;
use crate::event;

/// So many records answer a question about earlier talk.
const RECALLED: usize = 5;

/// So long after a write of episodes those that come are gathered for the next.
const GATHERED: Duration = Duration::from_millis(250);

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

/// Episodes that wait to be written together. It outlives the librarian, and what waits in it with it.
#[derive(Default)]
pub(super) struct Tray {
    waiting: Mutex<Waiting>,
    /// Held during a write: whoever has it knows that all that waited before is written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    /// If there are any, somebody is to write them.
    episodes: Vec<(Cleared<Draft>, Reply<Done>)>,
    /// When the last write of episodes ended.
    written: Option<Instant>,
}

impl Tray {
    /// Adds an episode; tells when it is to be written, if nobody is to write others already.
    fn add(&self, episode: Cleared<Draft>, reply: Reply<Done>) -> Option<Instant> {
        let mut waiting = self.waiting();
        let (now, first) = (Instant::now(), waiting.episodes.is_empty());
        waiting.episodes.push((episode, reply));
        first.then(|| waiting.written.map_or(now, |written| written + GATHERED).max(now))
    }

    /// Writes what waits.
    async fn write(&self, memory: &Memory) {
        let _writing = self.writing.lock().await;
        let episodes = std::mem::take(&mut self.waiting().episodes);
        if episodes.is_empty() {
            return;
        }
        let (drafts, replies): (Vec<_>, Vec<_>) = episodes.into_iter().unzip();
        let texts: Vec<String> = drafts.iter().map(|draft: &Cleared<Draft>| draft.get().text().to_owned()).collect();
        let written = memory.remember_all(drafts).await.map_err(|error| chain(&error));
        for (at, (reply, text)) in replies.into_iter().zip(texts).enumerate() {
            let done = match &written {
                Ok(ids) => ids.get(at).map(|id| done(id, &text)).ok_or_else(|| failed("it got no id".to_owned())),
                Err(why) => Err(failed(why.clone())),
            };
            answer(reply, done);
        }
        self.waiting().written = Some(Instant::now());
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The role.
pub(super) struct Librarian {
    /// What is written to.
    pub memory: Option<Memory>,
    /// What screens it.
    pub doors: Arc<Doors>,
    /// What waits to be written.
    pub tray: Arc<Tray>,
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
            Message::Episode { text, provenance, reply } => self.keep(Draft::Episode { text, provenance }, reply).await,
            Message::Recall { query, reply } => answer(reply, self.recall(&query).await),
            Message::Forget { query, reply } => answer(reply, self.forget(&query).await),
        }
    }
}

impl Librarian {
    fn memory(&self) -> Result<&Memory, Failure> {
        self.memory.as_ref().ok_or_else(|| failed("there is no memory".to_owned()))
    }

    /// Memory, with all in it that waited to be written.
    async fn up_to_date(&self) -> Result<&Memory, Failure> {
        let memory = self.memory()?;
        self.tray.write(memory).await;
        Ok(memory)
    }

    fn cleared(&self, draft: Draft, origin: Origin) -> Result<Cleared<Draft>, Failure> {
        let admitted = self.doors.admit(Door::Memory, Untrusted::new(draft, origin));
        admitted.map_err(|refusal| failed(refusal.to_string()))
    }

    async fn write(&self, draft: Draft, origin: Origin) -> Result<Done, Failure> {
        let memory = self.up_to_date().await?;
        let cleared = self.cleared(draft, origin)?;
        let text = cleared.get().text().to_owned();
        let id = memory.remember(cleared).await.map_err(|error| failed(chain(&error)))?;
        Ok(done(&id, &text))
    }

    /// Writes an episode, or sees to it that it is written with the next.
    async fn keep(&self, draft: Draft, reply: Reply<Done>) {
        let (memory, cleared) = match (self.memory(), self.cleared(draft, Origin::User)) {
            (Ok(memory), Ok(cleared)) => (memory, cleared),
            (Err(failure), _) | (_, Err(failure)) => return answer(reply, Err(failure)),
        };
        let Some(due) = self.tray.add(cleared, reply) else { return };
        let at_once = due <= Instant::now();
        let (tray, memory) = (self.tray.clone(), memory.clone());
        // A task of its own: what waits is written though the librarian be replaced.
        let writes = tokio::spawn(async move {
            sleep_until(due).await;
            tray.write(&memory).await;
        });
        if at_once {
            // If it panics, whoever waits for a reply is told by its loss.
            drop(writes.await);
        }
    }

    async fn recall(&self, query: &str) -> Result<Done, Failure> {
        let recalled = self.up_to_date().await?.recall(query, RECALLED).await.map_err(|error| failed(chain(&error)))?;
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
        let forgotten = self.up_to_date().await?.forget(query).await.map_err(|error| failed(chain(&error)))?;
        Ok(Done { output: json!({"facts": forgotten.facts, "episodes": forgotten.episodes}), ..Done::default() })
    }
}

fn done(id: &RecordId, text: &str) -> Done {
    Done { output: json!({"record": id.0, "text": text}), read: Vec::new(), written: Some(id.0.clone()) }
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
    use jiff::Timestamp;
    use roundtable_memory::HashEmbedder;
    use tokio::sync::oneshot;
    use tokio::time::sleep;

    use super::*;

    async fn keep(librarian: &mut Librarian, n: usize) -> oneshot::Receiver<Result<Done, Failure>> {
        let (reply, heard) = oneshot::channel();
        let provenance = Provenance { turn: format!("t{n}"), ..Provenance::default() };
        librarian.handle(Message::Episode { text: format!("Asked: what is question {n}?"), provenance, reply }).await;
        heard
    }

    #[tokio::test(start_paused = true)]
    async fn episodes_in_a_row_are_written_together_and_before_what_reads() {
        let memory = Memory::in_ram(Arc::new(HashEmbedder::new(16)), Arc::new(Timestamp::now));
        let doors = Arc::new(Doors::standard());
        let mut librarian = Librarian { memory: Some(memory.clone()), doors, tray: Arc::default() };
        let mut kept = Vec::new();
        for n in 1..=4 {
            kept.push(keep(&mut librarian, n).await);
        }
        assert_eq!(memory.records().await.expect("a list").len(), 1, "the first at once, the others together");
        let (reply, heard) = oneshot::channel();
        librarian.handle(Message::Recall { query: "question".to_owned(), reply }).await;
        let found = heard.await.expect("an answer").expect("a memory");
        assert_eq!(found.output["records"].as_array().map(Vec::len), Some(4));
        for heard in kept {
            heard.await.expect("an answer").expect("it is kept");
        }
        let last = keep(&mut librarian, 5).await;
        assert_eq!(memory.records().await.expect("a list").len(), 4);
        sleep(GATHERED).await;
        last.await.expect("an answer").expect("it is kept, though nobody reads");
        assert_eq!(memory.records().await.expect("a list").len(), 5);
    }

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
