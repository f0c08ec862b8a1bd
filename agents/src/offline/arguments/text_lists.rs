//! Lists of texts: quotations in a row, words after a sign, names.

use serde_json::{Map, Value, json};

use super::data::{Item, open};
use super::field::{Field, stems};
use super::literal::{Kind, Literal};

/// Gives quotations in a row, and rows of them, to the argument that takes a list of texts.
pub(super) fn listed_texts(
    wanting: &[&Field],
    sentence: &str,
    items: &mut Vec<Item>,
    used: &mut Vec<usize>,
    left: &[Literal],
    arguments: &mut Map<String, Value>,
) {
    let Some(field) = open(wanting, arguments).find(|field| field.takes.texts || field.takes.text_rows) else { return };
    let rows = !field.takes.texts;
    let text = |item: &Item| match &item.kind {
        Kind::Text(text) if !rows => Some(Value::from(text.as_str())),
        Kind::List(list) if rows && list.iter().all(Value::is_string) => Some(Value::Array(list.clone())),
        _ => None,
    };
    let texts: Vec<Value> = items.iter().filter_map(text).collect();
    if texts.len() < 2 {
        return;
    }
    arguments.insert(field.name.clone(), Value::Array(texts));
    for item in items.iter().filter(|item| text(item).is_some()) {
        used.extend(&item.literals);
        // `1. "the first"`: the number counts, and is no setting.
        let number = item.literals[0].checked_sub(1).filter(|at| {
            let between = &sentence[left[*at].end..left[*at + 1].start];
            matches!(left[*at].kind, Kind::Number { .. }) && matches!(between.trim(), "." | ")" | ":")
        });
        used.extend(number);
    }
    items.retain(|item| text(item).is_none());
}

/// "Dummy variables: red, green, blue", "sex: m m f f": words in a row after a sign, where a list of texts is still wanted.
pub(super) fn word_lists(wanting: &[&Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let Some(field) = open(wanting, arguments).find(|field| field.takes.texts || field.takes.text_rows) else { return };
    let word = |text: &&str| {
        text.chars().next().is_some_and(char::is_alphabetic)
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '\''))
            && text.split(' ').count() <= 3
    };
    let list = |tail: &str| -> Option<Vec<String>> {
        let end = tail.find(['.', ';', '\n', '?', ':', '=']).unwrap_or(tail.len());
        let tail = tail[..end].trim();
        let commas = tail.contains(',');
        let split =
            |text: &str| text.split(',').map(|part| part.trim().trim_start_matches("and ").to_owned()).collect();
        let parts: Vec<String> =
            if commas { split(tail) } else { tail.split_whitespace().map(str::to_owned).collect() };
        let enough = if commas { 2 } else { 3 };
        let mut distinct = parts.clone();
        distinct.sort();
        distinct.dedup();
        // Without commas only labels that come again are told from a sentence.
        let labels = commas || distinct.len() * 2 <= parts.len();
        (parts.len() >= enough && labels && parts.iter().all(|part| word(&part.as_str()))).then_some(parts)
    };
    let after = |(at, sign): (usize, &str)| list(&sentence[at + sign.len()..]);
    if let Some(words) = sentence.rmatch_indices([':', '=']).find_map(after) {
        let row = |text: String| if field.takes.texts { json!(text) } else { json!([text]) };
        arguments.insert(field.name.clone(), words.into_iter().map(row).collect());
    }
}

/// "names Ada, Ben and Cleo" for an optional list of texts.
pub(super) fn name_lists(wanting: &[&Field], sentence: &str, arguments: &mut Map<String, Value>) {
    for field in wanting.iter().filter(|field| field.takes.texts && !field.required) {
        if arguments.contains_key(&field.name) {
            continue;
        }
        let words: Vec<&str> = sentence.split_whitespace().collect();
        let calling = |word: &str| {
            let word = stems(word);
            field.phrases.iter().any(|(phrase, weight)| *weight >= 7.0 && phrase.len() == 1 && phrase == &word)
        };
        let Some(at) = words.iter().position(|word| calling(word)) else { continue };
        let mut found: Vec<Value> = Vec::new();
        for word in &words[at + 1..] {
            let bare = word.trim_matches([',', ';', '.', '?', '!', ':', '\'', '"']);
            let link = matches!(bare, "and" | "&" | "are" | "as" | "");
            let starts_list = !bare.starts_with(['[', '(', '{']) && !bare.contains('=');
            if !link && starts_list {
                found.push(json!(bare));
            }
            let last = found.len() > 1 && !word.ends_with(',') && !link;
            if last || !starts_list {
                let next_and = words
                    .iter()
                    .skip_while(|next| *next != word)
                    .nth(1)
                    .is_some_and(|next| matches!(*next, "and" | "&"));
                if !next_and {
                    break;
                }
            }
        }
        if found.len() >= 2 {
            arguments.insert(field.name.clone(), Value::Array(found));
        }
    }
}
