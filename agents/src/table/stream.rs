//! The stream of an answer on its way to the person: sentence by sentence through the output door.

use std::fmt;
use std::sync::Arc;

use roundtable_guardrails::{Door, Doors, Verdict};

use super::turn::Voice;
use crate::event::Event;
use crate::model::Delta;
use crate::model::gateway::Progress;

/// Passes on what a model says, as far as the output door lets it.
#[derive(Clone)]
pub struct Screened {
    voice: Voice,
    doors: Arc<Doors>,
    held: String,
    blocked: bool,
}

impl fmt::Debug for Screened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screened").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Screened {
    /// A stream to `voice`.
    pub fn new(voice: Voice, doors: Arc<Doors>) -> Self {
        Self { voice, doors, held: String::new(), blocked: false }
    }

    /// Takes what the gateway reports.
    pub fn hear(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Delta(Delta::Text(text)) => {
                self.held.push_str(text);
                if let Some(end) = sentence_end(&self.held) {
                    let rest = self.held.split_off(end);
                    self.flush();
                    self.held = rest;
                }
            }
            Progress::Delta(Delta::Finish(_)) => self.flush(),
            Progress::Delta(Delta::ToolCall { .. } | Delta::Usage(_)) => {}
            Progress::Withdrawn { why } => {
                self.held.clear();
                self.blocked = false;
                self.voice.withdraw(&why.to_string());
            }
            Progress::Retrying { attempt, why, .. } => {
                let turn = self.voice.turn.clone();
                self.voice.say(Event::Retrying { turn, attempt: *attempt, why: why.to_string() });
            }
            Progress::Breaker { model, state } => {
                self.voice.say(Event::Breaker { model: (*model).to_owned(), state: state.name().to_owned() });
            }
        }
    }

    /// Lets go of what is held.
    pub fn flush(&mut self) {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() || self.blocked {
            return;
        }
        let report = self.doors.screen(Door::Output, &held);
        if report.verdict == Verdict::Block {
            // The rest of this answer is shown only after the whole was screened, if at all.
            self.blocked = true;
            return;
        }
        self.voice.stream(report.text);
    }
}

/// Where the last whole sentence of `text` ends, so that no address or secret is cut in two.
fn sentence_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = (1..bytes.len()).rev().find(|&at| {
        bytes[at] == b'\n' || (bytes[at] == b' ' && matches!(bytes[at - 1], b'.' | b'!' | b'?' | b':' | b']'))
    });
    end.map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_let_go_at_the_end_of_a_sentence() {
        assert_eq!(sentence_end("One. Tw"), Some(5));
        assert_eq!(sentence_end("see https://example.org/a?b=c"), None);
        assert_eq!(sentence_end("a\nb"), Some(2));
        assert_eq!(sentence_end("é. é"), Some(4));
        assert_eq!(sentence_end(""), None);
    }
}
