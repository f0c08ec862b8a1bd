//! Copies blocks of a matrix into the order in which the innermost loop reads them.

use std::ops::Range;

use super::{real::Real, view::View};

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
/// `shift`, one a row of the view, and `column_shift`, one a column, are taken off first.
pub(super) fn pack<T: Real, const R: usize>(
    view: View<'_, T>,
    rows: Range<usize>,
    depth: Range<usize>,
    change: Change<'_, T>,
    packed: &mut [[T; R]],
) {
    let deep = depth.len();
    for (panel, first) in packed.chunks_exact_mut(deep).zip(rows.clone().step_by(R)) {
        let count = R.min(rows.end - first);
        if view.row_stride == 1 && count == R {
            for (to, k) in panel.iter_mut().zip(depth.clone()) {
                let at = view.at(first, k);
                to.copy_from_slice(&view.data[at..at + R]);
            }
        } else {
            if count < R {
                panel.fill([T::ZERO; R]);
            }
            for i in 0..count {
                gather(view, first + i, depth.clone(), i, panel);
            }
        }
        if let Some(shift) = change.shift {
            let shift = &shift[first..first + count];
            for to in panel.iter_mut() {
                to.iter_mut().zip(shift).for_each(|(x, shift)| *x -= *shift);
            }
        }
        if let Some(shift) = change.column_shift {
            for (to, &shift) in panel.iter_mut().zip(&shift[depth.clone()]) {
                to.iter_mut().for_each(|x| *x -= shift);
            }
        }
    }
}

/// Writes one row into place `i` of the panel's entries.
fn gather<T: Real, const R: usize>(view: View<'_, T>, row: usize, depth: Range<usize>, i: usize, panel: &mut [[T; R]]) {
    if view.column_stride == 1 {
        let at = view.at(row, depth.start);
        for (to, x) in panel.iter_mut().zip(&view.data[at..at + depth.len()]) {
            to[i] = *x;
        }
    } else {
        for (to, k) in panel.iter_mut().zip(depth) {
            to[i] = view.data[view.at(row, k)];
        }
    }
}

/// As many panels as needed, of memory that has been used before; they begin with a line of the cache, because loads
/// across two lines take twice as long.
pub(super) fn panels<T: Real, const R: usize>(memory: &mut Vec<T>, rows: usize, depth: usize) -> &mut [[T; R]] {
    const LINE: usize = 64;
    let entries = rows.div_ceil(R) * depth;
    let needed = entries * R + LINE / size_of::<T>();
    if memory.len() < needed {
        memory.resize(needed, T::ZERO);
    }
    // Where it cannot be told, any place will do.
    let skip = memory.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
    &mut memory[skip..].as_chunks_mut::<R>().0[..entries]
}
