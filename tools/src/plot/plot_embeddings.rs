//! # Picture: an embedding space
//!
//! Vectors of hundreds of dimensions as points on paper: the meaning of a text, the look of an image. Three ways to get
//! there: the plane of largest variance (PCA), which keeps distances but lets groups overlap; t-SNE, which keeps
//! neighbours and nothing else; and UMAP, which keeps neighbours and some of how groups hang together. How far the picture
//! can be trusted comes with it, as the share of neighbours in it that are neighbours in the data, in several degrees.
//!
//! Vectors are compared by their direction when asked (`cosine`): scaled to length 1, their Euclidean distance orders them
//! as the cosine does.
//!
//! Cost: that of the method, see [`tsne`] and [`umap`].
//! References: as there; J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart;
use crate::{
    error::Error,
    reduce::{
        plane::{Plane, centred},
        trustworthiness, tsne, umap,
    },
    value::{Matrix, Seed},
};

/// Draws vectors of any dimension as a picture in the plane, in groups with names, by PCA, t-SNE or UMAP. Use it to look
/// at an embedding space: word, sentence or image embeddings, or any table with many columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The vectors, one a row: embeddings, points. From 2 to 10,000 (up to 4e10 of rows² · columns).
    pub X: Matrix,
    /// The group of each vector by its name, for the colours and the legend: labels, classes, topics.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// How to come to two dimensions: the projection.
    #[serde(default)]
    pub method: Method,
    /// Whether vectors are compared by their direction alone, as embeddings usually are: cosine distance. No when not
    /// given; a vector of all zeros then has no place.
    #[serde(default)]
    pub cosine: bool,
    /// What the picture is called; its method when not given.
    #[serde(default)]
    pub title: Option<String>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

/// How to come to two dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The plane of largest variance: principal component analysis.
    #[default]
    Pca,
    /// Neighbours stay neighbours.
    Tsne,
    /// The graph of neighbours, laid flat.
    Umap,
}

/// The picture and its numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// Where each vector lies in the picture: two numbers a row.
    pub embedding: Vec<[f64; 2]>,
    /// How far neighbours in the picture are neighbours in the data, from 0 to 1; null for fewer than 4 vectors.
    pub trustworthiness: Option<f64>,
    /// How far the groups keep to themselves: the share of vectors whose nearest other in the picture bears the same
    /// label; null without labels.
    pub same_label: Option<f64>,
    /// The share of the variance along each axis of the picture, from 0 to 1; null for t-SNE and UMAP.
    pub variance: Option<[f64; 2]>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "plot these embeddings: [[1,0,0],[0.9,0.1,0],[0,1,1],[0,0.9,1.1]] labelled cat, cat, dog, dog",
    "draw a picture of my embedding space with t-SNE, coloured by topic",
    "visualise these word vectors in 2D",
    "show the sentence embeddings as a UMAP scatter plot",
];

/// The most vectors, and the most work for their neighbours.
const LIMITS: (usize, f64) = (10_000, 4e10);
/// Neighbours by which the picture is judged.
const NEIGHBOURS: usize = 10;
/// More groups cannot be told apart: the smallest share one name.
const MOST_GROUPS: usize = 12;

