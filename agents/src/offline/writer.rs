//! Says in a sentence what a tool gave back: its main numbers, its warnings, its errors with what would be right.
//!
//! Written from the output and its schema alone, so that a new tool needs nothing here: numbers are named, short lists are
//! shown, long lists and tables are told by their size, pictures by being there.

use roundtable_tools::{Error, ErrorKind};
use serde_json::{Map, Value};

/// Lists up to this long are shown.
const SHORT: usize = 12;

/// A sentence or two on a tool's output. `description` and `schema` are the tool's, as far as known.
pub fn output(name: &str, description: &str, schema: Option<&Value>, output: &Value) -> String {
    let Some(object) = output.as_object() else {
        return format!("`{name}` gives {}.", shown(output));
    };
    let mut sentences: Vec<String> = Vec::new();
    let (mut numbers, mut counts, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let mut notes = Vec::new();
    let mut pictures = false;
    for (key, value) in ordered(object, schema) {
        let label = label(key, name, description);
        match value {
            Value::Null => {}
            _ if key.contains("warning") => notes.extend(texts(value)),
            _ if key.contains("svg") => pictures = true,
            Value::Number(number) if key.len() <= 2 => {
                counts.push(format!("{key} = {}", number_text(number.as_f64().unwrap_or_default())))
            }
            Value::Number(number) => numbers.push((label, number_text(number.as_f64().unwrap_or_default()))),
            Value::Bool(yes) => rest.push(format!("{label}: {}", if *yes { "yes" } else { "no" })),
            Value::String(text) if text.split_whitespace().count() > 6 => notes.push(text.clone()),
            other => rest.push(format!("{label}: {}", shown(other))),
        }
    }
    if let Some(((first, value), more)) = numbers.split_first() {
        let mut said = format!("The {first} is {value}");
        for (at, (label, value)) in more.iter().enumerate() {
            said.push_str(if at + 1 == more.len() { " and " } else { ", " });
            said.push_str(&format!("the {label} {value}"));
        }
        if !counts.is_empty() {
            said.push_str(&format!(" ({})", counts.join(", ")));
        }
        sentences.push(format!("{said}."));
    } else if !counts.is_empty() {
        sentences.push(format!("Here {}.", counts.join(", ")));
    }
    if !rest.is_empty() {
        let lead = if sentences.is_empty() { format!("`{name}` gives ") } else { String::new() };
        sentences.push(capital(&format!("{lead}{}.", rest.join("; "))));
    }
    if pictures {
        sentences.push("The picture is drawn.".to_owned());
    }
    for note in notes {
        let note = capital(note.trim().trim_end_matches('.'));
        sentences.push(format!("{}.", cut(&note, 400)));
    }
    if sentences.is_empty() {
        return format!("`{name}` is done; it had nothing to say.");
    }
    sentences.join(" ")
}

/// In the order in which the tool's author wrote them.
fn ordered<'o>(object: &'o Map<String, Value>, schema: Option<&Value>) -> Vec<(&'o String, &'o Value)> {
    let required = schema.and_then(|schema| schema["required"].as_array());
    let place = |key: &str| required.and_then(|keys| keys.iter().position(|known| known == key)).unwrap_or(usize::MAX);
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    entries.sort_by_key(|(key, _)| place(key));
    entries
}

/// A name that a person would say. The single value of "Computes the dot product of …" is the dot product.
fn label(key: &str, name: &str, description: &str) -> String {
    if matches!(key, "value" | "result" | "output" | "answer") {
        return subject(description).unwrap_or_else(|| name.replace('_', " "));
    }
    match key {
        "std" => "standard deviation".to_owned(),
        "r2" => "R²".to_owned(),
        "n" => "count".to_owned(),
        other => other.replace('_', " "),
    }
}

