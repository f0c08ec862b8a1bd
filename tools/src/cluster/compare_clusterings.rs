//! # Picture: clusterings compared
//!
//! The same table grouped in several ways, side by side: by k-means for several k, and by DBSCAN for several radii. Each
//! has a panel of its own, and the measures of [`cluster_metrics`] under it. k-means cuts any table into k round pieces,
//! whether there are any or not; DBSCAN follows dense regions of any shape and leaves the rest as noise. The measures favour
//! round clusters: when they and the eye disagree, look at the picture.
//!
//! DBSCAN's radii are read off the data when none are given: the distances within which a half, and nine tenths, of the
//! points have `min_samples` points.
//!
//! Cost: O(n² d).
//! References: as at [`kmeans`], [`dbscan`] and [`cluster_metrics`]; the radii after M. Ester et al., KDD 1996, §4.2.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{cluster_agreement, cluster_metrics, dbscan, kmeans};
use crate::{
    error::Error,
    plot::chart::{self, Panel, Scatter},
    reduce::{
        neighbours::Neighbours,
        plane::{Plane, centred},
    },
    value::{Matrix, Seed},
};

/// Groups one table in several ways, k-means for several k and DBSCAN for several radii, and shows them side by side with
/// their measures. Use it to choose an algorithm or the number of clusters, or to explain how clusterings differ.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row: from 4 to 5000 (rows² · columns up to 4e9).
    pub X: Matrix,
    /// The numbers of clusters for k-means, each from 2 to the number of rows less one; 2, 3, 4 and 5 when not given, as far
    /// as there are rows. May be empty if `eps` is given.
    #[serde(default)]
    pub ks: Option<Vec<NonZeroUsize>>,
    /// The radii for DBSCAN, each from 1e-150 to 1e150; two that fit the data when not given. At most eight clusterings in
    /// all.
    #[serde(default)]
    pub eps: Option<Vec<f64>>,
    /// How many points within `eps` make a core point for DBSCAN, itself counted; 5 when not given.
    #[serde(default = "five")]
    pub min_samples: NonZeroUsize,
    /// The true classes, one whole number a row: ground truth. Each clustering is then compared with them too.
    #[serde(default)]
    pub labels_true: Option<Vec<i64>>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn five() -> NonZeroUsize {
    const { NonZeroUsize::new(5).expect("not zero") }
}

/// The clusterings and their picture.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The picture, as the text of an SVG file.
    pub svg: String,
    /// One for each clustering: k-means first.
    pub clusterings: Vec<Clustering>,
    /// The place in `clusterings` of the one with the best silhouette; null if none has one.
    pub best: Option<usize>,
}

/// One way to group the points. A measure that is not defined, because there are fewer than two clusters, is null.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Clustering {
    /// The algorithm and its argument, as the picture says it.
    pub name: String,
    /// How many clusters it found.
    pub n_clusters: usize,
    /// How many points it calls noise.
    pub n_noise: usize,
    /// The mean silhouette, from -1 to 1 (best), without noise.
    pub silhouette: Option<f64>,
    /// The Davies-Bouldin index, the smaller the better, without noise.
    pub davies_bouldin: Option<f64>,
    /// The Calinski-Harabasz index, the larger the better, without noise.
    pub calinski_harabasz: Option<f64>,
    /// The adjusted Rand index against `labels_true`, 1 for the same groups; noise counts as a group.
    pub ari: Option<f64>,
    /// The normalised mutual information with `labels_true`, from 0 to 1.
    pub nmi: Option<f64>,
    /// The cluster of each point, from 0; -1 is noise.
    pub labels: Vec<i64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "compare clusterings of [[1,1],[1.2,0.9],[0.9,1.1],[8,8],[8.1,7.9],[7.9,8.2],[4,15]]",
    "k-means against DBSCAN on this table, side by side in a picture",
    "how many clusters should I use? try k = 2, 3, 4 and 5",
    "which clustering fits these points best?",
];

