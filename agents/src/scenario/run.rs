//! Plays a story and reports what was wrong.

use std::path::Path;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::check::{Seen, differences};
use super::format::{Ask, Expect, Scenario, Step};
use super::invariants;
use super::world::{Life, Trouble, World};
use crate::answer::Answer;
use crate::event::Event;
use crate::table::{Turn, TurnError};

/// What came of a story.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The story's name.
    pub name: String,
    /// The seed that drove it.
    pub seed: u64,
    /// What was wrong; nothing, if all is well.
    pub failures: Vec<String>,
    /// How often faults struck.
    pub strikes: u64,
    /// Every event, a line of JSON each. The same seed gives the same lines.
    #[serde(skip)]
    pub log: Vec<String>,
}

impl Report {
    /// Whether all is well.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// The command that plays it again.
    pub fn replay(&self, path: &Path) -> String {
        format!("roundtable scenario run {} --seed {}", path.display(), self.seed)
    }
}

/// Plays a story with its own seed, or with another. Builds a runtime of its own, so it must not be called from within one.
pub fn run(scenario: &Scenario, seed: Option<u64>) -> Report {
    let seed = seed.unwrap_or(scenario.seed);
    let mut report = Report { name: scenario.name.clone(), seed, failures: Vec::new(), strikes: 0, log: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let played = runtime.map_err(Trouble::from).and_then(|runtime| {
        let played = runtime.block_on(play(scenario, seed));
        // A tool that a fault made hang may still hold its thread.
        runtime.shutdown_background();
        played
    });
    match played {
        Ok((failures, strikes, log)) => (report.failures, report.strikes, report.log) = (failures, strikes, log),
        Err(trouble) => report.failures.push(format!("the story could not be played: {trouble}")),
    }
    report
}

/// How a turn ended, and when.
struct Ended {
    answer: Result<Answer, TurnError>,
    took_ms: u64,
    /// The first of its events in the log.
    first: usize,
}

/// A story being played.
struct Play<'a> {
    scenario: &'a Scenario,
    world: World,
    life: Option<Life>,
    said: Vec<String>,
    failures: Vec<String>,
    last: Option<Ended>,
}

async fn play(scenario: &Scenario, seed: u64) -> Result<(Vec<String>, u64, Vec<String>), Trouble> {
    let world = World::new(scenario, seed).await?;
    let life = Some(world.begin(None).await?);
    let mut play = Play { scenario, world, life, said: Vec::new(), failures: Vec::new(), last: None };
    for (place, step) in scenario.steps.iter().enumerate() {
        let wrong = play.step(step).await?;
        play.failures.extend(wrong.into_iter().map(|wrong| format!("step {}: {wrong}", place + 1)));
    }
    play.finish().await
}

