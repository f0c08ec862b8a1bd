//! # Chi-square test for drift
//!
//! Count how often each category (or bin) occurs in the old and in the new sample, work out how often it would if the
//! shares were the same in both, and add up the squared differences, each divided by the expected count. When nothing
//! has changed the sum follows a chi-square distribution with one degree of freedom less than there are categories.
//!
//! With two categories the continuity correction of Yates moves each count half a step towards the expected one.
//! The approximation is rough where expected counts are below 5; the output says how many are.
//!
//! Cost: O(n log c) for n values in c categories.
//! References: K. Pearson, "On the criterion …", Philosophical Magazine 50, 1900; F. Yates, "Contingency tables involving
//! small numbers and the χ² test", Supplement to the J. R. Stat. Soc. 1(2), 1934.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limited;
use crate::{
    error::Error,
    special_tails::chi_square_above,
    value::{Label, Vector},
};

/// Tests by chi-square whether the shares of categories have changed. Use it for drift of a categorical column, such as
/// countries or colours, or of counts over bins.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The old categories, one for each row: reference, baseline. Up to 1,000,000; not needed with counts.
    #[serde(default)]
    pub reference: Option<Vec<Label>>,
    /// The new categories, one for each row: current, production. Up to 1,000,000; not needed with counts.
    #[serde(default)]
    pub current: Option<Vec<Label>>,
    /// Instead of categories: how often each one occurred in the old sample.
    #[serde(default)]
    pub reference_counts: Option<Vector>,
    /// Instead of categories: how often each one occurred in the new sample, in the same order.
    #[serde(default)]
    pub current_counts: Option<Vector>,
    /// Whether to use Yates' continuity correction when there are just two categories; true when not given.
    #[serde(default = "yes")]
    pub correction: bool,
}

fn yes() -> bool {
    true
}

/// The test's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The sum of squared differences, each divided by the expected count.
    pub statistic: f64,
    /// How likely a sum at least as large is when nothing has changed.
    pub p_value: f64,
    /// Degrees of freedom: categories that occur, less one.
    pub df: usize,
    /// Cramér's V, from 0 (same shares) to 1 (no category in common): the size of the change whatever the sample's.
    pub cramers_v: f64,
    /// How many of the expected counts are below 5, where the p-value is rough.
    pub small_expected: usize,
    /// The categories with their counts; empty names when counts were given.
    pub categories: Vec<Category>,
}

/// A category in both samples.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// How often it occurred in the old sample.
    pub reference: f64,
    /// How often it occurred in the new sample.
    pub current: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "chi-square drift test: before [\"red\", \"red\", \"blue\"], now [\"blue\", \"blue\", \"green\", \"blue\"]",
    "did the mix of categories change? counts were [120, 40, 40], now [80, 60, 60]",
    "chi2 test of the browser shares of last week against this week",
    "is the new distribution of labels significantly different from the old one?",
];

/// Runs the test.
///
/// # Errors
/// `invalid_arguments` when neither two lists of categories nor two of counts are given, or counts do not fit each other,
/// `undefined` when a sample is empty or only one category occurs, `too_large` beyond 1,000,000 values.
pub fn run(args: &Args) -> Result<Output, Error> {
    let categories = match (&args.reference, &args.current, &args.reference_counts, &args.current_counts) {
        (Some(reference), Some(current), None, None) => {
            limited("/reference", reference.len())?;
            limited("/current", current.len())?;
            counted(reference, current)
        }
        (None, None, Some(reference), Some(current)) => {
            limited("/reference_counts", reference.len())?;
            paired(reference, current)?
        }
        _ => {
            return Err(Error::invalid("", "give either two lists of categories or two lists of counts")
                .with_hint("use `reference` and `current`, or `reference_counts` and `current_counts`"));
        }
    };
    test(categories, args.correction)
}

pub(super) fn counted(reference: &[Label], current: &[Label]) -> Vec<Category> {
    let mut counts: BTreeMap<&Label, (f64, f64)> = BTreeMap::new();
    reference.iter().for_each(|label| counts.entry(label).or_default().0 += 1.0);
    current.iter().for_each(|label| counts.entry(label).or_default().1 += 1.0);
    let category =
        |(label, (reference, current)): (&Label, (f64, f64))| Category { name: label.to_string(), reference, current };
    counts.into_iter().map(category).collect()
}

