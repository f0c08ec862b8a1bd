//! Files named in a tool's arguments become data before the tool is called.
//!
//! A tool takes points, never paths. People say "cluster points.csv by x and y", so wherever arguments hold
//! `{"file": "points.csv", "columns": ["x", "y"]}` the rows of that file are put in its place, in the shape that the tool's
//! schema asks for there: a list of numbers or texts for one column, a list of rows for several, the text itself for a
//! string. CSV and TSV (with or without a heading), JSON Lines (an object or a list a line), JSON, plain text
//! (`rows.rs`) and Parquet (`parquet.rs`) are read. A gap is an error, unless the tool takes `null` there.

use std::path::{Component, Path, PathBuf};

use roundtable_tools::{Error, ErrorKind};
use serde_json::{Map, Value};

use super::parquet;
use super::rows::Table;

/// The largest file that is read into arguments, also when it is unpacked.
pub(super) const LARGEST: u64 = 64 << 20;

/// Which files may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any file, as named by the person at the command line; relative names start here.
    Anywhere(PathBuf),
    /// Only files under this folder: the call comes from a model, which may have read a stranger's text.
    Within(PathBuf),
}

/// Whether `arguments` name a file anywhere.
pub fn named(arguments: &Value) -> bool {
    match arguments {
        Value::Object(object) => reference(object).is_some() || object.values().any(named),
        Value::Array(items) => items.iter().any(named),
        _ => false,
    }
}

/// `arguments` with the data of every file in the file's place. `schema` is the tool's input schema.
///
/// # Errors
/// `invalid_arguments` (or `too_large`), at the place of the file, when it is out of reach, cannot be read, lacks a column
/// (with the nearest names), or holds something else than the tool wants.
pub fn resolve(arguments: &Value, schema: &Value, reach: &Reach) -> Result<Value, Error> {
    walk(arguments, Some(schema), schema, reach, "")
}

/// `{"file": …}` and nothing else but how to read it.
pub(super) struct Reference<'a> {
    pub(super) file: &'a str,
    pub(super) columns: Vec<&'a Value>,
}

fn reference(object: &Map<String, Value>) -> Option<Reference<'_>> {
    let file = object.get("file")?.as_str()?;
    if object.keys().any(|key| !matches!(key.as_str(), "file" | "columns" | "column")) {
        return None;
    }
    let columns = match object.get("columns").or_else(|| object.get("column")) {
        None => Vec::new(),
        Some(Value::Array(columns)) => columns.iter().collect(),
        Some(column) => vec![column],
    };
    Some(Reference { file, columns })
}

fn walk(value: &Value, schema: Option<&Value>, root: &Value, reach: &Reach, path: &str) -> Result<Value, Error> {
    let schema = schema.map(|schema| follow(schema, root));
    match value {
        Value::Object(object) => {
            let takes_file = schema.is_some_and(|schema| schema.pointer("/properties/file").is_some());
            if !takes_file && let Some(reference) = reference(object) {
                return read(&reference, Shape::of(schema, root), reach, path);
            }
            object
                .iter()
                .map(|(key, inner)| {
                    let part = schema.and_then(|schema| schema.get("properties")?.get(key));
                    let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                    Ok((key.clone(), walk(inner, part, root, reach, &path)?))
                })
                .collect::<Result<Map<_, _>, Error>>()
                .map(Value::Object)
        }
        Value::Array(items) => {
            let part = schema.and_then(|schema| schema.get("items"));
            items
                .iter()
                .enumerate()
                .map(|(at, inner)| walk(inner, part, root, reach, &format!("{path}/{at}")))
                .collect::<Result<Vec<_>, Error>>()
                .map(Value::Array)
        }
        other => Ok(other.clone()),
    }
}

/// The schema behind `$ref`, and the first branch of `anyOf`/`oneOf` that is not null.
fn follow<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    // Schemas of tools do not nest references deeply; a cycle among them ends here too.
    for _ in 0..16 {
        let next = match schema.get("$ref") {
            Some(_) => referred(schema, root),
            None => ["anyOf", "oneOf"]
                .iter()
                .find_map(|key| schema.get(key)?.as_array())
                .and_then(|branches| branches.iter().find(|branch| branch["type"] != "null")),
        };
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// What the tool wants at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A list of rows, each a list.
    Rows,
    /// The same, with `null` where nothing is known.
    Gappy,
    /// A list of objects, one a row.
    Records,
    /// A list of values: one column.
    List,
    /// A text.
    Text,
    /// The schema does not say.
    Any,
}

