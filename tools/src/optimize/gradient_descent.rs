//! # Gradient descent
//!
//! The gradient points up the steepest way, so a small step against it goes down: x ← x - η ∇f(x), again and again. On a
//! bowl with curvatures from l to L it converges when η < 2/L, and the error shrinks by max(|1 - η l|, |1 - η L|) a
//! step: a long narrow valley (L much above l) is what makes it slow, and a rate above 2/L makes it fly off.
//!
//! Cost: one gradient a step.
//! Reference: A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", Comptes Rendus 25,
//! 1847; S. Boyd, L. Vandenberghe, *Convex Optimization*, 2004, §9.3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    journey::{Journey, Report},
    objective::Objective,
    rule::{Method, Rule},
    walk::default_rate,
};
use crate::{error::Error, value::Vector};

/// Goes down a function by gradient descent: repeated steps against the gradient. Use it to minimise a quadratic, a
/// polynomial, a regression loss or Rosenbrock's valley, or to see how the learning rate makes it converge or diverge.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The function to go down, with its parts.
    pub objective: Objective,
    /// Where to start: x0, the starting point, the initial guess, a number for each variable; a usual start of the
    /// objective when not given.
    #[serde(default)]
    pub x0: Option<Vector>,
    /// The learning rate: the step size, eta. Above 0; one over the curvature at the start when not given.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// How many steps: iterations. Up to 1,000,000, as far as the objective's cost allows; 100 when not given.
    #[serde(default = "hundred")]
    pub steps: usize,
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
    "Minimise x^4 - 3x^3 + 2 with gradient descent from x = 3, learning rate 0.01",
    "run gradient descent on the quadratic with A = [[2, 0], [0, 10]] and b = [1, 1], 50 steps",
    "show me the path of gradient descent on the Rosenbrock function",
    "does gradient descent converge with a step size of 0.3 here?",
    "fit the regression by steepest descent and draw the path",
];

/// Goes down.
///
/// # Errors
/// `invalid_arguments` if the objective's parts or `x0` do not fit together or the rate is not positive, `too_large`
/// beyond the limits of steps and numbers.
pub fn run(args: &Args) -> Result<Output, Error> {
    let journey = Journey::new(&args.objective, args.x0.as_ref(), args.steps, args.trajectory)?;
    let rate = args.learning_rate.unwrap_or_else(|| default_rate(Method::Sgd, &args.objective, &journey.start));
    let picture = args.picture.then_some(("Gradient descent", "gradient descent"));
    let Report { end, trajectory, svg, .. } = journey.make(Rule::new(Method::Sgd), rate, picture)?;
    Ok(Output {
        x: end.x,
        value: end.value,
        gradient_norm: end.gradient_norm,
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
    use super::{super::walk::walk, *};

    fn args(objective: Objective, x0: &[f64], learning_rate: f64, steps: usize) -> Args {
        let x0 = Some(Vector::new(x0.to_vec()).unwrap());
        Args { objective, x0, learning_rate: Some(learning_rate), steps, trajectory: true, picture: false }
    }

    #[test]
    fn by_hand() {
        // f = x²: x ← x - 0.25 * 2x halves x.
        let square = Objective::Polynomial { coefficients: [0.0, 0.0, 1.0].try_into().unwrap() };
        let out = run(&args(square, &[8.0], 0.25, 3)).unwrap();
        assert_eq!(out.trajectory.unwrap(), [[8.0], [4.0], [2.0], [1.0]]);
        assert_eq!((out.value, out.gradient_norm, out.diverged), (1.0, 2.0, false));
    }

    #[test]
    fn the_error_shrinks_as_theory_says() {
        // Boyd and Vandenberghe §9.3: on curvatures 1 and 10 with rate 0.1 the factors are 0.9 and 0.
        let bowl = Objective::Quadratic { A: [[1.0, 0.0], [0.0, 10.0]].try_into().unwrap(), b: None };
        let out = run(&args(bowl.clone(), &[1.0, 1.0], 0.1, 20)).unwrap();
        assert!((out.x[0] - 0.9_f64.powi(20)).abs() < 1e-14 && out.x[1].abs() < 1e-14);
        // Above 2 / 10 it runs off, and says so.
        let out = run(&args(bowl, &[1.0, 1.0], 0.3, 2000)).unwrap();
        assert!(out.diverged && out.value.is_finite());
    }

    #[test]
    fn a_rate_of_one_over_the_curvature_never_goes_up() {
        // On those whose curvature is nowhere larger than at the start.
        let steady =
            |objective: &Objective| !matches!(objective, Objective::Rosenbrock {} | Objective::Polynomial { .. });
        let all = super::super::objective::tests::one_of_each();
        for (objective, x0) in all.into_iter().filter(|(objective, _)| steady(objective)) {
            let args = Args { learning_rate: None, ..args(objective, &x0, 1.0, 30) };
            let rate = run(&args).unwrap().learning_rate;
            let mut last = f64::INFINITY;
            walk(&args.objective, &x0, Rule::new(Method::Sgd), rate, 30, |_, _, value| {
                assert!(value <= last + 1e-9, "{:?}: {value} after {last}", args.objective);
                last = value;
            })
            .unwrap();
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let args = args(Objective::default(), &[1.0, 1.0], -0.1, 3);
        assert_eq!(run(&args).unwrap_err().path, "/learning_rate");
        assert_eq!(run(&Args { learning_rate: Some(0.1), steps: 10_000_000, ..args }).unwrap_err().path, "/steps");
    }
}
