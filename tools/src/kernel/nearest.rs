//! The nearest and the second nearest of a few centres.

use super::{
    level::{Isa, Level, Portable},
    pack::{Change, pack, panels},
    prefetch::prefetch,
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

/// Centres, packed once for many points.
#[derive(Debug, Clone)]
pub(crate) struct Centres<T> {
    packed: Vec<[T; SIDE]>,
    half_squares: Vec<T>,
    dimensions: usize,
}

/// How many numbers of a point are fetched ahead; the processor sees by itself how they go on.
const AHEAD: usize = 64;
/// How many centres are compared at a time.
const SIDE: usize = 4;

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
                    for line in (0..points.columns.min(AHEAD)).step_by(64 / size_of::<T>()) {
                        prefetch(points.data, start(row) + line);
                    }
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
                        compare::<T, I, NR>(centres, few)
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

/// The same for as many points as there are lanes. Indices are kept as numbers of the same width as the scores.
struct Lanes<T, const N: usize> {
    at: [T; N],
    first: [T; N],
    second: [T; N],
}

#[inline(always)]
fn compare<T: Real, I: Isa, const N: usize>(centres: &Centres<T>, points: &[[T; N]]) -> Lanes<T, N> {
    let mut near = Lanes { at: [T::ZERO; N], first: [T::INFINITY; N], second: [T::INFINITY; N] };
    let panels = centres.packed.chunks_exact(centres.dimensions);
    let (halves, _) = centres.half_squares.as_chunks::<SIDE>();
    let mut index = T::ZERO;
    for (panel, halves) in panels.zip(halves) {
        let products = tile::multiply::<T, I, SIDE, N>(panel, points);
        for (products, half) in products.iter().zip(halves) {
            for (l, product) in products.iter().enumerate() {
                let score = *half - *product;
                let nearer = score < near.first[l];
                let loser = if nearer { near.first[l] } else { score };
                near.second[l] = if loser < near.second[l] { loser } else { near.second[l] };
                near.at[l] = if nearer { index } else { near.at[l] };
                near.first[l] = if nearer { score } else { near.first[l] };
            }
            index += T::ONE;
        }
    }
    near
}