fn subject(description: &str) -> Option<String> {
    let (_, after) = description.split_once(' ')?;
    let after = after.strip_prefix("the ")?;
    let end = [" of ", " between ", " (", ",", ".", ":", ";", " for ", " from ", "\n"]
        .iter()
        .filter_map(|stop| after.find(stop))
        .min()?;
    let subject = after[..end].trim();
    (!subject.is_empty() && subject.len() < 60).then(|| subject.to_owned())
}

/// A number with as many digits as a person reads.
pub fn number_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e15).contains(&size) {
        let text = format!("{value:.5e}");
        return match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", trimmed(digits)),
            None => text,
        };
    }
    let places = (5 - size.log10().floor() as i64).clamp(0, 12) as usize;
    trimmed(&format!("{value:.places$}")).to_owned()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number_text(number.as_f64().unwrap_or_default()),
        Value::String(text) => format!("“{}”", cut(text, 200)),
        Value::Array(items) => list(items),
        Value::Object(object) => {
            let parts: Vec<String> = object
                .iter()
                .take(6)
                .map(|(key, value)| format!("{} {}", key.replace('_', " "), shown(value)))
                .collect();
            let more = if object.len() > 6 { ", …" } else { "" };
            format!("{}{more}", parts.join(", "))
        }
    }
}

