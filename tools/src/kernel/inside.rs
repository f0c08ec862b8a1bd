//! The short kernels, for loops that already run inside of [`vectorized`](super::vectorized).

use std::hint::black_box;

use super::{level::Isa, real::Real};

/// Adds up `step` over the pairs, in four sums of `LANES` lanes.
///
/// Four, because the result of a multiply-add is there four cycles after it began.
#[inline(always)]
pub(super) fn folded<T: Real, const LANES: usize>(a: &[T], b: &[T], step: impl Fn(T, T, T) -> T) -> T {
    let length = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks::<LANES>(), b[..length].as_chunks::<LANES>());
    let ((a_fours, a), (b_fours, b)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sums = [[T::ZERO; LANES]; 4];
    if !a_fours.is_empty() {
        // The compiler must not see how the lanes are added up: it would choose its registers for that and not for the
        // loop.
        sums = black_box(fours(a_fours, b_fours, &step));
    }
    if !a.is_empty() {
        let mut sum = sums[0];
        for (a, b) in a.iter().zip(b) {
            for l in 0..LANES {
                sum[l] = step(a[l], b[l], sum[l]);
            }
        }
        sums[0] = black_box(sum);
    }
    let mut rest = T::ZERO;
    for (a, b) in a_rest.iter().zip(b_rest) {
        rest = step(*a, *b, rest);
    }
    let mut total = [T::ZERO; LANES];
    for l in 0..LANES {
        total[l] = (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            total[l] += total[l + width];
        }
    }
    total[0] + rest
}

/// Each a loop of its own over the lanes, and not one over all, because that would not be unrolled.
#[inline(always)]
fn fours<T: Real, const LANES: usize>(
    a: &[[[T; LANES]; 4]],
    b: &[[[T; LANES]; 4]],
    step: &impl Fn(T, T, T) -> T,
) -> [[T; LANES]; 4] {
    let [mut s0, mut s1, mut s2, mut s3] = [[T::ZERO; LANES]; 4];
    for (a, b) in a.iter().zip(b) {
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
    [s0, s1, s2, s3]
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
