//! The nearest neighbours of every point, exactly: what t-SNE and UMAP know of the data.
//!
//! Every distance is computed, sixteen points side by side against four at a time, and a point is looked at again only
//! if it is nearer than the worst neighbour kept so far. Differences are squared as they are: `a² - 2ab + b²` would be
//! twice as fast and lose all digits of the neighbours in a tight group far from the rest.
//!
//! Cost: O(n² d), some 20 distances of 50 dimensions a microsecond.

use rayon::prelude::*;

use crate::kernel::vectorized;

/// Points side by side.
const LANES: usize = 16;
/// Points that are compared with them at a time.
const QUERIES: usize = 4;

/// For each point its `k` nearest others, nearest first; of equals the one of the lower row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neighbours {
    /// How many each point has.
    pub(crate) k: usize,
    /// Their rows, `k` for each point.
    pub(crate) rows: Vec<u32>,
    /// Their squared distances.
    pub(crate) squared: Vec<f32>,
}

impl Neighbours {
    /// Finds them among `points`, which lie row after row, `dimensions` numbers each; `k` must be below their number.
    pub(crate) fn of(points: &[f32], dimensions: usize, k: usize) -> Self {
        let n = points.len() / dimensions;
        let blocks = Blocks::new(points, dimensions);
        let groups: Vec<Vec<(f32, u32)>> = (0..n.div_ceil(QUERIES))
            .into_par_iter()
            .with_min_len(4)
            .map(|group| {
                vectorized(
                    #[inline(always)]
                    || blocks.nearest(points, group * QUERIES, k),
                )
            })
            .collect();
        let (squared, rows) = groups.into_iter().flatten().unzip();
        Neighbours { k, rows, squared }
    }

    /// The neighbours of one point with their squared distances.
    pub(crate) fn of_row(&self, row: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = row * self.k..(row + 1) * self.k;
        self.rows[range.clone()].iter().map(|row| *row as usize).zip(self.squared[range].iter().copied())
    }
}

/// The points in blocks of [`LANES`], coordinate by coordinate; infinities fill the last one.
struct Blocks {
    n: usize,
    dimensions: usize,
    lanes: Vec<[f32; LANES]>,
}

impl Blocks {
    fn new(points: &[f32], dimensions: usize) -> Self {
        let n = points.len() / dimensions;
        let mut lanes = vec![[f32::INFINITY; LANES]; n.div_ceil(LANES) * dimensions];
        for (i, point) in points.chunks_exact(dimensions).enumerate() {
            for (j, x) in point.iter().enumerate() {
                lanes[i / LANES * dimensions + j][i % LANES] = *x;
            }
        }
        Blocks { n, dimensions, lanes }
    }

    /// The neighbours of the points from `first` on.
    #[inline(always)]
    fn nearest(&self, points: &[f32], first: usize, k: usize) -> Vec<(f32, u32)> {
        // The last group looks at its last point several times and keeps what is asked for.
        let queries: [usize; QUERIES] = std::array::from_fn(|q| (first + q).min(self.n - 1));
        let d = self.dimensions;
        let query: [&[f32]; QUERIES] = queries.map(|q| &points[q * d..(q + 1) * d]);
        let mut kept: [Best; QUERIES] = std::array::from_fn(|_| Best::new(k));
        for (block, lanes) in self.lanes.chunks_exact(d).enumerate() {
            let mut sums = [[0.0_f32; LANES]; QUERIES];
            for (j, lane) in lanes.iter().enumerate() {
                for q in 0..QUERIES {
                    let from = query[q][j];
                    for l in 0..LANES {
                        let apart = lane[l] - from;
                        sums[q][l] += apart * apart;
                    }
                }
            }
            for q in 0..QUERIES {
                let worst = kept[q].worst;
                let mut near = false;
                for sum in &sums[q] {
                    near |= *sum <= worst;
                }
                if near {
                    for (l, sum) in sums[q].iter().enumerate() {
                        let row = block * LANES + l;
                        if row != queries[q] && row < self.n {
                            kept[q].offer(*sum, row as u32);
                        }
                    }
                }
            }
        }
        let asked = QUERIES.min(self.n - first);
        kept.into_iter().take(asked).flat_map(Best::sorted).collect()
    }
}

/// The nearest seen so far: up to twice as many as wanted, cut down when full.
struct Best {
    k: usize,
    worst: f32,
    seen: Vec<(f32, u32)>,
}

impl Best {
    fn new(k: usize) -> Self {
        Best { k, worst: f32::INFINITY, seen: Vec::with_capacity(2 * k) }
    }

    #[inline(always)]
    fn offer(&mut self, squared: f32, row: u32) {
        if squared <= self.worst {
            self.seen.push((squared, row));
            if self.seen.len() == 2 * self.k {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.seen.len() > self.k {
            self.seen.select_nth_unstable_by(self.k - 1, nearer);
            self.seen.truncate(self.k);
            self.worst = self.seen[self.k - 1].0;
        }
    }

    fn sorted(mut self) -> Vec<(f32, u32)> {
        self.cut();
        self.seen.sort_unstable_by(nearer);
        self.seen
    }
}

fn nearer(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_sorting_all_distances(
            dimensions in 1_usize..5, k in 1_usize..9, numbers in prop::collection::vec(-3_i8..4, 45..200),
        ) {
            let points: Vec<f32> = numbers.iter().map(|x| f32::from(*x)).collect();
            let points = &points[..points.len() / dimensions * dimensions];
            let found = Neighbours::of(points, dimensions, k);
            let rows: Vec<&[f32]> = points.chunks_exact(dimensions).collect();
            for (i, row) in rows.iter().enumerate() {
                let squared = |j: usize| row.iter().zip(rows[j]).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
                let mut all: Vec<(f32, u32)> =
                    (0..rows.len()).filter(|j| *j != i).map(|j| (squared(j), j as u32)).collect();
                all.sort_by(nearer);
                let got: Vec<(f32, u32)> = found.of_row(i).map(|(j, x)| (x, j as u32)).collect();
                prop_assert_eq!(&got[..], &all[..k]);
            }
        }
    }
}
