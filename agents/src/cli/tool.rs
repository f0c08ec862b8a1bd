//! `roundtable tool`: the tools by hand, one call or a file of them.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, Subcommand};
use roundtable_memory::{MiniLm, embed};
use roundtable_tools::{CallContext, Catalogue, Error, ErrorKind, Spec, catalogue};
use serde_json::{Map, Value, json};

use super::failure::{Failure, Outcome, Stop, of_tool};
use super::out::{Out, tell};
use super::{input, settings::Settings};
use crate::causes::chain;
use crate::edge::files::{self, Reach};
use crate::edge::picture;
use crate::offline::find_tool::Finder;
use crate::repl::render;

/// Lists, explains and calls the tools
#[derive(Args, Clone, Debug)]
pub struct Tool {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Clone, Debug)]
enum Action {
    /// Every tool with a line about it
    List,
    /// What a tool does, what it takes and what it gives
    Show {
        /// The tool's name
        name: String,
    },
    /// The tools that fit a request by meaning
    Search {
        /// The request, in your words
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Calls a tool, or with --batch one tool a line
    #[command(after_help = "Examples:\n  \
        roundtable tool call vector_dot --args '{\"a\": [1, 2, 3], \"b\": [4, 5, 6]}'\n  \
        roundtable tool call kmeans --args '{\"X\": {\"file\": \"points.csv\", \"columns\": [\"x\", \"y\"]}, \"k\": 3}'\n  \
        roundtable tool call --batch calls.jsonl   # {\"tool\": …, \"args\": {…}} a line; other keys pass through")]
    Call {
        /// The tool's name
        #[arg(required_unless_present = "batch", conflicts_with = "batch")]
        name: Option<String>,
        /// The arguments: JSON, @FILE, or - for stdin
        #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}", conflicts_with = "batch")]
        args: String,
        /// A file of calls, or - for stdin: each line comes back with "output" or "error"
        #[arg(long, value_name = "FILE|-")]
        batch: Option<String>,
        /// Save the picture that the tool draws: PNG if the name ends so, else SVG
        #[arg(long, value_name = "FILE", conflicts_with = "batch")]
        picture: Option<PathBuf>,
    },
}

/// Runs `roundtable tool`.
pub fn run(tool: Tool, _: &Settings, out: &mut Out) -> Outcome {
    let catalogue = standard()?;
    match tool.action {
        Action::List => list(&catalogue, out),
        Action::Show { name } => show(&catalogue, &name, out),
        Action::Search { words } => search(&catalogue, &words.join(" "), out),
        Action::Call { batch: Some(file), .. } => batch(&catalogue, &file, out),
        Action::Call { name: Some(name), args, picture, .. } => call(&catalogue, &name, &args, picture, out),
        Action::Call { name: None, .. } => {
            Err(Failure::misused("which tool?", "no name was given", "`roundtable tool list` shows them all").into())
        }
    }
}

/// The tools of this build; their schemas are compiled once.
pub fn standard() -> Outcome<Catalogue> {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    if let Some(catalogue) = CATALOGUE.get() {
        return Ok(catalogue.clone());
    }
    let built =
        Catalogue::standard().and_then(|tools| tools.with(embed::tool::embed(MiniLm::shared()))).map_err(|error| {
            Failure::failed(
                "the tools cannot be loaded",
                chain(&error),
                "this is a bug in roundtable; please report it",
            )
        })?;
    Ok(CATALOGUE.get_or_init(|| built).clone())
}

fn list(catalogue: &Catalogue, out: &mut Out) -> Outcome {
    if out.json {
        return catalogue.iter().try_for_each(|tool| out.json(&described(tool.spec())));
    }
    out.text(&render::tools(catalogue.iter().map(|tool| tool.spec()), out.terminal.width))
}

fn described(spec: &Spec) -> Value {
    json!({
        "name": spec.name,
        "group": spec.group,
        "description": spec.description,
        "effect": spec.effect,
        "idempotent": spec.idempotent,
        "quick": spec.quick,
        "timeout_ms": spec.timeout.as_millis() as u64,
        "examples": spec.examples,
        "input_schema": spec.input_schema,
        "output_schema": spec.output_schema,
    })
}

fn show(catalogue: &Catalogue, name: &str, out: &mut Out) -> Outcome {
    let Some(tool) = catalogue.get(name) else {
        let error = Error::new(ErrorKind::UnknownTool, "", "unknown").with_nearest(catalogue.nearest(name));
        return Err(of_tool(name, &error).into());
    };
    if out.json { out.json(&described(tool.spec())) } else { out.text(&render::tool(tool.spec(), out.terminal.width)) }
}

fn search(catalogue: &Catalogue, request: &str, out: &mut Out) -> Outcome {
    let found = fitting(catalogue, request);
    if out.json {
        return found
            .iter()
            .try_for_each(|(score, spec)| out.json(&json!({"name": spec.name, "group": spec.group, "score": score})));
    }
    if found.is_empty() {
        return out.line("no tool speaks of that; `roundtable tool list` shows them all");
    }
    out.text(&render::tools(found.iter().map(|(_, spec)| *spec), out.terminal.width))
}

/// The tools that fit the request by its words and its meaning, best first, each with how well: 0 for hardly, around 1 for surely.
pub fn fitting<'a>(catalogue: &'a Catalogue, request: &str) -> Vec<(f64, &'a Spec)> {
    let finder = Finder::new(catalogue);
    let by_words = finder.rank(&finder.spelled(request));
    let spoken_of: Vec<&str> =
        by_words.iter().filter(|fit| fit.score >= LEAST).map(|fit| fit.tool.name.as_str()).collect();
    // All that the words speak of, and what the meaning says first, in the order of both.
    let ranked = finder.by_meaning(by_words, request);
    let fitting = ranked
        .iter()
        .enumerate()
        .filter(|(place, fit)| spoken_of.contains(&fit.tool.name.as_str()) || *place < MEANT && fit.score >= LEAST);
    let found =
        fitting.take(FOUND).filter_map(|(_, fit)| Some((fit.score.max(0.0), catalogue.get(&fit.tool.name)?.spec())));
    found.collect()
}

