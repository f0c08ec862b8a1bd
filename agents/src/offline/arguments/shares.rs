//! Shares of a whole, each with the part that it is of.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::data::number;
use super::field::{Field, stems};
use super::literal::{Kind, Literal, json_number};
use super::numbers::tidy;

/// What data are split into.
const PARTS: [&[&str]; 3] = [&["training", "train"], &["validation", "validating", "validate"], &["testing", "test"]];

/// Words for the part that is not said.
const REST: &[&str] = &["rest", "remaind", "remainder", "other", "remain"];

/// "75/25", "80 / 10 / 10": numbers that add up to 100, and where they stand.
fn slashed(sentence: &str) -> Option<(Range<usize>, Vec<u8>)> {
    static SLASHED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b[0-9]{1,2}(?:\s*/\s*[0-9]{1,2})+\b").ok());
    SLASHED.as_ref()?.find_iter(sentence).find_map(|found| {
        let parts = found.as_str().split('/').map(|part| part.trim().parse::<u8>());
        let parts = parts.collect::<Result<Vec<_>, _>>().ok()?;
        (parts.iter().map(|part| u32::from(*part)).sum::<u32>() == 100).then_some((found.range(), parts))
    })
}

/// "70% training, 20% validation and 10% test" where shares may be given.
pub(super) fn optional_shares(
    wanting: &[&Field],
    sentence: &str,
    left: &[Literal],
    used: &mut Vec<usize>,
    arguments: &mut Map<String, Value>,
) {
    let takes = |field: &&&Field| !field.required && field.takes.vector.is_some_and(|numbers| numbers.shares());
    let Some(field) = wanting.iter().find(takes).filter(|field| !arguments.contains_key(&field.name)) else { return };
    // A single share, or shares with a stroke between, say how data are split and nothing else.
    let splits = stems(&field.description).iter().any(|word| PARTS[0].contains(&word.as_str()));
    if let (true, Some((place, parts))) = (splits, slashed(sentence)) {
        let parts: Vec<Value> = parts.iter().map(|part| json_number(f64::from(*part) / 100.0, None)).collect();
        used.extend((0..left.len()).filter(|at| place.contains(&left[*at].start)));
        arguments.insert(field.name.clone(), Value::Array(parts));
        return;
    }
    let shares: Vec<usize> =
        (0..left.len()).filter(|at| matches!(left[*at].kind, Kind::Number { share: true, .. })).collect();
    // "75% for training and the rest for testing".
    if let [only] = shares[..] {
        let rest = stems(&sentence[left[only].end..]).iter().any(|word| REST.contains(&word.as_str()));
        if let (true, Kind::Number { value, .. }) = (rest && splits, &left[only].kind)
            && (0.0..1.0).contains(value)
        {
            let parts = [*value, 1.0 - value].map(|share| json_number(tidy(share), None));
            arguments.insert(field.name.clone(), Value::from(parts.to_vec()));
            used.push(only);
        }
        return;
    }
    if shares.is_empty() {
        return;
    }
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
    arguments.insert(field.name.clone(), ordered.iter().map(|at| number(&left[*at])).collect());
    used.extend(ordered);
}
