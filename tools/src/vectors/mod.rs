//! Vectors: products, lengths and angles, with arithmetic that keeps its digits.

pub mod cosine;
pub mod dot;
pub mod euclidean;

use crate::error::Error;

/// The sum of `a[i] * b[i]`, as if computed with twice the digits and then rounded.
///
/// Each product and each addition leaves a rounding error, which can itself be computed exactly; the errors are added
/// up on the side and put back at the end. Algorithm 5.3 (Dot2) of T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and
/// dot product", SIAM J. Sci. Comput. 26(6), 2005. Not finite when a product or the sum overflows.
pub(crate) fn dot2(a: &[f64], b: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for (&x, &y) in a.iter().zip(b) {
        let product = x * y;
        let product_lost = x.mul_add(y, -product);
        let next = sum + product;
        // Knuth's two-sum: what `next` lost of `sum` and of `product`.
        let part = next - sum;
        let sum_lost = (sum - (next - part)) + (product - part);
        sum = next;
        lost += product_lost + sum_lost;
    }
    sum + lost
}

/// Both vectors must have the same number of values.
fn same_length(a: &[f64], b: &[f64]) -> Result<(), Error> {
    if a.len() == b.len() {
        return Ok(());
    }
    Err(Error::invalid("/b", format!("`b` has {} values, but `a` has {}", b.len(), a.len()))
        .with_hint("give two vectors of the same length"))
}

/// The vector with its largest value brought near 1 by a power of two, which changes no digit, and what to multiply by
/// to get back.
fn scaled(x: &[f64]) -> (Vec<f64>, f64) {
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 {
        return (x.to_vec(), 1.0);
    }
    // Below 2^-1022 numbers have fewer digits and their reciprocals overflow: near 1 is near enough.
    let power = (largest.log2().floor() as i32).clamp(-1022, 1022);
    let (down, up) = (2.0_f64.powi(-power), 2.0_f64.powi(power));
    (x.iter().map(|x| x * down).collect(), up)
}

use crate::tool::{Tool, ToolBuilder};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("vector_dot", dot::run).examples(dot::EXAMPLES),
        Tool::pure("vector_cosine", cosine::run).examples(cosine::EXAMPLES),
        Tool::pure("vector_euclidean", euclidean::run).examples(euclidean::EXAMPLES),
    ]
}
