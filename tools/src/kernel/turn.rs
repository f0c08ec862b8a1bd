//! Rows into columns: what packing spends its time on.
//!
//! The idea is one line, `panel[k][i] = rows[i][k]`. Left alone, the compiler makes single stores of it, or scatter
//! instructions that take as long or longer; so where there is AVX2 (AVX-512 included), squares of eight by eight (four by
//! four for `f64`) are turned in registers.

use super::{level::Isa, rounded::Pair};

/// How many rows are turned together.
pub(super) const ROWS: usize = 8;

/// What can be turned.
pub trait Turned: Copy + 'static {
    /// Turns as many whole squares of some rows as there are into a panel, from `lane` on: how many columns it did.
    #[allow(private_bounds)]
    fn turn_squares<I: Isa, const R: usize>(
        rows: &[&[Self]; ROWS],
        panel: &mut [[Self; R]],
        lane: usize,
        isa: I,
    ) -> usize;
}

/// Writes as many rows as a panel is wide into its columns: `panel[k][i] = row(i)[k]`.
#[inline(always)]
pub(super) fn turn<'a, T: Turned, I: Isa, const R: usize>(
    row: impl Fn(usize) -> &'a [T],
    panel: &mut [[T; R]],
    isa: I,
) {
    for lane in (0..R).step_by(ROWS) {
        turn_rows(
            #[inline(always)]
            |i| row(lane + i),
            panel,
            lane,
            isa,
        );
    }
}

/// The same for the lanes from `lane` on, eight at most: `panel[k][lane + i] = row(i)[k]`.
#[inline(always)]
fn turn_rows<'a, T: Turned, I: Isa, const R: usize>(
    row: impl Fn(usize) -> &'a [T],
    panel: &mut [[T; R]],
    lane: usize,
    isa: I,
) {
    let mut turned = 0;
    if lane + ROWS <= R {
        let mut rows = [&[][..]; ROWS];
        for (i, to) in rows.iter_mut().enumerate() {
            *to = &row(i)[..panel.len()];
        }
        turned = T::turn_squares(&rows, panel, lane, isa);
    }
    for i in 0..ROWS.min(R - lane) {
        for (to, x) in panel[turned..].iter_mut().zip(&row(i)[turned..]) {
            to[lane + i] = *x;
        }
    }
}

macro_rules! turned {
    ($type:ty, $side:literal, $square:ident) => {
        impl Turned for $type {
            #[inline(always)]
            #[allow(private_bounds)]
            fn turn_squares<I: Isa, const R: usize>(
                rows: &[&[Self]; ROWS],
                panel: &mut [[Self; R]],
                lane: usize,
                _: I,
            ) -> usize {
                #[cfg(target_arch = "x86_64")]
                if I::FUSED {
                    let (squares, _) = panel.as_chunks_mut::<$side>();
                    for (k, square) in (0..).step_by($side).zip(squares.iter_mut()) {
                        for i in (0..ROWS).step_by($side) {
                            // SAFETY: on this architecture only machines that have AVX2 fuse, and a value of such an
                            // instruction set is only made on one.
                            unsafe { x86::$square(&rows[i..i + $side], k, square, lane + i) };
                        }
                    }
                    return squares.len() * $side;
                }
                0
            }
        }
    };
}

turned!(f32, 8, square_32);
turned!(Pair, 8, square_32);
turned!(f64, 4, square_64);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_permute2f128_pd, _mm256_permute2f128_ps,
        _mm256_setzero_pd, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps,
    };

    /// Turns eight columns, from `k` on, of eight rows of entries of 32 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn square_32<T: super::Turned, const R: usize>(
        rows: &[&[T]],
        k: usize,
        to: &mut [[T; R]; 8],
        lane: usize,
    ) {
        const { assert!(size_of::<T>() == 4, "entries of 32 bits") };
        let mut r = [_mm256_setzero_ps(); 8];
        for (r, row) in r.iter_mut().zip(rows) {
            // SAFETY: the pointer is to eight entries of 32 bits, which are moved as they are.
            *r = unsafe { _mm256_loadu_ps(row[k..k + 8].as_ptr().cast()) };
        }
        // Pairs of neighbouring rows, then fours, in each half of a register; then the halves.
        let pairs = |a: __m256, b: __m256| (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let fours = |a: __m256, b: __m256| (_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xEE>(a, b));
        let halves =
            |a: __m256, b: __m256| (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
        let ((a0, a1), (b0, b1)) = (pairs(r[0], r[1]), pairs(r[2], r[3]));
        let ((c0, c1), (d0, d1)) = (pairs(r[4], r[5]), pairs(r[6], r[7]));
        let ((e0, e1), (e2, e3)) = (fours(a0, b0), fours(a1, b1));
        let ((f0, f1), (f2, f3)) = (fours(c0, d0), fours(c1, d1));
        let (g0, g1, g2, g3) = (halves(e0, f0), halves(e1, f1), halves(e2, f2), halves(e3, f3));
        let columns = [g0.0, g1.0, g2.0, g3.0, g0.1, g1.1, g2.1, g3.1];
        for (to, column) in to.iter_mut().zip(columns) {
            // SAFETY: the pointer is to eight entries of 32 bits, and each bit is one of theirs.
            unsafe { _mm256_storeu_ps(to[lane..lane + 8].as_mut_ptr().cast(), column) };
        }
    }

    /// Turns four columns, from `k` on, of four rows.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn square_64<const R: usize>(rows: &[&[f64]], k: usize, to: &mut [[f64; R]; 4], lane: usize) {
        let mut r = [_mm256_setzero_pd(); 4];
        for (r, row) in r.iter_mut().zip(rows) {
            // SAFETY: the pointer is to four numbers.
            *r = unsafe { _mm256_loadu_pd(row[k..k + 4].as_ptr()) };
        }
        // Pairs of neighbouring rows in each half of a register, then the halves.
        let pairs = |a: __m256d, b: __m256d| (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let halves =
            |a: __m256d, b: __m256d| (_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b));
        let ((a0, a1), (b0, b1)) = (pairs(r[0], r[1]), pairs(r[2], r[3]));
        let (even, odd) = (halves(a0, b0), halves(a1, b1));
        for (to, column) in to.iter_mut().zip([even.0, odd.0, even.1, odd.1]) {
            // SAFETY: the pointer is to four numbers.
            unsafe { _mm256_storeu_pd(to[lane..lane + 4].as_mut_ptr(), column) };
        }
    }
}
