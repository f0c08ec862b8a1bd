//! The append-only journal of a session: what happened, one line of JSON each, written before each effect.
//!
//! A file begins with a header and grows by what is new: a turn's lines hold what was asked, what the model replied, what a tool
//! was about to do and what it gave. Nothing is ever rewritten. Applying the lines again gives the conversation, and of a turn
//! that has no end, the state to go on from ([`Replayed::unfinished`]).
//!
//! A line is handed to the system before the step that it announces, so it survives `kill -9`; before an effect and at the end
//! of a turn it is also synced to the disk, so it survives a power cut. A torn last line is what a crash may leave: it is cut
//! off when the file is opened again. One process at a time holds a session's file, by a lock.

mod file;
mod replay;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::{Action, Point, Probe};
use crate::turn::Happened;
use file::File;
pub use replay::{Past, Replayed};

/// The version of the format, in the header.
const FORMAT: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The session's id.
    pub session: String,
    /// The version of the format.
    pub format: u32,
    /// When it was opened.
    #[serde(with = "roundtable_memory::timestamp")]
    pub at: Timestamp,
}

/// Every further line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    #[serde(with = "roundtable_memory::timestamp")]
    pub at: Timestamp,
    /// The turn that it belongs to.
    pub turn: String,
    /// What happened.
    #[serde(flatten)]
    pub happened: Happened,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the session open.
    #[error("session `{session}` is open in another process; close it there, or start a new one")]
    Locked {
        /// The session.
        session: String,
    },
    /// There is no such session.
    #[error("there is no session `{session}`; `roundtable` without `--resume` starts a new one")]
    Unknown {
        /// The session.
        session: String,
    },
    /// A session's id that cannot be a file's name.
    #[error("`{session}` is no session's id; an id has letters, digits, `-` and `_`")]
    BadId {
        /// What was given.
        session: String,
    },
    /// The system refused.
    #[error("cannot {what} the journal `{}`", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A line is damaged, and it is not the last one.
    #[error("line {line} of the journal `{}` is damaged: {why}; move the file away to start afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A scenario's fault: the process is dead from here on.
    #[error("the process has died")]
    Died,
}

/// How surely a line must be kept before one goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Handed to the system: it survives the process.
    Process,
    /// On the disk: it survives the machine.
    Disk,
}

/// A session's journal: a file, or nothing at all.
#[derive(Debug)]
pub struct Journal {
    file: Option<Mutex<File>>,
    probe: Arc<dyn Probe>,
}

impl Journal {
    /// A journal that keeps nothing: the conversation lives as long as the process.
    pub fn none(probe: Arc<dyn Probe>) -> Self {
        Self { file: None, probe }
    }

    /// Opens the journal of a new session in `folder`.
    pub fn create(folder: &Path, session: &str, at: Timestamp, probe: Arc<dyn Probe>) -> Result<Self, Error> {
        let header = Header { session: session.to_owned(), format: FORMAT, at };
        let file = File::create(path_of(folder, session)?, &header)?;
        Ok(Self { file: Some(Mutex::new(file)), probe })
    }

    /// Opens the journal of an earlier session, and gives what is in it.
    pub fn resume(folder: &Path, session: &str, probe: Arc<dyn Probe>) -> Result<(Self, Replayed), Error> {
        let (file, replayed) = File::open(path_of(folder, session)?, session)?;
        Ok((Self { file: Some(Mutex::new(file)), probe }, replayed))
    }

    /// Appends a line.
    pub fn append(&self, turn: &str, happened: &Happened, keep: Keep, at: Timestamp) -> Result<(), Error> {
        let record = happened.kind();
        let action = self.probe.at(Point::Append { record });
        if action == Action::Die {
            return Err(Error::Died);
        }
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let line = Line { at, turn: turn.to_owned(), happened: happened.clone() };
            match action {
                Action::Fail(why) => return Err(file.failed(std::io::Error::other(why))),
                Action::Corrupt => {
                    file.tear(&line)?;
                    return Err(Error::Died);
                }
                _ => file.append(&line, keep)?,
            }
        } else if let Action::Fail(why) = action {
            let path = PathBuf::new();
            return Err(Error::Io { what: "write", path, source: std::io::Error::other(why) });
        }
        match self.probe.at(Point::Appended { record }) {
            Action::Die => Err(Error::Died),
            _ => Ok(()),
        }
    }
}

fn path_of(folder: &Path, session: &str) -> Result<PathBuf, Error> {
    let good = !session.is_empty() && session.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !good {
        return Err(Error::BadId { session: session.to_owned() });
    }
    Ok(folder.join(format!("{session}.jsonl")))
}

/// The sessions that have a journal in `folder`, the one that was written last first.
pub fn sessions(folder: &Path) -> Result<Vec<String>, Error> {
    let io = |source| Error::Io { what: "list", path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io)?;
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "jsonl")
            && let Some(session) = path.file_stem().and_then(|stem| stem.to_str())
        {
            let written = entry.metadata().and_then(|data| data.modified()).map_err(io)?;
            found.push((written, session.to_owned()));
        }
    }
    found.sort();
    Ok(found.into_iter().rev().map(|(_, session)| session).collect())
}
