//! The nearest centres of the same points again and again, while the centres come to rest.
//!
//! When a point's second nearest centre is further than its nearest by a margin, it stays where it is until its own centre
//! and whichever other moved furthest have moved so far, added up: no distance changes by more than the centre's way.
//!
//! Source of the margin: G. Hamerly, "Making k-means even faster", SIAM International Conference on Data Mining, 2010.

use super::{
    level::{Isa, Level},
    nearest::{Centres, Entry, compare, gathered, slack},
    real::{Real, sealed::Kernels},
    rounded::{Pair, RoundedCentres},
    tile::Job,
    view::View,
};

/// Points whose nearest centres are known, and how long that lasts.
#[derive(Debug)]
pub(crate) struct Settled<'a, T> {
    /// One a row.
    pub(crate) points: View<'a, T>,
    /// The same rounded, which is looked at first.
    pub(crate) rounded: Option<View<'a, Pair>>,
    /// `|x|² / 2` of each.
    pub(crate) half_squares: &'a [T],
    /// The nearest centre of each; [`u32::MAX`] where nothing is known.
    pub(crate) labels: &'a mut [u32],
    /// What `travelled` of its centre may be before it can change sides.
    pub(crate) until: &'a mut [T],
}

/// Centres as they are, and rounded like the points.
#[derive(Debug)]
pub(crate) struct Packed<T: Real> {
    pub(crate) centres: Centres<T>,
    pub(crate) rounded: Option<RoundedCentres>,
}

/// How many points were measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    /// Rounded.
    pub(crate) rounded: usize,
    /// As they are, some of them because it was too close to call before.
    pub(crate) exactly: usize,
}

/// The most centres.
const MOST: usize = 2047;

impl<T: Real> Settled<'_, T> {
    /// Finds the nearest centre of each point; gives each whose label was another one, with the old and the new one, to
    /// `changed`: those that are decided rounded in order, then the others in order.
    ///
    /// `travelled` is, for each centre, how far it and the other that moved furthest have moved, added up over all steps
    /// since the first time. Points that cannot have changed sides are not looked at.
    ///
    /// # Panics
    /// When the shapes do not fit, or there are more than 2047 centres.
    pub(crate) fn relabel(
        &mut self,
        centres: &Packed<T>,
        travelled: &[T],
        mut changed: impl FnMut(usize, u32, u32),
    ) -> Measured {
        let n = self.points.rows;
        assert_eq!(self.points.columns, centres.centres.entries, "points and centres differ in their dimensions");
        assert!(travelled.len() <= MOST, "{} centres, at most {MOST}", travelled.len());
        assert_eq!((self.half_squares.len(), self.labels.len(), self.until.len()), (n, n, n), "one of each a point");
        let mut which = restless(self.labels, self.until, travelled);
        let mut measured = Measured::default();
        let changed = &mut changed;
        if let (Some(points), Some(rounded)) = (self.rounded, &centres.rounded) {
            assert_eq!((points.rows, points.columns), (n, rounded.centres.entries), "rounded as the points are");
            measured.rounded = which.len();
            let scale = Scale {
                half_square: 1.0 / rounded.unit,
                distance: rounded.unit.sqrt(),
                error: rounded.error,
                slack: rounded.slack,
                // Anything above 0: a margin is never negative.
                least: T::from_f64(f64::from(f32::MIN_POSITIVE)),
            };
            let (settled, centres, mut unsure) = (&mut *self, &rounded.centres, Vec::new());
            Pair::run(
                Level::best(),
                Relabel { settled, points, which: &which, centres, travelled, scale, unsure: &mut unsure, changed },
            );
            which = unsure;
        }
        measured.exactly = which.len();
        let (points, centres, slack) = (self.points, &centres.centres, slack(self.points.columns));
        let scale = Scale { half_square: 1.0, distance: 1.0, error: T::ZERO, slack, least: T::ZERO };
        let (which, unsure) = (&which[..], &mut Vec::new());
        T::run(Level::best(), Relabel { settled: self, points, which, centres, travelled, scale, unsure, changed });
        measured
    }
}

