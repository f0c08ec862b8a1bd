//! Least squares with a price on the weights, by coordinate descent on a working set.
//!
//! Minimises `½ |y - X w|² + l₁ |w|₁ + ½ l₂ |w|²` over columns that are already about their means. The plain method
//! takes one weight at a time and puts it where the objective is least, which is a soft threshold, until nothing moves.
//! Three things make it fast. Only columns that may count take part: those that would move first are let in, the others
//! are looked at again when these have come to rest. Products of columns in that set are computed once, so that a step
//! costs as much as the set is large, whatever the number of rows. And when the signs have settled, what is left is a
//! system of linear equations, which is solved at once. The duality gap, computed over all columns, says when to end:
//! no weights whatever can be better by more than it.
//!
//! References: J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
//! descent", J. Statistical Software 33(1), 2010, §2.2 (covariance updates); M. Massias, A. Gramfort, J. Salmon, "Celer:
//! a fast solver for the lasso with dual extrapolation", ICML 2018 (working sets and the gap).

use std::hint::black_box;

use rayon::prelude::*;

use super::cholesky::Cholesky;
use crate::{
    algebra::dot,
    kernel::{View, column_products, vectorized},
};

/// Rows that one task takes; fixed, so that sums do not depend on the number of threads.
const TASK: usize = 1024;

/// Numbers side by side in one register, or two.
const LANES: usize = 8;

/// Steps of one solution, each as long as the working set: about ten seconds.
const WORK: usize = 10_000_000_000;

/// A table and a target about their means, and what has been learned about them so far. Solutions start from the last
/// one, so a sequence of prices is best taken from high to low.
pub(crate) struct Descent<'a> {
    table: Table<'a>,
    yy: f64,
    /// Products of all columns with the target, and with what the weights leave of it.
    targets: Vec<f64>,
    left: Vec<f64>,
    /// The weights of all columns.
    weights: Vec<f64>,
    /// The columns in the set, and the products of each with those before it and itself.
    set: Vec<usize>,
    products: Vec<Vec<f64>>,
    inside: Vec<bool>,
}

/// The rows, and what is taken off them.
struct Table<'a> {
    x: &'a [f64],
    y: &'a [f64],
    x_mean: Vec<f64>,
    y_mean: f64,
}

/// How a solution ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Sweeps over the working set.
    pub(crate) sweeps: usize,
    /// How far the objective can be above the least, in units of the objective.
    pub(crate) gap: f64,
    /// Whether the gap is as small as asked for.
    pub(crate) converged: bool,
}

/// The price of weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    pub(crate) l1: f64,
    pub(crate) l2: f64,
}

impl<'a> Descent<'a> {
    /// Begins with all weights at 0. `x` holds rows of `columns` numbers, one for each of `y`; `centred` takes the means
    /// off first.
    pub(crate) fn new(x: &'a [f64], columns: usize, y: &'a [f64], centred: bool) -> Self {
        let (mut x_mean, mut y_mean) = (vec![0.0; columns], 0.0);
        if centred {
            let n = y.len() as f64;
            let rough = y.iter().map(|y| y / n).sum::<f64>();
            y_mean = rough + y.iter().map(|y| (y - rough) / n).sum::<f64>();
            // Twice, the second time for what the first left: see `mean_variance`.
            for _ in 0..2 {
                let mut rest = vec![0.0; columns];
                for row in x.chunks_exact(columns) {
                    rest.iter_mut().zip(row).zip(&x_mean).for_each(|((rest, x), mean)| *rest += x - mean);
                }
                x_mean.iter_mut().zip(&rest).for_each(|(mean, rest)| *mean += rest / n);
            }
        }
        let table = Table { x, y, x_mean, y_mean };
        let seen = table.see(&vec![0.0; columns]);
        Descent {
            yy: seen.rest_squared,
            left: seen.left.clone(),
            targets: seen.left,
            weights: vec![0.0; columns],
            set: Vec::new(),
            products: Vec::new(),
            inside: vec![false; columns],
            table,
        }
    }

    /// Where the line is when all columns are 0.
    pub(crate) fn intercept(&self) -> f64 {
        self.table.y_mean - dot(&self.table.x_mean, &self.weights)
    }

