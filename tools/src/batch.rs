//! Many calls in one go: a JSON line in, the same line with its result out.
//!
//! Each line is an object with `"tool"` and `"args"`. It comes back with `"output"`, or with
//! `"error": {"kind", "message", "path", …}`; every other key passes through, so a caller can number its lines.

use serde_json::{Map, Value};

use crate::{
    catalogue::{Catalogue, parse},
    error::{Error, ErrorKind},
};

/// Answers one line. It never fails: whatever is wrong becomes the line's `"error"`.
///
/// ```
/// use roundtable_tools::{Catalogue, batch};
///
/// let tools = Catalogue::standard()?;
/// let line = r#"{"id": 7, "tool": "vector_euclidean", "args": {"a": [0, 0], "b": [3, 4]}}"#;
/// let answer = batch::answer(&tools, line);
/// assert_eq!(answer["id"], 7);
/// assert_eq!(answer["output"]["value"], 5.0);
///
/// let answer = batch::answer(&tools, r#"{"tool": "vector_euclidean", "args": {"a": [0, 0]}}"#);
/// assert_eq!(answer["error"]["message"], "missing argument `b`");
/// # Ok::<(), roundtable_tools::BuildError>(())
/// ```
pub fn answer(tools: &Catalogue, line: &str) -> Map<String, Value> {
    let (mut answer, result) = match parse(line) {
        Ok(Value::Object(call)) => {
            let result = call_of(tools, &call);
            (call, result)
        }
        Ok(_) => (Map::new(), Err(Error::invalid("", "a line of a batch is an object").with_hint(SHAPE))),
        Err(error) => (Map::new(), Err(error)),
    };
    answer.remove("output");
    answer.remove("error");
    match result {
        Ok(output) => answer.insert("output".to_owned(), output),
        Err(error) => answer.insert("error".to_owned(), error.to_value()),
    };
    answer
}

const SHAPE: &str = r#"write `{"tool": "vector_dot", "args": {"a": [1, 2], "b": [3, 4]}}`"#;

fn call_of(tools: &Catalogue, call: &Map<String, Value>) -> Result<Value, Error> {
    match call.get("tool") {
        Some(Value::String(name)) => tools.call(name, call.get("args").unwrap_or(&Value::Object(Map::new()))),
        Some(_) => {
            Err(Error::new(ErrorKind::UnknownTool, "", "`tool` must be a string, the name of a tool").with_hint(SHAPE))
        }
        None => Err(Error::new(ErrorKind::UnknownTool, "", "the line names no `tool`").with_hint(SHAPE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(line: &str, expected: &Value) {
        let tools = Catalogue::standard().expect("every schema compiles");
        let mut answer = Value::Object(answer(&tools, line));
        if let Some(error) = answer.get_mut("error").and_then(Value::as_object_mut) {
            error.retain(|key, _| key == "kind" || key == "path");
        }
        assert_eq!(answer, *expected, "for {line}");
    }

    #[test]
    fn every_line_gets_its_answer() {
        check(
            r#"{"tool": "vector_dot", "args": {"a": [1], "b": [2]}, "n": [1]}"#,
            &json!({"tool": "vector_dot", "args": {"a": [1], "b": [2]}, "n": [1], "output": {"value": 2.0}}),
        );
        check(
            r#"{"tool": "vector_dot", "args": {"a": [1], "b": [null]}, "output": "old"}"#,
            &json!({
                "tool": "vector_dot",
                "args": {"a": [1], "b": [null]},
                "error": {"kind": "invalid_arguments", "path": "/b/0"}
            }),
        );
        check(r#"{"tool": "nope"}"#, &json!({"tool": "nope", "error": {"kind": "unknown_tool", "path": ""}}));
        check(r#"{"id": 1}"#, &json!({"id": 1, "error": {"kind": "unknown_tool", "path": ""}}));
        check(r#"{"tool": 3}"#, &json!({"tool": 3, "error": {"kind": "unknown_tool", "path": ""}}));
        check("[1]", &json!({"error": {"kind": "invalid_arguments", "path": ""}}));
        check("{", &json!({"error": {"kind": "bad_json", "path": ""}}));
        check("", &json!({"error": {"kind": "bad_json", "path": ""}}));
    }
}
