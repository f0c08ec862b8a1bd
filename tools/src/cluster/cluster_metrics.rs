//! # How good a clustering is
//!
//! Three measures of how tight and how far apart the groups are, without knowing the truth. The silhouette of a point
//! compares its mean distance `a` from its own cluster with its mean distance `b` from the nearest other one,
//! `(b - a) / max(a, b)`; a clustering has the mean of its points'. Davies-Bouldin takes for each cluster the worst ratio
//! of two clusters' widths to the distance of their centres. Calinski-Harabasz divides the variance between the centres
//! by the variance around them, as an F test does.
//!
//! Cost: O(n² d) for the silhouette, O(n d) for the other two.
//! References: P. Rousseeuw, "Silhouettes", Journal of Computational and Applied Mathematics 20, 1987; D. Davies,
//! D. Bouldin, "A cluster separation measure", IEEE PAMI 1(2), 1979; T. Caliński, J. Harabasz, "A dendrite method for
//! cluster analysis", Communications in Statistics 3(1), 1974.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, kernel::vectorized, value::Matrix};

/// Scores a clustering without knowing the truth: silhouette, Davies-Bouldin and Calinski-Harabasz. Use it to see
/// whether clusters are tight and well apart, or to choose between clusterings and numbers of clusters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The points, one a row (rows² · columns up to 4e10).
    pub X: Matrix,
    /// The cluster of each point, whole numbers of any value: assignments, groups. From 2 clusters to one less than
    /// there are points; noise (-1) counts as a cluster of its own unless `ignore_noise` is set.
    pub labels: Vec<i64>,
    /// Whether points with a negative label are left out, as DBSCAN's noise; no when not given.
    #[serde(default)]
    pub ignore_noise: bool,
}

/// The measures.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The mean silhouette of the points, from -1 (in the wrong clusters) to 1 (tight and far apart).
    pub silhouette: f64,
    /// The Davies-Bouldin index: 0 is best, and the smaller the better.
    pub davies_bouldin: f64,
    /// The Calinski-Harabasz index: the larger the better.
    pub calinski_harabasz: f64,
    /// How many clusters.
    pub n_clusters: usize,
    /// Each cluster, in the order of their labels.
    pub clusters: Vec<Cluster>,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cluster {
    /// Its label.
    pub label: i64,
    /// How many points it has.
    pub size: usize,
    /// The mean silhouette of its points; 0 for a single point.
    pub silhouette: f64,
    /// The mean distance of its points from their centre.
    pub width: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "silhouette score of [[1,1],[1.2,1],[8,8],[8,8.1]] with labels [0,0,1,1]",
    "How good is this clustering? points [[0],[1],[10],[11],[20]] labels [0,0,1,1,2]",
    "Davies-Bouldin and Calinski-Harabasz of these clusters",
    "are the clusters tight and well separated?",
];

/// The most work: rows² · columns.
const LIMIT: f64 = 4e10;

/// Scores the clustering.
///
/// # Errors
/// `invalid_arguments` if the labels do not match the rows, or name fewer than 2 clusters or as many as there are
/// points; `too_large` beyond 4e10 of rows² · columns or the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, d) = (args.X.rows(), args.X.columns());
    if args.labels.len() != n {
        let message = format!("`labels` has {} values, but `X` has {n} rows", args.labels.len());
        return Err(Error::invalid("/labels", message));
    }
    if (n as f64).powi(2) * d as f64 > LIMIT {
        let most = (LIMIT / d as f64).sqrt() as usize;
        return Err(Error::too_large("/X", format!("`X` has {n} rows, the limit with {d} columns is {most}"))
            .with_hint("take a sample of the rows"));
    }
    let kept: Vec<usize> = (0..n).filter(|i| !args.ignore_noise || args.labels[*i] >= 0).collect();
    let points: Vec<f64> = kept.iter().flat_map(|i| args.X.row(*i)).copied().collect();
    let labels: Vec<i64> = kept.iter().map(|i| args.labels[*i]).collect();
    let output = score(&points, d, &labels)?;
    let sums = [output.silhouette, output.davies_bouldin, output.calinski_harabasz];
    if sums.iter().any(|x| !x.is_finite()) {
        return Err(Error::too_large(
            "/X",
            format!("the squared distances are beyond {:e}, the largest number", f64::MAX),
        )
        .with_hint("scale the columns down"));
    }
    Ok(output)
}

