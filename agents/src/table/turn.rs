//! A turn as the person's side sees it: a stream of events with an end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundtable_guardrails::{Door, Report, Verdict};
use tokio::sync::mpsc;

use super::bus::Bus;
use super::seat::Failure;
use crate::answer::Answer;
use crate::event::Event;

/// Why a turn ended without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TurnError {
    /// `cancelled`, `deadline`, `refused`, `busy`, `dead_lettered` or `failed`.
    pub kind: &'static str,
    /// What happened, and what to do next.
    pub message: String,
}

impl TurnError {
    /// An error of this kind.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// An error of the kind that an event names.
    pub fn of(kind: &str, message: String) -> Self {
        Self { kind: known(kind), message }
    }
}

impl From<Failure> for TurnError {
    fn from(failure: Failure) -> Self {
        let kind = match failure {
            Failure::Busy { .. } => "busy",
            Failure::Late { .. } => "deadline",
            Failure::DeadLettered { .. } => "dead_lettered",
            Failure::Away { .. } | Failure::Failed { .. } => "failed",
        };
        Self::new(kind, failure.to_string())
    }
}

/// A turn that was begun.
#[derive(Debug)]
pub struct Turn {
    id: String,
    events: mpsc::UnboundedReceiver<Event>,
    ended: bool,
}

impl Turn {
    pub(super) fn new(id: String, events: mpsc::UnboundedReceiver<Event>) -> Self {
        Self { id, events, ended: false }
    }

    /// The turn's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next event; `None` after [`Event::TurnFinished`] or [`Event::TurnFailed`].
    pub async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await.unwrap_or_else(|| Event::TurnFailed {
            turn: self.id.clone(),
            kind: "failed".to_owned(),
            message: "the table was closed".to_owned(),
        });
        self.ended = matches!(event, Event::TurnFinished { .. } | Event::TurnFailed { .. });
        Some(event)
    }

    /// Waits for the end.
    pub async fn answer(mut self) -> Result<Answer, TurnError> {
        loop {
            match self.next().await {
                Some(Event::TurnFinished { answer, .. }) => return Ok(*answer),
                Some(Event::TurnFailed { kind, message, .. }) => return Err(TurnError::of(&kind, message)),
                Some(_) => {}
                None => return Err(TurnError::new("failed", "the turn had ended already")),
            }
        }
    }
}

fn known(kind: &str) -> &'static str {
    ["cancelled", "deadline", "refused", "busy", "dead_lettered"]
        .into_iter()
        .find(|known| *known == kind)
        .unwrap_or("failed")
}

/// Says what happens in a turn: to the one who asked, and to everybody who listens to the table.
#[derive(Clone, Debug)]
pub struct Voice {
    /// The turn.
    pub turn: String,
    to: mpsc::UnboundedSender<Event>,
    bus: Arc<Bus>,
    /// The text that was streamed and not withdrawn.
    shown: Arc<Mutex<String>>,
}

impl Voice {
    pub(super) fn new(turn: String, to: mpsc::UnboundedSender<Event>, bus: Arc<Bus>) -> Self {
        Self { turn, to, bus, shown: Arc::default() }
    }

    /// Says it. Whoever asked may have gone away, which changes nothing for the turn.
    pub fn say(&self, event: Event) {
        self.bus.tell(&event);
        drop(self.to.send(event));
    }

    fn shown(&self) -> MutexGuard<'_, String> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams a piece of the answer.
    pub fn stream(&self, text: String) {
        self.shown().push_str(&text);
        self.say(Event::TextDelta { turn: self.turn.clone(), text });
    }

    /// Takes back what was streamed, if anything was.
    pub fn withdraw(&self, why: &str) {
        if !std::mem::take(&mut *self.shown()).is_empty() {
            self.say(Event::TextWithdrawn { turn: self.turn.clone(), why: why.to_owned() });
        }
    }

    /// Brings what was streamed to the answer's final text: whoever followed the pieces has the whole.
    pub fn complete(&self, text: &str) {
        let shown = self.shown().clone();
        match text.strip_prefix(shown.as_str()) {
            Some("") => {}
            Some(rest) => self.stream(rest.to_owned()),
            None => {
                if shown.trim_end() != text {
                    self.withdraw("the final answer differs");
                    self.stream(text.to_owned());
                }
            }
        }
    }

    /// Tells what a door found, if it found anything.
    pub fn guarded(&self, door: Door, report: &Report) {
        if report.verdict == Verdict::Pass {
            return;
        }
        let verdict = if report.verdict == Verdict::Block { "block" } else { "flag" };
        self.say(Event::Guarded {
            turn: self.turn.clone(),
            door: door.name().to_owned(),
            verdict: verdict.to_owned(),
            findings: report.findings.iter().map(|finding| finding.kind.clone()).collect(),
        });
    }
}
