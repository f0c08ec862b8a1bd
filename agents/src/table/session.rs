//! The session: one conversation. It takes what the person says, one turn at a time, and sets turns going.
//!
//! Asked by: the person's side ([`Session`](super::Session)). Asks: nobody; a turn runs as a task of its own ([`driver`]). Lost if it
//! dies: nothing; the conversation is on the [desk](super::desk), and a turn that runs goes on.

use std::sync::Arc;

use roundtable_guardrails::{Door, Origin, Untrusted};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::{Active, Desk};
use super::driver;
use super::seat::{Reply, answer};
use super::shell::Role;
use super::turn::{TurnError, Voice};
use crate::causes::chain;
use crate::event::{self, Event};
use crate::journal::{Error, Keep};
use crate::offline::intent::{self, Intent};
use crate::turn::{Happened, Planned, table_tools};

/// Where the person hears of a turn.
pub(super) type Listener = mpsc::UnboundedSender<Event>;

/// What a session takes.
#[derive(Debug)]
pub(super) enum Message {
    /// The person says something.
    Ask {
        /// The conversation.
        desk: Arc<Desk>,
        /// The words.
        text: String,
        /// Who listens.
        to: Listener,
        /// Where the turn's id goes.
        reply: Reply<Result<String, TurnError>>,
    },
    /// The person allows calls that wait, by the beginning of their fingerprints (all, if it is empty).
    Approve {
        /// The conversation.
        desk: Arc<Desk>,
        /// The beginning.
        prefix: String,
        /// Who listens.
        to: Listener,
        /// Where the turn's id goes.
        reply: Reply<Result<String, TurnError>>,
    },
    /// The person forbids calls that wait.
    Deny {
        /// The conversation.
        desk: Arc<Desk>,
        /// The beginning of their fingerprints.
        prefix: String,
        /// Where the names of the tools go.
        reply: Reply<Vec<String>>,
    },
    /// The person takes the last turn back.
    Undo {
        /// The conversation.
        desk: Arc<Desk>,
        /// Where its question goes.
        reply: Reply<Result<Option<String>, TurnError>>,
    },
}

/// The role. It knows no conversation: each message brings its own, so that the seat can be given to the next one.
#[derive(Debug)]
pub(super) struct Sitting;

impl Role for Sitting {
    const ROLE: event::Role = event::Role::Session;
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Ask { .. } => "ask",
            Message::Approve { .. } => "approve",
            Message::Deny { .. } => "deny",
            Message::Undo { .. } => "undo",
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Ask { desk, text, to, reply } => {
                let desk = &desk;
                let begun = idle(desk).and_then(|()| ask(desk, text, to));
                answer(reply, Ok(begun));
            }
            Message::Approve { desk, prefix, to, reply } => {
                let desk = &desk;
                let begun = idle(desk).and_then(|()| approve(desk, &prefix, to));
                answer(reply, Ok(begun));
            }
            Message::Deny { desk, prefix, reply } => {
                let denied = desk.take_waiting(&prefix).into_iter().map(|(_, planned)| planned.tool).collect();
                answer(reply, Ok(denied));
            }
            Message::Undo { desk, reply } => {
                let undone = idle(&desk).and_then(|()| desk.undo().map_err(|error| unwritten(&error)));
                answer(reply, Ok(undone));
            }
        }
    }
}

fn idle(desk: &Desk) -> Result<(), TurnError> {
    match desk.active() {
        None => Ok(()),
        Some(active) => {
            let why = format!("turn {} is still under way; wait for its end, or cancel it", active.turn);
            Err(TurnError::new("busy", why))
        }
    }
}

fn unwritten(error: &Error) -> TurnError {
    TurnError::new("failed", chain(error))
}

