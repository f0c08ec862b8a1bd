//! # Norms of a vector
//!
//! How long a vector is, in three ways: the way along a grid (L1, the sum of sizes), straight (L2, the root of the sum
//! of squares) and the largest step alone (L∞). None is larger than the one before.
//!
//! Cost: O(n). Values are scaled by a power of two before they are squared, so that squares neither overflow nor vanish.
//! References: G. Golub, C. van Loan, *Matrix Computations*, 4th ed., 2013, §2.2; J. L. Blue, "A portable Fortran
//! program to find the Euclidean norm of a vector", ACM TOMS 4(1), 1978, for the scaling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{dot2, finite, scaled};
use crate::{error::Error, value::Vector};

/// Computes the length (norm, magnitude) of one vector: L1, L2 and the largest entry. Use it to say how long a vector
/// is, or by what to divide it to make it a unit vector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The vector: the numbers, its coordinates.
    pub a: Vector,
}

/// The norms, each 0 or more.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The sum of the sizes of its entries (L1, Manhattan).
    pub l1: f64,
    /// The root of the sum of their squares (L2, Euclidean).
    pub l2: f64,
    /// The size of the largest (L∞, maximum norm).
    pub linf: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "How long is the vector (3, 4)?",
    "norm of [1, -2, 2]",
    "L1, L2 and max norm of [0.5, -1.5, 2.0, 0.1]",
    "magnitude of (2, 3, 6)",
    "what is the Euclidean length of [5, 12]?",
];

/// Computes the norms.
///
/// # Errors
/// `too_large` if a sum is beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let l1 = finite(args.a.iter().map(|x| x.abs()).sum(), "/a", "the sum of the sizes")?;
    let (down, up) = scaled(&args.a);
    let l2 = finite(dot2(&down, &down).sqrt() * up, "/a", "the length")?;
    let linf = args.a.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    Ok(Output { l1, l2, linf })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(a: &[f64]) -> Result<(f64, f64, f64), Error> {
        run(&Args { a: Vector::new(a.to_vec())? }).map(|out| (out.l1, out.l2, out.linf))
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(&[3.0, -4.0]).unwrap(), (7.0, 5.0, 4.0));
        assert_eq!(of(&[0.0, 0.0]).unwrap(), (0.0, 0.0, 0.0));
        assert_eq!(of(&[-2.0]).unwrap(), (2.0, 2.0, 2.0));
    }

    #[test]
    fn neither_overflows_nor_vanishes() {
        // Oracle: the 3-4-5 triangle at every size.
        for size in [1e-200, 1e200] {
            assert!((of(&[3.0 * size, 4.0 * size]).unwrap().1 / size - 5.0).abs() < 1e-14);
        }
        assert_eq!(of(&[1.7e308, 1.7e308]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn are_in_order_and_scale(a in prop::collection::vec(-1e3..1e3, 1..30), factor in -4_i32..4) {
            let (l1, l2, linf) = of(&a).unwrap();
            prop_assert!(linf <= l2 * (1.0 + 1e-15) && l2 <= l1 * (1.0 + 1e-15));
            // A power of two changes no digit.
            let factor = 2.0_f64.powi(factor);
            let twice = of(&a.iter().map(|x| x * -factor).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(twice, (l1 * factor, l2 * factor, linf * factor));
        }
    }
}
