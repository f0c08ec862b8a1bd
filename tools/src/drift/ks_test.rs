//! # Two-sample Kolmogorov-Smirnov test
//!
//! Draw both empirical distribution functions: the statistic is the largest vertical distance between them. Under the
//! hypothesis that both samples come from the same distribution its own distribution is known whatever that one is.
//!
//! The exact p-value counts lattice paths. Walking through the pooled sample in order, each value takes a step to the
//! right (first sample) or up (second); all orders are equally likely, and the p-value is the probability that the walk
//! leaves the strip where the two functions are closer than the statistic. The share that leaves is added up directly,
//! so a tiny p-value keeps its digits. The asymptotic one takes Kolmogorov's distribution of one sample at the size
//! `n m / (n + m)`, rounded.
//!
//! With ties the exact p-value is an upper bound.
//!
//! Cost: O((n + m) log (n + m)) for the statistic, O(n m) for the exact p-value.
//! References: J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3, 1958;
//! R. Simard, P. L'Ecuyer, Journal of Statistical Software 39(11), 2011.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{limited, sorted};
use crate::{error::Error, special_tails::kolmogorov_above, value::Vector};

/// Tests by the two-sample Kolmogorov-Smirnov test whether two samples come from the same distribution. Use it to find
/// out if a numeric column has drifted, without choosing bins.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The old sample: reference, baseline, first sample. Up to 1,000,000 numbers.
    pub reference: Vector,
    /// The new sample: current, second sample. Up to 1,000,000 numbers.
    pub current: Vector,
    /// How to find the p-value; auto when not given.
    #[serde(default)]
    pub method: Method,
}

/// How to find the p-value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Exact for up to 10,000 values each, asymptotic beyond.
    #[default]
    Auto,
    /// By counting lattice paths, up to 100,000,000 pairs of values.
    Exact,
    /// By Kolmogorov's distribution.
    Asymptotic,
}

/// The test's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The largest distance between the two distribution functions, from 0 to 1.
    pub statistic: f64,
    /// How likely a distance at least as large is when nothing has changed.
    pub p_value: f64,
    /// The value at which the distance is largest; half the samples' difference may be found below it.
    pub location: f64,
    /// Which method gave the p-value.
    pub method: Used,
}

/// Which method gave the p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// By counting lattice paths.
    Exact,
    /// By Kolmogorov's distribution.
    Asymptotic,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Kolmogorov-Smirnov test of [1.2, 0.4, 2.2, 1.9] against [3.1, 2.8, 4.0]",
    "are [1, 2, 3] and [4, 5, 6] from the same distribution? use the exact KS test",
    "two-sample KS test: did the distribution of this column change?",
    "run a drift test with a p-value on yesterday's and today's latencies",
];

/// The most pairs of values of the exact method, and the most values each for which it is taken unasked.
const LIMITS: (usize, usize) = (100_000_000, 10_000);

/// Runs the test.
///
/// # Errors
/// `too_large` beyond 1,000,000 values or, for the exact method, 100,000,000 pairs.
pub fn run(args: &Args) -> Result<Output, Error> {
    limited("/reference", args.reference.len())?;
    limited("/current", args.current.len())?;
    let pairs = args.reference.len() * args.current.len();
    let (most, unasked) = LIMITS;
    let exact = match args.method {
        Method::Auto => args.reference.len().max(args.current.len()) <= unasked,
        Method::Exact => true,
        Method::Asymptotic => false,
    };
    if exact && pairs > most {
        let message = format!("there are {pairs} pairs of values, the limit of the exact method is {most}");
        return Err(Error::too_large("/method", message).with_hint("use `asymptotic`"));
    }
    Ok(test(&args.reference, &args.current, exact))
}

/// The test of two samples, neither empty, all numbers finite.
pub fn test(reference: &[f64], current: &[f64], exact: bool) -> Output {
    let (n, m) = (reference.len(), current.len());
    let (gap, location) = largest_gap(&sorted(reference), &sorted(current));
    let p_value = if exact {
        leaves(n, m, gap)
    } else {
        let size = (n as f64 * m as f64 / (n + m) as f64).round_ties_even() as usize;
        kolmogorov_above(gap as f64 / (n as f64 * m as f64), size.max(1))
    };
    let method = if exact { Used::Exact } else { Used::Asymptotic };
    Output { statistic: gap as f64 / (n as f64 * m as f64), p_value, location, method }
}

/// The largest `|i m - j n|` over the pooled sample, where `i` and `j` values of each lie at or below a point: the
/// statistic times `n m`, in whole numbers. And the point.
fn largest_gap(a: &[f64], b: &[f64]) -> (u64, f64) {
    let (n, m) = (a.len(), b.len());
    let (mut i, mut j, mut most) = (0, 0, (0, a[0].min(b[0])));
    while i < n && j < m {
        let here = a[i].min(b[j]);
        // Past all values that are equal, in both samples, before comparing. -0 and 0 are the same value.
        while i < n && a[i] <= here {
            i += 1;
        }
        while j < m && b[j] <= here {
            j += 1;
        }
        let gap = ((i * m) as u64).abs_diff((j * n) as u64);
        if gap > most.0 {
            most = (gap, here);
        }
    }
    most
}

