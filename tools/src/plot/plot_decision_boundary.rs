//! # Decision boundary
//!
//! Where a classifier changes its mind: it predicts every cell of a grid over the plane of two columns, the cells are
//! shaded by class, and the points it learned from lie on top. A point in a region of another colour is one that it gets
//! wrong.
//!
//! Cost: one fit, and a prediction for each cell.
//! Reference: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, §2.3, whose pictures these
//! are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::style::{self, AxisLine, Entry, axes_along, color, picture, shape, ticks};
use crate::{
    error::Error,
    evaluate::model::{Classifier, Model},
    value::{Matrix, Seed},
};

/// Draws where a classifier decides for which class, over the plane of two columns, with the points on top. Use it to see
/// the decision boundary of a model, and what it gets wrong.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points: exactly two columns, one point a row.
    pub X: Matrix,
    /// The class of each point: labels, whole numbers from 0; at most 14 different ones.
    #[schemars(length(min = 1))]
    pub y: Vec<usize>,
    /// The classifier: model, estimator; logistic regression when not given.
    #[serde(default = "logistic")]
    pub model: Model,
    /// How many cells the grid has each way: resolution; from 10 to 300, 120 when not given.
    #[serde(default = "cells")]
    #[schemars(range(min = 10, max = 300))]
    pub resolution: usize,
    /// The names of the two columns, for the axes.
    #[serde(default)]
    pub names: Option<[String; 2]>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn logistic() -> Model {
    Model::Logistic { c: 1.0, penalty: Default::default() }
}

fn cells() -> usize {
    120
}

/// The picture and its numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture: regions shaded by class, points on top.
    pub svg: String,
    /// The share of the points that lie in a region of their class.
    pub accuracy: f64,
    /// The labels, in order.
    pub classes: Vec<usize>,
    /// The share of the picture that each class has.
    pub region_shares: Vec<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "plot the decision boundary of logistic regression for [[1,1],[2,1],[6,5],[7,7]] with labels [0, 0, 1, 1]",
    "show where knn with k = 3 decides for which class",
    "draw the regions of this classifier over the two features",
    "what does the boundary between these classes look like?",
];

/// The most classes: as many marks and colours as can be told apart.
const CLASSES: usize = 14;
/// Cells times rows that the nearest neighbours look at: some seconds.
const WORK: usize = 200_000_000;

/// Fits the classifier and draws.
///
/// # Errors
/// `invalid_arguments` if `X` has not two columns, `y` does not match it, or the model predicts no classes; `too_large`
/// beyond 14 classes or a grid for too many points; and the errors of the model.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let classifier = args.model.fit_classes(args.X.as_slice(), 2, &args.y, args.seed)?;
    let said = classifier.predict(args.X.as_slice());
    let right = said.iter().zip(&args.y).filter(|(said, label)| said == label).count();
    let grid = Grid::new(args, &classifier)?;
    let share = |class: usize| {
        let cells = grid.classes.iter().flatten().filter(|cell| **cell == class).count();
        cells as f64 / (args.resolution * args.resolution) as f64
    };
    Ok(Output {
        svg: draw(args, &grid, &classifier)?,
        accuracy: right as f64 / args.y.len() as f64,
        region_shares: (0..classifier.classes.len()).map(share).collect(),
        classes: classifier.classes,
    })
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    if d != 2 {
        return Err(Error::invalid("/X", format!("`X` has {d} columns, but a plane has two"))
            .with_hint("choose two columns, or reduce the table to two first"));
    }
    if args.y.len() != n {
        return Err(Error::invalid("/y", format!("`y` has {} labels, but `X` has {n} rows", args.y.len())));
    }
    if !(10..=300).contains(&args.resolution) {
        let message = format!("`resolution` is {}, but must be from 10 to 300", args.resolution);
        return Err(Error::invalid("/resolution", message));
    }
    let mut classes = args.y.clone();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() > CLASSES {
        return Err(Error::too_large("/y", format!("`y` has {} classes, the limit is {CLASSES}", classes.len())));
    }
    let work = n.saturating_mul(args.resolution * args.resolution);
    if matches!(args.model, Model::Knn { .. }) && work > WORK {
        return Err(Error::too_large(
            "/X",
            format!("{n} points are too many for a grid of {0} by {0}", args.resolution),
        )
        .with_hint("use fewer points or a smaller `resolution`"));
    }
    Ok(())
}

/// The cells of the plane, row after row from below, and the class of each by its place among the classes.
struct Grid {
    x: AxisLine,
    y: AxisLine,
    classes: Vec<Vec<usize>>,
}