/// So many tools are shown for a request, so many of them for what it means alone, and none that covers less of it.
const FOUND: usize = 8;
const MEANT: usize = 2;
const LEAST: f64 = 0.15;

fn call(catalogue: &Catalogue, name: &str, args: &str, picture: Option<PathBuf>, out: &mut Out) -> Outcome {
    let raw = match args {
        "-" => input::whole("-")?,
        _ => match args.strip_prefix('@') {
            Some(file) => input::whole(file)?,
            None => args.to_owned(),
        },
    };
    let mut output = match by_hand(catalogue, name, &raw) {
        Ok(output) => output,
        Err(error) => {
            let failure = of_tool(name, &error);
            if out.json {
                out.json(&json!({"type": "error", "tool": name, "error": error}))?;
            }
            tell(&failure.tell());
            return Err(Stop::Told(failure.blame));
        }
    };
    if let Some(path) = picture {
        let Some(svg) = output.get("svg").and_then(Value::as_str) else {
            let why = format!("`{name}` draws none");
            return Err(Failure::misused("there is no picture to save", why, "leave out `--picture`").into());
        };
        picture::save_as(&path, svg)
            .map_err(|error| Failure::failed("the picture was not saved", chain(&error), "name another file"))?;
        tell(&format!("saved {}\n", path.display()));
        // It is in the file now, and larger than all else.
        if let Some(fields) = output.as_object_mut() {
            fields.remove("svg");
        }
    }
    if out.json {
        return out.json(&output);
    }
    let pretty = serde_json::to_string_pretty(&output).map_err(std::io::Error::from)?;
    out.line(&pretty)
}

/// One call as a person makes it: JSON text, files allowed from anywhere.
pub fn by_hand(catalogue: &Catalogue, name: &str, raw: &str) -> Result<Value, Error> {
    if catalogue.get(name).is_none() {
        return catalogue.call(name, &Value::Null);
    }
    checked(catalogue, name, &catalogue::parse(raw)?)
}

