//! # Learning-rate schedules
//!
//! Large steps get far, small steps settle: a schedule says which rate belongs to which step. Warm-up begins small, while
//! an adaptive optimiser's running squares still mean little; cosine and polynomial decay end small; a staircase halves
//! or tenths at milestones. With lr the peak, T the total, t the step (counted from 0, held at T after the end):
//!
//! | kind | rate at step t |
//! | --- | --- |
//! | constant | lr |
//! | step | lr · factor^(boundaries reached by t) |
//! | exponential | lr · decay_rate^(t / decay_steps), with whole exponents if `staircase` |
//! | linear, polynomial | final + (lr - final)(1 - t/T)^power |
//! | cosine | final + (lr - final)(1 + cos(π t/T)) / 2 |
//! | warmup_cosine, warmup_linear | a line from initial to lr in `warmup_steps`, then cosine or linear over the rest |
//! | cosine_restarts | cosine again and again, each cycle `factor` times as long |
//! | one_cycle | cosine up from lr/25 in `warmup` of the steps, cosine down to lr/250000 |
//! | inverse_sqrt | lr · min(t / warmup, √(warmup / t)), t from 1 |
//! | noam | d_model^-½ · min(t^-½, t · warmup^-3/2), t from 1 |
//!
//! References: A. Vaswani et al., "Attention is all you need", NeurIPS 2017, formula (3); I. Loshchilov, F. Hutter,
//! "SGDR", ICLR 2017; L. Smith, N. Topin, "Super-convergence", 2018; P. Goyal et al., arXiv 1706.02677, 2017.

use std::{f64::consts::PI, num::NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    plot::chart::{self, Line},
    value::Fraction,
};

/// Computes the learning rate at each step of a schedule: constant, step, exponential, linear, polynomial, cosine, with
/// warm-up, one cycle or Noam. Use it to plan or to draw how a learning rate rises and decays over training.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The schedule, with its parts.
    pub schedule: Schedule,
    /// The steps to give the rate at, up to 100,000 of them, each up to 1e12; every step of the schedule, thinned to
    /// 200, when not given.
    #[serde(default)]
    pub steps: Option<Vec<u64>>,
    /// Whether to draw it too: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
}

/// How the rate changes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same rate always.
    Constant {
        /// The learning rate.
        lr: f64,
    },
    /// Times a factor at each milestone.
    Step {
        /// The learning rate at the beginning.
        lr: f64,
        /// The steps from which the rate is lower, up to 1000 of them.
        boundaries: Vec<u64>,
        /// What the rate is multiplied by at each; 0.1 when not given.
        #[serde(default = "tenth")]
        factor: f64,
    },
    /// Times the same factor in the same time.
    Exponential {
        /// The learning rate at the beginning.
        lr: f64,
        /// The factor.
        decay_rate: f64,
        /// After how many steps it is reached.
        decay_steps: NonZeroUsize,
        /// Whether it falls only at whole multiples of `decay_steps`.
        #[serde(default)]
        staircase: bool,
    },
    /// Straight down.
    Linear {
        /// The learning rate at the beginning.
        lr: f64,
        /// The learning rate at the end; 0 when not given.
        #[serde(default)]
        final_lr: f64,
        /// How many steps it takes.
        total_steps: NonZeroUsize,
    },
    /// Down along a power.
    Polynomial {
        /// The learning rate at the beginning.
        lr: f64,
        /// The learning rate at the end; 0 when not given.
        #[serde(default)]
        final_lr: f64,
        /// The power, 0 or more.
        power: f64,
        /// How many steps it takes.
        total_steps: NonZeroUsize,
    },
    /// Down along half a cosine.
    Cosine {
        /// The learning rate at the beginning.
        lr: f64,
        /// The learning rate at the end; 0 when not given.
        #[serde(default)]
        final_lr: f64,
        /// How many steps it takes.
        total_steps: NonZeroUsize,
    },
    /// Straight up, then down along half a cosine.
    WarmupCosine {
        /// The learning rate at the beginning; 0 when not given.
        #[serde(default)]
        initial_lr: f64,
        /// The learning rate at the peak.
        lr: f64,
        /// How many steps go up.
        warmup_steps: usize,
        /// How many steps it takes in all.
        total_steps: NonZeroUsize,
        /// The learning rate at the end; 0 when not given.
        #[serde(default)]
        final_lr: f64,
    },
    /// Straight up, then straight down.
    WarmupLinear {
        /// The learning rate at the beginning; 0 when not given.
        #[serde(default)]
        initial_lr: f64,
        /// The learning rate at the peak.
        lr: f64,
        /// How many steps go up.
        warmup_steps: usize,
        /// How many steps it takes in all.
        total_steps: NonZeroUsize,
        /// The learning rate at the end; 0 when not given.
        #[serde(default)]
        final_lr: f64,
    },
    /// Down along half a cosine, and up again at once, in cycles that grow.
    CosineRestarts {
        /// The learning rate at the beginning of each cycle.
        lr: f64,
        /// The learning rate at the end of each cycle; 0 when not given.
        #[serde(default)]
        final_lr: f64,
        /// How many steps the first cycle takes.
        cycle_steps: NonZeroUsize,
        /// How many times as long each cycle is as the one before, 1 or more; 2 when not given.
        #[serde(default = "two")]
        factor: NonZeroUsize,
    },
    /// One rise and one fall.
    OneCycle {
        /// The learning rate at the peak.
        lr: f64,
        /// How many steps it takes in all.
        total_steps: NonZeroUsize,
        /// The share of the steps that go up; 0.3 when not given.
        #[serde(default)]
        warmup: Option<Fraction>,
    },
    /// Straight up, then with the inverse square root of the step; steps count from 1.
    InverseSqrt {
        /// The learning rate at the peak.
        lr: f64,
        /// How many steps go up.
        warmup_steps: NonZeroUsize,
    },
    /// The schedule of the first transformer; steps count from 1.
    Noam {
        /// The width of the model.
        d_model: NonZeroUsize,
        /// How many steps go up.
        warmup_steps: NonZeroUsize,
    },
}

