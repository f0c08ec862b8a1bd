//! Fills a tool's arguments from a sentence, by the tool's schema.
//!
//! Data first, since nothing inside a text or a list is a setting: texts, lists, tables, files (`data`). Then the numbers
//! that are left are given to the arguments whose words stand nearest, all at once, so that "10 mean 2 std" and "mean 10
//! std 2" both come out right (`numbers`). Options and yes-or-no arguments are named by their words (`choice`). What
//! is required and still missing is said, never made up.

mod choice;
pub mod columns;
mod data;
pub mod field;
pub mod literal;
mod numbers;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use self::field::Field;

/// What a sentence says of a tool's arguments.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// The arguments that it gives.
    pub arguments: Map<String, Value>,
    /// The required ones that it does not.
    pub missing: Vec<String>,
    /// Whether it holds data: a list, a table, a file, a quoted text.
    pub has_data: bool,
    /// How many numbers the words around them gave to an argument.
    pub spoken_for: usize,
    /// How many pieces of data found no place.
    pub unused: usize,
    /// Whether a flat list had to serve as a table.
    pub bent: bool,
}

/// Fills `fields` from the sentence.
pub fn fill(fields: &[Field], sentence: &str) -> Filled {
    let sentence = &in_words(fields, sentence);
    let mut filled = Filled::default();
    let rest = data::texts(fields, sentence, &mut filled.arguments);
    let mut left = literal::literals(&rest);
    data::lists(fields, &rest, &mut left, &mut filled.arguments);
    filled.has_data = !filled.arguments.is_empty();
    choice::options(fields, &rest, &mut filled.arguments);
    choice::truths(fields, &rest, &mut filled.arguments);
    let (spoken_for, unused) = numbers::assign(fields, &rest, &left, &mut filled.arguments);
    filled.spoken_for = spoken_for;
    filled.unused =
        unused + left.iter().filter(|literal| !matches!(literal.kind, literal::Kind::Number { .. })).count();
    choice::meanings(fields, &rest, &mut filled.arguments);
    filled.bent =
        fields.iter().any(|field| field.takes.matrix && filled.arguments.get(&field.name).is_some_and(narrow));
    filled.missing = fields
        .iter()
        .filter(|field| field.required && !filled.arguments.contains_key(&field.name))
        .map(|field| field.name.clone())
        .collect();
    filled
}

/// What mathematicians write shorter than it is said, in words: `N(5, 1.5)` and "variance 16" where a mean and a standard deviation
/// are wanted, and "1,500" where no list is.
///
/// The second number of `N` is the standard deviation, as in the libraries that draw such numbers; written as a square,
/// `N(5, 1.5²)`, too.
fn in_words<'s>(fields: &[Field], sentence: &'s str) -> Cow<'s, str> {
    static NORMAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let number = r"(?:[a-zμσ]+\s*=\s*)?(-?[0-9.]+)";
        let name = r"\b(?:N|𝒩|[Nn]ormal|[Gg]aussian)";
        Regex::new(&format!(r"{name}\s?\(\s*{number}\s*[,;]\s*{number}\s*(?:²|\^2)?\s*\)")).ok()
    });
    static VARIANCE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bvariance(?:\s+of|\s+is|\s*=|\s*:)?\s+([0-9]+(?:\.[0-9]+)?)").ok());
    static THOUSANDS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(^|[\s(])([0-9]{1,3}),([0-9]{3})($|[\s.;?!)])").ok());
    let mut text = Cow::Borrowed(sentence);
    let wants = |name: &str| fields.iter().any(|field| field.name == name);
    if let (true, true, Some(normal), Some(variance)) = (wants("mean"), wants("std"), &*NORMAL, &*VARIANCE) {
        text = Cow::Owned(normal.replace_all(&text, "mean $1, standard deviation $2").into_owned());
        let deviation = |found: &Captures<'_>| match found[1].parse::<f64>() {
            Ok(variance) => format!("standard deviation {}", variance.sqrt()),
            Err(_) => found[0].to_owned(),
        };
        text = Cow::Owned(variance.replace_all(&text, deviation).into_owned());
    }
    if let (true, Some(thousands)) = (fields.iter().all(|field| !field.is_data()), &*THOUSANDS) {
        text = Cow::Owned(thousands.replace_all(&text, "$1$2$3$4").into_owned());
    }
    text
}

/// A table of a single column.
fn narrow(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 1)))
}

/// The words around the bytes `start..end`, as far as the neighbouring literals: before, nearest last; after, nearest first.
fn around(sentence: &str, from: usize, start: usize, end: usize, to: usize) -> (String, String) {
    let slice = |a: usize, b: usize| sentence.get(a.min(b)..b).unwrap_or_default().to_lowercase();
    (slice(from, start), slice(end, to.max(end)))
}

#[cfg(test)]
mod tests;
