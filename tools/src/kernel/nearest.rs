//! The nearest and the second nearest of a few centres.

use super::{
    level::{Isa, Level, Portable},
    pack::{Change, pack, panels},
    prefetch::prefetch,
    real::Real,
    tile::{self, Job},
    turn::turn,
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
    pub(super) dimensions: usize,
}

/// How far the formula `|x|²/2 - x·c + |c|²/2` may be off over so many dimensions, as a share of its terms.
pub(crate) fn slack<T: Real>(dimensions: usize) -> T {
    T::from_f64(8.0 * (dimensions as f64 + 8.0)) * T::EPSILON
}

/// No less than the distance from the nearest centre, and no more than that from any other, by `|x|² / 2` and the scores of
/// [`Near`]. Nothing is known where a square is beyond the largest number, and where there is no second centre.
#[inline(always)]
pub(crate) fn distances<T: Real>(half_square: T, first: T, second: T, slack: T) -> (T, T) {
    let (two, near, far) = (T::ONE + T::ONE, first + half_square, second + half_square);
    let upper = (two * near + slack * (half_square + near.abs())).max(T::ZERO).sqrt();
    let lower = ((two - slack) * far - slack * half_square).max(T::ZERO).sqrt();
    if near.abs() < T::INFINITY && lower < T::INFINITY { (upper, lower) } else { (T::INFINITY, T::ZERO) }
}

/// How many centres are packed side by side.
const SIDE: usize = 8;
/// From so many bytes of lanes on, `SIDE` centres are compared at a time; the registers of other machines hold the products
/// of half as many.
const WIDE: usize = 128;
/// The most centres: their numbers are found as floating-point numbers.
const MOST: usize = 1 << 23;

impl<T: Real> Centres<T> {
    /// Packs centres, one a row; there must be some, of at least one dimension.
    ///
    /// # Panics
    /// When there are more than 8 million.
    pub(crate) fn new(centres: View<'_, T>) -> Self {
        let (k, dimensions) = (centres.rows, centres.columns);
        assert!(k <= MOST, "{k} centres, at most {MOST}");
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
        gathered::<T, I, NR>(points, which, isa, |which, few, mut soon| {
            let near = isa.call(
                #[inline(always)]
                || compare::<T, I, NR>(centres, few, &mut soon),
            );
            for (lane, &point) in which.iter().enumerate() {
                let (first, second) = (near.first[lane], near.second[lane]);
                found(point as usize, Near { at: near.at[lane].index() as usize, first, second });
            }
        });
    }
}

/// Gives some of the points, in panels of as many as there are lanes, to `with`, which is to ask for the next ones while it
/// is at work.
pub(super) fn gathered<T: Real, I: Isa, const NR: usize>(
    points: View<'_, T>,
    which: &[u32],
    isa: I,
    mut with: impl FnMut(&[u32], &[[T; NR]], Soon<'_, T>),
) {
    T::with_memory(|memory| {
        let few = panels::<T, NR>(memory, NR, points.columns);
        let mut batches = which.chunks(NR).peekable();
        while let Some(which) = batches.next() {
            isa.call(
                #[inline(always)]
                || {
                    // The last point is repeated: its other lanes are not looked at.
                    let mut lanes = [which[which.len() - 1]; NR];
                    lanes[..which.len()].copy_from_slice(which);
                    turn(
                        #[inline(always)]
                        |lane| &points.data[lanes[lane] as usize * points.row_stride..][..points.columns],
                        few,
                        isa,
                    );
                },
            );
            with(which, few, Soon { points, which: batches.peek().copied().unwrap_or_default(), next: 0 });
        }
    });
}

/// Points that are needed soon and lie anywhere.
pub(super) struct Soon<'a, T> {
    points: View<'a, T>,
    which: &'a [u32],
    /// Where in the first of them the line begins that is asked for next.
    next: usize,
}

impl<T: Real> Soon<'_, T> {
    /// Asks for one more line of the cache: a few at a time, so that nothing has to wait for them.
    #[inline(always)]
    fn ask(&mut self) {
        let Some((first, others)) = self.which.split_first() else { return };
        let (start, last) = (*first as usize * self.points.row_stride, self.points.columns - 1);
        // A row need not begin with a line.
        prefetch(self.points.data, start + self.next.min(last));
        if self.next > last {
            (self.which, self.next) = (others, 0);
        } else {
            self.next += 64 / size_of::<T>();
        }
    }
}

/// [`Near`] for as many points as there are lanes. Indices are kept as numbers of the same width as the scores.
pub(super) struct Lanes<T, const N: usize> {
    /// The number of the centre that is compared next.
    next: T,
    pub(super) at: [T; N],
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

    /// By how much the second distance is longer than the first, rounded down; 0 where that is not known.
    #[inline(always)]
    pub(super) fn margins(&self, half_squares: &[T; N], slack: T) -> [T; N] {
        let mut margins = [T::ZERO; N];
        for l in 0..N {
            let (upper, lower) = distances(half_squares[l], self.first[l], self.second[l], slack);
            margins[l] = (lower - upper).max(T::ZERO);
        }
        margins
    }
}

/// Compares some points with all centres, and asks for others meanwhile.
#[inline(always)]
pub(super) fn compare<T: Real, I: Isa, const N: usize>(
    centres: &Centres<T>,
    points: &[[T; N]],
    soon: &mut Soon<'_, T>,
) -> Lanes<T, N> {
    let mut near = Lanes { next: T::ZERO, at: [T::ZERO; N], first: [T::INFINITY; N], second: [T::INFINITY; N] };
    let panels = centres.packed.chunks_exact(centres.dimensions);
    let (halves, _) = centres.half_squares.as_chunks::<SIDE>();
    for (panel, half_squares) in panels.zip(halves) {
        if N * size_of::<T>() >= WIDE {
            let panel = panel.iter().inspect(
                #[inline(always)]
                |_| {
                    soon.ask();
                    soon.ask();
                },
            );
            near.update(half_squares, &tile::multiply::<T, I, SIDE, N>(panel, points));
        } else {
            for (i, half_squares) in half_squares.as_chunks::<{ SIDE / 2 }>().0.iter().enumerate() {
                let half = panel.iter().map(
                    #[inline(always)]
                    |centres| {
                        soon.ask();
                        &centres.as_chunks::<{ SIDE / 2 }>().0[i]
                    },
                );
                near.update(half_squares, &tile::multiply::<T, I, { SIDE / 2 }, N>(half, points));
            }
        }
    }
    near
}