/// Scores the clusters of `points`, which lie row after row, `dimensions` numbers each, with a label a row.
///
/// # Errors
/// `invalid_arguments` at `/labels` if these name fewer than 2 clusters or as many as there are points.
pub fn score(points: &[f64], dimensions: usize, labels: &[i64]) -> Result<Output, Error> {
    let mut names = labels.to_vec();
    names.sort_unstable();
    names.dedup();
    let (n, k) = (labels.len(), names.len());
    if k < 2 || k >= n {
        return Err(Error::invalid("/labels", format!("`labels` name {k} clusters for {n} points"))
            .with_hint("the measures need at least 2 clusters and fewer than there are points"));
    }
    // Points cluster by cluster, moved to their mean: coordinates far from the origin have no digits left.
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| labels[*i]);
    let mean = mean_of(points, dimensions);
    let rows = order.iter().flat_map(|i| points[i * dimensions..(i + 1) * dimensions].iter().zip(&mean));
    let points: Vec<f64> = rows.map(|(x, mean)| x - mean).collect();
    let clusters: Vec<&[f64]> = order
        .chunk_by(|i, j| labels[*i] == labels[*j])
        .scan(0, |start, block| {
            *start += block.len() * dimensions;
            Some(&points[*start - block.len() * dimensions..*start])
        })
        .collect();
    let centres: Vec<Vec<f64>> = clusters.iter().map(|cluster| mean_of(cluster, dimensions)).collect();
    let size = |i: usize| clusters[i].len() / dimensions;
    let far = |cluster: &[f64], centre: &[f64]| -> Vec<f64> {
        cluster.chunks_exact(dimensions).map(|point| squared(point, centre)).collect()
    };
    let from_centres: Vec<Vec<f64>> =
        clusters.iter().zip(&centres).map(|(cluster, centre)| far(cluster, centre)).collect();
    let widths: Vec<f64> =
        from_centres.iter().map(|far| far.iter().map(|x| x.sqrt()).sum::<f64>() / far.len() as f64).collect();
    let within: f64 = from_centres.iter().flatten().sum();
    let origin = vec![0.0; dimensions];
    let between: f64 = centres.iter().enumerate().map(|(i, centre)| size(i) as f64 * squared(centre, &origin)).sum();
    let silhouettes = silhouettes(&clusters, dimensions);
    Ok(Output {
        silhouette: silhouettes.iter().flatten().sum::<f64>() / n as f64,
        davies_bouldin: davies_bouldin(&centres, &widths),
        // Points that all sit on their centres: scikit-learn's convention.
        calinski_harabasz: if within == 0.0 { 1.0 } else { between / within * (n - k) as f64 / (k - 1) as f64 },
        n_clusters: k,
        clusters: (0..k)
            .map(|i| Cluster {
                label: names[i],
                size: size(i),
                silhouette: silhouettes[i].iter().sum::<f64>() / size(i) as f64,
                width: widths[i],
            })
            .collect(),
    })
}

/// The silhouette of each point, cluster by cluster.
fn silhouettes(clusters: &[&[f64]], dimensions: usize) -> Vec<Vec<f64>> {
    let of = |own: usize| {
        let points = clusters[own].par_chunks_exact(dimensions).with_min_len(16);
        let silhouettes = points.map(|point| {
            vectorized(
                #[inline(always)]
                || silhouette(clusters, dimensions, own, point),
            )
        });
        silhouettes.collect()
    };
    (0..clusters.len()).map(of).collect()
}

#[inline(always)]
fn silhouette(clusters: &[&[f64]], dimensions: usize, own: usize, point: &[f64]) -> f64 {
    let size = |cluster: &[f64]| (cluster.len() / dimensions) as f64;
    if size(clusters[own]) == 1.0 {
        return 0.0;
    }
    let (mut a, mut b) = (0.0, f64::INFINITY);
    for (i, cluster) in clusters.iter().enumerate() {
        let mut sum = 0.0;
        for other in cluster.chunks_exact(dimensions) {
            sum += squared(point, other).sqrt();
        }
        if i == own {
            a = sum / (size(cluster) - 1.0);
        } else {
            b = b.min(sum / size(cluster));
        }
    }
    let larger = f64::max(a, b);
    if larger > 0.0 { (b - a) / larger } else { 0.0 }
}

fn davies_bouldin(centres: &[Vec<f64>], widths: &[f64]) -> f64 {
    // scikit-learn's convention where nothing has a width or all centres coincide.
    let tiny = |x: &f64| *x <= 1e-8;
    let apart = |i: usize, j: usize| squared(&centres[i], &centres[j]).sqrt();
    let k = centres.len();
    if widths.iter().all(tiny) || (0..k).all(|i| (0..i).all(|j| tiny(&apart(i, j)))) {
        return 0.0;
    }
    let worst = |i: usize| {
        let ratios = (0..k).filter(|j| *j != i).map(|j| {
            let apart = apart(i, j);
            if apart > 0.0 { (widths[i] + widths[j]) / apart } else { 0.0 }
        });
        ratios.fold(0.0, f64::max)
    };
    (0..k).map(worst).sum::<f64>() / k as f64
}

