//! The nearest and the second nearest of a few centres.

use super::{
    level::{Isa, Level, Portable},
    pack::{Change, LINE, line_start, pack, panels},
    prefetch::prefetch,
    real::Real,
    tile::{self, Job},
    turn::{Turned, turn},
    view::View,
};

/// What points and centres are made of.
pub(crate) trait Entry: Turned + Default {
    /// What sums of their products are.
    type Product: Copy;
    /// What is made of those.
    type Score: Real;

    /// The products of `MR` centres and `NR` points, entry by entry.
    fn multiply<'a, I: Isa, const MR: usize, const NR: usize>(
        centres: impl Iterator<Item = &'a [Self; MR]>,
        points: &[[Self; NR]],
        isa: I,
    ) -> [[Self::Product; NR]; MR];

    /// `|c|² / 2 - x·c`.
    fn score(half_square: Self::Score, product: Self::Product) -> Self::Score;

    /// Runs a job for as many points at a time as fit the registers.
    fn run<J: Job<Self>>(level: Level, job: J) -> J::Output;
}

impl<T: Real> Entry for T {
    type Product = T;
    type Score = T;

    #[inline(always)]
    fn multiply<'a, I: Isa, const MR: usize, const NR: usize>(
        centres: impl Iterator<Item = &'a [Self; MR]>,
        points: &[[Self; NR]],
        _: I,
    ) -> [[Self; NR]; MR] {
        tile::multiply::<T, I, MR, NR>(centres, points)
    }

    #[inline(always)]
    fn score(half_square: T, product: T) -> T {
        half_square - product
    }

    fn run<J: Job<Self>>(level: Level, job: J) -> J::Output {
        T::tiled(level, job)
    }
}

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
    assert_eq!(points.columns, centres.entries, "points and centres differ in their dimensions");
    T::tiled(Level::best(), Nearest { points, which, centres, found });
}

/// Centres, packed once for many points.
#[derive(Debug, Clone)]
pub(crate) struct Centres<E: Entry> {
    /// `SIDE` centres side by side, entry by entry, then the next.
    pub(super) packed: Vec<[E; SIDE]>,
    /// `|c|² / 2` of each, infinite where a place is empty.
    pub(super) half_squares: Vec<E::Score>,
    /// How many entries each has.
    pub(super) entries: usize,
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
pub(super) const SIDE: usize = 8;
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
        Centres { packed, half_squares, entries: dimensions }
    }
}

struct Nearest<'a, T: Real, F> {
    points: View<'a, T>,
    which: &'a [u32],
    centres: &'a Centres<T>,
    found: F,
}

impl<T: Real, F: FnMut(usize, Near<T>)> Job<T> for Nearest<'_, T, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Nearest { points, which, centres, mut found } = self;
        gathered::<T, I, NR>(points, which, isa, |which, few, soon| {
            let near = isa.call(
                #[inline(always)]
                || compare::<T, I, NR>(centres, few, soon, isa),
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
pub(super) fn gathered<E: Entry, I: Isa, const NR: usize>(
    points: View<'_, E>,
    which: &[u32],
    isa: I,
    mut with: impl FnMut(&[u32], &[[E; NR]], Soon<'_, E>),
) {
    let mut memory = Vec::new();
    let few = panels::<E, NR>(&mut memory, NR, points.columns);
    let mut batches = which.chunks(NR).peekable();
    while let Some(which) = batches.next() {
        isa.call(
            #[inline(always)]
            || {
                // The last point is repeated in the other lanes.
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
        with(which, few, Soon { points, which: batches.peek().copied().unwrap_or_default() });
    }
}

/// Points that are needed soon and lie anywhere.
#[derive(Clone, Copy)]
pub(super) struct Soon<'a, T> {
    points: View<'a, T>,
    which: &'a [u32],
}

impl<'a, T> Soon<'a, T> {
    /// Entries a line of the cache.
    const LINE: usize = LINE / size_of::<T>();

    /// Gives what asks for a part of them each time that it is called, and for all of them in as many `steps`: a few at a
    /// time, so that nothing has to wait for them.
    #[inline(always)]
    fn asked_for_in(self, steps: usize) -> impl FnMut() {
        let Soon { points, which } = self;
        let aligned = line_start(points.data) == 0 && points.row_stride.is_multiple_of(Self::LINE);
        // A row that begins inside of a line ends in one more.
        let (last, past) = (points.columns - 1, points.columns + if aligned { 0 } else { Self::LINE });
        let (mut rows, mut due) = (which.iter(), 0);
        #[inline(always)]
        move || {
            due += which.len();
            while due >= steps {
                due -= steps;
                let Some(row) = rows.next() else { return };
                for at in (0..past).step_by(Self::LINE) {
                    prefetch(points.data, *row as usize * points.row_stride + at.min(last));
                }
            }
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
    fn update<E: Entry<Score = T>>(&mut self, half_squares: &[T], products: &[[E::Product; N]]) {
        for (half, products) in half_squares.iter().zip(products) {
            for (l, product) in products.iter().enumerate() {
                let score = E::score(*half, *product);
                let nearer = score < self.first[l];
                let loser = if nearer { self.first[l] } else { score };
                self.second[l] = if loser < self.second[l] { loser } else { self.second[l] };
                self.at[l] = if nearer { self.next } else { self.at[l] };
                self.first[l] = if nearer { score } else { self.first[l] };
            }
            self.next += T::ONE;
        }
    }

    /// By how much the second distance is longer than the first, rounded down; 0 where that is not known. Scores may be
    /// off by `error`.
    #[inline(always)]
    pub(super) fn margins(&self, half_squares: &[T; N], error: T, slack: T) -> [T; N] {
        let mut margins = [T::ZERO; N];
        for l in 0..N {
            let (upper, lower) = distances(half_squares[l], self.first[l] + error, self.second[l] - error, slack);
            margins[l] = (lower - upper).max(T::ZERO);
        }
        margins
    }
}

/// Compares some points with all centres, and asks for others meanwhile.
#[inline(always)]
pub(super) fn compare<E: Entry, I: Isa, const N: usize>(
    centres: &Centres<E>,
    points: &[[E; N]],
    soon: Soon<'_, E>,
    isa: I,
) -> Lanes<E::Score, N> {
    let (zeros, far) = ([E::Score::ZERO; N], [E::Score::INFINITY; N]);
    let mut near = Lanes { next: E::Score::ZERO, at: zeros, first: far, second: far };
    let steps = centres.packed.len() * if N * size_of::<E>() >= WIDE { 1 } else { 2 };
    let mut ask = soon.asked_for_in(steps);
    let panels = centres.packed.chunks_exact(centres.entries);
    let (halves, _) = centres.half_squares.as_chunks::<SIDE>();
    for (panel, half_squares) in panels.zip(halves) {
        if N * size_of::<E>() >= WIDE {
            let panel = panel.iter().inspect(
                #[inline(always)]
                |_| ask(),
            );
            near.update::<E>(half_squares, &E::multiply::<I, SIDE, N>(panel, points, isa));
        } else {
            for (i, half_squares) in half_squares.as_chunks::<{ SIDE / 2 }>().0.iter().enumerate() {
                let half = panel.iter().map(
                    #[inline(always)]
                    |centres| {
                        ask();
                        &centres.as_chunks::<{ SIDE / 2 }>().0[i]
                    },
                );
                near.update::<E>(half_squares, &E::multiply::<I, { SIDE / 2 }, N>(half, points, isa));
            }
        }
    }
    near
}
