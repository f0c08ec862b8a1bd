//! The nearest and the second nearest of a few centres.

use super::{
    level::{Isa, Level, Portable},
    pack::{Change, pack, panels},
    prefetch::{prefetch, prefetch_row},
    real::Real,
    tile::{self, Job},
    view::View,
};

/// What a point is close to. Scores are `|c|² / 2 - x·c`: half the squared distance, less half of `|x|²`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near<T> {
    /// The nearest centre, the first of several.
    pub(crate) at: usize,
    /// Its score.
    pub(crate) first: T,
    /// The score of the next, infinite if there is none.
    pub(crate) second: T,
}

/// Finds the two nearest centres of some of the points (`which` rows of `points`) and gives each to `found`, in order.
///
/// The centres are few enough that their products with a handful of points stay in registers: lanes are points, so that
/// comparing centres needs no look across lanes.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn two_nearest<T: Real>(
    points: View<'_, T>,
    which: &[u32],
    centres: &Centres<T>,
    found: impl FnMut(usize, Near<T>),
) {
    assert_eq!(points.columns, centres.dimensions, "points and centres differ in their dimensions");
    T::tiled(Level::best(), Nearest { points, which, centres, found });
}

/// Finds the nearest centre of each point and puts it into `labels`; gives each point whose label was another one, with
/// the old and the new one, to `changed`, in order.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn relabel<T: Real>(
    points: &Packed<T>,
    centres: &Centres<T>,
    labels: &mut [u32],
    changed: impl FnMut(usize, u32, u32),
) {
    assert_eq!(points.dimensions, centres.dimensions, "points and centres differ in their dimensions");
    assert_eq!(points.count, labels.len(), "one label a point");
    T::tiled(points.level, Relabel { points, centres, labels, changed });
}

/// Points, packed once for many sets of centres.
#[derive(Debug)]
pub(crate) struct Packed<T> {
    memory: Vec<T>,
    /// Where the panels begin in it.
    skip: usize,
    count: usize,
    dimensions: usize,
    /// The one that they are packed for.
    level: Level,
}

impl<T: Real> Packed<T> {
    /// Packs points, one a row.
    pub(crate) fn new(points: View<'_, T>) -> Self {
        let level = Level::best();
        let (memory, skip) = T::tiled(level, Pack(points));
        Packed { memory, skip, count: points.rows, dimensions: points.columns, level }
    }
}

/// Centres, packed once for many points.
#[derive(Debug, Clone)]
pub(crate) struct Centres<T> {
    packed: Vec<[T; SIDE]>,
    half_squares: Vec<T>,
    dimensions: usize,
}

/// How many centres are packed side by side.
const SIDE: usize = 8;
/// As many are compared at a time where the registers hold their products with two vectors of 64 bytes, half as many elsewhere.
const WIDE: usize = 128;

impl<T: Real> Centres<T> {
    /// Packs centres, one a row; there must be some, of at least one dimension.
    pub(crate) fn new(centres: View<'_, T>) -> Self {
        let (k, dimensions) = (centres.rows, centres.columns);
        let mut packed = vec![[T::ZERO; SIDE]; k.div_ceil(SIDE) * dimensions];
        pack(Portable, centres, 0..k, 0..dimensions, Change::default(), &mut packed);
        let mut half_squares = vec![T::INFINITY; k.next_multiple_of(SIDE)];
        for (i, half) in half_squares[..k].iter_mut().enumerate() {
            let square: T = (0..dimensions).map(|j| centres.data[centres.at(i, j)]).map(|x| x * x).sum();
            *half = square * T::from_f64(0.5);
        }
        Centres { packed, half_squares, dimensions }
    }
}

struct Nearest<'a, T, F> {
    points: View<'a, T>,
    which: &'a [u32],
    centres: &'a Centres<T>,
    found: F,
}

impl<T: Real, F: FnMut(usize, Near<T>)> Job<T> for Nearest<'_, T, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Nearest { points, which, centres, mut found } = self;
        T::with_memory(|memory| {
            let few = panels::<T, NR>(memory, NR, points.columns);
            let start = |row: u32| row as usize * points.row_stride;
            let mut batches = which.chunks(NR).peekable();
            while let Some(which) = batches.next() {
                // The points of the next batch lie anywhere: ask for them now.
                for &row in batches.peek().copied().unwrap_or_default() {
                    prefetch_row(points.data, start(row), points.columns);
                }
                let near = isa.call(
                    #[inline(always)]
                    || {
                        for lane in 0..NR {
                            // The last points are repeated: their lanes are not looked at.
                            let start = start(which[lane.min(which.len() - 1)]);
                            let row = &points.data[start..start + points.columns];
                            for (to, x) in few.iter_mut().zip(row) {
                                to[lane] = *x;
                            }
                        }
                        compare::<T, I, NR>(centres, few, &[])
                    },
                );
                for (lane, &point) in which.iter().enumerate() {
                    let (first, second) = (near.first[lane], near.second[lane]);
                    found(point as usize, Near { at: near.at[lane].to_f64() as usize, first, second });
                }
            }
        });
    }
}