fn paired(reference: &[f64], current: &[f64]) -> Result<Vec<Category>, Error> {
    if reference.len() != current.len() {
        let message = format!("there are {} counts, but {} in `reference_counts`", current.len(), reference.len());
        return Err(Error::invalid("/current_counts", message));
    }
    for (path, counts) in [("/reference_counts", reference), ("/current_counts", current)] {
        if let Some(i) = counts.iter().position(|count| *count < 0.0) {
            return Err(Error::invalid(format!("{path}/{i}"), format!("`{}` is negative", counts[i])));
        }
    }
    let category = |(&reference, &current): (&f64, &f64)| Category { name: String::new(), reference, current };
    Ok(reference.iter().zip(current).map(category).collect())
}

/// The test of counts; categories that occur in neither sample say nothing and are left out of it.
pub(super) fn test(categories: Vec<Category>, correction: bool) -> Result<Output, Error> {
    let old: f64 = categories.iter().map(|category| category.reference).sum();
    let new: f64 = categories.iter().map(|category| category.current).sum();
    for (path, total) in [("/reference", old), ("/current", new)] {
        if total == 0.0 {
            return Err(Error::undefined(path, "the sample is empty").with_hint("give at least one value"));
        }
        if !total.is_finite() {
            return Err(Error::too_large(path, format!("the counts add up to more than {:e}", f64::MAX)));
        }
    }
    let occur: Vec<&Category> = categories.iter().filter(|c| c.reference + c.current > 0.0).collect();
    let df = occur.len() - 1;
    if df == 0 {
        return Err(Error::undefined("", "only one category occurs, so its share cannot change"));
    }
    let (mut statistic, mut small_expected) = (0.0, 0);
    for category in occur {
        let share = category.reference / (old + new) + category.current / (old + new);
        for (seen, total) in [(category.reference, old), (category.current, new)] {
            let expected = share * total;
            let mut apart = (seen - expected).abs();
            if correction && df == 1 {
                apart -= apart.min(0.5);
            }
            statistic += apart / expected * apart;
            small_expected += usize::from(expected < 5.0);
        }
    }
    if !statistic.is_finite() {
        return Err(Error::too_large("", format!("the statistic is beyond {:e}, the largest number", f64::MAX)));
    }
    // One of the table's two sides has length 2, so the largest possible statistic is the number of values.
    let cramers_v = (statistic / (old + new)).sqrt().min(1.0);
    Ok(Output { statistic, p_value: chi_square_above(statistic, df as f64), df, cramers_v, small_expected, categories })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(reference: &[f64], current: &[f64], correction: bool) -> Result<Output, Error> {
        test(paired(reference, current)?, correction)
    }

    #[test]
    fn by_hand() {
        // Expected 15 everywhere, each 5 off: 4 * 25 / 15; corrected 4 * 4.5² / 15.
        let plain = of(&[10.0, 20.0], &[20.0, 10.0], false).unwrap();
        assert!((plain.statistic - 100.0 / 15.0).abs() < 1e-12 && plain.df == 1);
        assert!((of(&[10.0, 20.0], &[20.0, 10.0], true).unwrap().statistic - 81.0 / 15.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_in_common_is_one() {
        let out = of(&[10.0, 0.0, 0.0], &[0.0, 5.0, 5.0], true).unwrap();
        assert!((out.cramers_v - 1.0).abs() < 1e-12);
    }

    #[test]
    fn categories_that_never_occur_do_not_count() {
        let (with, without) =
            (of(&[3.0, 0.0, 9.0, 4.0], &[5.0, 0.0, 2.0, 4.0], true), of(&[3.0, 9.0, 4.0], &[5.0, 2.0, 4.0], true));
        let (with, without) = (with.unwrap(), without.unwrap());
        assert_eq!((with.statistic, with.df), (without.statistic, without.df));
    }

    #[test]
    fn says_why_there_is_no_answer() {
        assert_eq!(of(&[0.0, 0.0], &[1.0, 1.0], true).unwrap_err().path, "/reference");
        assert!(of(&[4.0], &[2.0], true).is_err());
        assert_eq!(of(&[4.0, -1.0], &[2.0, 3.0], true).unwrap_err().path, "/reference_counts/1");
    }

    proptest! {
        #[test]
        fn order_and_sides_do_not_matter(counts in prop::collection::vec((1_u8..90, 1_u8..90), 3..8)) {
            let (a, b): (Vec<f64>, Vec<f64>) = counts.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            let (ra, rb): (Vec<f64>, Vec<f64>) = (a.iter().rev().copied().collect(), b.iter().rev().copied().collect());
            let one = of(&a, &b, true).unwrap().statistic;
            prop_assert!((one - of(&rb, &ra, true).unwrap().statistic).abs() < 1e-9 * (1.0 + one));
            prop_assert!(of(&a, &a, true).unwrap().p_value > 0.999_999);
        }
    }
}
