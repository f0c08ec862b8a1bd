//! # Histogram
//!
//! Cuts the range of the numbers into bins of equal width and counts how many fall into each: the simplest picture of a
//! distribution. Each bin holds its left edge but not its right one, except for the last, which holds both. Too few
//! bins hide the shape, too many show noise; the width of Freedman and Diaconis, twice the interquartile range over the
//! cube root of n, comes close to the best for smooth densities.
//!
//! Cost: O(n), and O(n log n) where the number of bins is chosen from the quartiles.
//! Reference: D. Freedman, P. Diaconis, "On the histogram as a density estimator: L2 theory", Zeitschrift für
//! Wahrscheinlichkeitstheorie 57, 1981.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::describe::quantile;
use crate::{error::Error, plot::chart, value::Vector};

/// Counts how many numbers fall into each of several bins of equal width. Use it to see the shape of a distribution:
/// its peaks, tails and gaps.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The numbers.
    pub x: Vector,
    /// How many bins, up to 100,000; chosen after Freedman and Diaconis when not given.
    #[serde(default)]
    pub bins: Option<NonZeroUsize>,
    /// The left edge of the first bin and the right edge of the last, two numbers; smallest and largest number when not
    /// given. What lies outside is not counted.
    #[serde(default)]
    pub range: Option<Vector>,
    /// Whether to draw it too: plot, chart, picture, graph.
    #[serde(default)]
    pub picture: bool,
}

/// The bins.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// How many numbers each bin holds, from left to right.
    pub counts: Vec<usize>,
    /// The edges of the bins, one more than bins: bin `i` goes from edge `i` to edge `i + 1`.
    pub edges: Vec<f64>,
    /// Each bin's share of the numbers by its width: the areas of all bars make 1. Null when nothing was counted.
    pub density: Option<Vec<f64>>,
    /// The picture, as the text of an SVG file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Histogram of 3, 1, 4, 1, 5, 9, 2, 6 with 4 bins",
    "draw a histogram of these values: [2.1, 2.4, 1.9, 3.3, 2.7, 2.2]",
    "how many numbers fall into each interval? 12 bins from 0 to 60",
    "show the distribution of the ages 23, 31, 35, 38, 41, 44, 52, 67",
];

/// The most bins.
const LIMIT: usize = 100_000;

/// Counts.
///
/// # Errors
/// `too_large` above 100,000 bins, `invalid_arguments` if the range is empty or too narrow to be cut.
pub fn run(args: &Args) -> Result<Output, Error> {
    if let Some(bins) = args.bins.filter(|bins| bins.get() > LIMIT) {
        return Err(Error::too_large("/bins", format!("`bins` is {bins}, the limit is {LIMIT}")));
    }
    let range = match args.range.as_deref() {
        None => None,
        Some(&[low, high]) if low < high => Some((low, high)),
        Some(_) => {
            return Err(Error::invalid("/range", "the range is not two numbers, the smaller one first")
                .with_hint("give the left edge of the first bin and the right edge of the last, as in `[0, 1]`"));
        }
    };
    let bins = args.bins.map_or_else(|| freedman_diaconis(&args.x), NonZeroUsize::get);
    let edges = edges(&args.x, range, bins)?;
    let counts = count(&args.x, &edges);
    let density = density(&counts, &edges);
    let svg = if args.picture { Some(picture(&counts, &edges)?) } else { None };
    Ok(Output { counts, edges, density, svg })
}

