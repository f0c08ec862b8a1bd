//! # Softmax
//!
//! Turns any numbers into probabilities that keep their order: pᵢ = exp(xᵢ/T) / Σ exp(xⱼ/T). Adding the same number to
//! all changes nothing, so the largest is taken off first and no exponential overflows. A low temperature T makes the
//! largest win, a high one makes all alike.
//!
//! Cost: O(n). Reference: J. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    kernel::{self, Real, vectorized},
    value::Vector,
};

/// Turns scores (logits) into probabilities by the softmax function. Use it for the output of a classifier or a language
/// model, with a temperature to sharpen or flatten it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The scores: logits.
    pub x: Vector,
    /// The temperature, above 0; 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub temperature: f64,
}

fn one() -> f64 {
    1.0
}

/// The probabilities.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// A probability for each score; they add up to 1.
    pub values: Vec<f64>,
    /// The place of the largest, from 0; the first of several.
    pub argmax: usize,
    /// How undecided they are, in bits: from 0 to the logarithm of their number.
    pub entropy: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Softmax of 1, 2, 3",
    "turn the logits [2.0, 1.0, 0.1] into probabilities",
    "softmax of [5, 4, 3] at temperature 0.5",
];

/// Computes the probabilities.
///
/// # Errors
/// `invalid_arguments` if the temperature is not positive.
pub fn run(args: &Args) -> Result<Output, Error> {
    let temperature = args.temperature;
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(Error::invalid("/temperature", format!("`temperature` is {temperature}, but must be above 0"))
            .with_hint("near 0 the largest score takes all: take 0.01"));
    }
    let values = softmax(&args.x, temperature);
    let largest = values.iter().copied().fold(0.0, f64::max);
    let argmax = values.iter().position(|value| *value == largest).unwrap_or(0);
    let entropy = values.iter().filter(|p| **p > 0.0).map(|p| -p * p.log2()).sum::<f64>().max(0.0);
    Ok(Output { values, argmax, entropy })
}

/// The probabilities of scores at a temperature above 0.
pub(crate) fn softmax(x: &[f64], temperature: f64) -> Vec<f64> {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut values: Vec<f64> = x.iter().map(|x| ((x - largest) / temperature).exp()).collect();
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
    values
}

/// The probabilities of a row in its place, and the logarithm of what they were divided by: `ln Σ exp(xⱼ)`.
pub(crate) fn in_place<T: Real>(row: &mut [T]) -> T {
    let largest = vectorized(
        #[inline(always)]
        || fold(row, -T::INFINITY, T::max),
    );
    vectorized(
        #[inline(always)]
        || row.iter_mut().for_each(|x| *x -= largest),
    );
    kernel::exp(row);
    let sum = vectorized(
        #[inline(always)]
        || {
            let sum = fold(row, T::ZERO, |a, b| a + b);
            let one_over = T::ONE / sum;
            row.iter_mut().for_each(|x| *x *= one_over);
            sum
        },
    );
    T::from_f64(largest.to_f64() + sum.to_f64().ln())
}

/// Folds a row in sixteen parts side by side.
#[inline(always)]
fn fold<T: Real>(row: &[T], start: T, of: impl Fn(T, T) -> T) -> T {
    let (blocks, rest) = row.as_chunks::<16>();
    let mut parts = [start; 16];
    for block in blocks {
        for i in 0..16 {
            parts[i] = of(parts[i], block[i]);
        }
    }
    parts.iter().chain(rest).fold(start, |all, x| of(all, *x))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn check(x: &[f64], temperature: f64) -> Output {
        run(&Args { x: Vector::new(x.to_vec()).unwrap(), temperature }).unwrap()
    }

    #[test]
    fn by_hand() {
        let out = check(&[0.0, 3.0_f64.ln()], 1.0);
        assert!((out.values[0] - 0.25).abs() < 1e-15 && (out.values[1] - 0.75).abs() < 1e-15);
        assert_eq!(out.argmax, 1);
        assert_eq!(check(&[2.0, 2.0, 2.0, 2.0], 1.0).entropy, 2.0); // log2 of 4
        assert_eq!(check(&[1.0, 2.0], 1e-6).values, [0.0, 1.0]);
        assert_eq!(check(&[-f64::MAX, f64::MAX], 1.0).values, [0.0, 1.0]);
    }

    #[test]
    fn a_temperature_is_positive() {
        let x = Vector::new(vec![1.0]).unwrap();
        assert_eq!(run(&Args { x, temperature: 0.0 }).unwrap_err().path, "/temperature");
    }

    proptest! {
        #[test]
        fn a_shift_changes_nothing(x in prop::collection::vec(-30.0..30.0, 1..20), shift in -1e3..1e3) {
            let shifted: Vec<f64> = x.iter().map(|x| x + shift).collect();
            let (plain, shifted) = (check(&x, 1.0).values, check(&shifted, 1.0).values);
            prop_assert!((plain.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(plain.iter().zip(&shifted).all(|(a, b)| (a - b).abs() < 1e-11));
            let mut row = x.clone();
            let log_sum = in_place(&mut row);
            prop_assert!(plain.iter().zip(&row).all(|(a, b)| (a - b).abs() < 1e-12));
            prop_assert!((log_sum - x.iter().map(|x| x.exp()).sum::<f64>().ln()).abs() < 1e-10);
        }
    }
}
