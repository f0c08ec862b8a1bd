//! The slash commands: one row each.

use std::path::PathBuf;

use clap::ValueEnum;
use roundtable_memory::Kind;
use serde_json::Value;

use super::{Repl, render, show};
use crate::cli::failure::{Failure, Outcome, of_tool};
use crate::cli::settings::Rag;
use crate::cli::{ingest, memory, search, talks, tool};
use crate::edge::plain::one_line;
use crate::model::choose::Provider;
use crate::model::{Message, Speaker};
use crate::table::Turn;

/// What a command gives back.
pub enum Then {
    /// Text to show.
    Say(String),
    /// Nothing more; it has shown everything itself.
    Shown,
    /// Ask the table this.
    Ask(String),
    /// A turn has begun; show it.
    Turn(Turn),
    /// Leave.
    Exit,
}

/// A row of the table.
pub struct Command {
    /// The name without its slash.
    pub name: &'static str,
    /// What it takes; `[a|b]` is what can be completed.
    pub takes: &'static str,
    /// What it does.
    pub help: &'static str,
    run: fn(&mut Repl<'_>, &str) -> Outcome<Then>,
}

/// Every slash command, in the order of `/help`.
pub const COMMANDS: &[Command] = &[
    Command { name: "help", takes: "", help: "what can be asked and typed", run: help },
    Command { name: "tools", takes: "[WORDS]", help: "the tools, or those that speak of WORDS", run: tools },
    Command { name: "tool", takes: "NAME [JSON]", help: "explains a tool, or calls it with JSON", run: call_tool },
    Command { name: "ingest", takes: "PATH…", help: "takes in files and folders", run: take_in },
    Command { name: "search", takes: "WORDS", help: "what the retriever would see", run: find },
    Command { name: "memory", takes: "[WORDS]", help: "what is remembered", run: remembered },
    Command { name: "why", takes: "[WORDS|ID]", help: "where the last answer, or a memory, comes from", run: why },
    Command { name: "forget", takes: "WORDS|ID", help: "forgets for good", run: forget },
    Command {
        name: "rag",
        takes: "[naive|multi-stage|agentic|recursive]",
        help: "how passages are gathered",
        run: rag,
    },
    Command {
        name: "model",
        takes: "[auto|offline|openai|ollama]",
        help: "who answers; a model's name may follow",
        run: model,
    },
    Command { name: "actors", takes: "", help: "who sits at the table, and how they are", run: actors },
    Command {
        name: "trace",
        takes: "[on|off|last]",
        help: "who does what, as it happens or for the last turn",
        run: trace,
    },
    Command { name: "usage", takes: "", help: "tokens and money of the last turn and of the conversation", run: usage },
    Command { name: "approve", takes: "[ID|all]", help: "lets a waiting call run", run: approve },
    Command { name: "deny", takes: "[ID|all]", help: "refuses a waiting call", run: deny },
    Command { name: "undo", takes: "", help: "takes the last turn back", run: undo },
    Command { name: "retry", takes: "", help: "asks the last question again", run: retry },
    Command {
        name: "save",
        takes: "FILE",
        help: "writes the conversation as Markdown, or as JSON lines for .jsonl",
        run: save,
    },
    Command { name: "resume", takes: "[ID]", help: "goes on with an earlier conversation, or lists them", run: resume },
    Command { name: "exit", takes: "", help: "leaves (Ctrl-D too)", run: exit },
];

/// Runs a line that begins with `/`.
pub fn run(repl: &mut Repl<'_>, line: &str) -> Outcome<Then> {
    let line = line.trim().trim_start_matches('/');
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(repl, rest.trim()),
        None => {
            let next = format!("did you mean `/{}`? `/help` lists them all", nearest(name));
            Err(Failure::misused(format!("there is no command `/{}`", one_line(name)), "", next).into())
        }
    }
}

/// The command whose name is the fewest changes away.
fn nearest(name: &str) -> &'static str {
    COMMANDS
        .iter()
        .map(|command| command.name)
        .min_by_key(|known| {
            // Somebody who types `/mod` has begun `/model`.
            if !name.is_empty() && known.starts_with(name) { 0 } else { 1 + distance(name, known) }
        })
        .unwrap_or("help")
}

/// How many letters must be added, removed, changed or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

fn say(text: impl Into<String>) -> Outcome<Then> {
    Ok(Then::Say(text.into()))
}

fn help(repl: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    say(help_text(repl.out.terminal.width))
}