/// The probability that a random walk from (0, 0) to (n, m) touches `|i m - j n| >= gap`.
fn leaves(n: usize, m: usize, gap: u64) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    let inside = |i: usize, j: usize| ((i * m) as u64).abs_diff((j * n) as u64) < gap;
    // stays[j]: the probability to reach (i, j) without having left the strip.
    let mut stays = vec![0.0_f64; m + 1];
    stays[0] = 1.0;
    let mut left = 0.0;
    // Of each column, only what lies in the strip.
    let (mut from, mut to) = (0, 0);
    for i in 0..=n {
        // First the steps up within this column, each from its own row.
        let mut j = from;
        while j <= to.min(m) {
            let here = stays[j];
            if here > 0.0 && j < m {
                let up = here * (m - j) as f64 / (n - i + m - j) as f64;
                stays[j] = here - up;
                if inside(i, j + 1) {
                    stays[j + 1] += up;
                    to = to.max(j + 1);
                } else {
                    left += up;
                }
            }
            j += 1;
        }
        // What has not gone up goes right.
        if i < n {
            for (j, here) in stays.iter_mut().enumerate().take(to + 1).skip(from) {
                if !inside(i + 1, j) {
                    left += *here;
                    *here = 0.0;
                }
            }
            while from < to && stays[from] == 0.0 && !inside(i + 1, from) {
                from += 1;
            }
        }
    }
    left.min(1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn exact(a: &[f64], b: &[f64]) -> (f64, f64) {
        let out = test(a, b, true);
        (out.statistic, out.p_value)
    }

    /// Every order of `n` steps right and `m` up, counted one by one.
    fn brute(n: usize, m: usize, gap: u64) -> f64 {
        let (mut outside, mut all) = (0_u32, 0_u32);
        for steps in 0_u32..1 << (n + m) {
            if steps.count_ones() as usize != m {
                continue;
            }
            all += 1;
            let (mut i, mut j, mut touched) = (0_usize, 0_usize, false);
            for bit in 0..n + m {
                if steps >> bit & 1 == 1 {
                    j += 1
                } else {
                    i += 1
                }
                touched |= ((i * m) as u64).abs_diff((j * n) as u64) >= gap;
            }
            outside += u32::from(touched);
        }
        f64::from(outside) / f64::from(all)
    }

    #[test]
    fn by_hand() {
        // Of the 20 orders of three and three, two keep the samples apart.
        let (statistic, p) = exact(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        assert_eq!(statistic, 1.0);
        assert!((p - 0.1).abs() < 1e-15);
        assert_eq!(exact(&[5.0, 1.0], &[1.0, 5.0]), (0.0, 1.0));
    }

    #[test]
    fn ties_are_passed_together() {
        assert_eq!(exact(&[1.0, 1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 2.0, 4.0]).0, 0.2);
        assert_eq!(exact(&[0.0], &[-0.0]).0, 0.0);
    }

    #[test]
    fn a_tiny_p_value_keeps_its_digits() {
        // Two orders of C(60, 30) = 118264581564861424 keep 30 and 30 apart.
        let (a, b): (Vec<f64>, Vec<f64>) = ((0..30).map(f64::from).collect(), (30..60).map(f64::from).collect());
        assert!((exact(&a, &b).1 / (2.0 / 118_264_581_564_861_424.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_limit_comes_close_to_the_exact_value() {
        let a: Vec<f64> = (0..400).map(f64::from).collect();
        let b: Vec<f64> = (0..350).map(|i| f64::from(i) * 1.1 + 33.5).collect();
        let (exact, limit) = (test(&a, &b, true).p_value, test(&a, &b, false).p_value);
        assert!((exact / limit - 1.0).abs() < 0.1, "{exact} {limit}");
    }

    proptest! {
        #[test]
        fn paths_counted_one_by_one_agree(n in 1_usize..7, m in 1_usize..7, gap in 1_u64..40) {
            prop_assert!((leaves(n, m, gap) - brute(n, m, gap)).abs() < 1e-12);
        }

        #[test]
        fn it_does_not_matter_which_is_which(
            a in prop::collection::vec(-3_i8..3, 1..20), b in prop::collection::vec(-3_i8..3, 1..20),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = (a.iter().map(|x| f64::from(*x)).collect(), b.iter().map(|x| f64::from(*x)).collect());
            let (there, back) = (exact(&a, &b), exact(&b, &a));
            prop_assert_eq!(there.0, back.0);
            prop_assert!((there.1 - back.1).abs() < 1e-12 && (0.0..=1.0).contains(&there.1));
        }
    }
}
