//! # Objectives
//!
//! The functions that this folder's tools go down, each with its gradient written out by hand: bowls, a curved valley,
//! polynomials, and the losses of linear and logistic regression. The tests hold every gradient against finite
//! differences.
//!
//! References: H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", The
//! Computer Journal 3(3), 1960; I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, 2016, §4.3.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    error::Error,
    neural::activation::{sigmoid, softplus},
    value::{Matrix, Vector},
};

/// A function to go down.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(non_snake_case)]
pub enum Objective {
    /// A bowl, x'Ax/2 - b'x: a quadratic function.
    Quadratic {
        /// The matrix, square; its symmetric part alone counts.
        A: Matrix,
        /// The linear part, a number for each row of `A`; zeros when not given.
        #[serde(default)]
        b: Option<Vector>,
    },
    /// A curved valley, the sum over i of `100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2`, lowest at (1, 1, ...).
    Rosenbrock {},
    /// A polynomial of one variable.
    Polynomial {
        /// The coefficients from the constant upwards: c0 + c1 x + c2 x^2 + ...
        coefficients: Vector,
    },
    /// The mean squared error of a linear regression; x is the intercept, if any, and then a weight for each column.
    LinearRegressionMse {
        /// The table, a sample a row.
        X: Matrix,
        /// What to predict, a number for each row.
        y: Vector,
        /// Whether there is an intercept; true when not given.
        #[serde(default = "yes")]
        intercept: bool,
    },
    /// The mean log loss of a logistic regression; x is the intercept, if any, and then a weight for each column.
    LogisticLoss {
        /// The table, a sample a row.
        X: Matrix,
        /// The classes, 0 or 1 for each row.
        y: Vec<u8>,
        /// Whether there is an intercept; true when not given.
        #[serde(default = "yes")]
        intercept: bool,
    },
}

fn yes() -> bool {
    true
}

impl Default for Objective {
    /// A badly scaled bowl: one direction a hundred times as steep as the other.
    fn default() -> Self {
        let numbers = |x: [[f64; 2]; 2]| Matrix::try_from(x).expect("finite and rectangular");
        Objective::Quadratic { A: numbers([[1.0, 0.0], [0.0, 100.0]]), b: None }
    }
}

impl Objective {
    /// How many variables it has; none if that is up to the start.
    pub fn dimensions(&self) -> Option<usize> {
        match self {
            Objective::Quadratic { A, .. } => Some(A.rows()),
            Objective::Rosenbrock {} => None,
            Objective::Polynomial { .. } => Some(1),
            Objective::LinearRegressionMse { X, intercept, .. } | Objective::LogisticLoss { X, intercept, .. } => {
                Some(X.columns() + usize::from(*intercept))
            }
        }
    }

    /// A start that shows something when none is given.
    pub fn start(&self) -> Vec<f64> {
        match self {
            Objective::Quadratic { A, .. } => vec![1.0; A.rows()],
            Objective::Rosenbrock {} => vec![-1.2, 1.0],
            Objective::Polynomial { .. } => vec![1.0],
            Objective::LinearRegressionMse { .. } | Objective::LogisticLoss { .. } => {
                vec![0.0; self.dimensions().unwrap_or(1)]
            }
        }
    }

    /// About how many operations one value with its gradient takes for `n` variables.
    pub(crate) fn cost(&self, n: usize) -> usize {
        match self {
            Objective::Quadratic { .. } => 4 * n * n,
            Objective::Rosenbrock {} => 20 * n,
            Objective::Polynomial { coefficients } => 4 * coefficients.len(),
            Objective::LinearRegressionMse { X, .. } => 4 * X.rows() * n,
            Objective::LogisticLoss { X, .. } => X.rows() * (4 * n + 50),
        }
    }

