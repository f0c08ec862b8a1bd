//! # Drift, simulated
//!
//! Data drift comes in four shapes: *sudden* (from one moment on, another distribution), *gradual* (new values turn up
//! among the old, more and more often), *incremental* (the distribution itself moves step by step) and *recurring* (old
//! and new take turns). This draws a reference and then a stream that drifts in the shape asked for, and watches it as a
//! monitor would: window by window, by population stability index and Kolmogorov-Smirnov test, so that one sees when the
//! alarm goes off and how much later than the change that is.
//!
//! Cost: O(n log w) for n values in windows of w, and O(w r) for each test against a reference of r.
//! Reference: J. Gama, I. Žliobaitė, A. Bifet, M. Pechenizkiy, A. Bouchachia, "A survey on concept drift adaptation",
//! ACM Computing Surveys 46(4), 2014, §2.2.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ks_test, psi};
use crate::{
    error::Error,
    plot::chart::{Line, Panel, Scatter, panels},
    random::Random,
    stats::mean_variance::mean,
    value::{Fraction, Seed},
};

/// Simulates data drift: a stream of numbers that begins like a reference sample and then changes, and the alarms of a
/// monitor that watches it. Use it to see how drift detection works, or to make test data for it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The shape of the change: sudden, gradual, incremental or recurring; sudden when not given.
    #[serde(default)]
    pub kind: Shape,
    /// How many values the reference has, from 20 to 10,000; 500 when not given.
    #[serde(default = "five_hundred")]
    pub n_reference: NonZeroUsize,
    /// How many values the stream has: stream of, stream length. Up to 20,000; 2000 when not given.
    #[serde(default = "two_thousand")]
    pub n: NonZeroUsize,
    /// How many values the monitor looks at together: window, batch size; at least 20, 200 when not given.
    #[serde(default = "two_hundred")]
    pub window: NonZeroUsize,
    /// Where in the stream the change begins, as a share of its length; 0.5 when not given.
    #[serde(default = "half")]
    pub start: Fraction,
    /// How long a gradual or incremental change takes, or each phase of a recurring one, as a share of the stream's
    /// length; 0.25 when not given.
    #[serde(default = "quarter")]
    pub duration: Fraction,
    /// How far the mean moves: shift, magnitude, size of the drift, in standard deviations; 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = -100.0, max = 100.0))]
    pub shift: f64,
    /// By what the standard deviation is multiplied; 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub scale: f64,
    /// How large the index has to be for an alarm; 0.2 when not given.
    #[serde(default = "fifth")]
    #[schemars(range(min = 0.0))]
    pub psi_threshold: f64,
    /// How small the p-value of the Kolmogorov-Smirnov test has to be for an alarm; 0.01 when not given.
    #[serde(default = "hundredth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub alpha: f64,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn five_hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(500).expect("not zero") }
}

fn two_thousand() -> NonZeroUsize {
    const { NonZeroUsize::new(2000).expect("not zero") }
}

fn two_hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(200).expect("not zero") }
}

fn half() -> Fraction {
    Fraction::HALF
}

fn quarter() -> Fraction {
    Fraction::QUARTER
}

fn one() -> f64 {
    1.0
}

fn fifth() -> f64 {
    0.2
}

fn hundredth() -> f64 {
    0.01
}

/// How the change comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// From one value to the next.
    #[default]
    Sudden,
    /// New values turn up among the old, more and more often.
    Gradual,
    /// The distribution moves step by step.
    Incremental,
    /// New and old take turns.
    Recurring,
}

/// The stream and what the monitor saw.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The reference: normal numbers of mean 0 and standard deviation 1.
    pub reference: Vec<f64>,
    /// The stream.
    pub stream: Vec<f64>,
    /// The position in the stream, from 0, where the change begins.
    pub starts_at: usize,
    /// What the monitor saw, window after window; a rest shorter than a window is left out.
    pub windows: Vec<Window>,
    /// The first window with an alarm; null when there was none.
    pub first_alarm: Option<usize>,
    /// How many values the alarm came after the change began; null without an alarm, negative for a false one.
    pub delay: Option<i64>,
    /// The stream with its windows' means above, and the index against its threshold below, as the text of an SVG file.
    pub svg: String,
}

