//! A file named in a sentence, with its columns: "columns age and income of people.csv", "predict price from rooms and area
//! in houses.csv". The edge puts the data in the file's place ([`crate::edge::files`]).

use serde_json::{Map, Value, json};

use super::field::Field;
use crate::offline::vocabulary::NOT_COLUMNS;
use crate::offline::words::{Term, terms};

/// The arguments that a file fills: one for each that takes data, or a column each for several lists.
pub fn references(open: &[&Field], sentence: &str, file: &str) -> Map<String, Value> {
    let mut given = Map::new();
    let takes_rows = |field: &&&Field| field.takes.matrix && field.takes.vector.is_none();
    let takes_list = |field: &&&Field| field.takes.vector.is_some() || field.takes.texts;
    let table = open.iter().find(takes_rows);
    let list: Vec<&&Field> = open.iter().filter(takes_list).collect();
    let (columns, target) = columns(sentence, file);
    let reference = |columns: &[String]| {
        if columns.is_empty() { json!({ "file": file }) } else { json!({"file": file, "columns": columns}) }
    };
    match (table, list.as_slice()) {
        (Some(table), [target_field, ..]) => {
            if let Some((target, inputs)) =
                target.map(|target| (target, columns)).filter(|(_, inputs)| !inputs.is_empty())
            {
                given.insert(table.name.clone(), reference(&inputs));
                given.insert(target_field.name.clone(), reference(&[target]));
            }
        }
        (Some(table), []) => {
            given.insert(table.name.clone(), reference(&columns));
        }
        (None, [single]) => {
            let columns = if columns.len() > 1 { &columns[columns.len() - 1..] } else { &columns[..] };
            given.insert(single.name.clone(), reference(columns));
        }
        (None, several) if !several.is_empty() && columns.len() == several.len() => {
            for (field, column) in several.iter().zip(columns) {
                given.insert(field.name.clone(), reference(&[column]));
            }
        }
        (None, _) => {
            if let Some(text) = open.iter().find(|field| field.takes.text) {
                given.insert(text.name.clone(), json!({ "file": file }));
            }
        }
    }
    given
}

/// The names of columns in a sentence with a file: words of the data, not of the wish.
pub fn names(sentence: &str, file: &str) -> Vec<String> {
    let (mut columns, target) = columns(sentence, file);
    columns.extend(target);
    columns
}

/// The columns that the sentence names beside the file, and the one that it wants predicted from the others.
fn columns(sentence: &str, file: &str) -> (Vec<String>, Option<String>) {
    let words: Vec<Piece> = pieces(sentence, file);
    let Some(place) = words.iter().position(|word| word.is_file) else { return (Vec::new(), None) };
    let is = |at: usize, wanted: &[&str]| words.get(at).is_some_and(|word| wanted.contains(&word.lower.as_str()));
    let mut best: Option<(usize, Vec<String>)> = None;
    // "columns a and b", "column price", "by x and y"
    for at in 0..words.len() {
        if is(at, &["columns", "column", "cols", "col", "fields", "features", "variables"]) {
            let (from, after) = series(&words, at + 1);
            if !after.is_empty() {
                best = Some((from, after));
                break;
            }
            let (start, before) = backwards(&words, at);
            if !before.is_empty() {
                best = Some((start, before));
                break;
            }
        }
    }
    if best.is_none() {
        // "… of a and b in file"
        let mut end = place;
        while end > 0 && is(end - 1, &["the", "file", "my", "table", "dataset", "data", "called", "named"]) {
            end -= 1;
        }
        if end > 0 && is(end - 1, &["in", "of", "from", "within", "inside", "using", "with", "on"]) {
            let (start, before) = backwards(&words, end - 1);
            if !before.is_empty() {
                best = Some((start, before));
            }
        }
    }
    if best.is_none() {
        // "cluster people.csv by age and income"
        let by = (0..words.len())
            .find(|&at| is(at, &["by", "on", "using", "over"]) && !words.get(at + 1).is_none_or(|next| next.is_file));
        if let Some(by) = by {
            let (from, after) = series(&words, by + 1);
            if !after.is_empty() {
                best = Some((from, after));
            }
        }
    }
    let Some((start, columns)) = best else { return (Vec::new(), None) };
    let link = start
        .checked_sub(1)
        .filter(|&at| is(at, &["from", "on", "against", "vs", "versus", "by", "with", "using", "~"]));
    let target = link
        .and_then(|link| link.checked_sub(1))
        .map(|at| &words[at])
        .filter(|word| !word.is_file && !NOT_COLUMNS.contains(&word.lower.as_str()))
        .map(|word| word.text.clone());
    if target.is_none()
        && let Some(target) = wanted(&words, &columns)
    {
        return (columns, Some(target));
    }
    (columns, target)
}

/// "predict price": the column after the verb.
fn wanted(words: &[Piece], columns: &[String]) -> Option<String> {
    let verbs = ["predict", "predicting", "explain", "forecast", "regress", "model", "estimate"];
    let at = words.iter().position(|word| verbs.contains(&word.lower.as_str()))?;
    let word = words[at + 1..].iter().find(|word| !matches!(word.lower.as_str(), "the" | "a" | "column"))?;
    (!word.is_file && !columns.contains(&word.text) && !NOT_COLUMNS.contains(&word.lower.as_str()))
        .then(|| word.text.clone())
}

struct Piece {
    text: String,
    lower: String,
    is_file: bool,
    comma: bool,
}

fn pieces(sentence: &str, file: &str) -> Vec<Piece> {
    sentence
        .replace(',', ", ")
        .split_whitespace()
        .map(|word| {
            let bare = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_' || c == '~' || c == '/'));
            let bare = bare.strip_suffix("'s").or_else(|| bare.strip_suffix("’s")).unwrap_or(bare);
            Piece {
                text: bare.to_owned(),
                lower: bare.to_lowercase(),
                is_file: bare == file || word.contains(file),
                comma: word.ends_with([',', ';', ':', '.', '?']),
            }
        })
        .filter(|piece| !piece.text.is_empty())
        .collect()
}

fn column(piece: &Piece) -> bool {
    let numeral = piece.text.starts_with(|c: char| c.is_ascii_digit());
    let of_the_field = piece.lower.len() > 3 && matches!(terms(&piece.lower).first(), Some(Term::Concept(_)));
    !(piece.is_file
        || numeral
        || piece.text.contains('=')
        || of_the_field
        || NOT_COLUMNS.contains(&piece.lower.as_str()))
}

/// `a, b and c` from `at` on: where it began, and the names.
fn series(words: &[Piece], at: usize) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    let mut at = at;
    while words.get(at).is_some_and(|word| matches!(word.lower.as_str(), "the" | "columns" | "column")) {
        at += 1;
    }
    let start = at;
    let mut linked = true;
    while let Some(word) = words.get(at) {
        match word.lower.as_str() {
            "and" | "&" | "plus" => linked = true,
            _ if linked && column(word) => {
                found.push(word.text.clone());
                linked = word.comma;
            }
            _ => break,
        }
        at += 1;
    }
    (start, found)
}

/// `a, b and c` that ends before `end`.
fn backwards(words: &[Piece], end: usize) -> (usize, Vec<String>) {
    let mut found = Vec::new();
    let mut at = end;
    let mut linked = true;
    while at > 0 {
        let word = &words[at - 1];
        if matches!(word.lower.as_str(), "and" | "&" | "plus") {
            linked = true;
        } else if column(word) && (linked || word.comma) {
            found.push(word.text.clone());
            linked = false;
        } else {
            break;
        }
        at -= 1;
    }
    found.reverse();
    (at, found)
}
