//! Points sorted into small cells, so that all neighbours within a radius lie in few of them.
//!
//! In up to three dimensions the cells are the cubes of a grid whose diagonal is the radius, so that two points of one
//! cell always are neighbours and a neighbour is at most two cells away along each axis. Cells are sorted by row (all
//! coordinates but the first), which leaves the neighbours of a cell in a few unbroken runs: five in the plane. In more
//! dimensions, or where such a grid would have too many lines, the cells are the leaves of a k-d tree, and the runs are
//! the leaves whose boxes come near enough.
//!
//! No answer depends on how the grid was rounded: what a cell holds is described by the box around its points, and the
//! distances of boxes are computed with the same operations as those of points. Each of these rounds monotonically, so
//! a bound holds for the rounded distances too.
//!
//! Sources: M. de Berg, A. Gunawan, M. Roeloffzen, "Faster DBSCAN and HDBSCAN in low-dimensional Euclidean spaces",
//! ISAAC 2017; J. L. Bentley, "Multidimensional binary search trees used for associative searching", CACM 18(9), 1975.

use std::ops::Range;

/// The most points in a leaf of the tree.
const LEAF: usize = 32;
/// How far the axes go on behind the last point.
pub(super) const PADDING: usize = 8;
/// Bits for the number of a grid's cell; more lines than that along an axis and rounding might matter.
const BITS: u32 = 20;

/// The points cell by cell; a place is the position of a point in that order.
pub(super) struct Cells {
    /// The row of the table that is at each place.
    pub(super) order: Vec<u32>,
    /// The coordinates, axis by axis, each followed by [`PADDING`] infinities: lanes may read past the last point.
    pub(super) axes: Vec<Vec<f64>>,
    /// The boxes around the points of each cell.
    pub(super) boxes: Boxes,
    /// Where each cell starts, and where the last one ends.
    starts: Vec<u32>,
    /// Where the runs of each cell start in `runs`.
    run_starts: Vec<u32>,
    /// The cells that may hold neighbours, as runs of consecutive cells.
    runs: Vec<(u32, u32)>,
}

impl Cells {
    /// Sorts `points` (row after row, `dimensions` numbers each) for searches within `radius`.
    pub(super) fn new(points: &[f64], dimensions: usize, radius: f64) -> Self {
        match Grid::lines(points, dimensions, radius) {
            Some(grid) => grid.cells(points, dimensions),
            None => tree(points, dimensions, radius * radius),
        }
    }

    /// How many cells.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The places of a cell.
    pub(super) fn places(&self, cell: usize) -> Range<usize> {
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }

    /// The runs of cells that may hold neighbours of this cell's points, itself among them.
    pub(super) fn near(&self, cell: usize) -> &[(u32, u32)] {
        &self.runs[self.run_starts[cell] as usize..self.run_starts[cell + 1] as usize]
    }

    /// The places of a run.
    pub(super) fn places_of(&self, (from, to): (u32, u32)) -> Range<usize> {
        self.starts[from as usize] as usize..self.starts[to as usize] as usize
    }

    fn gather(points: &[f64], dimensions: usize, order: &[u32]) -> Vec<Vec<f64>> {
        let along = |j| order.iter().map(move |&i| points[i as usize * dimensions + j]);
        (0..dimensions).map(|j| along(j).chain([f64::INFINITY; PADDING]).collect()).collect()
    }
}

/// The lines of a grid: where it begins along each axis, and how many bits the cells along it take.
struct Grid {
    origin: Vec<f64>,
    per_unit: f64,
    bits: Vec<u32>,
}

impl Grid {
    /// None where a grid does not pay, or its cells cannot be numbered.
    fn lines(points: &[f64], dimensions: usize, radius: f64) -> Option<Self> {
        if dimensions > 3 {
            return None;
        }
        // A little less than the radius along the diagonal: rounding must not push a point out of reach of its cell.
        let per_unit = (dimensions as f64).sqrt() * (1.0 + 1e-6) / radius;
        let mut origin = vec![f64::INFINITY; dimensions];
        let mut end = vec![f64::NEG_INFINITY; dimensions];
        for point in points.chunks_exact(dimensions) {
            for (j, x) in point.iter().enumerate() {
                origin[j] = origin[j].min(*x);
                end[j] = end[j].max(*x);
            }
        }
        let cells = origin.iter().zip(&end).map(|(from, to)| (to - from) * per_unit);
        let bits: Option<Vec<u32>> = cells
            .map(|cells| (cells < f64::from(1_u32 << BITS)).then(|| u32::BITS - (cells as u32).leading_zeros()))
            .collect();
        Some(Grid { origin, per_unit, bits: bits? })
    }

