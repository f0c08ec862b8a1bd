//! # Covariance matrix
//!
//! The covariance of two columns is the mean product of their distances from their own means: positive when both tend
//! to be large together, negative when one is large where the other is small. The matrix holds it for every pair of
//! columns, with the variances on the diagonal. It is symmetric, and no direction has a negative variance.
//!
//! Cost: O(n d²) for n rows of d columns, in two passes: the means first, since `E[xy] - E[x]E[y]` loses its digits
//! when the means are large.
//! Reference: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance: analysis and
//! recommendations", The American Statistician 37(3), 1983.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mean_variance::mean;
use crate::{algebra::dot, error::Error, value::Matrix};

/// Computes the covariance of every pair of columns of a table. Use it to see which columns vary together, in their own
/// units; `correlation_matrix` does so without units.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table: one row a sample, one column a variable, up to 1000 columns.
    pub X: Matrix,
    /// What is taken from the number of rows when dividing: 1 for a sample (the default), 0 for a whole population.
    #[serde(default = "one")]
    pub ddof: u32,
}

fn one() -> u32 {
    1
}

/// The covariances.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// One row and one column for each column of `X`: covariances, with the variances on the diagonal.
    pub matrix: Vec<Vec<f64>>,
    /// The mean of each column.
    pub means: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Covariance matrix of [[1, 2], [2, 4.5], [3, 5], [4, 9]]",
    "how do these columns vary together? give me all covariances",
    "compute cov(X) with ddof 0 for [[170, 65], [180, 80], [165, 58]]",
    "variances and covariances of the table",
];

/// The most columns, and the most products.
const LIMITS: (usize, usize) = (1000, 20_000_000_000);

/// Computes the covariances.
///
/// # Errors
/// `invalid_arguments` if `ddof` is not smaller than the number of rows, `too_large` above 1000 columns or if the
/// products overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let rows = args.X.rows();
    let divisor = rows as f64 - f64::from(args.ddof);
    if divisor <= 0.0 {
        let message = format!("`ddof` is {}, but the number of rows is {rows}", args.ddof);
        return Err(Error::invalid("/ddof", message)
            .with_hint("give more rows, or `ddof` 0 for the covariances of a population"));
    }
    check_size(&args.X)?;
    let (means, columns) = centred(&args.X);
    let mut matrix = products(&columns);
    matrix.iter_mut().flatten().for_each(|product| *product /= divisor);
    if matrix.iter().flatten().any(|product| !product.is_finite()) {
        return Err(Error::too_large("/X", format!("a covariance is beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the columns down"));
    }
    Ok(Output { matrix, means })
}

/// Whether the products of all pairs of columns can be added up in seconds.
pub(crate) fn check_size(x: &Matrix) -> Result<(), Error> {
    let (n, d) = (x.rows(), x.columns());
    if d > LIMITS.0 {
        return Err(Error::too_large("/X", format!("there are {d} columns, the limit is {}", LIMITS.0)));
    }
    if n.saturating_mul(d * d) > LIMITS.1 {
        let message = format!("{n} rows times {d} squared columns are more than the limit of {}", LIMITS.1);
        return Err(Error::too_large("/X", message));
    }
    Ok(())
}

/// The means, and each column less its mean.
fn centred(x: &Matrix) -> (Vec<f64>, Vec<Vec<f64>>) {
    let column = |j: usize| {
        let column: Vec<f64> = x.iter().map(|row| row[j]).collect();
        let mean = mean(&column);
        (mean, column.iter().map(|value| value - mean).collect())
    };
    (0..x.columns()).map(column).unzip()
}

/// The sum of products of every pair of columns.
pub(crate) fn products(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let half = columns.par_iter().enumerate().map(|(i, a)| columns[..=i].iter().map(|b| dot(a, b)).collect());
    let mut matrix: Vec<Vec<f64>> = half.collect();
    for i in 0..matrix.len() {
        let above: Vec<f64> = (i + 1..matrix.len()).map(|j| matrix[j][i]).collect();
        matrix[i].extend(above);
    }
    matrix
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>, ddof: u32) -> Result<Output, Error> {
        run(&Args { X: Matrix::from_rows(rows)?, ddof })
    }

    #[test]
    fn by_hand() {
        // Means 2 and 5; distances (-1, 0, 1) and (-3, 0, 3): products 2, 6 and 18, by n - 1 = 2.
        let out = of(vec![vec![1.0, 2.0], vec![2.0, 5.0], vec![3.0, 8.0]], 1).unwrap();
        assert_eq!((out.matrix, out.means), (vec![vec![1.0, 3.0], vec![3.0, 9.0]], vec![2.0, 5.0]));
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        // Oracle: exact arithmetic; 10^9 + {4, 7, 13, 16} has variance 30.
        let out = of([4.0, 7.0, 13.0, 16.0].map(|x| vec![1e9 + x, -x]).to_vec(), 1).unwrap();
        assert_eq!(out.matrix, [[30.0, -30.0], [-30.0, 30.0]]);
    }

    #[test]
    fn refuses_what_has_no_covariance() {
        assert_eq!(of(vec![vec![1.0]], 1).unwrap_err().path, "/ddof");
        assert_eq!(of(vec![vec![1e300], vec![-1e300]], 1).unwrap_err().path, "/X");
        assert_eq!(of(vec![vec![0.0; 1001]; 2], 1).unwrap_err().path, "/X");
    }

    proptest! {
        #[test]
        fn no_direction_has_a_negative_variance(
            rows in prop::collection::vec(prop::collection::vec(-9.0..9.0, 3), 2..20), a in -1.0..1.0, b in -1.0..1.0,
        ) {
            let c = of(rows, 1).unwrap().matrix;
            let direction = [a, b, 1.0];
            let along = |i: usize| c[i].iter().zip(direction).map(|(c, x)| c * x).sum::<f64>() * direction[i];
            prop_assert!((0..3).map(along).sum::<f64>() > -1e-9);
        }
    }
}
