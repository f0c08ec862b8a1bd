//! # Principal component analysis
//!
//! Turns the axes of a table so that the first points along the largest variance, the second along the largest that is
//! left at a right angle, and so on; keeping the first few keeps most of what there is to see. The axes are the right
//! singular vectors of the centred table, equally the eigenvectors of its covariance matrix, and their variances are
//! `s² / (n - 1)`.
//!
//! Two ways lead there. The singular values keep all digits of small variances, because nothing is squared; that is for
//! small tables and for those whose variances differ by many powers of ten. A table with many more rows than columns goes
//! through the eigenvectors of its covariance matrix ([`fit`]), which costs one pass over the rows.
//!
//! Cost: O(n · d²) and O(d³), or O(d² · k) for the first k of many.
//! References: K. Pearson, "On lines and planes of closest fit to systems of points in space", Philosophical Magazine
//! 2(11), 1901; I. T. Jolliffe, *Principal Component Analysis*, 2nd ed., 2002.

use rayon::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::upright;
use crate::{
    algebra::{Svd, dot, svd, transpose},
    eigen::{self, Eigen},
    error::Error,
    kernel::{Real, View, shifted_gram, shifted_matmul, vectorized},
    stats::mean_variance::mean,
    value::{Fraction, Matrix},
};

/// Reduces a table to its principal components: the directions of largest variance. Use it to plot or compress data
/// with many columns, or to see how many dimensions it really has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table, rows are samples; at least two.
    pub X: Matrix,
    /// How many components, or the share of the variance (above 0, below 1) that they have to explain; all when not
    /// given.
    #[serde(default)]
    pub n_components: Option<Components>,
    /// More rows to express in the components found in `X`.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// Whether scores are divided by their standard deviation, so that each has variance 1; no when not given.
    #[serde(default)]
    pub whiten: bool,
}

/// How many components to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Components {
    /// This many.
    Count(usize),
    /// The fewest that explain more than this share of the variance.
    Share(Fraction),
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(from)?;
        if number >= 1.0 && number.fract() == 0.0 {
            // Saturates, and is then more than there are.
            return Ok(Components::Count(number as usize));
        }
        let share = Fraction::new(number).ok().filter(|share| share.get() > 0.0);
        share
            .map(Components::Share)
            .ok_or_else(|| de::Error::custom(format!("`{number}` is neither a count nor a share")))
    }
}

impl JsonSchema for Components {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Components".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
        ]})
    }
}

/// The components and what the rows look like in them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How many components were kept.
    pub n_components: usize,
    /// The mean of each column, taken off before anything else.
    pub mean: Vec<f64>,
    /// The components, one a row, each of length 1; the entry of largest size is positive.
    pub components: Vec<Vec<f64>>,
    /// The variance along each (divided by n - 1).
    pub explained_variance: Vec<f64>,
    /// Its share of the variance of the whole table.
    pub explained_variance_ratio: Vec<f64>,
    /// The singular values of the centred table.
    pub singular_values: Vec<f64>,
    /// The rows of `X` in the new axes.
    pub scores: Vec<Vec<f64>>,
    /// The rows of `X_test` in the new axes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores_test: Option<Vec<Vec<f64>>>,
    /// The mean squared difference between `X` and what the kept components can rebuild of it.
    pub reconstruction_mse: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Reduce [[1,2,3],[2,4,6.1],[3,6,8.9],[4,8,12.2]] to two principal components",
    "run PCA on this table and keep 95% of the variance",
    "how many dimensions does my data really have?",
    "project these rows onto their first principal component",
];

/// The largest smaller side of a table: the time grows with its cube.
const LIMIT: usize = 1024;

