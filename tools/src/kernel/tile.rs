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

/// The left side of a block, packed for tiles of so many rows.
#[derive(Clone, Copy)]
pub(super) enum Left<'a, T, const MR: usize> {
    /// A panel of `MR` rows for each tile, column by column.
    Panels(&'a [[T; MR]]),
    /// Row by row, with zeros to the end of the last tile: to copy rows costs less than to turn them.
    Rows(&'a [[T; ROW]]),
}

/// The length of a packed row: a line of the cache more than a block is deep, so that the rows of a tile lie in different sets of
/// the cache.
pub(super) const ROW: usize = DEPTH + 16;

/// Multiplies packed numbers into a block of the result.
#[inline(always)]
pub(super) fn block<T: Real, I: Isa, const MR: usize, const NR: usize>(
    a: Left<'_, T, MR>,
    b: &[[T; NR]],
    depth: usize,
    target: &mut Target<'_, T>,
) {
    // The attributes matter: a closure by itself is compiled for every machine of the target.
    match a {
        Left::Panels(a) => tiles::<T, MR, NR, _>(
            b,
            depth,
            target,
            a.chunks_exact(depth),
            #[inline(always)]
            |a, b| multiply::<T, I, MR, NR>(a.iter(), b),
        ),
        Left::Rows(a) => tiles::<T, MR, NR, _>(
            b,
            depth,
            target,
            a.chunks_exact(MR),
            #[inline(always)]
            |a, b| multiply_rows::<T, I, MR, NR>(a, b),
        ),
    }
}

#[inline(always)]
fn tiles<T: Real, const MR: usize, const NR: usize, A>(
    b: &[[T; NR]],
    depth: usize,
    target: &mut Target<'_, T>,
    a: impl Iterator<Item = A> + Clone,
    multiply: impl Fn(A, &[[T; NR]]) -> [[T; NR]; MR],
) {
    for (j, b) in b.chunks_exact(depth).enumerate() {
        let column = j * NR;
        for (i, a) in a.clone().enumerate() {
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
            let tile = multiply(a, b);
            write(&tile, target, row, column);
        }
    }
}

/// One statement a row: a loop of this many steps would not be unrolled, and its sums would lie in memory.
macro_rules! rows {
    ($sums:ident, $row:ident => $a:expr, $b:ident: $($i:literal)*) => {
        $(if $i < MR {
            let $row: usize = $i;
            let (sums, a) = (&mut $sums[$i], $a);
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
        rows!(sums, i => a[i], b: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
    }
    sums
}

/// The same for a left side that lies row by row.
#[inline(always)]
fn multiply_rows<T: Real, I: Isa, const MR: usize, const NR: usize>(a: &[[T; ROW]], b: &[[T; NR]]) -> [[T; NR]; MR] {
    const { assert!(MR <= 14, "more rows than are written out") };
    assert!(a.len() == MR && b.len() <= ROW, "a tile of {MR} rows");
    let mut sums = [[T::ZERO; NR]; MR];
    for (k, b) in b.iter().enumerate() {
        rows!(sums, i => a[i][k], b: 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
    }
    sums
}

/// Puts a tile where it belongs, from that row and column of the target on; what is beyond the target is left out.
#[inline(always)]
pub(super) fn write<T: Real, const MR: usize, const NR: usize>(
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
