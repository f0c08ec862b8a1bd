//! The product of a matrix with its own transpose, of which only half has to be computed.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    level::{Isa, Level},
    matmul::{COLUMNS, SMALL, split},
    pack::{Change, pack, panels},
    real::Real,
    tile::{self, DEPTH, Job, Left, Target},
    turn::turn,
    view::View,
    zeros::zeros,
};

/// `x' x`: all inner products of the columns of `x`, row after row. For those of the rows, give `x.t()`.
pub(crate) fn gram<T: Real>(x: View<'_, T>) -> Vec<T> {
    T::tiled(Level::best(), Gram { x, shift: None })
}

/// The gram matrix of `x` after `shift` is taken off each row: with the means of the columns, the scatter matrix.
///
/// # Panics
/// When `shift` has not as many numbers as `x` columns.
pub(crate) fn shifted_gram<T: Real>(x: View<'_, T>, shift: &[T]) -> Vec<T> {
    assert_eq!(shift.len(), x.columns, "one number a column");
    T::tiled(Level::best(), Gram { x, shift: Some(shift) })
}

struct Gram<'a, T> {
    x: View<'a, T>,
    shift: Option<&'a [T]>,
}

/// More columns: the result is large, and threads share it instead of the rows.
const WIDE: usize = 640;
/// How many rows are packed at a time.
const DEEP: usize = 192;
/// Into how many parts, at most, the rows are split. Fixed, so that the sum of the parts does not depend on the threads.
pub(super) const PARTS: usize = 16;

impl<T: Real> Job<T> for Gram<'_, T> {
    type Output = Vec<T>;

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) -> Vec<T> {
        let d = self.x.columns;
        let mut c = if d > WIDE { self.wide::<I, MR, NR>(isa) } else { self.tall::<I, MR, NR>(isa) };
        mirror(&mut c, d, isa);
        c
    }
}

impl<T: Real> Gram<'_, T> {
    /// Few columns, many rows: each part of the rows gives a whole result, and these are added up in order.
    fn tall<I: Isa, const MR: usize, const NR: usize>(&self, isa: I) -> Vec<T> {
        let (n, d) = (self.x.rows, self.x.columns);
        let part = n.div_ceil(PARTS).next_multiple_of(DEPTH).max(4 * DEPTH);
        sum_of_parts(n, part, d * d, |rows| self.rows::<I, MR, NR>(rows.start, rows.end, isa))
    }

    /// The upper triangle over some of the rows.
    fn rows<I: Isa, const MR: usize, const NR: usize>(&self, from: usize, to: usize, isa: I) -> Vec<T> {
        let d = self.x.columns;
        let mut c = vec![T::ZERO; d * d];
        T::with_memory(|a_memory| {
            T::with_memory(|b_memory| {
                T::with_memory(|x_memory| {
                    for start in (from..to).step_by(DEEP) {
                        let deep = DEEP.min(to - start);
                        let across = self.block(start, deep, x_memory).t();
                        let a = panels::<T, MR>(a_memory, d, deep);
                        pack(isa, across, 0..d, 0..deep, Change::default(), a);
                        let b = panels::<T, NR>(b_memory, d, deep);
                        pack(isa, across, 0..d, 0..deep, Change::default(), b);
                        let beta = if start == from { T::ZERO } else { T::ONE };
                        let mut target =
                            Target { data: &mut c, stride: d, rows: d, columns: d, beta, upper: Some((0, 0)) };
                        isa.call(
                            #[inline(always)]
                            || tile::block::<T, I, MR, NR>(Left::Panels(a), b, deep, &mut target),
                        );
                    }
                });
            });
        });
        c
    }

    /// Some rows, less the shift: one copy that reads memory in order, for both sides of the product.
    fn block<'m>(&'m self, start: usize, deep: usize, memory: &'m mut Vec<T>) -> View<'m, T> {
        let (x, d) = (self.x, self.x.columns);
        let Some(shift) = self.shift else {
            return View { data: &x.data[x.at(start, 0)..], rows: deep, ..x };
        };
        memory.resize(deep * d, T::ZERO);
        for (k, to) in memory.chunks_exact_mut(d.max(1)).enumerate() {
            let row = &x.data[x.at(start + k, 0)..];
            if x.column_stride == 1 {
                to.iter_mut().zip(row).zip(shift).for_each(|((to, x), shift)| *to = *x - *shift);
            } else {
                let row = row.iter().step_by(x.column_stride);
                to.iter_mut().zip(row).zip(shift).for_each(|((to, x), shift)| *to = *x - *shift);
            }
        }
        View::new(memory, deep, d)
    }

    /// Many columns: as a product of two matrices, without the tiles below the diagonal.
    fn wide<I: Isa, const MR: usize, const NR: usize>(&self, isa: I) -> Vec<T> {
        let (n, d) = (self.x.rows, self.x.columns);
        let mut c = zeros(d * d);
        let across = self.x.t();
        let rows_at_once = split(d, MR, rayon::current_num_threads());
        T::with_memory(|memory| {
            for left in (0..d).step_by(COLUMNS) {
                let right = d.min(left + COLUMNS);
                for start in (0..n).step_by(DEPTH) {
                    let depth = start..n.min(start + DEPTH);
                    let b = panels::<T, NR>(memory, right - left, depth.len());
                    pack(isa, across, left..right, depth.clone(), Change { shift: self.shift, ..Change::default() }, b);
                    let b = &*b;
                    let beta = if start == 0 { T::ZERO } else { T::ONE };
                    // Rows from `right` on lie below the diagonal.
                    c[..right * d].par_chunks_mut(rows_at_once * d).enumerate().for_each(|(i, c)| {
                        let (top, count) = (i * rows_at_once, c.len() / d);
                        let upper = Some((top, left));
                        let data = &mut c[left..];
                        let mut target = Target { data, stride: d, rows: count, columns: right - left, beta, upper };
                        T::with_memory(|memory| {
                            let a = panels::<T, MR>(memory, count, depth.len());
                            pack(
                                isa,
                                across,
                                top..top + count,
                                depth.clone(),
                                Change { shift: self.shift, ..Change::default() },
                                a,
                            );
                            isa.call(
                                #[inline(always)]
                                || tile::block::<T, I, MR, NR>(Left::Panels(a), b, depth.len(), &mut target),
                            );
                        });
                    });
                }
            }
        });
        c
    }
}