fn tenth() -> f64 {
    0.1
}

fn two() -> NonZeroUsize {
    const { NonZeroUsize::new(2).expect("not zero") }
}

/// The rates.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The steps.
    pub steps: Vec<u64>,
    /// The learning rate at each of them.
    pub values: Vec<f64>,
    /// The picture, as the text of an SVG file, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "What is the learning rate at steps 0, 50 and 100 of a cosine schedule from 0.1 with 100 steps?",
    "draw a warmup cosine schedule: 10 warmup steps, 100 in all, peak 0.001",
    "noam learning rate for d_model 512 and 4000 warmup steps at step 1000",
    "decay the learning rate by 0.5 every 20 steps, starting at 0.1",
    "plot one-cycle against the step number",
];

const MOST_STEPS: usize = 100_000;
const MOST_BOUNDARIES: usize = 1000;
/// Beyond this, whole numbers of steps are no longer exact as floating-point numbers would need them.
const LAST_STEP: u64 = 1_000_000_000_000;

/// Computes the rates.
///
/// # Errors
/// `invalid_arguments` for a rate that is negative or not finite, `too_large` beyond the limits of steps.
pub fn run(args: &Args) -> Result<Output, Error> {
    args.schedule.check()?;
    let steps = match &args.steps {
        Some(steps) => steps.clone(),
        None => spread(args.schedule.length()),
    };
    if steps.len() > MOST_STEPS {
        return Err(Error::too_large("/steps", format!("there are {} steps, the limit is {MOST_STEPS}", steps.len())));
    }
    if let Some(at) = steps.iter().position(|step| *step > LAST_STEP) {
        let step = steps[at];
        return Err(Error::too_large(
            format!("/steps/{at}"),
            format!("step {step} is beyond the limit of {LAST_STEP}"),
        ));
    }
    let values: Vec<f64> = steps.iter().map(|step| args.schedule.at(*step)).collect();
    let svg = if args.picture {
        // The picture shows the whole schedule, wherever the rates are asked for.
        let last = args.schedule.length().max(steps.iter().copied().max().unwrap_or(0));
        let points: Vec<(f64, f64)> =
            spread(last).into_iter().map(|step| (step as f64, args.schedule.at(step))).collect();
        let line = [Line { name: "", points: &points }];
        Some(chart::lines("Learning rate by step", "steps", "learning rate", &line)?)
    } else {
        None
    };
    Ok(Output { steps, values, svg })
}

/// At most 201 steps from 0 to the last, evenly.
fn spread(last: u64) -> Vec<u64> {
    let parts = last.min(200);
    (0..=parts)
        .map(|i| if parts == 0 { 0 } else { (u128::from(last) * u128::from(i) / u128::from(parts)) as u64 })
        .collect()
}