    /// Whether its parts fit together and `x0` fits it.
    ///
    /// # Errors
    /// `invalid_arguments`, with the place under `/objective` or `/x0`.
    pub(crate) fn check(&self, x0: &[f64]) -> Result<(), Error> {
        match self {
            Objective::Quadratic { A, b } => {
                if A.rows() != A.columns() {
                    let (rows, columns) = (A.rows(), A.columns());
                    return Err(Error::invalid(
                        "/objective/A",
                        format!("`A` is {rows} x {columns}, but must be square"),
                    ));
                }
                if let Some(b) = b
                    && b.len() != A.rows()
                {
                    let (given, rows) = (b.len(), A.rows());
                    return Err(Error::invalid(
                        "/objective/b",
                        format!("`b` has {given} values, but `A` has {rows} rows"),
                    ));
                }
            }
            Objective::Rosenbrock {} if x0.len() < 2 => {
                return Err(Error::invalid("/x0", "the valley needs at least 2 variables, `x0` has 1")
                    .with_hint("try `[-1.2, 1]`"));
            }
            Objective::Rosenbrock {} | Objective::Polynomial { .. } => {}
            Objective::LinearRegressionMse { X, y, .. } => same_length(X, y.len())?,
            Objective::LogisticLoss { X, y, .. } => {
                same_length(X, y.len())?;
                if let Some(at) = y.iter().position(|class| *class > 1) {
                    return Err(Error::invalid(format!("/objective/y/{at}"), format!("`{}` is not 0 or 1", y[at])));
                }
            }
        }
        match self.dimensions() {
            Some(n) if n != x0.len() => {
                Err(Error::invalid("/x0", format!("`x0` has {} values, but the objective has {n} variables", x0.len()))
                    .with_hint(format!("give {n} numbers")))
            }
            _ => Ok(()),
        }
    }

    /// The value at `x`, and the gradient there into `gradient`.
    pub(crate) fn evaluate(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        match self {
            Objective::Quadratic { A, b } => {
                let mut value = 0.0;
                for (i, row) in A.iter().enumerate() {
                    let mut along = 0.0;
                    for (j, a) in row.iter().enumerate() {
                        along += a * x[j];
                        gradient[j] += 0.5 * a * x[i];
                    }
                    gradient[i] += 0.5 * along;
                    value += 0.5 * x[i] * along;
                }
                for (i, b) in b.iter().flat_map(|b| b.iter()).enumerate() {
                    gradient[i] -= b;
                    value -= b * x[i];
                }
                value
            }
            Objective::Rosenbrock {} => {
                let mut value = 0.0;
                for i in 0..x.len() - 1 {
                    let (bend, left) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
                    value += 100.0 * bend * bend + left * left;
                    gradient[i] -= 400.0 * x[i] * bend + 2.0 * left;
                    gradient[i + 1] += 200.0 * bend;
                }
                value
            }
            Objective::Polynomial { coefficients } => {
                // Horner's rule, for the value and the slope at once.
                let (mut value, mut slope) = (0.0, 0.0);
                for c in coefficients.iter().rev() {
                    slope = slope * x[0] + value;
                    value = value * x[0] + c;
                }
                gradient[0] = slope;
                value
            }
            Objective::LinearRegressionMse { X, y, .. } => mean_loss(X, x, gradient, |i, margin| {
                let error = margin - y[i];
                (error * error, 2.0 * error)
            }),
            // log(1 + e^margin) - y margin, with the exponential kept from overflowing.
            Objective::LogisticLoss { X, y, .. } => mean_loss(X, x, gradient, |i, margin| {
                let class = f64::from(y[i]);
                (softplus(if y[i] == 1 { -margin } else { margin }), sigmoid(margin) - class)
            }),
        }
    }
}

