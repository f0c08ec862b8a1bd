//! # One-hot encoding
//!
//! Turns a column of names into columns of numbers: one for each name, which is 1 where the row has that name and 0
//! elsewhere. Numbering the names instead would claim an order (red < green < blue) that is not there. The names come
//! from the training rows; a name that only a new row has is an error, or all zeros if asked for. With `drop_first` the
//! first column of each group is left out, since the others tell it, which linear models without penalty need.
//!
//! Cost: O(n log c) a column to find c names among n rows, and n times c numbers of output.
//! Reference: A. Agresti, *An Introduction to Categorical Data Analysis*, 3rd ed., 2019, §4.4 (indicator variables).

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Turns categories (names, words, codes) into columns of 0 and 1, one a category. Use it before models that only take
/// numbers, when the categories have no order.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table: one row a sample, one column a categorical feature; words or numbers, all rows of the same length.
    pub X: Vec<Vec<Category>>,
    /// New rows with the same columns, to be encoded with the categories of `X`.
    #[serde(default)]
    pub X_test: Option<Vec<Vec<Category>>>,
    /// Whether to leave out the first category of each column, which the others tell.
    #[serde(default)]
    pub drop_first: bool,
    /// What to do with a category that only `X_test` has: `error` refuses it (the default), `ignore` makes all its
    /// columns 0.
    #[serde(default)]
    pub handle_unknown: Unknown,
}

/// A category: a word or a number.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Category {
    /// A code.
    Number(f64),
    /// A name.
    Text(String),
}

impl Category {
    /// Numbers by size, then words by letters.
    fn order(&self, other: &Category) -> Ordering {
        match (self, other) {
            // The two zeros are one number.
            (Category::Number(a), Category::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Category::Text(a), Category::Text(b)) => a.cmp(b),
            (Category::Number(_), Category::Text(_)) => Ordering::Less,
            (Category::Text(_), Category::Number(_)) => Ordering::Greater,
        }
    }

    fn name(&self) -> String {
        match self {
            Category::Number(number) => number.to_string(),
            Category::Text(text) => text.chars().take(40).collect(),
        }
    }
}

/// What to do with a category that was not seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Refuse it.
    #[default]
    Error,
    /// Encode it as zeros.
    Ignore,
}

/// The encoded tables.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[allow(non_snake_case)]
pub struct Output {
    /// The rows as zeros and ones.
    pub X: Vec<Vec<f64>>,
    /// The new rows as zeros and ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub X_test: Option<Vec<Vec<f64>>>,
    /// The categories of each column of `X`, numbers by size and words by letters; with `drop_first` the first one has
    /// no column of its own.
    pub categories: Vec<Vec<Category>>,
    /// What each column of the result stands for: the column it came from, `=`, and the category.
    pub names: Vec<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "One-hot encode [[\"red\"], [\"green\"], [\"blue\"], [\"green\"]]",
    "make dummy variables for the colour column, drop the first",
    "turn these categories into 0/1 columns: [[\"cat\", \"small\"], [\"dog\", \"large\"]]",
    "encode city names as numbers without an order",
];

/// The most numbers in the result.
const LIMIT: usize = 10_000_000;

/// Encodes the tables.
///
/// # Errors
/// `invalid_arguments` if rows differ in length, there are none, or a new row has an unknown category; `too_large` above
/// ten million numbers of output.
pub fn run(args: &Args) -> Result<Output, Error> {
    let columns = args.X.first().map_or(0, Vec::len);
    if columns == 0 {
        return Err(Error::invalid("/X", "there are no categories").with_hint("give at least one row and one column"));
    }
    let test = args.X_test.as_deref().unwrap_or_default();
    for (name, rows) in [("X", args.X.as_slice()), ("X_test", test)] {
        if let Some(i) = rows.iter().position(|row| row.len() != columns) {
            let message = format!("row {i} has {} values, but row 0 of `X` has {columns}", rows[i].len());
            return Err(Error::invalid(format!("/{name}/{i}"), message));
        }
    }
    let categories: Vec<Vec<Category>> = (0..columns).map(|j| found(&args.X, j)).collect();
    let width: usize = categories.iter().map(Vec::len).sum();
    if width.saturating_mul(args.X.len() + test.len()) > LIMIT {
        let message =
            format!("{width} categories for each of {} rows, the limit is {LIMIT}", args.X.len() + test.len());
        return Err(Error::too_large("/X", message).with_hint("merge rare categories"));
    }
    let from = usize::from(args.drop_first);
    let names = categories.iter().enumerate().flat_map(|(j, of)| of.iter().skip(from).map(move |c| (j, c)));
    let names = names.map(|(j, category)| format!("{j}={}", category.name())).collect();
    let x = encode(&args.X, "/X", &categories, from, args.handle_unknown)?;
    let test = args.X_test.as_ref().map(|rows| encode(rows, "/X_test", &categories, from, args.handle_unknown));
    Ok(Output { X: x, X_test: test.transpose()?, categories, names })
}