impl Schedule {
    /// The learning rate at a step.
    pub fn at(&self, step: u64) -> f64 {
        let t = step as f64;
        let share = |total: &NonZeroUsize| (t / total.get() as f64).min(1.0);
        let cosine = |lr: f64, last: f64, share: f64| last + (lr - last) * 0.5 * (1.0 + (PI * share).cos());
        let line = |lr: f64, last: f64, share: f64| last + (lr - last) * (1.0 - share);
        match self {
            Schedule::Constant { lr } => *lr,
            Schedule::Step { lr, boundaries, factor } => {
                lr * factor.powi(boundaries.iter().filter(|boundary| step >= **boundary).count() as i32)
            }
            Schedule::Exponential { lr, decay_rate, decay_steps, staircase } => {
                let power = t / decay_steps.get() as f64;
                lr * decay_rate.powf(if *staircase { power.floor() } else { power })
            }
            Schedule::Linear { lr, final_lr, total_steps } => line(*lr, *final_lr, share(total_steps)),
            Schedule::Polynomial { lr, final_lr, power, total_steps } => {
                final_lr + (lr - final_lr) * (1.0 - share(total_steps)).powf(*power)
            }
            Schedule::Cosine { lr, final_lr, total_steps } => cosine(*lr, *final_lr, share(total_steps)),
            Schedule::WarmupCosine { initial_lr, lr, warmup_steps, total_steps, final_lr }
            | Schedule::WarmupLinear { initial_lr, lr, warmup_steps, total_steps, final_lr } => {
                let warm = *warmup_steps as f64;
                if t < warm {
                    return initial_lr + (lr - initial_lr) * t / warm;
                }
                let share = ((t - warm) / (total_steps.get() as f64 - warm).max(1.0)).min(1.0);
                let down = if matches!(self, Schedule::WarmupCosine { .. }) { cosine } else { line };
                down(*lr, *final_lr, share)
            }
            Schedule::CosineRestarts { lr, final_lr, cycle_steps, factor } => {
                let (mut begin, mut cycle) = (0_u128, cycle_steps.get() as u128);
                let now = u128::from(step);
                if factor.get() == 1 {
                    begin = now / cycle * cycle;
                }
                while now >= begin.saturating_add(cycle) {
                    begin += cycle;
                    cycle = cycle.saturating_mul(factor.get() as u128);
                }
                cosine(*lr, *final_lr, (now - begin) as f64 / cycle as f64)
            }
            Schedule::OneCycle { lr, total_steps, warmup } => {
                let (low, end) = (lr / 25.0, lr / 250_000.0);
                let total = total_steps.get() as f64;
                let warm = warmup.map_or(0.3, Fraction::get) * total;
                if t < warm {
                    return cosine(low, *lr, t / warm);
                }
                cosine(*lr, end, ((t - warm) / (total - warm).max(1.0)).min(1.0))
            }
            Schedule::InverseSqrt { lr, warmup_steps } => {
                let (t, warm) = (t.max(1.0), warmup_steps.get() as f64);
                lr * (t / warm).min((warm / t).sqrt())
            }
            Schedule::Noam { d_model, warmup_steps } => {
                let t = t.max(1.0);
                (d_model.get() as f64).powf(-0.5) * t.powf(-0.5).min(t * (warmup_steps.get() as f64).powf(-1.5))
            }
        }
    }

    /// How many steps it takes, or so many that its shape shows.
    fn length(&self) -> u64 {
        let steps = match self {
            Schedule::Constant { .. } => 100,
            Schedule::Step { boundaries, .. } => {
                return boundaries.iter().max().map_or(100, |last| last.saturating_add(last / 4)).clamp(1, LAST_STEP);
            }
            Schedule::Exponential { decay_steps, .. } => decay_steps.get().saturating_mul(10),
            Schedule::Linear { total_steps, .. }
            | Schedule::Polynomial { total_steps, .. }
            | Schedule::Cosine { total_steps, .. }
            | Schedule::WarmupCosine { total_steps, .. }
            | Schedule::WarmupLinear { total_steps, .. }
            | Schedule::OneCycle { total_steps, .. } => total_steps.get(),
            Schedule::CosineRestarts { cycle_steps, factor, .. } => {
                let f = factor.get();
                cycle_steps.get().saturating_mul(f.saturating_mul(f).saturating_add(f).saturating_add(1))
            }
            Schedule::InverseSqrt { warmup_steps, .. } | Schedule::Noam { warmup_steps, .. } => {
                warmup_steps.get().saturating_mul(5)
            }
        };
        (steps as u64).clamp(1, LAST_STEP)
    }

