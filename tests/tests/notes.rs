//! The notes that teach show what they say: every command in them is run again here, and the numbers and pictures beside it
//! are compared with what it gives.
//!
//! A command stands in a block of `sh`, one a line: `roundtable tool call NAME --args '{…}'`, perhaps with `--picture FILE`. The
//! block of `json` after it holds those fields of the output that the note speaks of. `ROUNDTABLE_WRITE_NOTES=1 cargo test -p
//! roundtable-tests --test notes` writes the values and the pictures anew.

use std::fs;
use std::path::{Path, PathBuf};

use roundtable_tests::same_picture;
use roundtable_tools::Catalogue;
use serde_json::{Map, Value};

/// A command of a note and what it is said to give.
#[derive(Debug)]
struct Shown {
    tool: String,
    args: Value,
    picture: Option<PathBuf>,
    fields: Option<Map<String, Value>>,
}

fn notes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../notes")
}

/// A value of an option in single quotes, or bare.
fn option<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let rest = line.split_once(&format!("{name} "))?.1.trim_start();
    match rest.strip_prefix('\'') {
        Some(quoted) => quoted.split('\'').next(),
        None => rest.split_whitespace().next(),
    }
}

/// The blocks between fences: language, first line of its text, text.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language, String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found
}

fn shown(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for (language, body) in blocks(text) {
        match language {
            "sh" => {
                for line in body.lines().filter(|line| line.starts_with("roundtable tool call ")) {
                    let tool = line.split_whitespace().nth(3).expect("a tool's name").to_owned();
                    let args = option(line, "--args").unwrap_or("{}");
                    let args = serde_json::from_str(args).unwrap_or_else(|error| panic!("{error} in {line}"));
                    found.push(Shown {
                        tool,
                        args,
                        picture: option(line, "--picture").map(PathBuf::from),
                        fields: None,
                    });
                }
            }
            "json" => {
                let fields = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {body}"));
                found.last_mut().expect("a command before what it gives").fields = Some(fields);
            }
            _ => {}
        }
    }
    found
}

/// Six digits are enough for a reader.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            format!("{number:.5e}").parse::<f64>().map_or(Value::Null, Value::from)
        }
        Value::Array(items) => items.iter().map(rounded).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), rounded(value))).collect(),
        other => other.clone(),
    }
}

fn agrees(got: &Value, said: &Value) -> bool {
    match (got, said) {
        (Value::Number(got), Value::Number(said)) => {
            let (got, said) = (got.as_f64().unwrap_or(f64::NAN), said.as_f64().unwrap_or(f64::NAN));
            (got - said).abs() <= 1e-4 * said.abs() + 1e-9
        }
        (Value::Array(got), Value::Array(said)) => {
            got.len() == said.len() && got.iter().zip(said).all(|(got, said)| agrees(got, said))
        }
        (Value::Object(got), Value::Object(said)) => {
            got.len() == said.len() && said.iter().all(|(key, said)| got.get(key).is_some_and(|got| agrees(got, said)))
        }
        _ => got == said,
    }
}

fn check(note: &str, least: usize) {
    let file = notes().join(note);
    let text = fs::read_to_string(&file).expect("the note is there");
    let tools: Catalogue = roundtable::cli::tool::standard().expect("the tools can be loaded");
    let write = std::env::var_os("ROUNDTABLE_WRITE_NOTES").is_some();
    let all = shown(&text);
    assert!(all.len() >= least, "{note} shows only {} commands", all.len());
    let mut anew = text.clone();
    for Shown { tool, args, picture, fields } in all {
        let output = tools.call(&tool, &args).unwrap_or_else(|error| panic!("{note}: {tool} {args}: {error}"));
        assert!(picture.is_some() || fields.is_some(), "{note}: nothing is said of what {tool} gives");
        if let Some(fields) = fields {
            let given: Map<String, Value> =
                fields.keys().map(|key| (key.clone(), rounded(output.get(key).unwrap_or(&Value::Null)))).collect();
            if write {
                let before = blocks(&text).into_iter().find(|(language, body)| {
                    *language == "json"
                        && serde_json::from_str::<Map<String, Value>>(body).is_ok_and(|body| body == fields)
                });
                let (_, before) = before.expect("the block was read from here");
                anew = anew.replacen(&before, &format!("{}\n", Value::Object(given)), 1);
            } else {
                for (key, said) in &fields {
                    assert!(agrees(&given[key], said), "{note}: `{key}` of {tool} is {}, not {said}", given[key]);
                }
            }
        }
        if let Some(picture) = picture {
            let svg = output["svg"].as_str().unwrap_or_else(|| panic!("{note}: {tool} draws nothing"));
            let file = notes().join("..").join(&picture);
            let place = picture.strip_prefix("notes").expect("pictures of notes lie beside them").display().to_string();
            assert!(text.contains(&format!("({place})")), "{note} does not show {place}");
            if write {
                fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be made");
                fs::write(&file, svg).expect("the picture can be written");
            } else {
                let kept =
                    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{note}: {}: {error}", file.display()));
                assert!(same_picture(svg, &kept), "{note}: {} is not what {tool} draws", file.display());
            }
        }
    }
    if write {
        fs::write(&file, anew).expect("the note can be written");
    }
}

#[test]
fn week1_foundations_shows_what_it_says() {
    check("week1_foundations.md", 8);
}

#[test]
fn why_tree_models_work_shows_what_it_says() {
    check("why_tree_models_work.md", 6);
}

#[test]
fn how_embeddings_work_shows_what_it_says() {
    check("how_embeddings_work.md", 6);
}

#[test]
fn transformers_explained_shows_what_it_says() {
    check("transformers_explained.md", 6);
}
