//! # Optimisers compared
//!
//! The same function, the same start, several optimisers: their values by step in one picture. The classic is SGD against
//! Adam on a badly scaled bowl, where plain descent must take steps small enough for the steep direction and then crawls
//! along the flat one, while Adam scales each direction by itself (and then circles around the minimum, since its steps
//! do not shrink).
//!
//! Cost: one gradient a step and optimiser.
//! References: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, §6; A. Wilson et al., "The
//! marginal value of adaptive gradient methods in machine learning", NeurIPS 2017, for the other side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    objective::Objective,
    picture,
    rule::{Method, Rule},
    walk::{check_rate, check_work, default_rate, walk},
};
use crate::{error::Error, value::Vector};

/// Compares optimisers, as SGD against Adam, on the same function from the same start, with a picture of their values by
/// step. Use it to choose an optimiser or to explain the difference; it runs without any argument on a badly scaled bowl.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// The function to go down, with its parts; a bowl with curvatures 1 and 100 when not given.
    pub objective: Objective,
    /// Where to start: x0, the starting point, a number for each variable; a usual start of the objective when not
    /// given.
    pub x0: Option<Vector>,
    /// How many steps: iterations. Up to 1,000,000, as far as the objective's cost allows; 100 when not given.
    pub steps: Option<usize>,
    /// What to compare, up to 11 optimisers; sgd, momentum and adam when not given.
    pub optimizers: Option<Vec<Setup>>,
}

/// An optimiser and its constants.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// The optimiser: the method.
    pub optimizer: Method,
    /// The learning rate: the step size, eta. Above 0; when not given one over the curvature at the start for sgd,
    /// momentum and nesterov, 1 for adadelta, 0.05 for the others.
    pub learning_rate: Option<f64>,
    /// The share of speed that momentum and nesterov keep, from 0 to below 1; 0.9 when not given.
    pub momentum: Option<f64>,
    /// How much of the running mean adam and its kin keep, from 0 to below 1; 0.9 when not given.
    pub beta1: Option<f64>,
    /// How much of the running square adam and its kin keep, from 0 to below 1; 0.999 when not given (lion: 0.99).
    pub beta2: Option<f64>,
    /// How much of the running square rmsprop and adadelta keep, from 0 to below 1; 0.9 when not given.
    pub decay: Option<f64>,
    /// What keeps divisors from 0, epsilon; 1e-8 when not given (adadelta: 1e-6).
    pub eps: Option<f64>,
    /// The pull towards 0: weight decay, L2. 0 when not given, 0.01 for adamw.
    pub weight_decay: Option<f64>,
}

impl Setup {
    /// The method with these constants, and those of its paper where none are given.
    pub fn rule(&self) -> Rule {
        let usual = Rule::new(self.optimizer);
        Rule {
            method: self.optimizer,
            momentum: self.momentum.unwrap_or(usual.momentum),
            beta1: self.beta1.unwrap_or(usual.beta1),
            beta2: self.beta2.unwrap_or(usual.beta2),
            decay: self.decay.unwrap_or(usual.decay),
            eps: self.eps.unwrap_or(usual.eps),
            weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
        }
    }
}

/// Who came how far; all lists in the order of the optimisers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The optimisers.
    pub names: Vec<String>,
    /// Their learning rates.
    pub learning_rates: Vec<f64>,
    /// Their last points.
    pub final_x: Vec<Vec<f64>>,
    /// The objective at their last points: the smaller, the better.
    pub final_value: Vec<f64>,
    /// Whether the values ran off to infinity; the last points are then the last finite ones.
    pub diverged: Vec<bool>,
    /// The first step after which the value was below a hundredth of the way from the best end to the start; null if
    /// that never happened.
    pub steps_to_one_percent: Vec<Option<usize>>,
    /// Which one ended lowest, counted from 0; the first of several.
    pub best: usize,
    /// The picture, as the text of an SVG file: the value by step on a logarithmic axis.
    pub svg: String,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Compare SGD and Adam on a badly scaled quadratic",
    "which optimiser gets lowest on the Rosenbrock function in 200 steps: momentum, nesterov or rmsprop?",
    "SGD vs Adam, show me the curves",
    "plot how fast sgd, adagrad and adamw go down A = [[1, 0], [0, 500]]",
];

/// The most optimisers of one comparison.
const MOST: usize = 11;

