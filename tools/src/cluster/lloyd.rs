//! The two steps of k-means, without the distances that cannot matter.
//!
//! Plain Lloyd measures each point against each centre in each iteration, and most of it is in vain: a point keeps an upper
//! bound of the distance to its own centre and a lower bound of the distance to every other, both move by no more than
//! the centres do, and while they do not cross the point stays where it is (Hamerly). Where centres are few, it keeps only
//! how far the bounds are apart, since looking at more would take longer than to measure. What is left is measured as a
//! small product of matrices: of 16-bit numbers first where rows are long, which tells nearly all, and of the points as
//! they are where that is too close to call. Sums are changed only by the points that changed sides.
//!
//! Sources: G. Hamerly, "Making k-means even faster", SIAM International Conference on Data Mining, 2010; C. Elkan,
//! "Using the triangle inequality to accelerate k-means", ICML 2003 (the bound by half the gap between centres).

use rayon::prelude::*;

use crate::{
    kernel::{
        Centres, Measured, Near, Packed, Real, Rounded, Settled, View, distances, inside, prefetch_row, slack,
        squared_distance, two_nearest, vectorized,
    },
    pool,
    vectors::half_squares,
};

/// What the iterations end with.
#[derive(Debug, Clone)]
pub struct Fit<T> {
    /// The centres, one after the other.
    pub centres: Vec<T>,
    /// The nearest centre of each point.
    pub labels: Vec<usize>,
    /// The sum of squared distances of the points from their centres.
    pub inertia: f64,
    /// How many iterations it took.
    pub iterations: usize,
    /// Whether it came to rest.
    pub converged: bool,
}

/// How many points a task takes.
const POINTS: usize = 2048;
/// Up to how many numbers of all centres a point keeps one bound and not two.
const FEW: usize = 1024;
/// From how many centres on it is worth measuring the distance to one's own before those to all.
const MANY: usize = 24;
/// The fewest points or changes that are added up apart from the others.
const PART: usize = 1024;
/// They are at least so many times as many as centres, so that adding them up takes longer than adding up the sums.
const TIMES: usize = 16;
/// So many changes ahead a point is asked for.
const SOON: usize = 8;
/// Points are not rounded any more when one of so many that were looked at was too close to call, unless those are few.
const VAIN: usize = 4;
/// The label before the first iteration.
const NONE: u32 = u32::MAX;

/// Points on their way: everything that is kept from one iteration to the next.
struct Lloyd<'a, T> {
    points: View<'a, T>,
    /// `|x|² / 2` of each.
    half_squares: Vec<T>,
    labels: Vec<u32>,
    known: Known<T>,
    centres: Vec<T>,
    /// How far each centre moved in the last step.
    moved: Vec<T>,
    sums: Vec<f64>,
    sizes: Vec<usize>,
}

/// What is known of each point's distances.
enum Known<T> {
    /// One number a point: how much further the second nearest centre is.
    Margins {
        /// What `travelled` of its centre may be before it can change sides.
        until: Vec<T>,
        /// How far each centre and the other that moved furthest have moved, added up over the steps.
        travelled: Vec<T>,
        /// The points rounded, as long as that tells most of them.
        rounded: Option<Rounded>,
    },
    /// Two numbers a point.
    Bounds {
        /// No less than the distance to the own centre.
        upper: Vec<T>,
        /// No more than the distance to any other.
        lower: Vec<T>,
    },
}

/// A point that goes from one centre to another.
#[derive(Debug, Clone, Copy)]
struct Change {
    point: usize,
    from: u32,
    to: u32,
}

/// Iterates from given centres until nothing changes, the squared lengths of the centres' steps add up to no more than
/// `tolerance`, or `most` iterations are done.
pub(super) fn iterate<T: Real>(points: &[T], d: usize, centres: Vec<T>, most: usize, tolerance: f64) -> Fit<T> {
    pool::enter(|| until_at_rest(Lloyd::new(points, d, centres), most, tolerance))
}

fn until_at_rest<T: Real>(mut lloyd: Lloyd<'_, T>, most: usize, tolerance: f64) -> Fit<T> {
    let (mut iterations, mut converged, mut current) = (0, false, false);
    while iterations < most && !converged {
        iterations += 1;
        pool::give_way();
        let mut changes = lloyd.assign();
        lloyd.count(&changes);
        let filled = lloyd.fill_empty();
        lloyd.count(&filled);
        changes.extend(filled);
        if changes.is_empty() {
            (converged, current) = (true, true);
            break;
        }
        lloyd.add_up(&changes);
        converged = lloyd.move_centres() <= tolerance;
    }
    if !current {
        // The labels of the centres as they are now, which the last step may have moved.
        lloyd.assign();
    }
    let inertia = lloyd.distances().iter().sum();
    let labels = lloyd.labels.iter().map(|label| *label as usize).collect();
    Fit { centres: lloyd.centres, labels, inertia, iterations, converged }
}

