//! Drives one turn from its question to its end: asks the planner what comes next, has it done, notes what happened.
//!
//! A turn is a task of its own, not an actor: the deaths of the actors that it asks cost it nothing, and it ends, whatever they do,
//! when the person cancels it or its time is up. What happened is in the journal before anybody acts on it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use roundtable_guardrails::{Door, Verdict};
use roundtable_memory::Provenance;
use tokio::time::sleep_until;

use super::desk::{Active, Desk};
use super::keep::{self, Episode};
use super::seat::Failure;
use super::stream::Screened;
use super::turn::TurnError;
use super::{critic, gateway, planner};
use crate::answer::Answer;
use crate::causes::chain;
use crate::event::{Event, Role};
use crate::evidence::support::Judgement;
use crate::journal::{Error, Keep};
use crate::model::gateway::Ask;
use crate::model::{ModelError, Reply, Request};
use crate::turn::shorten::shorten;
use crate::turn::{Happened, Rules, State, Step};

/// How a turn is left.
pub(super) enum End {
    /// With an error for the person.
    Failed(TurnError),
    /// The process is dead, by a scenario's fault: nothing more is said or done.
    Died,
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.into())
    }
}

/// Why no model answered.
struct Lost {
    why: String,
    /// The request is longer than the model's context.
    too_long: bool,
}

/// A turn under way.
pub(super) struct Driver {
    pub desk: Arc<Desk>,
    pub active: Arc<Active>,
    pub state: Arc<State>,
    rules: Arc<Rules>,
    /// The call that was begun and has not ended: who listens is owed its end.
    pub open: Option<(String, String)>,
    /// The journal failed: said once, and no effect runs without it.
    pub unwritten: bool,
}

/// Drives a turn to its end, and tells the person.
pub(super) async fn drive(desk: Arc<Desk>, active: Arc<Active>, degraded: Option<String>) {
    let mut state = State::new(&active.turn);
    for happened in &active.begun {
        state.apply(happened.clone());
    }
    let rules = Arc::new(desk.shared.rules());
    let mut driver = Driver {
        desk: desk.clone(),
        active: active.clone(),
        state: Arc::new(state),
        rules,
        open: None,
        unwritten: false,
    };
    if let Some(why) = degraded {
        driver.unwritten(&why);
    }
    let end = {
        let run = AssertUnwindSafe(driver.run()).catch_unwind();
        tokio::select! {
            biased;
            () = active.cancel.cancelled() => Err(End::Failed(TurnError::new("cancelled", "the turn was cancelled"))),
            () = sleep_until(active.deadline) => {
                let limit = desk.shared.config.limits.turn;
                let why = format!("the turn took longer than {limit:?}; ask for less at once, or allow more time");
                Err(End::Failed(TurnError::new("deadline", why)))
            }
            end = run => end.unwrap_or_else(|_| {
                Err(End::Failed(TurnError::new("failed", "the turn broke on a bug in roundtable; the conversation goes on")))
            }),
        }
    };
    match end {
        Ok(answer) => driver.answered(answer).await,
        Err(End::Failed(error)) => driver.failed(error),
        Err(End::Died) => desk.set_active(None),
    }
}

impl Driver {
    /// Step after step to the answer.
    async fn run(&mut self) -> Result<Answer, End> {
        loop {
            match self.next().await? {
                Step::Ask { request, fallback } => self.ask(*request, fallback).await?,
                Step::Call(planned) => self.call(planned).await?,
                Step::Judge { draft } => self.judge(draft).await?,
                Step::Finish(answer) => return self.let_out(*answer),
            }
        }
    }

    async fn next(&self) -> Result<Step, End> {
        let ask = |reply| planner::Message::Plan {
            state: self.state.clone(),
            rules: self.rules.clone(),
            history: self.active.history.clone(),
            reply,
        };
        Ok(self.tell_dead(self.desk.team.planner.ask(self.active.deadline, "plan", ask).await)?)
    }

    /// Asks the model; the one that stands in, if the first is lost.
    async fn ask(&mut self, request: Request, fallback: bool) -> Result<(), End> {
        let mut request = Arc::new(request);
        let mut fallback = fallback;
        loop {
            let Lost { why, too_long } = match self.complete(request.clone(), fallback).await {
                Ok(reply) => {
                    if !reply.tool_calls.is_empty() {
                        // What a model says beside its calls is no answer.
                        self.active.voice.withdraw("the model calls a tool first");
                    }
                    return self.note(Happened::Replied { reply, fallback }, Keep::Process);
                }
                Err(lost) => lost,
            };
            self.active.voice.withdraw(&why);
            if too_long && shorten(Arc::make_mut(&mut request)) {
                self.degrade("context", &why);
                continue;
            }
            self.degrade("model", &why);
            if fallback || !self.rules.fallback {
                return self.note(Happened::ModelLost { why }, Keep::Process);
            }
            fallback = true;
        }
    }

    async fn complete(&self, request: Arc<Request>, fallback: bool) -> Result<Reply, Lost> {
        self.work(Role::Gateway, || {
            let way = if fallback { self.desk.shared.ways.fallback.as_ref() } else { None };
            format!("asks {}", way.unwrap_or(&self.desk.shared.ways.first).model().id())
        });
        let to = Screened::new(self.active.voice.clone(), self.desk.shared.config.doors.clone());
        let asked = |reply| gateway::Message::Complete {
            ask: Ask { role: Role::Planner, deadline: self.active.deadline, may_withdraw: true },
            request: request.clone(),
            fallback,
            to: to.clone(),
            reply,
        };
        let seat = &self.desk.shared.gateway;
        match self.tell_dead(seat.ask(self.active.deadline, "complete", asked).await) {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => {
                Err(Lost { why: error.to_string(), too_long: matches!(error, ModelError::TooLong { .. }) })
            }
            Err(failure) => Err(Lost { why: failure.to_string(), too_long: false }),
        }
    }

