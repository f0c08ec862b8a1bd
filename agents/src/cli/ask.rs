//! `roundtable ask`: one turn.

use clap::Args;
use serde_json::json;

use super::engine::Engine;
use super::failure::{Blame, Failure, Outcome, Stop};
use super::out::{Out, tell};
use super::{input, settings::Settings};
use crate::edge::plain::one_line;
use crate::event::Event;
use crate::model::choose::Provider;
use crate::repl::Repl;
use crate::repl::show::{Face, Shown, show};

/// Asks one question and prints the answer
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// The question, or - for stdin
    #[arg(required = true)]
    words: Vec<String>,
    /// Show who does what: lines, or with --json every event
    #[arg(long)]
    trace: bool,
    /// Go on with an earlier conversation
    #[arg(long, value_name = "ID")]
    resume: Option<String>,
}

/// Runs `roundtable ask`.
pub fn run(ask: Ask, settings: &Settings, out: &mut Out) -> Outcome {
    let text = match ask.words.as_slice() {
        [only] if only == "-" => input::whole("-")?,
        words => words.join(" "),
    };
    if text.trim().is_empty() {
        return Err(
            Failure::misused("ask what?", "the question is empty", "roundtable ask \"what is k-means?\"").into()
        );
    }
    let engine = Engine::new(settings.clone())?;
    let shown = turn(&ask, text.trim(), &engine, out);
    engine.end();
    match shown?.end {
        Ok(_) => Ok(()),
        Err(_) => Err(Stop::Told(Blame::Failed)),
    }
}

fn turn(ask: &Ask, text: &str, engine: &Engine, out: &mut Out) -> Outcome<Shown> {
    let session = engine.open(ask.resume.as_deref())?;
    introduce(ask, engine, out)?;
    let face =
        Face { live: out.terminal.output && !out.json, trace: ask.trace, pictures: engine.settings().pictures()? };
    let table = engine.table()?;
    let shown = engine.block_on(async {
        // A turn of that conversation that had no end is brought to it first.
        if let Some(unfinished) = session.resumed() {
            show(unfinished, &session, table, &face, out).await?;
        }
        let turn = session.ask(text).await;
        let turn = turn.map_err(|error| Repl::refused("the turn did not begin", &error))?;
        show(turn, &session, table, &face, out).await
    });
    engine.block_on(session.close());
    if let Ok(shown) = &shown
        && shown.events.iter().any(|event| matches!(event, Event::Remembered { .. }))
    {
        engine.embed_now();
    }
    shown
}

/// Says which model was taken where a person did not name one.
fn introduce(ask: &Ask, engine: &Engine, out: &mut Out) -> Outcome {
    let chosen = engine.chosen()?;
    let (id, why) = (chosen.model.id(), one_line(&chosen.why));
    if out.json {
        return if ask.trace { out.json(&json!({"type": "model", "id": id, "why": why})) } else { Ok(()) };
    }
    if ask.trace || (out.terminal.errors && engine.settings().provider == Provider::Auto) {
        tell(&format!("{id} answers: {why}\n"));
    }
    Ok(())
}
