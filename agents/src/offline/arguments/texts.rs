//! Texts: which argument each one is, in quotes, behind a colon or by its name.

use serde_json::{Map, Value};

use super::field::{Field, stems};
use super::literal::{Kind, Literal, literals};

/// Takes the texts out of the sentence, and gives what is left of it.
pub fn texts(fields: &[Field], sentence: &str, arguments: &mut Map<String, Value>) -> String {
    let wanting: Vec<&Field> =
        fields.iter().filter(|field| field.takes.text && field.takes.options.is_empty()).collect();
    if wanting.is_empty() {
        return sentence.to_owned();
    }
    let mut cut: Vec<(usize, usize)> = Vec::new();
    let mut quoted: Vec<(usize, usize, String)> = literals(sentence)
        .into_iter()
        .filter_map(|literal| match literal.kind {
            Kind::Text(text) => Some((literal.start, literal.end, text)),
            _ => None,
        })
        .collect();
    let listed = fields.iter().any(|field| field.takes.texts && field.required);
    let in_brackets = literals(sentence).iter().any(|literal| match &literal.kind {
        Kind::List(items) => items.iter().all(Value::is_string),
        _ => false,
    });
    for field in &wanting {
        let last = quoted.len().saturating_sub(1);
        // One of many texts in the middle of a list is that list's.
        let apart = |at: &usize| !listed || *at == 0 || *at == last;
        let place = quoted.iter().position(|(start, ..)| called(field, &sentence[..*start])).filter(apart);
        if let Some(at) = place {
            let (start, end, text) = quoted.remove(at);
            arguments.insert(field.name.clone(), Value::String(text));
            cut.push((start, end));
        }
    }
    let open = |arguments: &Map<String, Value>| -> Vec<&Field> {
        wanting.iter().copied().filter(|field| field.required && !arguments.contains_key(&field.name)).collect()
    };
    // A single text is the longest quotation, several come in order.
    if open(arguments).len() == 1 && !listed {
        quoted.sort_by_key(|(_, _, text)| std::cmp::Reverse(text.len()));
    }
    for field in wanting.iter().filter(|field| field.required) {
        if !arguments.contains_key(&field.name)
            && let Some((start, end)) = bare(field, sentence)
        {
            cut.push((start, end));
            arguments.insert(field.name.clone(), Value::from(&sentence[start..end]));
        }
    }
    // Beside a list of texts that is wanted too, the first of several is the single one.
    if listed {
        quoted.truncate(if quoted.len() < 2 && !in_brackets { 0 } else { 1 });
    }
    for (field, (start, end, text)) in open(arguments).into_iter().zip(quoted) {
        arguments.insert(field.name.clone(), Value::String(text));
        cut.push((start, end));
    }
    if wanting.iter().filter(|field| field.required).count() > 1 {
        for field in open(arguments) {
            if let Some((start, end)) = title(field, sentence) {
                arguments.insert(field.name.clone(), Value::from(sentence[start..end].trim()));
                cut.push((start, end));
            }
        }
    }
    // "Word counts: {…}" is no text where an argument takes the object.
    let object = fields.iter().any(|field| field.takes.map);
    let is_object = |text: &str| matches!(literals(text).as_slice(), [Literal { kind: Kind::Object(_), .. }]);
    if let Some(field) = open(arguments).first()
        && let Some(start) = after_colon(sentence, &cut).filter(|start| !(object && is_object(&sentence[*start..])))
    {
        let text = sentence[start..].trim();
        arguments.insert(field.name.clone(), Value::from(text));
        cut.push((start, sentence.len()));
    }
    if let [one, other] = open(arguments)[..]
        && let Some((first, second)) = pair(sentence)
    {
        arguments.insert(one.name.clone(), Value::String(first));
        arguments.insert(other.name.clone(), Value::String(second));
    }
    let mut rest = String::with_capacity(sentence.len());
    let mut from = 0;
    cut.sort_unstable();
    for (start, end) in cut.into_iter().map(|(start, end)| with_quotes(sentence, start, end)) {
        if start >= from {
            rest.push_str(&sentence[from..start]);
            rest.push_str(" … ");
            from = end;
        }
    }
    rest.push_str(&sentence[from..]);
    rest
}

/// A stretch of the sentence with the quotes around it.
fn with_quotes(sentence: &str, start: usize, end: usize) -> (usize, usize) {
    let before = sentence[..start].chars().next_back().filter(|c| QUOTES.contains(c));
    let after = sentence[end..].chars().next().filter(|c| QUOTES.contains(c));
    match (before, after) {
        (Some(before), Some(after)) => (start - before.len_utf8(), end + after.len_utf8()),
        _ => (start, end),
    }
}

const QUOTES: &[char] = &['"', '\'', '“', '”', '‘', '’', '`'];

/// So many characters are near.
const NEAR: usize = 100;

/// Whether the words right before a place call the argument.
fn called(field: &Field, before: &str) -> bool {
    // What stands further away is not looked at: the text may be long.
    let from = before.char_indices().rev().nth(NEAR).map_or(0, |(at, _)| at);
    let words = stems(&before[from..]);
    field.said_in(&words[words.len().saturating_sub(4)..], 5.0)
}

