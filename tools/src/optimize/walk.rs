//! The walk that every tool of this folder makes: evaluate, step, and stop before numbers overflow.

use super::{
    objective::Objective,
    rule::{Method, Optimizer, Rule},
};
use crate::error::Error;

/// The most steps of a walk.
pub(crate) const MOST_STEPS: usize = 1_000_000;
/// The most arithmetic of a walk, in operations: a few seconds.
const MOST_WORK: usize = 2_000_000_000;

/// Where a walk ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The last point whose value is finite.
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient_norm: f64,
    /// The steps that lead there.
    pub(crate) steps: usize,
    /// Whether the next step would have left the finite numbers.
    pub(crate) diverged: bool,
}

/// Goes `steps` steps from `x0`; `see` is told of every point on the way with its number and value, the start first.
///
/// # Errors
/// `invalid_arguments` if the value is not finite at the start.
pub(crate) fn walk(
    objective: &Objective,
    x0: &[f64],
    rule: Rule,
    rate: f64,
    steps: usize,
    mut see: impl FnMut(usize, &[f64], f64),
) -> Result<End, Error> {
    let mut gradient = vec![0.0; x0.len()];
    let (mut x, mut next) = (x0.to_vec(), x0.to_vec());
    let mut value = objective.evaluate(&x, &mut gradient);
    let mut gradient_norm = norm(&gradient);
    if !(value.is_finite() && gradient_norm.is_finite()) {
        return Err(Error::invalid("/x0", "the objective is not a finite number at the start")
            .with_hint("start nearer to the origin"));
    }
    see(0, &x, value);
    let mut optimizer = Optimizer::new(rule, x.len());
    for step in 1..=steps {
        next.copy_from_slice(&x);
        optimizer.step(&mut next, &gradient, rate);
        let next_value = objective.evaluate(&next, &mut gradient);
        let next_norm = norm(&gradient);
        if !(next_value.is_finite() && next_norm.is_finite() && next.iter().all(|x| x.is_finite())) {
            return Ok(End { x, value, gradient_norm, steps: step - 1, diverged: true });
        }
        std::mem::swap(&mut x, &mut next);
        (value, gradient_norm) = (next_value, next_norm);
        see(step, &x, value);
    }
    Ok(End { x, value, gradient_norm, steps, diverged: false })
}

/// Whether so many steps are within what a call may take.
pub(crate) fn check_work(objective: &Objective, n: usize, steps: usize) -> Result<(), Error> {
    if steps > MOST_STEPS {
        return Err(Error::too_large("/steps", format!("`steps` is {steps}, the limit is {MOST_STEPS}")));
    }
    let work = steps.saturating_mul(objective.cost(n).saturating_add(30 * n));
    if work > MOST_WORK {
        let most = MOST_WORK / (objective.cost(n) + 30 * n).max(1);
        return Err(Error::too_large("/steps", format!("`steps` is {steps}, the limit for this objective is {most}")));
    }
    Ok(())
}

/// Whether a learning rate is one.
pub(crate) fn check_rate(rate: f64, path: &str) -> Result<(), Error> {
    if rate > 0.0 && rate.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(path, format!("the learning rate is {rate}, but must be above 0"))
        .with_hint("try 0.1, and ten times less if it diverges"))
}

/// A learning rate for those who give none: one over the steepest curvature at the start for rules whose steps grow with
/// the gradient, a twentieth for those that divide by its size, 1 for Adadelta.
pub(crate) fn default_rate(method: Method, objective: &Objective, x0: &[f64]) -> f64 {
    if method == Method::AdaDelta {
        return 1.0;
    }
    if method.is_adaptive() {
        return 0.05;
    }
    let curvature = curvature(objective, x0);
    // Nesterov's look ahead is stable up to about 4/3 of 1/L with a momentum of 0.9.
    let rate = if curvature > 0.0 { 1.0 / curvature } else { 0.1 };
    if rate.is_finite() && rate > 0.0 { rate } else { 0.01 }
}

/// The largest curvature at a point: power iteration on the Hessian, of which a product with a vector is a difference of
/// two gradients.
fn curvature(objective: &Objective, x: &[f64]) -> f64 {
    let n = x.len();
    let size = 1.0 + norm(x);
    let (mut here, mut there) = (vec![0.0; n], vec![0.0; n]);
    objective.evaluate(x, &mut here);
    // No axis and no symmetry of a usual matrix is orthogonal to this.
    let mut direction: Vec<f64> = (0..n).map(|i| 1.0 + 0.1 * (i as f64 * 0.7).sin()).collect();
    let mut largest = 0.0;
    for _ in 0..30 {
        let length = norm(&direction);
        if !(length > 0.0 && length.is_finite()) {
            break;
        }
        direction.iter_mut().for_each(|d| *d /= length);
        let step = 1e-5 * size;
        let moved: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
        objective.evaluate(&moved, &mut there);
        for (d, (there, here)) in direction.iter_mut().zip(there.iter().zip(&here)) {
            *d = (there - here) / step;
        }
        largest = norm(&direction);
    }
    largest
}

/// The Euclidean length, also of numbers whose squares overflow.
pub(crate) fn norm(x: &[f64]) -> f64 {
    let largest = x.iter().fold(0.0_f64, |most, x| if x.is_nan() { f64::NAN } else { most.max(x.abs()) });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * x.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_rate_follows_the_curvature() {
        // The steepest curvature of the default bowl is 100.
        let rate = default_rate(Method::Sgd, &Objective::default(), &[1.0, 1.0]);
        assert!((rate - 0.01).abs() < 1e-6, "{rate}");
        assert_eq!(default_rate(Method::Adam, &Objective::default(), &[1.0, 1.0]), 0.05);
    }

    #[test]
    fn overflow_ends_a_walk_at_its_last_finite_point() {
        let mut seen = 0;
        let end = walk(&Objective::default(), &[1.0, 1.0], Rule::new(Method::Sgd), 1.0, 5000, |_, _, value| {
            assert!(value.is_finite());
            seen += 1;
        })
        .unwrap();
        assert!(end.diverged && end.value.is_finite() && end.x[1].is_finite());
        assert_eq!(seen, end.steps + 1);
    }

    #[test]
    fn long_vectors_have_a_length() {
        assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert!(norm(&[1.0, f64::NAN]).is_nan());
    }
}