    fn check(&self) -> Result<(), Error> {
        let rates = match self {
            Schedule::Constant { lr } | Schedule::OneCycle { lr, .. } | Schedule::InverseSqrt { lr, .. } => {
                vec![("lr", *lr)]
            }
            Schedule::Step { lr, factor, .. } => vec![("lr", *lr), ("factor", *factor)],
            Schedule::Exponential { lr, decay_rate, .. } => vec![("lr", *lr), ("decay_rate", *decay_rate)],
            Schedule::Linear { lr, final_lr, .. }
            | Schedule::Cosine { lr, final_lr, .. }
            | Schedule::CosineRestarts { lr, final_lr, .. } => vec![("lr", *lr), ("final_lr", *final_lr)],
            Schedule::Polynomial { lr, final_lr, power, .. } => {
                vec![("lr", *lr), ("final_lr", *final_lr), ("power", *power)]
            }
            Schedule::WarmupCosine { initial_lr, lr, final_lr, .. }
            | Schedule::WarmupLinear { initial_lr, lr, final_lr, .. } => {
                vec![("initial_lr", *initial_lr), ("lr", *lr), ("final_lr", *final_lr)]
            }
            Schedule::Noam { .. } => vec![],
        };
        for (name, rate) in rates {
            if !(rate >= 0.0 && rate.is_finite()) {
                let message = format!("`{name}` is {rate}, but must be 0 or more");
                return Err(Error::invalid(format!("/schedule/{name}"), message));
            }
        }
        match self {
            Schedule::Step { boundaries, .. } if boundaries.len() > MOST_BOUNDARIES => {
                let message = format!("there are {} boundaries, the limit is {MOST_BOUNDARIES}", boundaries.len());
                Err(Error::too_large("/schedule/boundaries", message))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn check(schedule: &str, steps: &[u64], expected: &[f64]) {
        let args = format!(r#"{{"schedule": {schedule}, "steps": {steps:?}}}"#);
        let out = run(&serde_json::from_str(&args).unwrap()).unwrap();
        for (got, want) in out.values.iter().zip(expected) {
            assert!((got - want).abs() < 1e-12, "{schedule}: {:?} instead of {expected:?}", out.values);
        }
    }

    #[test]
    fn by_hand() {
        check(
            r#"{"kind": "step", "lr": 1, "boundaries": [3, 6], "factor": 0.5}"#,
            &[2, 3, 5, 6],
            &[1.0, 0.5, 0.5, 0.25],
        );
        check(r#"{"kind": "cosine", "lr": 2, "total_steps": 4}"#, &[0, 2, 4, 9], &[2.0, 1.0, 0.0, 0.0]);
        check(
            r#"{"kind": "warmup_linear", "lr": 1, "warmup_steps": 2, "total_steps": 6}"#,
            &[1, 2, 4, 6],
            &[0.5, 1.0, 0.5, 0.0],
        );
        check(
            r#"{"kind": "cosine_restarts", "lr": 2, "cycle_steps": 2}"#,
            &[0, 1, 2, 4, 6],
            &[2.0, 1.0, 2.0, 1.0, 2.0],
        );
        check(r#"{"kind": "one_cycle", "lr": 1, "total_steps": 10}"#, &[0, 3, 10], &[0.04, 1.0, 4e-6]);
        check(r#"{"kind": "inverse_sqrt", "lr": 1, "warmup_steps": 4}"#, &[1, 4, 16], &[0.25, 1.0, 0.5]);
        // Vaswani et al., formula (3): both branches meet at the end of the warm-up, (512 * 4000)^-1/2.
        check(r#"{"kind": "noam", "d_model": 512, "warmup_steps": 4000}"#, &[4000], &[(512.0_f64 * 4000.0).powf(-0.5)]);
    }

    #[test]
    fn a_schedule_comes_with_its_own_steps() {
        let args: Args = serde_json::from_str(
            r#"{"schedule": {"kind": "warmup_cosine", "lr": 0.1, "warmup_steps": 100, "total_steps": 1000}, "picture": true}"#,
        )
        .unwrap();
        let out = run(&args).unwrap();
        assert_eq!((out.steps.len(), out.steps[0], *out.steps.last().unwrap()), (201, 0, 1000));
        assert!(out.svg.unwrap().starts_with("<svg"));
    }

    #[test]
    fn refuses_what_is_no_rate() {
        let args: Args = serde_json::from_str(r#"{"schedule": {"kind": "constant", "lr": -1}}"#).unwrap();
        assert_eq!(run(&args).unwrap_err().path, "/schedule/lr");
    }

    proptest! {
        #[test]
        fn decays_stay_between_their_ends(step in 0_u64..400, power in 0.0..4.0) {
            let total_steps = NonZeroUsize::new(200).unwrap();
            for schedule in [
                Schedule::Polynomial { lr: 0.3, final_lr: 0.1, power, total_steps },
                Schedule::Cosine { lr: 0.3, final_lr: 0.1, total_steps },
                Schedule::CosineRestarts { lr: 0.3, final_lr: 0.1, cycle_steps: total_steps, factor: two() },
            ] {
                let rate = schedule.at(step);
                prop_assert!((0.1 - 1e-12..=0.3 + 1e-12).contains(&rate), "{schedule:?}: {rate}");
            }
        }
    }
}
