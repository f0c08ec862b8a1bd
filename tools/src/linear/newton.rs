//! Logistic regression with two classes, by Newton's method in one pass over the rows a step.
//!
//! Minimises `C Σ log(1 + exp(-s z)) + price of b`, where `z = b₀ + x b` and `s` is 1 for the second class and -1 for the
//! first. A step needs the gradient and the matrix of second derivatives, and both are sums of products of the columns
//! of one table: each row times the root of its weight `p (1 - p)`, and beside it the error `p - y` divided by that root.
//! So a pass computes margins, probabilities and weights for a block of rows, and multiplies them while they are in the
//! first cache. Of a long table every tenth row gives the start, and near the end, where the second derivatives hardly
//! change, steps take the last ones and a pass computes the gradient alone.
//!
//! References: G. C. Walker, D. B. Duncan, "Estimation of the probability of an event as a function of several
//! independent variables", Biometrika 54, 1967; S. Boyd, L. Vandenberghe, *Convex Optimization*, §9.5; for the L1 price,
//! G.-X. Yuan, C.-H. Ho, C.-J. Lin, "An improved GLMNET for L1-regularized logistic regression", JMLR 13, 2012.

use std::ops::Range;

use rayon::prelude::*;

use super::{cholesky::Cholesky, gram::gram};
use crate::{
    algebra::dot,
    kernel::{self, inside, vectorized},
};

/// Rows from which a sample gives the start, and which rows it takes.
const LONG: usize = 50_000;
const EVERY: usize = 10;

/// Rows that one task takes; fixed, so that sums do not depend on the number of threads.
const TASK: usize = 8192;

/// What to fit.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// Rows of `columns` numbers.
    pub(super) x: &'a [f64],
    pub(super) columns: usize,
    /// Whether each row belongs to the second class.
    pub(super) second: &'a [bool],
    pub(super) intercept: bool,
    /// How much the rows count against the price of the weights.
    pub(super) c: f64,
    pub(super) price: Price,
}

/// The price of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Price {
    None,
    /// The sum of absolute values.
    Absolute,
    /// Half the sum of squares.
    Squares,
}

/// The best line found.
pub(super) struct Solution {
    /// The weight of each column, then the intercept if there is one.
    pub(super) weights: Vec<f64>,
    pub(super) iterations: usize,
    pub(super) converged: bool,
    /// The sum of the rows' losses: minus the log-likelihood.
    pub(super) loss: f64,
    /// Whether some line tells the classes apart, so that larger weights are always better.
    pub(super) separable: bool,
}

/// The state of a fit. Weights belong to the columns about `origin`, which keeps the digits of columns far from 0.
struct Fit<'a> {
    problem: Problem<'a>,
    origin: Vec<f64>,
    /// Every how many rows count.
    every: usize,
}

/// What a pass finds.
struct Pass {
    loss: f64,
    gradient: Vec<f64>,
    /// Second derivatives, row after row; none if they were not asked for.
    curvature: Option<Vec<f64>>,
}

/// Finds the line: the gradient of the mean objective is at most `tolerance` in each place.
pub(super) fn solve(problem: Problem<'_>, tolerance: f64, max_iterations: usize) -> Solution {
    let d = problem.columns;
    let mut fit = Fit::new(problem);
    let mut weights = vec![0.0; fit.size()];
    if problem.second.len() >= LONG {
        fit.every = EVERY;
        fit.descend(&mut weights, 1e-4, 20);
        fit.every = 1;
    }
    let mut solution = fit.descend(&mut weights, tolerance, max_iterations);
    if problem.intercept {
        let moved: f64 = fit.origin.iter().zip(&weights).map(|(origin, w)| origin * w).sum();
        weights[d] -= moved;
    }
    solution.weights = weights;
    solution
}