/// A window of the stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Window {
    /// Where it starts in the stream, from 0.
    pub start: usize,
    /// The mean of its values.
    pub mean: f64,
    /// Its population stability index against the reference, over deciles.
    pub psi: f64,
    /// Its Kolmogorov-Smirnov distance from the reference.
    pub ks_statistic: f64,
    /// How likely that is without a change.
    pub ks_p_value: f64,
    /// Whether both call it drift.
    pub alarm: bool,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "simulate data drift",
    "simulate a gradual drift of 1.5 standard deviations in a stream of 3000 values",
    "show me how sudden drift looks and when a monitor notices it",
    "generate a stream with recurring drift, window 100, seed 7, and draw it",
];

/// The most values of the reference and of the stream, and the least of a window.
const LIMITS: (usize, usize, usize) = (10_000, 20_000, 20);

/// Draws the stream and watches it.
///
/// # Errors
/// `invalid_arguments` when a window has fewer than 20 values or more than the stream, `too_large` beyond the limits.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let mut random = Random::new(args.seed);
    let reference: Vec<f64> = (0..args.n_reference.get()).map(|_| random.normal()).collect();
    let n = args.n.get();
    let starts_at = (args.start.get() * n as f64).round() as usize;
    let stream: Vec<f64> = (0..n).map(|t| draw_one(args, starts_at, t, &mut random)).collect();
    let windows = stream
        .chunks_exact(args.window.get())
        .enumerate()
        .map(|(i, values)| watch(args, &reference, values, i * args.window.get()))
        .collect::<Result<Vec<_>, _>>()?;
    let first_alarm = windows.iter().position(|window| window.alarm);
    // An alarm goes off when its window is complete.
    let delay = first_alarm.map(|i| (windows[i].start + args.window.get()) as i64 - starts_at as i64);
    let svg = draw(args, &stream, &windows)?;
    Ok(Output { reference, stream, starts_at, windows, first_alarm, delay, svg })
}

fn check(args: &Args) -> Result<(), Error> {
    let (most_reference, most, least) = LIMITS;
    let (window, n, reference) = (args.window.get(), args.n.get(), args.n_reference.get());
    if n > most {
        return Err(Error::too_large("/n", format!("`n` is {n}, the limit is {most}")));
    }
    if reference > most_reference {
        let message = format!("`n_reference` is {reference}, the limit is {most_reference}");
        return Err(Error::too_large("/n_reference", message));
    }
    if reference < least {
        return Err(Error::invalid("/n_reference", format!("`n_reference` is {reference}"))
            .with_hint(format!("use {least} or more")));
    }
    if window < least || window > n {
        return Err(Error::invalid("/window", format!("`window` is {window}"))
            .with_hint(format!("use {least} to {n}, the length of the stream")));
    }
    for (path, value, range) in [("/shift", args.shift, -100.0..=100.0), ("/scale", args.scale, 0.0..=100.0)] {
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            return Err(Error::invalid(path, format!("`{value}` is not between {low} and {high}")));
        }
    }
    Ok(())
}

/// The value at time `t`.
fn draw_one(args: &Args, starts_at: usize, t: usize, random: &mut Random) -> f64 {
    // Both are drawn at each step, so that streams of different shapes can be compared value by value.
    let (normal, chance) = (random.normal(), random.uniform());
    let length = (args.duration.get() * args.n.get() as f64).round().max(1.0);
    let since = t.checked_sub(starts_at).map(|since| since as f64 / length);
    let weight = match (args.kind, since) {
        (_, None) => 0.0,
        (Shape::Sudden, Some(_)) => 1.0,
        (Shape::Gradual, Some(since)) => f64::from(u8::from(chance < since)),
        (Shape::Incremental, Some(since)) => since.min(1.0),
        (Shape::Recurring, Some(since)) => f64::from(u8::from(since % 2.0 < 1.0)),
    };
    weight * args.shift + (1.0 + weight * (args.scale - 1.0)) * normal
}