/// Runs each.
///
/// # Errors
/// `invalid_arguments` if the objective's parts or `x0` do not fit together or a constant is out of its range,
/// `too_large` beyond the limits of steps and optimisers.
pub fn run(args: &Args) -> Result<Output, Error> {
    let start = args.x0.as_ref().map_or_else(|| args.objective.start(), |x0| x0.to_vec());
    let steps = args.steps.unwrap_or(100);
    let usual = || {
        [Method::Sgd, Method::Momentum, Method::Adam].map(|optimizer| Setup { optimizer, ..Setup::default() }).to_vec()
    };
    let setups = args.optimizers.clone().unwrap_or_else(usual);
    args.objective.check(&start)?;
    if setups.is_empty() {
        return Err(Error::invalid("/optimizers", "there is nothing to compare").with_hint("leave it out, or name two"));
    }
    if setups.len() > MOST {
        let given = setups.len();
        return Err(Error::too_large("/optimizers", format!("there are {given} optimisers, the limit is {MOST}")));
    }
    check_work(&args.objective, start.len(), steps.saturating_mul(setups.len()))?;
    let mut trails = Vec::new();
    let mut output = Output {
        names: names(&setups),
        learning_rates: Vec::new(),
        final_x: Vec::new(),
        final_value: Vec::new(),
        diverged: Vec::new(),
        steps_to_one_percent: Vec::new(),
        best: 0,
        svg: String::new(),
    };
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (i, setup) in setups.iter().enumerate() {
        let at = format!("/optimizers/{i}");
        let rule = setup.rule();
        let rate = setup.learning_rate.unwrap_or_else(|| default_rate(setup.optimizer, &args.objective, &start));
        if args.optimizers.is_some() {
            rule.check(&at)?;
            let path = if setup.learning_rate.is_some() { format!("{at}/learning_rate") } else { at };
            check_rate(rate, &path)?;
        }
        let (mut trail, mut seen) = (picture::Trail::new(steps, start.len()), Vec::with_capacity(steps + 1));
        let end = walk(&args.objective, &start, rule, rate, steps, |step, x, value| {
            trail.push(step, x, value);
            seen.push(value);
        })?;
        output.learning_rates.push(rate);
        output.final_x.push(end.x);
        output.final_value.push(end.value);
        output.diverged.push(end.diverged);
        values.push(seen);
        trails.push(trail);
    }
    let lowest = output.final_value.iter().copied().fold(f64::INFINITY, f64::min);
    output.best = output.final_value.iter().position(|value| *value == lowest).unwrap_or(0);
    let goal = lowest + 0.01 * (values[0][0] - lowest);
    output.steps_to_one_percent = values.iter().map(|values| values.iter().position(|value| *value <= goal)).collect();
    let lines: Vec<(&str, &picture::Trail)> = output.names.iter().map(String::as_str).zip(&trails).collect();
    output.svg = picture::by_step("Optimisers compared", &lines)?;
    Ok(output)
}

/// The methods, with their rates where a method comes twice.
fn names(setups: &[Setup]) -> Vec<String> {
    let twice = |method: Method| setups.iter().filter(|setup| setup.optimizer == method).count() > 1;
    let name = |(i, setup): (usize, &Setup)| match setup.learning_rate {
        Some(rate) if twice(setup.optimizer) => format!("{} ({rate})", setup.optimizer.name()),
        None if twice(setup.optimizer) => format!("{} ({i})", setup.optimizer.name()),
        _ => setup.optimizer.name().to_owned(),
    };
    setups.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn runs_without_arguments() {
        let out = run(&Args::default()).unwrap();
        assert_eq!(out.names, ["sgd", "momentum", "adam"]);
        assert!(out.svg.starts_with("<svg") && out.diverged == [false; 3]);
        // By hand: with rate 1/100, sgd clears the steep direction at once and leaves 0.99^100 of the flat one.
        assert!((out.final_x[0][0] - 0.99_f64.powi(100)).abs() < 1e-6, "{:?}", out.final_x);
        assert_eq!(out.final_value[out.best], out.final_value.iter().copied().fold(f64::INFINITY, f64::min));
    }

    #[test]
    fn says_who_diverges() {
        let setup =
            |learning_rate| Setup { optimizer: Method::Sgd, learning_rate: Some(learning_rate), ..Setup::default() };
        let args = Args { optimizers: Some(vec![setup(0.01), setup(0.1)]), steps: Some(2000), ..Args::default() };
        let out = run(&args).unwrap();
        assert_eq!((out.diverged, out.best), (vec![false, true], 0));
        assert_eq!(out.names, ["sgd (0.01)", "sgd (0.1)"]);
    }

    #[test]
    fn refuses_an_empty_list() {
        let args = Args { optimizers: Some(vec![]), ..Args::default() };
        assert_eq!(run(&args).unwrap_err().path, "/optimizers");
    }
}
