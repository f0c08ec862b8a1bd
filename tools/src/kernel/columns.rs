//! Products of some of the columns of a table, which are gathered on the way.

use std::ops::Range;

use super::{
    gram::{PARTS, sum_of_parts},
    level::{Isa, Level},
    pack::{LINE, panels},
    prefetch::{prefetch, prefetch_far},
    real::Real,
    tile::{self, DEPTH, Job, Target},
    view::View,
};

/// The inner products of the first `first` of the columns `named` of `x` with all of them, after `shift` (one number for
/// each column of `x`) is taken off: `first` rows of `named.len()` numbers. What would stand below the diagonal may not be
/// there.
///
/// Rows are read once, and in their order. Of a table that is larger than the cache, this is what takes time: rows are
/// asked for while those before them are multiplied.
///
/// # Panics
/// When the shapes do not fit, or the columns of `x` are not beside each other.
pub(crate) fn column_products<T: Real>(x: View<'_, T>, shift: &[T], named: &[usize], first: usize) -> Vec<T> {
    assert_eq!((x.column_stride, x.columns), (1, shift.len()), "rows one after the other, and one number a column");
    assert!(first <= named.len() && named.iter().all(|j| *j < x.columns), "columns of the table");
    T::tiled(Level::best(), Columns { x, shift, named, first })
}

struct Columns<'a, T> {
    x: View<'a, T>,
    shift: &'a [T],
    named: &'a [usize],
    first: usize,
}

/// Bytes of what is read, or gathered, at a time: half of a second cache.
const BLOCK: usize = 1 << 18;
/// The least rows of a block: with fewer, writing the sums takes longer than taking them.
const SHALLOW: usize = 64;

impl<T: Real> Job<T> for Columns<'_, T> {
    type Output = Vec<T>;

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) -> Vec<T> {
        let (n, width) = (self.x.rows, self.named.len());
        // So that the parts of the result together take at most a quarter of what the table takes.
        let least = (4 * width).max(2 * DEPTH);
        let part = n.div_ceil(n.div_ceil(least).clamp(1, PARTS)).max(1);
        sum_of_parts(n, part, self.first * width, |rows| self.part::<I, MR, NR>(rows, isa))
    }
}

impl<T: Real> Columns<'_, T> {
    /// The products over some of the rows.
    fn part<I: Isa, const MR: usize, const NR: usize>(&self, rows: Range<usize>, isa: I) -> Vec<T> {
        let (width, first) = (self.named.len(), self.first);
        let mut c = vec![T::ZERO; first * width];
        // Whole panels: what comes of the places beyond the last is not written.
        let padded = first.next_multiple_of(MR).max(width.next_multiple_of(NR));
        let places: Vec<usize> = self.named.iter().copied().cycle().take(padded).collect();
        let shift: Vec<T> = places.iter().map(|j| self.shift[*j]).collect();
        let lines = self.lines();
        // Blocks of the same depth, as far as that is possible, that stay in the second cache.
        let most = (BLOCK / (size_of::<T>() * width).max(LINE * lines.len()).max(1)).clamp(SHALLOW, DEPTH);
        let deep = rows.len().div_ceil(rows.len().div_ceil(most));
        T::with_memory(|a_memory| {
            T::with_memory(|b_memory| {
                for start in rows.clone().step_by(deep) {
                    let block = start..rows.end.min(start + deep);
                    let depth = block.len();
                    // Perhaps those of another part, which is likely the next.
                    let next = block.end..self.x.rows.min(block.end + deep);
                    let a = panels::<T, MR>(a_memory, first, depth);
                    let b = panels::<T, NR>(b_memory, width, depth);
                    let beta = if start == rows.start { T::ZERO } else { T::ONE };
                    isa.call(
                        #[inline(always)]
                        || {
                            for (k, row) in block.enumerate() {
                                // From the second cache, where they wait, to the first.
                                let soon = self.x.at(row + 1, 0);
                                for line in &lines {
                                    prefetch(self.x.data, soon + line);
                                }
                                let row = &self.x.data[self.x.at(row, 0)..][..self.x.columns];
                                gather(row, &places, &shift, a.iter_mut().skip(k).step_by(depth));
                                gather(row, &places, &shift, b.iter_mut().skip(k).step_by(depth));
                            }
                            self.multiply::<I, MR, NR>((a, b, depth), beta, (next, &lines), &mut c);
                        },
                    );
                }
            });
        });
        c
    }

    /// Multiplies the panels of a block tile by tile, and asks for some of the next rows in each step of it.
    #[inline(always)]
    fn multiply<I: Isa, const MR: usize, const NR: usize>(
        &self,
        (a, b, depth): (&[[T; MR]], &[[T; NR]], usize),
        beta: T,
        (next, lines): (Range<usize>, &[usize]),
        c: &mut [T],
    ) {
        let (width, first) = (self.named.len(), self.first);
        // About as many tiles as touch the upper triangle.
        let tiles = first.div_ceil(MR) * (width - first / 2).div_ceil(NR);
        let (steps, all) = (tiles * depth, next.len() * lines.len());
        let (mut start, mut line, mut due) = (self.x.at(next.start, 0), 0, 0);
        for (b, column) in b.chunks_exact(depth).zip((0..).step_by(NR)) {
            for (a, row) in a.chunks_exact(depth).zip((0..column + NR).step_by(MR)) {
                let a = a.iter().inspect(
                    #[inline(always)]
                    |_| {
                        due += all;
                        while due >= steps {
                            due -= steps;
                            if line == lines.len() {
                                (start, line) = (start + self.x.row_stride, 0);
                            }
                            prefetch_far(self.x.data, start + lines[line]);
                            line += 1;
                        }
                    },
                );
                let tile = tile::multiply::<T, I, MR, NR>(a, b);
                let (data, rows, columns) = (&mut c[row * width + column..], first - row, width - column);
                let target = &mut Target { data, stride: width, rows, columns, beta, upper: None };
                tile::write(&tile, target, 0, 0);
            }
        }
    }

    /// Where in a row the lines of the cache begin that are needed of it.
    fn lines(&self) -> Vec<usize> {
        let line = LINE / size_of::<T>();
        let mut lines: Vec<usize> = self.named.iter().map(|j| j / line * line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

/// Writes some numbers of a row, less their shift, as many at a time as a panel is wide.
#[inline(always)]
fn gather<'p, T: Real, const R: usize>(
    row: &[T],
    places: &[usize],
    shift: &[T],
    panels: impl Iterator<Item = &'p mut [T; R]>,
) {
    for ((to, places), shift) in panels.zip(places.as_chunks::<R>().0).zip(shift.as_chunks::<R>().0) {
        *to = std::array::from_fn(
            #[inline(always)]
            |i| row[places[i]] - shift[i],
        );
    }
}
