//! Turns what a schema validator found into an [`Error`] that says how to repair the call.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use crate::{error::Error, schema::first_ragged, suggest};

/// One error for everything found: the most telling problem in front, the next few named in the hint.
pub(crate) fn explain<'a>(found: impl Iterator<Item = ValidationError<'a>>, schema: &Value) -> Error {
    // A misspelt name explains a missing one, and both explain more than a wrong value.
    let mut found: Vec<ValidationError> = found.take(100).collect();
    found.sort_by_key(rank);
    let mut problems = found.iter().map(|error| problem(error, schema));
    let Some(mut first) = problems.next() else {
        return Error::invalid("", "the arguments do not fit the tool's schema");
    };
    let also: Vec<String> = problems
        .take(3)
        .map(
            |error| {
                if error.path.is_empty() { error.message } else { format!("{} (at {})", error.message, error.path) }
            },
        )
        .collect();
    if !also.is_empty() {
        let also = format!("also: {}", also.join("; "));
        first.hint = Some(first.hint.map_or(also.clone(), |hint| format!("{hint}; {also}")));
    }
    first
}

/// The most telling first.
fn rank(error: &ValidationError) -> u8 {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } => 0,
        ValidationErrorKind::Required { .. } => 1,
        _ => 2,
    }
}

fn problem(error: &ValidationError, schema: &Value) -> Error {
    let path = error.instance_path().as_str();
    let instance = error.instance().as_ref();
    let part = part_of(schema, error.schema_path().as_str());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unknown_argument(path, unexpected, part),
        ValidationErrorKind::Required { property: Value::String(name) } => {
            let missing = Error::invalid(path, format!("missing argument `{name}`"));
            match part.pointer(&format!("/properties/{}", escape(name))) {
                Some(field) => missing.with_hint(format!("`{name}` is {}", describe(field))),
                None => missing,
            }
        }
        ValidationErrorKind::Custom { message, .. } => match first_ragged(instance) {
            Some((row, message)) => {
                Error::invalid(format!("{path}/{row}"), message).with_hint("give every row the same number of values")
            }
            None => Error::invalid(path, message.clone()),
        },
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            one_of(error, context, part, schema)
        }
        ValidationErrorKind::Enum { options } => {
            not_an_option(path, instance, options.as_array().map_or(&[], Vec::as_slice))
        }
        _ => Error::invalid(path, format!("expected {}, got {}", expected(part), got(instance))),
    }
}

fn unknown_argument(path: &str, unexpected: &[String], part: &Value) -> Error {
    let known: Vec<&str> =
        part["properties"].as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default();
    let name = unexpected.first().map_or("", String::as_str);
    let hint = if known.is_empty() {
        "there are no arguments here".to_owned()
    } else {
        format!("the arguments are {}", quoted(&known))
    };
    Error::invalid(format!("{path}/{}", escape(name)), format!("unknown argument `{}`", short(name)))
        .with_hint(hint)
        .with_nearest(suggest::nearest(name, known))
}

