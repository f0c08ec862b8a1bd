//! # Agreement of two clusterings
//!
//! How far two ways of grouping the same points agree, whatever the groups are called. All six measures start from the
//! table `n[i][j]` of how many points are in group `i` of the one and group `j` of the other. Two of them look at pairs
//! of points: the adjusted Rand index counts those that both keep together, corrected for chance, and Fowlkes-Mallows is
//! the geometric mean of precision and recall of being together. The other four look at information: homogeneity is the
//! share of the true labels' entropy that the clusters explain, completeness the same the other way round, and the
//! V-measure, their harmonic mean, equals the mutual information divided by the mean of the two entropies.
//!
//! Cost: O(n log n).
//! References: L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985; E. B. Fowlkes,
//! C. L. Mallows, "A method for comparing two hierarchical clusterings", JASA 78, 1983; A. Rosenberg, J. Hirschberg,
//! "V-measure", EMNLP 2007.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Compares two groupings of the same points: adjusted Rand index, normalised mutual information, homogeneity,
/// completeness, V-measure and Fowlkes-Mallows. Use it to score a clustering against known classes, or to see whether
/// two clusterings say the same.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The true classes, one whole number a point, whatever their values: ground truth, reference labels. Up to 10
    /// million points.
    pub labels_true: Vec<i64>,
    /// The clusters found, one whole number a point in the same order: predicted labels, assignments.
    pub labels_pred: Vec<i64>,
}

/// The measures: 1 is perfect agreement in all of them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The adjusted Rand index: 0 is what chance gives, and it may be negative, down to -0.5.
    pub ari: f64,
    /// The mutual information divided by the mean of the two entropies, from 0 to 1.
    pub nmi: f64,
    /// Whether each cluster holds points of one class only, from 0 to 1.
    pub homogeneity: f64,
    /// Whether the points of each class lie in one cluster, from 0 to 1.
    pub completeness: f64,
    /// The harmonic mean of homogeneity and completeness, from 0 to 1.
    pub v_measure: f64,
    /// The geometric mean of precision and recall over pairs of points, from 0 to 1.
    pub fowlkes_mallows: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "adjusted Rand index of [0,0,1,1] and [1,1,0,0]",
    "How well do the clusters [0,0,1,2,2] match the true classes [0,0,1,1,1]?",
    "compare two clusterings: NMI, homogeneity, completeness and V-measure",
    "do these two groupings agree?",
];

/// The most points.
const LIMIT: usize = 10_000_000;

/// Measures the agreement.
///
/// # Errors
/// `invalid_arguments` if there are no points or the lists differ in length, `too_large` beyond 10 million points.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (n, found) = (args.labels_true.len(), args.labels_pred.len());
    if n == 0 {
        return Err(Error::invalid("/labels_true", "the list is empty").with_hint("give the class of each point"));
    }
    if n != found {
        let message = format!("`labels_pred` has {found} values, but `labels_true` has {n}");
        return Err(Error::invalid("/labels_pred", message));
    }
    if n > LIMIT {
        return Err(Error::too_large("/labels_true", format!("there are {n} points, the limit is {LIMIT}")));
    }
    Ok(agreement(&args.labels_true, &args.labels_pred))
}