/// The most clusterings, the most rows, and the most work.
const LIMITS: (usize, usize, f64) = (8, 5000, 4e9);
/// More clusters cannot be told apart in a picture: those beyond share one name.
const MOST_GROUPS: usize = 11;

/// Groups the points in each way, measures and draws them.
///
/// # Errors
/// `invalid_arguments` for fewer than 4 rows, a `ks`, `eps` or `labels_true` that does not fit, or nothing to compare;
/// `too_large` beyond 8 clusterings, 5000 rows, 4e9 of rows² · columns or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (ks, radii) = plan(args)?;
    let mut clusterings = Vec::new();
    for k in ks {
        let found = kmeans::run(&kmeans::Args { seed: args.seed, ..kmeans::Args::new(args.X.clone(), k) })?;
        let labels = found.labels.into_iter().map(|label| label as i64).collect();
        clusterings.push(judge(args, format!("k-means, k = {k}"), labels)?);
    }
    for eps in radii {
        let found = dbscan::fit(args.X.as_slice(), args.X.columns(), eps, args.min_samples.get());
        let labels = found.labels.into_iter().map(i64::from).collect();
        clusterings.push(judge(args, format!("DBSCAN, eps = {}", short(eps)), labels)?);
    }
    let scored = clusterings.iter().enumerate().filter_map(|(i, c)| c.silhouette.map(|s| (s, i)));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, i)| i);
    Ok(Output { svg: draw(args, &clusterings)?, clusterings, best })
}

fn plan(args: &Args) -> Result<(Vec<NonZeroUsize>, Vec<f64>), Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    let (most, rows, work) = LIMITS;
    if n < 4 {
        return Err(Error::invalid("/X", format!("there are {n} points, but at least 4 are needed to compare")));
    }
    if n > rows || (n as f64).powi(2) * d as f64 > work {
        let most = rows.min((work / d as f64).sqrt() as usize);
        return Err(Error::too_large("/X", format!("`X` has {n} rows, the limit with {d} columns is {most}"))
            .with_hint("take a sample of the rows"));
    }
    if let Some(labels) = args.labels_true.as_ref().filter(|labels| labels.len() != n) {
        return Err(Error::invalid("/labels_true", format!("there are {} labels for {n} points", labels.len())));
    }
    let usual = || (2..=5.min(n - 1)).filter_map(NonZeroUsize::new).collect();
    let ks: Vec<NonZeroUsize> = args.ks.clone().unwrap_or_else(usual);
    if let Some(i) = ks.iter().position(|k| !(2..n).contains(&k.get())) {
        return Err(Error::invalid(format!("/ks/{i}"), format!("`k` is {}, but must be from 2 to {}", ks[i], n - 1)));
    }
    let radii = args.eps.clone().unwrap_or_else(|| radii(&args.X, args.min_samples.get()));
    if let Some(i) = radii.iter().position(|eps| !(1e-150..=1e150).contains(eps)) {
        let message = format!("`eps` is {}, but must be from 1e-150 to 1e150", radii[i]);
        return Err(Error::invalid(format!("/eps/{i}"), message));
    }
    match ks.len() + radii.len() {
        0 => Err(Error::invalid("/ks", "there is nothing to compare").with_hint("give numbers of clusters or radii")),
        count if count > most => {
            let path = if ks.len() > radii.len() { "/ks" } else { "/eps" };
            Err(Error::too_large(path, format!("there are {count} clusterings, the limit is {most}")))
        }
        _ => Ok((ks, radii)),
    }
}

