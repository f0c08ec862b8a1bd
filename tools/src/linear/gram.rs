//! Sums of products of columns, which every fast linear model starts from.
//!
//! The rows come in blocks that fit the first cache. A closure writes each block (shifted, weighted, with whatever
//! columns it wants beside the table's own), and while it is warm its products are added up in tiles that stay in
//! registers: one pass over the table, whatever is computed on the way.
//!
//! Source of the tiles: K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3),
//! 2008, §4.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernel::vectorized;

/// Rows and columns of a tile: twelve registers of four numbers, or six of eight.
const TILE: (usize, usize) = (6, 8);
/// Bytes of a block, below the 32 KiB of a first cache; a wide one has at least 96 rows and lies in the second.
const BLOCK: usize = 24 * 1024;
/// Rows that one task takes. Fixed, so that the order of the sums does not depend on the number of threads.
const TASK: usize = 8192;

/// A symmetric matrix whose rows lie `stride` numbers apart.
pub(crate) struct Gram {
    sums: Vec<f64>,
    stride: usize,
}

impl Gram {
    /// The sum of products of two columns.
    pub(crate) fn at(&self, i: usize, j: usize) -> f64 {
        self.sums[i.min(j) * self.stride + i.max(j)]
    }

    /// The first `size` rows and columns, row after row.
    pub(crate) fn square(&self, size: usize) -> Vec<f64> {
        (0..size * size).map(|at| self.at(at / size, at % size)).collect()
    }
}

/// Adds up the products of `width` columns over `rows` rows. `fill` writes the rows of a range one after the other,
/// each `stride` numbers from the last, and leaves what is beyond `width` alone; what it returns is added up too.
/// Whatever `fill` calls should be inlined: it is compiled for the best instruction set of the machine.
pub(crate) fn gram(
    rows: usize,
    width: usize,
    fill: impl Fn(Range<usize>, usize, &mut [f64]) -> f64 + Sync,
) -> (Gram, f64) {
    let stride = width.next_multiple_of(TILE.0).next_multiple_of(TILE.1);
    let task = TASK.max(64 * width);
    let parts: Vec<(Vec<f64>, f64)> = (0..rows.div_ceil(task))
        .into_par_iter()
        .map(|i| {
            vectorized(
                #[inline(always)]
                || part(i * task..rows.min((i + 1) * task), (width, stride), &fill),
            )
        })
        .collect();
    let mut parts = parts.into_iter();
    let (mut sums, mut extra) = parts.next().unwrap_or_else(|| (vec![0.0; stride * stride], 0.0));
    for (part, more) in parts {
        sums.iter_mut().zip(&part).for_each(|(sum, x)| *sum += x);
        extra += more;
    }
    (Gram { sums, stride }, extra)
}

#[inline(always)]
fn part(
    rows: Range<usize>,
    (width, stride): (usize, usize),
    fill: &impl Fn(Range<usize>, usize, &mut [f64]) -> f64,
) -> (Vec<f64>, f64) {
    let height = (BLOCK / size_of::<f64>() / stride).clamp(96, 512);
    let mut block = vec![0.0; height * stride];
    let (mut sums, mut extra) = (vec![0.0; stride * stride], 0.0);
    for from in rows.clone().step_by(height) {
        let range = from..rows.end.min(from + height);
        let block = &mut block[..range.len() * stride];
        extra += fill(range, stride, block);
        for i in (0..width).step_by(TILE.0) {
            // Tiles that touch the upper triangle.
            for j in (i - i % TILE.1..width).step_by(TILE.1) {
                tile(block, stride, (i, j), &mut sums);
            }
        }
    }
    (sums, extra)
}

#[inline(always)]
fn tile(block: &[f64], stride: usize, (i, j): (usize, usize), sums: &mut [f64]) {
    let mut tile = [[0.0; TILE.1]; TILE.0];
    for row in block.chunks_exact(stride) {
        let (Some(left), Some(right)) = (row[i..].first_chunk::<{ TILE.0 }>(), row[j..].first_chunk::<{ TILE.1 }>())
        else {
            return;
        };
        for (sums, left) in tile.iter_mut().zip(left) {
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = left.mul_add(*right, *sum);
            }
        }
    }
    for (k, line) in tile.iter().enumerate() {
        let at = (i + k) * stride + j;
        sums[at..at + TILE.1].iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
    }
}

/// Means, and sums of products about them: all that least squares has to know about a table.
pub(crate) struct Moments {
    /// The sum of the weights: the number of rows when they have none.
    pub(crate) weight: f64,
    /// The mean of each column, or 0 where nothing is to be taken off.
    pub(crate) x_mean: Vec<f64>,
    /// The mean of the target, likewise.
    pub(crate) y_mean: f64,
    /// Products of the columns about their means, row after row.
    pub(crate) xx: Vec<f64>,
    /// Products of each column and the target about their means.
    pub(crate) xy: Vec<f64>,
}