fn watch(args: &Args, reference: &[f64], values: &[f64], start: usize) -> Result<Window, Error> {
    let psi = psi::of_samples(reference, values, 10, 1e-4)?;
    // The limit is good enough for an alarm, and fast.
    let test = ks_test::test(reference, values, false);
    let alarm = psi > args.psi_threshold && test.p_value < args.alpha;
    Ok(Window { start, mean: mean(values), psi, ks_statistic: test.statistic, ks_p_value: test.p_value, alarm })
}

fn draw(args: &Args, stream: &[f64], windows: &[Window]) -> Result<String, Error> {
    let points: Vec<(f64, f64)> = stream.iter().enumerate().map(|(t, x)| (t as f64, *x)).collect();
    let group: Vec<usize> = vec![0; points.len()];
    let names = ["value".to_owned()];
    let ends = |window: &Window| (window.start + args.window.get()) as f64;
    let means: Vec<(f64, f64)> =
        windows.iter().flat_map(|window| [(window.start as f64, window.mean), (ends(window), window.mean)]).collect();
    let index: Vec<(f64, f64)> = windows.iter().map(|window| (ends(window), window.psi)).collect();
    let threshold = [(0.0, args.psi_threshold), (stream.len() as f64, args.psi_threshold)];
    panels(
        "A stream that drifts, and its monitor",
        &[
            Panel {
                title: "the stream",
                x: "time (values)",
                y: "value",
                lines: &[Line { name: "mean of a window", points: &means }],
                scatter: Some(Scatter { points: &points, group: &group, names: &names }),
                ..Panel::default()
            },
            Panel {
                title: "the monitor",
                x: "time (values)",
                y: "PSI of the last window",
                lines: &[
                    Line { name: "stability index", points: &index },
                    Line { name: "threshold", points: &threshold },
                ],
                ..Panel::default()
            },
        ],
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn simulate(arguments: serde_json::Value) -> Result<Output, Error> {
        run(&serde_json::from_value(arguments).unwrap())
    }

    #[test]
    fn a_sudden_change_is_noticed_in_the_first_window_after_it() {
        let out = simulate(json!({"shift": 2.0, "n": 2000, "window": 200, "seed": 3})).unwrap();
        assert_eq!((out.starts_at, out.first_alarm, out.delay), (1000, Some(5), Some(200)));
        let before = mean(&out.stream[..1000]);
        let after = mean(&out.stream[1000..]);
        // Five standard errors.
        assert!(before.abs() < 0.16 && (after - 2.0).abs() < 0.16, "{before} {after}");
    }

    #[test]
    fn without_a_change_there_is_no_alarm() {
        for seed in 0..5 {
            assert_eq!(simulate(json!({"shift": 0.0, "seed": seed})).unwrap().first_alarm, None);
        }
    }

    #[test]
    fn shapes_differ_in_how_they_get_there() {
        let means = |kind: &str| -> Vec<f64> {
            let out =
                simulate(json!({"kind": kind, "shift": 4.0, "duration": 0.25, "start": 0.25, "seed": 1})).unwrap();
            out.windows.iter().map(|window| window.mean).collect()
        };
        assert!(means("sudden")[3] > 3.5);
        assert!((0.5..3.5).contains(&means("incremental")[4]));
        assert!((0.5..3.5).contains(&means("gradual")[4]));
        // New from 500 to 1000, old until 1500, new again.
        let recurring = means("recurring");
        assert!(recurring[3] > 3.5 && recurring[6].abs() < 0.5 && recurring[9] > 3.5, "{recurring:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let draw = || simulate(json!({"kind": "gradual", "seed": 11})).unwrap();
        assert_eq!((draw().stream, draw().svg), (draw().stream, draw().svg));
        assert_ne!(draw().stream, simulate(json!({"kind": "gradual", "seed": 12})).unwrap().stream);
    }

    #[test]
    fn refuses_what_cannot_be_watched() {
        assert_eq!(simulate(json!({"window": 5})).unwrap_err().path, "/window");
        assert_eq!(simulate(json!({"n": 50, "window": 60})).unwrap_err().path, "/window");
        assert_eq!(simulate(json!({"n": 50_000})).unwrap_err().path, "/n");
    }
}
