//! A walk by one rule as a tool reports it: checked first, and with what was asked for kept on the way.

use super::{
    objective::Objective,
    picture,
    rule::Rule,
    walk::{End, check_rate, check_work, walk},
};
use crate::{error::Error, value::Vector};

/// The most numbers of a trajectory that is given back.
const MOST_NUMBERS: usize = 200_000;

/// A walk that can be made.
pub(super) struct Journey<'a> {
    objective: &'a Objective,
    pub(super) start: Vec<f64>,
    steps: usize,
    trajectory: bool,
}

/// What came of it.
pub(super) struct Report {
    pub(super) end: End,
    /// The points after the first two steps, as far as they were made.
    pub(super) first: Vec<Vec<f64>>,
    pub(super) trajectory: Option<Vec<Vec<f64>>>,
    pub(super) svg: Option<String>,
}

impl<'a> Journey<'a> {
    /// From `x0`, or from the objective's usual start.
    ///
    /// # Errors
    /// `invalid_arguments` if the objective's parts and the start do not fit together, `too_large` beyond the limits of
    /// steps and of the numbers of a trajectory.
    pub(super) fn new(
        objective: &'a Objective,
        x0: Option<&Vector>,
        steps: usize,
        trajectory: bool,
    ) -> Result<Self, Error> {
        let start = x0.map_or_else(|| objective.start(), |x0| x0.to_vec());
        objective.check(&start)?;
        check_work(objective, start.len(), steps)?;
        if trajectory && start.len() * (steps + 1) > MOST_NUMBERS {
            let most = MOST_NUMBERS / start.len();
            return Err(Error::too_large("/steps", format!("a trajectory has at most {most} points here")));
        }
        Ok(Journey { objective, start, steps, trajectory })
    }

    /// Makes it; `picture` has the title and the name of the path, if there is to be one.
    ///
    /// # Errors
    /// `invalid_arguments` if the rate is not positive or the value not finite at the start.
    pub(super) fn make(&self, rule: Rule, rate: f64, picture: Option<(&str, &str)>) -> Result<Report, Error> {
        check_rate(rate, "/learning_rate")?;
        let mut seen = picture::Trail::new(self.steps, self.start.len());
        let (mut trajectory, mut first) = (Vec::new(), Vec::new());
        let end = walk(self.objective, &self.start, rule, rate, self.steps, |step, x, value| {
            if (1..=2).contains(&step) {
                first.push(x.to_vec());
            }
            if self.trajectory {
                trajectory.push(x.to_vec());
            }
            if picture.is_some() {
                seen.push(step, x, value);
            }
        })?;
        let draw = |(title, name)| picture::draw(title, self.objective, &[(name, &seen)]);
        let svg = picture.map(draw).transpose()?;
        Ok(Report { end, first, trajectory: self.trajectory.then_some(trajectory), svg })
    }
}