/// Finds the components.
///
/// # Errors
/// `invalid_arguments` if there is one row, more components than the smaller side of the table, or `X_test` has another
/// number of columns; `undefined` if all rows are equal; `too_large` if both sides exceed 1024 or numbers overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    check(args, n, d)?;
    let columns = transpose(&args.X.iter().map(<[f64]>::to_vec).collect::<Vec<_>>());
    let means: Vec<f64> = columns.iter().map(|column| mean(column)).collect();
    let centred: Vec<Vec<f64>> =
        columns.iter().zip(&means).map(|(column, mean)| column.iter().map(|x| x - mean).collect()).collect();
    if centred.iter().flatten().all(|x| *x == 0.0) {
        return Err(Error::undefined("/X", "all rows are equal, so there is no variance to explain"));
    }
    let tall = n >= 4 * d && n.saturating_mul(d * d) > WORTHWHILE;
    let (variances, v) = if tall { by_covariance(args.X.as_slice(), &means) } else { None }
        .unwrap_or_else(|| by_singular_values(&centred, n));
    let singular: Vec<f64> = variances.iter().map(|variance| (variance * (n as f64 - 1.0)).sqrt()).collect();
    let total: f64 = variances.iter().sum();
    if !total.is_finite() {
        return Err(Error::too_large("/X", format!("the variance is beyond {:e}, the largest number", f64::MAX))
            .with_hint("scale the columns down"));
    }
    let ratios: Vec<f64> = variances.iter().map(|variance| variance / total).collect();
    let keep = match args.n_components {
        None => ratios.len(),
        Some(Components::Count(count)) => count,
        Some(Components::Share(share)) => fewest(&ratios, share.get()),
    };
    let components: Vec<Vec<f64>> = v.into_iter().take(keep).map(upright).collect();
    let project = |rows: &Matrix| -> Vec<Vec<f64>> {
        rows.iter().map(|row| scores_of(row, &means, &components, args.whiten.then_some(&variances))).collect()
    };
    let lost: f64 = variances[keep..].iter().sum();
    Ok(Output {
        n_components: keep,
        scores: project(&args.X),
        scores_test: args.X_test.as_ref().map(project),
        mean: means,
        components,
        reconstruction_mse: lost * ((n - 1) as f64 / n as f64) / d as f64,
        explained_variance: variances[..keep].to_vec(),
        explained_variance_ratio: ratios[..keep].to_vec(),
        singular_values: singular[..keep].to_vec(),
    })
}

/// From how many multiplications on the covariance matrix is worth it.
const WORTHWHILE: usize = 1 << 22;
/// Smaller variances, in parts of the largest, have too few digits left after squaring.
const SQUARED: f64 = 1e-9;

/// The variances and axes through the covariance matrix, unless it is so ill-conditioned that small ones lose digits.
fn by_covariance(x: &[f64], means: &[f64]) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let (n, d) = (x.len() / means.len(), means.len());
    let scatter = shifted_gram(View::new(x, n, d), means);
    if scatter.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let Eigen { values, vectors } = eigen::symmetric(scatter, d);
    if values[d - 1] < SQUARED * values[0] {
        return None;
    }
    let variances = values.iter().map(|value| value / (n as f64 - 1.0)).collect();
    Some((variances, vectors.chunks(d).map(<[f64]>::to_vec).collect()))
}

fn by_singular_values(centred: &[Vec<f64>], n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let Svd { singular, v, .. } = svd(centred);
    (singular.iter().map(|s| (s / (n as f64 - 1.0).sqrt()).powi(2)).collect(), v)
}

/// Principal components found by [`fit`].
#[derive(Debug, Clone)]
pub struct Model<T> {
    /// The mean of each column.
    pub mean: Vec<T>,
    /// The components, one after the other, each of length 1 and as long as a row.
    pub components: Vec<T>,
    /// The variance along each, divided by n - 1.
    pub variances: Vec<f64>,
    /// The variance of the whole table.
    pub total_variance: f64,
}

