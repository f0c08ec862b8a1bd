//! # Activations
//!
//! What a neuron does with its weighted sum. Without a bend here, a network of any depth would be one matrix. Each is
//! written so that nothing overflows on the way: exponentials take negative arguments only, and `ln(1 + x)` is `ln_1p`.
//!
//! | kind | f(x) |
//! | --- | --- |
//! | identity | x |
//! | relu, leaky_relu | max(x, 0), max(x, x/100) |
//! | elu | x above 0, eˣ - 1 below |
//! | selu | 1.0507 times elu with 1.6733 (eˣ - 1) below |
//! | gelu, gelu_tanh | x Φ(x); the same with tanh(√(2/π)(x + 0.044715 x³)) in place of erf |
//! | sigmoid, log_sigmoid | 1 / (1 + e⁻ˣ) and its logarithm |
//! | tanh, hard_tanh | tanh x; x cut off at -1 and 1 |
//! | softplus, softsign | ln(1 + eˣ); x / (1 + ∣x∣) |
//! | silu, mish | x sigmoid(x); x tanh(softplus(x)) |
//!
//! At a corner the slope is that of the left side (0 for relu at 0).
//! References: V. Nair, G. Hinton, ICML 2010 (relu); D. Clevert et al., ICLR 2016 (elu); G. Klambauer et al., NeurIPS
//! 2017 (selu); D. Hendrycks, K. Gimpel, arXiv 1606.08415 (gelu, silu); D. Misra, BMVC 2020 (mish).

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    kernel::{self, Real, vectorized},
    value::Vector,
};

/// Computes an activation function, as ReLU, sigmoid, tanh or GELU, of each number, and its derivative if asked for. Use
/// it to see what a neuron makes of its input.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The activation: the function.
    pub kind: Activation,
    /// The numbers to put in.
    pub x: Vector,
    /// Whether to give the derivative too: slope, gradient.
    #[serde(default)]
    pub derivative: bool,
}

/// What a neuron does with its weighted sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    Identity,
    /// 0 below 0: the rectifier.
    #[default]
    Relu,
    /// A hundredth of x below 0.
    LeakyRelu,
    /// An exponential below 0.
    Elu,
    /// An exponential below 0 that keeps mean 0 and variance 1.
    Selu,
    /// x times the normal distribution function.
    Gelu,
    /// The usual approximation of gelu.
    GeluTanh,
    /// From 0 to 1: the logistic function.
    Sigmoid,
    /// From -1 to 1: the hyperbolic tangent.
    Tanh,
    /// A smooth relu.
    Softplus,
    /// x times its sigmoid: swish.
    Silu,
    /// x times the tanh of its softplus.
    Mish,
    /// From -1 to 1, slowly.
    Softsign,
    /// x cut off at -1 and 1.
    HardTanh,
    /// The logarithm of the sigmoid.
    LogSigmoid,
}

/// What came out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The function at each number.
    pub values: Vec<f64>,
    /// Its derivative at each number, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derivative: Option<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "ReLU of -2, 0 and 3",
    "what is the sigmoid of 0.5, and its derivative?",
    "apply gelu to [-1, 0.5, 2]",
    "slope of tanh at 0, 1, 2",
];

/// Computes the values.
///
/// # Errors
/// None that the types leave open.
pub fn run(args: &Args) -> Result<Output, Error> {
    let each = |f: fn(Activation, f64) -> f64| args.x.iter().map(|x| f(args.kind, *x)).collect();
    let derivative = args.derivative.then(|| each(Activation::derivative));
    Ok(Output { values: each(Activation::value), derivative })
}

/// The constants of selu, which make mean 0 and variance 1 a fixed point (Klambauer et al., equation 14).
const SELU: (f64, f64) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
/// √(2/π) and the cubic share of the tanh form of gelu.
const GELU: (f64, f64) = (0.797_884_560_802_865_4, 0.044_715);

impl Activation {
    /// The function at `x`.
    pub fn value(self, x: f64) -> f64 {
        match self {
            Activation::Identity => x,
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu => x.max(0.01 * x),
            Activation::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Activation::Selu => SELU.0 * if x > 0.0 { x } else { SELU.1 * x.exp_m1() },
            Activation::Gelu => x * normal_cdf(x),
            Activation::GeluTanh => 0.5 * x * (1.0 + gelu_inside(x).tanh()),
            Activation::Sigmoid => sigmoid(x),
            Activation::Tanh => x.tanh(),
            Activation::Softplus => softplus(x),
            Activation::Silu => x * sigmoid(x),
            Activation::Mish => x * softplus(x).tanh(),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::HardTanh => x.clamp(-1.0, 1.0),
            Activation::LogSigmoid => -softplus(-x),
        }
    }

