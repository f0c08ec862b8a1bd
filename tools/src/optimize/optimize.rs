//! # Optimisers
//!
//! Eleven ways to turn a gradient into a step, on the same functions. Momentum keeps speed along a valley and cancels
//! the zigzag across it; the adaptive ones divide each variable's step by the size of its gradients, so that badly scaled
//! variables move alike. The formulas stand in `rule.rs`, with their papers; the code that makes the steps here also
//! trains the networks of this crate.
//!
//! Cost: one gradient and one pass over the variables a step.
//! Reference: S. Ruder, "An overview of gradient descent optimization algorithms", arXiv 1609.04747, 2016.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    compare_optimizers::Setup,
    journey::{Journey, Report},
    objective::Objective,
    rule::Method,
    walk::default_rate,
};
use crate::{error::Error, value::Vector};

/// Goes down a function with an optimiser: SGD, momentum, Nesterov, Adagrad, Adadelta, RMSProp, Adam, AdamW, NAdam,
/// AdaMax or Lion. Use it to minimise a function with one of them, or to see its first steps and its path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The function to go down, with its parts.
    pub objective: Objective,
    /// Where to start: x0, the starting point, the initial guess, a number for each variable; a usual start of the
    /// objective when not given.
    #[serde(default)]
    pub x0: Option<Vector>,
    /// The optimiser: the method; adam when not given.
    #[serde(default)]
    pub optimizer: Method,
    /// The learning rate: the step size, eta. Above 0; when not given one over the curvature at the start for sgd,
    /// momentum and nesterov, 1 for adadelta, 0.05 for the others.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// How many steps: iterations. Up to 1,000,000, as far as the objective's cost allows; 100 when not given.
    #[serde(default = "hundred")]
    pub steps: usize,
    /// The share of speed that momentum and nesterov keep, mu, from 0 to below 1; 0.9 when not given.
    #[serde(default)]
    pub momentum: Option<f64>,
    /// How much of the running mean adam and its kin keep, from 0 to below 1; 0.9 when not given.
    #[serde(default)]
    pub beta1: Option<f64>,
    /// How much of the running square adam and its kin keep, from 0 to below 1; 0.999 when not given (lion: 0.99).
    #[serde(default)]
    pub beta2: Option<f64>,
    /// How much of the running square rmsprop and adadelta keep, rho, from 0 to below 1; 0.9 when not given.
    #[serde(default)]
    pub decay: Option<f64>,
    /// What keeps divisors from 0, epsilon; 1e-8 when not given (adadelta: 1e-6).
    #[serde(default)]
    pub eps: Option<f64>,
    /// The pull towards 0: weight decay, L2. 0 when not given, 0.01 for adamw.
    #[serde(default)]
    pub weight_decay: Option<f64>,
    /// Whether to give every point on the way too, at most 200,000 numbers.
    #[serde(default)]
    pub trajectory: bool,
    /// Whether to draw it too: plot, chart, picture, graph. The path over contours for two variables, else the value by
    /// step.
    #[serde(default)]
    pub picture: bool,
}

fn hundred() -> usize {
    100
}

/// Where it came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The last point.
    pub x: Vec<f64>,
    /// The objective there.
    pub value: f64,
    /// The length of the gradient there; 0 at a minimum.
    pub gradient_norm: f64,
    /// The point after the first step, if there was one.
    pub x_after_1: Option<Vec<f64>>,
    /// The point after the second step, if there was one.
    pub x_after_2: Option<Vec<f64>>,
    /// The learning rate of the steps.
    pub learning_rate: f64,
    /// How many steps were made; fewer than asked for only if it diverged.
    pub steps: usize,
    /// Whether the values ran off to infinity; `x` is then the last finite point.
    pub diverged: bool,
    /// The point after each step, the start first, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<Vec<Vec<f64>>>,
    /// The picture, as the text of an SVG file, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Minimise the Rosenbrock function with Adam, learning rate 0.01, from (-1.2, 1), 500 steps",
    "use RMSProp on the quadratic A = [[3, 1], [1, 2]], b = [1, 0]",
    "what are the first two steps of Nesterov momentum here?",
    "optimise this loss with AdamW and weight decay 0.01",
    "draw the path of momentum down the valley",
];