/// "privileged m", "parameter = alpha": the one word after the argument's own name.
fn bare(field: &Field, sentence: &str) -> Option<(usize, usize)> {
    let lower = sentence.to_ascii_lowercase();
    let name = field.name.replace('_', " ");
    let at = lower.match_indices(&name).find(|(at, _)| {
        !lower[..*at].ends_with(|c: char| c.is_alphanumeric()) && lower[at + name.len()..].starts_with([' ', '=', ':'])
    })?;
    let mut start = at.0 + name.len() + lower[at.0 + name.len()..].find(|c: char| !matches!(c, ' ' | '=' | ':'))?;
    // "The privileged group is A".
    while let Some(filler) = FILLERS.iter().find(|filler| lower[start..].starts_with(**filler)) {
        start += filler.len();
    }
    let end =
        start + sentence[start..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(sentence.len() - start);
    let word = &lower[start..end];
    let letter = word.chars().count() == 1;
    let stop = !letter && crate::offline::words::is_stop(&crate::offline::words::stem(word));
    if KINDS.contains(&word) || stop {
        return before(&lower[..at.0]);
    }
    // "Text: all that follows."
    if name == "text" && lower[at.0 + name.len()..start].contains(':') && sentence[end..].contains(' ') {
        return Some((start, sentence.len()));
    }
    let said = lower[at.0 + name.len()..start].contains(['=', ':']) || name != "text" && name != "query";
    (said && end > start).then_some((start, end))
}

/// What is said of an argument and is no value of it.
const KINDS: &[&str] = &["group", "class", "one"];

/// "Taking m as the privileged group", "m being the privileged group": the word before.
fn before(text: &str) -> Option<(usize, usize)> {
    let text = text.trim_end().strip_suffix("the").unwrap_or(text).trim_end();
    let text =
        [" as", " is", " being"].iter().find_map(|link| text.strip_suffix(link))?.trim_end().trim_end_matches(QUOTES);
    let sign = text.char_indices().rev().find(|(_, c)| !(c.is_alphanumeric() || *c == '_'));
    let start = sign.map_or(0, |(at, c)| at + c.len_utf8());
    (start < text.len()).then_some((start, text.len()))
}

/// Words between an argument's name and its value.
const FILLERS: &[&str] =
    &["group is ", "class is ", "group = ", "class = ", "group: ", "group ", "class ", "is ", "are "];

/// "titled Shopping list: …": the words after what calls the argument, up to a sign or a word that ends them.
fn title(field: &Field, sentence: &str) -> Option<(usize, usize)> {
    let lower = sentence.to_ascii_lowercase();
    let words: Vec<&(Vec<String>, f64)> =
        field.phrases.iter().filter(|(phrase, weight)| *weight >= 5.0 && phrase.len() == 1).collect();
    let mut at = 0;
    for piece in lower.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let end = at + piece.len();
        let word = stems(piece);
        if let [word] = word.as_slice()
            && words.iter().any(|(phrase, _)| phrase[0] == *word)
        {
            let tail = &lower[end..];
            let stop = [":", ",", ";", ".", "\n", " with ", " saying ", " that ", " - ", " — ", " containing "]
                .iter()
                .filter_map(|stop| tail.find(stop))
                .min()
                .unwrap_or(tail.len());
            if tail[..stop].trim().len() > 1 {
                return Some((end, end + stop));
            }
        }
        at = end;
    }
    None
}

/// Where the text after the first colon, arrow or line end begins, if words stand before it and it is no part of a list.
fn after_colon(sentence: &str, cut: &[(usize, usize)]) -> Option<usize> {
    let inside: Vec<(usize, usize)> = literals(sentence)
        .iter()
        .filter(|literal| !matches!(literal.kind, Kind::Number { .. }))
        .map(|literal| (literal.start, literal.end))
        .chain(cut.iter().copied())
        .collect();
    let signs = [":", "\n", "->", "=>", "→"].iter().flat_map(|sign| sentence.match_indices(sign));
    let mut after: Vec<usize> = signs.map(|(at, sign)| at + sign.len()).collect();
    after.sort_unstable();
    // "Could you cut this into bits? Peel the potatoes."
    after.extend(sentence.find("? ").map(|at| at + 1));
    after.into_iter().find(|&at| {
        !inside.iter().any(|(start, end)| (*start..*end).contains(&(at - 1)))
            && sentence[..at].chars().any(char::is_alphanumeric)
            && sentence[at..].chars().any(char::is_alphanumeric)
    })
}

/// "between kitten and sitting", "kitten vs sitting".
fn pair(sentence: &str) -> Option<(String, String)> {
    let words: Vec<&str> =
        sentence.split_whitespace().map(|word| word.trim_matches([',', '.', '?', '!', ';'])).collect();
    let at = words.iter().position(|word| matches!(word.to_lowercase().as_str(), "and" | "vs" | "versus" | "to"))?;
    let (one, other) = (words.get(at.checked_sub(1)?)?, words.get(at + 1)?);
    let word = |text: &str| text.chars().any(char::is_alphabetic);
    (word(one) && word(other)).then(|| ((*one).to_owned(), (*other).to_owned()))
}