    fn cells(&self, points: &[f64], dimensions: usize) -> Cells {
        let (order, keys) = sorted(self.keys(points, dimensions), self.bits.iter().sum());
        // Cells, each the start of a block of equal keys.
        let mut starts: Vec<u32> = Vec::new();
        let mut cells: Vec<u64> = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            if cells.last() != Some(key) {
                cells.push(*key);
                starts.push(place as u32);
            }
        }
        starts.push(keys.len() as u32);
        let (run_starts, runs) = self.runs(&cells);
        let axes = Cells::gather(points, dimensions, &order);
        Cells { boxes: Boxes::around(&axes, &starts), axes, order, starts, run_starts, runs }
    }

    /// The cell of each point as one number: its place along the first axis in the lowest bits.
    fn keys(&self, points: &[f64], dimensions: usize) -> Vec<u64> {
        let key = |point: &[f64]| {
            let mut shift = 0;
            let mut key = 0;
            for (j, x) in point.iter().enumerate() {
                key |= u64::from(((x - self.origin[j]) * self.per_unit) as u32) << shift;
                shift += self.bits[j];
            }
            key
        };
        points.chunks_exact(dimensions).map(key).collect()
    }

    /// For each cell the runs within two cells along each axis: one from each row that is within two rows.
    fn runs(&self, cells: &[u64]) -> (Vec<u32>, Vec<(u32, u32)>) {
        let first = self.bits[0];
        let across = (1_u64 << first) - 1;
        let rows: Vec<Range<usize>> = blocks(cells, |a, b| a >> first == b >> first);
        let numbers: Vec<u64> = rows.iter().map(|row| cells[row.start] >> first).collect();
        let mut run_starts: Vec<u32> = Vec::with_capacity(cells.len() + 1);
        let mut runs: Vec<(u32, u32)> = Vec::with_capacity(cells.len() * 3);
        for (row, number) in rows.iter().zip(&numbers) {
            // The rows nearby, own row first, each with the two ends of a window that slides along it.
            let mut windows: Vec<(Range<usize>, usize)> = self
                .rows_around(*number)
                .into_iter()
                .filter_map(|near| numbers.binary_search(&near).ok())
                .map(|at| (rows[at].start..rows[at].start, rows[at].end))
                .collect();
            for cell in row.clone() {
                run_starts.push(runs.len() as u32);
                let x = cells[cell] & across;
                for (window, end) in &mut windows {
                    while window.start < *end && (cells[window.start] & across) + 2 < x {
                        window.start += 1;
                    }
                    window.end = window.end.max(window.start);
                    while window.end < *end && cells[window.end] & across <= x + 2 {
                        window.end += 1;
                    }
                    if window.start < window.end {
                        runs.push((window.start as u32, window.end as u32));
                    }
                }
            }
        }
        run_starts.push(runs.len() as u32);
        (run_starts, runs)
    }

    /// The numbers of the rows within two of this one along each further axis, nearest first.
    fn rows_around(&self, row: u64) -> Vec<u64> {
        let mut around = vec![(0, 0)];
        let mut shift = 0;
        for &bits in &self.bits[1..] {
            let at = (row >> shift & ((1 << bits) - 1)) as i64;
            let steps = (-2..=2).filter(|step| (0..1 << bits).contains(&(at + step)));
            around = steps
                .flat_map(|step: i64| {
                    around.iter().map(move |(far, key)| (far + step.pow(2), key | ((at + step) as u64) << shift))
                })
                .collect();
            shift += bits;
        }
        around.sort_unstable();
        around.into_iter().map(|(_, row)| row).collect()
    }
}

/// The blocks of neighbours that belong together.
fn blocks(items: &[u64], together: impl Fn(&u64, &u64) -> bool) -> Vec<Range<usize>> {
    let mut start = 0;
    items
        .chunk_by(together)
        .map(|block| {
            start += block.len();
            start - block.len()..start
        })
        .collect()
}

