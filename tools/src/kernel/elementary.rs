//! Exponentials without branches, so that the compiler can take many values at a time.

use super::{
    level::Isa,
    real::{Real, sealed::Kernels},
};

/// Replaces each value.
#[inline(always)]
pub(super) fn each<T: Real, I: Isa>(values: &mut [T], function: impl Fn(T, I) -> T, isa: I) {
    for x in values {
        *x = function(*x, isa);
    }
}

/// The value of a polynomial, coefficients from the highest power down.
#[inline(always)]
fn polynomial<T: Real, I: Isa, const N: usize>(x: T, coefficients: [f64; N]) -> T {
    let mut value = T::from_f64(coefficients[0]);
    for coefficient in &coefficients[1..] {
        value = T::fma::<I>(value, x, T::from_f64(*coefficient));
    }
    value
}

/// Adding this number rounds to a whole number, which then stands in the lowest bits.
const ROUND_F32: f32 = 12_582_912.0; // 1.5 * 2^23
const ROUND_F64: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52

/// `e^x = 2^n e^r` with `n` whole and `|r| ≤ ln 2 / 2`: a polynomial for `e^r`, and `n` goes straight into the exponent,
/// in two halves so that neither the largest nor the smallest results leave the range on the way.
///
/// Polynomial and the two parts of ln 2: S. Moshier, Cephes 2.2, `expf.c`.
#[inline(always)]
pub(super) fn exp_f32<I: Isa>(x: f32, _: I) -> f32 {
    let inside = x.clamp(-104.0, 89.0);
    let whole = inside * std::f32::consts::LOG2_E + ROUND_F32 - ROUND_F32;
    let r = f32::fma::<I>(whole, -0.693_359_4, inside);
    let r = f32::fma::<I>(whole, 2.121_944_4e-4, r);
    let p = polynomial::<f32, I, 6>(
        r,
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1],
    );
    let power = f32::fma::<I>(p, r * r, r) + 1.0;
    let half = whole * 0.5 + ROUND_F32 - ROUND_F32;
    let two_to =
        |n: f32| f32::from_bits((n + ROUND_F32).to_bits().wrapping_sub(ROUND_F32.to_bits()).wrapping_add(127) << 23);
    power * two_to(half) * two_to(whole - half)
}

/// The same with more digits: the polynomial is the series up to `r^13`, whose first term left out is below 5e-18.
///
/// The two parts of ln 2: fdlibm, `e_exp.c`.
#[inline(always)]
pub(super) fn exp_f64<I: Isa>(x: f64, _: I) -> f64 {
    let inside = x.clamp(-746.0, 710.0);
    let whole = inside * std::f64::consts::LOG2_E + ROUND_F64 - ROUND_F64;
    let r = f64::fma::<I>(whole, -6.931_471_803_691_238e-1, inside);
    let r = f64::fma::<I>(whole, -1.908_214_929_270_587_7e-10, r);
    let p = polynomial::<f64, I, 12>(
        r,
        [
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
        ],
    );
    let power = f64::fma::<I>(p, r * r, r) + 1.0;
    let half = whole * 0.5 + ROUND_F64 - ROUND_F64;
    let two_to =
        |n: f64| f64::from_bits((n + ROUND_F64).to_bits().wrapping_sub(ROUND_F64.to_bits()).wrapping_add(1023) << 52);
    power * two_to(half) * two_to(whole - half)
}

/// A rational function near zero, where the exponential would cancel, and `1 - 2 / (e^2x + 1)` elsewhere.
///
/// Source: S. Moshier, Cephes 2.8, `tanh.c`.
#[inline(always)]
pub(super) fn tanh<T: Real, I: Isa>(x: T, isa: I) -> T {
    let size = x.abs();
    let square = x * x;
    let above = polynomial::<T, I, 3>(
        square,
        [-9.643_991_794_250_522e-1, -9.928_772_310_019_186e1, -1.614_687_684_417_084_5e3],
    );
    let below = polynomial::<T, I, 4>(
        square,
        [1.0, 1.128_116_784_916_329_3e2, 2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3],
    );
    let near = T::fma::<I>(x * square, above / below, x);
    let two = T::ONE + T::ONE;
    let far = T::ONE - two / (T::exp_with(two * size, isa) + T::ONE);
    let far = if x < T::ZERO { -far } else { far };
    if size < T::from_f64(0.625) { near } else { far }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn sigmoid<T: Real, I: Isa>(x: T, isa: I) -> T {
    T::ONE / (T::ONE + T::exp_with(-x, isa))
}