struct Pack<'a, T>(View<'a, T>);

impl<T: Real> Job<T> for Pack<'_, T> {
    type Output = (Vec<T>, usize);

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) -> Self::Output {
        let Pack(points) = self;
        let mut memory = Vec::new();
        let packed = panels::<T, NR>(&mut memory, points.rows, points.columns);
        pack(isa, points, 0..points.rows, 0..points.columns, Change::default(), packed);
        let start = packed.as_ptr() as usize;
        let skip = (start - memory.as_ptr() as usize) / size_of::<T>();
        (memory, skip)
    }
}

struct Relabel<'a, T, F> {
    points: &'a Packed<T>,
    centres: &'a Centres<T>,
    labels: &'a mut [u32],
    changed: F,
}

impl<T: Real, F: FnMut(usize, u32, u32)> Job<T> for Relabel<'_, T, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Relabel { points, centres, labels, mut changed } = self;
        let (panels, _) = points.memory[points.skip..].as_chunks::<NR>();
        for (i, labels) in labels.chunks_mut(NR).enumerate() {
            let (panel, later) = panels[i * points.dimensions..].split_at(points.dimensions);
            let nearest = isa.call(
                #[inline(always)]
                || {
                    let at = compare::<T, I, NR>(centres, panel, later).at;
                    // No `map`: it would not be vectorised.
                    let mut nearest = [0; NR];
                    nearest.iter_mut().zip(at).for_each(|(to, at)| *to = at.to_f64() as u32);
                    nearest
                },
            );
            // The last panel is filled up with points that nobody asked for.
            let nearest = &nearest[..labels.len()];
            if labels != nearest {
                for (lane, (label, &nearest)) in labels.iter_mut().zip(nearest).enumerate() {
                    if *label != nearest {
                        changed(i * NR + lane, *label, nearest);
                        *label = nearest;
                    }
                }
            }
        }
    }
}

/// The same for as many points as there are lanes. Indices are kept as numbers of the same width as the scores.
struct Lanes<T, const N: usize> {
    /// The number of the centre that is compared next.
    next: T,
    at: [T; N],
    first: [T; N],
    second: [T; N],
}

impl<T: Real, const N: usize> Lanes<T, N> {
    /// Compares some more centres.
    #[inline(always)]
    fn update(&mut self, half_squares: &[T], products: &[[T; N]]) {
        for (half, products) in half_squares.iter().zip(products) {
            for (l, product) in products.iter().enumerate() {
                let score = *half - *product;
                let nearer = score < self.first[l];
                let loser = if nearer { self.first[l] } else { score };
                self.second[l] = if loser < self.second[l] { loser } else { self.second[l] };
                self.at[l] = if nearer { self.next } else { self.at[l] };
                self.first[l] = if nearer { score } else { self.first[l] };
            }
            self.next += T::ONE;
        }
    }
}

/// Compares some points with all centres, and asks for those that come `later` on the way: the processor foresees only what
/// lies in the same page.
#[inline(always)]
fn compare<T: Real, I: Isa, const N: usize>(centres: &Centres<T>, points: &[[T; N]], later: &[[T; N]]) -> Lanes<T, N> {
    let mut near = Lanes { next: T::ZERO, at: [T::ZERO; N], first: [T::INFINITY; N], second: [T::INFINITY; N] };
    let panels = centres.packed.chunks_exact(centres.dimensions);
    let (halves, _) = centres.half_squares.as_chunks::<SIDE>();
    let mut later = later.iter();
    for (panel, half_squares) in panels.zip(halves) {
        if N * size_of::<T>() >= WIDE {
            let panel = panel.iter().inspect(|_| {
                if let Some(line) = later.next() {
                    prefetch(line, 0);
                    prefetch(line, N / 2);
                }
            });
            near.update(half_squares, &tile::multiply::<T, I, SIDE, N>(panel, points));
        } else {
            for (i, half_squares) in half_squares.as_chunks::<{ SIDE / 2 }>().0.iter().enumerate() {
                let half = panel.iter().map(|centres| &centres.as_chunks::<{ SIDE / 2 }>().0[i]);
                near.update(half_squares, &tile::multiply::<T, I, { SIDE / 2 }, N>(half, points));
            }
        }
    }
    near
}