/// Adds up, in order, what `sum` gives for each `part` of the rows: `size` numbers, each with one product a row.
pub(super) fn sum_of_parts<T: Real>(
    rows: usize,
    part: usize,
    size: usize,
    sum: impl Fn(Range<usize>) -> Vec<T> + Sync,
) -> Vec<T> {
    let starts: Vec<usize> = (0..rows).step_by(part).collect();
    let sum = |start: &usize| sum(*start..rows.min(start + part));
    let sums: Vec<Vec<T>> =
        if rows * size < SMALL { starts.iter().map(sum).collect() } else { starts.par_iter().map(sum).collect() };
    let mut sums = sums.into_iter();
    let mut total = sums.next().unwrap_or_else(|| vec![T::ZERO; size]);
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
    }
    total
}

/// Copies what lies above the diagonal of a square matrix to below it.
///
/// In squares whose sides are a line of the cache, so that each line is read and written once.
fn mirror<T: Real, I: Isa>(c: &mut [T], size: usize, isa: I) {
    const ROWS: usize = 16 * SIDE;
    for top in (0..size).step_by(ROWS) {
        let bottom = size.min(top + ROWS);
        let (above, below) = c.split_at_mut(top * size);
        let below = &mut below[..(bottom - top) * size];
        // The squares left of the block on the diagonal.
        let copy = |(i, rows): (usize, &mut [T])| {
            let first = top + i * SIDE;
            isa.call(
                #[inline(always)]
                || (0..top).step_by(SIDE).for_each(|left| mirror_square(above, (left, first), rows, size, isa)),
            );
        };
        if size < ROWS {
            below.chunks_mut(SIDE * size).enumerate().for_each(copy);
        } else {
            below.par_chunks_mut(SIDE * size).enumerate().for_each(copy);
        }
        for i in 1..bottom - top {
            for j in 0..i {
                below[i * size + top + j] = below[j * size + top + i];
            }
        }
    }
}

/// The side of the squares that are mirrored one by one.
const SIDE: usize = 16;

/// Mirrors the square whose first row and column in the whole are `(left, first)`; `rows` are those from `first` on.
#[inline(always)]
fn mirror_square<T: Real, I: Isa>(above: &[T], (left, first): (usize, usize), rows: &mut [T], size: usize, isa: I) {
    let count = rows.len() / size;
    let mut square = [[T::ZERO; SIDE]; SIDE];
    turn(
        #[inline(always)]
        |j| &above[(left + j) * size + first..][..count],
        &mut square[..count],
        isa,
    );
    for (row, square) in rows.chunks_exact_mut(size).zip(&square) {
        row[left..left + SIDE].copy_from_slice(square);
    }
}
