//! # Euclidean distance
//!
//! The length of the straight line between two points: `√((a₁-b₁)² + (a₂-b₂)² + …)`, Pythagoras in any dimension.
//!
//! Cost: O(n). The differences are scaled by a power of two before they are squared, so that the squares neither
//! overflow nor vanish.
//! References: Euclid, *Elements* I.47; J. L. Blue, "A portable Fortran program to find the Euclidean norm of a
//! vector", ACM TOMS 4(1), 1978, for the scaling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{same_length, scaled};
use crate::{error::Error, value::Vector, vectors::dot2};

/// Computes the Euclidean distance between two points. Use it to say how far apart two things are when size matters as
/// well as direction.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first point.
    pub a: Vector,
    /// The second point, with as many coordinates.
    pub b: Vector,
}

/// The distance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The distance, 0 or more.
    pub value: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "How far apart are the points (0, 0) and (3, 4)?",
    "Euclidean distance between [1, 2, 3] and [4, 6, 3]",
    "straight-line distance from (1, 1) to (5, 2)",
    "what is the L2 distance of these two vectors: [0.2, 0.4] and [0.1, 0.9]",
    "how far is it from (1, 1) to (4, 5) in a straight line?",
];

/// Measures the distance.
///
/// # Errors
/// `invalid_arguments` if the lengths differ, `too_large` if the distance is beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    same_length(&args.a, &args.b)?;
    let value = euclidean(&args.a, &args.b);
    if !value.is_finite() {
        return Err(Error::too_large("", format!("the distance is beyond {:e}, the largest number", f64::MAX)));
    }
    Ok(Output { value })
}

/// The distance between two points with as many coordinates; infinite when it overflows.
pub(crate) fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    let apart: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    if apart.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    let (apart, scale) = scaled(&apart);
    dot2(&apart, &apart).sqrt() * scale
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(a: &[f64], b: &[f64]) -> Result<f64, Error> {
        run(&Args { a: Vector::new(a.to_vec())?, b: Vector::new(b.to_vec())? }).map(|out| out.value)
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(&[0.0, 0.0], &[3.0, 4.0]).unwrap(), 5.0);
        assert_eq!(of(&[1.0, 2.0, 3.0], &[4.0, 6.0, 3.0]).unwrap(), 5.0);
        assert_eq!(of(&[7.0], &[7.0]).unwrap(), 0.0);
    }

    #[test]
    fn neither_overflows_nor_vanishes() {
        // Oracle: the 3-4-5 triangle at every size; 3e200 squared is beyond f64, 3e-200 squared below it.
        for size in [1e-200, 1e200] {
            let value = of(&[3.0 * size, 0.0], &[0.0, 4.0 * size]).unwrap();
            assert!((value / size - 5.0).abs() < 1e-14, "{value}");
        }
        assert_eq!(of(&[1.7e308], &[-1.7e308]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn a_detour_is_never_shorter(
            points in prop::collection::vec((-1e3..1e3, -1e3..1e3, -1e3..1e3), 1..20),
        ) {
            let a: Vec<f64> = points.iter().map(|p| p.0).collect();
            let b: Vec<f64> = points.iter().map(|p| p.1).collect();
            let c: Vec<f64> = points.iter().map(|p| p.2).collect();
            let (ab, bc, ac) = (of(&a, &b).unwrap(), of(&b, &c).unwrap(), of(&a, &c).unwrap());
            prop_assert!(ac <= ab + bc + 1e-9);
        }
    }
}