    /// The weights of the last solution.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The least `l₁` at which all weights are 0.
    pub(crate) fn highest_price(&self) -> f64 {
        self.targets.iter().fold(0.0, |most: f64, target| most.max(target.abs()))
    }

    /// Finds the weights for a price, `l₁ > 0`, until the gap is below `tolerance` times half of the target's squares.
    pub(crate) fn solve(&mut self, price: Price, tolerance: f64, max_sweeps: usize) -> End {
        let mut sweeps = 0;
        let mut work = 0;
        loop {
            let grown = self.grow(price);
            let rested = self.settle(price, max_sweeps, &mut sweeps, &mut work);
            let gap = self.look_at_all(price);
            let converged = gap <= tolerance * self.yy || self.yy == 0.0;
            // Nothing to let in and nothing that moves: the gap is what rounding leaves.
            let at_rest = rested && !grown && self.excluded(price).next().is_none();
            if converged || at_rest || sweeps >= max_sweeps || work >= WORK || !gap.is_finite() {
                return End { sweeps, gap, converged: converged || (at_rest && gap <= 1e-9 * self.yy) };
            }
        }
    }

    /// Columns outside the set that would move, with how far they are over the price.
    fn excluded(&self, price: Price) -> impl Iterator<Item = (usize, f64)> {
        let over = move |j: usize| self.left[j].abs() - price.l1 * (1.0 + 1e-12);
        (0..self.left.len()).filter(|&j| !self.inside[j]).map(move |j| (j, over(j))).filter(|excess| excess.1 > 0.0)
    }

    /// Lets in the columns that are furthest over the price.
    fn grow(&mut self, price: Price) -> bool {
        let mut candidates: Vec<(usize, f64)> = self.excluded(price).collect();
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        candidates.truncate(64.max(self.set.len()));
        let new: Vec<usize> = candidates.iter().map(|candidate| candidate.0).collect();
        if new.is_empty() {
            return false;
        }
        let all = [&new[..], &self.set].concat();
        let Table { x, y, x_mean, .. } = &self.table;
        let products = column_products(View::new(x, y.len(), x_mean.len()), x_mean, &all, new.len());
        for (i, (j, row)) in new.iter().zip(products.chunks_exact(all.len())).enumerate() {
            self.inside[*j] = true;
            // Of the new ones, what is on and above the diagonal.
            let above = (0..=i).map(|k| products[k * all.len() + i]);
            self.products.push(row[new.len()..].iter().copied().chain(above).collect());
        }
        self.set.extend(new);
        true
    }

    /// Descends over the set until no weight in it wants to move.
    fn settle(&mut self, price: Price, max_sweeps: usize, sweeps: &mut usize, work: &mut usize) -> bool {
        let size = self.set.len();
        // Square, so that each step reads one row.
        let mut square = vec![0.0; size * size];
        for (a, products) in self.products.iter().enumerate() {
            for (b, product) in products.iter().enumerate() {
                square[a * size + b] = *product;
                square[b * size + a] = *product;
            }
        }
        let mut w: Vec<f64> = self.set.iter().map(|j| self.weights[*j]).collect();
        let mut left: Vec<f64> = vec![0.0; size];
        let refresh = |w: &[f64], left: &mut Vec<f64>| {
            left.iter_mut().zip(&self.set).for_each(|(left, j)| *left = self.targets[*j]);
            for (a, w) in w.iter().enumerate().filter(|(_, w)| **w != 0.0) {
                left.iter_mut().zip(&square[a * size..]).for_each(|(left, p)| *left -= w * p);
            }
        };
        refresh(&w, &mut left);
        let mut rested = size == 0;
        while !rested && *sweeps < max_sweeps && *work < WORK {
            *sweeps += 1;
            *work += size * size;
            let mut signs_changed = false;
            let mut moved: f64 = 0.0;
            for a in 0..size {
                let own = square[a * size + a] + price.l2;
                let next = soft(left[a] + square[a * size + a] * w[a], price.l1) / own;
                let step = next - w[a];
                if step != 0.0 {
                    signs_changed |= sign(next) != sign(w[a]);
                    moved = moved.max(step.abs() * own);
                    w[a] = next;
                    left.iter_mut().zip(&square[a * size..]).for_each(|(left, p)| *left -= step * p);
                }
            }
            rested = moved <= 1e-13 * price.l1 || !moved.is_finite();
            if !signs_changed && !rested {
                *work += size * size;
                self.jump(&mut w, &square, price);
                refresh(&w, &mut left);
                // One more sweep tells whether anything else wants to move.
                rested = (0..size).all(|a| {
                    let out = left[a] - price.l2 * w[a] - price.l1 * sign(w[a]);
                    if w[a] == 0.0 { out.abs() <= price.l1 * (1.0 + 1e-12) } else { out.abs() <= 1e-12 * price.l1 }
                });
            }
        }
        for (j, w) in self.set.iter().zip(&w) {
            self.weights[*j] = *w;
        }
        rested
    }

