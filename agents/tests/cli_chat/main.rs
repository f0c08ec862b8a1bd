//! `roundtable`, `ask` and `doctor` as people and programs meet them: at a terminal, from a pipe, as JSON lines.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../cli_support/mod.rs"]
mod cli_support;
mod piped;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod terminal;
