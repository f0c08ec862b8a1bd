//! Finding files and reading documents out of them.
//!
//! Folders are walked as `git` would see them: hidden files and what `.gitignore` names are left out. `.jsonl` holds a
//! document a line, `.md` is Markdown, and every other file of UTF-8 text is text.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Skipped;
use crate::document::{Document, Metadata, fingerprint};
use crate::error::Error;

/// The largest file of text that is read as one document, in bytes.
const LARGEST: u64 = 32 << 20;

/// What the paths lead to.
pub struct Files {
    /// Files, in the order of their paths.
    pub files: Vec<Source>,
    /// Folders, by their full paths.
    pub folders: Vec<PathBuf>,
}

/// A file to read.
pub struct Source {
    /// As a person would name it.
    pub path: PathBuf,
    /// Its full path, which tells sources apart.
    pub source: String,
    /// The id that a text in it gets.
    pub id: String,
}

/// All files under `paths`; what cannot be walked into is noted in `skipped`.
pub fn files(paths: &[PathBuf], skipped: &mut Vec<Skipped>) -> Result<Files, Error> {
    let mut found = Files { files: Vec::new(), folders: Vec::new() };
    for path in paths {
        let full = path.canonicalize().map_err(|cause| Error::Unreadable { path: path.clone(), cause })?;
        if full.is_dir() {
            for entry in ignore::WalkBuilder::new(&full).sort_by_file_path(Path::cmp).require_git(false).build() {
                match entry {
                    Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                        found.push(entry.path(), full.parent());
                    }
                    Ok(_) => {}
                    Err(error) => skipped.push(Skipped { path: full.clone(), line: None, why: error.to_string() }),
                }
            }
            found.folders.push(full);
        } else {
            found.push(&full, full.parent());
        }
    }
    found.files.sort_by(|a, b| a.source.cmp(&b.source));
    found.files.dedup_by(|a, b| a.source == b.source);
    Ok(found)
}

impl Files {
    fn push(&mut self, full: &Path, root: Option<&Path>) {
        let id = root.and_then(|root| full.strip_prefix(root).ok()).unwrap_or(full);
        let (id, source) = (id.to_string_lossy().replace('\\', "/"), full.to_string_lossy().into_owned());
        self.files.push(Source { path: full.to_owned(), source, id });
    }
}

/// The documents of one file.
pub struct Reader {
    path: PathBuf,
    source: String,
    lines: Option<BufReader<File>>,
    line: usize,
    one: Option<Document>,
    whole: bool,
}

impl Reader {
    /// Whether the file was read to its end, so that what it does not hold has vanished from it.
    pub fn whole(&self) -> bool {
        self.whole
    }
}

/// Opens a file; `known_as` is the id under which its text is kept already.
pub fn open(file: &Source, known_as: Option<&str>) -> Result<Reader, Skipped> {
    let skip = |why: String| Skipped { path: file.path.clone(), line: None, why };
    let extension = file.path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut reader =
        Reader { path: file.path.clone(), source: file.source.clone(), lines: None, line: 0, one: None, whole: false };
    let opened = File::open(&file.path).map_err(|error| skip(error.to_string()))?;
    match extension.as_str() {
        "jsonl" | "ndjson" => reader.lines = Some(BufReader::new(opened)),
        "html" | "htm" | "pdf" | "csv" | "parquet" => {
            return Err(skip(format!("`.{extension}` is not read yet; give it as text, Markdown or JSONL")));
        }
        _ => {
            let size = opened.metadata().map_err(|error| skip(error.to_string()))?.len();
            if size > LARGEST {
                return Err(skip(format!("{size} bytes are more than {LARGEST}; split it, or make it JSONL")));
            }
            let bytes = std::fs::read(&file.path).map_err(|error| skip(error.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|_| skip("it is not UTF-8 text".into()))?;
            if text.contains('\0') {
                return Err(skip("it is not text: it holds NUL bytes".into()));
            }
            let id = known_as.unwrap_or(&file.id).to_owned();
            let text = text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned);
            reader.whole = true;
            reader.one = Some(match extension.as_str() {
                "md" | "markdown" => markdown(id, file.source.clone(), text),
                _ => plain(id, file.source.clone(), text),
            });
        }
    }
    Ok(reader)
}

