//! Matchers for texts: how many tokens, whether neighbours of meaning are neighbours, whether a ranking is the best.

use serde_json::Value;

use super::{Disagreement, number_of, require, rows};

/// At most so many tokens.
pub fn token_count(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let count = got.as_array().ok_or_else(|| format!("{path} is not a list"))?.len();
    let most = number_of(&want["le"], path)?;
    require(count as f64 <= most, || format!("{path}: {count} tokens instead of at most {most}"))
}

/// The share of `[i, j, k]` where row `i` points more in the direction of row `j` than of row `k`.
pub fn triplets(got: &Value, want: &Value, path: &str) -> Result<(), Disagreement> {
    let vectors = rows(got)?;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let length: Vec<f64> = vectors.iter().map(|vector| dot(vector, vector).sqrt()).collect();
    require(length.iter().all(|length| *length > 0.0), || format!("{path}: a zero vector"))?;
    let cosine = |i: usize, j: usize| dot(&vectors[i], &vectors[j]) / length[i] / length[j];
    let triplets: Vec<[usize; 3]> =
        serde_json::from_value(want["triplets"].clone()).map_err(|error| error.to_string())?;
    let right = triplets.iter().filter(|[i, j, k]| cosine(*i, *j) > cosine(*i, *k)).count();
    let (share, least) = (right as f64 / triplets.len() as f64, number_of(&want["ge"], path)?);
    require(share >= least, || format!("{path}: {share:.3} of the triplets in order instead of {least}"))
}

/// A ranking without repeats whose golden scores are the best ones, ties in any order.
pub fn scores_of(got: &Value, want: &Value, tolerance: &Value, path: &str) -> Result<(), Disagreement> {
    let ids: Vec<usize> = serde_json::from_value(got.clone()).map_err(|error| error.to_string())?;
    let scores: Vec<f64> = serde_json::from_value(want["scores"].clone()).map_err(|error| error.to_string())?;
    let distinct: std::collections::BTreeSet<usize> = ids.iter().copied().filter(|id| *id < scores.len()).collect();
    require(distinct.len() == ids.len() && Some(ids.len() as u64) == want["k"].as_u64(), || {
        format!("{path}: not {} different ids: {ids:?}", want["k"])
    })?;
    let mut best = scores.clone();
    best.sort_by(|a, b| b.total_cmp(a));
    let slack =
        |best: f64| tolerance["abs"].as_f64().unwrap_or(0.0) + tolerance["rel"].as_f64().unwrap_or(0.0) * best.abs();
    let wrong = ids.iter().zip(&best).find(|(id, best)| (scores[**id] - **best).abs() > slack(**best));
    match wrong {
        Some((id, best)) => Err(format!("{path}: id {id} has score {}, the best there is {best}", scores[*id])),
        None => Ok(()),
    }
}
