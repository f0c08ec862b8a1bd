//! The loops that everything else waits for, written once and compiled for several instruction sets.
//!
//! No assembly, and no intrinsics but for a prefetch, for turning rows into columns and for products of 16-bit numbers:
//! every kernel is a plain loop over arrays of a fixed length, shaped so that the compiler turns it into vector
//! instructions, and compiled three times: for AVX-512, for AVX2 with FMA, and for what every machine of the target has. Which
//! of them runs is decided when the program runs ([`Level`]). So all machines run the same source, and a test on one of
//! them is a test of the arithmetic on all (products of 16-bit numbers have a source each, and are exact on all).
//!
//! Sums are taken in an order that depends on lengths alone: neither the thread count nor the width of the registers
//! changes a bit (only a machine without fused multiply-add rounds more often).
//!
//! [`dot`], [`axpy`] and their like choose the instruction set at each call, which takes about two nanoseconds. A loop
//! over short vectors goes into [`vectorized`] as a whole and uses the functions of [`inside`].
//!
//! Sources: K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008;
//! F. van Zee, R. van de Geijn, "BLIS: a framework for rapidly instantiating BLAS functionality", ACM TOMS 41(3), 2015.

mod columns;
mod elementary;
mod gram;
pub(crate) mod inside;
mod level;
mod matmul;
mod nearest;
mod pack;
mod prefetch;
mod real;
mod rounded;
mod settled;
mod stream;
#[cfg(test)]
mod tests;
mod tile;
mod turn;
mod view;
mod zeros;

pub(crate) use columns::column_products;
pub(crate) use gram::{gram, shifted_gram};
#[cfg(test)]
pub(crate) use level::Level;
pub(crate) use level::vectorized;
pub(crate) use matmul::{matmul, shifted_matmul};
pub(crate) use nearest::{Centres, Near, distances, slack, two_nearest};
pub(crate) use prefetch::{prefetch, prefetch_row};
pub use real::Real;
pub(crate) use rounded::Rounded;
pub(crate) use settled::{Measured, Packed, Settled};
pub(crate) use stream::rows_of_product;
pub(crate) use view::View;
pub(crate) use zeros::zeros;

use level::{Isa, dispatch};

/// The sum of products `a[i] b[i]`; of the shorter length if they differ.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    dispatch!(T::dot_with(a, b))
}

/// The sum of `(a[i] - b[i])²`; of the shorter length if they differ.
pub(crate) fn squared_distance<T: Real>(a: &[T], b: &[T]) -> T {
    dispatch!(T::squared_distance_with(a, b))
}

/// Adds `alpha x` to `y`.
pub(crate) fn axpy<T: Real>(alpha: T, x: &[T], y: &mut [T]) {
    dispatch!(inside::axpy_with(alpha, x, y))
}

/// Replaces each value by its exponential, to about one unit in the last place.
pub(crate) fn exp<T: Real>(values: &mut [T]) {
    dispatch!(elementary::each(values, T::exp_with))
}

/// Replaces each value by its hyperbolic tangent, to about two units in the last place.
pub(crate) fn tanh<T: Real>(values: &mut [T]) {
    dispatch!(elementary::each(values, T::tanh_with))
}

/// Replaces each value by `1 / (1 + e^-x)`, to about two units in the last place.
pub(crate) fn sigmoid<T: Real>(values: &mut [T]) {
    dispatch!(elementary::each(values, T::sigmoid_with))
}