/// Draws the vectors.
///
/// # Errors
/// `invalid_arguments` for fewer than two vectors (three for UMAP) or labels that do not match, `undefined` for the
/// direction of a vector of all zeros, `too_large` for more than 10,000 vectors or 4e10 of rows² · columns.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let (n, d) = (args.X.rows(), args.X.columns());
    let directions = args.cosine.then(|| unit_length(&args.X)).transpose()?;
    let x = directions.as_ref().unwrap_or(&args.X);
    let points = centred(x);
    let mut variance = None;
    let places: Vec<[f32; 2]> = match args.method {
        Method::Pca => {
            let plane = Plane::of(&points, d);
            variance = Some(plane.shares);
            plane.points
        }
        Method::Tsne => tsne::fit(&points, d, &tsne::Options { seed: args.seed, ..tsne::Options::new(n) }).points,
        Method::Umap => umap::fit(&points, d, &umap::Options { seed: args.seed, ..umap::Options::new(n) }).points,
    };
    let embedding: Vec<[f64; 2]> = places.iter().map(|place| place.map(f64::from)).collect();
    let picture = Matrix::from_rows(embedding.iter().map(|place| place.to_vec()).collect())?;
    let k = NEIGHBOURS.min(n.div_ceil(2).saturating_sub(1));
    let embedded =
        Matrix::from_rows(points.chunks(d).map(|row| row.iter().copied().map(f64::from).collect()).collect())?;
    let trustworthiness = (n > 3).then(|| trustworthiness::measure(&embedded, &picture, k).value);
    let same_label = args.labels.as_ref().map(|labels| same_label(&embedding, labels));
    Ok(Output { svg: draw(args, &embedding, variance)?, embedding, trustworthiness, same_label, variance })
}

fn check(args: &Args) -> Result<(), Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    let least = if args.method == Method::Umap { 3 } else { 2 };
    if n < least {
        return Err(Error::invalid("/X", format!("there are {n} vectors, but the picture needs {least} or more")));
    }
    let (rows, work) = LIMITS;
    if n > rows || (n as f64).powi(2) * d as f64 > work {
        let most = rows.min((work / d as f64).sqrt() as usize);
        return Err(Error::too_large("/X", format!("`X` has {n} rows, the limit with {d} columns is {most}"))
            .with_hint("take a sample of the vectors"));
    }
    match &args.labels {
        Some(labels) if labels.len() != n => {
            Err(Error::invalid("/labels", format!("there are {} labels for {n} vectors", labels.len())))
        }
        _ => Ok(()),
    }
}

/// The vectors scaled to length 1.
fn unit_length(x: &Matrix) -> Result<Matrix, Error> {
    let unit = |(i, row): (usize, &[f64])| {
        let largest = row.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        if largest == 0.0 {
            return Err(Error::undefined(format!("/X/{i}"), format!("row {i} is all zeros and has no direction")));
        }
        // Squares of very large or small numbers would leave the range of numbers.
        let length = row.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt();
        Ok(row.iter().map(|x| x / largest / length).collect())
    };
    Matrix::from_rows(x.iter().enumerate().map(unit).collect::<Result<_, _>>()?)
}

fn same_label(embedding: &[[f64; 2]], labels: &[String]) -> f64 {
    let n = embedding.len();
    let squared =
        |i: usize, j: usize| (embedding[i][0] - embedding[j][0]).powi(2) + (embedding[i][1] - embedding[j][1]).powi(2);
    let nearest = |i: usize| {
        let others = (0..n).filter(|j| *j != i).map(|j| (squared(i, j), j));
        others.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(i, |(_, j)| j)
    };
    (0..n).filter(|i| labels[nearest(*i)] == labels[*i]).count() as f64 / n as f64
}

fn draw(args: &Args, embedding: &[[f64; 2]], variance: Option<[f64; 2]>) -> Result<String, Error> {
    let method = match args.method {
        Method::Pca => "PCA",
        Method::Tsne => "t-SNE",
        Method::Umap => "UMAP",
    };
    let title = args.title.clone().unwrap_or_else(|| format!("{} vectors in the plane by {method}", embedding.len()));
    let axis = |i: usize| match variance {
        Some(shares) => format!("principal component {} ({:.0} % of the variance)", i + 1, 100.0 * shares[i]),
        None => format!("{method} axis {} (no unit)", i + 1),
    };
    let points: Vec<(f64, f64)> = embedding.iter().map(|place| (place[0], place[1])).collect();
    let (group, names) = groups(args.labels.as_deref().unwrap_or_default());
    chart::scatter(&title, &axis(0), &axis(1), &points, &group, &names)
}