/// The standard deviations of the intercept, if there is one, and of the weights: roots of the diagonal of the inverse of
/// the loss' second derivatives. None where these have no inverse.
pub(super) fn deviations(problem: Problem<'_>, weights: &[f64]) -> Option<Vec<f64>> {
    let fit = Fit::new(problem);
    let (d, size) = (problem.columns, fit.size());
    let mut weights = weights.to_vec();
    if problem.intercept {
        weights[d] += dot(&fit.origin, &weights[..d]);
    }
    let factor = Cholesky::new(&fit.pass(&weights, true).curvature?, size)?;
    let deviation = |mut combination: Vec<f64>| {
        factor.forward(&mut combination);
        dot(&combination, &combination).sqrt()
    };
    let unit = |j: usize| (0..size).map(|k| if k == j { 1.0 } else { 0.0 }).collect();
    // The intercept of the columns as they are, not about the origin.
    let intercept = problem.intercept.then(|| fit.origin.iter().map(|origin| -origin).chain([1.0]).collect());
    Some(intercept.into_iter().chain((0..d).map(unit)).map(deviation).collect())
}

impl<'a> Fit<'a> {
    /// Takes the means of some rows, spread over all, for the origin.
    fn new(problem: Problem<'a>) -> Self {
        let mut origin = vec![0.0; problem.columns];
        if problem.intercept {
            let step = problem.second.len().div_ceil(1024);
            let count = problem.second.len().div_ceil(step) as f64;
            for row in problem.x.chunks_exact(problem.columns).step_by(step) {
                origin.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / count);
            }
        }
        Fit { problem, origin, every: 1 }
    }

    /// How many numbers are fitted.
    fn size(&self) -> usize {
        self.problem.columns + usize::from(self.problem.intercept)
    }

    fn rows(&self) -> usize {
        self.problem.second.len().div_ceil(self.every)
    }

    /// How much a row counts: as much as those that it stands for.
    fn share(&self) -> f64 {
        self.problem.c * self.every as f64
    }

    fn descend(&self, weights: &mut Vec<f64>, tolerance: f64, max_iterations: usize) -> Solution {
        let (n, price) = (self.problem.second.len() as f64 * self.problem.c, self.problem.price);
        let mut pass = self.pass(weights, true);
        let mut objective = self.objective(&pass, weights);
        let mut last = Step::default();
        let mut curved = true;
        let mut iterations = 0;
        let mut converged = false;
        while iterations < max_iterations && objective.is_finite() {
            let slope = self.slope(&pass, weights);
            let steepest = slope.iter().fold(0.0, |most: f64, g| most.max(g.abs())) / n;
            if steepest <= tolerance {
                converged = true;
                break;
            }
            // The last step with the same second derivatives should have helped a lot; else they are out of date.
            if !curved && steepest > 0.1 * last.steepest {
                pass = self.pass(weights, true);
            }
            if let Some(curvature) = pass.curvature.take() {
                last.curvature = curvature;
            }
            iterations += 1;
            let step = match price {
                Price::Absolute => cheapest(&last.curvature, &pass.gradient, weights, self.problem.columns),
                Price::None | Price::Squares => newton(&last.curvature, &slope),
            };
            // How much the objective falls if the quadratic is right.
            let promised: f64 = match price {
                Price::Absolute => {
                    let after: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w + s).collect();
                    self.price(&after) - self.price(weights) + dot(&pass.gradient, &step)
                }
                Price::None | Price::Squares => dot(&slope, &step),
            };
            last.steepest = steepest;
            last.step.clone_from(&step);
            let near = -promised <= 1e-4 * n;
            let mut length = 1.0;
            let rounding = 1e-13 * objective.abs();
            loop {
                let next: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w + length * s).collect();
                // The first derivatives of a step that may be taken back would be for nothing, but it rarely is.
                let tried = self.pass(&next, !near);
                let reached = self.objective(&tried, &next);
                if reached <= objective + 1e-4 * length * promised + rounding {
                    *weights = next;
                    objective = reached;
                    pass = tried;
                    curved = !near;
                    break;
                }
                length *= 0.5;
                if length < 1e-10 {
                    // Rounding hides any further progress.
                    let end = -promised <= 1e-9 * objective.abs().max(f64::MIN_POSITIVE);
                    return self.end(pass.loss, &last.step, iterations, end);
                }
            }
            if -promised <= 1e-17 * n && matches!(price, Price::None | Price::Squares) {
                converged = true;
                break;
            }
        }
        self.end(pass.loss, &last.step, iterations, converged)
    }

    fn end(&self, loss: f64, step: &[f64], iterations: usize, converged: bool) -> Solution {
        let separable = self.problem.price == Price::None && self.separates(step);
        Solution { weights: Vec::new(), iterations, converged: converged && !separable, loss, separable }
    }

    /// Whether a direction moves no row to the wrong side and some to the right one: going on in it never ends.
    fn separates(&self, step: &[f64]) -> bool {
        if step.is_empty() {
            return false;
        }
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        let d = self.problem.columns;
        for (row, second) in self.problem.x.chunks_exact(d).zip(self.problem.second) {
            let along: f64 = row.iter().zip(&self.origin).zip(step).map(|((x, o), s)| (x - o) * s).sum();
            let along = along + step.get(d).copied().unwrap_or(0.0);
            let along = if *second { along } else { -along };
            least = least.min(along);
            most = most.max(along);
        }
        // Rows that stay where they are may be off by rounding.
        most > 0.0 && least >= -1e-6 * most
    }

    /// The price of the weights.
    fn price(&self, weights: &[f64]) -> f64 {
        let weights = &weights[..self.problem.columns];
        match self.problem.price {
            Price::None => 0.0,
            Price::Absolute => weights.iter().map(|w| w.abs()).sum(),
            Price::Squares => 0.5 * dot(weights, weights),
        }
    }

    fn objective(&self, pass: &Pass, weights: &[f64]) -> f64 {
        self.share() * pass.loss + self.price(weights)
    }

    /// The slope of the whole objective; for absolute values the smallest that the corner allows.
    fn slope(&self, pass: &Pass, weights: &[f64]) -> Vec<f64> {
        let mut slope = pass.gradient.clone();
        match self.problem.price {
            // The slope of the squares is in the pass, like their curvature.
            Price::None | Price::Squares => {}
            Price::Absolute => {
                for (slope, w) in slope.iter_mut().zip(weights).take(self.problem.columns) {
                    *slope = match w {
                        w if *w > 0.0 => *slope + 1.0,
                        w if *w < 0.0 => *slope - 1.0,
                        _ => slope.signum() * (slope.abs() - 1.0).max(0.0),
                    };
                }
            }
        }
        slope
    }

    /// One pass over the rows.
    fn pass(&self, weights: &[f64], curved: bool) -> Pass {
        let d = self.problem.columns;
        let (size, share) = (self.size(), self.share());
        let (loss, mut gradient, mut curvature) = if curved {
            // The columns and the ones, each row times the root of its weight, and the errors divided by it.
            let (products, loss) = gram(
                self.rows(),
                size + 1,
                #[inline(always)]
                |range, stride, block| self.weigh(range, stride, block, weights),
            );
            let gradient = (0..size).map(|j| share * products.at(j, size)).collect();
            (loss, gradient, Some(products.square(size).iter().map(|x| x * share).collect::<Vec<f64>>()))
        } else {
            let (loss, gradient) = self.first_derivatives(weights);
            (loss, gradient.iter().map(|x| x * share).collect::<Vec<f64>>(), None)
        };
        if self.problem.price == Price::Squares {
            gradient.iter_mut().zip(weights).take(d).for_each(|(gradient, w)| *gradient += w);
            if let Some(curvature) = &mut curvature {
                (0..d).for_each(|j| curvature[j * size + j] += 1.0);
            }
        }
        Pass { loss, gradient, curvature }
    }

    /// Fills a block: margins, then probabilities, then weighted rows. Returns the loss.
    #[inline(always)]
    fn weigh(&self, range: Range<usize>, stride: usize, block: &mut [f64], weights: &[f64]) -> f64 {
        let (d, size, start) = (self.problem.columns, self.size(), range.start);
        let mut margins = [0.0; 512];
        let mut errors = [0.0; 512];
        let count = range.len();
        for (k, line) in block.chunks_exact_mut(stride).enumerate() {
            let row = (start + k) * self.every;
            for ((to, x), origin) in line.iter_mut().zip(&self.problem.x[row * d..(row + 1) * d]).zip(&self.origin) {
                *to = x - origin;
            }
            if size > d {
                line[d] = 1.0;
            }
            margins[k] = inside::dot(&line[..size], weights);
        }
        let loss = self.errors(start, &margins[..count], &mut errors);
        for (k, line) in block.chunks_exact_mut(stride).enumerate() {
            let p = errors[k].abs();
            // A row far on its own side weighs next to nothing, but its error is still divided by the root.
            let root = (p * (1.0 - p)).max(1e-30).sqrt();
            for x in &mut line[..size] {
                *x *= root;
            }
            line[size] = errors[k] / root;
        }
        loss
    }

    /// The errors `p - y` of some rows by their margins; returns the sum of their losses.
    #[inline(always)]
    fn errors(&self, start: usize, margins: &[f64], errors: &mut [f64; 512]) -> f64 {
        let mut loss = 0.0;
        let mut odds = [0.0; 512];
        let mut signs = [0.0; 512];
        for (k, margin) in margins.iter().enumerate() {
            signs[k] = if self.problem.second[(start + k) * self.every] { 1.0 } else { -1.0 };
            odds[k] = -(signs[k] * margin).abs();
        }
        kernel::exp(&mut odds[..margins.len()]);
        // log(1 + e) of up to 512 rows as one logarithm: factors from 1 to 2.
        let mut factors = 1.0;
        for (k, margin) in margins.iter().enumerate() {
            let right = signs[k] * margin > 0.0;
            let share = 1.0 / (1.0 + odds[k]);
            // The probability of the other class.
            let wrong = if right { odds[k] * share } else { share };
            errors[k] = -signs[k] * wrong;
            factors *= 1.0 + odds[k];
            loss += if right { 0.0 } else { (signs[k] * margin).abs() };
        }
        loss + f64::ln(factors)
    }

    /// The loss and its gradient alone, which is bound by memory.
    fn first_derivatives(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let size = self.size();
        let parts: Vec<(f64, Vec<f64>)> = (0..self.rows().div_ceil(TASK))
            .into_par_iter()
            .map(|i| {
                vectorized(
                    #[inline(always)]
                    || self.first_of(i * TASK..self.rows().min((i + 1) * TASK), weights),
                )
            })
            .collect();
        let mut sum = (0.0, vec![0.0; size]);
        for (loss, gradient) in parts {
            sum.0 += loss;
            sum.1.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += g);
        }
        sum
    }

    #[inline(always)]
    fn first_of(&self, range: Range<usize>, weights: &[f64]) -> (f64, Vec<f64>) {
        const ROWS: usize = 32;
        let d = self.problem.columns;
        let mut sum = (0.0, vec![0.0; self.size()]);
        let (origin, offset) = (&self.origin[..d], weights.get(d).copied().unwrap_or(0.0));
        let mut total = 0.0;
        for start in range.clone().step_by(ROWS) {
            let count = ROWS.min(range.end - start);
            let (mut margins, mut errors) = ([0.0; ROWS], [0.0; 512]);
            let row = |k: usize| &self.problem.x[(start + k) * self.every * d..][..d];
            for (k, to) in margins.iter_mut().enumerate().take(count) {
                *to = margin(row(k), origin, &weights[..d]) + offset;
            }
            sum.0 += self.errors(start, &margins[..count], &mut errors);
            let gradient = &mut sum.1[..d];
            for (k, error) in errors.iter().enumerate().take(count) {
                let row = row(k);
                total += error;
                for j in 0..d {
                    gradient[j] = (row[j] - origin[j]).mul_add(*error, gradient[j]);
                }
            }
        }
        if let Some(last) = sum.1.get_mut(d) {
            *last = total;
        }
        sum
    }
}

