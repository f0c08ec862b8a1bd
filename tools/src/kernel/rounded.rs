//! Points rounded to 16 bits, to tell their nearest centre with a fraction of the reading and half of the
//! multiplications.
//!
//! A product of two rounded rows is exact, and how far it is from that of the rows themselves is known: whatever is
//! further apart than that is decided, and the rest is measured as it is.
//!
//! ```text
//! x = s (X + e), c = t (C + f)    X and C whole numbers, no |e[j]| or |f[j]| above 1/2
//! |x·c / st - X·C|  <=  |e| |c/t| + (|x/s| + |e|) |f|
//! ```

use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
use super::level::Vnni;
use super::{
    level::{Isa, Level, vectorized},
    nearest::{Centres, Entry, SIDE, slack},
    pack::{LINE, line_start},
    real::Real,
    tile::Job,
    view::View,
    zeros::zeros,
};

/// Two neighbours of a row: their products with two others are added up by one instruction.
pub(crate) type Pair = [i16; 2];

/// Points, rounded once for many centres.
#[derive(Debug)]
pub(crate) struct Rounded {
    /// From `start` on, where a line of the cache begins, `pairs` a row; zeros behind the last dimension.
    memory: Vec<Pair>,
    start: usize,
    pairs: usize,
    dimensions: usize,
    /// What a whole number of 1 stands for.
    step: f64,
}

/// Centres, rounded to be compared with such points.
#[derive(Debug)]
pub(crate) struct RoundedCentres {
    pub(super) centres: Centres<Pair>,
    /// What a score of 1 stands for: a step of the points times one of the centres.
    pub(super) unit: f64,
    /// How far scores may be off.
    pub(super) error: f32,
    /// For [`distances`](super::distances).
    pub(super) slack: f32,
}

/// A row has a multiple of so many pairs: that many are turned at a time.
const TOGETHER: usize = 8;
/// The length of the longest row in steps: sums of products of two such rows stay below 2^30.
const LONGEST: f64 = 32_000.0;
/// How far a whole number may be from what it stands for: a half, and what is lost before it is rounded.
const OFF: f64 = 0.51;
/// More than the bounds and the lengths that they are made of lose when they are computed.
const ROUNDED_UP: f64 = 1.001;
/// By how much the centres' steps may be finer than the points'.
const FINER: f64 = 64.0;
/// Rows a task takes.
const ROWS: usize = 2048;

impl Rounded {
    /// Rounds points of `d` dimensions, one after the other, whose `|x|² / 2` are `half_squares`; nothing if that would
    /// not make them shorter by much, or if their squares are too large or too small for floating point.
    pub(crate) fn new<T: Real>(points: &[T], d: usize, half_squares: &[T]) -> Option<Self> {
        // Shorter rows are as fast to read as they are.
        if d * size_of::<T>() <= LINE {
            return None;
        }
        let longest = half_squares.iter().fold(T::ZERO, |longest, half| longest.max(*half)).to_f64();
        // Squares below have lost digits, or all of them, and lengths are not what they seem.
        if !(longest.is_finite() && longest >= f64::from(f32::MIN_POSITIVE)) {
            return None;
        }
        let step = (2.0 * longest).sqrt() / LONGEST;
        let per_step = T::from_f64(1.0 / step);
        let pairs = d.div_ceil(2).next_multiple_of(TOGETHER);
        let count = half_squares.len() * pairs;
        let mut memory = zeros::<Pair>(count + LINE / size_of::<Pair>());
        let start = line_start(&memory);
        let rows = memory[start..start + count].par_chunks_mut(ROWS * pairs);
        rows.zip(points.par_chunks(ROWS * d)).for_each(|(to, points)| {
            vectorized(
                #[inline(always)]
                || {
                    for (to, point) in to.chunks_exact_mut(pairs).zip(points.chunks_exact(d)) {
                        let to = &mut to.as_flattened_mut()[..d];
                        to.iter_mut().zip(point).for_each(|(to, x)| *to = whole((*x * per_step).to_f64() as f32));
                    }
                },
            );
        });
        Some(Rounded { memory, start, pairs, dimensions: d, step })
    }

