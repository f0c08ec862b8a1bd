//! Runs every golden case of a folder whose tool exists, and prints one JSON line a case:
//! `{"topic": …, "name": …, "output": {…}}`, where an output of `{"$error": message}` says that the tool refused.
//!
//! ```text
//! cargo run -p roundtable-tools --example golden -- tools/tests/golden > results.ndjson
//! ```
//!
//! It is also a small program that uses the library: read JSON, call tools by name, print what they say.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use roundtable_tools::Catalogue;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: golden DIR");
        return ExitCode::from(2);
    };
    match run(folder.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let tools = Catalogue::standard()?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let topic: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        for case in topic["cases"].as_array().into_iter().flatten() {
            let Some(tool) = case["tool"].as_str().filter(|name| tools.get(name).is_some()) else { continue };
            let output = match tools.call(tool, &with_data(&case["args"], &topic["datasets"])) {
                Ok(output) => output,
                Err(error) => json!({"$error": error.to_string()}),
            };
            println!("{}", json!({"topic": topic["topic"], "name": case["name"], "output": output}));
        }
    }
    Ok(())
}

/// Puts the data set in the place of `{"$data": its name}`.
fn with_data(value: &Value, datasets: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("$data").and_then(Value::as_str) {
            Some(name) => datasets[name].clone(),
            None => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), with_data(value, datasets))).collect())
            }
        },
        Value::Array(items) => items.iter().map(|item| with_data(item, datasets)).collect(),
        other => other.clone(),
    }
}
