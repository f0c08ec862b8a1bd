//! Probability: beliefs and evidence, the normal distribution, and numbers drawn at random.

pub mod bayes_theorem;
pub mod bayes_update;
pub mod gaussian_cdf;
pub mod gaussian_fit;
pub mod gaussian_naive_bayes;
pub mod gaussian_pdf;
pub mod gaussian_quantile;
pub mod gaussian_simulate;

use crate::{
    error::Error,
    normal,
    plot::chart::{self, Line},
    stats::histogram,
    tool::{Tool, ToolBuilder},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("bayes_theorem", bayes_theorem::run).examples(bayes_theorem::EXAMPLES).quick(),
        Tool::pure("bayes_update", bayes_update::run).examples(bayes_update::EXAMPLES).quick(),
        Tool::pure("gaussian_naive_bayes", gaussian_naive_bayes::run).examples(gaussian_naive_bayes::EXAMPLES),
        Tool::pure("gaussian_simulate", gaussian_simulate::run).examples(gaussian_simulate::EXAMPLES),
        Tool::pure("gaussian_pdf", gaussian_pdf::run).examples(gaussian_pdf::EXAMPLES).quick(),
        Tool::pure("gaussian_cdf", gaussian_cdf::run).examples(gaussian_cdf::EXAMPLES).quick(),
        Tool::pure("gaussian_quantile", gaussian_quantile::run).examples(gaussian_quantile::EXAMPLES).quick(),
        Tool::pure("gaussian_fit", gaussian_fit::run).examples(gaussian_fit::EXAMPLES).quick(),
    ]
}

/// The usual deviation.
fn one() -> f64 {
    1.0
}

/// A bell curve has a width.
fn check_std(std: f64) -> Result<(), Error> {
    if std > 0.0 {
        return Ok(());
    }
    Err(Error::invalid("/std", format!("`std` is {std}, but a deviation is above 0"))
        .with_hint("use a positive number"))
}

/// The histogram of some numbers, scaled to area 1, under the density of a normal distribution.
fn histogram_under_density(x: &[f64], mean: f64, std: f64) -> Result<String, Error> {
    let edges = histogram::edges(x, None, histogram::freedman_diaconis(x)).or_else(|_| histogram::edges(x, None, 1));
    let too_close = || Error::undefined("/picture", "the numbers are too close to each other to be drawn");
    let edges = edges.map_err(|_| too_close())?;
    let heights = histogram::density(&histogram::count(x, &edges), &edges).ok_or_else(too_close)?;
    let (low, high) = ((mean - 3.5 * std).min(edges[0]), (mean + 3.5 * std).max(edges[edges.len() - 1]));
    let at = |i: i32| low + (high - low) * f64::from(i) / 200.0;
    let curve: Vec<(f64, f64)> = (0..=200)
        .map(at)
        .map(|x| (x, normal::density((x - mean) / std) / std))
        .filter(|(_, y)| y.is_finite())
        .collect();
    let name = format!("density of N({}, {}²)", rounded(mean), rounded(std));
    let title = format!("{} numbers and the bell curve", x.len());
    let curve = (std > 0.0).then_some(Line { name: &name, points: &curve });
    chart::bars(&title, "value", "density (share per unit)", &edges, &heights, curve)
}

/// A number in four digits or so, for a legend.
fn rounded(number: f64) -> String {
    let text = format!("{number:.3e}");
    let readable = number == 0.0 || (1e-3..1e6).contains(&number.abs());
    text.parse::<f64>().ok().filter(|_| readable).map_or(text, |number| number.to_string())
}