impl Shape {
    fn of(schema: Option<&Value>, root: &Value) -> Self {
        let Some(schema) = schema else { return Shape::Any };
        if is(schema, "string") {
            return Shape::Text;
        }
        if !is(schema, "array") {
            return Shape::Any;
        }
        match schema.get("items").map(|items| follow(items, root)) {
            Some(items) if is(items, "array") && takes_null(&items["items"], root) => Shape::Gappy,
            Some(items) if is(items, "array") => Shape::Rows,
            Some(items) if is(items, "object") => Shape::Records,
            Some(_) => Shape::List,
            None => Shape::Any,
        }
    }
}

/// What the schema's `$ref` names.
fn referred<'a>(schema: &Value, root: &'a Value) -> Option<&'a Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// Whether a value may be `null`, by its type or one of its branches.
fn takes_null(schema: &Value, root: &Value) -> bool {
    let schema = referred(schema, root).unwrap_or(schema);
    let branches = ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    is(schema, "null") || branches.into_iter().any(|branch| is(branch, "null"))
}

fn is(schema: &Value, wanted: &str) -> bool {
    match &schema["type"] {
        Value::String(name) => name == wanted,
        Value::Array(names) => names.iter().any(|name| name == wanted),
        _ => false,
    }
}

fn read(reference: &Reference<'_>, shape: Shape, reach: &Reach, path: &str) -> Result<Value, Error> {
    let file = reachable(reference.file, reach, path)?;
    let said = |cause: std::io::Error| {
        Error::invalid(path, format!("cannot read `{}`: {cause}", reference.file)).with_hint("name a file that exists")
    };
    let size = std::fs::metadata(&file).map_err(said)?.len();
    if size > LARGEST {
        let message = format!("`{}` has {size} bytes; at most {LARGEST} are read", reference.file);
        return Err(Error::new(ErrorKind::TooLarge, path, message));
    }
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    if ending == "parquet" {
        if shape == Shape::Text {
            return Err(Error::invalid(path, format!("`{}` holds columns, and a text is wanted", reference.file)));
        }
        let opened = std::fs::File::open(&file).map_err(said)?;
        return parquet::table(opened, reference, shape, path)?.pick(reference, shape, path);
    }
    let text = String::from_utf8(std::fs::read(&file).map_err(said)?).map_err(|error| {
        let refused = Error::invalid(path, format!("`{}` is not UTF-8 text", reference.file));
        if error.as_bytes().starts_with(parquet::MAGIC) {
            refused.with_hint("it is a Parquet file: let its name end in `.parquet`")
        } else {
            refused
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if shape == Shape::Text {
        return Ok(Value::String(text.to_owned()));
    }
    let table = match ending.as_str() {
        "json" => {
            let value: Value = serde_json::from_str(text).map_err(|error| bad(reference, path, &error.to_string()))?;
            match Table::from_json(value) {
                Ok(table) => table,
                // Not rows: the file holds the argument itself.
                Err(value) => return Ok(value),
            }
        }
        "jsonl" | "ndjson" => Table::from_lines(text).map_err(|why| bad(reference, path, &why))?,
        "tsv" => Table::from_csv(text, b'\t').map_err(|why| bad(reference, path, &why))?,
        "csv" => Table::from_csv(text, b',').map_err(|why| bad(reference, path, &why))?,
        _ => Table::from_words(text, shape == Shape::List),
    };
    table.pick(reference, shape, path)
}

pub(super) fn bad(reference: &Reference<'_>, path: &str, why: &str) -> Error {
    Error::invalid(path, format!("cannot read `{}`: {why}", reference.file))
}

fn reachable(file: &str, reach: &Reach, path: &str) -> Result<PathBuf, Error> {
    let base = match reach {
        Reach::Anywhere(base) => return Ok(base.join(file)),
        Reach::Within(base) => base,
    };
    let refused = || {
        Error::new(ErrorKind::Refused, path, format!("`{file}` is not under the working folder"))
            .with_hint("use a relative name without `..`, of a file in the folder where roundtable was started")
    };
    let name = Path::new(file);
    if name.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(refused());
    }
    // A link may still lead out.
    let full = base.join(name);
    match (full.canonicalize(), base.canonicalize()) {
        (Ok(inside), Ok(base)) if !inside.starts_with(&base) => Err(refused()),
        (Ok(inside), Ok(_)) => Ok(inside),
        // It does not exist; reading it says so.
        _ => Ok(full),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const POINTS: &str = "name,x,y\na,1,2\nb,3.5,4\n\"c, d\",5,6\n";

    fn schema() -> Value {
        json!({"type": "object", "$defs": {"m": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}},
            "properties": {"points": {"$ref": "#/$defs/m"}, "x": {"type": "array", "items": {"type": "number"}},
                "text": {"type": "string"}, "rows": {"type": "array", "items": {"type": "object"}},
                "maybe": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}]}}})
    }

    fn check(name: &str, content: &str, arguments: Value) -> Result<Value, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        resolve(&arguments, &schema(), &Reach::Within(folder.path().to_owned()))
    }

    #[test]
    fn the_schema_says_the_shape() {
        let all = json!({"points": {"file": "p.csv"}, "x": {"file": "p.csv", "columns": ["y"]}, "k": 2});
        assert_eq!(
            check("p.csv", POINTS, all).unwrap(),
            json!({"points": [[1, 2], [3.5, 4], [5, 6]], "x": [2, 4, 6], "k": 2})
        );
        let named =
            json!({"points": {"file": "p.csv", "columns": ["y", "x"]}, "maybe": {"file": "p.csv", "column": "name"}});
        assert_eq!(
            check("p.csv", POINTS, named).unwrap(),
            json!({"points": [[2, 1], [4, 3.5], [6, 5]], "maybe": ["a", "b", "c, d"]})
        );
        let records = json!({"rows": {"file": "p.csv", "columns": ["x", "name"]}});
        assert_eq!(check("p.csv", POINTS, records).unwrap()["rows"][2], json!({"x": 5, "name": "c, d"}));
        assert_eq!(check("p.csv", POINTS, json!({"text": {"file": "p.csv"}})).unwrap(), json!({"text": POINTS}));
    }

    #[test]
    fn other_kinds_of_files() {
        let points = json!({"points": {"file": "p.jsonl", "columns": ["a", "b"]}});
        assert_eq!(
            check("p.jsonl", "{\"a\":1,\"b\":2}\n\n{\"b\":4,\"a\":3}\n", points).unwrap(),
            json!({"points": [[1, 2], [3, 4]]})
        );
        let x = |name: &str| json!({"x": {"file": name}});
        assert_eq!(check("x.txt", "1 2,3\n4\n", x("x.txt")).unwrap(), json!({"x": [1, 2, 3, 4]}));
        assert_eq!(check("x.json", "[1, 2.5]", x("x.json")).unwrap(), json!({"x": [1, 2.5]}));
        assert_eq!(check("x.tsv", "1\n2\n", x("x.tsv")).unwrap(), json!({"x": [1, 2]}));
        let by_number = json!({"x": {"file": "x.csv", "columns": [1]}});
        assert_eq!(check("x.csv", "1,2\n3,4\n", by_number).unwrap(), json!({"x": [2, 4]}));
    }

    #[test]
    fn errors_name_the_place_and_the_way_out() {
        let error = check("p.csv", POINTS, json!({"x": {"file": "p.csv", "columns": ["z"]}})).unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::InvalidArguments, "/x"));
        assert_eq!(error.hint.as_deref(), Some("it has `name`, `x`, `y`"));
        let error = check("p.csv", POINTS, json!({"x": {"file": "p.csv"}})).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("name one in `columns`: `x`, `y`"));
        let error = check("p.csv", "x\n1\n\"\"\n3\n", json!({"x": {"file": "p.csv", "columns": ["x"]}})).unwrap_err();
        assert_eq!(error.message, "`p.csv` lacks `x` in row 2 (line 3)");
        assert!(check("p.csv", POINTS, json!({"x": {"file": "q.csv"}})).unwrap_err().message.contains("q.csv"));
        assert!(check("e.csv", "", json!({"x": {"file": "e.csv"}})).is_err());
    }

    #[test]
    fn a_model_cannot_reach_out() {
        for name in ["/etc/passwd", "../secret.csv", "a/../../b"] {
            let error = check("p.csv", POINTS, json!({"x": {"file": name}})).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Refused, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nor_through_a_link() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("s.txt"), "1").unwrap();
        std::os::unix::fs::symlink(outside.path().join("s.txt"), inside.path().join("l.txt")).unwrap();
        let reach = Reach::Within(inside.path().to_owned());
        assert_eq!(resolve(&json!({"x": {"file": "l.txt"}}), &schema(), &reach).unwrap_err().kind, ErrorKind::Refused);
    }

    #[test]
    fn a_tool_that_takes_a_file_name_keeps_it() {
        let schema = json!({"type": "object", "properties": {"file": {"type": "string"}}});
        let arguments = json!({"file": "out.csv"});
        assert_eq!(resolve(&arguments, &schema, &Reach::Within(".".into())).unwrap(), arguments);
        assert!(!named(&json!({"a": [1, {"b": 2}]})));
        assert!(named(&json!({"a": [1, {"file": "x"}]})));
    }
}
