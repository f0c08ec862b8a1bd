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

/// "group a a b b", "groups: x x y y, privileged x": single words in a row after the argument's own name, some of them again.
pub(super) fn labels(wanting: &[&Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let fields: Vec<Field> = open(wanting, arguments).filter(|field| field.takes.texts).cloned().collect();
    for field in &fields {
        let called = |word: &str| {
            let ends = word.ends_with(['?', '.', '!', ',', ';']);
            let word = stems(word);
            !ends && field.phrases.iter().any(|(phrase, weight)| *weight >= 7.0 && *phrase == word)
        };
        let words: Vec<&str> = sentence.split_whitespace().take(MOST_WORDS).collect();
        let after = (0..words.len()).filter(|at| called(words[*at])).find_map(|at| run_of_labels(&words[at + 1..]));
        let anywhere = || repeated(&words).filter(|_| open(wanting, arguments).count() == 1);
        if let Some(labels) = after.or_else(anywhere) {
            arguments.insert(field.name.clone(), json!(labels));
        }
    }
}

/// Labels are looked for among so many words, and there are so many of them: all rows are tried.
const MOST_WORDS: usize = 500;
const MOST_LABELS: usize = 64;

/// The longest row of single words that come again: "the people are young young old old".
fn repeated<'s>(words: &[&'s str]) -> Option<Vec<&'s str>> {
    let again = |run: &[&str], word: &str| run.iter().filter(|other| **other == word).count() > 1;
    let rows = (0..words.len()).filter_map(|from| {
        let labels = run_of_labels(&words[from..])?;
        (0..=labels.len())
            .rev()
            .map(|to| &labels[..to])
            .find(|run| {
                let ends = |word: Option<&&str>| word.is_some_and(|word| again(run, word));
                run.len() >= 4 && ends(run.first()) && ends(run.last())
            })
            .map(<[&str]>::to_vec)
    });
    rows.max_by_key(Vec::len)
}

/// Single words up to a sign, at least three, each of them twice on average.
fn run_of_labels<'s>(words: &[&'s str]) -> Option<Vec<&'s str>> {
    const ENDS: [char; 6] = [',', '.', ';', '?', '!', ':'];
    let words = match words {
        ["is" | "are" | "=" | ":" | "was" | "were", rest @ ..] => rest,
        all => all,
    };
    let plain = |word: &&&str| word.trim_end_matches(ENDS).chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let words = &words[..words.len().min(MOST_LABELS)];
    let last = words.iter().position(|word| word.ends_with(ENDS)).map_or(words.len(), |at| at + 1);
    let labels: Vec<&str> = words[..last].iter().take_while(plain).map(|word| word.trim_end_matches(ENDS)).collect();
    let mut distinct = labels.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let letters = labels.iter().any(|label| label.chars().any(char::is_alphabetic));
    (labels.len() >= 3 && letters && distinct.len() * 2 <= labels.len()).then_some(labels)
}

/// "Dummy variables: red, green, blue", "sex: m m f f": words in a row after a sign, where a list of texts is still wanted.
pub(super) fn word_lists(wanting: &[&Field], sentence: &str, arguments: &mut Map<String, Value>) {
    let takes = |field: &&Field| field.takes.texts || field.takes.text_rows;
    let fields: Vec<Field> = open(wanting, arguments).filter(takes).cloned().collect();
    if fields.is_empty() {
        return;
    }
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
    // The last one is meant, or the last few where several are wanted: "before: red, blue. Now: blue, blue".
    let mut found: Vec<Vec<String>> =
        sentence.rmatch_indices([':', '=']).filter_map(after).take(fields.len()).collect();
    found.reverse();
    for (field, words) in fields.into_iter().zip(found) {
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
        let another = |word: &str| wanting.iter().any(|other| other.name != field.name && other.name == word);
        let calling = |word: &str| {
            let word = stems(word);
            field.phrases.iter().any(|(phrase, weight)| *weight >= 7.0 && phrase.len() == 1 && phrase == &word)
        };
        // "Call the points p, q and r": what they are called stands behind.
        let listed = |at: usize| words[at].ends_with(',') || words.get(at + 1) == Some(&"and");
        let lists = |at: usize| {
            let first = (at + 1..words.len().min(at + 4)).find(|at| listed(*at))?;
            let ends = |word: &&str| word.ends_with([',', '.', ';', ':', '?']);
            words[at + 1..first].iter().all(|word| !ends(word)).then_some(first)
        };
        let Some(at) = (0..words.len()).filter(|at| calling(words[*at])).find_map(lists) else { continue };
        let mut found: Vec<Value> = Vec::new();
        for word in &words[at..] {
            let bare = word.trim_matches([',', ';', '.', '?', '!', ':', '\'', '"']);
            let link = matches!(bare, "and" | "&" | "are" | "as" | "");
            let starts_list = !bare.starts_with(['[', '(', '{']) && !bare.contains('=');
            if another(bare) {
                break;
            }
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
