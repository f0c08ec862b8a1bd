//! # Jensen-Shannon divergence
//!
//! How far two distributions over the same bins are from their own average: half the Kullback-Leibler divergence of each
//! from it. Unlike that divergence it is symmetric and finite when a bin is empty on one side; in bits it goes from 0
//! (the same) to 1 (nothing in common), and its square root is a distance that obeys the triangle inequality.
//!
//! Cost: O(b) for b bins.
//! References: J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Information Theory 37(1), 1991;
//! D. Endres, J. Schindelin, "A new metric for probability distributions", IEEE Trans. Information Theory 49(7), 2003.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{limited, shares};
use crate::{error::Error, value::Vector};

/// Measures the Jensen-Shannon divergence and distance of two histograms. Use it to compare distributions, also of
/// categories, with a number that is symmetric and never infinite.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first distribution: counts, weights or probabilities p of each bin, 0 or more, up to 1,000,000 of them.
    pub p_counts: Vector,
    /// The second distribution q over the same bins.
    pub q_counts: Vector,
    /// The base of the logarithm, above 1; 2 when not given (bits: the divergence goes from 0 to 1).
    #[serde(default = "two")]
    #[schemars(range(min = 1.000001, max = 1e6))]
    pub base: f64,
}

fn two() -> f64 {
    2.0
}

/// The divergence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The divergence: 0 for equal shares, `log 2` in the given base for shares without a common bin.
    pub divergence: f64,
    /// Its square root, which is a distance.
    pub distance: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Jensen-Shannon divergence of [40, 30, 30] and [10, 30, 60]",
    "JS distance between the distributions [0.5, 0.5, 0] and [0.4, 0.4, 0.2] in bits",
    "how different are these two histograms, symmetrically?",
    "compare the word counts [12, 3, 9] with [1, 14, 2] by JS divergence, base e",
];

/// Measures the divergence.
///
/// # Errors
/// `invalid_arguments` for negative counts, lists of different length or a base that is not above 1, `undefined` when all
/// counts are 0.
pub fn run(args: &Args) -> Result<Output, Error> {
    limited("/p_counts", args.p_counts.len())?;
    if !(args.base > 1.0 && args.base.is_finite()) {
        return Err(Error::invalid("/base", format!("`{}` is not a base above 1", args.base)));
    }
    let [p, q] = shares([("/p_counts", &args.p_counts), ("/q_counts", &args.q_counts)])?;
    let divergence = nats(&p, &q) / args.base.ln();
    Ok(Output { divergence, distance: divergence.sqrt() })
}

/// The divergence of two lists of shares, in nats.
pub(super) fn nats(p: &[f64], q: &[f64]) -> f64 {
    let part = |x: f64, middle: f64| if x > 0.0 { x * (x / middle).ln() } else { 0.0 };
    let both = p.iter().zip(q).map(|(&p, &q)| {
        let middle = 0.5 * (p + q);
        part(p, middle) + part(q, middle)
    });
    // Rounding may leave a crumb on either side.
    (0.5 * both.sum::<f64>()).clamp(0.0, std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(p: &[f64], q: &[f64]) -> Result<Output, Error> {
        run(&Args { p_counts: Vector::new(p.to_vec())?, q_counts: Vector::new(q.to_vec())?, base: 2.0 })
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(&[1.0, 0.0], &[0.0, 7.0]).unwrap().divergence, 1.0);
        // (1/2, 1/2) and (1, 0): the average is (3/4, 1/4); half of log2(2/3)/2 + log2(2)/2 + log2(4/3).
        let expected = 0.5 * (0.5 * (2.0_f64 / 3.0).log2() + 0.5 + (4.0_f64 / 3.0).log2());
        assert!((of(&[1.0, 1.0], &[3.0, 0.0]).unwrap().divergence - expected).abs() < 1e-15);
    }

    #[test]
    fn refuses_what_is_no_distribution() {
        assert_eq!(of(&[0.0, 0.0], &[1.0, 1.0]).unwrap_err().path, "/p_counts");
        assert_eq!(of(&[1.0, 1.0], &[1.0]).unwrap_err().path, "/q_counts");
        assert_eq!(of(&[1.0, 1.0], &[1.0, -2.0]).unwrap_err().path, "/q_counts/1");
    }

    proptest! {
        #[test]
        fn symmetric_bounded_and_a_distance(
            p in prop::collection::vec(0_u8..9, 4), q in prop::collection::vec(0_u8..9, 4), r in prop::collection::vec(0_u8..9, 4),
        ) {
            let list = |x: &[u8]| -> Vec<f64> { x.iter().enumerate().map(|(i, x)| f64::from(*x) + if i == 0 { 0.1 } else { 0.0 }).collect() };
            let (p, q, r) = (list(&p), list(&q), list(&r));
            let pq = of(&p, &q).unwrap();
            prop_assert!((pq.divergence - of(&q, &p).unwrap().divergence).abs() < 1e-14);
            prop_assert!((0.0..=1.0).contains(&pq.divergence));
            let sides = of(&p, &r).unwrap().distance + of(&r, &q).unwrap().distance;
            prop_assert!(pq.distance <= sides + 1e-7);
        }
    }
}
