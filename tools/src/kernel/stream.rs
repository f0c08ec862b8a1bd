//! A product of two matrices that is looked at and not kept.

use rayon::prelude::*;

use super::{
    level::{Isa, Level},
    matmul::{COLUMNS, SMALL, split},
    pack::{Change, pack, panels},
    real::Real,
    tile::{self, DEPTH, Job, Left, Target},
    view::View,
};

/// Shows every row of `a b`, a stretch at a time, to `look`: it gets what belongs to the row (one of `states` each), the
/// first column of the stretch, and its entries. Stretches of one row come in order. The entries are those of
/// [`matmul`](super::matmul()), but never more of them exist than fit into the second cache.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn rows_of_product<T: Real, S: Send>(
    a: View<'_, T>,
    b: View<'_, T>,
    states: &mut [S],
    look: impl Fn(&mut S, usize, &[T]) + Sync,
) {
    assert_eq!(a.columns, b.rows, "the left side has another number of columns than the right side rows");
    assert_eq!(states.len(), a.rows, "one state a row");
    if a.rows > 0 && a.columns > 0 && b.columns > 0 {
        T::tiled(Level::best(), Stream { a, b, states, look });
    }
}

struct Stream<'a, 's, T, S, F> {
    a: View<'a, T>,
    b: View<'a, T>,
    states: &'s mut [S],
    look: F,
}

/// How many columns are computed before they are looked at.
const STRETCH: usize = 256;

impl<T: Real, S: Send, F: Fn(&mut S, usize, &[T]) + Sync> Job<T> for Stream<'_, '_, T, S, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Stream { a, b, states, look } = self;
        let depth = a.columns;
        let threads = if a.rows * b.columns * depth < SMALL { 1 } else { rayon::current_num_threads() };
        let rows_at_once = split(a.rows, MR, threads);
        T::with_memory(|b_memory| {
            for left in (0..b.columns).step_by(COLUMNS) {
                let right = b.columns.min(left + COLUMNS);
                let across = (right - left).div_ceil(NR);
                let b_packed = panels::<T, NR>(b_memory, right - left, depth);
                for from in (0..depth).step_by(DEPTH) {
                    let deep = from..depth.min(from + DEPTH);
                    let here = &mut b_packed[from * across..deep.end * across];
                    pack(isa, b.t(), left..right, deep, Change::default(), here);
                }
                let b_packed = &*b_packed;
                let strip = |(i, states): (usize, &mut [S])| {
                    let (top, count) = (i * rows_at_once, states.len());
                    T::with_memory(|a_memory| {
                        T::with_memory(|tile_memory| {
                            tile_memory.resize(count * STRETCH, T::ZERO);
                            for start in (left..right).step_by(STRETCH) {
                                let end = right.min(start + STRETCH);
                                for from in (0..depth).step_by(DEPTH) {
                                    let deep = from..depth.min(from + DEPTH);
                                    let length = deep.len();
                                    let a_packed = panels::<T, MR>(a_memory, count, length);
                                    // With one block of depth it stays packed.
                                    if start == left || depth > DEPTH {
                                        pack(isa, a, top..top + count, deep.clone(), Change::default(), a_packed);
                                    }
                                    let first = from * across + (start - left) / NR * length;
                                    let last = first + (end - start).div_ceil(NR) * length;
                                    let mut target = Target {
                                        data: tile_memory,
                                        stride: STRETCH,
                                        rows: count,
                                        columns: end - start,
                                        beta: if from == 0 { T::ZERO } else { T::ONE },
                                        upper: None,
                                    };
                                    isa.call(
                                        #[inline(always)]
                                        || {
                                            let b = &b_packed[first..last];
                                            tile::block::<T, I, MR, NR>(Left::Panels(a_packed), b, length, &mut target);
                                        },
                                    );
                                }
                                for (state, row) in states.iter_mut().zip(tile_memory.chunks(STRETCH)) {
                                    look(state, start, &row[..end - start]);
                                }
                            }
                        });
                    });
                };
                if threads == 1 {
                    states.chunks_mut(rows_at_once).enumerate().for_each(strip);
                } else {
                    states.par_chunks_mut(rows_at_once).enumerate().for_each(strip);
                }
            }
        });
    }
}
