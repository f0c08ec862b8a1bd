//! `roundtable chat`, also `roundtable` alone: the REPL.

use clap::Args;

use super::engine::Engine;
use super::failure::Outcome;
use super::out::Out;
use super::settings::Settings;
use crate::repl;

/// Opens the chat; with piped stdin each line is a turn
#[derive(Args, Clone, Debug, Default)]
pub struct Chat {
    /// Go on with an earlier conversation
    #[arg(long, value_name = "ID")]
    resume: Option<String>,
    /// Show who does what also from a pipe; with --json every event
    #[arg(long)]
    trace: bool,
}

/// Runs the chat.
pub fn run(chat: Chat, settings: &Settings, out: &mut Out) -> Outcome {
    repl::run(Engine::new(settings.clone())?, chat.resume, chat.trace, out)
}