/// Finds the first `k` components of a table with `columns` numbers a row, through its covariance matrix: for many more
/// rows than columns, and variances of interest that are not below about 1e-4 (`f32`) or 1e-12 (`f64`) of the largest.
/// Works on rayon's current threads, whose number changes nothing.
///
/// ```
/// use roundtable_tools::reduce::pca;
///
/// let model = pca::fit(&[0.0, 0.0, 2.0, 2.0, 4.0, 4.0_f32], 2, 1);
/// assert!((model.variances[0] - 8.0).abs() < 1e-5);
/// assert!((model.scores(&[3.0, 3.0])[0] - 2.0_f32.sqrt()).abs() < 1e-6);
/// ```
///
/// # Panics
/// When there are fewer than two rows or not a whole number of them, or `k` exceeds `columns`.
pub fn fit<T: Real>(x: &[T], columns: usize, k: usize) -> Model<T> {
    let (n, d) = (x.len() / columns, columns);
    assert!(x.len().is_multiple_of(d) && n > 1 && k <= d, "at least two rows of {d} numbers, at most {d} components");
    let mean = means(x, d);
    let scale = 1.0 / (n as f64 - 1.0);
    let scatter = shifted_gram(View::new(x, n, d), &mean);
    let covariance: Vec<f64> = scatter.iter().map(|x| x.to_f64() * scale).collect();
    let Eigen { values, vectors } = eigen::largest(&covariance, d, k);
    let components = vectors.chunks(d).flat_map(|axis| upright(axis.to_vec())).map(T::from_f64).collect();
    let total_variance = covariance.iter().step_by(d + 1).sum();
    Model { mean, components, variances: values, total_variance }
}

impl<T: Real> Model<T> {
    /// The rows of a table in the new axes, row after row.
    ///
    /// # Panics
    /// When `x` is not a whole number of rows.
    pub fn scores(&self, x: &[T]) -> Vec<T> {
        let d = self.mean.len();
        assert!(x.len().is_multiple_of(d), "rows of {d} numbers");
        let (n, k) = (x.len() / d, self.components.len() / d);
        let mut scores = vec![T::ZERO; n * k];
        shifted_matmul(View::new(x, n, d), &self.mean, View::new(&self.components, k, d).t(), &mut scores);
        scores
    }
}

/// The mean of each column: sums of 64 rows in the type of the numbers, and of those in double precision.
fn means<T: Real>(x: &[T], d: usize) -> Vec<T> {
    const ROWS: usize = 64;
    let parts: Vec<Vec<f64>> = x
        .par_chunks(ROWS * ROWS * d)
        .map(|part| {
            let mut sums = vec![0.0; d];
            let mut few = vec![T::ZERO; d];
            for rows in part.chunks(ROWS * d) {
                vectorized(
                    #[inline(always)]
                    || {
                        few.fill(T::ZERO);
                        for row in rows.chunks_exact(d) {
                            few.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x);
                        }
                    },
                );
                sums.iter_mut().zip(&few).for_each(|(sum, few)| *sum += few.to_f64());
            }
            sums
        })
        .collect();
    let n = (x.len() / d) as f64;
    (0..d).map(|j| T::from_f64(parts.iter().map(|part| part[j]).sum::<f64>() / n)).collect()
}

fn check(args: &Args, n: usize, d: usize) -> Result<(), Error> {
    if n < 2 {
        return Err(Error::invalid("/X", "one row has no variance").with_hint("give at least two rows"));
    }
    let most = n.min(d);
    if most > LIMIT {
        return Err(Error::too_large("/X", format!("`X` is {n} by {d}, and the smaller side is limited to {LIMIT}"))
            .with_hint("take a sample of the rows or fewer columns"));
    }
    if let Some(Components::Count(count)) = args.n_components
        && (count == 0 || count > most)
    {
        let message = format!("`n_components` is {count}, but {n} rows and {d} columns have from 1 to {most}");
        return Err(Error::invalid("/n_components", message));
    }
    if let Some(test) = &args.X_test
        && test.columns() != d
    {
        return Err(Error::invalid("/X_test", format!("`X_test` has {} columns, but `X` has {d}", test.columns())));
    }
    Ok(())
}