fn help_text(width: usize) -> String {
    let rows: Vec<Vec<String>> = COMMANDS
        .iter()
        .map(|command| vec![format!("  /{} {}", command.name, short_takes(command.takes)), command.help.to_owned()])
        .collect();
    format!(
        "Ask in your own words: questions about your documents, calculations on your data, things to remember.\n\n{}\n{}",
        render::table(&rows, width),
        "  Alt-Enter, a backslash at the end, or an open bracket goes on in a new line; Ctrl-C cancels a turn.\n"
    )
}

/// What a command takes, short enough for a column.
fn short_takes(takes: &str) -> String {
    if takes.len() <= 14 { takes.to_owned() } else { "[HOW]".to_owned() }
}

fn tools(repl: &mut Repl<'_>, words: &str) -> Outcome<Then> {
    let catalogue = tool::standard()?;
    let width = repl.out.terminal.width;
    if words.is_empty() {
        return say(render::tools(catalogue.iter().map(|tool| tool.spec()), width));
    }
    let found = tool::fitting(&catalogue, words);
    if found.is_empty() {
        return say("no tool speaks of that; `/tools` shows them all");
    }
    say(render::tools(found.iter().map(|(_, spec)| *spec), width))
}

fn call_tool(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    let (name, raw) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if name.is_empty() {
        return Err(Failure::misused("which tool?", "no name was given", "`/tools` shows them all").into());
    }
    let catalogue = tool::standard()?;
    if raw.trim().is_empty()
        && let Some(tool) = catalogue.get(name)
    {
        return say(render::tool(tool.spec(), repl.out.terminal.width));
    }
    let mut output = tool::by_hand(&catalogue, name, raw).map_err(|error| of_tool(name, &error))?;
    if let Some(svg) = output.get_mut("svg").map(Value::take) {
        let svg = svg.as_str().unwrap_or_default().to_owned();
        show::picture_shown(name, &svg, &repl.engine.settings().pictures()?, repl.out)?;
        if let Some(object) = output.as_object_mut() {
            object.remove("svg");
        }
    }
    say(serde_json::to_string_pretty(&output).map_err(std::io::Error::from)?)
}

fn take_in(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    let paths = paths(rest, std::env::var("HOME").ok().as_deref());
    if paths.is_empty() {
        return Err(Failure::misused("take in what?", "no path was given", "`/ingest PATH…`").into());
    }
    let memory = repl.engine.memory()?;
    repl.engine.block_on(ingest::take_in(&memory, &paths, repl.out))?;
    Ok(Then::Shown)
}

/// Paths as a shell would split them: at white space, except in quotes or after a backslash; `~/` is the home folder.
fn paths(typed: &str, home: Option<&str>) -> Vec<PathBuf> {
    let (mut paths, mut path, mut quote) = (Vec::new(), String::new(), None);
    let mut letters = typed.chars();
    while let Some(c) = letters.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('\\', None) => path.extend(letters.next()),
            (c, None) if c.is_whitespace() => paths.push(std::mem::take(&mut path)),
            (c, _) => path.push(c),
        }
    }
    paths.push(path);
    let at_home = |path: String| match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    };
    paths.into_iter().filter(|path| !path.is_empty()).map(at_home).collect()
}

fn find(repl: &mut Repl<'_>, words: &str) -> Outcome<Then> {
    if words.is_empty() {
        return Err(Failure::misused("search for what?", "no words were given", "`/search WORDS`").into());
    }
    let memory = repl.engine.memory()?;
    let rerank = repl.engine.settings().rerank;
    let found = repl.engine.block_on(search::find(&memory, words, Default::default(), 5, rerank))?;
    say(search::told(&found, repl.ink(), repl.out.terminal.width))
}

fn remembered(repl: &mut Repl<'_>, words: &str) -> Outcome<Then> {
    let store = repl.engine.memory()?;
    let records = if words.is_empty() {
        let mut records = repl.engine.block_on(memory::listed(&store))?;
        records.retain(|record| record.kind == Kind::Fact && record.current());
        records
    } else {
        repl.engine.block_on(memory::recalled(&store, words, 10))?
    };
    if records.is_empty() {
        return say("nothing is remembered about that");
    }
    say(memory::told(&records, repl.out.terminal.width))
}

fn why(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    let width = repl.out.terminal.width;
    if rest.is_empty() {
        let Some(answer) = &repl.answer else { return say("there is no answer yet to ask about") };
        return say(render::reasons(answer, repl.ink(), width));
    }
    let store = repl.engine.memory()?;
    let why = repl.engine.block_on(memory::reasons(&store, rest))?;
    say(memory::why_told(&why, width))
}