    /// The slope at `x`.
    pub fn derivative(self, x: f64) -> f64 {
        let step = |above: bool, low: f64| if above { 1.0 } else { low };
        match self {
            Activation::Identity => 1.0,
            Activation::Relu => step(x > 0.0, 0.0),
            Activation::LeakyRelu => step(x > 0.0, 0.01),
            Activation::Elu => {
                if x > 0.0 {
                    1.0
                } else {
                    x.exp()
                }
            }
            Activation::Selu => SELU.0 * if x > 0.0 { 1.0 } else { SELU.1 * x.exp() },
            Activation::Gelu => normal_cdf(x) + x * normal_density(x),
            Activation::GeluTanh => {
                let inside = gelu_inside(x);
                if inside.abs() > 20.0 {
                    return step(x > 0.0, 0.0);
                }
                let t = inside.tanh();
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * GELU.0 * (1.0 + 3.0 * GELU.1 * x * x)
            }
            Activation::Sigmoid => sigmoid_slope(x),
            Activation::Tanh => {
                let t = x.tanh();
                (1.0 - t) * (1.0 + t)
            }
            Activation::Softplus => sigmoid(x),
            Activation::Silu => sigmoid(x) + x * sigmoid_slope(x),
            Activation::Mish => {
                let t = softplus(x).tanh();
                t + x * (1.0 - t * t) * sigmoid(x)
            }
            Activation::Softsign => (1.0 / (1.0 + x.abs())).powi(2),
            Activation::HardTanh => step(x.abs() < 1.0, 0.0),
            Activation::LogSigmoid => sigmoid(-x),
        }
    }

    /// The function of a whole layer: `out` becomes f(x), and `x` becomes f'(x), which is all that backpropagation needs
    /// of it later. The usual ones are vectorised.
    pub(crate) fn apply<T: Real>(self, x: &mut [T], out: &mut [T]) {
        let (one, real) = (T::ONE, T::from_f64);
        match self {
            Activation::Identity => {
                out.copy_from_slice(x);
                x.fill(one);
            }
            // NaN has to stay NaN, so that a divergence is seen. Constants, not `one`: a choice between what lies in
            // memory is a branch.
            Activation::Relu => both(
                x,
                out,
                #[inline(always)]
                |x, _| (if x <= T::ZERO { T::ZERO } else { x }, if x > T::ZERO { T::ONE } else { T::ZERO }),
            ),
            Activation::Sigmoid => {
                out.copy_from_slice(x);
                kernel::sigmoid(out);
                both(
                    x,
                    out,
                    #[inline(always)]
                    |_, s| (s, s * (one - s)),
                );
            }
            Activation::Tanh => {
                out.copy_from_slice(x);
                kernel::tanh(out);
                both(
                    x,
                    out,
                    #[inline(always)]
                    |_, t| (t, one - t * t),
                );
            }
            Activation::Silu => {
                out.copy_from_slice(x);
                kernel::sigmoid(out);
                both(
                    x,
                    out,
                    #[inline(always)]
                    |x, s| (x * s, s + x * s * (one - s)),
                );
            }
            // (1 + tanh u) / 2 is the sigmoid of 2u.
            Activation::GeluTanh => {
                let (twice, cubic, triple) = (real(2.0 * GELU.0), real(GELU.1), real(3.0 * GELU.1));
                both(
                    x,
                    out,
                    #[inline(always)]
                    |x, _| (twice * (x + cubic * x * x * x), x),
                );
                kernel::sigmoid(out);
                both(
                    x,
                    out,
                    #[inline(always)]
                    |x, s| (x * s, s + x * s * (one - s) * twice * (one + triple * x * x)),
                );
            }
            _ => {
                for (x, out) in x.iter_mut().zip(out) {
                    let number = x.to_f64();
                    (*out, *x) = (real(self.value(number)), real(self.derivative(number)));
                }
            }
        }
    }
}

/// Sets each pair of `out` and `x` to a function of the pair (x, out).
#[inline(always)]
fn both<T: Real>(x: &mut [T], out: &mut [T], of: impl Fn(T, T) -> (T, T)) {
    vectorized(
        #[inline(always)]
        || {
            for (x, out) in x.iter_mut().zip(out) {
                (*out, *x) = of(*x, *out);
            }
        },
    );
}

/// 1 / (1 + e⁻ˣ), by the exponential that cannot overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