/// The fewest components whose shares add up to more than `share`.
fn fewest(ratios: &[f64], share: f64) -> usize {
    let mut sum = 0.0;
    let enough = ratios.iter().position(|ratio| {
        sum += ratio;
        sum > share
    });
    enough.map_or(ratios.len(), |i| i + 1)
}

fn scores_of(row: &[f64], mean: &[f64], components: &[Vec<f64>], whiten: Option<&Vec<f64>>) -> Vec<f64> {
    let centred: Vec<f64> = row.iter().zip(mean).map(|(x, mean)| x - mean).collect();
    let scores = components.iter().map(|component| dot(&centred, component));
    match whiten {
        None => scores.collect(),
        Some(variances) => {
            // An axis without variance but for rounding has nothing to whiten.
            let floor = variances[0] * f64::EPSILON.powi(2);
            scores
                .zip(variances)
                .map(|(s, variance)| if *variance > floor { s / variance.sqrt() } else { 0.0 })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, random::Random, value::Seed};
    use proptest::prelude::*;

    fn args(rows: Vec<Vec<f64>>) -> Args {
        Args { X: Matrix::from_rows(rows).unwrap(), n_components: None, X_test: None, whiten: false }
    }

    #[test]
    fn by_hand() {
        // Points on the line y = x: one component along (1, 1)/√2 explains everything.
        let out = run(&args(vec![vec![0.0, 0.0], vec![1.0, 1.0], vec![2.0, 2.0]])).unwrap();
        let half = 0.5_f64.sqrt();
        assert!(out.components[0].iter().all(|x| (x - half).abs() < 1e-15));
        assert!((out.explained_variance[0] - 2.0).abs() < 1e-14); // variances 1 and 1 add up along the line
        assert!(out.explained_variance[1] < 1e-30);
        assert!((out.scores[2][0] - 2.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_share_counts_the_components() {
        let rows = vec![vec![3.0, 0.0], vec![-3.0, 0.0], vec![0.0, 1.0], vec![0.0, -1.0]]; // variances 6 and 2/3
        let mut args = args(rows);
        for (share, expected) in [(0.85, 1), (0.95, 2)] {
            args.n_components = Some(Components::Share(Fraction::new(share).unwrap()));
            assert_eq!(run(&args).unwrap().n_components, expected);
        }
        args.n_components = Some(Components::Count(1));
        assert!((run(&args).unwrap().reconstruction_mse - 0.25).abs() < 1e-15); // lost: 1 + 1 of 8 entries
    }

    #[test]
    fn refuses_what_has_no_components() {
        assert_eq!(run(&args(vec![vec![1.0, 2.0]])).unwrap_err().path, "/X");
        assert_eq!(run(&args(vec![vec![1.0, 2.0]; 3])).unwrap_err().kind, ErrorKind::Undefined);
        assert_eq!(run(&args(vec![vec![1e200], vec![-1e200]])).unwrap_err().kind, ErrorKind::TooLarge);
        let mut many = args(vec![vec![1.0], vec![2.0]]);
        many.n_components = Some(Components::Count(2));
        assert_eq!(run(&many).unwrap_err().path, "/n_components");
    }

    /// Rows with axes of different variance, turned and moved.
    fn table(n: usize, d: usize, spread: f64) -> Vec<Vec<f64>> {
        let mut random = Random::new(Seed::from(4));
        let turn: Vec<f64> = (0..d * d).map(|_| random.normal()).collect();
        let row = |random: &mut Random| -> Vec<f64> {
            let own: Vec<f64> = (0..d).map(|i| random.normal() * spread.powi(i as i32)).collect();
            (0..d).map(|j| 10.0 + (0..d).map(|i| own[i] * turn[i * d + j]).sum::<f64>()).collect()
        };
        (0..n).map(|_| row(&mut random)).collect()
    }

    #[test]
    fn both_ways_agree() {
        let (n, d) = (400, 12);
        let rows = table(n, d, 0.8);
        let columns = transpose(&rows);
        let means: Vec<f64> = columns.iter().map(|column| mean(column)).collect();
        let centred: Vec<Vec<f64>> =
            columns.iter().zip(&means).map(|(column, mean)| column.iter().map(|x| x - mean).collect()).collect();
        let (variances, axes) = by_singular_values(&centred, n);
        let (squared, turned) = by_covariance(&rows.concat(), &means).unwrap();
        let model = fit(&rows.concat(), d, 3);
        let single: Vec<f32> = rows.concat().iter().map(|x| *x as f32).collect();
        let single = fit(&single, d, 3);
        for i in 0..d {
            assert!((variances[i] / squared[i] - 1.0).abs() < 1e-9);
            assert!((dot(&axes[i], &turned[i]).abs() - 1.0).abs() < 1e-9);
            if i < 3 {
                assert!((model.variances[i] / variances[i] - 1.0).abs() < 1e-12);
                assert!((dot(&axes[i], &model.components[i * d..(i + 1) * d]).abs() - 1.0).abs() < 1e-12);
                assert!((single.variances[i] / variances[i] - 1.0).abs() < 1e-5);
            }
        }
        assert!((model.total_variance / variances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // What squaring would spoil goes the other way.
        let flat: Vec<Vec<f64>> = centred.iter().map(|_| centred[0].clone()).collect();
        assert!(by_covariance(&transpose(&flat).concat(), &vec![0.0; d]).is_none());
    }

    #[test]
    fn what_is_lost_is_the_discarded_variance() {
        let rows = table(3000, 40, 0.9);
        let mut args = args(rows.clone());
        args.n_components = Some(Components::Count(5));
        let out = run(&args).unwrap();
        let mut lost = 0.0;
        for (row, scores) in rows.iter().zip(&out.scores) {
            for (j, x) in row.iter().enumerate() {
                let rebuilt = scores.iter().zip(&out.components).map(|(s, c)| s * c[j]).sum::<f64>() + out.mean[j];
                lost += (x - rebuilt).powi(2);
            }
        }
        assert!((out.reconstruction_mse / (lost / (3000.0 * 40.0)) - 1.0).abs() < 1e-9);
        let model = fit(&rows.concat(), 40, 5);
        let kept: f64 = model.variances.iter().sum();
        assert!(((model.total_variance - kept) * 2999.0 / lost - 1.0).abs() < 1e-9);
        for (scores, got) in out.scores.iter().zip(model.scores(&rows.concat()).chunks(5)) {
            assert!(scores.iter().zip(got).all(|(a, b)| (a - b).abs() < 1e-8));
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let x: Vec<f32> = table(6000, 20, 0.9).concat().iter().map(|x| *x as f32).collect();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&x, 20, 4))
        };
        let (one, two) = (with(1), with(2));
        assert_eq!((one.mean, one.components, one.variances), (two.mean, two.components, two.variances));
    }

    proptest! {
        #[test]
        fn turning_loses_nothing(rows in prop::collection::vec(prop::collection::vec(-9.0..9.0, 4), 2..12)) {
            let out = run(&args(rows.clone())).unwrap();
            let rebuilt = |i: usize, j: usize| -> f64 {
                out.mean[j] + out.scores[i].iter().zip(&out.components).map(|(s, c)| s * c[j]).sum::<f64>()
            };
            for (i, row) in rows.iter().enumerate() {
                for (j, x) in row.iter().enumerate() {
                    prop_assert!((rebuilt(i, j) - x).abs() < 1e-10);
                }
            }
            prop_assert!((out.explained_variance_ratio.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