/// Goes down.
///
/// # Errors
/// `invalid_arguments` if the objective's parts or `x0` do not fit together or a constant is out of its range,
/// `too_large` beyond the limits of steps and numbers.
pub fn run(args: &Args) -> Result<Output, Error> {
    let journey = Journey::new(&args.objective, args.x0.as_ref(), args.steps, args.trajectory)?;
    let rule = Setup {
        optimizer: args.optimizer,
        learning_rate: args.learning_rate,
        momentum: args.momentum,
        beta1: args.beta1,
        beta2: args.beta2,
        decay: args.decay,
        eps: args.eps,
        weight_decay: args.weight_decay,
    }
    .rule();
    rule.check("")?;
    let rate = args.learning_rate.unwrap_or_else(|| default_rate(args.optimizer, &args.objective, &journey.start));
    let name = args.optimizer.name();
    let title = format!("The path of {name}");
    let Report { end, first, trajectory, svg } =
        journey.make(rule, rate, args.picture.then_some((title.as_str(), name)))?;
    let mut first = first.into_iter();
    Ok(Output {
        x: end.x,
        value: end.value,
        gradient_norm: end.gradient_norm,
        x_after_1: first.next(),
        x_after_2: first.next(),
        learning_rate: rate,
        steps: end.steps,
        diverged: end.diverged,
        trajectory,
        svg,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(json: &str) -> Args {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn by_hand() {
        // f = x² from 1, gradient 2: v = 2, x = 0.8; v = 0.9 * 2 + 1.6 = 3.4, x = 0.46.
        let out = run(&args(
            r#"{"objective": {"kind": "polynomial", "coefficients": [0, 0, 1]}, "optimizer": "momentum",
                "learning_rate": 0.1, "steps": 2}"#,
        ))
        .unwrap();
        assert_eq!(out.x_after_1, Some(vec![0.8]));
        assert!((out.x[0] - 0.46).abs() < 1e-15);
        assert_eq!(out.x_after_2, Some(out.x));
    }

    #[test]
    fn adam_does_not_care_for_the_scale_of_a_variable() {
        // Kingma and Ba, §2.1: rescaling the gradient does not change the step, as far as eps does not count.
        let run = |steep: f64| {
            let objective = Objective::Quadratic { A: [[1.0, 0.0], [0.0, steep]].try_into().unwrap(), b: None };
            let mut args = args(r#"{"objective": {"kind": "rosenbrock"}, "steps": 40, "learning_rate": 0.01}"#);
            args.objective = objective;
            run(&args).unwrap().x
        };
        let (even, steep) = (run(1.0), run(1e4));
        assert!((even[1] - steep[1]).abs() < 1e-7, "{even:?} {steep:?}");
    }

    #[test]
    fn every_method_has_sensible_defaults() {
        for method in [
            "sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "adamax", "lion",
        ] {
            let text =
                format!(r#"{{"objective": {{"kind": "quadratic", "A": [[1, 0], [0, 50]]}}, "optimizer": "{method}"}}"#);
            let out = run(&args(&text)).unwrap();
            assert!(out.value < 25.5 && !out.diverged, "{method}: {}", out.value);
        }
    }

    #[test]
    fn constants_have_ranges() {
        let mut args = args(r#"{"objective": {"kind": "rosenbrock"}, "momentum": 1.0}"#);
        assert_eq!(run(&args).unwrap_err().path, "/momentum");
        args.momentum = None;
        args.eps = Some(-1.0);
        assert_eq!(run(&args).unwrap_err().path, "/eps");
    }
}