fn mean_of(points: &[f64], dimensions: usize) -> Vec<f64> {
    let n = (points.len() / dimensions) as f64;
    let mut mean = vec![0.0; dimensions];
    for point in points.chunks_exact(dimensions) {
        mean.iter_mut().zip(point).for_each(|(mean, x)| *mean += x / n);
    }
    mean
}

#[inline(always)]
fn squared(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a8.0.iter().zip(b8.0) {
        for lane in 0..8 {
            sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
        }
    }
    let rest: f64 = a8.1.iter().zip(b8.1).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(points: &[f64], labels: &[i64]) -> Output {
        score(points, 1, labels).unwrap()
    }

    #[test]
    fn by_hand() {
        // 0, 2 and 10, 12: a = 2; b = 11 and 9, so the silhouettes are 9/11, 7/9, 7/9 and 9/11.
        let out = of(&[0.0, 2.0, 10.0, 12.0], &[0, 0, 1, 1]);
        assert!((out.silhouette - (9.0 / 11.0 + 7.0 / 9.0) / 2.0).abs() < 1e-15);
        assert!((out.davies_bouldin - 0.2).abs() < 1e-15); // widths 1 and 1, centres 10 apart
        assert!((out.calinski_harabasz - (4.0 * 25.0) / (4.0 / 2.0)).abs() < 1e-12);
        assert_eq!((out.clusters[1].size, out.clusters[1].width), (2, 1.0));
    }

    #[test]
    fn at_the_edges() {
        // A single point has silhouette 0; points on their centres have no width (scikit-learn's 0 and 1).
        let out = of(&[0.0, 0.0, 5.0], &[7, 7, -1]);
        assert_eq!((out.clusters[0].label, out.clusters[0].silhouette), (-1, 0.0));
        assert!((out.silhouette - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!((out.davies_bouldin, out.calinski_harabasz), (0.0, 1.0));
        // All in one place.
        assert_eq!(of(&[1.0, 1.0, 1.0], &[0, 0, 1]).silhouette, 0.0);
        // Far from the origin.
        let (near, far) =
            (of(&[0.0, 2.0, 10.0, 12.0], &[0, 0, 1, 1]), of(&[1e9, 1e9 + 2.0, 1e9 + 10.0, 1e9 + 12.0], &[0, 0, 1, 1]));
        assert!((near.calinski_harabasz - far.calinski_harabasz).abs() < 1e-6);
    }

    #[test]
    fn refuses_what_is_no_clustering() {
        let args = |labels: &[i64]| Args {
            X: [[0.0], [1.0], [1e300]].try_into().unwrap(),
            labels: labels.to_vec(),
            ignore_noise: false,
        };
        for labels in [&[0, 0, 0][..], &[0, 1, 2], &[0, 1]] {
            assert_eq!(run(&args(labels)).unwrap_err().path, "/labels");
        }
        assert_eq!(run(&args(&[0, 0, 1])).unwrap_err().kind, ErrorKind::TooLarge);
        let noise =
            Args { ignore_noise: true, X: [[0.0], [1.0], [9.0], [50.0]].try_into().unwrap(), ..args(&[0, 0, 1, -1]) };
        assert_eq!(run(&noise).unwrap().n_clusters, 2);
    }

    proptest! {
        #[test]
        fn turning_shifting_and_stretching_change_nothing(
            points in prop::collection::vec((-9.0..9.0_f64, -9.0..9.0_f64), 6..30), angle in 0.0..6.0_f64, stretch in 0.1..9.0_f64,
        ) {
            let labels: Vec<i64> = (0..points.len() as i64).map(|i| i % 3).collect();
            let (sin, cos) = angle.sin_cos();
            let moved: Vec<f64> = points
                .iter()
                .flat_map(|(x, y)| [stretch * (cos * x - sin * y) + 3.0, stretch * (sin * x + cos * y) - 50.0])
                .collect();
            let flat: Vec<f64> = points.iter().flat_map(|(x, y)| [*x, *y]).collect();
            let (one, two) = (score(&flat, 2, &labels).unwrap(), score(&moved, 2, &labels).unwrap());
            prop_assert!((one.silhouette - two.silhouette).abs() < 1e-9);
            prop_assert!((one.davies_bouldin / two.davies_bouldin - 1.0).abs() < 1e-7);
            prop_assert!((one.calinski_harabasz / two.calinski_harabasz - 1.0).abs() < 1e-7);
        }
    }
}