fn sigmoid_slope(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

/// ln(1 + eˣ).
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn gelu_inside(x: f64) -> f64 {
    GELU.0 * (x + GELU.1 * x * x * x)
}

fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// The share of the standard normal distribution below `x`, with all its digits in the lower tail as well: a power
/// series near 0 (G. Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11(4), 2004), a
/// continued fraction beyond (M. Abramowitz, I. Stegun, *Handbook of Mathematical Functions*, 26.2.14).
fn normal_cdf(x: f64) -> f64 {
    let t = x.abs();
    let outside = if t < 3.0 {
        let (mut term, mut sum, mut i) = (t, t, 1.0);
        while term > 1e-17 * sum {
            i += 2.0;
            term *= t * t / i;
            sum += term;
        }
        0.5 - normal_density(t) * sum
    } else {
        let fraction = (1..=60).rev().fold(t, |below, k| t + f64::from(k) / below);
        normal_density(t) / fraction
    };
    if x < 0.0 { outside } else { 1.0 - outside }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    pub(crate) const ALL: [Activation; 15] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Selu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softplus,
        Activation::Silu,
        Activation::Mish,
        Activation::Softsign,
        Activation::HardTanh,
        Activation::LogSigmoid,
    ];

    #[test]
    fn by_hand() {
        let args = Args { kind: Activation::Sigmoid, x: [0.0, 3.0_f64.ln()].try_into().unwrap(), derivative: true };
        let out = run(&args).unwrap();
        assert!((out.values[0] - 0.5).abs() < 1e-16 && (out.values[1] - 0.75).abs() < 1e-15);
        assert!((out.derivative.unwrap()[1] - 0.1875).abs() < 1e-15); // 0.75 * 0.25
        assert_eq!(Activation::Softsign.value(-3.0), -0.75);
    }

    #[test]
    fn the_tail_of_the_normal_distribution_keeps_its_digits() {
        // Oracle: Φ(-1) and Φ(-10), Abramowitz and Stegun, tables 26.1 and 26.2, and Φ(-3) from both sides of the seam.
        for (x, share) in [(-1.0, 0.158_655_253_931_457_05), (-10.0, 7.619_853_024_160_525e-24)] {
            assert!((normal_cdf(x) / share - 1.0).abs() < 1e-13, "{x}: {}", normal_cdf(x));
        }
        let (series, fraction) = (normal_cdf(-3.0_f64.next_down()), normal_cdf(-3.0));
        assert!((series / fraction - 1.0).abs() < 1e-12, "{series} {fraction}");
    }

    #[test]
    fn nothing_overflows() {
        for kind in ALL {
            for x in [f64::MAX, -f64::MAX, 1e300, -1e154, 1000.0, -1000.0, 5e-324, 0.0] {
                assert!(kind.derivative(x).is_finite(), "{kind:?} at {x}");
                let value = kind.value(x);
                assert!(value.is_finite() || x.abs() > 1e307, "{kind:?} at {x}: {value}");
            }
        }
    }

    proptest! {
        #[test]
        fn derivatives_agree_with_finite_differences(x in -6.0..6.0_f64) {
            for kind in ALL {
                let corner = x.abs().min((x.abs() - 1.0).abs());
                prop_assume!(corner > 1e-4);
                let slope = (kind.value(x + 1e-5) - kind.value(x - 1e-5)) / 2e-5;
                let derivative = kind.derivative(x);
                prop_assert!((slope - derivative).abs() < 1e-8, "{kind:?} at {x}: {derivative}, not {slope}");
            }
        }

        #[test]
        fn layers_agree_with_single_neurons(numbers in prop::collection::vec(-50.0..50.0_f64, 1..40)) {
            for kind in ALL {
                let (mut x, mut out) = (numbers.clone(), vec![0.0; numbers.len()]);
                kind.apply(&mut x, &mut out);
                let (mut x32, mut out32): (Vec<f32>, Vec<f32>) =
                    (numbers.iter().map(|x| *x as f32).collect(), vec![0.0; numbers.len()]);
                kind.apply(&mut x32, &mut out32);
                for (i, number) in numbers.iter().enumerate() {
                    let (value, slope) = (kind.value(*number), kind.derivative(*number));
                    prop_assert!((out[i] - value).abs() < 1e-12 * (1.0 + value.abs()), "{kind:?} of {number}: {}", out[i]);
                    prop_assert!((x[i] - slope).abs() < 1e-12, "slope of {kind:?} at {number}: {}", x[i]);
                    prop_assert!((f64::from(out32[i]) - value).abs() < 1e-5 * (1.0 + value.abs()), "{kind:?}: {number}");
                    prop_assert!((f64::from(x32[i]) - slope).abs() < 1e-4, "{kind:?}: {number}");
                }
            }
        }
    }
}