fn forget(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    if rest.is_empty() {
        return Err(Failure::misused(
            "forget what?",
            "nothing was named",
            "`/forget WORDS`; `/memory` shows what there is",
        )
        .into());
    }
    let store = repl.engine.memory()?;
    if let Some(session) = &repl.session {
        // What was said just now may be on its way into the memory still.
        repl.engine.block_on(session.settled());
    }
    let gone = repl.engine.block_on(memory::forgotten(&store, rest))?;
    say(memory::forgotten_told(&gone))
}

fn rag(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    let table = repl.engine.table()?;
    let (now, rerank) = table.manner();
    if rest.is_empty() {
        return say(format!("passages are gathered `{}`", value_name(Rag::from(now))));
    }
    let rag = Rag::from_str(rest, true).map_err(|why| {
        Failure::misused("no such way to gather passages", why, "`/rag naive`, `multi-stage`, `agentic` or `recursive`")
    })?;
    table.set_manner(rag.into(), rerank);
    say(format!("passages are gathered `{}` from now on", value_name(rag)))
}

fn model(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    let table = repl.engine.table()?;
    if rest.is_empty() {
        return say(format!("{} answers", table.model().id()));
    }
    let (provider, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let provider: Provider = provider.parse().map_err(|why: crate::model::choose::UnknownProvider| {
        Failure::misused("no such provider", why.to_string(), "`/model auto`, `offline`, `openai` or `ollama`")
    })?;
    let choice = repl.engine.look_for(&provider, Some(name.trim()).filter(|name| !name.is_empty()))?;
    let told = format!("{} answers from now on ({})", choice.model.id(), choice.why);
    table.switch(choice.model);
    say(told)
}

fn actors(repl: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    let table = repl.engine.table()?;
    let mut text = render::actors(&table.actors(), repl.out.terminal.width);
    text.push_str(&format!("the breaker of {} is {}\n", table.model().id(), table.breaker().name()));
    if table.abandoned() > 0 {
        text.push_str(&format!("{} left behind on their threads\n", render::count(table.abandoned(), "tool")));
    }
    say(text)
}

fn trace(repl: &mut Repl<'_>, rest: &str) -> Outcome<Then> {
    match rest {
        "on" | "" => repl.trace = true,
        "off" => repl.trace = false,
        "last" => {
            let width = repl.out.terminal.width;
            let lines: Vec<String> = repl.last.iter().filter_map(|event| render::trace(event, width)).collect();
            return say(if lines.is_empty() { "nothing happened yet".to_owned() } else { lines.join("\n") });
        }
        other => {
            let why = format!("`{}` is not one of them", one_line(other));
            return Err(
                Failure::misused("trace on, off or last?", why, "`/trace on`, `/trace off`, `/trace last`").into()
            );
        }
    }
    say(if repl.trace { "the trace is on" } else { "the trace is off" })
}

fn usage(repl: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    let width = repl.out.terminal.width;
    let mut text = String::new();
    if let Some(answer) = &repl.answer {
        text.push_str("last turn\n");
        text.push_str(&render::usage(&answer.usage, width));
    }
    if let Some(session) = &repl.session {
        text.push_str("conversation\n");
        text.push_str(&render::usage(&session.usage(), width));
    }
    say(if text.is_empty() { "nothing was used yet".to_owned() } else { text })
}

/// Which waiting calls are meant: one by the beginning of its id, the only one, or `all`.
fn meant<'a>(repl: &Repl<'_>, id: &'a str) -> Result<&'a str, Failure> {
    match id {
        "all" => Ok(""),
        "" if repl.pending.len() > 1 => {
            let next = "name one by the id shown beside it, or say `all`";
            Err(Failure::misused("which call?", format!("{} wait", repl.pending.len()), next))
        }
        id => Ok(id),
    }
}

fn approve(repl: &mut Repl<'_>, id: &str) -> Outcome<Then> {
    let prefix = meant(repl, id)?;
    let session = repl.session()?;
    let begun = repl.engine.block_on(session.approve(prefix));
    let turn = begun.map_err(|error| Failure::misused("no call was approved", error.to_string(), ""))?;
    repl.pending.retain(|call| !call.fingerprint.starts_with(prefix));
    Ok(Then::Turn(turn))
}

fn deny(repl: &mut Repl<'_>, id: &str) -> Outcome<Then> {
    let prefix = meant(repl, id)?;
    let session = repl.session()?;
    let denied = repl.engine.block_on(session.deny(prefix));
    let tools = denied.map_err(|error| Repl::refused("no call was denied", &error))?;
    if tools.is_empty() {
        return Err(Failure::misused("no call was denied", "no such call waits", "").into());
    }
    repl.pending.retain(|call| !call.fingerprint.starts_with(prefix));
    say(format!("denied: {}", tools.join(", ")))
}

/// Takes the last turn back and gives its question.
fn taken_back(repl: &mut Repl<'_>) -> Outcome<Option<String>> {
    let session = repl.session()?;
    let undone = repl.engine.block_on(session.undo());
    let question = undone.map_err(|error| Repl::refused("the last turn was not taken back", &error))?;
    repl.answer = None;
    repl.pending.clear();
    repl.said = session.last().map(|(_, question)| question);
    Ok(question)
}

fn undo(repl: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    match taken_back(repl)? {
        Some(question) => say(format!("taken back: “{}”", render::short(&question, 200))),
        None => say("there is no turn to take back"),
    }
}

fn retry(repl: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    // A turn that was cancelled or failed left nothing to take back.
    let question = if repl.answer.is_some() { taken_back(repl)? } else { repl.said.clone() };
    match question {
        Some(question) => Ok(Then::Ask(question)),
        None => say("there is no question yet to ask again"),
    }
}

fn save(repl: &mut Repl<'_>, file: &str) -> Outcome<Then> {
    if file.is_empty() {
        return Err(Failure::misused("save where?", "no file was named", "`/save talk.md`").into());
    }
    let session = repl.session()?;
    let history = session.history();
    let text = if file.ends_with(".jsonl") {
        let lines: Result<Vec<String>, _> = history.iter().map(serde_json::to_string).collect();
        lines.map_err(std::io::Error::from)?.join("\n") + "\n"
    } else {
        markdown(&history)
    };
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("cannot write `{file}`"), error.to_string(), "name another file"))?;
    say(format!("saved {file}"))
}

