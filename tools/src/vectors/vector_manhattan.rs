//! # Manhattan distance
//!
//! How far it is between two points along the streets of a grid: the sum of the differences in each coordinate. One
//! large difference counts no more than many small ones, which makes it less sensitive to outliers than the straight
//! line.
//!
//! Cost: O(n). Reference: H. Minkowski, *Geometrie der Zahlen*, 1896 (the case p = 1 of his distance).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{finite, same_length};
use crate::{error::Error, value::Vector};

/// Computes the Manhattan distance (city block, taxicab, L1) between two points. Use it when moves go along the axes, or
/// when one large difference should not outweigh the rest.
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
    /// The sum of the differences, 0 or more.
    pub value: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Manhattan distance between (1, 2) and (4, 6)",
    "how many blocks from [0, 0] to [3, 5] if I can only walk along streets?",
    "taxicab distance of [1.5, -2, 0] and [0, 1, 4]",
    "L1 distance between these two vectors: [2, 8, 1] and [3, 5, 1]",
];

/// Measures the distance.
///
/// # Errors
/// `invalid_arguments` if the lengths differ, `too_large` if the distance is beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    same_length(&args.a, &args.b)?;
    Ok(Output { value: finite(manhattan(&args.a, &args.b), "", "the distance")? })
}

/// The distance between two points with as many coordinates; infinite when it overflows.
pub(crate) fn manhattan(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, vectors::vector_euclidean::euclidean};
    use proptest::prelude::*;

    fn of(a: &[f64], b: &[f64]) -> Result<f64, Error> {
        run(&Args { a: Vector::new(a.to_vec())?, b: Vector::new(b.to_vec())? }).map(|out| out.value)
    }

    #[test]
    fn by_hand() {
        assert_eq!(of(&[1.0, 2.0], &[4.0, 6.0]).unwrap(), 7.0);
        assert_eq!(of(&[-1.0, 0.5], &[1.0, 0.5]).unwrap(), 2.0);
        // Oracle: scipy 1.17.1, cityblock([1.5071, -1.2201], [-3.3436, 1.6774]).
        assert!((of(&[1.5071, -1.2201], &[-3.3436, 1.6774]).unwrap() - 7.7482).abs() < 1e-14);
    }

    #[test]
    fn refuses_what_has_no_distance() {
        assert_eq!(of(&[1.0], &[1.0, 2.0]).unwrap_err().path, "/b");
        assert_eq!(of(&[1.7e308], &[-1.7e308]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn lies_between_the_straight_line_and_its_worst_case(
            points in prop::collection::vec((-1e3..1e3, -1e3..1e3), 1..20),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let (grid, straight) = (of(&a, &b).unwrap(), euclidean(&a, &b));
            prop_assert_eq!(grid, of(&b, &a).unwrap());
            prop_assert!(straight <= grid + 1e-9);
            prop_assert!(grid <= straight * (a.len() as f64).sqrt() + 1e-9); // Cauchy and Schwarz
        }
    }
}
