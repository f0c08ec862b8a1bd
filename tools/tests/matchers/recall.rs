//! How many of the true neighbours an approximate search has found.

use serde_json::Value;

use super::{Disagreement, number_of, require};

/// The mean share of each row of `truth` that is among what was found for it.
pub(super) fn recall(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let rows = |value: &Value| -> Result<Vec<Vec<u64>>, Disagreement> {
        serde_json::from_value(value.clone()).map_err(|error| format!("{path}: {error}"))
    };
    let (got, truth) = (rows(got)?, rows(&want["truth"])?);
    require(got.len() == truth.len(), || format!("{path}: {} rows instead of {}", got.len(), truth.len()))?;
    let repeated = |ids: &Vec<u64>| ids.iter().enumerate().any(|(i, id)| ids[..i].contains(id));
    require(!got.iter().any(repeated), || format!("{path}: an id is repeated"))?;
    let share = |(got, truth): (&Vec<u64>, &Vec<u64>)| {
        truth.iter().filter(|id| got.iter().take(truth.len()).any(|other| other == *id)).count() as f64
            / truth.len() as f64
    };
    let recall = got.iter().zip(&truth).map(share).sum::<f64>() / truth.len() as f64;
    let least = number_of(&want["ge"], path)?;
    require(recall >= least, || format!("{path}: recall {recall} below {least}"))
}
