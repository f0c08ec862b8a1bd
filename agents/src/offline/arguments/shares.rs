//! Shares of a whole, each with the part that it is of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field::{Field, stems};
use super::literal::{Kind, Literal, json_number};

/// What data are split into.
const PARTS: [&[&str]; 3] = [&["training", "train"], &["validation", "validating", "validate"], &["testing", "test"]];

/// "70% training, 20% validation and 10% test" where shares may be given.
pub(super) fn optional_shares(
    wanting: &[&Field],
    sentence: &str,
    left: &[Literal],
    used: &mut Vec<usize>,
    arguments: &mut Map<String, Value>,
) {
    let shares: Vec<usize> =
        (0..left.len()).filter(|at| matches!(left[*at].kind, Kind::Number { share: true, .. })).collect();
    let takes = |field: &&&Field| !field.required && field.takes.vector.is_some_and(|numbers| numbers.shares());
    let (Some(field), 2..) = (wanting.iter().find(takes), shares.len()) else { return };
    if arguments.contains_key(&field.name) {
        return;
    }
    let value = |at: &usize| match left[*at].kind {
        Kind::Number { value, whole, .. } => json_number(value, whole),
        _ => Value::Null,
    };
    // "20% for testing, 80% for training": in the order of the work, whatever was said first.
    let part = |at: usize| {
        let end = left.get(at + 1).map_or(sentence.len(), |next| next.start);
        let words = stems(&sentence[left[at].end..end]);
        let mut said =
            (0..PARTS.len()).filter(|part| PARTS[*part].iter().any(|name| words.contains(&stems(name).concat())));
        said.next().filter(|_| said.next().is_none())
    };
    let by_part: Option<BTreeMap<usize, usize>> = shares.iter().map(|at| Some((part(*at)?, *at))).collect();
    let ordered = match by_part {
        Some(by_part) if by_part.len() == shares.len() => by_part.into_values().collect(),
        _ => shares,
    };
    arguments.insert(field.name.clone(), ordered.iter().map(value).collect());
    used.extend(ordered);
}
