//! Dimension reduction: fewer columns that say nearly as much.

pub mod curse_of_dimensionality;
pub mod eigen_symmetric;
mod graph;
mod layout;
pub(crate) mod neighbours;
pub mod pca;
pub(crate) mod plane;
mod repulsion;
pub mod trustworthiness;
pub mod tsne;
pub mod umap;

use std::{collections::BTreeMap, time::Duration};

use crate::{
    error::Error,
    plot::chart,
    tool::{Tool, ToolBuilder},
};

/// The rows of this family.
pub(crate) fn tools() -> Vec<ToolBuilder> {
    vec![
        Tool::pure("pca", pca::run).examples(pca::EXAMPLES).timeout(Duration::from_secs(60)),
        Tool::pure("eigen_symmetric", eigen_symmetric::run)
            .examples(eigen_symmetric::EXAMPLES)
            .timeout(Duration::from_secs(60)),
        Tool::pure("curse_of_dimensionality", curse_of_dimensionality::run).examples(curse_of_dimensionality::EXAMPLES),
        Tool::pure("tsne", tsne::run).examples(tsne::EXAMPLES).timeout(Duration::from_secs(120)),
        Tool::pure("umap", umap::run).examples(umap::EXAMPLES).timeout(Duration::from_secs(120)),
        Tool::pure("trustworthiness", trustworthiness::run)
            .examples(trustworthiness::EXAMPLES)
            .timeout(Duration::from_secs(60)),
    ]
}

/// Either direction of an axis is right; the one whose largest entry is positive is the same everywhere.
fn upright(axis: Vec<f64>) -> Vec<f64> {
    let largest = axis.iter().fold(0.0_f64, |largest, x| if x.abs() > largest.abs() + 1e-12 { *x } else { largest });
    if largest < 0.0 { axis.iter().map(|x| -x).collect() } else { axis }
}

/// One label a point, or none at all.
fn check_labels(labels: Option<&[i64]>, points: usize) -> Result<(), Error> {
    match labels {
        Some(labels) if labels.len() != points => {
            Err(Error::invalid("/labels", format!("`labels` has {} values for {points} points", labels.len())))
        }
        _ => Ok(()),
    }
}

/// More groups than this cannot be told apart: those beyond share one name.
const MOST_GROUPS: usize = 12;

/// Draws an embedding, each label a group of its own.
fn draw(method: &str, embedding: &[[f64; 2]], labels: Option<&[i64]>) -> Result<String, Error> {
    let points: Vec<(f64, f64)> = embedding.iter().map(|y| (y[0], y[1])).collect();
    let labels = labels.unwrap_or_default();
    let mut places: BTreeMap<i64, usize> = labels.iter().map(|label| (*label, 0)).collect();
    places.values_mut().enumerate().for_each(|(i, place)| *place = i.min(MOST_GROUPS - 1));
    let name = |(i, label): (usize, &i64)| {
        if i + 1 == MOST_GROUPS && places.len() > MOST_GROUPS { "others".to_owned() } else { format!("label {label}") }
    };
    let names: Vec<String> = places.keys().take(MOST_GROUPS).enumerate().map(name).collect();
    let group: Vec<usize> = labels.iter().map(|label| places[label]).collect();
    let title = format!("{} points in the plane by {method}", points.len());
    let axis = |number: u8| format!("{method} axis {number} (no unit)");
    chart::scatter(&title, &axis(1), &axis(2), &points, &group, &names)
}