fn checked(catalogue: &Catalogue, name: &str, args: &Value) -> Result<Value, Error> {
    let context = CallContext::default();
    match catalogue.get(name) {
        Some(tool) if files::named(args) => {
            let filled = files::resolve(args, &tool.spec().input_schema, &Reach::Anywhere(PathBuf::new()))?;
            tool.call(&filled, &context)
        }
        _ => catalogue.call_with(name, args, &context),
    }
}

fn batch(catalogue: &Catalogue, file: &str, out: &mut Out) -> Outcome {
    let mut from = input::open(file)?;
    let (mut calls, mut errors) = (0usize, 0usize);
    while let Some(line) = input::next_line(file, &mut *from as &mut dyn BufRead)? {
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        calls += 1;
        let answer = answer_line(catalogue, line);
        errors += usize::from(answer.contains_key("error"));
        out.json(&answer)?;
    }
    tell(&format!("{calls} calls, {errors} errors\n"));
    Ok(())
}

/// The line with `output` or `error` in it. A line that is no object comes back as an error alone.
fn answer_line(catalogue: &Catalogue, line: Result<String, String>) -> Map<String, Value> {
    let alone = |error: Error| Map::from_iter([("error".to_owned(), json!(error))]);
    let value =
        match line.map_err(|why| Error::new(ErrorKind::BadJson, "", why)).and_then(|line| catalogue::parse(&line)) {
            Ok(value) => value,
            Err(error) => return alone(error),
        };
    let Value::Object(mut object) = value else {
        let error = Error::invalid("", "a line must be an object");
        return alone(error.with_hint("write {\"tool\": \"vector_dot\", \"args\": {…}}"));
    };
    // An output of an earlier run must not stand beside this one's error.
    object.remove("output");
    object.remove("error");
    let none = Value::Object(Map::new());
    let result = match object.get("tool") {
        Some(Value::String(name)) => checked(catalogue, name, object.get("args").unwrap_or(&none)),
        Some(_) => Err(Error::invalid("/tool", "`tool` must be a text: the tool's name")),
        None => Err(Error::invalid("/tool", "`tool` is missing").with_hint("name the tool to call")),
    };
    match result {
        Ok(output) => object.insert("output".to_owned(), output),
        Err(error) => object.insert("error".to_owned(), json!(error)),
    };
    object
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn check(line: &str) -> Value {
        Value::Object(answer_line(&Catalogue::standard().unwrap(), Ok(line.to_owned())))
    }

    #[test]
    fn other_keys_pass_through() {
        let answered =
            check(r#"{"topic": "t", "tool": "vector_dot", "args": {"a": [1, 2], "b": [3, 4]}, "name": "n"}"#);
        assert_eq!(answered["output"], json!({"value": 11.0}));
        assert_eq!((&answered["topic"], &answered["name"]), (&json!("t"), &json!("n")));
        assert!(answered.get("error").is_none());
    }

    #[test]
    fn a_bad_line_is_an_error_in_its_place() {
        assert_eq!(check("{").pointer("/error/kind"), Some(&json!("bad_json")));
        assert_eq!(check("[1]").pointer("/error/kind"), Some(&json!("invalid_arguments")));
        assert_eq!(
            check("{\"id\": 7}"),
            json!({"id": 7, "error": {"kind": "invalid_arguments",
            "message": "`tool` is missing", "path": "/tool", "hint": "name the tool to call"}})
        );
        let unknown = check(r#"{"tool": "vector_dott", "output": 1}"#);
        assert_eq!(unknown.pointer("/error/nearest/0"), Some(&json!("vector_dot")));
        assert!(unknown.get("output").is_none());
    }

    #[test]
    fn tools_are_found_by_meaning() {
        let catalogue = Catalogue::standard().unwrap();
        assert_eq!(fitting(&catalogue, "the dot product of two vectors")[0].1.name, "vector_dot");
        assert!(fitting(&catalogue, "zzz").is_empty());
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in "\\PC{0,60}") {
            let answered = check(&line);
            prop_assert!(answered.get("error").is_some());
        }
    }
}