/// A conversation as Markdown; what tools gave back is left out.
fn markdown(history: &[Message]) -> String {
    let mut text = String::new();
    for message in history.iter().filter(|message| !message.content.trim().is_empty()) {
        match message.speaker {
            Speaker::User => text.push_str(&format!("**You:** {}\n\n", message.content.trim())),
            Speaker::Assistant => text.push_str(&format!("{}\n\n", message.content.trim())),
            Speaker::System | Speaker::Tool => {}
        }
    }
    text
}

fn resume(repl: &mut Repl<'_>, id: &str) -> Outcome<Then> {
    if id.is_empty() {
        return say(talks::told(&repl.engine.talks()?, repl.out.terminal.width));
    }
    repl.open(Some(id))?;
    say(format!("conversation {id} goes on"))
}

fn exit(_: &mut Repl<'_>, _: &str) -> Outcome<Then> {
    Ok(Then::Exit)
}

/// The name under which a choice is typed.
fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_command_is_offered() {
        let check = |typed: &str, wanted: &str| assert_eq!(nearest(typed), wanted, "{typed}");
        check("hlep", "help");
        check("quit", "exit");
        check("mod", "model");
        check("forgot", "forget");
        check("actor", "actors");
        assert_eq!(distance("resume", "resume"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }

    #[test]
    fn paths_are_split_as_in_a_shell() {
        let check = |typed: &str, wanted: &[&str]| {
            let wanted: Vec<PathBuf> = wanted.iter().map(PathBuf::from).collect();
            assert_eq!(paths(typed, Some("/home/me")), wanted, "{typed}");
        };
        check("a  b.md", &["a", "b.md"]);
        check(r#""my notes" 'it"s' plain\ space"#, &["my notes", "it\"s", "plain space"]);
        check("~/docs ~ x~/y", &["/home/me/docs", "~", "x~/y"]);
        check("", &[]);
    }

    #[test]
    fn every_command_has_one_row_and_a_line_of_help() {
        let text = help_text(100);
        for (at, command) in COMMANDS.iter().enumerate() {
            assert!(text.contains(&format!("  /{} ", command.name)), "{}", command.name);
            assert!(COMMANDS[at + 1..].iter().all(|other| other.name != command.name), "{}", command.name);
            assert!(!command.help.is_empty());
        }
    }

    #[test]
    fn a_conversation_is_saved_without_what_tools_said() {
        let history = [
            Message::new(Speaker::System, "rules"),
            Message::new(Speaker::User, "2 + 2?"),
            Message::tool_result("1", "{}"),
            Message::new(Speaker::Assistant, "4"),
        ];
        assert_eq!(markdown(&history), "**You:** 2 + 2?\n\n4\n\n");
    }
}
