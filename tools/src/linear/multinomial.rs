//! Logistic regression with many classes, by truncated Newton steps.
//!
//! Each class has a line, and the probabilities are in proportion to the exponentials of their values. The second
//! derivatives form a large matrix, but its product with a direction costs no more than a gradient, so each Newton step
//! is found by conjugate gradients, only as exactly as it is worth yet. Columns are brought to mean 0 and deviation 1
//! first, which the price takes into account.
//!
//! Reference: C.-J. Lin, R. Weng, S. Keerthi, "Trust region Newton method for logistic regression", JMLR 9, 2008; J.
//! Nocedal, S. Wright, *Numerical Optimization*, 2nd ed., §7.1.

use crate::{algebra::dot, neural::softmax};

/// What to fit.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// Rows of `columns` numbers.
    pub(super) x: &'a [f64],
    pub(super) columns: usize,
    /// The class of each row, from 0.
    pub(super) y: &'a [usize],
    pub(super) classes: usize,
    pub(super) intercept: bool,
    /// How much the rows count against the price of the weights.
    pub(super) c: f64,
    /// Whether half the squares of the weights are added.
    pub(super) priced: bool,
}

/// The best lines found.
pub(super) struct Solution {
    /// For each class the weight of each column, then the intercept (0 if there is none).
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) iterations: usize,
    pub(super) converged: bool,
    /// The sum of the rows' losses: minus the log-likelihood.
    pub(super) loss: f64,
    /// Whether some lines tell the classes apart, so that larger weights are always better.
    pub(super) separable: bool,
}

struct Fit<'a> {
    problem: Problem<'a>,
    /// The columns as they are fitted, and a column of ones if there is an intercept.
    z: Vec<f64>,
    width: usize,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The price of the square of each weight of a class.
    prices: Vec<f64>,
}

/// Finds the lines: the gradient of the mean objective is at most `tolerance` in each place.
pub(super) fn solve(problem: Problem<'_>, tolerance: f64, max_iterations: usize) -> Solution {
    let fit = Fit::new(problem);
    let mut weights = vec![0.0; problem.classes * fit.width];
    let n = problem.y.len() as f64 * problem.c;
    let mut probabilities = Vec::new();
    let (mut loss, mut gradient) = fit.pass(&weights, &mut probabilities);
    let mut objective = problem.c * loss + fit.price(&weights);
    let (mut iterations, mut converged) = (0, false);
    let mut step = Vec::new();
    while iterations < max_iterations && objective.is_finite() {
        let steepest = gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        if steepest <= tolerance * n {
            converged = true;
            break;
        }
        iterations += 1;
        step = fit.direction(&gradient, &probabilities);
        let promised = dot(&gradient, &step);
        let mut length = 1.0;
        let moved = loop {
            let next: Vec<f64> = weights.iter().zip(&step).map(|(w, s)| w + length * s).collect();
            let (next_loss, next_gradient) = fit.pass(&next, &mut probabilities);
            let reached = problem.c * next_loss + fit.price(&next);
            if reached <= objective + 1e-4 * length * promised + 1e-13 * objective.abs() {
                (weights, loss, gradient, objective) = (next, next_loss, next_gradient, reached);
                break true;
            }
            length *= 0.5;
            if length < 1e-10 {
                break false;
            }
        };
        if !moved || -promised <= 1e-17 * n {
            converged = -promised <= 1e-9 * objective.abs().max(f64::MIN_POSITIVE);
            break;
        }
    }
    let separable = !problem.priced && fit.separates(&step);
    Solution { weights: fit.as_given(&weights), iterations, converged: converged && !separable, loss, separable }
}

