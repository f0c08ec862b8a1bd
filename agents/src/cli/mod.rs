//! The command line: every subcommand is a file here, with its arguments and a `run`.
//!
//! [`main`] reads the arguments and hands over to one of them. Exit status: 0 done, 1 failed, 2 wrong use. Errors go to
//! stderr in three parts (what happened, why, what to do next); with `--json` stdout holds only JSON lines, and an error
//! is one of them. Nothing is started before a command needs it: `tool` and `guard` touch no runtime and no database.

pub mod ask;
pub mod chat;
pub mod doctor;
pub mod engine;
pub mod failure;
pub mod guard;
pub mod ingest;
pub mod input;
pub mod memory;
pub mod out;
pub mod scenario;
pub mod search;
pub mod settings;
pub mod talks;
pub mod tool;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;

use failure::{Outcome, Stop};
use out::{Out, tell};
use settings::Settings;

/// A planner, a retriever, a reranker, a tool executor and a critic at one table. They answer from your documents with
/// citations, run machine-learning tools on your data, remember, and refuse what is dangerous.
#[derive(Debug, Parser)]
#[command(name = "roundtable", version, about, after_help = AFTER)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    chat: chat::Chat,
}

const AFTER: &str = "Exit status: 0 done, 1 failed, 2 wrong use.";

#[derive(Debug, Subcommand)]
enum Command {
    Chat(chat::Chat),
    Ask(ask::Ask),
    Ingest(ingest::Ingest),
    Search(search::Search),
    Tool(tool::Tool),
    Guard(guard::Guard),
    Memory(memory::MemoryCommand),
    Scenario(scenario::ScenarioCommand),
    Doctor(doctor::Doctor),
}

/// Runs the command that the process's arguments name.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let status = u8::try_from(error.exit_code()).unwrap_or(2);
            return match error.print() {
                Ok(()) => ExitCode::from(status),
                // Help into a closed pipe.
                Err(_) => ExitCode::from(status),
            };
        }
    };
    let mut out = Out::new(cli.settings.json);
    end(dispatch(cli, &mut out), &mut out)
}

fn dispatch(cli: Cli, out: &mut Out) -> Outcome {
    let settings = &cli.settings;
    match cli.command {
        None => chat::run(cli.chat, settings, out),
        Some(Command::Chat(args)) => chat::run(args, settings, out),
        Some(Command::Ask(args)) => ask::run(args, settings, out),
        Some(Command::Ingest(args)) => ingest::run(args, settings, out),
        Some(Command::Search(args)) => search::run(args, settings, out),
        Some(Command::Tool(args)) => tool::run(args, settings, out),
        Some(Command::Guard(args)) => guard::run(args, settings, out),
        Some(Command::Memory(args)) => memory::run(args, settings, out),
        Some(Command::Scenario(args)) => scenario::run(args, settings, out),
        Some(Command::Doctor(args)) => doctor::run(args, settings, out),
    }
}

/// Tells what there is to tell and gives the exit status.
fn end(outcome: Outcome, out: &mut Out) -> ExitCode {
    let stop = match outcome.and_then(|()| out.flush()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(stop) => stop,
    };
    match stop {
        Stop::Unread => ExitCode::SUCCESS,
        Stop::Told(blame) => blame.status(),
        Stop::Failed(failure) => {
            tell(&failure.tell());
            if out.json && out.json(&json!({"type": "error", "error": failure})).is_err() {
                // Stdout is gone as well; the status still tells.
            }
            failure.blame.status()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_tree_holds_together() {
        Cli::command().debug_assert();
    }
}
