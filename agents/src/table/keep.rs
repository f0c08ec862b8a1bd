//! Keeping a turn in memory, once it is over.
//!
//! The journal notes that it was kept, so that a process that is killed between a turn's end and its episode costs nothing: the
//! next one keeps it. Writing the same episode twice leaves one of it.

use std::sync::Arc;

use roundtable_memory::Provenance;
use tokio::time::Instant;

use super::desk::Desk;
use super::librarian;
use super::seat::Failure;
use crate::answer::{Answer, ToolRecord};
use crate::causes::chain;
use crate::event::{Event, Role};
use crate::journal::{Error, Keep};
use crate::turn::{Happened, table_tools};

/// A turn that is over, and what memory keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    turn: String,
    question: String,
    text: String,
}

impl Episode {
    /// What memory keeps of a turn. One that found nothing has nothing to keep; one that recalled would keep the same again; and one
    /// that forgot would keep what was to be forgotten. Without a memory nothing is kept.
    pub fn of(desk: &Desk, turn: &str, question: &str, answer: &Answer) -> Option<Self> {
        desk.shared.config.memory.as_ref()?;
        if answer.abstained || called(answer, &[table_tools::RECALL, table_tools::FORGET]) {
            return None;
        }
        let text = format!("Asked: {question}\nAnswered: {}", answer.text);
        Some(Self { turn: turn.to_owned(), question: question.to_owned(), text })
    }

    /// Has the librarian keep it. The turn is over: a failure here costs the episode, and is told to whoever listens.
    pub async fn keep(self, desk: &Desk) {
        let deadline = Instant::now() + desk.shared.config.limits.turn;
        let provenance = provenance(desk, &self.turn, &self.question);
        let asked =
            |reply| librarian::Message::Episode { text: self.text.clone(), provenance: provenance.clone(), reply };
        let (turn, bus) = (&self.turn, &desk.shared.bus);
        if let Err(failure) = desk.shared.librarian.ask(deadline, "episode", asked).await {
            if let Failure::DeadLettered { role, message } = &failure {
                let message = (*message).to_owned();
                bus.tell(&Event::DeadLettered { turn: turn.clone(), role: *role, message });
            }
            let part = Role::Librarian.name().to_owned();
            bus.tell(&Event::Degraded { turn: turn.clone(), part, why: failure.to_string() });
        }
        match desk.append(turn, &Happened::Kept {}, Keep::Process) {
            Ok(()) | Err(Error::Died) => {}
            Err(error) => {
                bus.tell(&Event::Degraded { turn: turn.clone(), part: "journal".to_owned(), why: chain(&error) });
            }
        }
    }
}

/// Keeps what an earlier process was killed before it could keep; waited for as any other keeping is.
pub(super) fn make_up(desk: &Arc<Desk>, episodes: Vec<Episode>) {
    if episodes.is_empty() {
        return;
    }
    desk.begin_keeping();
    let desk = desk.clone();
    tokio::spawn(async move {
        for episode in episodes {
            episode.keep(&desk).await;
        }
        desk.end_keeping();
    });
}

/// Whether an answer forgot something: what was said before is not to come back.
pub(super) fn forgot(answer: &Answer) -> bool {
    called(answer, &[table_tools::FORGET])
}

fn called(answer: &Answer, tools: &[&str]) -> bool {
    answer.tool_calls.iter().any(|call: &ToolRecord| tools.contains(&call.name.as_str()))
}

/// Where a record of a turn comes from.
pub(super) fn provenance(desk: &Desk, turn: &str, question: &str) -> Provenance {
    Provenance {
        session: desk.id.clone(),
        turn: turn.to_owned(),
        speaker: "user".to_owned(),
        said: Some(question.to_owned()),
    }
}
