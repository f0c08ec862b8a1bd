//! # Disparate impact
//!
//! How often the others are selected, divided by how often the privileged group is. The *four-fifths rule* of the US
//! guidelines on employee selection takes a ratio below 0.8 as evidence of adverse impact. With more than two groups all
//! the others are taken together, and each one's own ratio is given beside it.
//!
//! A ratio says nothing about how certain it is: with few people it may be chance. The p-value is that of the chi-square
//! test of the two selection rates, without continuity correction.
//!
//! Cost: O(n log g) for n rows in g groups.
//! References: Equal Employment Opportunity Commission, "Uniform guidelines on employee selection procedures", 29 CFR
//! §1607.4(D), 1978; M. Feldman et al., "Certifying and removing disparate impact", KDD 2015.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{decisions, few_groups};
use crate::{error::Error, special_tails::chi_square_above, value::Label};

/// Compares how often a privileged group and the others are selected: the disparate impact ratio and the four-fifths
/// (80 %) rule. Use it to check hiring, lending or admission decisions for adverse impact when the true outcome is not
/// known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The decisions, 0 or 1 (selected) for each row: predictions, outcomes. Up to 1,000,000 rows.
    pub y_pred: Vec<i64>,
    /// The group of each row: sensitive feature, protected attribute. Up to 1000 different ones.
    pub group: Vec<Label>,
    /// The group that the others are compared with: privileged, reference, majority.
    pub privileged: Label,
}

/// The ratio and what it means.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The selection rate of the others over that of the privileged group: 1 is equal, below 0.8 fails the rule.
    pub disparate_impact: f64,
    /// The same two rates, the first less the second: 0 is equal, negative is against the others.
    pub statistical_parity_difference: f64,
    /// Whether the ratio is at least four fifths.
    pub passes_four_fifths: bool,
    /// How likely rates at least as far apart are by chance alone (chi-square, one degree of freedom).
    pub p_value: f64,
    /// Each group with its own rate and ratio, by name.
    pub by_group: BTreeMap<String, Selection>,
}

/// How often a group is selected.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Selection {
    /// How many rows the group has.
    pub count: usize,
    /// How many of them were selected.
    pub selected: usize,
    /// The share of them that was.
    pub selection_rate: f64,
    /// That share over the privileged group's.
    pub ratio: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "disparate impact of decisions [1,0,1,1,0,0] for groups [\"m\",\"m\",\"m\",\"f\",\"f\",\"f\"], privileged m",
    "does this hiring process pass the four-fifths rule?",
    "80 percent rule: were older applicants accepted less often than younger ones?",
    "adverse impact ratio against the majority group",
];

/// Compares the rates.
///
/// # Errors
/// `invalid_arguments` when a decision is neither 0 nor 1, the lists differ in length, or the privileged group is not among
/// the groups or is the only one; `undefined` when nobody of it was selected; `too_large` beyond 1,000,000 rows or 1000
/// groups.
pub fn run(args: &Args) -> Result<Output, Error> {
    decisions("/y_pred", &args.y_pred, args.group.len())?;
    let mut counts: BTreeMap<&Label, (usize, usize)> = BTreeMap::new();
    for (decision, group) in args.y_pred.iter().zip(&args.group) {
        let (count, selected) = counts.entry(group).or_default();
        *count += 1;
        *selected += usize::from(*decision == 1);
    }
    few_groups(counts.len())?;
    let Some(&privileged) = counts.get(&args.privileged) else {
        let names: Vec<String> = counts.keys().take(5).map(|label| format!("`{label}`")).collect();
        return Err(Error::invalid("/privileged", format!("no row belongs to group `{}`", args.privileged))
            .with_hint(format!("the groups are {}", names.join(", "))));
    };
    let others = counts.iter().filter(|(label, _)| **label != &args.privileged);
    let others = others.fold((0, 0), |sum, (_, (count, selected))| (sum.0 + count, sum.1 + selected));
    if others.0 == 0 {
        return Err(Error::invalid("/group", format!("every row belongs to group `{}`", args.privileged))
            .with_hint("give rows of another group too"));
    }
    if privileged.1 == 0 {
        let message = format!("nobody of group `{}` was selected, so there is no ratio", args.privileged);
        return Err(Error::undefined("/y_pred", message));
    }
    let rate = |(count, selected): (usize, usize)| selected as f64 / count as f64;
    let disparate_impact = rate(others) / rate(privileged);
    let by_group = counts.into_iter().map(|(label, (count, selected))| {
        let selection_rate = rate((count, selected));
        (label.to_string(), Selection { count, selected, selection_rate, ratio: selection_rate / rate(privileged) })
    });
    Ok(Output {
        disparate_impact,
        statistical_parity_difference: rate(others) - rate(privileged),
        passes_four_fifths: disparate_impact >= 0.8,
        p_value: chance(others, privileged),
        by_group: by_group.collect(),
    })
}

/// The chi-square test of two rates, given as members and selected.
fn chance(a: (usize, usize), b: (usize, usize)) -> f64 {
    let (n, selected) = ((a.0 + b.0) as f64, (a.1 + b.1) as f64);
    let crossed = a.1 as f64 * (b.0 - b.1) as f64 - b.1 as f64 * (a.0 - a.1) as f64;
    let sides = a.0 as f64 * b.0 as f64 * selected * (n - selected);
    if sides == 0.0 { 1.0 } else { chi_square_above(n * crossed * crossed / sides, 1.0) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &[(i64, i64)], privileged: i64) -> Result<Output, Error> {
        let (y_pred, group) = rows.iter().map(|(decision, group)| (*decision, Label::from(*group))).unzip();
        run(&Args { y_pred, group, privileged: Label::from(privileged) })
    }

    #[test]
    fn the_guidelines_own_example() {
        // Source: EEOC, questions and answers on the uniform guidelines, no. 18: 48 of 80 and 12 of 40 are hired, so the
        // ratio is 30 / 60.
        let rows: Vec<(i64, i64)> =
            (0..80).map(|i| (i64::from(i < 48), 1)).chain((0..40).map(|i| (i64::from(i < 12), 2))).collect();
        let out = of(&rows, 1).unwrap();
        assert!((out.disparate_impact - 0.5).abs() < 1e-15 && !out.passes_four_fifths);
        // By hand: 120 (12 * 32 - 48 * 28)² / (80 * 40 * 60 * 60) = 9.6.
        assert!((out.p_value - chi_square_above(9.6, 1.0)).abs() < 1e-15);
        assert_eq!(out.by_group["2"].selected, 12);
    }

    #[test]
    fn says_what_cannot_be_compared() {
        assert_eq!(of(&[(1, 1), (0, 2)], 3).unwrap_err().path, "/privileged");
        assert_eq!(of(&[(1, 1), (0, 1)], 1).unwrap_err().path, "/group");
        assert_eq!(
            of(&[(0, 1), (1, 2)], 1).unwrap_err().message,
            "nobody of group `1` was selected, so there is no ratio"
        );
    }

    proptest! {
        #[test]
        fn ratio_and_difference_point_the_same_way(rows in prop::collection::vec((0_i64..2, 0_i64..3), 2..60)) {
            if let Ok(out) = of(&rows, 0) {
                prop_assert_eq!(out.disparate_impact < 1.0, out.statistical_parity_difference < 0.0);
                prop_assert!((0.0..=1.0).contains(&out.p_value) && out.by_group["0"].ratio == 1.0);
            }
        }
    }
}
