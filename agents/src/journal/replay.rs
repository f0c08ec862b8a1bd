//! Reading a journal back: the turns of the conversation, and the one that has no end.

use std::path::Path;

use super::{Error, FORMAT, Header, Line};
use crate::answer::Answer;
use crate::turn::Happened;

/// A turn as the journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The turn's id.
    pub turn: String,
    /// What happened, in order.
    pub happened: Vec<Happened>,
}

impl Past {
    /// Whether it has its end.
    pub fn ended(&self) -> bool {
        self.happened.iter().any(Happened::ends)
    }

    /// What was asked.
    pub fn question(&self) -> &str {
        let asked = self.happened.iter().find_map(|happened| match happened {
            Happened::Asked { text, .. } => Some(text.as_str()),
            _ => None,
        });
        asked.unwrap_or_default()
    }

    /// The answer, if it has one.
    pub fn answer(&self) -> Option<&Answer> {
        self.happened.iter().find_map(|happened| match happened {
            Happened::Answered { answer } => Some(answer.as_ref()),
            _ => None,
        })
    }
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// The turns in order, undone ones left out.
    pub turns: Vec<Past>,
    /// How many turns there ever were: the next one's number follows.
    pub begun: usize,
    /// Bytes of a torn last line that were left out.
    pub torn: usize,
}

impl Replayed {
    /// The last turn, if it has no end.
    pub fn unfinished(&self) -> Option<&Past> {
        self.turns.last().filter(|past| !past.ended())
    }

    /// The answered turns of which the journal does not say that memory has them: its process was killed just then.
    pub fn unkept(&self) -> impl Iterator<Item = (&Past, &Answer)> {
        let kept = |past: &Past| past.happened.iter().any(|happened| matches!(happened, Happened::Kept {}));
        let first = self.turns.iter().rposition(kept).map_or(0, |last| last + 1);
        self.turns[first..].iter().filter_map(|past| Some((past, past.answer()?)))
    }

