//! Making data ready: missing values, scales, categories, splits, and what leaks between them.

pub mod impute_knn;
pub mod impute_missing;
pub mod k_fold;
pub mod leakage_check;
pub mod leakage_demo;
pub mod minmax_scale;
pub mod normalize;
pub mod one_hot_encode;
pub mod robust_scale;
pub mod standardize;
pub mod train_val_test_split;

use crate::{
    error::Error,
    tool::{Tool, ToolBuilder},
    value::Matrix,
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("impute_missing", impute_missing::run).examples(impute_missing::EXAMPLES),
        Tool::pure("impute_knn", impute_knn::run).examples(impute_knn::EXAMPLES),
        Tool::pure("normalize", normalize::run).examples(normalize::EXAMPLES),
        Tool::pure("minmax_scale", minmax_scale::run).examples(minmax_scale::EXAMPLES),
        Tool::pure("standardize", standardize::run).examples(standardize::EXAMPLES),
        Tool::pure("robust_scale", robust_scale::run).examples(robust_scale::EXAMPLES),
        Tool::pure("one_hot_encode", one_hot_encode::run).examples(one_hot_encode::EXAMPLES),
        Tool::pure("train_val_test_split", train_val_test_split::run).examples(train_val_test_split::EXAMPLES),
        Tool::pure("k_fold", k_fold::run).examples(k_fold::EXAMPLES),
        Tool::pure("leakage_check", leakage_check::run).examples(leakage_check::EXAMPLES),
        Tool::pure("leakage_demo", leakage_demo::run).examples(leakage_demo::EXAMPLES),
    ]
}

/// New rows have the columns of those learnt from.
fn check_columns(x: &Matrix, test: Option<&Matrix>) -> Result<(), Error> {
    check_width(x.columns(), test.map(Matrix::columns))
}

fn check_width(columns: usize, test: Option<usize>) -> Result<(), Error> {
    match test.filter(|width| *width != columns) {
        Some(width) => Err(Error::invalid("/X_test", format!("`X_test` has {width} columns, but `X` has {columns}"))
            .with_hint("give new rows with the columns of `X`")),
        None => Ok(()),
    }
}

/// One column of a table.
fn column(x: &Matrix, j: usize) -> Vec<f64> {
    x.iter().map(|row| row[j]).collect()
}

/// What moves and stretches columns.
struct Rescaling {
    zero: Vec<f64>,
    unit: Vec<f64>,
}

impl Rescaling {
    /// Where each column's 0 goes and what becomes 1 there; a unit of 0 is taken for 1.
    fn new(zero: Vec<f64>, unit: Vec<f64>) -> Self {
        let unit = unit.into_iter().map(|unit| if unit == 0.0 { 1.0 } else { unit }).collect();
        Rescaling { zero, unit }
    }

    /// The rows on the new scale.
    fn apply(&self, x: &Matrix, path: &str) -> Result<Vec<Vec<f64>>, Error> {
        let value = |((x, zero), unit): ((&f64, &f64), &f64)| (x - zero) / unit;
        let rows: Vec<Vec<f64>> =
            x.iter().map(|row| row.iter().zip(&self.zero).zip(&self.unit).map(value).collect()).collect();
        if rows.iter().flatten().any(|x| !x.is_finite()) {
            return Err(Error::too_large(path, format!("a scaled value is beyond {:e}, the largest number", f64::MAX)));
        }
        Ok(rows)
    }
}

/// The numbers from 0 to `n`, in random order if asked for.
pub(crate) fn order(n: usize, shuffle: Option<&mut crate::random::Random>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    if let Some(random) = shuffle {
        random.shuffle(&mut order);
    }
    order
}

/// The most rows of a split.
const ROWS: usize = 1_000_000;

/// There is a label or a group for each row, and there are not too many rows.
fn check_rows(n: usize, lists: [(&str, Option<&Vec<usize>>); 2]) -> Result<(), Error> {
    if n > ROWS {
        return Err(Error::too_large("/n", format!("`n` is {n}, the limit is {ROWS}")));
    }
    for (name, list) in lists {
        if let Some(length) = list.map(Vec::len).filter(|length| *length != n) {
            return Err(Error::invalid(format!("/{name}"), format!("`{name}` has {length} values, but `n` is {n}"))
                .with_hint("give one value a row"));
        }
    }
    Ok(())
}

/// The different labels, each with its rows in the order given, in the order in which the labels first appear there.
pub(crate) fn by_label(labels: &[usize], order: &[usize]) -> Vec<Vec<usize>> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &row in order {
        let place = *places.entry(labels[row]).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(row);
    }
    groups
}
