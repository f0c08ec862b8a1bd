//! # Population stability index
//!
//! Cut the reference into bins, look at which share of each sample falls into each bin, and add up `(q - p) ln(q / p)`.
//! It is 0 when the shares are the same, and grows with every bin that gained or lost. It is the sum of the two
//! Kullback-Leibler divergences, so it does not matter which sample is called the reference once the bins are fixed; the
//! bins come from the reference, so swapping the samples changes them.
//!
//! An empty bin would make it infinite: shares below `epsilon` are raised to it, and the rest is left as it is.
//!
//! Cost: O(n log n) to find the bins, O(n log b) to fill them.
//! References: H. Jeffreys, "An invariant form for the prior probability in estimation problems", Proc. R. Soc. A 186,
//! 1946; N. Siddiqi, *Credit Risk Scorecards*, 2006, ch. 8 (the thresholds 0.1 and 0.25).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{counts, limited, quantile_edges, shares, sorted};
use crate::{error::Error, value::Vector};

/// Measures by the population stability index (PSI) how far the distribution of one column has moved. Use it to watch a
/// feature or a score in production: below 0.1 nothing happened, above 0.25 it is another population.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The old sample: reference, baseline, training data, expected. Up to 1,000,000 numbers; not needed with counts.
    #[serde(default)]
    pub reference: Option<Vector>,
    /// The new sample: current, production data, actual. Up to 1,000,000 numbers; not needed with counts.
    #[serde(default)]
    pub current: Option<Vector>,
    /// Where the bins meet, in rising order: bin i goes from edge i - 1 up to, but without, edge i, and the first and
    /// last are open. Found from the reference when not given.
    #[serde(default)]
    pub inner_edges: Option<Vector>,
    /// How many bins of equal share of the reference to make, from 2 to 1000; 10 when not given (deciles).
    #[serde(default)]
    pub bins: Option<NonZeroUsize>,
    /// Instead of samples: how many of the old values lie in each bin.
    #[serde(default)]
    pub reference_counts: Option<Vector>,
    /// Instead of samples: how many of the new values lie in each bin.
    #[serde(default)]
    pub current_counts: Option<Vector>,
    /// The least share that a bin counts as, so that empty bins do not make the index infinite; 0.0001 when not given.
    #[serde(default = "tiny")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub epsilon: f64,
}

fn tiny() -> f64 {
    1e-4
}

/// The index and what it is made of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The index, 0 or more.
    pub psi: f64,
    /// What it usually means.
    pub verdict: Verdict,
    /// How many of the old values lie in each bin.
    pub reference_counts: Vec<f64>,
    /// How many of the new values lie in each bin.
    pub current_counts: Vec<f64>,
    /// Where the bins meet; empty when counts were given.
    pub inner_edges: Vec<f64>,
    /// What each bin adds to the index, 0 or more: the largest shows where the change is.
    pub contributions: Vec<f64>,
}

/// The usual reading of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Below 0.1: no change to speak of.
    Stable,
    /// From 0.1 to 0.25: look closer.
    Moderate,
    /// Above 0.25: another population.
    Shifted,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "population stability index of [1, 2, 2, 3, 4] against [3, 4, 4, 5, 5]",
    "PSI between the training scores [0.2, 0.4, 0.5] and today's [0.6, 0.7, 0.9]",
    "has this feature drifted? bin counts were [50, 50, 0] and are now [40, 50, 10]",
    "how stable is the score distribution? use deciles of the reference",
];

/// The most bins.
const MOST_BINS: usize = 1000;

/// Measures the index.
///
/// # Errors
/// `invalid_arguments` when neither two samples nor two lists of counts are given, or edges do not rise, `undefined` when
/// a sample has no values in any bin or `epsilon` is 0 and a bin is empty, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    if !(0.0..=1.0).contains(&args.epsilon) {
        return Err(Error::invalid("/epsilon", format!("`{}` is not a share from 0 to 1", args.epsilon)));
    }
    let (reference_counts, current_counts, inner_edges) = binned(args)?;
    let [p, q] = shares([("/reference_counts", &reference_counts), ("/current_counts", &current_counts)])?;
    let contributions = contributions(&p, &q, args.epsilon);
    if let Some(bin) = contributions.iter().position(|share| !share.is_finite()) {
        let message = format!("bin {bin} is empty in one sample, and with `epsilon` 0 the index is infinite");
        return Err(Error::undefined("/epsilon", message).with_hint("use a small `epsilon`, such as 0.0001"));
    }
    let psi = contributions.iter().sum();
    Ok(Output { psi, verdict: verdict(psi), reference_counts, current_counts, inner_edges, contributions })
}

type Binned = (Vec<f64>, Vec<f64>, Vec<f64>);

fn binned(args: &Args) -> Result<Binned, Error> {
    match (&args.reference, &args.current, &args.reference_counts, &args.current_counts) {
        (Some(reference), Some(current), None, None) => {
            limited("/reference", reference.len())?;
            limited("/current", current.len())?;
            let edges = edges(args, reference)?;
            Ok((counts(reference, &edges), counts(current, &edges), edges))
        }
        (None, None, Some(reference), Some(current)) => {
            limited("/reference_counts", reference.len())?;
            Ok((reference.to_vec(), current.to_vec(), Vec::new()))
        }
        _ => Err(Error::invalid("", "give either two samples or two lists of counts")
            .with_hint("use `reference` and `current`, or `reference_counts` and `current_counts`")),
    }
}