impl<'a> Fit<'a> {
    fn new(problem: Problem<'a>) -> Self {
        let (d, n) = (problem.columns, problem.y.len() as f64);
        let (mut mean, mut deviation) = (vec![0.0; d], vec![0.0; d]);
        if problem.intercept {
            for row in problem.x.chunks_exact(d) {
                mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / n);
            }
        }
        for row in problem.x.chunks_exact(d) {
            deviation.iter_mut().zip(row).zip(&mean).for_each(|((s, x), mean)| *s += (x - mean) * (x - mean) / n);
        }
        for (deviation, mean) in deviation.iter_mut().zip(&mean) {
            let root = deviation.sqrt();
            // A column that varies by no more than rounding is a constant one.
            *deviation = if root > 8.0 * f64::EPSILON * mean.abs() { root } else { 1.0 };
        }
        let width = d + usize::from(problem.intercept);
        let mut z = Vec::with_capacity(problem.y.len() * width);
        for row in problem.x.chunks_exact(d) {
            z.extend(row.iter().zip(&mean).zip(&deviation).map(|((x, mean), deviation)| (x - mean) / deviation));
            z.extend(problem.intercept.then_some(1.0));
        }
        let price = |deviation: &f64| if problem.priced { 1.0 / (deviation * deviation) } else { 0.0 };
        let prices = deviation.iter().map(price).chain(problem.intercept.then_some(0.0)).collect();
        Fit { problem, z, width, mean, deviation, prices }
    }

    fn price(&self, weights: &[f64]) -> f64 {
        weights
            .chunks_exact(self.width)
            .flat_map(|line| line.iter().zip(&self.prices))
            .map(|(w, p)| 0.5 * p * w * w)
            .sum()
    }

    /// The loss and the slope of the whole objective; leaves the probabilities of all rows.
    fn pass(&self, weights: &[f64], probabilities: &mut Vec<f64>) -> (f64, Vec<f64>) {
        probabilities.clear();
        let mut loss = 0.0;
        let mut gradient = vec![0.0; weights.len()];
        for (row, &class) in self.z.chunks_exact(self.width).zip(self.problem.y) {
            let from = probabilities.len();
            probabilities.extend(weights.chunks_exact(self.width).map(|line| dot(row, line)));
            let values = &mut probabilities[from..];
            let own = values[class];
            let most = softmax::in_place(values);
            loss += most - own;
            for (k, (p, slopes)) in values.iter().zip(gradient.chunks_exact_mut(self.width)).enumerate() {
                let error = p - if k == class { 1.0 } else { 0.0 };
                slopes.iter_mut().zip(row).for_each(|(slope, z)| *slope += error * z);
            }
        }
        for (slopes, line) in gradient.chunks_exact_mut(self.width).zip(weights.chunks_exact(self.width)) {
            for ((slope, w), price) in slopes.iter_mut().zip(line).zip(&self.prices) {
                *slope = self.problem.c * *slope + price * w;
            }
        }
        (loss, gradient)
    }

    /// The second derivatives times a direction, and their diagonal if there is no direction.
    fn curve(&self, direction: Option<&[f64]>, probabilities: &[f64]) -> Vec<f64> {
        let classes = self.problem.classes;
        let mut product = vec![0.0; classes * self.width];
        let mut along = vec![0.0; classes];
        for (row, p) in self.z.chunks_exact(self.width).zip(probabilities.chunks_exact(classes)) {
            let Some(direction) = direction else {
                for (p, sums) in p.iter().zip(product.chunks_exact_mut(self.width)) {
                    sums.iter_mut().zip(row).for_each(|(sum, z)| *sum += p * (1.0 - p) * z * z);
                }
                continue;
            };
            along.iter_mut().zip(direction.chunks_exact(self.width)).for_each(|(a, line)| *a = dot(row, line));
            let mean = dot(&along, p);
            for ((a, p), sums) in along.iter().zip(p).zip(product.chunks_exact_mut(self.width)) {
                let share = p * (a - mean);
                sums.iter_mut().zip(row).for_each(|(sum, z)| *sum += share * z);
            }
        }
        for (k, sums) in product.chunks_exact_mut(self.width).enumerate() {
            for (j, (sum, price)) in sums.iter_mut().zip(&self.prices).enumerate() {
                *sum = self.problem.c * *sum + price * direction.map_or(1.0, |direction| direction[k * self.width + j]);
            }
        }
        product
    }

    /// About the Newton step: conjugate gradients until what is left is small against the gradient.
    fn direction(&self, gradient: &[f64], probabilities: &[f64]) -> Vec<f64> {
        let diagonal = self.curve(None, probabilities);
        let scaled = |r: &[f64]| -> Vec<f64> {
            r.iter().zip(&diagonal).map(|(r, d)| if *d > 0.0 { r / d } else { 0.0 }).collect()
        };
        let mut step = vec![0.0; gradient.len()];
        let mut left: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut ready = scaled(&left);
        let mut along = ready.clone();
        let mut size = dot(&left, &ready);
        let n = self.problem.c * self.problem.y.len() as f64;
        // Superlinear convergence: the nearer, the more exact.
        let enough = size * (size / n).clamp(1e-16, 1e-2);
        for _ in 0..(2 * gradient.len()).min(500) {
            let bent = self.curve(Some(&along), probabilities);
            let curvature = dot(&along, &bent);
            if curvature <= 0.0 || !curvature.is_finite() {
                break;
            }
            let length = size / curvature;
            step.iter_mut().zip(&along).for_each(|(s, a)| *s += length * a);
            left.iter_mut().zip(&bent).for_each(|(l, b)| *l -= length * b);
            ready = scaled(&left);
            let next = dot(&left, &ready);
            if next <= enough || !next.is_finite() {
                break;
            }
            along.iter_mut().zip(&ready).for_each(|(a, r)| *a = r + next / size * *a);
            size = next;
        }
        step
    }

    /// Whether a direction moves no row's own class behind another and some ahead: going on in it never ends.
    fn separates(&self, step: &[f64]) -> bool {
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for (row, &class) in self.z.chunks_exact(self.width).zip(self.problem.y).filter(|_| !step.is_empty()) {
            let along: Vec<f64> = step.chunks_exact(self.width).map(|line| dot(row, line)).collect();
            let others = along.iter().enumerate().filter(|(k, _)| *k != class);
            for (_, other) in others {
                least = least.min(along[class] - other);
                most = most.max(along[class] - other);
            }
        }
        most > 0.0 && least >= -1e-6 * most
    }

    /// The weights of the columns as they were given.
    fn as_given(&self, weights: &[f64]) -> Vec<Vec<f64>> {
        let line = |line: &[f64]| {
            let mut given: Vec<f64> = line.iter().zip(&self.deviation).map(|(w, deviation)| w / deviation).collect();
            let intercept = line.get(self.problem.columns).copied().unwrap_or(0.0) - dot(&given, &self.mean);
            given.push(intercept);
            given
        };
        weights.chunks_exact(self.width).map(line).collect()
    }
}