/// None of several alternatives fits: if one of them got further into the value than the others, its complaint is the
/// one that helps; if not, all alternatives are named.
fn one_of(error: &ValidationError, context: &[Vec<ValidationError>], part: &Value, schema: &Value) -> Error {
    let path = error.instance_path().as_str();
    let branches = part.get("anyOf").or_else(|| part.get("oneOf")).and_then(Value::as_array);
    let options: Vec<Value> = branches
        .into_iter()
        .flatten()
        .flat_map(|branch| {
            branch.get("const").cloned().into_iter().chain(branch["enum"].as_array().cloned().unwrap_or_default())
        })
        .collect();
    // Of objects told apart by a constant (`kind`), the caller means the one whose constant it is.
    let other = |inner: &&ValidationError| matches!(inner.kind(), ValidationErrorKind::Constant { .. });
    let mut meant = context.iter().filter(|errors| !errors.iter().any(|inner| other(&inner)));
    let constants: Vec<&ValidationError> = context.iter().flatten().filter(other).collect();
    if let Some(first) = constants.first() {
        if let (Some(errors), None) = (meant.next(), meant.next())
            && let Some(inner) = errors.iter().min_by_key(|inner| rank(inner))
        {
            return problem(inner, schema);
        }
        let consts = constants.iter().filter_map(|inner| match inner.kind() {
            ValidationErrorKind::Constant { expected_value } => Some(expected_value.as_ref().clone()),
            _ => None,
        });
        if constants.len() == context.len() && first.instance_path().as_str().len() > path.len() {
            return not_an_option(first.instance_path().as_str(), first.instance(), &consts.collect::<Vec<_>>());
        }
    }
    let deepest = context
        .iter()
        .flatten()
        .filter(|inner| inner.instance_path().as_str().len() > path.len())
        .max_by_key(|inner| inner.instance_path().as_str().len());
    if let Some(inner) = deepest {
        return problem(inner, schema);
    }
    if !options.is_empty() && options.len() == branches.map_or(0, Vec::len) {
        return not_an_option(path, error.instance(), &options);
    }
    Error::invalid(path, format!("expected {}, got {}", expected(part), got(error.instance())))
}

fn not_an_option(path: &str, instance: &Value, options: &[Value]) -> Error {
    let names: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
    let error = Error::invalid(path, format!("expected one of {}, got {}", quoted(&names), got(instance)));
    match instance.as_str() {
        Some(given) => error.with_nearest(suggest::nearest(given, names)),
        None => error,
    }
}

/// The part of the schema that holds the keyword at `path`.
fn part_of<'s>(schema: &'s Value, path: &str) -> &'s Value {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    schema.pointer(parent).unwrap_or(&Value::Null)
}

/// "a whole number from 1: how many clusters".
fn describe(field: &Value) -> String {
    match field["description"].as_str() {
        Some(text) => format!("{}: {}", expected(field), text.trim_end_matches('.').replace('\n', " ")),
        None => expected(field),
    }
}