impl Play<'_> {
    fn life(&self) -> Result<&Life, Trouble> {
        self.life.as_ref().ok_or_else(|| "the process is dead".into())
    }

    async fn step(&mut self, step: &Step) -> Result<Vec<String>, Trouble> {
        match step {
            Step::Ask(ask) => self.ask(ask).await,
            Step::Approve { expect } => {
                let first = self.world.faults.events().len();
                let turn = self.life()?.session.approve("").await;
                self.see(turn, None, first, expect).await
            }
            Step::Deny { expect } => {
                let first = self.world.faults.events().len();
                let denied = self.life()?.session.deny("").await;
                self.note(denied, first);
                self.expect(expect).await
            }
            Step::Undo {} => {
                let first = self.world.faults.events().len();
                let undone = self.life()?.session.undo().await;
                self.note(undone, first);
                Ok(Vec::new())
            }
            Step::Restart {} => {
                let life = self.life.take().ok_or("the process is dead")?;
                let id = life.session.id().to_owned();
                life.end().await;
                self.life = Some(self.world.begin(Some(&id)).await?);
                Ok(Vec::new())
            }
        }
    }

    /// Notes how something ended that is no turn: well, and the last turn stays what it was; or with an error.
    fn note<T>(&mut self, done: Result<T, TurnError>, first: usize) {
        if let Err(error) = done {
            self.last = Some(Ended { answer: Err(error), took_ms: 0, first });
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Vec<String>, Trouble> {
        self.said.push(ask.text.clone());
        let first = self.world.faults.events().len();
        let turn = self.life()?.session.ask(ask.text.as_str()).await;
        self.see(turn, ask.cancel_at.as_deref(), first, &ask.expect).await
    }

    /// Follows a turn to its end, through the deaths of the process, and compares.
    async fn see(
        &mut self,
        turn: Result<Turn, TurnError>,
        cancel_at: Option<&str>,
        first: usize,
        expect: &Expect,
    ) -> Result<Vec<String>, Trouble> {
        let begin = Instant::now();
        let answer = match turn {
            Ok(turn) => self.follow(turn, cancel_at).await?,
            Err(error) => Err(error),
        };
        let took_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.life()?.session.settled().await;
        self.last = Some(Ended { answer, took_ms, first });
        self.expect(expect).await
    }

    async fn follow(&mut self, mut turn: Turn, cancel_at: Option<&str>) -> Result<Result<Answer, TurnError>, Trouble> {
        loop {
            let killed = self.life()?.killed.clone();
            let ended = tokio::select! {
                biased;
                () = killed.cancelled() => None,
                ended = to_the_end(&mut turn, self.life()?, cancel_at) => Some(ended),
            };
            // The end and the death may come together; the dead say nothing.
            match ended {
                Some(ended) if !killed.is_cancelled() => return Ok(ended),
                _ => {}
            }
            let Some(life) = self.life.take() else { return Err("the process is dead".into()) };
            let id = life.session.id().to_owned();
            life.end().await;
            let life = self.world.begin(Some(&id)).await?;
            let resumed = life.session.resumed();
            let last = life.session.last();
            self.life = Some(life);
            match (resumed, last) {
                (Some(resumed), _) => turn = resumed,
                // It had ended in the journal already: nothing is left to be done, and the answer is in the history.
                (None, Some((id, _))) if id == turn.id() => return Ok(Ok(self.answer_in_history()?)),
                (None, _) => return Ok(Err(TurnError { kind: "failed", message: "the turn left nothing".into() })),
            }
        }
    }

    fn answer_in_history(&self) -> Result<Answer, Trouble> {
        let history = self.life()?.session.history();
        let text = history.last().map(|message| message.content.clone()).unwrap_or_default();
        Ok(Answer { text, ..Answer::default() })
    }

    /// Compares the last turn with what a step expects of it.
    async fn expect(&self, expect: &Expect) -> Result<Vec<String>, Trouble> {
        let events = self.world.faults.events();
        let first = self.last.as_ref().map_or(0, |ended| ended.first).min(events.len());
        self.compare(expect, &events[first..]).await
    }

    async fn compare(&self, expect: &Expect, events: &[Event]) -> Result<Vec<String>, Trouble> {
        let facts = self.world.facts().await?;
        let (mut answer, mut failed, mut took_ms) = (None, None, 0);
        if let Some(ended) = &self.last {
            took_ms = ended.took_ms;
            match &ended.answer {
                Ok(found) => answer = Some(found),
                Err(error) => failed = Some(error.kind),
            }
        }
        let seen = Seen {
            answer,
            failed,
            events,
            facts: &facts,
            effects: self.world.effects()?.len() as u64,
            requests: self.world.requests().len() as u64,
            took_ms,
        };
        Ok(differences(expect, &seen))
    }

    /// The whole story: its expectations, the invariants, the faults that never struck.
    async fn finish(mut self) -> Result<(Vec<String>, u64, Vec<String>), Trouble> {
        let history = self.life()?.session.history();
        if let Some(life) = self.life.take() {
            // What hangs is ended by the watchdog; the story waits for that.
            sleep(life.table.config().limits.handler.saturating_mul(4)).await;
            let busy: Vec<String> = life
                .table
                .actors()
                .iter()
                .filter(|actor| actor.waiting > 0 && !life.session.is_busy())
                .map(|actor| format!("the {} is not idle at the end: {} wait", actor.role, actor.waiting))
                .collect();
            life.end().await;
            self.failures.extend(busy);
        }
        let events = self.world.faults.events();
        let wrong = self.compare(&self.scenario.expect, &events).await?;
        self.failures.extend(wrong.into_iter().map(|wrong| format!("in the end: {wrong}")));
        let untrusted: Vec<String> =
            self.scenario.fixtures.documents.iter().map(|document| document.text.clone()).collect();
        let lives = self.world.faults.lives();
        let always = [
            lives.iter().flat_map(|(events, killed)| invariants::all_ended(events, *killed)).collect(),
            invariants::history_is_valid(&history),
            invariants::nothing_untrusted_instructs(&self.world.requests(), &untrusted, &self.said),
            invariants::effects_at_most_once(&self.world.effects()?),
        ];
        self.failures.extend(always.concat());
        for fault in self.world.faults.never_struck() {
            self.failures.push(format!("the fault {:?} ({:?}) never struck", fault.fault, fault.when));
        }
        if let Some(scripted) = &self.world.scripted
            && !scripted.unused().is_empty()
        {
            self.failures.push(format!("the model's lines {:?} were never used", scripted.unused()));
        }
        let folder = self.world.folder.path().display().to_string();
        let log: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
        let log = log?.into_iter().map(|line| line.replace(&folder, "FOLDER")).collect();
        Ok((self.failures, self.world.faults.strikes(), log))
    }
}

/// Follows a turn to its end; cancels it when an event of this type is seen.
async fn to_the_end(turn: &mut Turn, life: &Life, cancel_at: Option<&str>) -> Result<Answer, TurnError> {
    loop {
        match turn.next().await {
            Some(Event::TurnFinished { answer, .. }) => return Ok(*answer),
            Some(Event::TurnFailed { kind, message, .. }) => return Err(TurnError::of(&kind, message)),
            Some(event) if cancel_at == Some(super::faulty::kind_of(&event).as_str()) => life.session.cancel(),
            Some(_) => {}
            None => return Err(TurnError::of("failed", "the turn had ended already".to_owned())),
        }
    }
}
