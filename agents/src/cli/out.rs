//! Where a command writes: text for people or JSON lines for programs, and never a panic when nobody reads.

use std::io::{self, Write};

use serde::Serialize;

use super::failure::Outcome;
use crate::edge::terminal::Terminal;

/// Stdout of a command.
#[derive(Debug)]
pub struct Out {
    /// Whether stdout holds only JSON lines.
    pub json: bool,
    /// What stdout is.
    pub terminal: Terminal,
}

impl Out {
    /// Stdout of this process.
    pub fn new(json: bool) -> Self {
        Self { json, terminal: Terminal::detect() }
    }

    /// Looks at stdout again: a window may have another size by now.
    pub fn look(&mut self) {
        self.terminal = Terminal::detect();
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> Outcome {
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) -> Outcome {
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        stdout.write_all(b"\n")?;
        Ok(())
    }

    /// Writes one JSON line.
    pub fn json(&mut self, value: &impl Serialize) -> Outcome {
        let mut line = serde_json::to_vec(value).map_err(io::Error::from)?;
        line.push(b'\n');
        io::stdout().write_all(&line)?;
        Ok(())
    }

    /// Lets what was written be seen now.
    pub fn flush(&mut self) -> Outcome {
        io::stdout().flush()?;
        Ok(())
    }
}

/// Says something on stderr. If stderr is gone, nobody is left to be told.
pub fn tell(text: &str) {
    io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}
