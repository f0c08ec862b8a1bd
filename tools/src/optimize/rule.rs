//! # Rules
//!
//! How one step is made from a gradient, for every optimiser of this crate: on two variables or on a network's million.
//! Parameters and gradients are flat slices; the memory of a rule is one or two slices of the same length, allocated
//! once, and a step is one pass over them.
//!
//! With gradient g, rate η, and all of it for each variable by itself:
//!
//! | rule | memory | step |
//! | --- | --- | --- |
//! | sgd | | x ← x - η g |
//! | momentum | v ← μ v + g | x ← x - η v |
//! | nesterov | v ← μ v + g | x ← x - η (g + μ v) |
//! | adagrad | s ← s + g² | x ← x - η g / (√s + ε) |
//! | adadelta | s ← ρ s + (1-ρ) g² | u = g √(d + ε) / √(s + ε); d ← ρ d + (1-ρ) u²; x ← x - η u |
//! | rmsprop | s ← ρ s + (1-ρ) g² | x ← x - η g / (√s + ε) |
//! | adam | m ← β₁ m + (1-β₁) g, s ← β₂ s + (1-β₂) g² | x ← x - η m̂ / (√ŝ + ε), m̂ = m/(1-β₁ᵗ), ŝ = s/(1-β₂ᵗ) |
//! | adamw | as adam | x ← x - η (m̂ / (√ŝ + ε) + λ x) |
//! | nadam | as adam | m̂ replaced by β₁ m/(1-β₁ᵗ⁺¹) + (1-β₁) g/(1-β₁ᵗ) |
//! | adamax | m as adam, u ← max(β₂ u, ∣g∣) | x ← x - η m̂ / (u + ε) |
//! | lion | m ← β₂ m + (1-β₂) g after the step | x ← x - η (sign(β₁ m + (1-β₁) g) + λ x) |
//!
//! The weight decay λ of every other rule is a ridge penalty: λ x is added to the gradient.
//!
//! References: B. Polyak, 1964; Y. Nesterov, 1983; J. Duchi et al., JMLR 12, 2011; M. Zeiler, arXiv 1212.5701;
//! T. Tieleman, G. Hinton, lecture 6.5, 2012; D. Kingma, J. Ba, "Adam", ICLR 2015, algorithms 1 and 2; T. Dozat, 2016;
//! I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019; X. Chen et al., arXiv 2302.06675.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    kernel::{Real, vectorized},
};

/// How a step is made from a gradient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Straight down: plain gradient descent.
    Sgd,
    /// A heavy ball that keeps some of its speed.
    Momentum,
    /// Momentum that looks ahead.
    Nesterov,
    /// Smaller steps where gradients have been large, for ever.
    AdaGrad,
    /// Adagrad that forgets, and needs no rate.
    AdaDelta,
    /// Steps divided by a running size of the gradient.
    RmsProp,
    /// Momentum and running size together.
    #[default]
    Adam,
    /// Adam with weight decay of its own.
    AdamW,
    /// Adam that looks ahead.
    NAdam,
    /// Adam by the largest gradient instead of the mean square.
    AdaMax,
    /// The sign of a momentum.
    Lion,
}

impl Method {
    /// Whether its steps have a size of their own, whatever the size of the gradient.
    pub fn is_adaptive(self) -> bool {
        !matches!(self, Method::Sgd | Method::Momentum | Method::Nesterov)
    }

    /// The name that callers use.
    pub fn name(self) -> &'static str {
        match self {
            Method::Sgd => "sgd",
            Method::Momentum => "momentum",
            Method::Nesterov => "nesterov",
            Method::AdaGrad => "adagrad",
            Method::AdaDelta => "adadelta",
            Method::RmsProp => "rmsprop",
            Method::Adam => "adam",
            Method::AdamW => "adamw",
            Method::NAdam => "nadam",
            Method::AdaMax => "adamax",
            Method::Lion => "lion",
        }
    }
}

/// A method with its constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The method.
    pub method: Method,
    /// The share of speed that momentum keeps.
    pub momentum: f64,
    /// The forgetting of the running mean.
    pub beta1: f64,
    /// The forgetting of the running square.
    pub beta2: f64,
    /// The forgetting of RMSProp and Adadelta.
    pub decay: f64,
    /// What keeps divisors from 0.
    pub eps: f64,
    /// The pull towards 0.
    pub weight_decay: f64,
}

impl Rule {
    /// A method with the constants of its paper.
    pub fn new(method: Method) -> Self {
        let (beta2, eps, weight_decay) = match method {
            Method::AdamW => (0.999, 1e-8, 0.01),
            Method::Lion => (0.99, 1e-8, 0.0),
            Method::AdaDelta => (0.999, 1e-6, 0.0),
            _ => (0.999, 1e-8, 0.0),
        };
        Rule { method, momentum: 0.9, beta1: 0.9, beta2, decay: 0.9, eps, weight_decay }
    }

