//! Fills a tool's arguments from a sentence, by the tool's schema.
//!
//! Data first, since nothing inside a text or a list is a setting: texts, lists, tables, files ([`data`]). Then the numbers
//! that are left are given to the arguments whose words stand nearest, all at once, so that "10 mean 2 std" and "mean 10
//! std 2" both come out right ([`numbers`]). Options and yes-or-no arguments are named by their words ([`choice`]). What
//! is required and still missing is said, never made up.

mod choice;
mod columns;
mod data;
pub mod field;
pub mod literal;
mod numbers;

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
}

/// Fills `fields` from the sentence.
pub fn fill(fields: &[Field], sentence: &str) -> Filled {
    let mut filled = Filled::default();
    let rest = data::texts(fields, sentence, &mut filled.arguments);
    let mut left = literal::literals(&rest);
    data::lists(fields, &rest, &mut left, &mut filled.arguments);
    filled.has_data = !filled.arguments.is_empty();
    choice::options(fields, &rest, &mut filled.arguments);
    choice::truths(fields, &rest, &mut filled.arguments);
    numbers::assign(fields, &rest, &left, &mut filled.arguments);
    filled.missing = fields
        .iter()
        .filter(|field| field.required && !filled.arguments.contains_key(&field.name))
        .map(|field| field.name.clone())
        .collect();
    filled
}

/// The words around the bytes `start..end`, as far as the neighbouring literals: before, nearest last; after, nearest first.
fn around(sentence: &str, from: usize, start: usize, end: usize, to: usize) -> (String, String) {
    let slice = |a: usize, b: usize| sentence.get(a.min(b)..b).unwrap_or_default().to_lowercase();
    (slice(from, start), slice(end, to.max(end)))
}

#[cfg(test)]
mod tests;
