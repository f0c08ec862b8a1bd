//! The product of two matrices.

use rayon::prelude::*;

use super::{
    level::{Isa, Level},
    pack::{Change, pack, pack_rows, panels},
    real::Real,
    tile::{self, DEPTH, Job, Left, Target},
    view::View,
};

/// `c = a b + beta c`, where `c` has as many rows as `a` and as many columns as `b`, row after row; its entries are not
/// read when `beta` is 0.
///
/// Each entry is one chain of multiply-adds over at most 384 products, and the chains are added in order. Works on all
/// threads of rayon's current pool when there is enough to do.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn matmul<T: Real>(a: View<'_, T>, b: View<'_, T>, c: &mut [T], beta: T) {
    multiply(Product { a, shift: None, b, c, beta });
}

/// The product of `b` with `a` after `shift` is taken off each row of `a`; see [`matmul`].
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn shifted_matmul<T: Real>(a: View<'_, T>, shift: &[T], b: View<'_, T>, c: &mut [T]) {
    assert_eq!(shift.len(), a.columns, "one number a column");
    multiply(Product { a, shift: Some(shift), b, c, beta: T::ZERO });
}

fn multiply<T: Real>(product: Product<'_, '_, T>) {
    let Product { a, b, c, beta, .. } = &product;
    assert_eq!(a.columns, b.rows, "the left side has another number of columns than the right side rows");
    assert_eq!(c.len(), a.rows * b.columns, "the result has another size");
    if c.is_empty() {
        return;
    }
    if a.columns == 0 {
        let beta = *beta;
        product.c.iter_mut().for_each(|c| *c = if beta == T::ZERO { T::ZERO } else { *c * beta });
        return;
    }
    T::tiled(Level::best(), product);
}

struct Product<'a, 'c, T> {
    a: View<'a, T>,
    /// Taken off each row of `a`.
    shift: Option<&'a [T]>,
    b: View<'a, T>,
    c: &'c mut [T],
    beta: T,
}

/// A block of the left side, packed, stays in the second cache: this many rows of `DEPTH` numbers.
pub(super) const ROWS: usize = 192;
/// A block of the right side, packed, stays in the third.
pub(super) const COLUMNS: usize = 2048;
/// Fewer products are not worth a second thread.
pub(super) const SMALL: usize = 1 << 21;

impl<T: Real> Job<T> for Product<'_, '_, T> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Product { a, shift, b, c, beta } = self;
        let change = Change { column_shift: shift, ..Change::default() };
        let (rows, columns) = (a.rows, b.columns);
        let threads = if rows * columns * a.columns < SMALL { 1 } else { rayon::current_num_threads() };
        let rows_at_once = split(rows, MR, threads);
        T::with_memory(|memory| {
            for left in (0..columns).step_by(COLUMNS) {
                let right = columns.min(left + COLUMNS);
                for start in (0..a.columns).step_by(DEPTH) {
                    let depth = start..a.columns.min(start + DEPTH);
                    let b_packed = panels::<T, NR>(memory, right - left, depth.len());
                    pack(isa, b.t(), left..right, depth.clone(), Change::default(), b_packed);
                    let b_packed = &*b_packed;
                    let beta = if start == 0 { beta } else { T::ONE };
                    let strip = |(i, c): (usize, &mut [T])| {
                        let top = i * rows_at_once;
                        let count = c.len() / columns;
                        let data = &mut c[left..];
                        let mut target =
                            Target { data, stride: columns, rows: count, columns: right - left, beta, upper: None };
                        T::with_memory(|memory| {
                            let rows = top..top + count;
                            let a_packed = if a.column_stride == 1 {
                                Left::Rows(pack_rows(a, rows, depth.clone(), MR, shift, memory))
                            } else {
                                let a_packed = panels::<T, MR>(memory, count, depth.len());
                                pack(isa, a, rows, depth.clone(), change, a_packed);
                                Left::Panels(a_packed)
                            };
                            isa.call(
                                #[inline(always)]
                                || tile::block::<T, I, MR, NR>(a_packed, b_packed, depth.len(), &mut target),
                            );
                        });
                    };
                    if threads == 1 {
                        c.chunks_mut(rows_at_once * columns).enumerate().for_each(strip);
                    } else {
                        c.par_chunks_mut(rows_at_once * columns).enumerate().for_each(strip);
                    }
                }
            }
        });
    }
}

/// How many rows a task takes: whole tiles, at most `ROWS`, and tasks for all threads if there are enough tiles.
pub(super) fn split(rows: usize, tile: usize, threads: usize) -> usize {
    let tiles = rows.div_ceil(tile);
    let tasks = rows.div_ceil(ROWS).next_multiple_of(threads);
    tiles.div_ceil(tasks) * tile
}