    /// Whether the constants make sense; `at` is the pointer of the object that holds them.
    pub(crate) fn check(&self, at: &str) -> Result<(), Error> {
        let shares = [("momentum", self.momentum), ("beta1", self.beta1), ("beta2", self.beta2), ("decay", self.decay)];
        for (name, share) in shares {
            if !(0.0..1.0).contains(&share) {
                return Err(Error::invalid(
                    format!("{at}/{name}"),
                    format!("`{name}` is {share}, but must lie in [0, 1)"),
                ));
            }
        }
        for (name, number) in [("eps", self.eps), ("weight_decay", self.weight_decay)] {
            if !(number >= 0.0 && number.is_finite()) {
                return Err(Error::invalid(
                    format!("{at}/{name}"),
                    format!("`{name}` is {number}, but must be 0 or more"),
                ));
            }
        }
        Ok(())
    }
}

/// A rule at work: its memory, and how many steps it has made.
#[derive(Debug, Clone)]
pub(crate) struct Optimizer<T> {
    rule: Rule,
    steps: i32,
    first: Vec<T>,
    second: Vec<T>,
}

impl<T: Real> Optimizer<T> {
    /// A rule for `n` parameters that has not made a step yet.
    pub(crate) fn new(rule: Rule, n: usize) -> Self {
        let (first, second) = match rule.method {
            Method::Sgd => (0, 0),
            Method::Momentum | Method::Nesterov | Method::Lion => (n, 0),
            Method::AdaGrad | Method::RmsProp => (0, n),
            Method::AdaDelta | Method::Adam | Method::AdamW | Method::NAdam | Method::AdaMax => (n, n),
        };
        Optimizer { rule, steps: 0, first: vec![T::ZERO; first], second: vec![T::ZERO; second] }
    }

    /// Makes one step down the gradient.
    pub(crate) fn step(&mut self, x: &mut [T], gradient: &[T], rate: f64) {
        self.steps = self.steps.saturating_add(1);
        let Rule { method, momentum, beta1, beta2, decay, eps, weight_decay } = self.rule;
        let t = self.steps;
        let real = T::from_f64;
        let (first, second) = (self.first.as_mut_slice(), self.second.as_mut_slice());
        let (eta, lambda, eps) = (real(rate), real(weight_decay), real(eps));
        let (mu, b1, b2, rho) = (real(momentum), real(beta1), real(beta2), real(decay));
        let (c1, c2, rest) = (real(1.0 - beta1), real(1.0 - beta2), real(1.0 - decay));
        // The corrections for a memory that began at 0.
        let (fix1, fix2) = (1.0 - beta1.powi(t), 1.0 - beta2.powi(t));
        match method {
            Method::Sgd => vectorized(
                #[inline(always)]
                || {
                    for (x, g) in x.iter_mut().zip(gradient) {
                        *x -= eta * (*g + lambda * *x);
                    }
                },
            ),
            Method::Momentum => one(x, gradient, first, |x, g, v| {
                *v = mu * *v + (g + lambda * *x);
                *x -= eta * *v;
            }),
            Method::Nesterov => one(x, gradient, first, |x, g, v| {
                let g = g + lambda * *x;
                *v = mu * *v + g;
                *x -= eta * (g + mu * *v);
            }),
            Method::AdaGrad => one(x, gradient, second, |x, g, s| {
                let g = g + lambda * *x;
                *s += g * g;
                *x -= eta * ratio(g, s.sqrt() + eps);
            }),
            Method::RmsProp => one(x, gradient, second, |x, g, s| {
                let g = g + lambda * *x;
                *s = rho * *s + rest * g * g;
                *x -= eta * ratio(g, s.sqrt() + eps);
            }),
            Method::AdaDelta => two(x, gradient, first, second, |x, g, d, s| {
                let g = g + lambda * *x;
                *s = rho * *s + rest * g * g;
                let u = g * ratio((*d + eps).sqrt(), (*s + eps).sqrt());
                *d = rho * *d + rest * u * u;
                *x -= eta * u;
            }),
            Method::Adam | Method::AdamW => {
                let (m_hat, s_hat) = (real(1.0 / fix1), real(1.0 / fix2));
                let (coupled, decoupled) = if method == Method::Adam { (lambda, T::ZERO) } else { (T::ZERO, lambda) };
                two(x, gradient, first, second, |x, g, m, s| {
                    let g = g + coupled * *x;
                    *m = b1 * *m + c1 * g;
                    *s = b2 * *s + c2 * g * g;
                    *x -= eta * (ratio(*m * m_hat, (*s * s_hat).sqrt() + eps) + decoupled * *x);
                });
            }
            Method::NAdam => {
                let (s_hat, now) = (real(1.0 / fix2), real((1.0 - beta1) / fix1));
                let ahead = real(beta1 / (1.0 - beta1.powi(t.saturating_add(1))));
                two(x, gradient, first, second, |x, g, m, s| {
                    let g = g + lambda * *x;
                    *m = b1 * *m + c1 * g;
                    *s = b2 * *s + c2 * g * g;
                    *x -= eta * ratio(ahead * *m + now * g, (*s * s_hat).sqrt() + eps);
                });
            }
            Method::AdaMax => {
                let m_hat = real(1.0 / fix1);
                two(x, gradient, first, second, |x, g, m, u| {
                    let g = g + lambda * *x;
                    *m = b1 * *m + c1 * g;
                    *u = (b2 * *u).max(g.abs());
                    *x -= eta * ratio(*m * m_hat, *u + eps);
                });
            }
            Method::Lion => one(x, gradient, first, |x, g, m| {
                let direction = b1 * *m + c1 * g;
                let sign = if direction > T::ZERO {
                    T::ONE
                } else if direction < T::ZERO {
                    -T::ONE
                } else {
                    T::ZERO
                };
                *x -= eta * (sign + lambda * *x);
                *m = b2 * *m + c2 * g;
            }),
        }
    }
}

