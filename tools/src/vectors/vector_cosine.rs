//! # Cosine similarity
//!
//! The cosine of the angle between two vectors, `a·b / (|a| |b|)`: 1 when they point the same way, 0 at a right angle,
//! -1 when opposed. It looks at direction alone, which is why texts of different lengths are compared with it.
//!
//! Cost: O(n). Each vector is first scaled by a power of two, so that neither tiny nor huge values leave the range of
//! floating-point numbers, and the result never leaves -1 to 1.
//! Reference: G. Salton, A. Wong, C. S. Yang, "A vector space model for automatic indexing", CACM 18(11), 1975.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{same_length, scaled};
use crate::{error::Error, value::Vector, vectors::dot2};

/// Computes the cosine similarity of two vectors, from -1 to 1, and the angle between them. Use it to compare
/// directions (embeddings, word counts) when lengths should not count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The first vector, not all zeros.
    pub a: Vector,
    /// The second vector, of the same length, not all zeros.
    pub b: Vector,
}

/// The cosine and the angle.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The cosine, from -1 (opposed) over 0 (at a right angle) to 1 (same direction).
    pub value: f64,
    /// The angle between the vectors in degrees, from 0 to 180.
    pub angle_degrees: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "cosine similarity between [1,0,1] and [0,1,1]",
    "How similar in direction are (3, 4) and (4, 3)?",
    "what is the angle between the vectors [1, 0] and [1, 1]?",
    "compare two embeddings by cosine: [0.1, 0.3, -0.2] and [0.2, 0.1, 0.4]",
];

/// Computes the cosine.
///
/// # Errors
/// `invalid_arguments` if the lengths differ, `undefined` if a vector is all zeros and so has no direction.
pub fn run(args: &Args) -> Result<Output, Error> {
    same_length(&args.a, &args.b)?;
    for (name, vector) in [("a", &args.a), ("b", &args.b)] {
        if vector.iter().all(|x| *x == 0.0) {
            return Err(Error::undefined(format!("/{name}"), format!("`{name}` is all zeros and has no direction")));
        }
    }
    let value = cosine(&args.a, &args.b);
    Ok(Output { value, angle_degrees: value.acos().to_degrees() })
}

/// The cosine of two vectors of the same length, neither all zeros.
pub(crate) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let ((a, _), (b, _)) = (scaled(a), scaled(b));
    // One root of the product loses fewer digits than the product of two roots, and scaled it cannot overflow.
    (dot2(&a, &b) / (dot2(&a, &a) * dot2(&b, &b)).sqrt()).clamp(-1.0, 1.0)
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
        assert_eq!(of(&[1.0, 0.0, 1.0], &[0.0, 1.0, 1.0]).unwrap(), 0.5); // 1 / (√2 √2)
        assert_eq!(of(&[3.0, 4.0], &[4.0, 3.0]).unwrap(), 0.96); // 24 / 25
        assert_eq!(of(&[2.0, 0.0], &[0.0, 7.0]).unwrap(), 0.0);
        assert_eq!(of(&[4.5, -2.25], &[-9.0, 4.5]).unwrap(), -1.0);
    }

    #[test]
    fn size_does_not_matter() {
        // Oracle: the same vectors without the power of ten.
        for size in [1e-320, 1e-200, 1.0, 1e200, 1e308] {
            let value = of(&[size, 0.0], &[1.0, 1.0]).unwrap();
            assert!((value - 0.5_f64.sqrt()).abs() < 1e-15, "{size}: {value}");
        }
    }

    #[test]
    fn a_zero_vector_has_no_direction() {
        let error = of(&[1.0, 2.0], &[0.0, 0.0]).unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (ErrorKind::Undefined, "/b"));
    }

    proptest! {
        #[test]
        fn stays_in_range_and_is_symmetric(pairs in prop::collection::vec((1e-3..1e3, -1e3..1e3), 1..30)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            prop_assume!(b.iter().any(|x| *x != 0.0));
            let value = of(&a, &b).unwrap();
            prop_assert!((-1.0..=1.0).contains(&value));
            prop_assert_eq!(value, of(&b, &a).unwrap());
            prop_assert!((of(&a, &a).unwrap() - 1.0).abs() < 1e-15);
        }
    }
}
