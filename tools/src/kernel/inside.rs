//! The short kernels, for loops that already run inside of [`vectorized`](super::vectorized).

use super::{level::Isa, real::Real};

/// Adds up `step` over the pairs, in four sums of `LANES` lanes.
///
/// Four, because the result of a multiply-add is there four cycles after it began.
#[inline(always)]
pub(super) fn folded<T: Real, const LANES: usize>(a: &[T], b: &[T], step: impl Fn(T, T, T) -> T) -> T {
    let length = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks::<LANES>(), b[..length].as_chunks::<LANES>());
    let ((a_fours, a), (b_fours, b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let [mut s0, mut s1, mut s2, mut s3] = [[T::ZERO; LANES]; 4];
    for (a, b) in a_fours.iter().zip(b_fours) {
        for l in 0..LANES {
            s0[l] = step(a[0][l], b[0][l], s0[l]);
        }
        for l in 0..LANES {
            s1[l] = step(a[1][l], b[1][l], s1[l]);
        }
        for l in 0..LANES {
            s2[l] = step(a[2][l], b[2][l], s2[l]);
        }
        for l in 0..LANES {
            s3[l] = step(a[3][l], b[3][l], s3[l]);
        }
    }
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            s0[l] = step(a[l], b[l], s0[l]);
        }
    }
    let mut sum = T::ZERO;
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum = step(*a, *b, sum);
    }
    for l in 0..LANES {
        s0[l] = (s0[l] + s1[l]) + (s2[l] + s3[l]);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            s0[l] += s0[l + width];
        }
    }
    s0[0] + sum
}

#[inline(always)]
pub(super) fn axpy_with<T: Real, I: Isa>(alpha: T, x: &[T], y: &mut [T], _: I) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = T::fma::<I>(alpha, *x, *y);
    }
}

/// [`dot`](super::dot), for a loop that is already vectorised.
#[inline(always)]
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    folded::<T, 8>(a, b, |a, b, sum| a.mul_add(b, sum))
}

/// [`squared_distance`](super::squared_distance), for a loop that is already vectorised.
#[inline(always)]
pub(crate) fn squared_distance<T: Real>(a: &[T], b: &[T]) -> T {
    folded::<T, 8>(a, b, |a, b, sum| (a - b).mul_add(a - b, sum))
}

/// [`axpy`](super::axpy), for a loop that is already vectorised.
#[inline(always)]
pub(crate) fn axpy<T: Real>(alpha: T, x: &[T], y: &mut [T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = alpha.mul_add(*x, *y);
    }
}

/// [`argmin`](super::argmin), for a loop that is already vectorised.
#[inline(always)]
pub(crate) fn argmin<T: Real>(values: &[T]) -> Option<usize> {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut least = [T::INFINITY; 16];
    for chunk in chunks {
        for l in 0..16 {
            least[l] = if chunk[l] < least[l] { chunk[l] } else { least[l] };
        }
    }
    let mut smallest = T::INFINITY;
    for x in rest.iter().chain(&least) {
        smallest = if *x < smallest { *x } else { smallest };
    }
    values.iter().position(|x| *x == smallest)
}