/// What the last step was, and was made from.
#[derive(Default)]
struct Step {
    step: Vec<f64>,
    curvature: Vec<f64>,
    steepest: f64,
}

/// The step to the bottom of the quadratic. Where it is flat, a little curvature is added.
fn newton(curvature: &[f64], slope: &[f64]) -> Vec<f64> {
    let size = slope.len();
    let most = (0..size).map(|j| curvature[j * size + j]).fold(f64::MIN_POSITIVE, f64::max);
    let mut step: Vec<f64> = slope.iter().map(|g| -g).collect();
    let mut more = 0.0;
    loop {
        let mut bent = curvature.to_vec();
        (0..size).for_each(|j| bent[j * size + j] += more);
        if let Some(factor) = Cholesky::new(&bent, size) {
            factor.solve(&mut step);
            return step;
        }
        more = if more == 0.0 { 1e-13 * most } else { 10.0 * more };
        if more > most || !more.is_finite() {
            return step;
        }
    }
}

/// The step to the bottom of the quadratic plus the absolute values of the first `priced` weights, by coordinate descent
/// and, as that crawls along narrow valleys, a leap now and then.
fn cheapest(curvature: &[f64], gradient: &[f64], weights: &[f64], priced: usize) -> Vec<f64> {
    let size = gradient.len();
    let mut step = vec![0.0; size];
    let mut slope = gradient.to_vec();
    for sweep in 1..=1000 {
        let mut moved: f64 = 0.0;
        for j in 0..size {
            let own = curvature[j * size + j];
            if own <= 0.0 {
                continue;
            }
            let here = weights[j] + step[j];
            let free = here - slope[j] / own;
            let next = if j < priced { free.signum() * (free.abs() - 1.0 / own).max(0.0) } else { free };
            let by = next - here;
            if by != 0.0 {
                step[j] += by;
                slope.iter_mut().zip(&curvature[j * size..]).for_each(|(slope, c)| *slope += by * c);
                moved = moved.max(by.abs() * own);
            }
        }
        if moved <= 1e-12 || !moved.is_finite() {
            break;
        }
        if sweep % 16 == 0 {
            leap(curvature, weights, priced, &mut step, &mut slope);
        }
    }
    step
}

