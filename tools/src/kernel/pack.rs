//! Copies blocks of a matrix into the order in which the innermost loop reads them.

use std::ops::Range;

use super::{level::Isa, real::Real, tile::ROW, turn::turn, view::View};

/// What to change on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change<'a, T> {
    pub(super) shift: Option<&'a [T]>,
    pub(super) column_shift: Option<&'a [T]>,
}

/// Packs the rows `rows` of a view, `R` at a time: first the `R` numbers of the first column of `depth`, then those of
/// the second, and so on. The last rows are filled up with zeros. For the right-hand side of a product, pack the
/// transpose.
///
/// `shift`, one a row of the view, and `column_shift`, one a column, are taken off on the way.
pub(super) fn pack<T: Real, I: Isa, const R: usize>(
    isa: I,
    view: View<'_, T>,
    rows: Range<usize>,
    depth: Range<usize>,
    change: Change<'_, T>,
    packed: &mut [[T; R]],
) {
    isa.call(
        #[inline(always)]
        || {
            let deep = depth.len();
            // Columns that lie one after the other are taken a few at a time for all panels: what is beside each
            // other in memory is read once.
            let stretch = if view.row_stride == 1 { FEW } else { deep };
            for from in (0..deep).step_by(stretch.max(1)) {
                let to = deep.min(from + stretch);
                let columns = depth.start + from..depth.start + to;
                for (panel, first) in packed.chunks_exact_mut(deep).zip(rows.clone().step_by(R)) {
                    let block = Block { view, first, count: R.min(rows.end - first), columns: columns.clone() };
                    block.write(change, &mut panel[from..to], isa);
                }
            }
        },
    );
}

/// Packs rows that lie one after the other as they are, with zeros behind the last to the end of a tile of `tile` rows, and
/// takes `shift`, one a column of the view, off on the way.
pub(super) fn pack_rows<'m, T: Real>(
    view: View<'_, T>,
    rows: Range<usize>,
    depth: Range<usize>,
    tile: usize,
    shift: Option<&[T]>,
    memory: &'m mut Vec<T>,
) -> &'m [[T; ROW]] {
    let packed = panels::<T, ROW>(memory, rows.len().next_multiple_of(tile) * ROW, 1);
    let packed = &mut packed[..rows.len().next_multiple_of(tile)];
    let (given, rest) = packed.split_at_mut(rows.len());
    for (to, i) in given.iter_mut().zip(rows) {
        let at = view.at(i, depth.start);
        let (to, from) = (&mut to[..depth.len()], &view.data[at..at + depth.len()]);
        match shift {
            None => to.copy_from_slice(from),
            Some(shift) => {
                let shifted = from.iter().zip(&shift[depth.clone()]);
                to.iter_mut().zip(shifted).for_each(|(to, (x, shift))| *to = *x - *shift);
            }
        }
    }
    rest.iter_mut().for_each(|to| to[..depth.len()].fill(T::ZERO));
    packed
}

/// As many columns at a time.
const FEW: usize = 16;

/// Up to `R` rows, and some columns, of a view.
struct Block<'a, T> {
    view: View<'a, T>,
    first: usize,
    count: usize,
    columns: Range<usize>,
}

impl<T: Real> Block<'_, T> {
    #[inline(always)]
    fn write<I: Isa, const R: usize>(&self, change: Change<'_, T>, panel: &mut [[T; R]], isa: I) {
        if self.count == R && self.view.row_stride == 1 {
            for (k, to) in panel.iter_mut().enumerate() {
                let at = self.view.at(self.first, self.columns.start + k);
                to.copy_from_slice(&self.view.data[at..at + R]);
            }
        } else if self.count == R && self.view.column_stride == 1 {
            let row = |i: usize| {
                let at = self.view.at(self.first + i, self.columns.start);
                &self.view.data[at..at + self.columns.len()]
            };
            turn(row, panel, isa);
        } else {
            panel.fill([T::ZERO; R]);
            for (k, to) in panel.iter_mut().enumerate() {
                for (i, to) in to.iter_mut().enumerate().take(self.count) {
                    *to = self.view.data[self.view.at(self.first + i, self.columns.start + k)];
                }
            }
        }
        if let Some(shift) = change.shift {
            let shift = &shift[self.first..self.first + self.count];
            for to in panel.iter_mut() {
                to.iter_mut().zip(shift).for_each(|(x, shift)| *x -= *shift);
            }
        }
        if let Some(shift) = change.column_shift {
            for (to, shift) in panel.iter_mut().zip(&shift[self.columns.clone()]) {
                to[..self.count].iter_mut().for_each(|x| *x -= *shift);
            }
        }
    }
}

/// As many panels as needed, of memory that has been used before; they begin with a line of the cache, because loads
/// across two lines take twice as long.
pub(super) fn panels<T: Copy + Default, const R: usize>(
    memory: &mut Vec<T>,
    rows: usize,
    depth: usize,
) -> &mut [[T; R]] {
    let entries = rows.div_ceil(R) * depth;
    let needed = entries * R + LINE / size_of::<T>();
    if memory.len() < needed {
        memory.resize(needed, T::default());
    }
    let skip = line_start(memory);
    &mut memory[skip..].as_chunks_mut::<R>().0[..entries]
}

/// Bytes of a line of the cache.
pub(super) const LINE: usize = 64;

/// How many entries before a line of the cache begins; where that cannot be told, any place will do.
pub(super) fn line_start<T>(memory: &[T]) -> usize {
    memory.as_ptr().align_offset(LINE).min(LINE / size_of::<T>())
}
