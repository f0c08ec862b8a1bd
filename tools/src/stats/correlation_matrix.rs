//! # Correlation matrix
//!
//! A correlation says from -1 to 1 how far two columns go together, without units. Pearson's measures a straight line:
//! the covariance divided by both standard deviations. Spearman's is Pearson's of the ranks, so any rising curve gives
//! 1 and an outlier counts no more than its rank. Kendall's τ counts pairs of rows: those that both columns put in the
//! same order less those that they put in opposite orders, over all pairs; the version here (τ-b) leaves out ties.
//!
//! Cost: O(n d²) for n rows of d columns after sorting each; O(n log n d²) for Kendall, which counts the exchanges of a
//! merge sort instead of visiting all n² pairs.
//! References: C. Spearman, "The proof and measurement of association between two things", American Journal of
//! Psychology 15(1), 1904; M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33(3), 1945;
//! W. R. Knight, "A computer method for calculating Kendall's tau with ungrouped data", JASA 61(314), 1966.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    covariance_matrix::{check_size, products},
    ranks, standard,
};
use crate::{error::Error, plot::chart, value::Matrix};

/// Computes the correlation of every pair of columns of a table, from -1 to 1. Use it to see which columns go together,
/// whatever their units.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table: one row a sample, one column a variable, up to 1000 columns (for Kendall up to ten million pairs of
    /// columns times rows).
    pub X: Matrix,
    /// Which correlation: `pearson` for straight lines (the default), `spearman` of ranks, `kendall` of pairs.
    #[serde(default)]
    pub method: Method,
    /// Whether to draw it too: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
}

/// A measure of correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// How close the points lie to a straight line.
    #[default]
    Pearson,
    /// How close they lie to any rising or falling curve.
    Spearman,
    /// How many pairs of rows are in the same order in both columns.
    Kendall,
}

/// The correlations.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// One row and one column for each column of `X`; null where a column is the same in all rows.
    pub matrix: Vec<Vec<Option<f64>>>,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Correlation matrix of [[1, 2, 9], [2, 4.5, 7], [3, 5, 8], [4, 9, 1]]",
    "Spearman rank correlation of the columns of this table",
    "which of my columns are correlated? draw a heat map",
    "Kendall's tau between the two columns [[1, 3], [2, 1], [3, 4], [4, 5]]",
    "are height and weight correlated: [[170, 65], [180, 80], [165, 58], [175, 75]]",
];

/// The most rows times pairs of columns for Kendall's τ.
const PAIRS: usize = 10_000_000;

/// Computes the correlations.
///
/// # Errors
/// `too_large` above 1000 columns, or above ten million rows times pairs of columns for Kendall's τ; `undefined` where
/// there is no correlation to draw.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_size(&args.X)?;
    let columns: Vec<Vec<f64>> = (0..args.X.columns()).map(|j| args.X.iter().map(|row| row[j]).collect()).collect();
    let matrix = match args.method {
        Method::Pearson => linear(&columns),
        Method::Spearman => linear(&columns.iter().map(|column| ranks(column)).collect::<Vec<_>>()),
        Method::Kendall => kendall_matrix(&columns)?,
    };
    let svg = if args.picture { Some(picture(args.method, &matrix)?) } else { None };
    Ok(Output { matrix, svg })
}

/// Pearson's correlation of every pair of columns.
fn linear(columns: &[Vec<f64>]) -> Vec<Vec<Option<f64>>> {
    let units: Vec<Option<Vec<f64>>> = columns.iter().map(|column| standard(column)).collect();
    // A constant column takes part as zeros and is left out after.
    let zeros = vec![0.0; columns[0].len()];
    let products =
        products(&units.iter().map(|unit| unit.clone().unwrap_or_else(|| zeros.clone())).collect::<Vec<_>>());
    let correlation = |i: usize, j: usize| {
        (units[i].is_some() && units[j].is_some()).then(|| if i == j { 1.0 } else { products[i][j].clamp(-1.0, 1.0) })
    };
    (0..units.len()).map(|i| (0..units.len()).map(|j| correlation(i, j)).collect()).collect()
}

fn kendall_matrix(columns: &[Vec<f64>]) -> Result<Vec<Vec<Option<f64>>>, Error> {
    let (d, n) = (columns.len(), columns[0].len());
    let pairs = d * (d + 1) / 2;
    if pairs.saturating_mul(n) > PAIRS {
        let message = format!("{pairs} pairs of columns times {n} rows are more than the limit of {PAIRS}");
        return Err(Error::too_large("/X", message).with_hint("use `spearman`, or fewer rows"));
    }
    let mut matrix = vec![vec![None; d]; d];
    for i in 0..d {
        for j in 0..=i {
            let tau = kendall(&columns[i], &columns[j]);
            (matrix[i][j], matrix[j][i]) = (tau, tau);
        }
    }
    Ok(matrix)
}

/// Kendall's τ-b of two lists of the same length; none if one of them is constant.
pub(crate) fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let mut rows: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    rows.sort_by(|x, y| order(x.0, y.0).then(order(x.1, y.1)));
    let tied_a = ties(&rows, |x, y| x.0 == y.0);
    let tied_both = ties(&rows, |x, y| x == y);
    // Sorted by `a`, each exchange that sorts `b` undoes one pair in opposite orders.
    let mut by_b: Vec<f64> = rows.iter().map(|row| row.1).collect();
    let mut spare = by_b.clone();
    let opposite = exchanges(&mut by_b, &mut spare);
    let tied_b = ties(&by_b, |x, y| x == y);
    let all = a.len() as u64 * (a.len() as u64).saturating_sub(1) / 2;
    let same = (all + tied_both - tied_a - tied_b) as f64 - opposite as f64;
    let size = ((all - tied_a) as f64 * (all - tied_b) as f64).sqrt();
    (size > 0.0).then(|| ((same - opposite as f64) / size).clamp(-1.0, 1.0))
}