/// Goes to the bottom of the quadratic for the weights that are not 0, as if they kept their signs, or on the way there
/// as far as they do: the first one to reach 0 stays there.
fn leap(curvature: &[f64], weights: &[f64], priced: usize, step: &mut [f64], slope: &mut [f64]) {
    let size = slope.len();
    let here: Vec<f64> = weights.iter().zip(&*step).map(|(w, s)| w + s).collect();
    let active: Vec<usize> =
        (0..size).filter(|&j| curvature[j * size + j] > 0.0 && (j >= priced || here[j] != 0.0)).collect();
    let square: Vec<f64> = active.iter().flat_map(|&i| active.iter().map(move |&j| curvature[i * size + j])).collect();
    let Some(factor) = Cholesky::new(&square, active.len()) else { return };
    let mut by: Vec<f64> =
        active.iter().map(|&j| if j < priced { -slope[j] - here[j].signum() } else { -slope[j] }).collect();
    factor.solve(&mut by);
    // How far a weight may go until it reaches 0, in parts of the way.
    let reach = |j: usize, by: f64| if j < priced && here[j] * by < 0.0 { -here[j] / by } else { f64::INFINITY };
    let length = active.iter().zip(&by).map(|(&j, by)| reach(j, *by)).fold(1.0, f64::min);
    for (&j, by) in active.iter().zip(by) {
        // A weight that has come to 0 is at 0 exactly.
        let (by, after) =
            if reach(j, by) <= length { (-here[j], -weights[j]) } else { (length * by, step[j] + length * by) };
        step[j] = after;
        slope.iter_mut().zip(&curvature[j * size..]).for_each(|(slope, c)| *slope += by * c);
    }
}

