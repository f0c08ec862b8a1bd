//! The data that stands in a sentence: numbers, lists, tables, texts and files, each with the words around it.
//!
//! `[[1,2],[3,4]]`, `[1 2; 3 4]`, `(0, 0)`, `2, 4 and 9`, `5%`, `1 in 200`, `10k`, `1e-3`, `three`, `'text'`, `points.csv`. A
//! literal keeps where it stood, so that the words before and after it can say which argument it is.

use serde_json::{Deserializer, Map, Number, Value};

/// What a literal is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number. `share` says that it was written as a percentage or as `1 in 200`, and `value` is the share then.
    Number {
        /// The number.
        value: f64,
        /// How it was written, if whole.
        whole: Option<i128>,
        /// Whether it is a share, written as a percentage.
        share: bool,
        /// Whether it was written as a word.
        word: bool,
    },
    /// A list of numbers, texts and gaps, from brackets or from numbers in a row.
    List(Vec<Value>),
    /// A list of lists.
    Table(Vec<Value>),
    /// An object, as JSON has it.
    Object(Map<String, Value>),
    /// A quoted text, or what follows a colon.
    Text(String),
    /// The name of a file, with the columns that the sentence names beside it.
    File {
        /// The name.
        name: String,
    },
}

/// A piece of data and where it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// What it is.
    pub kind: Kind,
    /// Its first byte in the sentence.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// Every literal of the sentence, in order. Texts are found first, and nothing inside them counts.