impl Iterator for Reader {
    type Item = Result<Document, Skipped>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(lines) = &mut self.lines else { return self.one.take().map(Ok) };
        loop {
            let mut bytes = Vec::new();
            self.line += 1;
            let skip = |why: String| Skipped { path: self.path.clone(), line: Some(self.line), why };
            match lines.read_until(b'\n', &mut bytes) {
                Ok(0) => {
                    self.whole = true;
                    return None;
                }
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(_) => return Some(json_line(&bytes, &self.source).map_err(skip)),
                Err(error) => {
                    let skipped = skip(error.to_string());
                    self.lines = None; // The rest is out of reach, and `whole` stays false.
                    return Some(Err(skipped));
                }
            }
        }
    }
}

/// `{"id", "title"?, "text", …}`; every other key becomes metadata.
fn json_line(bytes: &[u8], source: &str) -> Result<Document, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let Value::Object(mut object) = value else { return Err("the line is no JSON object".into()) };
    let id = match object.remove("id").or_else(|| object.remove("_id")) {
        Some(Value::String(id)) if !id.trim().is_empty() => id,
        Some(Value::Number(id)) => id.to_string(),
        Some(_) => return Err("`id` is neither a string nor a number".into()),
        None => return Err("`id` is missing".into()),
    };
    let mut string = |key: &str| match object.remove(key) {
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(format!("`{key}` is no string")),
    };
    let title = string("title")?.unwrap_or_default();
    let Some(text) = string("text")? else { return Err("`text` is missing".into()) };
    // A title without a text is all that there is to find and to quote.
    let text = if text.trim().is_empty() { title.clone() } else { text };
    Ok(document(id, source.to_owned(), title, text, object.into_iter().collect()))
}

fn plain(id: String, source: String, text: String) -> Document {
    let title = Path::new(&id).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    document(id, source, title, text, Metadata::new())
}

/// A Markdown document; its title is its first heading, or the file's name.
pub fn markdown(id: String, source: String, text: String) -> Document {
    let heading = text.lines().find_map(|line| line.strip_prefix("# ")).map(|line| line.trim().to_owned());
    let name = || Path::new(&id).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let title = heading.filter(|heading| !heading.is_empty()).unwrap_or_else(name);
    document(id, source, title, text, Metadata::from([("format".to_owned(), "markdown".into())]))
}

fn document(id: String, source: String, title: String, text: String, metadata: Metadata) -> Document {
    let mut parts = vec![title.as_str(), text.as_str()];
    let flat: Vec<(&String, String)> = metadata.iter().map(|(key, value)| (key, value.to_string())).collect();
    for (key, value) in &flat {
        parts.extend([key.as_str(), value.as_str()]);
    }
    let hash = fingerprint(&parts);
    Document { id, source, title, text, hash, metadata }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> Result<Document, String> {
        json_line(json.as_bytes(), "s.jsonl")
    }

    #[test]
    fn a_line_is_a_document() {
        let read = line(r#"{"id": 7, "title": "Tea", "text": "Boil.", "group": "drinks"}"#).expect("a good line");
        assert_eq!((read.id.as_str(), read.title.as_str(), read.text.as_str()), ("7", "Tea", "Boil."));
        assert_eq!(read.metadata["group"], "drinks");
        assert_eq!(line(r#"{"id": "a", "title": "Only a title", "text": ""}"#).expect("good").text, "Only a title");
        assert_eq!(line(r#"{"id": "a", "text": ""}"#).expect("empty is no mistake").text, "");
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        for (json, why) in [
            ("{", "EOF"),
            ("[1]", "no JSON object"),
            (r#"{"text": "x"}"#, "`id` is missing"),
            (r#"{"id": "x"}"#, "`text` is missing"),
            (r#"{"id": "x", "text": 5}"#, "`text` is no string"),
            (r#"{"id": null, "text": "x"}"#, "neither"),
        ] {
            assert!(line(json).expect_err(json).contains(why), "{json}");
        }
    }

    #[test]
    fn the_hash_sees_title_text_and_metadata() {
        let hash = |json: &str| line(json).expect("good").hash;
        let one = hash(r#"{"id": "1", "text": "x"}"#);
        assert_eq!(one, hash(r#"{"text": "x", "id": "2"}"#));
        assert_ne!(one, hash(r#"{"id": "1", "text": "x", "group": "g"}"#));
        assert_ne!(one, hash(r#"{"id": "1", "text": "x", "title": "t"}"#));
    }

    #[test]
    fn markdown_is_titled_by_its_heading() {
        assert_eq!(markdown("a/b.md".into(), "s".into(), "# Tea time\nx".into()).title, "Tea time");
        assert_eq!(markdown("a/b.md".into(), "s".into(), "x".into()).title, "b");
    }
}