/// The different categories of a column, in order.
fn found(rows: &[Vec<Category>], column: usize) -> Vec<Category> {
    let mut all: Vec<Category> = rows.iter().map(|row| row[column].clone()).collect();
    all.sort_by(Category::order);
    all.dedup();
    all
}

fn encode(
    rows: &[Vec<Category>],
    path: &str,
    categories: &[Vec<Category>],
    from: usize,
    unknown: Unknown,
) -> Result<Vec<Vec<f64>>, Error> {
    let width: usize = categories.iter().map(|of| of.len() - from).sum();
    let row = |(i, row): (usize, &Vec<Category>)| {
        let mut bits = vec![0.0; width];
        let mut start = 0;
        for (j, (category, of)) in row.iter().zip(categories).enumerate() {
            match of.binary_search_by(|other| other.order(category)) {
                Ok(place) if place >= from => bits[start + place - from] = 1.0,
                Ok(_) => {}
                Err(_) if unknown == Unknown::Ignore => {}
                Err(_) => {
                    let message = format!("`{}` is not among the categories of column {j}", category.name());
                    return Err(Error::invalid(format!("{path}/{i}/{j}"), message)
                        .with_hint("add a row with it to `X`, or set `handle_unknown` to `ignore`"));
                }
            }
            start += of.len() - from;
        }
        Ok(bits)
    };
    rows.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn words(rows: &[&[&str]]) -> Vec<Vec<Category>> {
        rows.iter().map(|row| row.iter().map(|word| Category::Text((*word).to_owned())).collect()).collect()
    }

    fn of(x: &[&[&str]], test: &[&[&str]], drop_first: bool, handle_unknown: Unknown) -> Result<Output, Error> {
        run(&Args { X: words(x), X_test: Some(words(test)), drop_first, handle_unknown })
    }

    #[test]
    fn by_hand() {
        let x: &[&[&str]] = &[&["red", "s"], &["blue", "s"], &["red", "m"]];
        let out = of(x, &[&["blue", "m"]], false, Unknown::Error).unwrap();
        assert_eq!(out.names, ["0=blue", "0=red", "1=m", "1=s"]);
        assert_eq!(out.X, [[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]);
        assert_eq!(out.X_test.unwrap(), [[1.0, 0.0, 1.0, 0.0]]);
        assert_eq!(of(x, &[], true, Unknown::Error).unwrap().X, [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]);
    }

    #[test]
    fn numbers_come_before_words() {
        let cell = |text: &str| serde_json::from_str::<Category>(text).unwrap();
        let x = [r#""a""#, "10", "9", "-0.0", "0"].map(|text| vec![cell(text)]).to_vec();
        let out = run(&Args { X: x, X_test: None, drop_first: false, handle_unknown: Unknown::Error }).unwrap();
        assert_eq!(out.names, ["0=-0", "0=9", "0=10", "0=a"]);
    }

    #[test]
    fn what_was_not_seen_before() {
        let error = of(&[&["a"]], &[&["a"], &["b"]], false, Unknown::Error).unwrap_err();
        assert_eq!(error.path, "/X_test/1/0");
        assert_eq!(of(&[&["a"]], &[&["b"]], false, Unknown::Ignore).unwrap().X_test.unwrap(), [[0.0]]);
        assert_eq!(of(&[], &[], false, Unknown::Error).unwrap_err().path, "/X");
        assert_eq!(of(&[&["a"], &["a", "b"]], &[], false, Unknown::Error).unwrap_err().path, "/X/1");
    }

    proptest! {
        #[test]
        fn one_of_each_group_is_hot(codes in prop::collection::vec(0_u8..5, 1..30)) {
            let x = codes.iter().map(|code| vec![Category::Number(f64::from(*code))]).collect();
            let out = run(&Args { X: x, X_test: None, drop_first: false, handle_unknown: Unknown::Error }).unwrap();
            prop_assert!(out.X.iter().all(|row| row.iter().sum::<f64>() == 1.0));
        }
    }
}
