//! The table as trees see it: only the order of the values in a column matters, so every value is replaced by its rank
//! among the distinct values of its column, once, and no floating-point number is compared again.

use rayon::prelude::*;

/// One value of a column: its rank among the distinct values and its row, packed so that a list of them is short.
pub(crate) trait Entry: Copy + Default + Send + Sync {
    fn new(code: usize, row: usize) -> Self;
    fn code(self) -> u32;
    fn row(self) -> usize;
}

/// For tables of at most 2^16 rows.
impl Entry for u32 {
    fn new(code: usize, row: usize) -> Self {
        (code << 16 | row) as u32
    }
    #[inline(always)]
    fn code(self) -> u32 {
        self >> 16
    }
    #[inline(always)]
    fn row(self) -> usize {
        (self & 0xffff) as usize
    }
}

/// For larger tables.
impl Entry for u64 {
    fn new(code: usize, row: usize) -> Self {
        (code as u64) << 32 | row as u64
    }
    #[inline(always)]
    fn code(self) -> u32 {
        (self >> 32) as u32
    }
    #[inline(always)]
    fn row(self) -> usize {
        (self & 0xffff_ffff) as usize
    }
}

/// The columns, each in the order of its values.
pub(crate) struct Sorted<E> {
    /// Column after column, from the smallest value to the largest.
    pub(crate) entries: Vec<E>,
    /// The distinct values of each column; an entry's code is a position in here.
    pub(crate) values: Vec<Vec<f64>>,
}

impl<E: Entry> Sorted<E> {
    /// Sorts each column of a row-major table of finite numbers.
    pub(crate) fn new<T: Copy + Into<f64> + Sync>(x: &[T], columns: usize) -> Self {
        let rows = x.len() / columns;
        let mut entries = vec![E::default(); x.len()];
        let by_column = transposed(x, columns);
        let lists = entries.par_chunks_mut(rows).zip(by_column.par_chunks(rows));
        let values = lists.map(|(entries, column)| sort_column(column, entries)).collect();
        Sorted { entries, values }
    }
}

/// The table column after column. Adding 0 makes one zero of -0 and 0.
fn transposed<T: Copy + Into<f64> + Sync>(x: &[T], columns: usize) -> Vec<f64> {
    let rows = x.len() / columns;
    let mut by_column = vec![0.0; x.len()];
    // A few columns at a time, so that a line of the cache that was read is used before it is gone.
    by_column.par_chunks_mut(rows * 16).enumerate().for_each(|(i, some)| {
        for (row, values) in x.chunks_exact(columns).enumerate() {
            let values = &values[i * 16..];
            for (j, value) in values.iter().enumerate().take(some.len() / rows) {
                some[j * rows + row] = (*value).into() + 0.0;
            }
        }
    });
    by_column
}

/// Sorts one column into `entries` and gives its distinct values.
fn sort_column<E: Entry>(column: &[f64], entries: &mut [E]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::new();
    let mut place = |entry: &mut E, value: f64, row: usize| {
        if values.last() != Some(&value) {
            values.push(value);
        }
        *entry = E::new(values.len() - 1, row);
    };
    // Most tables hold numbers of single precision, and those fit into one word together with their row.
    if column.iter().all(|value| f64::from(*value as f32) == *value) {
        let key = |(value, row): (&f64, u64)| u64::from(ordered32(*value as f32)) << 32 | row;
        let mut keys: Vec<u64> = column.iter().zip(0..).map(key).collect();
        sort_high_words(&mut keys);
        let value = |key: u64| f64::from(unordered32((key >> 32) as u32));
        entries.iter_mut().zip(&keys).for_each(|(entry, key)| place(entry, value(*key), (key & 0xffff_ffff) as usize));
    } else {
        let mut rows: Vec<(u64, u32)> = column.iter().zip(0..).map(|(value, row)| (ordered64(*value), row)).collect();
        rows.sort_unstable();
        entries.iter_mut().zip(&rows).for_each(|(entry, (_, row))| place(entry, column[*row as usize], *row as usize));
    }
    values
}