impl<'a, T: Real> Lloyd<'a, T> {
    fn new(points: &'a [T], d: usize, centres: Vec<T>) -> Self {
        let (n, k) = (points.len() / d, centres.len() / d);
        let half_squares = half_squares(points, d);
        let known = if k * d <= FEW {
            // One centre is nearest whatever is measured.
            let rounded = if k > 1 { Rounded::new(points, d, &half_squares) } else { None };
            Known::Margins { until: vec![T::ZERO; n], travelled: vec![T::ZERO; k], rounded }
        } else {
            Known::Bounds { upper: vec![T::INFINITY; n], lower: vec![T::ZERO; n] }
        };
        Lloyd {
            points: View::new(points, n, d),
            half_squares,
            labels: vec![NONE; n],
            known,
            centres,
            moved: vec![T::ZERO; k],
            sums: vec![0.0; k * d],
            sizes: vec![0; k],
        }
    }

    fn d(&self) -> usize {
        self.points.columns
    }

    /// Gives each point to its nearest centre; tells which changed, in an order that depends on the numbers alone.
    fn assign(&mut self) -> Vec<Change> {
        let (d, k) = (self.d(), self.moved.len());
        let view = View::new(&self.centres, k, d);
        let centres = Centres::new(view);
        let (points, half_squares, moved) = (self.points, &self.half_squares[..], &self.moved[..]);
        let furthest = furthest(moved);
        let rows_of = |i: usize, length: usize| {
            let first = i * POINTS;
            (first, View::new(&points.data[first * d..], length, d), &half_squares[first..first + length])
        };
        let labels = self.labels.par_chunks_mut(POINTS);
        let changes: Vec<Vec<Change>> = match &mut self.known {
            Known::Margins { until, travelled, rounded } => {
                let centres = Packed { centres, rounded: rounded.as_ref().and_then(|rounded| rounded.centres(view)) };
                for (i, travelled) in travelled.iter_mut().enumerate() {
                    // Rounded up, so that it stays a bound.
                    *travelled = (*travelled + moved[i] + furthest.of_others(i)) * (T::ONE + T::EPSILON + T::EPSILON);
                }
                let tasks = labels.zip(until.par_chunks_mut(POINTS)).enumerate().map(|(i, (labels, until))| {
                    let (first, points, half_squares) = rows_of(i, labels.len());
                    let rounded = rounded.as_ref().map(|rounded| rounded.rows(first, labels.len()));
                    let mut changes = Vec::new();
                    let mut settled = Settled { points, rounded, half_squares, labels, until };
                    let measured = settled.relabel(&centres, travelled, |point, from, to| {
                        changes.push(Change { point: first + point, from, to });
                    });
                    (measured, changes)
                });
                let (measured, changes): (Vec<Measured>, Vec<Vec<Change>>) = tasks.unzip();
                let sum = |of: fn(&Measured) -> usize| measured.iter().map(of).sum::<usize>();
                if sum(|measured| measured.exactly) * VAIN > sum(|measured| measured.rounded).max(points.rows / VAIN) {
                    *rounded = None;
                }
                changes
            }
            Known::Bounds { upper, lower } => {
                let gaps = gaps(&self.centres, d, points.rows);
                let step = Step { centres: &self.centres, packed: &centres, gaps, furthest, d };
                let bounds = upper.par_chunks_mut(POINTS).zip(lower.par_chunks_mut(POINTS));
                let tasks = labels.zip(bounds).enumerate().map(|(i, (labels, (upper, lower)))| {
                    let (first, points, half_squares) = rows_of(i, labels.len());
                    step.part(Part { points, half_squares, moved, first, labels, upper, lower })
                });
                tasks.collect()
            }
        };
        changes.concat()
    }