/// What a part of a schema asks for, in words.
fn expected(part: &Value) -> String {
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = part[key].as_array() {
            let mut words: Vec<String> = branches.iter().map(expected).collect();
            words.dedup();
            return words.join(", or ");
        }
    }
    if let Some(value) = part.get("const") {
        return format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    if let Some(options) = part["enum"].as_array() {
        return format!("one of {}", quoted(&options.iter().filter_map(Value::as_str).collect::<Vec<_>>()));
    }
    match &part["type"] {
        Value::String(kind) => kind_in_words(kind, part),
        Value::Array(kinds) => {
            let words: Vec<String> =
                kinds.iter().filter_map(Value::as_str).map(|kind| kind_in_words(kind, part)).collect();
            words.join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

fn kind_in_words(kind: &str, part: &Value) -> String {
    match kind {
        "integer" => format!("a whole number{}", bounds(part)),
        "number" => format!("a number{}", bounds(part)),
        "string" => "a string".to_owned(),
        "boolean" => "true or false".to_owned(),
        "null" => "null".to_owned(),
        "array" => list_in_words(part),
        _ => "an object".to_owned(),
    }
}

fn list_in_words(part: &Value) -> String {
    let few = match part["minItems"].as_u64() {
        Some(1) => "a list of one or more ".to_owned(),
        Some(least) if least > 1 => format!("a list of at least {least} "),
        _ => "a list of ".to_owned(),
    };
    let items = &part["items"];
    let what = match items["type"].as_str() {
        Some("number") => format!("numbers{}", bounds(items)),
        Some("integer") => format!("whole numbers{}", bounds(items)),
        Some("string") => "strings".to_owned(),
        Some("array") => format!("rows, each {}", list_in_words(items)),
        _ => "values".to_owned(),
    };
    few + &what
}

fn bounds(part: &Value) -> String {
    // A bound that only says "64 bits" or "exact in JSON" is no news to anybody.
    let plain = |key: &str| part[key].as_f64().filter(|bound| bound.abs() < 1e15);
    if let (Some(low), Some(high)) = (plain("minimum"), plain("maximum")) {
        return format!(" from {low} to {high}");
    }
    let words = [
        plain("minimum").map(|low| format!("of {low} or more")),
        plain("maximum").map(|high| format!("of {high} or less")),
        plain("exclusiveMinimum").map(|low| format!("above {low}")),
        plain("exclusiveMaximum").map(|high| format!("below {high}")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!(" {}", words.join(" and ")) }
}

fn got(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::String(text) => format!("the string `{}`", short(text)),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) if items.len() == 1 => "a list of 1 value".to_owned(),
        Value::Array(items) => format!("a list of {} values", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    let start: String = text.chars().take(39).collect();
    format!("{start}…")
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A name as a step of a JSON pointer (RFC 6901, section 3).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::compile;
    use serde_json::json;

    fn check(part: Value, value: Value, path: &str, message: &str) {
        let schema = json!({
            "type": "object",
            "properties": {"x": part},
            "required": ["x"],
            "additionalProperties": false
        });
        let validator = compile(&schema).expect("a schema");
        let arguments = json!({"x": value});
        let error = explain(validator.iter_errors(&arguments), &schema);
        assert_eq!((error.path.as_str(), error.message.as_str()), (path, message));
    }

    #[test]
    fn says_what_would_be_right() {
        check(json!({"type": "number"}), json!("a"), "/x", "expected a number, got the string `a`");
        check(
            json!({"type": "integer", "minimum": 1}),
            json!(0),
            "/x",
            "expected a whole number of 1 or more, got `0`",
        );
        check(json!({"type": "integer"}), json!(1.5), "/x", "expected a whole number, got `1.5`");
        check(
            json!({"type": "array", "minItems": 1, "items": {"type": "number"}}),
            json!([]),
            "/x",
            "expected a list of one or more numbers, got an empty list",
        );
        check(
            json!({"type": "array", "items": {"type": "number"}}),
            json!([1, null]),
            "/x/1",
            "expected a number, got null",
        );
        check(json!({"type": ["string", "null"]}), json!(1), "/x", "expected a string or null, got `1`");
        // Variants told apart by a constant: only the one that is named complains.
        let variant = |kind: &str, field: &str| {
            json!({"type": "object", "properties": {"kind": {"const": kind}, field: {"type": "number"}},
                "required": ["kind", field], "additionalProperties": false})
        };
        let variants = json!({"oneOf": [variant("a", "b"), variant("c", "d")]});
        check(variants.clone(), json!({"kind": "c", "d": "x"}), "/x/d", "expected a number, got the string `x`");
        check(variants.clone(), json!({"kind": "c"}), "/x", "missing argument `d`");
        check(variants, json!({"kind": "e", "d": 1}), "/x/kind", "expected one of `a`, `c`, got the string `e`");
        check(json!({"enum": ["a", "b"]}), json!("c"), "/x", "expected one of `a`, `b`, got the string `c`");
        check(json!({"oneOf": [{"const": "a"}, {"const": "b"}]}), json!(1), "/x", "expected one of `a`, `b`, got `1`");
        check(
            json!({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
            json!([1, "b"]),
            "/x/1",
            "expected a whole number, got the string `b`",
        );
    }

    #[test]
    fn a_misspelt_name_comes_first_and_the_rest_is_told_too() {
        let schema = json!({
            "type": "object",
            "properties": {"k": {"type": "integer", "minimum": 1, "description": "How many clusters."}},
            "required": ["k"],
            "additionalProperties": false
        });
        let validator = compile(&schema).expect("a schema");
        let arguments = json!({"a/b": 1, "K": 2});
        let error = explain(validator.iter_errors(&arguments), &schema);
        assert_eq!(error.kind, crate::ErrorKind::InvalidArguments);
        assert!(error.message == "unknown argument `K`" || error.message == "unknown argument `a/b`", "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("missing argument `k`")), "{error}");

        let error = explain(validator.iter_errors(&json!({})), &schema);
        assert_eq!(error.hint.as_deref(), Some("`k` is a whole number of 1 or more: How many clusters"));
    }
}