/// The mean over the rows of a loss of the margin, `row · weights` and before it the intercept if `x` is one longer; the
/// loss gives its value and its slope.
fn mean_loss(table: &Matrix, x: &[f64], gradient: &mut [f64], loss: impl Fn(usize, f64) -> (f64, f64)) -> f64 {
    let n = table.rows() as f64;
    let (intercept, weights) = x.split_at(x.len() - table.columns());
    let (in_intercept, in_weights) = gradient.split_at_mut(intercept.len());
    let mut value = 0.0;
    for (i, row) in table.iter().enumerate() {
        let along = row.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>();
        let (lost, slope) = loss(i, intercept.first().unwrap_or(&0.0) + along);
        value += lost / n;
        in_intercept.iter_mut().for_each(|gradient| *gradient += slope / n);
        in_weights.iter_mut().zip(row).for_each(|(gradient, a)| *gradient += slope / n * a);
    }
    value
}

fn same_length(table: &Matrix, labels: usize) -> Result<(), Error> {
    if table.rows() == labels {
        return Ok(());
    }
    Err(Error::invalid("/objective/y", format!("`y` has {labels} values, but `X` has {} rows", table.rows())))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// One of each kind, with a point to try it at.
    pub(crate) fn one_of_each() -> Vec<(Objective, Vec<f64>)> {
        let table = || Matrix::try_from([[0.5, -1.0], [1.5, 2.0], [-0.3, 0.7]]).unwrap();
        let lopsided = Matrix::try_from([[2.0, 1.0], [-0.5, 3.0]]).unwrap();
        vec![
            (Objective::Quadratic { A: lopsided, b: Some([1.0, -2.0].try_into().unwrap()) }, vec![0.7, -1.3]),
            (Objective::Rosenbrock {}, vec![-1.2, 1.0, 0.4]),
            (Objective::Polynomial { coefficients: [2.0, 0.0, 1.0, -3.0, 1.0].try_into().unwrap() }, vec![1.7]),
            (
                Objective::LinearRegressionMse { X: table(), y: [1.0, 2.0, 3.0].try_into().unwrap(), intercept: true },
                vec![0.1, 0.2, -0.3],
            ),
            (Objective::LogisticLoss { X: table(), y: vec![0, 1, 1], intercept: false }, vec![0.2, -0.3]),
        ]
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        for (objective, x) in one_of_each() {
            objective.check(&x).unwrap();
            let mut gradient = vec![0.0; x.len()];
            objective.evaluate(&x, &mut gradient);
            for i in 0..x.len() {
                let step = 1e-5;
                let at = |by: f64| {
                    let mut moved = x.clone();
                    moved[i] += by;
                    objective.evaluate(&moved, &mut vec![0.0; x.len()])
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((slope - gradient[i]).abs() < 1e-6 * (1.0 + slope.abs()), "{objective:?} {i}: {slope}");
            }
        }
    }

    #[test]
    fn by_hand() {
        let mut gradient = [0.0; 2];
        // Rosenbrock's own start: 100 (1 - 1.44)^2 + 2.2^2 = 24.2.
        assert!((Objective::Rosenbrock {}.evaluate(&[-1.2, 1.0], &mut gradient) - 24.2).abs() < 1e-12);
        assert_eq!(Objective::Rosenbrock {}.evaluate(&[1.0, 1.0], &mut gradient), 0.0);
        assert_eq!(Objective::default().evaluate(&[1.0, 1.0], &mut gradient), 50.5);
        assert_eq!(gradient, [1.0, 100.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let path = |objective: Objective, x: &[f64]| objective.check(x).unwrap_err().path;
        assert_eq!(path(Objective::default(), &[1.0]), "/x0");
        assert_eq!(path(Objective::Rosenbrock {}, &[1.0]), "/x0");
        let flat = Matrix::try_from([[1.0, 2.0]]).unwrap();
        assert_eq!(path(Objective::Quadratic { A: flat.clone(), b: None }, &[1.0]), "/objective/A");
        assert_eq!(path(Objective::LogisticLoss { X: flat, y: vec![2], intercept: true }, &[0.0; 3]), "/objective/y/0");
    }
}
