//! Sums of gradients by bin: the inner loop of boosting.
//!
//! The gradient and the second derivative of a row are rounded to whole numbers and packed into the two halves of one
//! 64-bit word, so that one addition adds both. Whole numbers add up to the same in any order: threads cannot change a
//! bit, and the histogram of a node less that of one child is exactly that of the other child (LightGBM's trick, which
//! halves the work). G. Ke et al., "LightGBM", NeurIPS 2017; Y. Shi et al., "Quantized training of gradient boosting
//! decision trees", NeurIPS 2022 (there with 2 to 5 bits; here with what fits, 15 bits or more up to 2^16 rows).

use rayon::prelude::*;

use super::columns::Binned;
use crate::kernel::prefetch;

/// How many columns lie together: as many histograms fit into the first-level cache.
const WIDTH: usize = 16;

/// The bins of some columns, row after row: what a row needs lies in one piece.
struct Group {
    first: usize,
    width: usize,
    codes: Vec<[u8; WIDTH]>,
}

/// The columns of a table in groups.
pub(crate) struct Grouped {
    groups: Vec<Group>,
}

/// For each column the sums of its bins.
pub(crate) type Histogram = Vec<[i64; 256]>;

/// The largest sum of either half.
pub(crate) const LARGEST: f64 = 2_147_483_647.0;

/// How many rows ahead memory is asked for.
const AHEAD: usize = 12;

/// From this many additions on, groups are shared out among threads.
const SHARED: usize = 1 << 15;

impl Grouped {
    pub(crate) fn new(binned: &Binned) -> Self {
        // Groups of equal width, so that threads have the same to do.
        let count = binned.columns.div_ceil(WIDTH);
        let groups = (0..count).into_par_iter().map(|i| {
            let (first, end) = (i * binned.columns / count, (i + 1) * binned.columns / count);
            let mut codes = vec![[0; WIDTH]; binned.rows];
            for j in first..end {
                codes.iter_mut().zip(binned.column(j)).for_each(|(row, code)| row[j - first] = *code);
            }
            Group { first, width: end - first, codes }
        });
        Grouped { groups: groups.collect() }
    }

    /// Adds up the words of some rows by the bins that they are in.
    pub(crate) fn sum(&self, rows: &[u32], words: &[i64], histogram: &mut Histogram) {
        let mut rest = histogram.as_mut_slice();
        let mut jobs = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let (mine, others) = rest.split_at_mut(group.width);
            rest = others;
            jobs.push((group, mine));
        }
        let add = |(group, sums): (&Group, &mut [[i64; 256]])| group.sum(rows, words, sums);
        if rows.len() * histogram_columns(&self.groups) >= SHARED {
            jobs.into_par_iter().for_each(add);
        } else {
            jobs.into_iter().for_each(add);
        }
    }
}

fn histogram_columns(groups: &[Group]) -> usize {
    groups.last().map_or(0, |last| last.first + last.width)
}

impl Group {
    fn sum(&self, rows: &[u32], words: &[i64], sums: &mut [[i64; 256]]) {
        sums.iter_mut().for_each(|sums| *sums = [0; 256]);
        // The width is known to the compiler, which then unrolls the inner loop and checks no index.
        match self.width {
            1 => self.sum_of::<1>(rows, words, sums),
            2 => self.sum_of::<2>(rows, words, sums),
            3 => self.sum_of::<3>(rows, words, sums),
            4 => self.sum_of::<4>(rows, words, sums),
            5 => self.sum_of::<5>(rows, words, sums),
            6 => self.sum_of::<6>(rows, words, sums),
            7 => self.sum_of::<7>(rows, words, sums),
            8 => self.sum_of::<8>(rows, words, sums),
            9 => self.sum_of::<9>(rows, words, sums),
            10 => self.sum_of::<10>(rows, words, sums),
            11 => self.sum_of::<11>(rows, words, sums),
            12 => self.sum_of::<12>(rows, words, sums),
            13 => self.sum_of::<13>(rows, words, sums),
            14 => self.sum_of::<14>(rows, words, sums),
            15 => self.sum_of::<15>(rows, words, sums),
            _ => self.sum_of::<16>(rows, words, sums),
        }
    }

    fn sum_of<const W: usize>(&self, rows: &[u32], words: &[i64], sums: &mut [[i64; 256]]) {
        let Some(sums) = sums.first_chunk_mut::<W>() else { return };
        for (i, &row) in rows.iter().enumerate() {
            // The rows of a leaf lie ever further apart: ask for those that come soon.
            if let Some(&soon) = rows.get(i + AHEAD) {
                prefetch(&self.codes, soon as usize);
            }
            let (codes, word) = (&self.codes[row as usize], words[row as usize]);
            for j in 0..W {
                sums[j][usize::from(codes[j])] += word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::cuts::{pack, unpack},
        *,
    };

    #[test]
    fn agrees_with_adding_one_by_one() {
        let mut random = crate::random::Random::new(3.into());
        for columns in [1, 3, 16, 17, 40] {
            let x: Vec<f32> = (0..300 * columns).map(|_| random.normal() as f32).collect();
            let binned = Binned::new(&x, columns, 64);
            let words: Vec<i64> =
                (0..300).map(|_| pack(random.below(1000) as i64 - 500, random.below(1000) as i64)).collect();
            let rows: Vec<u32> = (0..300).filter(|row| row % 3 > 0).collect();
            let mut histogram = vec![[7; 256]; columns];
            Grouped::new(&binned).sum(&rows, &words, &mut histogram);
            for (j, sums) in histogram.iter().enumerate() {
                for (bin, &sum) in sums.iter().enumerate() {
                    let members =
                        rows.iter().map(|row| *row as usize).filter(|row| usize::from(binned.column(j)[*row]) == bin);
                    let halves = members.map(|row| unpack(words[row])).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                    assert_eq!(unpack(sum), halves);
                }
            }
        }
    }
}
