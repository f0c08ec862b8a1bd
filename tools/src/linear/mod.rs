//! Linear models: a weighted sum of the columns.

mod cholesky;
mod descent;
pub mod elastic_net;
mod gram;
pub mod lasso_path;
pub mod lasso_regression;
pub mod linear_regression;
pub mod logistic_regression;
mod multinomial;
mod newton;
pub mod ridge_regression;

use crate::{
    error::Error,
    tool::{Tool, ToolBuilder},
    value::{Matrix, Vector},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("elastic_net", elastic_net::run).examples(elastic_net::EXAMPLES),
        Tool::pure("lasso_path", lasso_path::run).examples(lasso_path::EXAMPLES),
        Tool::pure("lasso_regression", lasso_regression::run).examples(lasso_regression::EXAMPLES),
        Tool::pure("linear_regression", linear_regression::run).examples(linear_regression::EXAMPLES),
        Tool::pure("logistic_regression", logistic_regression::run).examples(logistic_regression::EXAMPLES),
        Tool::pure("ridge_regression", ridge_regression::run).examples(ridge_regression::EXAMPLES),
    ]
}

/// The most columns or rows, whichever are fewer: time grows with their cube.
const LIMIT: usize = 1024;

/// Whether a table, its targets and the rows to predict fit together and are not too large.
fn check_table(x: &Matrix, targets: usize, test: Option<&Matrix>) -> Result<(), Error> {
    let (n, d) = (x.rows(), x.columns());
    if targets != n {
        return Err(Error::invalid("/y", format!("`y` has {targets} values, but `X` has {n} rows")));
    }
    if let Some(test) = test
        && test.columns() != d
    {
        return Err(Error::invalid("/X_test", format!("`X_test` has {} columns, but `X` has {d}", test.columns())));
    }
    if n.min(d) > LIMIT {
        return Err(Error::too_large("/X", format!("`X` is {n} by {d}, and the smaller side is limited to {LIMIT}")));
    }
    Ok(())
}

/// A price has to be finite and not negative.
fn check_price(name: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid(format!("/{name}"), format!("`{name}` is {value}, but must be 0 or more")))
}

/// Numbers beyond the largest: what to say when squares of the arguments overflow.
fn overflow() -> Error {
    Error::too_large("/X", format!("the squares are beyond {:e}, the largest number", f64::MAX))
        .with_hint("scale `X` and `y` down")
}

/// A line with its weights: what the models of this family fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The weight of each column.
    pub coefficients: Vec<f64>,
    /// The value where all columns are 0.
    pub intercept: f64,
}

impl Line {
    /// The prediction for one row.
    pub fn at(&self, row: &[f64]) -> f64 {
        self.intercept + crate::algebra::dot(row, &self.coefficients)
    }

    /// The predictions for rows that lie one after the other.
    ///
    /// ```
    /// use roundtable_tools::linear::Line;
    ///
    /// let line = Line { coefficients: vec![2.0, 1.0], intercept: 1.0 };
    /// assert_eq!(line.predict(&[1.0, 0.0, 0.0, 5.0]), [3.0, 6.0]);
    /// ```
    pub fn predict(&self, x: &[f64]) -> Vec<f64> {
        x.chunks_exact(self.coefficients.len().max(1)).map(|row| self.at(row)).collect()
    }

    /// The share of the target's variance about its mean that the line explains; none when the target does not vary.
    fn r2(&self, x: &Matrix, y: &Vector) -> Result<Option<f64>, Error> {
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let rest: f64 = x.iter().zip(y.iter()).map(|(row, y)| (y - self.at(row)).powi(2)).sum();
        let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
        if !(rest.is_finite() && total.is_finite()) {
            return Err(overflow());
        }
        Ok((total > 0.0).then(|| 1.0 - rest / total))
    }
}