    /// The squared distance of each point from its centre.
    fn distances(&self) -> Vec<f64> {
        let d = self.d();
        let mut distances = vec![0.0; self.labels.len()];
        let parts = distances.par_chunks_mut(POINTS).zip(self.labels.par_chunks(POINTS));
        parts.enumerate().for_each(|(part, (distances, labels))| {
            let points = self.points.data[part * POINTS * d..].chunks_exact(d);
            vectorized(
                #[inline(always)]
                || {
                    for ((to, label), point) in distances.iter_mut().zip(labels).zip(points) {
                        *to = inside::squared_distance(point, row(&self.centres, d, *label as usize)).to_f64();
                    }
                },
            );
        });
        distances
    }

    /// A centre without points takes the point that is furthest from its own centre, unless all points sit on theirs.
    fn fill_empty(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.sizes.iter().all(|size| *size > 0) {
            return changes;
        }
        let mut distances = self.distances();
        let mut sizes = self.sizes.clone();
        for empty in 0..sizes.len() {
            if sizes[empty] > 0 {
                continue;
            }
            let furthest = (0..distances.len())
                .filter(|&i| distances[i] > 0.0 && sizes[self.labels[i] as usize] > 1)
                .max_by(|&i, &j| distances[i].total_cmp(&distances[j]));
            let Some(point) = furthest else { break };
            let (from, to) = (self.labels[point], empty as u32);
            sizes[from as usize] -= 1;
            sizes[empty] = 1;
            distances[point] = 0.0;
            self.labels[point] = to;
            // What was known of its distances is about another centre.
            match &mut self.known {
                Known::Margins { until, .. } => until[point] = T::ZERO,
                Known::Bounds { upper, lower } => (upper[point], lower[point]) = (T::INFINITY, T::ZERO),
            }
            changes.push(Change { point, from, to });
        }
        changes
    }

    fn count(&mut self, changes: &[Change]) {
        for change in changes {
            if change.from != NONE {
                self.sizes[change.from as usize] -= 1;
            }
            self.sizes[change.to as usize] += 1;
        }
    }

    /// Brings the sums up to date: by the changes if they are few, anew otherwise.
    fn add_up(&mut self, changes: &[Change]) {
        let (d, points) = (self.d(), self.points.data);
        let part = PART.max(TIMES * self.sizes.len());
        let parts: Vec<Vec<f64>> = if changes.len() * 4 > self.labels.len() {
            self.sums.fill(0.0);
            let parts = points.par_chunks(part * d).zip(self.labels.par_chunks(part));
            parts.map(|(points, labels)| sums_of(points, labels, self.sums.len(), d)).collect()
        } else {
            changes.par_chunks(part).map(|changes| sums_of_changes(points, changes, self.sums.len(), d)).collect()
        };
        for part in parts {
            self.sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }

    /// Moves each centre to the mean of its points, one without points not at all; tells the sum of squared steps.
    fn move_centres(&mut self) -> f64 {
        let d = self.d();
        let mut steps = 0.0;
        for (i, &size) in self.sizes.iter().enumerate() {
            let centre = &mut self.centres[i * d..(i + 1) * d];
            let mut step = 0.0;
            for (x, sum) in centre.iter_mut().zip(&self.sums[i * d..(i + 1) * d]).filter(|_| size > 0) {
                let mean = T::from_f64(sum / size as f64);
                step += (mean - *x).to_f64().powi(2);
                *x = mean;
            }
            steps += step;
            // Rounded up, so that what follows from it stays a bound. One that comes from nowhere came from afar.
            let way = step.sqrt() * (1.0 + (d as f64 + 4.0) * T::EPSILON.to_f64());
            self.moved[i] = if way.is_nan() { T::INFINITY } else { T::from_f64(way) };
        }
        steps
    }
}

/// The sum of the points of each label; `length` numbers, `d` a centre.
fn sums_of<T: Real>(points: &[T], labels: &[u32], length: usize, d: usize) -> Vec<f64> {
    let mut sums = vec![0.0; length];
    vectorized(
        #[inline(always)]
        || {
            for (point, label) in points.chunks_exact(d).zip(labels) {
                let sum = &mut sums[*label as usize * d..(*label as usize + 1) * d];
                sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += x.to_f64());
            }
        },
    );
    sums
}

/// What the changes add to the sums.
fn sums_of_changes<T: Real>(points: &[T], changes: &[Change], length: usize, d: usize) -> Vec<f64> {
    let mut sums = vec![0.0; length];
    vectorized(
        #[inline(always)]
        || {
            for (i, change) in changes.iter().enumerate() {
                // The points lie anywhere: ask for those that come soon.
                if let Some(soon) = changes.get(i + SOON) {
                    prefetch_row(points, soon.point * d, d);
                }
                let point = row(points, d, change.point);
                let (from, to) = (change.from as usize, change.to as usize);
                sums[from * d..(from + 1) * d].iter_mut().zip(point).for_each(|(sum, x)| *sum -= x.to_f64());
                sums[to * d..(to + 1) * d].iter_mut().zip(point).for_each(|(sum, x)| *sum += x.to_f64());
            }
        },
    );
    sums
}