/// The product of a row about an origin and the weights, in eight sums side by side.
#[inline(always)]
fn margin(row: &[f64], origin: &[f64], weights: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((x8, x), (o8, o), (w8, w)) = (row.as_chunks::<8>(), origin.as_chunks::<8>(), weights.as_chunks::<8>());
    for ((x, o), w) in x8.iter().zip(o8).zip(w8) {
        for lane in 0..8 {
            sums[lane] = (x[lane] - o[lane]).mul_add(w[lane], sums[lane]);
        }
    }
    sums.iter().sum::<f64>() + x.iter().zip(o).zip(w).map(|((x, o), w)| (x - o) * w).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_valley_is_crossed() {
        // By hand: with the second weight at its best, 1 - c w, the first has (1 - c²) / 2 w² - (3 - c) w + |w|.
        let c = 1.0 - 1e-6;
        let step = cheapest(&[1.0, c, c, 1.0], &[-3.0, -1.0], &[0.0, 0.0], 1);
        let first = (2.0 - c) / (1.0 - c * c);
        assert!(
            (step[0] / first - 1.0).abs() < 1e-9 && (step[1] - (1.0 - c * step[0])).abs() < 1e-9,
            "{step:?} {first}"
        );
        // From where the sign has to change on the way.
        let from = cheapest(&[1.0, c, c, 1.0], &[-3.0, -1.0], &[-7.0, 2.0], 1);
        let reached = [-7.0 + from[0], 2.0 + from[1]];
        let slope = |own: f64, other: f64, g: f64| own * from[0] + other * from[1] + g;
        assert!((slope(1.0, c, -3.0) + f64::signum(reached[0])).abs() < 1e-6, "{reached:?}");
        assert!(slope(c, 1.0, -1.0).abs() < 1e-6, "{reached:?}");
    }

    #[test]
    fn both_kinds_of_pass_agree() {
        let x: Vec<f64> =
            (0..600).map(|i| f64::from(i * 37 % 101) / 50.0 - 1.0 + if i % 3 == 1 { 100.0 } else { 0.0 }).collect();
        let second: Vec<bool> = (0..200).map(|i| i * 13 % 7 < 3).collect();
        let problem = Problem { x: &x, columns: 3, second: &second, intercept: true, c: 0.7, price: Price::Squares };
        let fit = Fit { problem, origin: vec![0.1, 99.0, -0.2], every: 1 };
        let weights = [0.3, -0.2, 1.5, 0.4];
        let (full, first) = (fit.pass(&weights, true), fit.pass(&weights, false));
        assert!((full.loss - first.loss).abs() < 1e-10);
        for (a, b) in full.gradient.iter().zip(&first.gradient) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        // The gradient is the difference of the objective, and the curvature that of the gradient.
        let h = 1e-5;
        for j in 0..4 {
            let mut moved = weights;
            moved[j] += h;
            let next = fit.pass(&moved, true);
            let slope = (fit.objective(&next, &moved) - fit.objective(&full, &weights)) / h;
            assert!((slope - full.gradient[j]).abs() < 1e-2, "{slope}");
            let bent = (next.gradient[0] - full.gradient[0]) / h;
            assert!((bent - full.curvature.as_ref().expect("asked for")[j]).abs() < 1e-2, "{bent}");
        }
    }
}