/// The group of each label, the largest first, and their names with their sizes.
fn groups(labels: &[String]) -> (Vec<usize>, Vec<String>) {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    labels.iter().for_each(|label| *sizes.entry(label).or_default() += 1);
    let mut order: Vec<(&str, usize)> = sizes.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let place: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(i, (label, _))| (*label, i.min(MOST_GROUPS - 1))).collect();
    let mut names: Vec<String> =
        order.iter().take(MOST_GROUPS).map(|(label, size)| format!("{} ({size})", short(label))).collect();
    if order.len() > MOST_GROUPS {
        let rest: usize = order[MOST_GROUPS - 1..].iter().map(|(_, size)| size).sum();
        names[MOST_GROUPS - 1] = format!("{} other groups ({rest})", order.len() - MOST_GROUPS + 1);
    }
    (labels.iter().map(|label| place[label.as_str()]).collect(), names)
}

fn short(label: &str) -> String {
    if label.chars().count() <= 40 { label.to_owned() } else { label.chars().take(39).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;

    fn args(rows: &[[f64; 3]], labels: &[&str], method: Method) -> Args {
        Args {
            X: Matrix::from_rows(rows.iter().map(|row| row.to_vec()).collect()).unwrap(),
            labels: (!labels.is_empty()).then(|| labels.iter().map(|label| (*label).to_owned()).collect()),
            method,
            cosine: false,
            title: None,
            seed: Seed::default(),
        }
    }

    const ROWS: [[f64; 3]; 6] =
        [[1.0, 0.0, 0.0], [1.1, 0.0, 0.1], [0.9, 0.1, 0.0], [0.0, 5.0, 5.0], [0.1, 5.1, 5.0], [0.0, 5.0, 5.2]];
    const LABELS: [&str; 6] = ["cat", "cat", "cat", "dog <&>", "dog <&>", "dog <&>"];

    #[test]
    fn groups_lie_apart_by_every_method() {
        for method in [Method::Pca, Method::Tsne, Method::Umap] {
            let out = run(&args(&ROWS, &LABELS, method)).unwrap();
            // Of six points, all are neighbours to UMAP.
            assert!(out.same_label.unwrap() > if method == Method::Umap { 0.8 } else { 0.99 }, "{method:?}");
            assert!(out.svg.contains("cat (3)") && out.svg.contains("dog &lt;&amp;&gt; (3)"));
            assert_eq!(out.variance.is_some(), method == Method::Pca);
        }
    }

    #[test]
    fn a_plane_loses_nothing_of_a_plane() {
        // Points of the plane z = 0: both axes together explain everything, and no neighbour is wrong.
        let rows: Vec<[f64; 3]> = (0..9).map(|i| [f64::from(i % 3), 2.2 * f64::from(i / 3), 0.0]).collect();
        let out = run(&args(&rows, &[], Method::Pca)).unwrap();
        assert!((out.variance.unwrap().iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!(out.trustworthiness.unwrap() > 0.9);
    }

    #[test]
    fn by_direction_length_does_not_matter() {
        let rows = [[1.0, 0.0, 0.0], [1e200, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1e-200, 0.0]];
        let by_direction = Args { cosine: true, ..args(&rows, &["a", "a", "b", "b"], Method::Pca) };
        assert_eq!(run(&by_direction).unwrap().same_label, Some(1.0));
        let zero = Args { cosine: true, ..args(&[[0.0; 3], [1.0; 3]], &[], Method::Pca) };
        assert_eq!(run(&zero).unwrap_err().kind, ErrorKind::Undefined);
    }

    #[test]
    fn many_groups_share_a_name() {
        let labels: Vec<String> = (0..20).map(|i| format!("group {i}")).collect();
        let (group, names) = groups(&labels);
        assert_eq!((names.len(), names[11].as_str(), group.iter().max()), (12, "9 other groups (9)", Some(&11)));
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        assert_eq!(run(&args(&ROWS[..1], &[], Method::Pca)).unwrap_err().path, "/X");
        assert_eq!(run(&args(&ROWS[..2], &[], Method::Umap)).unwrap_err().path, "/X");
        assert_eq!(run(&args(&ROWS, &["one"], Method::Pca)).unwrap_err().path, "/labels");
    }
}