/// Within which a half, and nine tenths, of the points have enough neighbours; none where points coincide.
fn radii(x: &Matrix, min_samples: usize) -> Vec<f64> {
    let k = (min_samples - 1).clamp(1, x.rows() - 1);
    let points = centred(x);
    // Squares beyond these leave the range of numbers.
    let scale = x.as_slice().iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if !(1e-140..1e140).contains(&scale) {
        return Vec::new();
    }
    let (n, d) = (x.rows(), x.columns());
    let neighbours = Neighbours::of(&points, d, k);
    let exact = |i: usize| {
        let (j, _) = neighbours.of_row(i).last().unwrap_or_default();
        x.row(i).iter().zip(x.row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let mut reach: Vec<f64> = (0..n).map(exact).collect();
    reach.sort_by(f64::total_cmp);
    let mut radii: Vec<f64> = [n / 2, n * 9 / 10].map(|i| two_digits(reach[i])).into();
    radii.retain(|eps| (1e-150..=1e150).contains(eps));
    radii.dedup();
    radii
}

/// Rounded up to two digits: a radius that a person would say.
fn two_digits(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powi(x.log10().floor() as i32 - 1);
    let rounded = (x / unit).ceil() * unit;
    // The nearest number that is written with two digits.
    format!("{rounded:.1e}").parse().unwrap_or(rounded)
}

fn judge(args: &Args, name: String, labels: Vec<i64>) -> Result<Clustering, Error> {
    let is_noise = |label: &&i64| **label < 0;
    let n_noise = labels.iter().filter(is_noise).count();
    let n_clusters = labels.iter().max().map_or(0, |most| (most + 1) as usize);
    // A clustering of one cluster, or of noise alone, has no measures.
    let measures = if n_clusters < 2 || n_clusters >= labels.len() - n_noise {
        None
    } else {
        let asked = cluster_metrics::Args { X: args.X.clone(), labels: labels.clone(), ignore_noise: true };
        Some(cluster_metrics::run(&asked)?)
    };
    let agreement = args.labels_true.as_ref().map(|truth| cluster_agreement::agreement(truth, &labels));
    Ok(Clustering {
        name,
        n_clusters,
        n_noise,
        silhouette: measures.as_ref().map(|m| m.silhouette),
        davies_bouldin: measures.as_ref().map(|m| m.davies_bouldin),
        calinski_harabasz: measures.as_ref().map(|m| m.calinski_harabasz),
        ari: agreement.as_ref().map(|a| a.ari),
        nmi: agreement.as_ref().map(|a| a.nmi),
        labels,
    })
}

fn draw(args: &Args, clusterings: &[Clustering]) -> Result<String, Error> {
    let d = args.X.columns();
    let (points, x, y): (Vec<(f64, f64)>, &str, &str) = match d {
        1 => (args.X.iter().map(|row| (row[0], 0.0)).collect(), "column 0", "(one column)"),
        2 => (args.X.iter().map(|row| (row[0], row[1])).collect(), "column 0", "column 1"),
        _ => {
            let plane = Plane::of(&centred(&args.X), d);
            let points = plane.points.iter().map(|y| (f64::from(y[0]), f64::from(y[1]))).collect();
            (points, "principal component 1 (scaled)", "principal component 2 (scaled)")
        }
    };
    let most = clusterings.iter().map(|c| c.n_clusters).max().unwrap_or(0);
    let mut names: Vec<String> = (0..most.min(MOST_GROUPS)).map(|i| format!("cluster {i}")).collect();
    if most > MOST_GROUPS {
        names.push("more clusters".to_owned());
    }
    let noise = names.len();
    if clusterings.iter().any(|c| c.n_noise > 0) {
        names.push("noise".to_owned());
    }
    let group = |label: &i64| usize::try_from(*label).map_or(noise, |label| label.min(MOST_GROUPS));
    let groups: Vec<Vec<usize>> = clusterings.iter().map(|c| c.labels.iter().map(group).collect()).collect();
    let titles: Vec<String> = clusterings
        .iter()
        .map(|c| match c.silhouette {
            Some(silhouette) => format!("{}: silhouette {silhouette:.2}", c.name),
            None => format!("{}: {} clusters", c.name, c.n_clusters),
        })
        .collect();
    let panels: Vec<Panel> = titles
        .iter()
        .zip(&groups)
        .map(|(title, group)| {
            let scatter = Some(Scatter { points: &points, group, names: &names });
            Panel { title, x, y, scatter, ..Panel::default() }
        })
        .collect();
    chart::panels(&format!("{} points, grouped in {} ways", points.len(), panels.len()), &panels)
}

fn short(x: f64) -> String {
    if (1e-3..1e6).contains(&x) { format!("{x}") } else { format!("{x:.1e}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::random::Random;

    fn args(rows: Vec<Vec<f64>>) -> Args {
        serde_json::from_value(serde_json::json!({"X": rows})).unwrap()
    }

    /// Groups of 15 points around (0, 0), (20, 0) and (0, 20).
    fn three() -> Vec<Vec<f64>> {
        let mut random = Random::new(Seed::from(2));
        (0..45)
            .map(|i| {
                let (x, y) = [(0.0, 0.0), (20.0, 0.0), (0.0, 20.0)][i % 3];
                vec![x + random.normal(), y + random.normal()]
            })
            .collect()
    }

    #[test]
    fn three_groups_are_best_as_three() {
        let truth = (0..45).map(|i| i % 3).collect();
        let out = run(&Args { labels_true: Some(truth), ..args(three()) }).unwrap();
        let names: Vec<&str> = out.clusterings.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names[..4], ["k-means, k = 2", "k-means, k = 3", "k-means, k = 4", "k-means, k = 5"]);
        assert!(names[5].starts_with("DBSCAN, eps = "));
        let by_k = &out.clusterings[1];
        assert_eq!((by_k.ari, by_k.n_noise), (Some(1.0), 0));
        assert!(by_k.silhouette > out.clusterings[0].silhouette && by_k.silhouette > out.clusterings[2].silhouette);
        // The wide radius finds the three groups and few outliers.
        assert_eq!(out.clusterings[5].n_clusters, 3);
        assert!(out.svg.contains("k-means, k = 3: silhouette 0.") && out.best.is_some());
    }

    #[test]
    fn radii_that_a_person_would_say() {
        for (x, said) in [(0.123, 0.13), (1.0, 1.0), (987.0, 990.0), (0.0, 0.0), (0.30000000000000004, 0.31)] {
            assert_eq!(two_digits(x), said);
        }
    }

    #[test]
    fn at_the_edges() {
        // All in one place: no radius fits, and no measure is defined but for k-means' arbitrary groups.
        let out =
            run(&Args { ks: Some(vec![NonZeroUsize::new(2).unwrap()]), ..args(vec![vec![1.0, 1.0]; 9]) }).unwrap();
        assert_eq!(out.clusterings.len(), 1);
        let many =
            run(&Args { ks: Some(vec![]), eps: Some(vec![0.1]), min_samples: NonZeroUsize::MIN, ..args(three()) });
        assert_eq!(many.unwrap().clusterings[0].silhouette, None);
        let line = run(&args((0..9).map(|i| vec![f64::from(i * i)]).collect())).unwrap();
        assert!(line.svg.starts_with("<svg"));
    }

    #[test]
    fn refuses_what_cannot_be_compared() {
        let k = |k| Some(vec![NonZeroUsize::new(k).unwrap()]);
        assert_eq!(run(&args(vec![vec![1.0]; 3])).unwrap_err().path, "/X");
        assert_eq!(run(&Args { ks: k(1), ..args(three()) }).unwrap_err().path, "/ks/0");
        assert_eq!(run(&Args { ks: k(45), ..args(three()) }).unwrap_err().path, "/ks/0");
        assert_eq!(run(&Args { eps: Some(vec![-1.0]), ..args(three()) }).unwrap_err().path, "/eps/0");
        assert_eq!(run(&Args { eps: Some(vec![1.0; 9]), ..args(three()) }).unwrap_err().path, "/eps");
        assert_eq!(run(&Args { labels_true: Some(vec![1]), ..args(three()) }).unwrap_err().path, "/labels_true");
        assert_eq!(run(&Args { ks: Some(vec![]), eps: Some(vec![]), ..args(three()) }).unwrap_err().path, "/ks");
    }
}
