//! The pictures of this folder: a path over contours, and values by step.

use super::objective::Objective;
use crate::{
    error::Error,
    plot::{
        chart::{self, Line},
        contour,
    },
};

/// The most points of a line that a picture needs.
const MOST: usize = 400;

/// What a picture shows of a walk: at most a few hundred of its points.
pub(crate) struct Trail {
    every: usize,
    last: usize,
    two: bool,
    points: Vec<(f64, f64)>,
    values: Vec<(f64, f64)>,
}

impl Trail {
    /// For a walk of so many steps and variables.
    pub(crate) fn new(steps: usize, variables: usize) -> Self {
        Trail { every: steps.div_ceil(MOST).max(1), last: steps, two: variables == 2, points: vec![], values: vec![] }
    }

    /// Takes note of a point.
    pub(crate) fn push(&mut self, step: usize, x: &[f64], value: f64) {
        if !step.is_multiple_of(self.every) && step != self.last {
            return;
        }
        if self.two {
            self.points.push((x[0], x[1]));
        }
        self.values.push((step as f64, value));
    }
}

/// Draws paths over the contours of the objective if it has two variables, else the values by step.
pub(crate) fn draw(title: &str, objective: &Objective, trails: &[(&str, &Trail)]) -> Result<String, Error> {
    if trails.iter().all(|(_, trail)| trail.two) {
        let lines: Vec<Line<'_>> = trails.iter().map(|(name, trail)| Line { name, points: &trail.points }).collect();
        let value = |x: f64, y: f64| objective.evaluate(&[x, y], &mut [0.0; 2]);
        if let Some(svg) = contour::paths(title, &value, &lines)? {
            return Ok(svg);
        }
    }
    by_step(title, trails)
}

/// Draws the values by step, on a logarithmic axis when all are positive.
pub(crate) fn by_step(title: &str, trails: &[(&str, &Trail)]) -> Result<String, Error> {
    let lines: Vec<Line<'_>> = trails.iter().map(|(name, trail)| Line { name, points: &trail.values }).collect();
    let positive = trails.iter().flat_map(|(_, trail)| &trail.values).all(|(_, value)| *value >= 0.0);
    let some = trails.iter().flat_map(|(_, trail)| &trail.values).any(|(_, value)| *value > 0.0);
    if positive && some {
        chart::lines_log_y(title, "steps", "objective", &lines)
    } else {
        chart::lines(title, "steps", "objective", &lines)
    }
}