/// Rows ordered by their keys of so many bits, equal ones in the order of the table: a radix sort from the lowest digit.
fn sorted(keys: Vec<u64>, bits: u32) -> (Vec<u32>, Vec<u64>) {
    let passes = bits.div_ceil(11).max(1);
    let digit_bits = bits.div_ceil(passes).max(1);
    let mut from: Vec<(u64, u32)> = keys.into_iter().zip(0..).collect();
    let mut to = vec![(0, 0); from.len()];
    for pass in 0..passes {
        let digit = |key: u64| (key >> (pass * digit_bits)) as usize & ((1 << digit_bits) - 1);
        let mut next = vec![0_u32; 1 << digit_bits];
        from.iter().for_each(|(key, _)| next[digit(*key)] += 1);
        let mut sum = 0;
        for count in &mut next {
            sum += std::mem::replace(count, sum);
        }
        for item in &from {
            let place = &mut next[digit(item.0)];
            to[*place as usize] = *item;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    from.into_iter().map(|(key, row)| (row, key)).unzip()
}

/// The smallest boxes around the points of each cell.
pub(super) struct Boxes {
    dimensions: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Boxes {
    fn around(axes: &[Vec<f64>], starts: &[u32]) -> Self {
        let fold = |take: fn(f64, f64) -> f64| {
            let ends = starts.windows(2).map(|ends| ends[0] as usize..ends[1] as usize);
            let along =
                |axis: &Vec<f64>, places: Range<usize>| axis[places].iter().copied().reduce(take).unwrap_or(0.0);
            ends.flat_map(|places| axes.iter().map(move |axis| along(axis, places.clone()))).collect()
        };
        Boxes { dimensions: axes.len(), low: fold(f64::min), high: fold(f64::max) }
    }

    /// Around each two boxes, and what is left.
    fn pairs(&self) -> Self {
        let d = self.dimensions;
        let join = |corners: &[f64], take: fn(f64, f64) -> f64| {
            let pairs = corners.chunks(2 * d);
            pairs.flat_map(|pair| (0..d).map(move |j| take(pair[j], pair[pair.len() - d + j]))).collect()
        };
        Boxes { dimensions: d, low: join(&self.low, f64::min), high: join(&self.high, f64::max) }
    }

    fn len(&self) -> usize {
        self.low.len() / self.dimensions
    }

    /// A squared distance that no two points, one of box `a` and one of the other's box `b`, fall below.
    #[inline(always)]
    pub(super) fn least(&self, a: usize, other: &Self, b: usize) -> f64 {
        let (a, b) = (a * self.dimensions, b * self.dimensions);
        let gaps = (0..self.dimensions)
            .map(|j| (other.low[b + j] - self.high[a + j]).max(self.low[a + j] - other.high[b + j]).max(0.0));
        gaps.map(|gap| gap * gap).sum()
    }

    /// A squared distance that no two points, one of each box, exceed.
    #[inline(always)]
    pub(super) fn most(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (a * self.dimensions, b * self.dimensions);
        let spans =
            (0..self.dimensions).map(|j| (self.high[b + j] - self.low[a + j]).max(self.high[a + j] - self.low[b + j]));
        spans.map(|span| span * span).sum()
    }
}

/// The leaves of a k-d tree, split at the median of the widest axis.
fn tree(points: &[f64], dimensions: usize, reach: f64) -> Cells {
    let mut order: Vec<u32> = (0..(points.len() / dimensions) as u32).collect();
    let mut starts = vec![0];
    split(points, dimensions, &mut order, &mut starts);
    let axes = Cells::gather(points, dimensions, &order);
    // Boxes level by level: each around two below it.
    let mut levels = vec![Boxes::around(&axes, &starts)];
    while levels[levels.len() - 1].len() > 1 {
        levels.push(levels[levels.len() - 1].pairs());
    }
    let (mut run_starts, mut runs) = (Vec::with_capacity(starts.len()), Vec::new());
    for leaf in 0..levels[0].len() {
        let own = runs.len();
        run_starts.push(own as u32);
        near(&levels, (levels.len() - 1, 0), leaf, reach, &mut runs, own);
    }
    run_starts.push(runs.len() as u32);
    Cells { order, axes, boxes: levels.swap_remove(0), starts, run_starts, runs }
}

fn split(points: &[f64], dimensions: usize, order: &mut [u32], starts: &mut Vec<u32>) {
    if order.len() <= LEAF {
        starts.push(starts[starts.len() - 1] + order.len() as u32);
        return;
    }
    let spread = |j: usize| {
        let along = order.iter().map(|&i| points[i as usize * dimensions + j]);
        let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        high - low
    };
    let widest = (0..dimensions).max_by(|&a, &b| spread(a).total_cmp(&spread(b))).unwrap_or(0);
    let middle = order.len() / 2;
    let along = |i: &u32| points[*i as usize * dimensions + widest];
    order.select_nth_unstable_by(middle, |a, b| along(a).total_cmp(&along(b)).then(a.cmp(b)));
    let (left, right) = order.split_at_mut(middle);
    split(points, dimensions, left, starts);
    split(points, dimensions, right, starts);
}

/// Adds the runs of leaves below a node that come within reach of `leaf`; those that touch become one.
fn near(
    levels: &[Boxes],
    (level, at): (usize, usize),
    leaf: usize,
    reach: f64,
    runs: &mut Vec<(u32, u32)>,
    own: usize,
) {
    if levels[level].least(at, &levels[0], leaf) > reach {
        return;
    }
    if level > 0 {
        for child in 2 * at..(2 * at + 2).min(levels[level - 1].len()) {
            near(levels, (level - 1, child), leaf, reach, runs, own);
        }
        return;
    }
    let at = at as u32;
    match runs[own..].last_mut() {
        Some(run) if run.1 == at => run.1 += 1,
        _ => runs.push((at, at + 1)),
    }
}