    /// With the signs given, the best weights solve linear equations; a weight that would change its sign on the way
    /// there stops at 0, and the others go on.
    fn jump(&self, w: &mut [f64], square: &[f64], price: Price) {
        let size = w.len();
        for _ in 0..8 {
            let active: Vec<usize> = (0..size).filter(|a| w[*a] != 0.0).collect();
            let n = active.len();
            let mut matrix = Vec::with_capacity(n * n);
            for a in &active {
                let row = &square[a * size..(a + 1) * size];
                matrix.extend(active.iter().map(|b| row[*b]));
            }
            matrix.iter_mut().step_by(n + 1).for_each(|own| *own += price.l2);
            let Some(factor) = Cholesky::new(&matrix, n).filter(|factor| factor.condition() < 1e13) else { return };
            let aim = |a: usize| self.targets[self.set[a]] - price.l1 * sign(w[a]);
            let mut best: Vec<f64> = active.iter().map(|a| aim(*a)).collect();
            factor.solve(&mut best);
            // The equations once more, for what rounding left.
            let mut rest: Vec<f64> =
                active.iter().enumerate().map(|(i, a)| aim(*a) - dot(&matrix[i * n..(i + 1) * n], &best)).collect();
            factor.solve(&mut rest);
            best.iter_mut().zip(&rest).for_each(|(best, rest)| *best += rest);
            let crosses = |i: usize| best[i] * w[active[i]] <= 0.0;
            let first = (0..n).filter(|i| crosses(*i)).map(|i| (w[active[i]] / (w[active[i]] - best[i]), i));
            let Some((share, stops)) = first.min_by(|a, b| a.0.total_cmp(&b.0)) else {
                active.iter().zip(&best).for_each(|(a, best)| w[*a] = *best);
                return;
            };
            active.iter().zip(&best).for_each(|(a, best)| w[*a] += share * (best - w[*a]));
            w[active[stops]] = 0.0;
        }
    }

    /// What the weights leave of the target, seen from all columns, and the duality gap.
    fn look_at_all(&mut self, Price { l1, l2 }: Price) -> f64 {
        let seen = self.table.see(&self.weights);
        let mut steepest: f64 = 0.0;
        for ((left, seen), w) in self.left.iter_mut().zip(&seen.left).zip(&self.weights) {
            *left = seen - l2 * w;
            steepest = steepest.max(left.abs());
        }
        // A point of the dual: the rest, made shorter until no column is over the price.
        let share = if steepest > l1 { l1 / steepest } else { 1.0 };
        let sum: f64 = self.weights.iter().map(|w| w.abs()).sum();
        let squares: f64 = self.weights.iter().map(|w| w * w).sum();
        0.5 * (1.0 + share * share) * (seen.rest_squared + l2 * squares) + l1 * sum - share * seen.along
    }
}

/// What the weights leave of the target.
struct Seen {
    /// Its products with the columns.
    left: Vec<f64>,
    /// Its squares, and its product with the target.
    rest_squared: f64,
    along: f64,
}

