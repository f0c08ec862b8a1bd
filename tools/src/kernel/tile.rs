//! The innermost loop of a matrix product: a small tile of the result that stays in registers.

use super::{level::Isa, prefetch::prefetch, real::Real};

/// Work that is compiled for a size of tile.
pub(crate) trait Job<T> {
    /// What it gives.
    type Output;

    /// Does it with tiles of `MR` by `NR`.
    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) -> Self::Output;
}

/// How deep a block of a product is: a sum is taken over this many entries and then added to the result.
pub(super) const DEPTH: usize = 384;

/// Where a block of the result lies in memory.
pub(super) struct Target<'a, T> {
    /// From the first entry of the block on.
    pub(super) data: &'a mut [T],
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// What the old entries are multiplied by; they are not read when it is 0.
    pub(super) beta: T,
    /// If given, tiles that lie below the diagonal are left out: the block's first row and column in the whole.
    pub(super) upper: Option<(usize, usize)>,
}

/// Multiplies packed panels into a block of the result.
#[inline(always)]
pub(super) fn block<T: Real, I: Isa, const MR: usize, const NR: usize>(
    a: &[[T; MR]],
    b: &[[T; NR]],
    depth: usize,
    target: &mut Target<'_, T>,
) {
    for (j, b) in b.chunks_exact(depth).enumerate() {
        let column = j * NR;
        for (i, a) in a.chunks_exact(depth).enumerate() {
            let row = i * MR;
            if target.upper.is_some_and(|(top, left)| top + row >= left + column + NR) {
                break;
            }
            // The result comes from memory, and takes as long as a tile does.
            for i in row..target.rows.min(row + MR) {
                let start = i * target.stride + column;
                prefetch(target.data, start);
                prefetch(target.data, start + NR - 1);
            }
            let tile = multiply::<T, I, MR, NR>(a.iter(), b);
            write(&tile, target, row, column);
        }
    }
}

/// One statement a row: a loop of this many steps would not be unrolled, and its sums would lie in memory.
macro_rules! rows {
    ($sums:ident, $a:ident, $b:ident: $($i:literal)*) => {
        $(if $i < MR {
            let (sums, a) = (&mut $sums[$i], $a[$i]);
            for j in 0..NR {
                sums[j] = T::fma::<I>(a, $b[j], sums[j]);
            }
        })*
    };
}

/// `MR` by `NR` sums over the depth of two panels.
#[inline(always)]
pub(super) fn multiply<'a, T: Real, I: Isa, const MR: usize, const NR: usize>(
    a: impl Iterator<Item = &'a [T; MR]>,
    b: &[[T; NR]],
) -> [[T; NR]; MR] {
    const { assert!(MR <= 14, "more rows than are written out") };
    let mut sums = [[T::ZERO; NR]; MR];
    for (a, b) in a.zip(b) {
        rows!(sums, a, b: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
    }
    sums
}

#[inline(always)]
fn write<T: Real, const MR: usize, const NR: usize>(
    tile: &[[T; NR]; MR],
    target: &mut Target<'_, T>,
    row: usize,
    column: usize,
) {
    let (rows, columns) = (MR.min(target.rows - row), NR.min(target.columns - column));
    for (i, sums) in tile.iter().enumerate().take(rows) {
        let at = (row + i) * target.stride + column;
        if columns == NR {
            let (whole, _) = target.data[at..at + NR].as_chunks_mut::<NR>();
            // Out of memory and back as a whole: entry by entry it would not be vectorised.
            let mut row = whole[0];
            merge(&mut row, sums, target.beta);
            whole[0] = row;
        } else {
            merge(&mut target.data[at..at + columns], sums, target.beta);
        }
    }
}

#[inline(always)]
fn merge<T: Real>(to: &mut [T], sums: &[T], beta: T) {
    if beta == T::ZERO {
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = *sum);
    } else if beta == T::ONE {
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to += *sum);
    } else {
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = *to * beta + *sum);
    }
}