/// Adds up moments in one pass: about the means if `centred`, else about 0. `x` holds rows of `columns` numbers.
pub(crate) fn moments(x: &[f64], columns: usize, y: &[f64], weights: Option<&[f64]>, centred: bool) -> Moments {
    let origin = if centred { rough_means(x, columns, y) } else { vec![0.0; columns + 1] };
    let (moments, origin_was_near) = about(x, columns, y, weights, centred, &origin);
    if origin_was_near {
        return moments;
    }
    // The rows that were looked at were unlike the others, and digits cancelled: once more, about the means.
    let mut means = moments.x_mean;
    means.push(moments.y_mean);
    about(x, columns, y, weights, centred, &means).0
}

/// The means of the columns and of the target over some rows, spread over all.
fn rough_means(x: &[f64], columns: usize, y: &[f64]) -> Vec<f64> {
    let step = y.len().div_ceil(256);
    let rows = y.len().div_ceil(step) as f64;
    let mut means = vec![0.0; columns + 1];
    for (row, y) in x.chunks_exact(columns).zip(y).step_by(step) {
        means.iter_mut().zip(row.iter().chain([y])).for_each(|(mean, x)| *mean += x / rows);
    }
    means
}

fn about(x: &[f64], d: usize, y: &[f64], weights: Option<&[f64]>, centred: bool, origin: &[f64]) -> (Moments, bool) {
    // Columns, target, and ones, whose products with the others are their sums.
    let (products, _) = gram(
        y.len(),
        d + 2,
        #[inline(always)]
        |range, stride, block| {
            for (i, line) in range.zip(block.chunks_exact_mut(stride)) {
                let root = weights.map_or(1.0, |weights| weights[i].sqrt());
                for ((to, x), origin) in line.iter_mut().zip(&x[i * d..(i + 1) * d]).zip(origin) {
                    *to = (x - origin) * root;
                }
                line[d] = (y[i] - origin[d]) * root;
                line[d + 1] = root;
            }
            0.0
        },
    );
    let weight = products.at(d + 1, d + 1);
    let off: Vec<f64> = (0..=d).map(|j| if centred { products.at(j, d + 1) / weight } else { 0.0 }).collect();
    let about_mean = |i: usize, j: usize| products.at(i, j) - weight * off[i] * off[j];
    let near = (0..=d).all(|j| weight * off[j] * off[j] <= 1e3 * about_mean(j, j).abs() || off[j] == 0.0);
    let moments = Moments {
        weight,
        x_mean: (0..d).map(|j| origin[j] + off[j]).collect(),
        y_mean: origin[d] + off[d],
        xx: (0..d * d).map(|at| about_mean(at / d, at % d)).collect(),
        xy: (0..d).map(|j| about_mean(j, d)).collect(),
    };
    (moments, near)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let m = moments(&[1.0, 2.0, 3.0], 1, &[1.0, 3.0, 8.0], None, true);
        assert_eq!((m.x_mean[0], m.y_mean, m.weight), (2.0, 4.0, 3.0));
        assert_eq!((m.xx[0], m.xy[0]), (2.0, 7.0)); // -1 * -3 + 1 * 4
    }

    #[test]
    fn many_rows_are_the_sum_of_their_parts() {
        // Over several tasks and blocks; whole numbers add up exactly in any order.
        let (rows, width) = (20_000, 9);
        let cell = |i: usize, j: usize| ((i * 31 + j * 17) % 13) as f64 - 6.0;
        let (gram, extra) = gram(rows, width, |range, stride, block| {
            let count = range.len() as f64;
            for (i, line) in range.zip(block.chunks_exact_mut(stride)) {
                (0..width).for_each(|j| line[j] = cell(i, j));
            }
            count
        });
        assert_eq!(extra, rows as f64);
        for (i, j) in [(0, 0), (3, 8), (8, 2), (6, 5)] {
            assert_eq!(gram.at(i, j), (0..rows).map(|row| cell(row, i) * cell(row, j)).sum::<f64>());
        }
    }

    #[test]
    fn far_from_the_origin() {
        // The rows that are looked at first all lie at 0, the others a billion away.
        let x: Vec<f64> = (0..5120).map(|i| if i % 20 == 0 { 0.0 } else { 1e9 + (i % 3) as f64 }).collect();
        let m = moments(&x, 1, &x, None, true);
        let mean = x.iter().sum::<f64>() / 5120.0;
        let expected: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
        assert!((m.xx[0] / expected - 1.0).abs() < 1e-14);
    }

    proptest! {
        #[test]
        fn weights_count_rows(rows in prop::collection::vec((-5.0..5.0, -5.0..5.0, 1_usize..4), 2..40)) {
            let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let y: Vec<f64> = rows.iter().map(|row| row.1).collect();
            let weights: Vec<f64> = rows.iter().map(|row| row.2 as f64).collect();
            let weighted = moments(&x, 1, &y, Some(&weights), true);
            let repeat = |values: &[f64]| -> Vec<f64> {
                values.iter().zip(&rows).flat_map(|(value, row)| std::iter::repeat_n(*value, row.2)).collect()
            };
            let repeated = moments(&repeat(&x), 1, &repeat(&y), None, true);
            for (a, b) in [(weighted.xx[0], repeated.xx[0]), (weighted.xy[0], repeated.xy[0])] {
                prop_assert!((a - b).abs() < 1e-10, "{a} {b}");
            }
        }
    }
}