/// A number of bins after Freedman and Diaconis, from 1 to 1000; Sturges' where the middle half has no width.
pub(crate) fn freedman_diaconis(x: &[f64]) -> usize {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let width = 2.0 * (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / (x.len() as f64).cbrt();
    let bins = (sorted[sorted.len() - 1] - sorted[0]) / width;
    let sturges = (x.len() as f64).log2().ceil() + 1.0;
    let bins = if bins.is_finite() { bins.ceil() } else { sturges };
    bins.clamp(1.0, 1000.0) as usize
}

/// The edges of bins of equal width; around numbers that are all equal, half a unit to each side.
///
/// # Errors
/// `invalid_arguments` when the edges would not differ, `too_large` when the width is beyond the largest number.
pub(crate) fn edges(x: &[f64], range: Option<(f64, f64)>, bins: usize) -> Result<Vec<f64>, Error> {
    let (low, high) = range.unwrap_or_else(|| {
        let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        if low == high { (low - 0.5, high + 0.5) } else { (low, high) }
    });
    let step = (high - low) / bins as f64;
    if !step.is_finite() {
        return Err(Error::too_large("/x", format!("the range is beyond {:e}, the largest number", f64::MAX)));
    }
    let mut edges: Vec<f64> = (0..=bins).map(|i| low + i as f64 * step).collect();
    edges[bins] = high;
    if edges.is_sorted_by(|a, b| a < b) {
        return Ok(edges);
    }
    Err(Error::invalid("/bins", format!("{bins} bins between {low} and {high} are narrower than numbers can tell"))
        .with_hint("use fewer bins"))
}

/// How many numbers lie between each pair of neighbouring edges, which are evenly spaced.
pub(crate) fn count(x: &[f64], edges: &[f64]) -> Vec<usize> {
    let bins = edges.len() - 1;
    let (low, high) = (edges[0], edges[bins]);
    let mut counts = vec![0; bins];
    for &x in x.iter().filter(|x| (low..=high).contains(*x)) {
        let mut bin = (((x - low) / (high - low) * bins as f64) as usize).min(bins - 1);
        // Rounding may miss by one; the edges as they are written decide.
        if x < edges[bin] {
            bin -= 1;
        } else if x >= edges[bin + 1] && bin + 1 < bins {
            bin += 1;
        }
        counts[bin] += 1;
    }
    counts
}

/// The shares by width; none when nothing was counted.
pub(crate) fn density(counts: &[usize], edges: &[f64]) -> Option<Vec<f64>> {
    let total: usize = counts.iter().sum();
    let each = counts.iter().zip(edges.windows(2));
    let density: Vec<f64> = each.map(|(count, edge)| *count as f64 / total as f64 / (edge[1] - edge[0])).collect();
    density.iter().all(|share| share.is_finite()).then_some(density)
}

fn picture(counts: &[usize], edges: &[f64]) -> Result<String, Error> {
    let heights: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let title = format!("{} numbers in {} bins", counts.iter().sum::<usize>(), counts.len());
    chart::bars(&title, "value", "how many", edges, &heights, None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn of(x: &[f64], bins: usize, range: Option<(f64, f64)>) -> Result<Output, Error> {
        let range = range.map(|(low, high)| [low, high].try_into()).transpose()?;
        run(&Args { x: Vector::new(x.to_vec())?, bins: NonZeroUsize::new(bins), range, picture: true })
    }

    #[test]
    fn by_hand() {
        let out = of(&[0.0, 0.5, 1.0, 1.5, 2.0], 2, None).unwrap();
        // 1 belongs to the right bin, and 2 to the last although it is its right edge.
        assert_eq!((out.counts, out.edges), (vec![2, 3], vec![0.0, 1.0, 2.0]));
        assert_eq!(out.density, Some(vec![0.4, 0.6]));
        assert!(out.svg.unwrap().contains("5 numbers in 2 bins"));
    }

    #[test]
    fn equal_numbers_have_a_bin_around_them() {
        let out = of(&[3.0; 4], 1, None).unwrap();
        assert_eq!((out.counts, out.edges), (vec![4], vec![2.5, 3.5]));
    }

    #[test]
    fn outside_is_not_counted() {
        let out = of(&[-1.0, 0.2, 5.0], 2, Some((0.0, 1.0))).unwrap();
        assert_eq!(out.counts, [1, 0]);
        assert_eq!(of(&[7.0], 1, Some((0.0, 1.0))).unwrap().density, None);
    }

    #[test]
    fn bins_are_chosen_from_the_spread() {
        // Oracle: numpy.histogram_bin_edges(range(100), "fd"): width 2 * 49.5 / 100^(1/3) = 21.3, so 5 bins.
        assert_eq!(of(&(0..100).map(f64::from).collect::<Vec<_>>(), 0, None).unwrap().counts.len(), 5);
    }

    #[test]
    fn refuses_what_cannot_be_cut() {
        assert_eq!(of(&[1.0], 1, Some((1.0, 1.0))).unwrap_err().path, "/range");
        assert_eq!(of(&[1e17, 1e17 + 16.0], 100, None).unwrap_err().path, "/bins");
        assert_eq!(of(&[1.0], 100_001, None).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(of(&[1.7e308, -1.7e308], 3, None).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn every_number_has_a_bin(x in prop::collection::vec(-1e3..1e3, 1..60), bins in 1_usize..40) {
            let out = of(&x, bins, None).unwrap();
            for (i, count) in out.counts.iter().enumerate() {
                let (left, right, last) = (out.edges[i], out.edges[i + 1], i + 1 == bins);
                let inside = x.iter().filter(|x| **x >= left && (**x < right || (last && **x <= right)));
                prop_assert_eq!(*count, inside.count());
            }
        }
    }
}
