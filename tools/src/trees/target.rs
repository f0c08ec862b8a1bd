//! What the models of this family learn to say: a class or a number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    value::{Matrix, Vector},
};

/// What is to be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Classes: the targets are labels, whole numbers from 0.
    #[default]
    Classification,
    /// Numbers.
    Regression,
}

/// How mixed a node is, for classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// 1 minus the sum of squared class shares: how often two rows drawn at random differ.
    #[default]
    Gini,
    /// Shannon's entropy of the class shares in bits.
    Entropy,
}

/// The targets of the rows that a model is fitted to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// One label a row, each below `classes`; at most 256 of them.
    Classes {
        /// The labels.
        labels: &'a [usize],
        /// How many classes there are, 1 or more.
        classes: usize,
    },
    /// One finite number a row.
    Numbers(&'a [f64]),
}

/// The most classes that a model of this family tells apart: labels are kept in a byte.
pub const MOST_CLASSES: usize = 256;

impl Target<'_> {
    /// How many rows have a target.
    pub fn len(&self) -> usize {
        match self {
            Target::Classes { labels, .. } => labels.len(),
            Target::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many numbers a leaf holds: a share for each class, or one mean.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Target::Classes { classes, .. } => *classes,
            Target::Numbers(_) => 1,
        }
    }
}

/// What a model says about rows: labels, or numbers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Predictions {
    /// The most probable class of each row.
    Labels(Vec<usize>),
    /// The number for each row.
    Numbers(Vec<f64>),
}

/// Targets that came as JSON, checked and in the form that the models take.
pub(crate) enum Read {
    Labels(Vec<usize>, usize),
    Numbers(Vec<f64>),
}

impl Read {
    /// # Errors
    /// `invalid_arguments` if there is not one target a row or a label is not a whole number from 0, `too_large` for a
    /// label beyond the limit.
    pub(crate) fn new(task: Task, y: &Vector, rows: usize) -> Result<Read, Error> {
        if y.len() != rows {
            return Err(Error::invalid("/y", format!("`y` has {} values, but `X` has {rows} rows", y.len()))
                .with_hint("give one target for each row of `X`"));
        }
        if task == Task::Regression {
            return Ok(Read::Numbers(y.to_vec()));
        }
        if let Some(at) = y.iter().position(|label| *label < 0.0 || label.fract() != 0.0) {
            return Err(Error::invalid(format!("/y/{at}"), format!("`{}` is not a label", y[at]))
                .with_hint("labels are whole numbers from 0; for other numbers use `task` `regression`"));
        }
        if let Some(at) = y.iter().position(|label| *label >= MOST_CLASSES as f64) {
            let most = MOST_CLASSES - 1;
            return Err(Error::too_large(
                format!("/y/{at}"),
                format!("label `{}` is above the limit of {most}", y[at]),
            )
            .with_hint("number the classes from 0 without gaps"));
        }
        let labels: Vec<usize> = y.iter().map(|label| *label as usize).collect();
        let classes = labels.iter().max().map_or(1, |most| most + 1);
        Ok(Read::Labels(labels, classes))
    }

    pub(crate) fn target(&self) -> Target<'_> {
        match self {
            Read::Labels(labels, classes) => Target::Classes { labels, classes: *classes },
            Read::Numbers(numbers) => Target::Numbers(numbers),
        }
    }

    /// What a model said of rows, in the form of the task.
    pub(crate) fn predictions(&self, said: &[f64]) -> Predictions {
        match self {
            Read::Labels(..) => Predictions::Labels(said.iter().map(|label| *label as usize).collect()),
            Read::Numbers(_) => Predictions::Numbers(said.to_vec()),
        }
    }

    /// The share of right labels, or the mean squared error.
    pub(crate) fn accuracy_or_error(&self, said: &[f64]) -> f64 {
        let n = said.len() as f64;
        match self {
            Read::Labels(labels, _) => {
                labels.iter().zip(said).filter(|(label, said)| **label as f64 == **said).count() as f64 / n
            }
            Read::Numbers(numbers) => numbers.iter().zip(said).map(|(y, said)| (y - said).powi(2)).sum::<f64>() / n,
        }
    }
}

/// Checks what every fit of this family needs: a whole number of rows, finite numbers, one target each.
///
/// # Errors
/// `invalid_arguments` with the place.
pub(crate) fn check<T: Copy + Into<f64>>(x: &[T], columns: usize, target: &Target<'_>) -> Result<(), Error> {
    if columns == 0 || x.is_empty() || !x.len().is_multiple_of(columns) {
        let message = format!("{} values do not make rows of {columns}", x.len());
        return Err(Error::invalid("/X", message).with_hint("give at least one row, each with as many columns"));
    }
    let rows = x.len() / columns;
    if rows != target.len() {
        return Err(Error::invalid("/y", format!("there are {} targets, but {rows} rows", target.len())));
    }
    if rows > u32::MAX as usize / 2 {
        return Err(Error::too_large("/X", format!("{rows} rows are above the limit of {}", u32::MAX / 2)));
    }
    if let Some(at) = x.iter().position(|value| !(*value).into().is_finite()) {
        return Err(Error::invalid(format!("/X/{}/{}", at / columns, at % columns), "a value is not a finite number"));
    }
    match target {
        Target::Classes { labels, classes } => {
            if *classes > MOST_CLASSES {
                return Err(Error::too_large("/y", format!("{classes} classes are above the limit of {MOST_CLASSES}")));
            }
            if let Some(at) = labels.iter().position(|label| label >= classes) {
                let message = format!("label `{}` is not below {classes}, the number of classes", labels[at]);
                return Err(Error::invalid(format!("/y/{at}"), message));
            }
        }
        Target::Numbers(numbers) => {
            if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                return Err(Error::invalid(format!("/y/{at}"), "a target is not a finite number"));
            }
        }
    }
    Ok(())
}

/// Checks that the rows to predict have the columns of those to learn from.
///
/// # Errors
/// `invalid_arguments`.
pub(crate) fn check_test(x: &Matrix, test: Option<&Matrix>) -> Result<(), Error> {
    match test {
        Some(test) if test.columns() != x.columns() => {
            let message = format!("`X_test` has {} columns, but `X` has {}", test.columns(), x.columns());
            Err(Error::invalid("/X_test", message).with_hint("give the same columns in the same order"))
        }
        _ => Ok(()),
    }
}

/// The first of the largest shares.
pub(crate) fn most_probable(shares: &[f64]) -> usize {
    let mut best = 0;
    for (label, share) in shares.iter().enumerate() {
        if *share > shares[best] {
            best = label;
        }
    }
    best
}
