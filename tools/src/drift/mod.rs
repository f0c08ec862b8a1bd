//! Whether data still look as they did.

pub mod chi2_drift;
pub mod drift_report;
pub mod drift_simulate;
pub mod js_divergence;
pub mod ks_test;
pub mod psi;

use crate::{
    error::Error,
    stats::describe::quantile,
    tool::{Tool, ToolBuilder},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("psi", psi::run).examples(psi::EXAMPLES),
        Tool::pure("ks_test", ks_test::run).examples(ks_test::EXAMPLES),
        Tool::pure("js_divergence", js_divergence::run).examples(js_divergence::EXAMPLES),
        Tool::pure("chi2_drift", chi2_drift::run).examples(chi2_drift::EXAMPLES),
        Tool::pure("drift_report", drift_report::run).examples(drift_report::EXAMPLES),
        Tool::pure("drift_simulate", drift_simulate::run).examples(drift_simulate::EXAMPLES),
    ]
}

/// The most numbers in one sample.
const MOST: usize = 1_000_000;

/// Refuses a sample that is too long.
fn limited(path: &str, length: usize) -> Result<(), Error> {
    if length > MOST {
        let message = format!("there are {length} values, the limit is {MOST}");
        return Err(Error::too_large(path, message).with_hint("take a random sample of them"));
    }
    Ok(())
}

/// Two lists of counts over the same bins, in shares: none negative, both with a sum above 0.
fn shares(counts: [(&str, &[f64]); 2]) -> Result<[Vec<f64>; 2], Error> {
    let [(_, first), (path, second)] = counts;
    if first.len() != second.len() {
        let message = format!("there are {} counts, but {} in the other list", second.len(), first.len());
        return Err(Error::invalid(path, message).with_hint("count both samples in the same bins"));
    }
    let mut both = counts.into_iter().map(|(path, counts)| {
        if let Some(i) = counts.iter().position(|count| !(*count >= 0.0 && count.is_finite())) {
            let message = format!("`{}` is not a count", counts[i]);
            return Err(Error::invalid(format!("{path}/{i}"), message).with_hint("counts are 0 or more"));
        }
        let most = counts.iter().fold(0.0_f64, |most, count| most.max(*count));
        if most == 0.0 {
            return Err(Error::undefined(path, "all counts are 0, so there are no shares"));
        }
        // Divided by the largest first, so that a sum of huge counts stays a number.
        let total: f64 = counts.iter().map(|count| count / most).sum();
        Ok(counts.iter().map(|count| count / most / total).collect())
    });
    match (both.next(), both.next()) {
        (Some(first), Some(second)) => Ok([first?, second?]),
        _ => Err(Error::invalid("", "there are no counts")),
    }
}

/// The inner edges of bins that hold equal shares of a sorted sample; fewer than asked for where values repeat.
fn quantile_edges(sorted: &[f64], bins: usize) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..bins).map(|i| quantile(sorted, i as f64 / bins as f64)).collect();
    edges.dedup();
    // An edge at the smallest value would leave the bin below it empty for ever.
    edges.retain(|edge| *edge > sorted[0]);
    edges
}

/// How many values lie in each bin `[edge, next edge)`; the first and the last bin are open to the outside.
fn counts(values: &[f64], inner_edges: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; inner_edges.len() + 1];
    for value in values {
        counts[inner_edges.partition_point(|edge| edge <= value)] += 1.0;
    }
    counts
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
