//! The chat: a loop over lines, each a turn or a slash command.
//!
//! [`lines`] is where lines come from, [`commands`] the table of slash commands, [`mod@show`] one turn on its way to the
//! reader, [`render`] everything that becomes text. The prompt is there before anything is loaded: runtime and table start
//! behind it, and the first turn waits for them only if the person was faster.

pub mod commands;
pub mod lines;
pub mod render;
pub mod show;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::answer::{Answer, Pending};
use crate::causes::chain;
use crate::cli::engine::Engine;
use crate::cli::failure::{Blame, Failure, Outcome, Stop};
use crate::cli::out::{Out, tell};
use crate::cli::tool;
use crate::edge::plain::one_line;
use crate::event::Event;
use crate::model::choose::Provider;
use crate::table::{Session, Turn};
use commands::Then;
use lines::{Line, Lines};
use render::Ink;
use show::{Face, show};

/// A conversation at the command line.
pub struct Repl<'a> {
    engine: Engine,
    out: &'a mut Out,
    session: Option<Arc<Session>>,
    trace: bool,
    /// What happened in the last turn.
    last: Vec<Event>,
    /// What was asked last.
    said: Option<String>,
    /// The last answer.
    answer: Option<Answer>,
    /// Calls that wait for a person.
    pending: Vec<Pending>,
    /// Whether a person types.
    person: bool,
    /// Whether it was said which model answers.
    introduced: bool,
    /// A turn or a command is at work, and Ctrl-C is for it.
    busy: Arc<AtomicBool>,
}

/// Runs the chat until it ends. From a pipe, a failed turn or command makes the exit status 1.
pub fn run(engine: Engine, resume: Option<String>, trace: bool, out: &mut Out) -> Outcome {
    let person = out.terminal.interactive() && !out.json;
    let mut lines = if person { greet(&engine, out)? } else { Lines::pipe()? };
    let mut repl = Repl {
        engine,
        out,
        session: None,
        trace,
        last: Vec::new(),
        said: None,
        answer: None,
        pending: Vec::new(),
        person,
        introduced: false,
        busy: Arc::default(),
    };
    repl.watch_for_ctrl_c();
    let talked = match resume {
        // A wrong id is told now rather than after the first question.
        Some(id) => repl.open(Some(&id)).and_then(|()| repl.talk(&mut lines)),
        None => {
            repl.engine.warm_up();
            repl.talk(&mut lines)
        }
    };
    repl.leave();
    if let Some(why) = lines.keep() {
        tell(&format!("the history was not saved: {why}\n"));
    }
    if talked? && !person { Err(Stop::Told(Blame::Failed)) } else { Ok(()) }
}

fn greet(engine: &Engine, out: &mut Out) -> Outcome<Lines> {
    let ink = Ink { color: out.terminal.color };
    // Without tools there is nothing to complete; whoever calls one is told why.
    let tools = || match tool::standard() {
        Ok(catalogue) => catalogue.iter().map(|tool| tool.spec().name.clone()).collect(),
        Err(_) => Vec::new(),
    };
    let (lines, trouble) = Lines::editor(engine.settings().history()?, tools, out.terminal.color);
    out.line(&format!(
        "{} {}",
        ink.bold("roundtable"),
        ink.dim(concat!(env!("CARGO_PKG_VERSION"), " · /help · Ctrl-D leaves"))
    ))?;
    if let Some(why) = trouble {
        out.line(&ink.yellow(&format!("  what you type is not kept: {why}")))?;
    }
    Ok(lines)
}

