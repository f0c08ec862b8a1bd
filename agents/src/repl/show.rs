//! One turn on its way to the reader: streamed to a terminal, whole to a pipe, or as JSON lines.

use serde::Serialize;
use serde_json::json;

use super::render::{self, Ink, Streamed};
use crate::answer::Answer;
use crate::causes::chain;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::out::Out;
use crate::edge::picture;
use crate::edge::plain::plain;
use crate::event::Event;
use crate::table::{Session, Table, Turn};

/// How a turn is shown.
#[derive(Clone, Debug)]
pub struct Face {
    /// Stream to a person, rather than give the whole answer at the end.
    pub live: bool,
    /// Show who does what: dim lines for people, events for programs.
    pub trace: bool,
    /// Where pictures are saved.
    pub pictures: std::path::PathBuf,
}

/// How a turn ended.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Everything that happened.
    pub events: Vec<Event>,
    /// The answer, or the kind of failure and what to do.
    pub end: Result<Answer, Lost>,
}

/// A turn without an answer.
#[derive(Clone, Debug, Serialize)]
pub struct Lost {
    /// The kind, as in [`Event::TurnFailed`].
    pub kind: String,
    /// What happened and what to do next.
    pub message: String,
}

/// The last line of a turn as JSON.
#[derive(Serialize)]
struct AnswerLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    answer: &'a Answer,
}

/// Shows a turn until it ends. Ctrl-C cancels it; a second one gives up waiting for that.
pub async fn show(mut turn: Turn, session: &Session, table: &Table, face: &Face, out: &mut Out) -> Outcome<Shown> {
    let mut page = Page::new(face.clone(), out);
    let mut events = Vec::new();
    let mut interrupts = 0;
    // Restarts and the breaker belong to no turn: the table tells of them.
    let mut around = table.listen();
    // One listener for the whole turn: a key pressed while an event is being shown must not be lost.
    let mut pressed = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let event = tokio::select! {
            biased;
            heard = &mut pressed => {
                heard.map_err(|error| Failure::failed("cannot listen for Ctrl-C", error.to_string(), ""))?;
                pressed.set(tokio::signal::ctrl_c());
                interrupts += 1;
                if interrupts > 1 {
                    let what = Lost { kind: "cancelled".to_owned(), message: "cancelled".to_owned() };
                    page.end(&Err(what.clone()))?;
                    return Ok(Shown { events, end: Err(what) });
                }
                session.cancel();
                continue;
            }
            Some(event) = around.recv() => {
                if matches!(event, Event::Restarted { .. } | Event::Escalated { .. } | Event::Breaker { .. }) {
                    page.event(&event)?;
                    events.push(event);
                }
                continue;
            }
            event = turn.next() => event,
        };
        let end = match event {
            Some(Event::TurnFinished { ref answer, .. }) => Ok((**answer).clone()),
            Some(Event::TurnFailed { ref kind, ref message, .. }) => {
                Err(Lost { kind: kind.clone(), message: message.clone() })
            }
            Some(event) => {
                page.event(&event)?;
                events.push(event);
                continue;
            }
            None => Err(Lost { kind: "failed".to_owned(), message: "the table went away in mid-turn".to_owned() }),
        };
        events.extend(event);
        page.end(&end)?;
        return Ok(Shown { events, end });
    }
}

/// What the reader has seen so far.
struct Page<'a> {
    face: Face,
    out: &'a mut Out,
    ink: Ink,
    stream: Streamed,
    /// Text stands on the present line.
    mid_line: bool,
    /// A passing note stands on the present line.
    note: bool,
}

impl<'a> Page<'a> {
    fn new(face: Face, out: &'a mut Out) -> Self {
        let ink = Ink { color: out.terminal.color };
        let stream = Streamed::new(out.terminal.width);
        Self { face, out, ink, stream, mid_line: false, note: false }
    }

    fn event(&mut self, event: &Event) -> Outcome {
        if self.out.json {
            return if self.face.trace { self.out.json(event) } else { Ok(()) };
        }
        if !self.face.live {
            return match render::trace(event, self.out.terminal.width) {
                Some(line) if self.face.trace => self.out.line(&line),
                _ => Ok(()),
            };
        }
        match event {
            Event::TextDelta { text, .. } => {
                let shown = self.stream.feed(text);
                self.put(&shown)
            }
            Event::TextWithdrawn { why, .. } => {
                let rest = self.stream.finish();
                self.put(&rest)?;
                self.fresh_line()?;
                self.stream = Streamed::new(self.out.terminal.width);
                let line = self.ink.dim(&format!("  (withdrawn: {})", plain(why)));
                self.out.line(&line)
            }
            event => match render::trace(event, self.out.terminal.width) {
                // What a door found concerns the person, traced or not.
                Some(line) if self.face.trace || matches!(event, Event::Guarded { .. }) => {
                    self.fresh_line()?;
                    let line = self.ink.dim(&line);
                    self.out.line(&line)
                }
                Some(line) if self.ink.color && !self.mid_line => self.pass(&line),
                _ => Ok(()),
            },
        }
    }