/// As `total_cmp`, but the two zeros are one number.
fn order(x: f64, y: f64) -> std::cmp::Ordering {
    (x + 0.0).total_cmp(&(y + 0.0))
}

/// How many pairs are equal, in a sorted list.
fn ties<T>(sorted: &[T], equal: impl FnMut(&T, &T) -> bool) -> u64 {
    sorted.chunk_by(equal).map(|group| group.len() as u64 * (group.len() as u64 - 1) / 2).sum()
}

/// Sorts by merging; gives the number of pairs that stood in the wrong order.
fn exchanges(list: &mut [f64], spare: &mut [f64]) -> u64 {
    let n = list.len();
    if n < 2 {
        return 0;
    }
    let middle = n / 2;
    let mut count = exchanges(&mut list[..middle], &mut spare[..middle]);
    count += exchanges(&mut list[middle..], &mut spare[middle..]);
    let (mut i, mut j) = (0, middle);
    for slot in spare.iter_mut() {
        // Of equal numbers the left one goes first: they are in no order.
        if j == n || (i < middle && list[i] <= list[j]) {
            *slot = list[i];
            i += 1;
        } else {
            *slot = list[j];
            j += 1;
            count += (middle - i) as u64;
        }
    }
    list.copy_from_slice(spare);
    count
}

fn picture(method: Method, matrix: &[Vec<Option<f64>>]) -> Result<String, Error> {
    let title = match method {
        Method::Pearson => "Pearson's correlation of the columns",
        Method::Spearman => "Spearman's rank correlation of the columns",
        Method::Kendall => "Kendall's τ of the columns",
    };
    let rows: Vec<Vec<f64>> = matrix.iter().map(|row| row.iter().map(|r| r.unwrap_or(f64::NAN)).collect()).collect();
    if rows.iter().flatten().all(|r| r.is_nan()) {
        return Err(Error::undefined("/X", "every column is the same in all rows: there is no correlation to draw"));
    }
    chart::heat_map(title, "column", "column", &rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &[[f64; 2]], method: Method) -> Option<f64> {
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        run(&Args { X: Matrix::from_rows(rows).unwrap(), method, picture: false }).unwrap().matrix[0][1]
    }

    #[test]
    fn by_hand() {
        let straight = [[1.0, 10.0], [2.0, 8.0], [3.0, 6.0]];
        assert!((of(&straight, Method::Pearson).unwrap() + 1.0).abs() < 1e-15);
        // A rising curve: ranks and pairs agree wholly, the straight line does not.
        let curve = [[1.0, 1.0], [2.0, 10.0], [3.0, 1000.0]];
        assert_eq!(of(&curve, Method::Kendall), Some(1.0));
        assert!((of(&curve, Method::Spearman).unwrap() - 1.0).abs() < 1e-15);
        assert!(of(&curve, Method::Pearson).unwrap() < 0.9);
        // Of three pairs two are in the same order, one in the opposite: (2 - 1) / 3.
        assert_eq!(of(&[[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]], Method::Kendall), Some(1.0 / 3.0));
    }

    #[test]
    fn agrees_with_scipy() {
        // Oracle: scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), from its documentation.
        let tau = kendall(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]).unwrap();
        assert!((tau + 0.47140452079103173).abs() < 1e-15, "{tau}");
    }

    #[test]
    fn any_size_of_number() {
        for size in [1e-300, 1e300] {
            let r = of(&[[size, 1.0], [-size, 2.0], [0.0, 1.5]], Method::Pearson).unwrap();
            assert!((r + 1.0).abs() < 1e-15, "{r}");
        }
    }

    #[test]
    fn what_is_constant_correlates_with_nothing() {
        for method in [Method::Pearson, Method::Spearman, Method::Kendall] {
            assert_eq!(of(&[[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]], method), None);
        }
        let x = [[1.0, 2.0], [1.0, 3.0]].try_into().unwrap();
        let svg = run(&Args { X: x, method: Method::Pearson, picture: true }).unwrap().svg.unwrap();
        assert!(svg.contains("Pearson") && !svg.contains("NaN"));
    }

    proptest! {
        #[test]
        fn counting_exchanges_is_counting_pairs(rows in prop::collection::vec((0_u8..5, 0_u8..5), 2..30)) {
            let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            let (mut score, mut of_a, mut of_b) = (0.0, 0.0, 0.0_f64);
            for i in 0..a.len() {
                for j in 0..i {
                    let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
                    let (x, y) = (sign(a[i] - a[j]), sign(b[i] - b[j]));
                    (score, of_a, of_b) = (score + x * y, of_a + x * x, of_b + y * y);
                }
            }
            let size: f64 = (of_a * of_b).sqrt();
            match kendall(&a, &b) {
                Some(tau) => prop_assert!((tau - score / size).abs() < 1e-12),
                None => prop_assert!(size == 0.0),
            }
        }
    }
}