/// The bits of a number, changed so that they are in the order of the numbers.
fn ordered32(x: f32) -> u32 {
    let bits = x.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered32(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

fn ordered64(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Sorts by the upper half of each word, equal ones staying in order: a radix sort with three digits of 11 bits.
fn sort_high_words(keys: &mut Vec<u64>) {
    const DIGIT: u32 = 11;
    const SIZE: usize = 1 << DIGIT;
    // Below this, clearing the counters costs more than comparing.
    if keys.len() < SIZE {
        keys.sort_unstable();
        return;
    }
    let digit = |key: u64, pass: u32| (key >> (32 + pass * DIGIT)) as usize & (SIZE - 1);
    let mut counts = vec![[0_u32; SIZE]; 3];
    for &key in keys.iter() {
        (0..3).for_each(|pass| counts[pass as usize][digit(key, pass)] += 1);
    }
    let mut other = vec![0; keys.len()];
    for (pass, counts) in counts.iter_mut().enumerate() {
        let pass = pass as u32;
        if counts[digit(keys[0], pass)] as usize == keys.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &key in keys.iter() {
            let place = &mut counts[digit(key, pass)];
            other[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, &mut other);
    }
}

/// A threshold between two neighbouring values: halfway, or the lower one if no number lies between.
pub(crate) fn between(low: f64, high: f64) -> f64 {
    let middle = 0.5 * low + 0.5 * high;
    if middle >= low && middle < high { middle } else { low }
}

/// The columns with at most 256 codes each: a code is a value where there are few, and a range of values with about as
/// many rows as the other ranges where there are many.
pub(crate) struct Binned {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Column after column, one code a row.
    pub(crate) codes: Vec<u8>,
    /// For each column the thresholds between its bins: `edges[j][b]` lies above bin `b` and below bin `b + 1`.
    pub(crate) edges: Vec<Vec<f64>>,
}

impl Binned {
    /// Cuts each column of a row-major table of finite numbers into at most `bins` (2 to 256) bins.
    pub(crate) fn new<T: Copy + Into<f64> + Sync>(x: &[T], columns: usize, bins: usize) -> Self {
        let rows = x.len() / columns;
        let by_column = transposed(x, columns);
        let mut codes = vec![0; x.len()];
        let edges = codes
            .par_chunks_mut(rows)
            .zip(by_column.par_chunks(rows))
            .map(|(codes, column)| {
                let mut entries = vec![0_u64; rows];
                let values = sort_column(column, &mut entries);
                bin_column(&entries, &values, bins, codes)
            })
            .collect();
        Binned { rows, columns, codes, edges }
    }

    /// The codes row after row.
    pub(crate) fn by_row(&self) -> Vec<u8> {
        let mut by_row = vec![0; self.codes.len()];
        for (j, column) in self.codes.chunks_exact(self.rows).enumerate() {
            by_row[j..].iter_mut().step_by(self.columns).zip(column).for_each(|(place, code)| *place = *code);
        }
        by_row
    }

    pub(crate) fn column(&self, j: usize) -> &[u8] {
        &self.codes[j * self.rows..(j + 1) * self.rows]
    }
}

fn bin_column(entries: &[u64], values: &[f64], bins: usize, codes: &mut [u8]) -> Vec<f64> {
    let mut edges = Vec::new();
    let (mut bin, mut at) = (0_usize, 0);
    while at < entries.len() {
        // One bin more: enough whole values for its fair share of the rows that are left.
        let share = if values.len() <= bins { 1 } else { (entries.len() - at).div_ceil(bins - bin) };
        let start = at;
        while at < entries.len() && (at - start < share || entries[at].code() == entries[at - 1].code()) {
            at += 1;
        }
        entries[start..at].iter().for_each(|entry| codes[entry.row()] = bin as u8);
        if let Some(next) = entries.get(at) {
            edges.push(between(values[entries[at - 1].code() as usize], values[next.code() as usize]));
        }
        bin += 1;
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_a_plain_sort() {
        let mut random = crate::random::Random::new(7.into());
        for double in [false, true] {
            let x: Vec<f64> = (0..3000)
                .map(|_| {
                    // Without -0, which a plain sort puts before 0.
                    let value = (random.normal() * 50.0).round() / 8.0 + 0.0;
                    if double { value / 3.0 } else { value }
                })
                .collect();
            let sorted = Sorted::<u32>::new(&x, 1);
            let mut plain: Vec<(f64, usize)> = x.iter().copied().zip(0..).collect();
            plain.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            assert!(sorted.entries.iter().zip(&plain).all(|(entry, plain)| entry.row() == plain.1));
            assert!(sorted.entries.iter().zip(&plain).all(|(e, plain)| sorted.values[0][e.code() as usize] == plain.0));
        }
    }

    #[test]
    fn bins_follow_the_values_and_share_the_rows() {
        let x: Vec<f64> = (0..1000).map(|i| f64::from((i * 7919) % 1000)).collect();
        let binned = Binned::new(&x, 1, 10);
        let mut sizes = [0; 10];
        for (value, &code) in x.iter().zip(&binned.codes) {
            let below = binned.edges[0].iter().filter(|edge| value > edge).count();
            assert_eq!(below, usize::from(code));
            sizes[usize::from(code)] += 1;
        }
        assert_eq!(sizes, [100; 10]);
        // Few values: a bin each; one value with nearly all rows keeps a bin to itself.
        assert_eq!(Binned::new(&[3.0, 1.0, 1.0, 2.0], 1, 256).codes, [2, 0, 0, 1]);
        let heavy: Vec<f64> = (0..100).map(|i| f64::from(if i < 90 { 0 } else { i })).collect();
        assert_eq!(Binned::new(&heavy, 1, 4).edges[0], [45.0, 93.5, 96.5]);
    }

    #[test]
    fn a_threshold_lies_between() {
        assert_eq!(between(1.0, 2.0), 1.5);
        assert_eq!(between(-f64::MAX, f64::MAX), 0.0);
        let next = f64::from_bits(1.0_f64.to_bits() + 1);
        assert_eq!(between(1.0, next), 1.0);
    }
}