    /// Reads a journal's text; also gives how many of its bytes are whole lines.
    pub(super) fn read(text: &[u8], path: &Path) -> Result<(Self, usize), Error> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut replayed = Self { torn: text.len() - whole, ..Self::default() };
        for (place, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let damaged = |why: String| Error::Damaged { path: path.to_owned(), line: place + 1, why };
            if place == 0 {
                let header: Header = serde_json::from_slice(line).map_err(|error| damaged(error.to_string()))?;
                if header.format != FORMAT {
                    return Err(damaged(format!("format {} is not the {FORMAT} that is known here", header.format)));
                }
                continue;
            }
            let line: Line = serde_json::from_slice(line).map_err(|error| damaged(error.to_string()))?;
            replayed.take(line);
        }
        Ok((replayed, whole))
    }

    fn take(&mut self, line: Line) {
        if let Happened::Undone {} = line.happened {
            self.turns.retain(|past| past.turn != line.turn);
            return;
        }
        if let Happened::Kept {} = line.happened {
            if let Some(past) = self.turns.iter_mut().rev().find(|past| past.turn == line.turn) {
                past.happened.push(line.happened);
            }
            return;
        }
        match self.turns.last_mut() {
            Some(past) if past.turn == line.turn => past.happened.push(line.happened),
            _ => {
                self.begun += 1;
                self.turns.push(Past { turn: line.turn, happened: vec![line.happened] });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::fault::{Action, Calm, Point, Probe};
    use crate::journal::{Journal, Keep};

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn asked(text: &str) -> Happened {
        Happened::Asked { text: text.into(), approved: Vec::new() }
    }

    fn lost() -> Happened {
        Happened::Failed { failure: "cancelled".into(), message: String::new() }
    }

    fn write(journal: &Journal, turn: &str, happened: &Happened) {
        journal.append(turn, happened, Keep::Process, AT).unwrap();
    }

    #[test]
    fn what_was_written_is_read_back_and_an_open_turn_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "s1", AT, Arc::new(Calm)).unwrap();
        write(&journal, "t1", &asked("one"));
        write(&journal, "t1", &lost());
        write(&journal, "t2", &asked("two"));
        drop(journal);
        let (_, replayed) = Journal::resume(folder.path(), "s1", Arc::new(Calm)).unwrap();
        assert_eq!(replayed.turns[0], Past { turn: "t1".into(), happened: vec![asked("one"), lost()] });
        assert_eq!(replayed.unfinished().map(|past| past.turn.as_str()), Some("t2"));
    }

    #[test]
    fn an_undone_turn_is_gone_and_its_number_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "s1", AT, Arc::new(Calm)).unwrap();
        for happened in [asked("one"), lost(), Happened::Undone {}] {
            write(&journal, "t1", &happened);
        }
        drop(journal);
        let (_, replayed) = Journal::resume(folder.path(), "s1", Arc::new(Calm)).unwrap();
        assert_eq!((replayed.turns.len(), replayed.begun), (0, 1));
    }

    fn answered(text: &str) -> Happened {
        Happened::Answered { answer: Box::new(Answer { text: text.into(), ..Answer::default() }) }
    }

    #[test]
    fn turns_that_memory_does_not_have_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "s1", AT, Arc::new(Calm)).unwrap();
        for (turn, happened) in [
            ("t1", asked("one")),
            ("t1", answered("1")),
            ("t2", asked("two")),
            // The next turn begins before the first is kept, and one is taken back before it is.
            ("t1", Happened::Kept {}),
            ("t2", answered("2")),
            ("t3", asked("three")),
            ("t3", answered("3")),
            ("t3", Happened::Undone {}),
            ("t3", Happened::Kept {}),
            ("t4", asked("four")),
        ] {
            write(&journal, turn, &happened);
        }
        drop(journal);
        let (_, replayed) = Journal::resume(folder.path(), "s1", Arc::new(Calm)).unwrap();
        let unkept: Vec<(&str, &str)> =
            replayed.unkept().map(|(past, answer)| (past.question(), answer.text.as_str())).collect();
        assert_eq!(unkept, [("two", "2")]);
        assert_eq!((replayed.turns.len(), replayed.begun), (3, 4));
        assert_eq!(replayed.unfinished().map(|past| past.turn.as_str()), Some("t4"));
    }

    #[derive(Debug)]
    struct Tears;

    impl Probe for Tears {
        fn at(&self, point: Point<'_>) -> Action {
            if point == (Point::Append { record: "failed" }) { Action::Corrupt } else { Action::Continue }
        }
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_next_one_stands_whole() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "s1", AT, Arc::new(Tears)).unwrap();
        write(&journal, "t1", &asked("one"));
        assert!(matches!(journal.append("t1", &lost(), Keep::Process, AT), Err(Error::Died)));
        drop(journal);
        let (journal, replayed) = Journal::resume(folder.path(), "s1", Arc::new(Calm)).unwrap();
        assert!(replayed.torn > 0 && replayed.unfinished().is_some());
        write(&journal, "t1", &lost());
        drop(journal);
        let (_, replayed) = Journal::resume(folder.path(), "s1", Arc::new(Calm)).unwrap();
        assert_eq!((replayed.torn, replayed.unfinished()), (0, None));
    }

    #[test]
    fn one_process_at_a_time_and_only_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let _held = Journal::create(folder.path(), "s1", AT, Arc::new(Calm)).unwrap();
        let resume = |session| Journal::resume(folder.path(), session, Arc::new(Calm)).map(|_| ()).unwrap_err();
        assert!(matches!(resume("s1"), Error::Locked { .. }));
        assert!(matches!(resume("s2"), Error::Unknown { .. }));
        assert!(matches!(resume("../s1"), Error::BadId { .. }));
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "s1", AT, Arc::new(Calm)).unwrap();
        write(&journal, "t1", &asked("one"));
        drop(journal);
        let path = folder.path().join("s1.jsonl");
        let text = std::fs::read_to_string(&path).unwrap().replace("asked", "askd");
        std::fs::write(&path, text).unwrap();
        let error = Journal::resume(folder.path(), "s1", Arc::new(Calm)).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Damaged { line: 2, .. }), "{error}");
    }
}