impl Grid {
    fn new(args: &Args, classifier: &Classifier) -> Result<Self, Error> {
        let names = args.names.clone().unwrap_or_else(|| ["column 0".into(), "column 1".into()]);
        let [x_name, y_name] = names;
        let (x, y) = (axis(&args.X, 0, x_name)?, axis(&args.X, 1, y_name)?);
        let middle =
            |axis: &AxisLine, i: usize| axis.from + (axis.to - axis.from) * (i as f64 + 0.5) / args.resolution as f64;
        let row = |i: usize| {
            let cells: Vec<f64> = (0..args.resolution).flat_map(|j| [middle(&x, j), middle(&y, i)]).collect();
            let labels = classifier.predict(&cells);
            labels.iter().map(|label| classifier.classes.partition_point(|class| class < label)).collect()
        };
        let classes = (0..args.resolution).map(row).collect();
        Ok(Grid { x, y, classes })
    }
}

/// From the least number of a column to the most, with some room around.
fn axis(x: &Matrix, column: usize, name: String) -> Result<AxisLine, Error> {
    let (least, most) = x
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), row| (least.min(row[column]), most.max(row[column])));
    let size = least.abs().max(most.abs());
    if size > 1e100 {
        return Err(Error::too_large("/X", format!("column {column} holds {size:e}, the limit of a picture is 1e100")));
    }
    // Points that are all at one place, but for rounding, lie in the middle.
    let wide = most - least;
    let room = if wide > 1e-9 * size { 0.08 * wide } else { (0.5 * size).max(0.5) };
    let (from, to) = (least - room, most + room);
    let ticks = ticks(from, to, 7).into_iter().filter(|(at, _)| (from..=to).contains(at)).collect();
    Ok(AxisLine { name, from, to, ticks })
}

fn draw(args: &Args, grid: &Grid, classifier: &Classifier) -> Result<String, Error> {
    let legend: Vec<Entry> = classifier
        .classes
        .iter()
        .enumerate()
        .map(|(i, label)| Entry { mark: shape(i), color: color(i), text: format!("class {label}") })
        .collect();
    picture(&format!("Decision boundary: {}", args.model.kind()), &legend, |canvas| {
        let axes = axes_along(&canvas, &grid.x, &grid.y, false)?;
        let at = |axis: &AxisLine, i: usize| axis.from + (axis.to - axis.from) * i as f64 / args.resolution as f64;
        for (i, row) in grid.classes.iter().enumerate() {
            // Neighbours of one class are one rectangle.
            let mut start = 0;
            for cells in row.chunk_by(|a, b| a == b) {
                let end = start + cells.len();
                let corners = ((at(&grid.x, start), at(&grid.y, i)), (at(&grid.x, end), at(&grid.y, i + 1)));
                style::fill(&axes, corners.0, corners.1, style::pale(color(cells[0])))?;
                start = end;
            }
        }
        for (i, label) in classifier.classes.iter().enumerate() {
            let points: Vec<(f64, f64)> =
                args.X.iter().zip(&args.y).filter(|(_, y)| *y == label).map(|(row, _)| (row[0], row[1])).collect();
            style::scatter(&axes, &points, shape(i), color(i))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, from_value, json};

    fn call(args: Value) -> Result<Output, Error> {
        run(&from_value(args).unwrap())
    }

    #[test]
    fn two_halves() {
        // Symmetric about x = 2: the boundary is there, and the picture reaches as far to either side.
        let x = [[0, 0], [0, 1], [1, 0], [3, 1], [4, 0], [4, 1]];
        let out = call(json!({"X": x, "y": [5, 5, 5, 8, 8, 8], "resolution": 40})).unwrap();
        assert_eq!((out.accuracy, out.classes), (1.0, vec![5, 8]));
        assert!((out.region_shares[0] - 0.5).abs() < 0.15 && out.svg.contains("class 8"));
    }

    #[test]
    fn one_neighbour_is_always_right_about_what_it_knows() {
        let x: Vec<[f64; 2]> = (0..30).map(|i| [f64::from(i * 7 % 11), f64::from(i * 5 % 13)]).collect();
        let y: Vec<i32> = (0..30).map(|i| i % 3).collect();
        let model = json!({"kind": "knn", "k": 1});
        assert_eq!(call(json!({"X": x, "y": y, "model": model, "resolution": 20})).unwrap().accuracy, 1.0);
    }

    #[test]
    fn refuses_what_is_no_plane() {
        assert_eq!(call(json!({"X": [[1], [2]], "y": [0, 1]})).unwrap_err().path, "/X");
        assert_eq!(call(json!({"X": [[1, 2], [2, 3]], "y": [0]})).unwrap_err().path, "/y");
        let numbers = json!({"X": [[1, 2], [2, 3]], "y": [0, 1], "model": {"kind": "ridge"}});
        assert_eq!(call(numbers).unwrap_err().path, "/model/kind");
    }
}