impl Table<'_> {
    /// One pass over the rows: what is left of each, and that times the row.
    fn see(&self, weights: &[f64]) -> Seen {
        let d = self.x_mean.len();
        let parts: Vec<Seen> = self
            .x
            .par_chunks(TASK * d)
            .zip(self.y.par_chunks(TASK))
            .map(|(x, y)| {
                vectorized(
                    #[inline(always)]
                    || self.see_part(x, y, weights),
                )
            })
            .collect();
        let mut all = Seen { left: vec![0.0; d], rest_squared: 0.0, along: 0.0 };
        for part in parts {
            all.left.iter_mut().zip(&part.left).for_each(|(sum, x)| *sum += x);
            all.rest_squared += part.rest_squared;
            all.along += part.along;
        }
        all
    }

    /// Row by row, in order: that is how memory comes fastest, and the second look at a row finds it in the first
    /// cache.
    #[inline(always)]
    fn see_part(&self, x: &[f64], y: &[f64], weights: &[f64]) -> Seen {
        let d = self.x_mean.len();
        let mut seen = Seen { left: vec![0.0; d], rest_squared: 0.0, along: 0.0 };
        let ((mean, mean_tail), (w, w_tail)) = (self.x_mean.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
        for (row, y) in x.chunks_exact(d).zip(y) {
            let (row, tail) = row.as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for ((x, mean), w) in row.iter().zip(mean).zip(w) {
                sums = about(x, mean, w, sums);
            }
            // The compiler must not see how the lanes are added up: it would choose its registers for that.
            let sums = black_box(sums);
            let tail_sum: f64 = tail.iter().zip(mean_tail).zip(w_tail).map(|((x, mean), w)| (x - mean) * w).sum();
            let y = y - self.y_mean;
            let rest = y - sums.iter().sum::<f64>() - tail_sum;
            seen.rest_squared += rest * rest;
            seen.along += rest * y;
            let (left, left_tail) = seen.left.as_chunks_mut::<LANES>();
            for ((left, x), mean) in left.iter_mut().zip(row).zip(mean) {
                *left = about(x, mean, &[rest; LANES], *left);
            }
            for ((left, x), mean) in left_tail.iter_mut().zip(tail).zip(mean_tail) {
                *left += (x - mean) * rest;
            }
        }
        seen
    }
}

/// Adds `(x - mean) w` to some sums.
#[inline(always)]
fn about(x: &[f64; LANES], mean: &[f64; LANES], w: &[f64; LANES], mut sums: [f64; LANES]) -> [f64; LANES] {
    for lane in 0..LANES {
        sums[lane] = (x[lane] - mean[lane]).mul_add(w[lane], sums[lane]);
    }
    sums
}

fn soft(x: f64, threshold: f64) -> f64 {
    if x > threshold {
        x - threshold
    } else if x < -threshold {
        x + threshold
    } else {
        0.0
    }
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, value::Seed};

    #[test]
    fn what_is_left_is_that_of_plain_loops() {
        // Columns that are not a multiple of eight, and several tasks.
        for (n, d) in [(1, 3), (10, 19), (4, 8), (2 * TASK + 3, 9)] {
            let mut random = Random::new(Seed::from(1));
            let mut numbers = |count: usize| -> Vec<f64> { (0..count).map(|_| random.normal()).collect() };
            let (x, y, x_mean, weights) = (numbers(n * d), numbers(n), numbers(d), numbers(d));
            let seen = Table { x: &x, y: &y, x_mean: x_mean.clone(), y_mean: 0.5 }.see(&weights);
            let row = |i: usize| (0..d).map(|j| x[i * d + j] - x_mean[j]).collect::<Vec<f64>>();
            let rest: Vec<f64> = (0..n).map(|i| y[i] - 0.5 - dot(&row(i), &weights)).collect();
            let allowed = 1e-12 * n as f64;
            assert!((seen.rest_squared - dot(&rest, &rest)).abs() < allowed);
            assert!((seen.along - rest.iter().zip(&y).map(|(rest, y)| rest * (y - 0.5)).sum::<f64>()).abs() < allowed);
            for (j, left) in seen.left.iter().enumerate() {
                let expected: f64 = rest.iter().enumerate().map(|(i, rest)| row(i)[j] * rest).sum();
                assert!((left - expected).abs() < allowed, "column {j} of {n} by {d}: {left} instead of {expected}");
            }
        }
    }
}