fn edges(args: &Args, reference: &[f64]) -> Result<Vec<f64>, Error> {
    if let Some(edges) = &args.inner_edges {
        if let Some(i) = edges.windows(2).position(|pair| pair[0] >= pair[1]) {
            let message = format!("edge `{}` is not above `{}`", edges[i + 1], edges[i]);
            return Err(Error::invalid(format!("/inner_edges/{}", i + 1), message));
        }
        return Ok(edges.to_vec());
    }
    let bins = args.bins.map_or(10, NonZeroUsize::get);
    if bins < 2 {
        return Err(Error::invalid("/bins", "one bin holds everything, so nothing can move").with_hint("use 2 or more"));
    }
    if bins > MOST_BINS {
        return Err(Error::too_large("/bins", format!("`bins` is {bins}, the limit is {MOST_BINS}")));
    }
    Ok(quantile_edges(&sorted(reference), bins))
}

/// What each bin adds, for shares below `epsilon` raised to it.
pub(super) fn contributions(p: &[f64], q: &[f64], epsilon: f64) -> Vec<f64> {
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (p.max(epsilon), q.max(epsilon));
        if p == q { 0.0 } else { (q - p) * (q / p).ln() }
    };
    p.iter().zip(q).map(term).collect()
}

/// What an index usually means.
pub(super) fn verdict(psi: f64) -> Verdict {
    match psi {
        psi if psi < 0.1 => Verdict::Stable,
        psi if psi <= 0.25 => Verdict::Moderate,
        _ => Verdict::Shifted,
    }
}

/// The index of two samples over bins that hold equal shares of the first.
pub(super) fn of_samples(reference: &[f64], current: &[f64], bins: usize, epsilon: f64) -> Result<f64, Error> {
    let edges = quantile_edges(&sorted(reference), bins);
    let (before, after) = (counts(reference, &edges), counts(current, &edges));
    let [p, q] = shares([("/reference", &before), ("/current", &after)])?;
    Ok(contributions(&p, &q, epsilon).iter().sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of_counts(reference: &[f64], current: &[f64]) -> Result<Output, Error> {
        let (reference, current) = (Vector::new(reference.to_vec())?, Vector::new(current.to_vec())?);
        run(&Args {
            reference: None,
            current: None,
            inner_edges: None,
            bins: None,
            reference_counts: Some(reference),
            current_counts: Some(current),
            epsilon: tiny(),
        })
    }

    fn of(reference: &[f64], current: &[f64], edges: &[f64]) -> Output {
        run(&Args {
            reference: Some(Vector::new(reference.to_vec()).unwrap()),
            current: Some(Vector::new(current.to_vec()).unwrap()),
            inner_edges: Vector::new(edges.to_vec()).ok(),
            bins: None,
            reference_counts: None,
            current_counts: None,
            epsilon: tiny(),
        })
        .unwrap()
    }

    #[test]
    fn by_hand() {
        // Half and half becomes a quarter and three quarters: 2 * 0.25 ln(...) = 0.25 ln 2 + 0.25 ln 1.5.
        let out = of_counts(&[2.0, 2.0], &[1.0, 3.0]).unwrap();
        assert!((out.psi - 0.25 * 3.0_f64.ln()).abs() < 1e-15);
        assert_eq!(out.verdict, Verdict::Shifted);
    }

    #[test]
    fn a_value_on_an_edge_belongs_above_it() {
        let out = of(&[0.0, 1.0, 2.0], &[1.0, 1.0, 5.0], &[1.0, 2.0]);
        assert_eq!((out.reference_counts, out.current_counts), (vec![1.0, 1.0, 1.0], vec![0.0, 2.0, 1.0]));
    }

    #[test]
    fn a_constant_reference_has_one_bin_below_what_is_new() {
        let out = of(&[3.0; 20], &[3.0; 7], &[]);
        assert_eq!((out.psi, out.inner_edges.len()), (0.0, 0));
    }

    #[test]
    fn says_what_is_missing() {
        let error = of_counts(&[0.0, 0.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.path, "/reference_counts");
        assert_eq!(of_counts(&[1.0], &[1.0, 2.0]).unwrap_err().path, "/current_counts");
        assert_eq!(of_counts(&[1.0, -1.0], &[1.0, 2.0]).unwrap_err().path, "/reference_counts/1");
    }

    proptest! {
        #[test]
        fn never_negative_and_the_same_both_ways_over_the_same_bins(
            p in prop::collection::vec(0_u8..50, 5), q in prop::collection::vec(1_u8..50, 5),
        ) {
            let (p, q): (Vec<f64>, Vec<f64>) = (p.iter().map(|x| f64::from(*x) + 0.5).collect(), q.iter().map(|x| f64::from(*x)).collect());
            let (there, back) = (of_counts(&p, &q).unwrap().psi, of_counts(&q, &p).unwrap().psi);
            prop_assert!(there >= 0.0 && (there - back).abs() < 1e-12);
            prop_assert_eq!(of_counts(&p, &p).unwrap().psi, 0.0);
        }
    }
}