impl Repl<'_> {
    /// Takes lines until they end; says whether something failed.
    fn talk(&mut self, lines: &mut Lines) -> Outcome<bool> {
        let (mut failed, mut interrupts) = (false, 0);
        loop {
            let text = match lines.read()? {
                Line::End => break,
                Line::Interrupt => {
                    interrupts += 1;
                    if interrupts > 1 {
                        let line = self.ink().dim("  (/exit or Ctrl-D leaves)");
                        self.out.line(&line)?;
                    }
                    continue;
                }
                Line::Text(text) => text,
            };
            interrupts = 0;
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            // The window may have another size by now.
            self.out.look();
            self.busy.store(true, Ordering::Relaxed);
            let done = if text.starts_with('/') { self.command(text) } else { self.ask(text.to_owned()) };
            self.busy.store(false, Ordering::Relaxed);
            match done {
                Ok(Going::On) => {}
                Ok(Going::Failed) => failed = true,
                Ok(Going::Out) => break,
                // Who interrupts a pipe means all of it.
                Ok(Going::Cancelled) if !self.person => return Ok(true),
                Ok(Going::Cancelled) => {}
                Err(Stop::Unread) => return Err(Stop::Unread),
                Err(Stop::Told(_)) => failed = true,
                Err(Stop::Failed(failure)) => {
                    failed = true;
                    self.say_failure(&failure)?;
                }
            }
            if self.person {
                self.out.text("\n")?;
            }
        }
        Ok(failed)
    }

    fn say_failure(&mut self, failure: &Failure) -> Outcome {
        if self.out.json {
            return self.out.json(&json!({"type": "error", "error": failure}));
        }
        if self.person {
            let text = self.ink().red(failure.tell().trim_end());
            return self.out.line(&text);
        }
        tell(&failure.tell());
        Ok(())
    }

    fn command(&mut self, line: &str) -> Outcome<Going> {
        match commands::run(self, line)? {
            Then::Say(text) if self.out.json => {
                self.out.json(&json!({"type": "command", "command": one_line(line), "text": text}))?;
            }
            Then::Say(text) => self.out.line(text.trim_end())?,
            Then::Shown => {}
            Then::Ask(text) => return self.ask(text),
            Then::Turn(turn) => return self.turn(turn),
            Then::Exit => return Ok(Going::Out),
        }
        Ok(Going::On)
    }

    fn ask(&mut self, text: String) -> Outcome<Going> {
        let session = self.session()?;
        self.introduce()?;
        let turn = self.engine.block_on(session.ask(text.as_str()));
        let turn = turn.map_err(|error| Repl::refused("the turn did not begin", &error))?;
        self.said = Some(text);
        self.turn(turn)
    }

    /// Says which model answers, before its first answer.
    fn introduce(&mut self) -> Outcome {
        if std::mem::replace(&mut self.introduced, true) || !self.person {
            return Ok(());
        }
        let chosen = self.engine.chosen()?;
        // Who named a provider knows.
        if self.engine.settings().provider == Provider::Auto {
            let line = format!("  {} answers: {}", chosen.model.id(), one_line(&chosen.why));
            let line = self.ink().dim(&render::short(&line, self.out.terminal.width));
            self.out.line(&line)?;
        }
        Ok(())
    }

    fn turn(&mut self, turn: Turn) -> Outcome<Going> {
        let session = self.session()?;
        let face = Face { live: self.person, trace: self.trace, pictures: self.engine.settings().pictures()? };
        let table = self.engine.table()?;
        let shown = self.engine.block_on(show(turn, &session, table, &face, self.out))?;
        self.last = shown.events;
        if self.last.iter().any(|event| matches!(event, Event::Remembered { .. })) {
            self.engine.embed_beside();
        }
        match shown.end {
            Ok(answer) => {
                self.pending.retain(|old| answer.pending.iter().all(|new| new.fingerprint != old.fingerprint));
                self.pending.extend(answer.pending.iter().cloned());
                self.answer = Some(answer);
                Ok(Going::On)
            }
            Err(lost) => {
                self.answer = None;
                Ok(if lost.kind == "cancelled" { Going::Cancelled } else { Going::Failed })
            }
        }
    }

    fn ink(&self) -> Ink {
        Ink { color: self.out.terminal.color }
    }

    /// The conversation, opened at first need.
    fn session(&mut self) -> Outcome<Arc<Session>> {
        match &self.session {
            Some(session) => Ok(session.clone()),
            None => {
                let session = Arc::new(self.engine.open(None)?);
                self.session = Some(session.clone());
                Ok(session)
            }
        }
    }

    /// Goes on with an earlier conversation, and shows the end of a turn that had none.
    fn open(&mut self, resume: Option<&str>) -> Outcome {
        let session = Arc::new(self.engine.open(resume)?);
        self.close();
        let unfinished = session.resumed();
        self.said = session.last().map(|(_, question)| question);
        self.session = Some(session);
        self.answer = None;
        self.pending.clear();
        if let Some(turn) = unfinished {
            self.introduce()?;
            if !self.out.json {
                let line = self.ink().dim("  the last turn had no end; it goes on");
                self.out.line(&line)?;
            }
            self.turn(turn)?;
        }
        Ok(())
    }

    /// Ends the conversation; what it still has to keep is kept first.
    fn close(&mut self) {
        if let Some(session) = self.session.take().and_then(Arc::into_inner) {
            self.engine.block_on(session.close());
        }
    }

    /// The table did not do what was asked.
    pub fn refused(what: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
        Failure::failed(what, chain(error), "`/actors` shows how the table is")
    }

    /// Ctrl-C between two lines of a pipe ends the process, and a turn takes its own. Of a person it is a key; only between
    /// two prompts it comes as a signal, and then there is nothing to end.
    fn watch_for_ctrl_c(&self) {
        let (busy, person) = (self.busy.clone(), self.person);
        self.engine.spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if !person && !busy.load(Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    }

    fn leave(mut self) {
        self.close();
        self.engine.end();
    }
}

enum Going {
    On,
    Cancelled,
    Failed,
    Out,
}
