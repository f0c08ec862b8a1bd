//! # Similarity of two vectors
//!
//! Many formulas say how alike two lists of numbers are, and each looks at something else: direction (cosine), shape
//! (correlation), position (Euclid, city blocks), the worst place (Chebyshev), relative differences (Canberra,
//! Bray-Curtis), or how many places agree (Hamming, Jaccard, Dice).
//!
//! Cost: O(n). References: M. M. Deza, E. Deza, *Encyclopedia of Distances*, 2009, chapters 17 and 19; the conventions
//! (what 0/0 is) are those of `scipy.spatial.distance`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{Metric, measure};
use crate::{error::Error, value::Vector, vectors::same_length};

/// Computes how alike two vectors are, or how far apart, with a chosen metric. Use it to compare embeddings, counts,
/// presence and absence, or measurements.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first vector.
    pub a: Vector,
    /// The second vector, of the same length.
    pub b: Vector,
    /// Which formula to take: metric, measure, distance. The cosine similarity when not given.
    #[serde(default = "cosine")]
    pub metric: Metric,
    /// The order of the Minkowski distance: p, the exponent, from 1 to 1000; 3 when not given. Other metrics do not look
    /// at it.
    #[serde(default = "three")]
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub p: f64,
}

fn cosine() -> Metric {
    Metric::CosineSimilarity
}

pub(super) fn three() -> f64 {
    3.0
}

/// The value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The similarity or the distance.
    pub value: f64,
    /// Whether more means more alike; otherwise more means further apart.
    pub is_similarity: bool,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Manhattan distance between [1, 2, 3] and [4, 0, 3]",
    "how different are the species counts (6, 7, 4) and (10, 0, 6) by Bray-Curtis?",
    "Jaccard distance of the binary vectors 1 0 1 1 and 1 1 0 1",
    "compare [0.2, 0.5, 0.3] with [0.1, 0.6, 0.3] using the canberra metric",
];

/// Measures the two.
///
/// # Errors
/// `invalid_arguments` if the lengths differ or `p` is not from 1 to 1000, `undefined` where the formula divides by zero.
pub fn run(args: &Args) -> Result<Output, Error> {
    same_length(&args.a, &args.b)?;
    order(args.p)?;
    Ok(Output { value: measure(args.metric, &args.a, &args.b, args.p)?, is_similarity: args.metric.is_similarity() })
}

/// Below order 1 the Minkowski formula is no distance.
pub(super) fn order(p: f64) -> Result<(), Error> {
    if (1.0..=1000.0).contains(&p) {
        return Ok(());
    }
    Err(Error::invalid("/p", format!("`p` is {p}, but must be from 1 to 1000")).with_hint("1 is Manhattan, 2 Euclid"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const ALL: [Metric; 16] = [
        Metric::CosineSimilarity,
        Metric::CosineDistance,
        Metric::CorrelationSimilarity,
        Metric::CorrelationDistance,
        Metric::Dot,
        Metric::Euclidean,
        Metric::SquaredEuclidean,
        Metric::Manhattan,
        Metric::Chebyshev,
        Metric::Minkowski,
        Metric::Canberra,
        Metric::BrayCurtis,
        Metric::Hamming,
        Metric::JaccardSimilarity,
        Metric::JaccardDistance,
        Metric::DiceDistance,
    ];

    fn of(metric: Metric, a: &[f64], b: &[f64]) -> Result<f64, Error> {
        let (a, b) = (Vector::new(a.to_vec())?, Vector::new(b.to_vec())?);
        run(&Args { a, b, metric, p: three() }).map(|output| output.value)
    }

    fn check(metric: Metric, a: &[f64], b: &[f64], expected: f64) {
        let value = of(metric, a, b).unwrap();
        assert!((value - expected).abs() < 1e-14, "{metric:?}: {value} instead of {expected}");
    }

    #[test]
    fn by_hand() {
        check(Metric::CosineSimilarity, &[3.0, 4.0], &[4.0, 3.0], 0.96);
        check(Metric::CosineDistance, &[3.0, 4.0], &[4.0, 3.0], 0.04);
        check(Metric::CorrelationDistance, &[1.0, 2.0, 3.0], &[6.0, 4.0, 2.0], 2.0);
        check(Metric::CorrelationSimilarity, &[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0], 1.0);
        check(Metric::Minkowski, &[0.0, 0.0], &[3.0, 4.0], 91.0_f64.cbrt());
        check(Metric::Canberra, &[1.0, 0.0, 2.0], &[3.0, 0.0, -2.0], 1.5); // 2/4 + 0/0 + 4/4
        check(Metric::DiceDistance, &[1.0, 1.0, 0.0, 0.0], &[1.0, 0.0, 1.0, 0.0], 0.5); // 2 / (2 + 2)
        check(Metric::JaccardDistance, &[0.0, 0.0], &[0.0, 0.0], 0.0);
        // The usual ecologists' example: 13 of 33 individuals differ.
        check(Metric::BrayCurtis, &[6.0, 7.0, 4.0], &[10.0, 0.0, 6.0], 13.0 / 33.0);
    }

    #[test]
    fn small_angles_keep_their_digits() {
        // 1 - cos(x) = 2 sin²(x/2); the cosine itself is 1 to the last digit.
        let angle: f64 = 1e-9;
        let distance = of(Metric::CosineDistance, &[1.0, 0.0], &[angle.cos(), angle.sin()]).unwrap();
        assert!((distance / (2.0 * (angle / 2.0).sin().powi(2)) - 1.0).abs() < 1e-6, "{distance:e}");
    }

    #[test]
    fn says_what_has_no_answer() {
        assert_eq!(of(Metric::CosineDistance, &[1.0], &[0.0]).unwrap_err().path, "/b");
        assert_eq!(of(Metric::CorrelationDistance, &[2.0, 2.0], &[0.0, 1.0]).unwrap_err().path, "/a");
        assert!(of(Metric::BrayCurtis, &[1.0], &[-1.0]).is_err());
        assert_eq!(of(Metric::Euclidean, &[1.0], &[1.0, 2.0]).unwrap_err().path, "/b");
    }

    proptest! {
        #[test]
        fn all_are_symmetric_and_at_home_with_themselves(
            a in prop::collection::vec(-1e3..1e3_f64, 5), b in prop::collection::vec(-1e3..1e3_f64, 5),
        ) {
            for metric in ALL {
                let (there, back) = (of(metric, &a, &b).unwrap(), of(metric, &b, &a).unwrap());
                prop_assert!((there - back).abs() <= 1e-12 * there.abs().max(1.0), "{:?}", metric);
                if !metric.is_similarity() {
                    prop_assert!(there >= 0.0 && of(metric, &a, &a).unwrap() <= 1e-12, "{:?}", metric);
                }
            }
        }
    }
}