/// A quotient that is 0 when both are, which only happens with `eps` 0 or where squares underflow.
#[inline(always)]
fn ratio<T: Real>(above: T, below: T) -> T {
    if below == T::ZERO { T::ZERO } else { above / below }
}

#[inline(always)]
fn one<T: Real>(x: &mut [T], gradient: &[T], memory: &mut [T], body: impl Fn(&mut T, T, &mut T)) {
    vectorized(
        #[inline(always)]
        || {
            for ((x, g), m) in x.iter_mut().zip(gradient).zip(memory) {
                body(x, *g, m);
            }
        },
    );
}

#[inline(always)]
fn two<T: Real>(x: &mut [T], gradient: &[T], a: &mut [T], b: &mut [T], body: impl Fn(&mut T, T, &mut T, &mut T)) {
    vectorized(
        #[inline(always)]
        || {
            for (((x, g), a), b) in x.iter_mut().zip(gradient).zip(a).zip(b) {
                body(x, *g, a, b);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const ALL: [Method; 11] = [
        Method::Sgd,
        Method::Momentum,
        Method::Nesterov,
        Method::AdaGrad,
        Method::AdaDelta,
        Method::RmsProp,
        Method::Adam,
        Method::AdamW,
        Method::NAdam,
        Method::AdaMax,
        Method::Lion,
    ];

    /// Where x = 1 goes in two steps of rate 0.1 when the gradient is 2 and then 1.
    fn check(method: Method, expected: [f64; 2]) {
        let mut rule = Rule::new(method);
        rule.weight_decay = 0.0;
        let (mut optimizer, mut x) = (Optimizer::new(rule, 1), [1.0]);
        for (gradient, expected) in [2.0, 1.0].into_iter().zip(expected) {
            optimizer.step(&mut x, &[gradient], 0.1);
            assert!((x[0] - expected).abs() < 1e-6, "{method:?}: {} instead of {expected}", x[0]);
        }
    }

    #[test]
    fn by_hand() {
        check(Method::Sgd, [0.8, 0.7]);
        check(Method::Momentum, [0.8, 0.52]); // v = 2, then 0.9 * 2 + 1 = 2.8
        check(Method::Nesterov, [0.62, 0.268]); // 2 + 0.9 * 2 = 3.8, then 1 + 0.9 * 2.8 = 3.52
        check(Method::AdaGrad, [0.9, 0.9 - 0.1 / 5.0_f64.sqrt()]); // s = 4, then 5
        check(Method::RmsProp, [1.0 - 0.2 / 0.4_f64.sqrt(), 1.0 - 0.2 / 0.4_f64.sqrt() - 0.1 / 0.46_f64.sqrt()]);
        // The first step of Adam is the rate, whatever the gradient; then m̂ = (0.9 * 0.2 + 0.1) / 0.19 and
        // ŝ = (0.999 * 0.004 + 0.001) / (1 - 0.998001).
        let second = 0.1 * (0.28 / 0.19) / (0.004_996_f64 / 0.001_999).sqrt();
        check(Method::Adam, [0.9, 0.9 - second]);
        check(Method::AdamW, [0.9, 0.9 - second]);
        check(Method::AdaMax, [0.9, 0.9 - 0.1 * (0.28 / 0.19) / 1.998]);
        check(Method::Lion, [0.9, 0.8]);
    }

    #[test]
    fn weight_decay_pulls_towards_zero() {
        for method in ALL {
            let rule = Rule { weight_decay: 0.1, ..Rule::new(method) };
            let (mut optimizer, mut x) = (Optimizer::new(rule, 2), [1.0, -1.0]);
            for _ in 0..20 {
                optimizer.step(&mut x, &[0.0, 0.0], 0.05);
            }
            assert!(x[0] < 1.0 && x[0] > 0.0 && x[0] == -x[1], "{method:?}: {x:?}");
        }
    }

    #[test]
    fn every_rule_goes_down_a_bowl() {
        for method in ALL {
            let (mut optimizer, mut x) = (Optimizer::new(Rule::new(method), 2), [3.0_f32, -2.0]);
            let value = |x: &[f32; 2]| x[0] * x[0] + 2.0 * x[1] * x[1];
            let start = value(&x);
            for _ in 0..100 {
                let gradient = [2.0 * x[0], 4.0 * x[1]];
                optimizer.step(&mut x, &gradient, 0.02);
            }
            assert!(value(&x) < start, "{method:?}: {x:?}");
        }
    }
}