/// In round brackets: square ones are marks of citations.
fn list(items: &[Value]) -> String {
    let simple = |item: &Value| !item.is_array() && !item.is_object();
    if items.iter().all(simple) {
        if items.len() <= SHORT {
            return format!("({})", items.iter().map(shown).collect::<Vec<_>>().join(", "));
        }
        let first = items.iter().take(5).map(shown).collect::<Vec<_>>().join(", ");
        let numbers: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
        let range = match (
            numbers.len() == items.len(),
            numbers.iter().copied().reduce(f64::min),
            numbers.iter().copied().reduce(f64::max),
        ) {
            (true, Some(least), Some(most)) => format!(" from {} to {}", number_text(least), number_text(most)),
            _ => String::new(),
        };
        return format!("{} values{range} ({first}, …)", items.len());
    }
    let inner: usize = items.iter().map(|item| item.as_array().map_or(1, Vec::len)).sum();
    if items.len() <= 6
        && inner <= 24
        && items.iter().all(|item| item.as_array().is_some_and(|row| row.iter().all(simple)))
    {
        return format!("({})", items.iter().map(shown).collect::<Vec<_>>().join(", "));
    }
    match items.first() {
        Some(Value::Array(row)) => format!("a table of {} rows with {} columns", items.len(), row.len()),
        _ => {
            let first = items.iter().take(3).map(shown).collect::<Vec<_>>().join(" | ");
            format!("{} entries ({first}{})", items.len(), if items.len() > 3 { " | …" } else { "" })
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![format!("Note: {text}")],
        other => vec![format!("Note: {other}")],
    }
}

/// With round brackets for square ones, which are marks of citations in an answer.
pub fn round(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

/// Cut at a character, with a sign that it was.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}

/// With a capital letter in front.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// What went wrong and what would be right.
pub fn error(name: &str, error: &Error) -> String {
    let message = capital(&error.message);
    let place = error.path.trim_start_matches('/');
    let place = if place.is_empty() || error.message.contains(&format!("`{place}`")) {
        String::new()
    } else {
        format!(" (at `{place}`)")
    };
    let lead = match error.kind {
        ErrorKind::BadJson | ErrorKind::InvalidArguments => format!("`{name}` cannot work with that"),
        ErrorKind::Undefined => "That has no answer".to_owned(),
        ErrorKind::TooLarge => "That is too large".to_owned(),
        ErrorKind::UnknownTool => "I do not have that tool".to_owned(),
        ErrorKind::Cancelled => format!("`{name}` was cancelled"),
        ErrorKind::TimedOut => format!("`{name}` took too long"),
        ErrorKind::Refused => format!("`{name}` was not allowed"),
        ErrorKind::Failed | ErrorKind::OutputInvalid => format!("`{name}` failed"),
    };
    let mut said = format!("{lead}: {message}{place}.");
    if let Some(hint) = &error.hint {
        said.push_str(&format!(" {}.", capital(hint.trim_end_matches('.'))));
    }
    if !error.nearest.is_empty() {
        said.push_str(&format!(" Did you mean {}?", either(&error.nearest)));
    }
    said
}

/// "`a`, `b` or `c`".
fn either(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What the guard's report says: `{"verdict", "score", "findings"}`.
pub fn guarded(report: &Value) -> String {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let verdict = match report["verdict"].as_str() {
        Some("pass") => "The text passes",
        Some("flag") => "The text is suspicious (flagged)",
        Some("block") => "The text is dangerous (blocked)",
        _ => "The text was scanned",
    };
    if findings.is_empty() {
        return format!("{verdict}: nothing was found in it.");
    }
    let told: Vec<String> = findings
        .iter()
        .take(5)
        .map(|finding| {
            let what = |key: &str| finding[key].as_str().unwrap_or_default().replace('_', " ");
            let excerpt = finding["excerpt"]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(|text| format!(" in “{}”", cut(text, 60)));
            format!("{} ({}){}", what("kind"), what("rail"), excerpt.unwrap_or_default())
        })
        .collect();
    let more = if findings.len() > 5 { format!(" and {} more", findings.len() - 5) } else { String::new() };
    format!("{verdict}: {}{more}.", told.join("; "))
}

/// What is remembered, in a sentence; nothing if there is nothing.
pub fn recalled(records: &[String]) -> Option<String> {
    match records {
        [] => None,
        [one] => Some(format!("I remember: {}.", one.trim_end_matches('.'))),
        several => {
            let all: Vec<&str> = several.iter().take(5).map(|text| text.trim_end_matches('.')).collect();
            Some(format!("I remember: {}.", all.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn main_numbers_in_a_sentence() {
        let said = output(
            "vector_dot",
            "Computes the dot product (inner product) of two vectors.",
            None,
            &json!({"value": 32.0}),
        );
        assert_eq!(said, "The dot product is 32.");
        let schema = json!({"required": ["n", "mean", "variance", "std"]});
        let said = output("mean_variance", "", Some(&schema), &json!({"mean": 5, "n": 8, "std": 2, "variance": 4.0}));
        assert_eq!(said, "The mean is 5, the variance 4 and the standard deviation 2 (n = 8).");
    }

    #[test]
    fn long_lists_are_told_and_warnings_kept() {
        let samples: Vec<f64> = (0..20).map(f64::from).collect();
        let said = output("t", "", None, &json!({"samples": samples, "warnings": ["few rows"]}));
        assert_eq!(said, "`t` gives samples: 20 values from 0 to 19 (0, 1, 2, 3, 4, …). Note: few rows.");
        assert_eq!(output("t", "", None, &json!({"svg": "<svg/>"})), "The picture is drawn.");
    }

    #[test]
    fn numbers_are_short() {
        for (value, expected) in
            [(1.0 / 3.0, "0.333333"), (1e-9, "1e-9"), (123_456.789, "123457"), (-0.5, "-0.5"), (60.000_000_01, "60")]
        {
            assert_eq!(number_text(value), expected);
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        let wrong = Error::invalid("/k", "`k` is 5, but there are only 3 rows").with_hint("use `k` from 1 to 3");
        assert_eq!(
            error("kmeans", &wrong),
            "`kmeans` cannot work with that: `k` is 5, but there are only 3 rows. Use `k` from 1 to 3."
        );
    }

    #[test]
    fn a_scan_in_a_sentence() {
        let report = json!({"verdict": "block", "findings": [{"rail": "injection", "kind": "ignore_rules", "excerpt": "Ignore all"}]});
        assert_eq!(guarded(&report), "The text is dangerous (blocked): ignore rules (injection) in “Ignore all”.");
        assert_eq!(guarded(&json!({"verdict": "pass", "findings": []})), "The text passes: nothing was found in it.");
    }
}