pub fn literals(sentence: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < sentence.len() {
        match literal_at(sentence, at) {
            Some(literal) => {
                at = literal.end.max(at + 1);
                found.push(literal);
            }
            None => at += sentence[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

fn literal_at(sentence: &str, at: usize) -> Option<Literal> {
    let rest = &sentence[at..];
    let first = rest.chars().next()?;
    let previous = sentence[..at].chars().next_back();
    let (kind, length) = match first {
        '{' => object(rest).or_else(|| bracketed(rest))?,
        '[' | '(' => bracketed(rest)?,
        '"' | '“' | '«' | '`' => quoted(rest, first)?,
        '\'' | '‘' if previous.is_none_or(|c| !c.is_alphanumeric()) => quoted(rest, first)?,
        _ if previous.is_some_and(|c| c.is_alphanumeric() || c == '_') => return None,
        _ => file(rest).or_else(|| number(rest, previous)).or_else(|| spoken(rest))?,
    };
    Some(Literal { kind, start: at, end: at + length })
}

/// `{"q1": ["d3", "d1"]}`.
fn object(rest: &str) -> Option<(Kind, usize)> {
    let mut values = Deserializer::from_str(rest).into_iter();
    let object: Map<String, Value> = values.next()?.ok()?;
    (!object.is_empty()).then(|| (Kind::Object(object), values.byte_offset()))
}

/// `[…]` in any depth up to three, `(1, 2)`, with commas, spaces, semicolons or line ends between.
fn bracketed(rest: &str) -> Option<(Kind, usize)> {
    let (value, length) = list(rest, 0)?;
    let Value::Array(items) = value else { return None };
    if rest.starts_with('(') && (items.is_empty() || items.iter().any(|item| item.is_string())) {
        return None;
    }
    // A single number in round brackets is an aside.
    if rest.starts_with('(') && items.len() < 2 && !rest[..length].contains(',') && !items[0].is_array() {
        return None;
    }
    let nested = !items.is_empty() && items.iter().all(Value::is_array);
    Some((if nested { Kind::Table(items) } else { Kind::List(items) }, length))
}

fn list(text: &str, depth: usize) -> Option<(Value, usize)> {
    let open = text.chars().next()?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        _ => return None,
    };
    if depth > 3 {
        return None;
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    let mut at = open.len_utf8();
    loop {
        let rest = &text[at..];
        let next = rest.chars().next()?;
        if next == close {
            at += next.len_utf8();
            break;
        }
        match next {
            ';' => {
                rows.push(Vec::new());
                at += 1;
            }
            '[' | '(' | '{' => {
                let (value, length) = list(rest, depth + 1)?;
                rows.last_mut()?.push(value);
                at += length;
            }
            '"' | '\'' | '“' | '‘' | '`' => {
                let (kind, length) = quoted(rest, next)?;
                let Kind::Text(text) = kind else { return None };
                rows.last_mut()?.push(Value::String(text));
                at += length;
            }
            ',' | '\n' | '\r' | '\t' | ' ' | '|' => at += 1,
            _ => {
                let length = rest.find([',', ';', ' ', '\n', '\t', '[', '(', '{', close]).unwrap_or(rest.len());
                let (cell, length) = (rest.get(..length)?, length);
                rows.last_mut()?.push(cell_value(cell, open == '[')?);
                at += length;
            }
        }
    }
    rows.retain(|row| !row.is_empty());
    let value = match rows.len() {
        0 => Value::Array(Vec::new()),
        1 => Value::Array(rows.remove(0)),
        _ => Value::Array(rows.into_iter().map(Value::Array).collect()),
    };
    Some((value, at))
}

/// A number, a gap, a truth value, or (in square brackets) a bare word.
fn cell_value(cell: &str, words: bool) -> Option<Value> {
    let lower = cell.to_lowercase();
    match lower.as_str() {
        "null" | "nan" | "none" | "na" | "n/a" | "missing" | "?" => return Some(Value::Null),
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ => {}
    }
    if let Some((Kind::Number { value, whole, .. }, length)) = number(cell, None)
        && length == cell.len()
    {
        return Some(json_number(value, whole));
    }
    (words && cell.chars().any(char::is_alphabetic)).then(|| Value::String(cell.to_owned()))
}

/// A JSON number: whole if it was written so.
pub fn json_number(value: f64, whole: Option<i128>) -> Value {
    if let Some(whole) = whole {
        if let Ok(whole) = i64::try_from(whole) {
            return Value::from(whole);
        }
        if let Ok(whole) = u64::try_from(whole) {
            return Value::from(whole);
        }
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn quoted(rest: &str, open: char) -> Option<(Kind, usize)> {
    let close = match open {
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        same => same,
    };
    let inside = &rest[open.len_utf8()..];
    // An apostrophe inside a word does not close a text.
    let end = inside.char_indices().find(|&(at, c)| {
        c == close
            && (close != '\'' || !inside[at + 1..].starts_with(char::is_alphanumeric))
            && !inside[..at].ends_with('\\')
    })?;
    let text = &inside[..end.0];
    let text = text.replace("\\n", "\n").replace("\\t", "\t");
    Some((Kind::Text(text), open.len_utf8() + end.0 + close.len_utf8()))
}

/// The kinds of files that arguments can name.
const ENDINGS: &[&str] = &["csv", "tsv", "parquet", "json", "jsonl", "ndjson", "txt", "md", "dat"];

fn file(rest: &str) -> Option<(Kind, usize)> {
    let end = rest
        .char_indices()
        .find(|&(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '\\' | '~')))
        .map_or(rest.len(), |(at, _)| at);
    let name = rest[..end].trim_end_matches(['.', '/']);
    let (stem, ending) = name.rsplit_once('.')?;
    let known = ENDINGS.contains(&ending.to_lowercase().as_str()) && stem.chars().any(char::is_alphanumeric);
    known.then(|| (Kind::File { name: name.to_owned() }, name.len()))
}

/// Digits with a sign, thousands, a fraction, an exponent, a percent sign or a unit of thousands.
fn number(rest: &str, previous: Option<char>) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    let sign_length = ["-", "−", "–", "+"].iter().find(|sign| rest.starts_with(**sign)).map_or(0, |sign| sign.len());
    // "3-4" is a range, "x-2" a name.
    if sign_length > 0 && previous.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']')) {
        return None;
    }
    let negative = sign_length > 0 && !rest.starts_with('+');
    let mut at = sign_length;
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let leading = digits(at);
    let mut text: String = rest.get(at..at + leading)?.to_owned();
    at += leading;
    // Thousands: 1,000 or 12,500,000, and no list of numbers.
    if (1..=3).contains(&leading) && !text.starts_with('0') {
        let mut end = at;
        let mut groups = String::new();
        while bytes.get(end) == Some(&b',') && digits(end + 1) == 3 {
            groups.push_str(&rest[end + 1..end + 4]);
            end += 4;
        }
        let alone = !matches!(bytes.get(end), Some(b',')) || bytes.get(end + 1).is_none_or(u8::is_ascii_whitespace);
        if end > at && alone && previous != Some(',') {
            text.push_str(&groups);
            at = end;
        }
    }
    let mut whole = true;
    if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        let length = digits(at + 1);
        text.push('.');
        text.push_str(&rest[at + 1..at + 1 + length]);
        at += 1 + length;
        whole = false;
    }
    if text.is_empty() {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let length = digits(at + 1 + sign);
        if length > 0 {
            text.push_str(&rest[at..at + 1 + sign + length]);
            at += 1 + sign + length;
            whole = false;
        }
    } else if let Some(length) = power(&rest[at..], &mut text) {
        at += length;
        whole = false;
    }
    let mut value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mut exact: Option<i128> = if whole { text.parse().ok() } else { None };
    if negative {
        value = -value;
        exact = exact.map(|n| -n);
    }
    let after = &rest[at..];
    let ends_word = |text: &str| !text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    for (unit, factor) in [("k", 1_000), ("K", 1_000), ("M", 1_000_000), ("m", 1_000_000)] {
        if let Some(tail) = after.strip_prefix(unit)
            && ends_word(tail)
            && (unit != "m" || value >= 1.0)
        {
            value *= f64::from(factor);
            let whole = (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i128);
            return Some((Kind::Number { value, whole, share: false, word: false }, at + unit.len()));
        }
    }
    let (share, length) = share(after, value);
    if let Some(share) = share {
        return Some((Kind::Number { value: share, whole: None, share: true, word: false }, at + length));
    }
    let spaced = after.trim_start();
    for (word, factor) in [("thousand", 1e3), ("million", 1e6), ("hundred", 1e2)] {
        if let Some(tail) = spaced.strip_prefix(word)
            && ends_word(tail)
        {
            value *= factor;
            let whole = (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i128);
            let length = at + (after.len() - spaced.len()) + word.len();
            return Some((Kind::Number { value, whole, share: false, word: false }, length));
        }
    }
    // 2D and 3-d are two and three dimensions; 1st is no number, nor is 4x.
    let dimension = after.starts_with(['d', 'D']) && ends_word(&after[1..]);
    if !ends_word(after) && !dimension {
        return None;
    }
    Some((Kind::Number { value, whole: exact, share: false, word: false }, at))
}

/// `10^-3` and `2x10^5`, as an exponent of the number read so far.
fn power(after: &str, text: &mut String) -> Option<usize> {
    let (base, skipped) =
        match ["x10^", "×10^", "*10^", " x 10^", " × 10^"].iter().find(|sign| after.starts_with(**sign)) {
            Some(sign) => (text.clone(), sign.len()),
            None if text == "10" && after.starts_with('^') => ("1".to_owned(), 1),
            None => return None,
        };
    let sign = usize::from(after[skipped..].starts_with(['-', '+']));
    let length = after[skipped + sign..].bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    *text = format!("{base}e{}", &after[skipped..skipped + sign + length]);
    Some(skipped + sign + length)
}

/// Whether what follows makes the number a share: `%`, `percent`, `in 200`, `out of 200`, `/200`.
fn share(after: &str, value: f64) -> (Option<f64>, usize) {
    let spaced = after.trim_start_matches(' ');
    let skipped = after.len() - spaced.len();
    if let Some(tail) = spaced.strip_prefix('%') {
        return (Some(value / 100.0), after.len() - tail.len());
    }
    let lower = spaced.get(..12.min(spaced.len())).unwrap_or_default().to_lowercase();
    for word in ["percentage", "percent", "per cent", "pct"] {
        if lower.starts_with(word) && !lower[word.len()..].starts_with(char::is_alphanumeric) && word != "percentage" {
            return (Some(value / 100.0), skipped + word.len());
        }
    }
    for link in ["in every ", "out of every ", "out of ", "in ", "of every ", "/"] {
        let place = if link == "/" { (skipped == 0).then_some(after) } else { Some(spaced) };
        let Some(tail) = place.and_then(|place| place.strip_prefix(link)) else { continue };
        if let Some((Kind::Number { value: whole, share: false, .. }, length)) =
            number(tail, None).or_else(|| (link != "/").then(|| spoken(tail)).flatten())
            && whole >= value
            && whole >= 2.0
            && value >= 0.0
        {
            return (Some(value / whole), after.len() - tail.len() + length);
        }
    }
    (None, 0)
}

const SMALL: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// A number in words: "three", "twenty-five", "two hundred", "a thousand", "half", "a dozen", "minus two".
fn spoken(rest: &str) -> Option<(Kind, usize)> {
    let mut at = 0;
    let mut total: i128 = 0;
    let mut current: i128 = 0;
    let mut any = false;
    let mut end = 0;
    let mut negative = false;
    let mut words = 0;
    while let Some(word) = next_word(&rest[at..]) {
        let lower = word.to_lowercase();
        let small = SMALL.iter().position(|known| *known == lower).map(|at| at as i128);
        let tens = TENS.iter().position(|known| *known == lower).map(|at| (at as i128 + 2) * 10);
        match (small, tens, lower.as_str()) {
            (Some(n), _, _) if current % 10 == 0 && (n < 10 || current % 100 == 0) && (n > 0 || !any) => {
                if any && current == 0 && total == 0 {
                    break;
                }
                current += n;
                any = true;
            }
            (_, Some(n), _) if current % 100 == 0 => {
                current += n;
                any = true;
            }
            (_, _, "hundred") if any && current < 100 => current *= 100,
            (_, _, "thousand") if any && current > 0 => {
                total += current * 1_000;
                current = 0;
            }
            (_, _, "million") if any && current > 0 => {
                total += current * 1_000_000;
                current = 0;
            }
            (_, _, "dozen") if any && current < 100 => {
                current *= 12;
            }
            (_, _, "a") if words == 0 => {
                let after = next_word(rest[at + 1..].trim_start())?.to_lowercase();
                match after.as_str() {
                    "hundred" | "thousand" | "million" | "dozen" => {
                        current = 1;
                        any = true;
                    }
                    _ => return None,
                }
            }
            (_, _, "minus" | "negative") if words == 0 => negative = true,
            (_, _, "half") if words == 0 => {
                return Some((Kind::Number { value: 0.5, whole: None, share: true, word: true }, word.len()));
            }
            (_, _, "and") if any && (current >= 100 || total > 0) && current % 100 == 0 => {
                words += 1;
                at += word.len();
                at += separator(&rest[at..]);
                continue;
            }
            _ => break,
        }
        words += 1;
        at += word.len();
        end = at;
        let gap = separator(&rest[at..]);
        if gap == 0 {
            break;
        }
        at += gap;
    }
    if !any {
        return None;
    }
    let whole = if negative { -(total + current) } else { total + current };
    let (share, length) = share(&rest[end..], whole as f64);
    if let Some(share) = share {
        return Some((Kind::Number { value: share, whole: None, share: true, word: true }, end + length));
    }
    Some((Kind::Number { value: whole as f64, whole: Some(whole), share: false, word: true }, end))
}

fn next_word(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

fn separator(text: &str) -> usize {
    let spaces = text.bytes().take_while(|b| *b == b' ').count();
    if spaces == 0 && text.starts_with('-') { 1 } else { spaces }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(sentence: &str, expected: &Value) {
        let found: Vec<Value> = literals(sentence)
            .into_iter()
            .map(|literal| match literal.kind {
                Kind::Number { value, whole, share, .. } if !share => json_number(value, whole),
                Kind::Number { value, .. } => json!({ "share": value }),
                Kind::List(items) => json!({ "list": items }),
                Kind::Table(items) => json!({ "table": items }),
                Kind::Object(object) => json!({ "object": object }),
                Kind::Text(text) => json!(text),
                Kind::File { name } => json!({ "file": name }),
            })
            .collect();
        assert_eq!(json!(found), *expected, "{sentence}");
    }

    #[test]
    fn numbers_in_every_dress() {
        check("2, -4 and 4.5", &json!([2, -4, 4.5]));
        check("1,000 samples of 12,500,000", &json!([1000, 12_500_000]));
        check("1e-3 or 2x10^5 or 10^-2", &json!([0.001, 2e5, 0.01]));
        check("10k, 2M and 3 thousand", &json!([10_000, 2_000_000, 3000]));
        check(
            "5%, 2.5 percent, 1 in 200, 3 out of 4",
            &json!([{"share": 0.05}, {"share": 0.025}, {"share": 0.005}, {"share": 0.75}]),
        );
        check("three, twenty-five, two hundred and six, a dozen", &json!([3, 25, 206, 12]));
        check("minus two", &json!([-2]));
        check("k-means on x1 with r2 in 2D, l2", &json!([2]));
        check("the years 3-4", &json!([3, 4]));
    }

    #[test]
    fn lists_tables_and_points() {
        check("[1, 2.5] and (3, 4)", &json!([{"list": [1, 2.5]}, {"list": [3, 4]}]));
        check("[[1, null], [3, 4]]", &json!([{"table": [[1, null], [3, 4]]}]));
        check("[1 2; 3 4]", &json!([{"table": [[1, 2], [3, 4]]}]));
        check("['a', 'b']", &json!([{"list": ["a", "b"]}]));
        check("[[[1], [2]]]", &json!([{"table": [[[1], [2]]]}]));
        check(r#"in {"q": ["d"]} and {1, 2}"#, &json!([{"object": {"q": ["d"]}}, {"list": [1, 2]}]));
        check("a list (see above) of (2)", &json!([2]));
        check("[1, 2", &json!([1, 2]));
    }

    #[test]
    fn texts_and_files() {
        check("split 'it's 3 o'clock' now", &json!(["it's 3 o'clock"]));
        check("the person's \"own words\"", &json!(["own words"]));
        check("columns a and b of data/points.csv.", &json!([{"file": "data/points.csv"}]));
        check("cluster points.parquet into 3", &json!([{"file": "points.parquet"}, 3]));
    }
}
