//! # Dot product
//!
//! Multiply two vectors place by place and add up: `a·b = a₁b₁ + a₂b₂ + … = |a| |b| cos θ`. It measures how much of
//! one vector lies along the other: 0 for a right angle, negative when they point apart.
//!
//! Cost: O(n). The sum is compensated, so that `1e16 + 3 - 1e16` is 3 and not 4.
//! References: G. Strang, *Introduction to Linear Algebra*, §1.2; Ogita, Rump and Oishi 2005 for the summation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{dot2, same_length};
use crate::{error::Error, value::Vector};

/// Computes the dot product (inner product) of two vectors. Use it to multiply vectors, to project one on another, or
/// to score a match when lengths should count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first vector.
    pub a: Vector,
    /// The second vector, of the same length.
    pub b: Vector,
}

/// The dot product.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The sum of the products.
    pub value: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "What is the dot product of [1, 2, 3] and [4, 5, 6]?",
    "inner product of (0.5, -1) and (2, 8)",
    "multiply the vectors [3, 1] and [2, 2] and add up",
    "compute a·b for a = [1, 0, 2] and b = [5, 5, 5]",
];

/// Multiplies two vectors.
///
/// # Errors
/// `invalid_arguments` if the lengths differ, `too_large` if the product is beyond the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    same_length(&args.a, &args.b)?;
    let value = dot2(&args.a, &args.b);
    if !value.is_finite() {
        return Err(Error::too_large("", format!("the dot product is beyond {:e}, the largest number", f64::MAX)));
    }
    Ok(Output { value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn check(a: &[f64], b: &[f64], expected: f64) {
        let args = Args { a: a.to_vec().try_into().unwrap(), b: b.to_vec().try_into().unwrap() };
        assert_eq!(run(&args).unwrap().value, expected);
    }

    #[test]
    fn by_hand() {
        check(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 32.0); // 4 + 10 + 18
        check(&[1.0, 0.0], &[0.0, 1.0], 0.0);
        check(&[-2.0], &[3.5], -7.0);
    }

    #[test]
    fn keeps_what_plain_summation_loses() {
        // Oracle: Python's `fractions.Fraction` gives 3 and 2 exactly; numpy gives 4 and 1.
        check(&[1e16, 3.0, -1e16], &[1.0, 1.0, 1.0], 3.0);
        check(&[1e100, 1.0, -1e100, 1.0], &[1.0, 1.0, 1.0, 1.0], 2.0);
    }

    #[test]
    fn refuses_what_has_no_product() {
        let unequal = Args { a: [1.0].try_into().unwrap(), b: [1.0, 2.0].try_into().unwrap() };
        assert_eq!(run(&unequal).unwrap_err().path, "/b");
        let huge = Args { a: [1e200].try_into().unwrap(), b: [1e200].try_into().unwrap() };
        assert_eq!(run(&huge).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(pairs in prop::collection::vec((-1e6..1e6, -1e6..1e6), 1..50)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (a, b) = (Vector::new(a).unwrap(), Vector::new(b).unwrap());
            let ab = run(&Args { a: a.clone(), b: b.clone() }).unwrap().value;
            let ba = run(&Args { a: b, b: a }).unwrap().value;
            prop_assert_eq!(ab, ba);
        }
    }
}