    /// Shows a line that the next one replaces.
    fn pass(&mut self, line: &str) -> Outcome {
        let line = format!("\r\u{1b}[K{}", self.ink.dim(line));
        self.note = true;
        self.out.text(&line)?;
        self.out.flush()
    }

    fn put(&mut self, text: &str) -> Outcome {
        if text.is_empty() {
            return Ok(());
        }
        self.clear_note()?;
        self.mid_line = !text.ends_with('\n');
        self.out.text(text)?;
        self.out.flush()
    }

    fn clear_note(&mut self) -> Outcome {
        if std::mem::take(&mut self.note) {
            self.out.text("\r\u{1b}[K")?;
        }
        Ok(())
    }

    fn fresh_line(&mut self) -> Outcome {
        self.clear_note()?;
        if std::mem::take(&mut self.mid_line) {
            self.out.text("\n")?;
        }
        Ok(())
    }

    fn end(&mut self, end: &Result<Answer, Lost>) -> Outcome {
        match end {
            Ok(answer) if self.out.json => self.out.json(&AnswerLine { kind: "answer", answer }),
            Err(lost) if self.out.json => self.out.json(&json!({"type": "error", "error": lost})),
            Ok(answer) => self.answer(answer),
            Err(lost) => self.lost(lost),
        }
    }

    fn answer(&mut self, answer: &Answer) -> Outcome {
        let width = self.out.terminal.width;
        match self.stream.rest(&answer.text).map(str::to_owned) {
            Some(rest) => {
                let shown = self.stream.feed(&rest) + &self.stream.finish();
                self.put(shown.trim_end())?;
            }
            // The answer is not what was streamed: a door or the critic changed it.
            None => {
                let held = self.stream.finish();
                self.put(&held)?;
                self.fresh_line()?;
                let note = self.ink.dim("  (revised)");
                self.out.line(&note)?;
                self.put(render::wrapped(&plain(&answer.text), width).trim_end())?;
            }
        }
        self.fresh_line()?;
        let sources = render::sources(answer, self.ink, width);
        if !sources.is_empty() {
            self.out.text("\n")?;
            self.out.text(&sources)?;
        }
        self.out.text(&render::degraded(answer, self.ink))?;
        self.out.text(&render::pending(&answer.pending, self.ink, width))?;
        for drawn in &answer.pictures {
            picture_shown(&drawn.tool, &drawn.svg, &self.face.pictures, self.out)?;
        }
        self.out.flush()
    }

    fn lost(&mut self, lost: &Lost) -> Outcome {
        let held = self.stream.finish();
        self.put(&held)?;
        self.fresh_line()?;
        let line = if lost.kind == "cancelled" { "  (cancelled)".to_owned() } else { plain(&lost.message) };
        let line = if lost.kind == "cancelled" { self.ink.dim(&line) } else { self.ink.red(&line) };
        self.out.line(&line)?;
        self.out.flush()
    }
}

/// Saves a picture, and shows it where the terminal can.
pub fn picture_shown(tool: &str, svg: &str, folder: &std::path::Path, out: &mut Out) -> Outcome {
    let ink = Ink { color: out.terminal.color };
    match picture::save(folder, tool, svg) {
        Ok(saved) if out.json => {
            out.json(&json!({"type": "picture", "tool": tool, "svg": saved.svg, "png": saved.png}))
        }
        Err(error) if out.json => out.json(&json!({"type": "picture", "tool": tool, "error": chain(&error)})),
        Ok(saved) => {
            if let Some(how) = out.terminal.pictures {
                // One that was just saved can be drawn; if not, the file is there.
                if let Ok(shown) = picture::inline(svg, &saved.bytes, how, out.terminal.width.min(100)) {
                    out.text(&shown)?;
                }
            }
            out.line(&ink.dim(&format!("  picture: {}", saved.png.display())))
        }
        Err(error) => out.line(&ink.red(&format!("  the picture was not saved: {}", chain(&error)))),
    }
}