    /// Some of the points.
    pub(crate) fn rows(&self, first: usize, count: usize) -> View<'_, Pair> {
        View::new(&self.memory[self.start + first * self.pairs..], count, self.pairs)
    }

    /// Rounds centres, one a row; nothing if their squares are too large for floating point.
    pub(crate) fn centres<T: Real>(&self, centres: View<'_, T>) -> Option<RoundedCentres> {
        let (k, d) = (centres.rows, self.dimensions);
        assert_eq!(centres.columns, d, "points and centres differ in their dimensions");
        let rows = centres.data.chunks_exact(d);
        let squares = rows.clone().map(|row| row.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>());
        let squares: Vec<f64> = squares.collect();
        let longest = squares.iter().fold(0.0_f64, |longest, square| longest.max(*square)).sqrt();
        let step = (longest / LONGEST).max(self.step / FINER);
        let unit = self.step * step;
        if !unit.is_normal() {
            return None;
        }
        let mut packed = vec![[Pair::default(); SIDE]; k.div_ceil(SIDE) * self.pairs];
        for (i, row) in rows.enumerate() {
            let panel = &mut packed[i / SIDE * self.pairs..];
            for (j, x) in row.iter().enumerate() {
                panel[j / 2][i % SIDE][j % 2] = whole((x.to_f64() / step) as f32);
            }
        }
        let mut half_squares = vec![f32::INFINITY; k.next_multiple_of(SIDE)];
        half_squares.iter_mut().zip(&squares).for_each(|(to, square)| *to = (0.5 * square / unit) as f32);
        let (off, centre) = (OFF * (d as f64).sqrt(), longest / step);
        let rounded = f64::from(f32::EPSILON) * (longest * longest / unit + centre * LONGEST);
        let error = off * (LONGEST + centre + off) + 4.0 * rounded;
        let centres = Centres { packed, half_squares, entries: self.pairs };
        Some(RoundedCentres { centres, unit, error: (error * ROUNDED_UP) as f32, slack: slack(d) })
    }
}

/// The nearest whole number to one between -32,767 and 32,767; beside 1.5 · 2^23, it stands in the last bits.
#[inline(always)]
fn whole(x: f32) -> i16 {
    (x + 12_582_912.0).to_bits() as i16
}

impl Entry for Pair {
    type Score = f32;
    type Product = i32;

    #[inline(always)]
    fn multiply<'a, I: Isa, const MR: usize, const NR: usize>(
        centres: impl Iterator<Item = &'a [Self; MR]>,
        points: &[[Self; NR]],
        isa: I,
    ) -> [[i32; NR]; MR] {
        let mut sums = [[0; NR]; MR];
        for (centres, points) in centres.zip(points) {
            for (sums, centre) in sums.iter_mut().zip(centres) {
                add_products(sums, *centre, points, isa);
            }
        }
        sums
    }

    #[inline(always)]
    fn score(half_square: f32, product: i32) -> f32 {
        half_square - product as f32
    }

    fn run<J: Job<Self>>(level: Level, job: J) -> J::Output {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(isa) => match Vnni::detect(isa) {
                Some(isa) => job.run::<_, SIDE, 32>(isa),
                None => job.run::<_, SIDE, 32>(isa),
            },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(isa) => job.run::<_, SIDE, 16>(isa),
            Level::Portable(isa) => job.run::<_, SIDE, 8>(isa),
        }
    }
}

