//! A matrix that lies in somebody else's memory.

/// Numbers seen as a matrix: entry `(i, j)` is `data[i * row_stride + j * column_stride]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

impl<'a, T: Copy> View<'a, T> {
    /// Row after row.
    ///
    /// # Panics
    /// When the data are shorter than `rows * columns`.
    pub(crate) fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Row after row, each `row_stride` numbers after the one before.
    ///
    /// # Panics
    /// When the data are too short.
    pub(crate) fn strided(data: &'a [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        let view = View { data, rows, columns, row_stride, column_stride: 1 };
        if rows > 0 && columns > 0 {
            let last = view.at(rows - 1, columns - 1);
            assert!(last < data.len(), "a view of {rows} by {columns} needs more than {} numbers", data.len());
        }
        view
    }

    /// The transpose, which is another way to look at the same numbers.
    pub(crate) fn t(self) -> Self {
        View {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Where an entry lies in the data.
    #[inline(always)]
    pub(super) fn at(&self, i: usize, j: usize) -> usize {
        i * self.row_stride + j * self.column_stride
    }
}
