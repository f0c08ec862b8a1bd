//! Where faults can be injected: the table asks a [`Probe`] at every named [`Point`] and does what it says.
//!
//! In production the probe is [`Calm`], which the compiler sees through. Scenarios bring one that follows a script and a seed.

use std::fmt;
use std::time::Duration;

use crate::event::Role;

/// A place in the running table where something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point<'a> {
    /// An actor is about to handle a message of this name.
    Handle {
        /// Whose mailbox.
        role: Role,
        /// The message's variant name, in snake case.
        message: &'a str,
    },
    /// The executor is about to call a tool. It asks on its own side, not on the tool's thread, so that a hang here holds no
    /// thread and the paused clock runs on.
    Tool {
        /// The tool's name.
        tool: &'a str,
    },
    /// The journal is about to append a record of this kind.
    Append {
        /// The record's kind, in snake case.
        record: &'a str,
    },
    /// The journal has appended a record of this kind.
    Appended {
        /// The record's kind, in snake case.
        record: &'a str,
    },
}

/// What happens at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: go on.
    Continue,
    /// The handler panics with this message.
    Panic(String),
    /// The handler never returns by itself.
    Hang,
    /// The handler takes this much longer.
    Delay(Duration),
    /// The operation fails with this message (a full disk, for the journal).
    Fail(String),
    /// What comes out is damaged: a tool's output breaks its schema; of a journal's record half a line is written, and the
    /// process dies.
    Corrupt,
    /// The process dies here, as under `kill -9`: nothing after this point happens.
    Die,
}

/// Decides what happens at each point.
pub trait Probe: Send + Sync + fmt::Debug {
    /// Called once at each point that is reached.
    fn at(&self, point: Point<'_>) -> Action;
}

/// The probe of production: nothing ever happens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm;

impl Probe for Calm {
    fn at(&self, _: Point<'_>) -> Action {
        Action::Continue
    }
}