fn row<T>(rows: &[T], d: usize, i: usize) -> &[T] {
    &rows[i * d..(i + 1) * d]
}

/// Half the distance from each of the centres to the next: one of the `n` points that is nearer to its own is nearest to it.
fn gaps<T: Real>(centres: &[T], d: usize, n: usize) -> Vec<T> {
    let k = centres.len() / d;
    // Not worth it for more centres than this.
    if k * k > n {
        return vec![T::ZERO; k];
    }
    let half = T::from_f64(0.5) * (T::ONE - T::from_f64(16.0 * d as f64) * T::EPSILON);
    let gap = |i: usize| {
        let others = (0..k).filter(|&j| j != i).map(|j| squared_distance(row(centres, d, i), row(centres, d, j)));
        others.fold(T::INFINITY, T::min).sqrt() * half
    };
    (0..k).map(gap).collect()
}

/// How far centres moved.
#[derive(Debug, Clone, Copy)]
struct Furthest<T> {
    centre: usize,
    way: T,
    /// The longest way of another one.
    next: T,
}

fn furthest<T: Real>(moved: &[T]) -> Furthest<T> {
    let mut furthest = Furthest { centre: 0, way: T::ZERO, next: T::ZERO };
    for (centre, &way) in moved.iter().enumerate() {
        if way > furthest.way {
            furthest = Furthest { centre, way, next: furthest.way };
        } else {
            furthest.next = furthest.next.max(way);
        }
    }
    furthest
}

impl<T: Real> Furthest<T> {
    /// How far any centre but one moved.
    fn of_others(self, centre: usize) -> T {
        if centre == self.centre { self.next } else { self.way }
    }
}

/// What an assignment by bounds knows of the centres.
struct Step<'a, T: Real> {
    centres: &'a [T],
    packed: &'a Centres<T>,
    gaps: Vec<T>,
    furthest: Furthest<T>,
    d: usize,
}

/// A stretch of the points.
struct Part<'a, T> {
    points: View<'a, T>,
    half_squares: &'a [T],
    moved: &'a [T],
    /// The number of the first.
    first: usize,
    labels: &'a mut [u32],
    upper: &'a mut [T],
    lower: &'a mut [T],
}

impl<T: Real> Step<'_, T> {
    fn part(&self, part: Part<'_, T>) -> Vec<Change> {
        let Part { points, half_squares, moved, first, labels, upper, lower } = part;
        let (more, less) = (T::ONE + T::EPSILON + T::EPSILON, T::ONE - T::EPSILON - T::EPSILON);
        let mut which = Vec::with_capacity(labels.len());
        for (i, &label) in labels.iter().enumerate() {
            if label == NONE {
                which.push(i as u32);
                continue;
            }
            let label = label as usize;
            // Rounded outwards, so that the bounds stay bounds.
            let high = (upper[i] + moved[label]) * more;
            let low = (lower[i] - self.furthest.of_others(label)) * less;
            (upper[i], lower[i]) = (high, low);
            let stays = high < low.max(self.gaps[label]);
            if !stays {
                which.push(i as u32);
            }
        }
        if moved.len() >= MANY {
            which.retain(|&i| {
                let i = i as usize;
                if labels[i] == NONE {
                    return true;
                }
                let label = labels[i] as usize;
                let own = &self.centres[label * self.d..(label + 1) * self.d];
                let point = &points.data[i * self.d..(i + 1) * self.d];
                let square = squared_distance(point, own);
                upper[i] = square.sqrt() * (T::ONE + T::from_f64(self.d as f64 + 4.0) * T::EPSILON);
                let stays = upper[i] < lower[i].max(self.gaps[label]);
                !stays
            });
        }
        let slack = slack(self.d);
        let mut changes = Vec::new();
        two_nearest(points, &which, self.packed, |i, Near { at, first: near, second }| {
            (upper[i], lower[i]) = distances(half_squares[i], near, second, slack);
            let to = at as u32;
            if labels[i] != to {
                changes.push(Change { point: first + i, from: labels[i], to });
                labels[i] = to;
            }
        });
        changes
    }
}