/// Adds `a[0] b[i][0] + a[1] b[i][1]` to each sum. No loop is compiled to the instruction for it.
#[inline(always)]
fn add_products<I: Isa, const N: usize>(sums: &mut [i32; N], a: Pair, b: &[Pair; N], _: I) {
    #[cfg(target_arch = "x86_64")]
    if I::WIDE && N.is_multiple_of(16) {
        for (sums, b) in sums.as_chunks_mut().0.iter_mut().zip(b.as_chunks().0) {
            // SAFETY: such an instruction set is only made on a machine with AVX-512BW.
            unsafe { x86::add_16(sums, a, b) };
        }
        return;
    } else if I::FUSED && N.is_multiple_of(8) {
        for (sums, b) in sums.as_chunks_mut().0.iter_mut().zip(b.as_chunks().0) {
            // SAFETY: on this architecture only machines that have AVX2 fuse, and a value of such an instruction set is
            // only made on one.
            unsafe { x86::add_8(sums, a, b) };
        }
        return;
    }
    for (sum, b) in sums.iter_mut().zip(b) {
        // A point that is not a number may be any whole one: its score means nothing, but must not panic.
        let products = [0, 1].map(|i| i32::from(a[i]) * i32::from(b[i]));
        *sum = sum.wrapping_add(products[0]).wrapping_add(products[1]);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32, _mm256_storeu_si256,
        _mm512_add_epi32, _mm512_loadu_si512, _mm512_madd_epi16, _mm512_set1_epi32, _mm512_storeu_si512,
    };

    use super::Pair;

    #[inline(always)]
    fn bits([low, high]: Pair) -> i32 {
        i32::from(high) << 16 | i32::from(low as u16)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn add_16(sums: &mut [i32; 16], a: Pair, b: &[Pair; 16]) {
        // SAFETY: the pointers are to 64 bytes each.
        unsafe {
            let products = _mm512_madd_epi16(_mm512_set1_epi32(bits(a)), _mm512_loadu_si512(b.as_ptr().cast()));
            let sum = _mm512_add_epi32(_mm512_loadu_si512(sums.as_ptr().cast()), products);
            _mm512_storeu_si512(sums.as_mut_ptr().cast(), sum);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn add_8(sums: &mut [i32; 8], a: Pair, b: &[Pair; 8]) {
        // SAFETY: the pointers are to 32 bytes each.
        unsafe {
            let products = _mm256_madd_epi16(_mm256_set1_epi32(bits(a)), _mm256_loadu_si256(b.as_ptr().cast()));
            let sum = _mm256_add_epi32(_mm256_loadu_si256(sums.as_ptr().cast()), products);
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, value::Seed};

    struct Products<'a>(&'a [[Pair; SIDE]], &'a [Pair]);

    impl Job<Pair> for Products<'_> {
        type Output = ();

        fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
            let Products(centres, points) = self;
            let panel = points.as_chunks::<NR>().0;
            let products = isa.call(
                #[inline(always)]
                || Pair::multiply::<I, SIDE, NR>(centres.iter(), panel, isa),
            );
            for (i, products) in products.iter().enumerate() {
                for (lane, product) in products.iter().enumerate() {
                    let pairs = centres.iter().zip(panel).map(|(centres, points)| (centres[i], points[lane]));
                    let sum = pairs.flat_map(|(a, b)| [0, 1].map(|j| i64::from(a[j]) * i64::from(b[j]))).sum::<i64>();
                    assert_eq!(*product, sum as i32, "centre {i}, point {lane}");
                }
            }
        }
    }

    #[test]
    fn products_of_pairs_are_exact_at_every_level() {
        let mut random = Random::new(Seed::from(5));
        let mut any = || [0, 1].map(|_| random.below(1 << 16) as u16 as i16);
        for entries in [1, 2, 16, 40] {
            let centres: Vec<[Pair; SIDE]> = (0..entries).map(|_| [0; SIDE].map(|_| any())).collect();
            let mut points: Vec<Pair> = (0..entries * 32).map(|_| any()).collect();
            // The one product that does not fit: it turns round, as it does everywhere.
            points[0] = [i16::MIN; 2];
            for level in Level::here() {
                Pair::run(level, Products(&centres, &points));
                #[cfg(target_arch = "x86_64")]
                if let Level::Avx512(isa) = level {
                    Products(&centres, &points).run::<_, SIDE, 32>(isa);
                }
            }
        }
    }

    /// The furthest that any score is off, as a share of what is allowed.
    fn worst<T: Real>(points: &[T], centres: &[T], d: usize) -> f64 {
        let half_square = |x: &[T]| T::from_f64(0.5 * x.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>());
        let half_squares: Vec<T> = points.chunks(d).map(half_square).collect();
        let rounded = Rounded::new(points, d, &half_squares).expect("they can be rounded");
        let view = View::new(centres, centres.len() / d, d);
        let RoundedCentres { centres: packed, unit, error, .. } = rounded.centres(view).expect("they too");
        let rows = rounded.rows(0, points.len() / d);
        let mut worst = 0.0_f64;
        for (point, x) in points.chunks(d).enumerate() {
            let pairs = &rows.data[point * rows.columns..][..rows.columns];
            for (i, c) in centres.chunks(d).enumerate() {
                let panel = packed.packed[i / SIDE * rows.columns..].iter().map(|panel| panel[i % SIDE]);
                let products = panel.zip(pairs).flat_map(|(a, b)| [0, 1].map(|j| i32::from(a[j]) * i32::from(b[j])));
                let score = Pair::score(packed.half_squares[i], products.sum());
                let numbers = c.iter().zip(x).map(|(c, x)| (c.to_f64(), x.to_f64()));
                let exact = numbers.map(|(c, x)| c * (0.5 * c - x)).sum::<f64>();
                worst = worst.max((f64::from(score) - exact / unit).abs() / f64::from(error));
            }
        }
        worst
    }

    #[test]
    fn the_worst_that_can_be_is_foreseen() {
        // All are nearly half a step off, to the same side, in all dimensions of rows as long as there are.
        fn check<T: Real>() {
            for d in [20, 33, 128] {
                let root = (d as f64).sqrt();
                let whole = (LONGEST / root).floor() - 1.0;
                // The longest row says what a step is; the others lie beside whole numbers of it.
                let longest = T::from_f64(whole + 0.49);
                let step = longest.to_f64() * root / LONGEST;
                let beside = T::from_f64(((longest.to_f64() / step).floor() + 0.49) * step);
                let points = [vec![longest; d], vec![beside; d]].concat();
                let worst = worst(&points, &points, d);
                assert!((0.3..=1.0).contains(&worst), "{d} dimensions: {worst} of what is allowed");
            }
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn scores_are_off_by_no_more_than_they_say() {
        let mut random = Random::new(Seed::from(6));
        for (d, size, centre) in [(17, 1.0, 1.0), (32, 1e-9, 1e-12), (33, 1e6, 1e-3), (64, 3.0, 100.0), (128, 0.1, 0.0)]
        {
            let mut numbers =
                |count: usize, size: f64| -> Vec<f64> { (0..count).map(|_| random.normal() * size).collect() };
            let (points, centres) = (numbers(40 * d, size), numbers(11 * d, centre));
            let worst = worst(&points, &centres, d);
            assert!(worst <= 1.0, "{d} dimensions: {worst} of what is allowed");
            // A bound that says nothing would hold as well.
            assert!(centre < size || worst > 0.01, "{d} dimensions: {worst} of what is allowed");
        }
    }

    #[test]
    fn what_cannot_be_rounded_is_left_as_it_is() {
        let none = |points: &[f32], d: usize| {
            let half_squares: Vec<f32> = points.chunks(d).map(|x| 0.5 * x.iter().map(|x| x * x).sum::<f32>()).collect();
            Rounded::new(points, d, &half_squares).is_none()
        };
        assert!(none(&[1.0; 32], 16)); // no longer than a line
        assert!(none(&[0.0; 40], 20));
        assert!(none(&[1e30; 40], 20));
        assert!(none(&[1e-30; 40], 20));
        assert!(!none(&[1.0; 40], 20));
        let rounded = Rounded::new(&[1.0; 40], 20, &[10.0; 2]).expect("they can be rounded");
        for (size, can) in [(1e200, false), (f64::NAN, true), (0.0, true)] {
            assert_eq!(rounded.centres(View::new(&[size; 20], 1, 20)).is_some(), can, "centres of {size}");
        }
    }
}