/// How scores and what is made of them relate to the points as they are.
#[derive(Debug, Clone, Copy)]
struct Scale<S, T> {
    /// What `|x|² / 2` is multiplied by.
    half_square: f64,
    /// What a distance is multiplied by to get that of the points as they are.
    distance: f64,
    /// How far scores may be off.
    error: S,
    /// For [`distances`](super::distances).
    slack: S,
    /// Below this margin it is too close to call; 0 if it never is.
    least: T,
}

struct Relabel<'a, 'p, E: Entry, T, F> {
    settled: &'a mut Settled<'p, T>,
    points: View<'a, E>,
    which: &'a [u32],
    centres: &'a Centres<E>,
    travelled: &'a [T],
    scale: Scale<E::Score, T>,
    /// The points that are too close to call.
    unsure: &'a mut Vec<u32>,
    changed: &'a mut F,
}

impl<E: Entry, T: Real, F: FnMut(usize, u32, u32)> Job<E> for Relabel<'_, '_, E, T, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Relabel { settled, points, which, centres, travelled, scale, unsure, changed } = self;
        let Settled { half_squares, labels, until, .. } = settled;
        let (labels, until) = (&mut labels[..], &mut until[..]);
        gathered::<E, I, NR>(points, which, isa, |which, few, soon| {
            let (mut nearest, mut margins) = ([0; NR], [T::ZERO; NR]);
            let mut close = 0;
            isa.call(
                #[inline(always)]
                || {
                    let near = compare::<E, I, NR>(centres, few, soon, isa);
                    let (mut given, mut halves) = ([T::ZERO; NR], [E::Score::ZERO; NR]);
                    for (to, i) in given.iter_mut().zip(which) {
                        *to = half_squares[*i as usize];
                    }
                    for (to, half) in halves.iter_mut().zip(&given) {
                        *to = E::Score::from_f64(half.to_f64() * scale.half_square);
                    }
                    for (to, at) in nearest.iter_mut().zip(&near.at) {
                        *to = at.index();
                    }
                    for (to, margin) in margins.iter_mut().zip(near.margins(&halves, scale.error, scale.slack)) {
                        *to = T::from_f64(margin.to_f64() * scale.distance);
                    }
                    for margin in margins.iter().take(which.len()) {
                        close += u32::from(*margin < scale.least);
                    }
                },
            );
            if close > 0 {
                for ((i, to), _) in
                    which.iter().zip(&mut nearest).zip(&margins).filter(|(_, margin)| **margin < scale.least)
                {
                    unsure.push(*i);
                    *to = labels[*i as usize];
                }
            }
            let mut differ = 0;
            for ((i, to), margin) in which.iter().zip(&nearest).zip(&margins) {
                let travelled = travelled.get(*to as usize).copied().unwrap_or_default();
                // Rounded down, so that it stays a bound.
                until[*i as usize] = (travelled + *margin) * (T::ONE - T::EPSILON - T::EPSILON);
                differ |= labels[*i as usize] ^ *to;
            }
            if differ == 0 {
                return;
            }
            for (&i, to) in which.iter().zip(nearest) {
                let label = &mut labels[i as usize];
                if *label != to {
                    changed(i as usize, *label, to);
                    *label = to;
                }
            }
        });
    }
}

/// The points that may have changed sides. Without branches, which no processor could foretell.
fn restless<T: Real>(labels: &[u32], until: &[T], travelled: &[T]) -> Vec<u32> {
    const TOGETHER: usize = 64;
    // `u32::MAX` falls on the last place, which no centre has: nothing lasts that long.
    let mut of_label = [T::INFINITY; MOST + 1];
    of_label[..travelled.len()].copy_from_slice(travelled);
    let (mut which, mut point) = (Vec::with_capacity(labels.len()), 0);
    for (labels, until) in labels.chunks(TOGETHER).zip(until.chunks(TOGETHER)) {
        let (mut some, mut count) = ([0; TOGETHER], 0);
        for (label, until) in labels.iter().zip(until) {
            some[count % TOGETHER] = point;
            let stays = *until > of_label[*label as usize % (MOST + 1)];
            count += usize::from(!stays);
            point += 1;
        }
        which.extend_from_slice(&some[..count]);
    }
    which
}