    async fn judge(&mut self, draft: String) -> Result<(), End> {
        self.work(Role::Critic, || "checks the draft".to_owned());
        let draft: Arc<str> = draft.into();
        let asked = |reply| critic::Message::Judge { draft: draft.clone(), state: self.state.clone(), reply };
        match self.tell_dead(self.desk.team.critic.ask(self.active.deadline, "judge", asked).await) {
            Ok(judgement) => {
                self.active.voice.say(Event::Judged {
                    turn: self.active.turn.clone(),
                    verdict: judgement.name().to_owned(),
                    unsupported: judgement.unsupported(),
                });
                if judgement != Judgement::Supported {
                    self.active.voice.withdraw("the critic found sentences without support");
                }
                self.note(Happened::Judged { judgement }, Keep::Process)
            }
            Err(failure) => {
                self.degrade(Role::Critic.name(), &failure.to_string());
                self.note(Happened::CriticLost { why: failure.to_string() }, Keep::Process)
            }
        }
    }

    /// The answer through the output door.
    fn let_out(&mut self, mut answer: Answer) -> Result<Answer, End> {
        let report = self.desk.shared.config.doors.screen(Door::Output, &answer.text);
        self.active.voice.guarded(Door::Output, &report);
        if report.verdict == Verdict::Block {
            let why = format!("the answer was held back at the output door: {}", report.reason().unwrap_or_default());
            return Err(End::Failed(TurnError::new("refused", why)));
        }
        answer.text = report.text;
        Ok(answer)
    }

    /// Notes what happened: first in the journal, then in the state.
    pub fn note(&mut self, happened: Happened, keep: Keep) -> Result<(), End> {
        self.write(&happened, keep)?;
        Arc::make_mut(&mut self.state).apply(happened);
        Ok(())
    }

    /// Writes a line of the journal. Where that fails the turn goes on without it, and says so.
    fn write(&mut self, happened: &Happened, keep: Keep) -> Result<(), End> {
        match self.desk.append(&self.active.turn, happened, keep) {
            Ok(()) => {}
            Err(Error::Died) => return Err(End::Died),
            Err(error) => self.unwritten(&chain(&error)),
        }
        Ok(())
    }

    fn unwritten(&mut self, why: &str) {
        if !self.unwritten {
            self.unwritten = true;
            self.degrade("journal", why);
        }
    }

    /// A part was lost: the person is told at once, and in the answer.
    pub fn degrade(&mut self, part: &str, why: &str) {
        if Arc::make_mut(&mut self.state).degraded.insert(part.to_owned()) {
            let turn = self.active.turn.clone();
            self.active.voice.say(Event::Degraded { turn, part: part.to_owned(), why: why.to_owned() });
        }
    }

    /// A role takes up work.
    pub fn work(&self, role: Role, what: impl FnOnce() -> String) {
        self.active.voice.say(Event::Working { turn: self.active.turn.clone(), role, what: what() });
    }

    /// Tells of a dead letter on its way to whoever decides what it means.
    pub fn tell_dead<T>(&self, asked: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(Failure::DeadLettered { role, message }) = &asked {
            let turn = self.active.turn.clone();
            self.active.voice.say(Event::DeadLettered { turn, role: *role, message: (*message).to_owned() });
        }
        asked
    }

    /// Ends the turn with its answer.
    async fn answered(mut self, answer: Answer) {
        let noted = Happened::Answered { answer: Box::new(answer) };
        if self.write(&noted, Keep::Disk).is_err() {
            return self.desk.set_active(None);
        }
        let Happened::Answered { mut answer } = noted else { return };
        answer.degraded = self.state.degraded.iter().cloned().collect();
        self.desk.leave(&self.state, &answer.text);
        let episode = Episode::of(&self.desk, &self.active.turn, &self.state.question, &answer);
        if episode.is_some() {
            self.desk.begin_keeping();
        }
        self.desk.set_active(None);
        self.active.voice.complete(&answer.text);
        self.active.voice.say(Event::TurnFinished { turn: self.active.turn.clone(), answer });
        if let Some(episode) = episode {
            episode.keep(&self.desk).await;
            self.desk.end_keeping();
        }
    }

    /// Where a record of this turn comes from.
    pub fn provenance(&self) -> Provenance {
        keep::provenance(&self.desk, &self.active.turn, &self.state.question)
    }

    /// Ends the turn without an answer; the conversation goes on as if it had not been asked.
    fn failed(mut self, error: TurnError) {
        let turn = self.active.turn.clone();
        if let Some((call, tool)) = self.open.take() {
            let output = serde_json::json!({"kind": error.kind, "message": error.message, "path": ""});
            self.active.voice.say(Event::ToolFinished { turn: turn.clone(), call, tool, ok: false, output });
        }
        let failed = Happened::Failed { failure: error.kind.to_owned(), message: error.message.clone() };
        let written = self.write(&failed, Keep::Process);
        self.desk.set_active(None);
        if written.is_err() {
            return;
        }
        self.active.voice.say(Event::TurnFailed { turn, kind: error.kind.to_owned(), message: error.message });
    }
}
