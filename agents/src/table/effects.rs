//! A tool with an effect: it writes a note into the data folder.
//!
//! It is idempotent by the call's key: the note's file carries the key in its name, so the same call delivered twice, even by two
//! processes, leaves one file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use roundtable_tools::error::{Error, ErrorKind};
use roundtable_tools::{BuildError, CallContext, Catalogue, Effect, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tool's name.
pub const SAVE_NOTE: &str = "save_note";

/// A longer note is a document, and belongs into memory.
const LONGEST: usize = 100_000;

/// Saves a note as a file in the data folder. Use it when the person asks to write something down as a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The note's title, from which the file's name is made.
    title: String,
    /// The note's text.
    text: String,
}

/// What was saved.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Output {
    /// The file.
    file: String,
    /// Bytes written.
    bytes: usize,
}

/// Adds the tool to a catalogue; notes go into `folder`.
///
/// # Errors
/// If the catalogue has a tool of this name already.
pub fn with_notes(catalogue: Catalogue, folder: PathBuf) -> Result<Catalogue, BuildError> {
    let tool =
        Tool::custom(SAVE_NOTE, Effect::Writes, move |args: &Args, context: &CallContext| save(&folder, args, context));
    catalogue.with(tool.group("notes").idempotent(true).examples(&[
        "Save a note titled shopping: milk and bread",
        "Write this down as a file called ideas: try k-means with k = 4",
    ]))
}

fn save(folder: &Path, args: &Args, context: &CallContext) -> Result<Output, Error> {
    if args.text.len() > LONGEST {
        let why = format!("the text has {} bytes; a note has at most {LONGEST}", args.text.len());
        return Err(Error::new(ErrorKind::TooLarge, "/text", why));
    }
    let io = |what: &str, error: std::io::Error| {
        Error::new(ErrorKind::Failed, "", format!("cannot {what} `{}`: {error}", folder.display()))
            .with_hint("see that the data folder can be written and the disk has room")
    };
    std::fs::create_dir_all(folder).map_err(|error| io("make", error))?;
    let key = if context.idempotency_key.is_empty() { "by-hand" } else { &context.idempotency_key };
    let name = format!("{}-{}.md", slug(&args.title), &key[..key.len().min(16)]);
    let text = format!("# {}\n\n{}\n", args.title, args.text);
    let path = folder.join(&name);
    // Written beside and renamed, so that a note is there whole or not at all; the name holds the key, so that a second
    // delivery finds it done.
    if !path.exists() {
        let beside = folder.join(format!(".{name}.part"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&beside)
            .map_err(|error| io("write to", error))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| io("write to", error))?;
        std::fs::rename(&beside, &path).map_err(|error| io("write to", error))?;
    }
    Ok(Output { file: path.display().to_string(), bytes: text.len() })
}

/// A file name from a title: letters and digits, the rest dashes.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().take(60) {
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "note".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_key_writes_once_and_another_key_again() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = with_notes(Catalogue::empty(), folder.path().to_owned()).unwrap();
        let args = json!({"title": "To do: más!", "text": "milk"});
        for (key, files) in [("aaaaaaaaaaaaaaaaaaaa", 1), ("aaaaaaaaaaaaaaaaaaaa", 1), ("bbbb", 2)] {
            let context = CallContext { idempotency_key: key.into(), ..CallContext::default() };
            let output = catalogue.call_with(SAVE_NOTE, &args, &context).unwrap();
            assert!(output["file"].as_str().unwrap().contains("to-do-más"));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), files);
        }
    }

    #[test]
    fn names_are_harmless() {
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("…"), "note");
    }
}
