//! What `f32` and `f64` have in common, for code that is written once for both.

use std::{
    cell::Cell,
    fmt::{Debug, Display},
    iter::Sum,
    ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

use super::{
    elementary, inside,
    level::{Isa, Level},
    tile, turn,
};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + sealed::Kernels
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;
    /// Larger than all numbers.
    const INFINITY: Self;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// The same number, without loss.
    fn to_f64(self) -> f64;
    /// Its size.
    fn abs(self) -> Self;
    /// Its square root.
    fn sqrt(self) -> Self;
    /// `self * a + b`, rounded once. A single instruction only in code that is compiled for it.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The larger; the other one if one is not a number.
    fn max(self, other: Self) -> Self;
    /// The smaller; the other one if one is not a number.
    fn min(self, other: Self) -> Self;
    /// Whether it is neither infinite nor not a number.
    fn is_finite(self) -> bool;
}

pub(crate) mod sealed {
    use super::{Isa, Level, tile, turn};

    /// What the kernels need to know of each type; not for others to implement.
    #[allow(private_interfaces, private_bounds)]
    pub trait Kernels: turn::Turned {
        /// `a b + c`, fused where that is one instruction.
        fn fma<I: Isa>(a: Self, b: Self, c: Self) -> Self;
        fn dot_with<I: Isa>(a: &[Self], b: &[Self], isa: I) -> Self;
        fn squared_distance_with<I: Isa>(a: &[Self], b: &[Self], isa: I) -> Self;
        fn exp_with<I: Isa>(x: Self, isa: I) -> Self;
        fn tanh_with<I: Isa>(x: Self, isa: I) -> Self;
        fn sigmoid_with<I: Isa>(x: Self, isa: I) -> Self;
        /// This whole number below 2^23 as an integer; `as` saturates, which is not vectorised.
        fn index(self) -> u32;
        /// Runs a job with tiles that fit the registers.
        fn tiled<J: tile::Job<Self>>(level: Level, job: J) -> J::Output;
        /// Lends memory that this thread used before; there is something in it.
        fn with_memory<R>(body: impl FnOnce(&mut Vec<Self>) -> R) -> R;
    }
}

macro_rules! real {
    ($type:ident, lanes $lanes:literal, exp $exp:path, ones $ones:literal, tiles $avx512:tt $avx2:tt $portable:tt) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $type::EPSILON;
            const INFINITY: Self = $type::INFINITY;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $type::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $type::mul_add(self, a, b)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $type::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $type::min(self, other)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $type::is_finite(self)
            }
        }

        #[allow(private_interfaces, private_bounds)]
        impl sealed::Kernels for $type {
            #[inline(always)]
            fn fma<I: Isa>(a: Self, b: Self, c: Self) -> Self {
                if I::FUSED { a.mul_add(b, c) } else { a * b + c }
            }
            #[inline(always)]
            fn dot_with<I: Isa>(a: &[Self], b: &[Self], _: I) -> Self {
                inside::folded::<Self, $lanes>(a, b, #[inline(always)] |a, b, sum| Self::fma::<I>(a, b, sum))
            }
            #[inline(always)]
            fn squared_distance_with<I: Isa>(a: &[Self], b: &[Self], _: I) -> Self {
                inside::folded::<Self, $lanes>(a, b, #[inline(always)] |a, b, sum| Self::fma::<I>(a - b, a - b, sum))
            }
            #[inline(always)]
            fn exp_with<I: Isa>(x: Self, isa: I) -> Self {
                $exp(x, isa)
            }
            #[inline(always)]
            fn tanh_with<I: Isa>(x: Self, isa: I) -> Self {
                elementary::tanh(x, isa)
            }
            #[inline(always)]
            fn sigmoid_with<I: Isa>(x: Self, isa: I) -> Self {
                elementary::sigmoid(x, isa)
            }

            #[inline(always)]
            fn index(self) -> u32 {
                // Beside a power of two whose last bit counts ones, the number stands in the last bits.
                (self + $ones).to_bits() as u32 & 0x7F_FFFF
            }

            fn tiled<J: tile::Job<Self>>(level: Level, job: J) -> J::Output {
                match level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(isa) => real!(run job isa $avx512),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(isa) => real!(run job isa $avx2),
                    Level::Portable(isa) => real!(run job isa $portable),
                }
            }

            fn with_memory<R>(body: impl FnOnce(&mut Vec<Self>) -> R) -> R {
                std::thread_local! {
                    static FREE: Cell<Vec<Vec<$type>>> = const { Cell::new(Vec::new()) };
                }
                // Taken out and not borrowed: rayon may start another product on this thread inside of `body`.
                let mut free = FREE.take();
                let mut memory = free.pop().unwrap_or_default();
                FREE.set(free);
                let result = body(&mut memory);
                let mut free = FREE.take();
                free.push(memory);
                FREE.set(free);
                result
            }
        }
    };
    (run $job:ident $isa:ident ($rows:literal, $columns:literal)) => {
        $job.run::<_, $rows, $columns>($isa)
    };
}

// A tile is as large as the registers allow: its sums take 28 of 32 (AVX-512), 12 of 16 (AVX2) and 8 of 16 (SSE2).
real!(f32, lanes 16, exp elementary::exp_f32, ones 8_388_608.0, tiles (14, 32) (6, 16) (4, 8));
real!(f64, lanes 8, exp elementary::exp_f64, ones 4_503_599_627_370_496.0, tiles (14, 16) (6, 8) (4, 4));
