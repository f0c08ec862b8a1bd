//! # Picture: normalising against standardising
//!
//! Both words are used for "scaling", and do different things. Standardising works along columns: each is moved to mean 0
//! and stretched to deviation 1, so the cloud of points keeps its shape up to two stretches. Min-max scaling does the
//! same with the smallest and largest value, where one outlier decides. Normalising works along rows: each point is
//! moved along its ray to distance 1 from the origin, so that all end on a circle and only directions are left. The
//! picture shows two columns as they are and after each of the three.
//!
//! Cost: O(n).
//! Reference: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd ed., 2009, §14.3.3.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::{self, Panel, Scatter};
use crate::{
    error::Error,
    prepare::{
        minmax_scale,
        normalize::{self, Norm},
        standardize,
    },
    value::Matrix,
};

/// Draws two columns as they are, normalised, min-max scaled and standardised, side by side. Use it to show or to see
/// what each way of scaling does to your data.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table: one row a point, at least two columns, up to 5000 rows.
    pub X: Matrix,
    /// Which column goes across, counted from 0; the first when not given.
    #[serde(default)]
    pub column_x: usize,
    /// Which column goes up, counted from 0; the second when not given.
    #[serde(default = "second")]
    pub column_y: usize,
    /// The group of each row, such as its class: labels, colours.
    #[serde(default)]
    pub labels: Option<Vec<usize>>,
}

fn second() -> usize {
    1
}

/// The picture and its numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// The two columns with every row at length 1.
    pub normalized: Vec<Vec<f64>>,
    /// The two columns from 0 to 1.
    pub minmax: Vec<Vec<f64>>,
    /// The two columns with mean 0 and deviation 1.
    pub standardized: Vec<Vec<f64>>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Show the difference between normalising and standardising on [[1, 200], [2, 300], [3, 250], [10, 900]]",
    "plot my two features before and after scaling",
    "picture: normalize versus standardize",
    "what does an outlier do to min-max scaling? draw it for [[1, 1], [2, 1.5], [3, 2], [100, 3]]",
];

/// The most rows, and the most groups.
const LIMITS: (usize, usize) = (5000, 20);

/// Draws the picture.
///
/// # Errors
/// `invalid_arguments` if a column does not exist or the labels do not fit, `too_large` above 5000 rows or 20 groups, or
/// if squares overflow.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (rows, columns) = (args.X.rows(), args.X.columns());
    for (name, column) in [("column_x", args.column_x), ("column_y", args.column_y)] {
        if column >= columns {
            let message = format!("`{name}` is {column}, but there are {columns} columns");
            return Err(Error::invalid(format!("/{name}"), message).with_hint("columns are counted from 0"));
        }
    }
    if rows > LIMITS.0 {
        return Err(Error::too_large("/X", format!("there are {rows} rows, the limit is {}", LIMITS.0)));
    }
    let (group, names) = groups(args)?;
    let chosen = args.X.iter().map(|row| vec![row[args.column_x], row[args.column_y]]).collect();
    let raw = Matrix::from_rows(chosen)?;
    let normalized: Vec<Vec<f64>> = raw.iter().map(|row| normalize::unit(row, Norm::L2).0).collect();
    let minmax = minmax_scale::run(&minmax_scale::Args { X: raw.clone(), X_test: None })?.X;
    let standardized = standardize::run(&standardize::Args { X: raw.clone(), X_test: None })?.X;
    let tables: [(&str, &[Vec<f64>]); 4] = [
        ("as they are", &raw.iter().map(<[f64]>::to_vec).collect::<Vec<_>>()),
        ("normalised: each row to length 1", &normalized),
        ("min-max: each column from 0 to 1", &minmax),
        ("standardised: mean 0, deviation 1", &standardized),
    ];
    let points: Vec<Vec<(f64, f64)>> =
        tables.iter().map(|(_, table)| table.iter().map(|row| (row[0], row[1])).collect()).collect();
    let (x, y) = (format!("column {}", args.column_x), format!("column {}", args.column_y));
    let panel = |((title, _), points): (&(&'static str, _), _)| {
        let scatter = Some(Scatter { points, group: &group, names: &names });
        Panel { title, x: &x, y: &y, scatter, ..Panel::default() }
    };
    let panels: Vec<Panel<'_>> = tables.iter().zip(points.iter().map(Vec::as_slice)).map(panel).collect();
    let svg = chart::panels("Normalising against standardising", &panels)?;
    Ok(Output { svg, normalized, minmax, standardized })
}

/// The place of each row's label among the different ones, and their names.
fn groups(args: &Args) -> Result<(Vec<usize>, Vec<String>), Error> {
    let Some(labels) = &args.labels else { return Ok((Vec::new(), Vec::new())) };
    if labels.len() != args.X.rows() {
        let message = format!("there are {} labels for {} rows", labels.len(), args.X.rows());
        return Err(Error::invalid("/labels", message).with_hint("give one label a row"));
    }
    let mut different = labels.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() > LIMITS.1 {
        let message = format!("there are {} groups, the limit is {}", different.len(), LIMITS.1);
        return Err(Error::too_large("/labels", message));
    }
    let group = labels.iter().map(|label| different.partition_point(|other| other < label)).collect();
    Ok((group, different.iter().map(|label| format!("label {label}")).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(rows: Vec<Vec<f64>>, labels: Option<Vec<usize>>) -> Result<Output, Error> {
        run(&Args { X: Matrix::from_rows(rows)?, column_x: 0, column_y: 1, labels })
    }

    #[test]
    fn by_hand() {
        let out = of(vec![vec![3.0, 4.0], vec![9.0, 0.0]], Some(vec![5, 7])).unwrap();
        assert!((out.normalized[0][0] - 0.6).abs() < 1e-15);
        assert_eq!((out.minmax, out.standardized[0].clone()), (vec![vec![0.0, 1.0], vec![1.0, 0.0]], vec![-1.0, 1.0]));
        for words in ["as they are", "length 1", "from 0 to 1", "deviation 1", "label 7", "column 1"] {
            assert!(out.svg.contains(words), "{words}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        assert_eq!(of(vec![vec![1.0]], None).unwrap_err().path, "/column_y");
        assert_eq!(of(vec![vec![1.0, 2.0]], Some(vec![])).unwrap_err().path, "/labels");
        assert_eq!(of(vec![vec![1.0, 2.0]; 5001], None).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn all_end_on_the_circle(rows in prop::collection::vec((-9.0..9.0, 0.1..9.0), 1..20)) {
            let out = of(rows.iter().map(|(x, y)| vec![*x, *y]).collect(), None).unwrap();
            prop_assert!(out.normalized.iter().all(|row| (row[0].hypot(row[1]) - 1.0).abs() < 1e-14));
        }
    }
}