/// Screens what was said and sets the turn going.
fn ask(desk: &Arc<Desk>, text: String, to: Listener) -> Result<String, TurnError> {
    let turn = desk.next_turn();
    let voice = Voice::new(turn.clone(), to, desk.shared.bus.clone());
    let screened = desk.shared.config.doors.admit(Door::User, Untrusted::new(text.clone(), Origin::User));
    let (text, report) = match screened {
        Ok(cleared) => {
            let report = cleared.report().clone();
            (cleared.into_inner(), report)
        }
        Err(refusal) => {
            voice.guarded(Door::User, &refusal.report);
            if let Intent::Guard(Some(payload)) = intent::of(&text) {
                return scan(desk, turn, voice, payload);
            }
            // Nothing of it passed the door.
            voice.say(Event::TurnStarted { turn: turn.clone(), text: String::new() });
            voice.say(Event::TurnFailed { turn: turn.clone(), kind: "refused".into(), message: refusal.to_string() });
            return Ok(turn);
        }
    };
    voice.say(Event::TurnStarted { turn: turn.clone(), text: text.clone() });
    voice.guarded(Door::User, &report);
    begin(desk, turn, voice, Happened::Asked { text, approved: Vec::new() })
}

/// A text that the person wants scanned may hold what the door refuses: it goes to the scan alone, not into the conversation.
fn scan(desk: &Arc<Desk>, turn: String, voice: Voice, payload: String) -> Result<String, TurnError> {
    let call = format!("{turn}-scan");
    let planned = Planned { call, tool: table_tools::SCAN.to_owned(), args: Ok(json!({ "text": payload })) };
    let text = "Is the text that I gave safe? Scan it.".to_owned();
    voice.say(Event::TurnStarted { turn: turn.clone(), text: text.clone() });
    begin(desk, turn, voice, Happened::Asked { text, approved: vec![planned] })
}

/// Runs the calls that the person has just allowed, as a turn of its own.
fn approve(desk: &Arc<Desk>, prefix: &str, to: Listener) -> Result<String, TurnError> {
    let waiting = desk.take_waiting(prefix);
    if waiting.is_empty() {
        let why = if prefix.is_empty() {
            "nothing waits for approval".to_owned()
        } else {
            format!("nothing that waits for approval begins with `{prefix}`")
        };
        return Err(TurnError::new("failed", why));
    }
    let mut names = Vec::new();
    let mut approved: Vec<Planned> = Vec::new();
    for (fingerprint, planned) in waiting {
        desk.grant(fingerprint);
        names.push(format!("`{}`", planned.tool));
        approved.push(planned);
    }
    let turn = desk.next_turn();
    let voice = Voice::new(turn.clone(), to, desk.shared.bus.clone());
    let text = format!("I approve the call of {}.", names.join(", "));
    voice.say(Event::TurnStarted { turn: turn.clone(), text: text.clone() });
    begin(desk, turn, voice, Happened::Asked { text, approved })
}

/// Notes the beginning of a turn and sets it going.
fn begin(desk: &Arc<Desk>, turn: String, voice: Voice, asked: Happened) -> Result<String, TurnError> {
    let mut degraded = None;
    match desk.append(&turn, &asked, Keep::Process) {
        Ok(()) => {}
        // A scenario's fault: the process is dead, and nobody hears anything any more.
        Err(Error::Died) => return Ok(turn),
        Err(error) => degraded = Some(chain(&error)),
    }
    set_going(desk, turn.clone(), voice, vec![asked], degraded);
    Ok(turn)
}

/// Sets a turn going, from its beginning or from what a journal holds of it.
pub(super) fn set_going(desk: &Arc<Desk>, turn: String, voice: Voice, begun: Vec<Happened>, degraded: Option<String>) {
    let active = Arc::new(Active {
        turn,
        begun,
        history: desk.history().into(),
        deadline: Instant::now() + desk.shared.config.limits.turn,
        cancel: CancellationToken::new(),
        voice,
    });
    desk.set_active(Some(active.clone()));
    tokio::spawn(driver::drive(desk.clone(), active, degraded));
}
