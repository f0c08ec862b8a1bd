//! The nearest centres of the same points again and again, while the centres come to rest.
//!
//! When a point's second nearest centre is further than its nearest by a margin, it stays where it is until its own centre
//! and whichever other moved furthest have moved so far, added up: no distance changes by more than the centre's way.
//!
//! Source of the margin: G. Hamerly, "Making k-means even faster", SIAM International Conference on Data Mining, 2010.

use super::{
    level::{Isa, Level},
    nearest::{Centres, compare, gathered, slack},
    real::Real,
    tile::Job,
    view::View,
};

/// Points whose nearest centres are known, and how long that lasts.
#[derive(Debug)]
pub(crate) struct Settled<'a, T> {
    /// One a row.
    pub(crate) points: View<'a, T>,
    /// `|x|² / 2` of each.
    pub(crate) half_squares: &'a [T],
    /// The nearest centre of each; a number that is no centre's where nothing is known.
    pub(crate) labels: &'a mut [u32],
    /// What `travelled` of its centre may be before it can change sides.
    pub(crate) until: &'a mut [T],
}

impl<T: Real> Settled<'_, T> {
    /// Finds the nearest centre of each point; gives each whose label was another one, with the old and the new one, to
    /// `changed`, in order.
    ///
    /// `travelled` is, for each centre, how far it and the other that moved furthest have moved, added up over all steps
    /// since the first time. Points that cannot have changed sides are not looked at.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub(crate) fn relabel(&mut self, centres: &Centres<T>, travelled: &[T], changed: impl FnMut(usize, u32, u32)) {
        let n = self.points.rows;
        assert_eq!(self.points.columns, centres.dimensions, "points and centres differ in their dimensions");
        assert_eq!((self.half_squares.len(), self.labels.len(), self.until.len()), (n, n, n), "one of each a point");
        T::tiled(Level::best(), Relabel { settled: self, centres, travelled, changed });
    }
}

struct Relabel<'a, 'p, T, F> {
    settled: &'a mut Settled<'p, T>,
    centres: &'a Centres<T>,
    travelled: &'a [T],
    changed: F,
}

impl<T: Real, F: FnMut(usize, u32, u32)> Job<T> for Relabel<'_, '_, T, F> {
    type Output = ();

    fn run<I: Isa, const MR: usize, const NR: usize>(self, isa: I) {
        let Relabel { settled: Settled { points, half_squares, labels, until }, centres, travelled, mut changed } =
            self;
        let slack = slack(points.columns);
        let which = restless(labels, until, travelled);
        gathered::<T, I, NR>(*points, &which, isa, |which, few, mut soon| {
            let (nearest, margins) = isa.call(
                #[inline(always)]
                || {
                    let near = compare::<T, I, NR>(centres, few, &mut soon);
                    let (mut nearest, mut halves) = ([0; NR], [T::ZERO; NR]);
                    for (to, i) in halves.iter_mut().zip(which) {
                        *to = half_squares[*i as usize];
                    }
                    for (to, at) in nearest.iter_mut().zip(&near.at) {
                        *to = at.index();
                    }
                    (nearest, near.margins(&halves, slack))
                },
            );
            let mut differ = 0;
            for ((&i, to), margin) in which.iter().zip(nearest).zip(margins) {
                let i = i as usize;
                // Rounded down, so that it stays a bound.
                until[i] = (travelled[to as usize] + margin) * (T::ONE - T::EPSILON - T::EPSILON);
                differ |= labels[i] ^ to;
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
    let n = labels.len();
    let (mut which, mut count) = (vec![0; n], 0);
    let (to, until) = (&mut which[..n], &until[..n]);
    for i in 0..n {
        to[count] = i as u32;
        let stays = match travelled.get(labels[i] as usize) {
            Some(travelled) => until[i] > *travelled,
            None => false,
        };
        count += usize::from(!stays);
    }
    which.truncate(count);
    which
}