/// The agreement of two lists of labels of the same length, at least 1.
pub fn agreement(truth: &[i64], found: &[i64]) -> Output {
    let n = truth.len() as f64;
    let both = sizes(truth.iter().copied().zip(found.iter().copied()));
    let (classes, clusters) = (sizes(truth.iter().copied()), sizes(found.iter().copied()));

    // Pairs of points that are together, times two.
    let pairs = |counts: &mut dyn Iterator<Item = f64>| counts.map(|n| n * (n - 1.0)).sum::<f64>();
    let together = pairs(&mut both.values().copied());
    let (in_truth, in_found) = (pairs(&mut classes.values().copied()), pairs(&mut clusters.values().copied()));
    let chance = if n > 1.0 { in_truth * in_found / (n * (n - 1.0)) } else { 0.0 };
    let most = (in_truth + in_found) / 2.0;
    let same = together == in_truth && together == in_found;
    let ari = if same { 1.0 } else { (together - chance) / (most - chance) };
    let fowlkes_mallows =
        if together > 0.0 { (together / in_truth).sqrt() * (together / in_found).sqrt() } else { 0.0 };

    let (of_truth, of_found) = (entropy(&classes, n), entropy(&clusters, n));
    let information: f64 = both
        .iter()
        .map(|((class, cluster), count)| count / n * (count * n / (classes[class] * clusters[cluster])).ln())
        .sum();
    // Rounding may lead a crumb below 0 or above an entropy.
    let share = |entropy: f64| if entropy > 0.0 { (information / entropy).clamp(0.0, 1.0) } else { 1.0 };
    let (homogeneity, completeness) = (share(of_truth), share(of_found));
    let sum = homogeneity + completeness;
    let v_measure = if sum > 0.0 { 2.0 * homogeneity * completeness / sum } else { 0.0 };
    Output { ari, nmi: v_measure, homogeneity, completeness, v_measure, fowlkes_mallows }
}

fn sizes<K: Ord>(labels: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut sizes = BTreeMap::new();
    labels.for_each(|label| *sizes.entry(label).or_insert(0.0) += 1.0);
    sizes
}

fn entropy(sizes: &BTreeMap<i64, f64>, n: f64) -> f64 {
    sizes.values().map(|size| -size / n * (size / n).ln()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let out = agreement(&[0, 0, 1, 1], &[0, 0, 1, 2]);
        // One pair of points is together in both; two in the truth, one in the other: chance is 2 * 1 / 6.
        assert!((out.ari - (1.0 - 1.0 / 3.0) / (1.5 - 1.0 / 3.0)).abs() < 1e-15);
        assert!((out.fowlkes_mallows - 0.5_f64.sqrt()).abs() < 1e-15);
        // Every cluster is pure; the entropies are ln 2 and 1.5 ln 2.
        assert_eq!(out.homogeneity, 1.0);
        assert!((out.completeness - 2.0 / 3.0).abs() < 1e-15 && (out.v_measure - 0.8).abs() < 1e-15);
    }

    #[test]
    fn at_the_edges() {
        // Oracle: scikit-learn 1.9.1 for one group against all apart, both of one group, and a single point.
        let apart = agreement(&[0, 0, 0], &[0, 1, 2]);
        assert_eq!((apart.ari, apart.homogeneity, apart.completeness, apart.fowlkes_mallows), (0.0, 1.0, 0.0, 0.0));
        let one = agreement(&[5, 5, 5], &[-1, -1, -1]);
        assert_eq!((one.ari, one.nmi, one.v_measure, one.fowlkes_mallows), (1.0, 1.0, 1.0, 1.0));
        assert_eq!((agreement(&[3], &[4]).ari, agreement(&[3], &[4]).nmi), (1.0, 1.0));
        assert_eq!(run(&Args { labels_true: vec![0], labels_pred: vec![] }).unwrap_err().path, "/labels_pred");
        assert_eq!(run(&Args { labels_true: vec![], labels_pred: vec![] }).unwrap_err().path, "/labels_true");
    }

    proptest! {
        #[test]
        fn names_do_not_matter(labels in prop::collection::vec((0_i64..4, 0_i64..5), 1..60)) {
            let (truth, found): (Vec<i64>, Vec<i64>) = labels.into_iter().unzip();
            let out = agreement(&truth, &found);
            let renamed: Vec<i64> = found.iter().map(|label| 7 - 3 * label).collect();
            let other = agreement(&truth, &renamed);
            prop_assert!((out.ari - other.ari).abs() < 1e-12 && (out.nmi - other.nmi).abs() < 1e-12);
            let back = agreement(&found, &truth);
            prop_assert!((out.ari - back.ari).abs() < 1e-12 && (out.homogeneity - back.completeness).abs() < 1e-12);
            prop_assert!((agreement(&truth, &truth).v_measure - 1.0).abs() < 1e-12);
            prop_assert!(out.ari <= 1.0 + 1e-12 && out.ari >= -0.5 - 1e-12);
        }
    }
}
