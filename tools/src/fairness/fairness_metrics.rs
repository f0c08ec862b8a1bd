//! # Group fairness
//!
//! A model's decisions, looked at group by group. *Demographic parity* asks whether every group is selected equally
//! often, *equal opportunity* whether those who deserve it are (equal true-positive rates), *equalised odds* whether
//! errors of both kinds are equally frequent. Each is a difference (largest less smallest, 0 is fair) and a ratio
//! (smallest over largest, 1 is fair). Where groups differ in how often the outcome is truly positive, they cannot all
//! hold at once, unless the model is perfect.
//!
//! A rate without a denominator (nobody in the group is truly positive) is null, and the group stays out of the
//! comparison of that rate; a ratio of two zeros counts as equal.
//!
//! Cost: O(n log g) for n rows in g groups.
//! References: M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NIPS 2016; J. Kleinberg,
//! S. Mullainathan, M. Raghavan, "Inherent trade-offs in the fair determination of risk scores", ITCS 2017.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{decisions, few_groups, share};
use crate::{error::Error, value::Label};

/// Compares a classifier's selection and error rates between groups: demographic parity, equalised odds, equal
/// opportunity. Use it to find bias against a group of people in decisions whose true outcome is known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// What was true, 0 or 1 for each row: labels, outcomes. Up to 1,000,000 rows.
    pub y_true: Vec<i64>,
    /// What the model decided, 0 or 1 for each row: predictions, decisions.
    pub y_pred: Vec<i64>,
    /// The group of each row: sensitive feature, protected attribute. Up to 1000 different ones.
    pub group: Vec<Label>,
}

/// The rates and how far they are apart.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The rates of each group, by its name.
    pub by_group: BTreeMap<String, Rates>,
    /// Largest less smallest selection rate: 0 is fair.
    pub demographic_parity_difference: f64,
    /// Smallest over largest selection rate: 1 is fair, and below 0.8 is often called unfair.
    pub demographic_parity_ratio: f64,
    /// The larger of the differences of true-positive and false-positive rates: 0 is fair.
    pub equalized_odds_difference: f64,
    /// The smaller of the ratios of true-positive and false-positive rates: 1 is fair.
    pub equalized_odds_ratio: f64,
    /// Largest less smallest true-positive rate: 0 is fair.
    pub equal_opportunity_difference: f64,
    /// Largest less smallest accuracy.
    pub accuracy_difference: f64,
    /// What to know before trusting these numbers: rates that do not exist, groups with few members.
    pub warnings: Vec<String>,
}

/// The rates of one group.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Rates {
    /// How many rows the group has.
    pub count: usize,
    /// The share of the group that was selected (decided 1).
    pub selection_rate: f64,
    /// The share of the truly positive that was selected; null when there are none.
    pub true_positive_rate: Option<f64>,
    /// The share of the truly negative that was selected; null when there are none.
    pub false_positive_rate: Option<f64>,
    /// The share of the selected that was truly positive; null when nobody was selected.
    pub precision: Option<f64>,
    /// The share of right decisions.
    pub accuracy: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "fairness metrics for y_true [1,0,1,0], y_pred [1,0,0,0] and group [\"a\",\"a\",\"b\",\"b\"]",
    "is my model biased against women? compare the error rates by gender",
    "demographic parity and equalized odds of these loan decisions",
    "equal opportunity difference between the groups",
];

/// Compares the groups.
///
/// # Errors
/// `invalid_arguments` when a label is neither 0 nor 1, the lists differ in length or there are no rows, `too_large`
/// beyond 1,000,000 rows or 1000 groups.
pub fn run(args: &Args) -> Result<Output, Error> {
    decisions("/y_true", &args.y_true, args.group.len())?;
    decisions("/y_pred", &args.y_pred, args.group.len())?;
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for ((truth, decision), group) in args.y_true.iter().zip(&args.y_pred).zip(&args.group) {
        let table = tables.entry(group.to_string()).or_default();
        let cell = match (truth, decision) {
            (1, 1) => &mut table.true_positive,
            (1, _) => &mut table.false_negative,
            (_, 1) => &mut table.false_positive,
            _ => &mut table.true_negative,
        };
        *cell += 1;
    }
    few_groups(tables.len())?;
    let by_group: BTreeMap<String, Rates> = tables.into_iter().map(|(group, table)| (group, table.rates())).collect();
    let spread_of = |rate: fn(&Rates) -> Option<f64>| Spread::new(by_group.values().filter_map(rate));
    let selection = spread_of(|rates| Some(rates.selection_rate));
    let (hits, alarms) = (spread_of(|rates| rates.true_positive_rate), spread_of(|rates| rates.false_positive_rate));
    Ok(Output {
        demographic_parity_difference: selection.difference,
        demographic_parity_ratio: selection.ratio,
        equalized_odds_difference: hits.difference.max(alarms.difference),
        equalized_odds_ratio: hits.ratio.min(alarms.ratio),
        equal_opportunity_difference: hits.difference,
        accuracy_difference: spread_of(|rates| Some(rates.accuracy)).difference,
        warnings: warnings(&by_group),
        by_group,
    })
}

/// How often each pair of truth and decision occurred.
#[derive(Debug, Clone, Copy, Default)]
struct Table {
    true_positive: usize,
    false_negative: usize,
    false_positive: usize,
    true_negative: usize,
}

impl Table {
    fn rates(self) -> Rates {
        let (positive, negative) = (self.true_positive + self.false_negative, self.false_positive + self.true_negative);
        let (count, selected) = (positive + negative, self.true_positive + self.false_positive);
        Rates {
            count,
            selection_rate: selected as f64 / count as f64,
            true_positive_rate: share(self.true_positive, positive),
            false_positive_rate: share(self.false_positive, negative),
            precision: share(self.true_positive, selected),
            accuracy: (self.true_positive + self.true_negative) as f64 / count as f64,
        }
    }
}

/// How far the groups' rates are apart.
struct Spread {
    difference: f64,
    ratio: f64,
}

impl Spread {
    /// Without any rate there is nothing to tell apart.
    fn new(rates: impl Iterator<Item = f64>) -> Self {
        let (low, high) = rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        if low > high {
            return Spread { difference: 0.0, ratio: 1.0 };
        }
        Spread { difference: high - low, ratio: if high == 0.0 { 1.0 } else { low / high } }
    }
}

/// Fewer members than this, and a rate is mostly chance.
const FEW: usize = 10;

fn warnings(by_group: &BTreeMap<String, Rates>) -> Vec<String> {
    let mut warnings = Vec::new();
    if by_group.len() == 1 {
        warnings.push("there is only one group, so there is nothing to compare".to_owned());
    }
    for (group, rates) in by_group {
        if rates.true_positive_rate.is_none() {
            warnings.push(format!("group `{group}` has no truly positive rows, so no true-positive rate"));
        }
        if rates.false_positive_rate.is_none() {
            warnings.push(format!("group `{group}` has no truly negative rows, so no false-positive rate"));
        }
        if rates.count < FEW {
            warnings.push(format!("group `{group}` has only {} rows", rates.count));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &[(i64, i64, &str)]) -> Result<Output, Error> {
        run(&Args {
            y_true: rows.iter().map(|row| row.0).collect(),
            y_pred: rows.iter().map(|row| row.1).collect(),
            group: rows.iter().map(|row| Label::from(row.2)).collect(),
        })
    }

    #[test]
    fn by_hand() {
        // a: one of two selected, and rightly; b: nobody, though one deserved it.
        let out = of(&[(1, 1, "a"), (0, 0, "a"), (1, 0, "b"), (0, 0, "b")]).unwrap();
        assert_eq!((out.demographic_parity_difference, out.demographic_parity_ratio), (0.5, 0.0));
        assert_eq!((out.equal_opportunity_difference, out.equalized_odds_difference), (1.0, 1.0));
        assert_eq!((out.by_group["a"].accuracy, out.by_group["b"].accuracy), (1.0, 0.5));
        assert_eq!(out.by_group["b"].precision, None);
    }

    #[test]
    fn a_rate_that_does_not_exist_is_not_compared() {
        let out = of(&[(1, 1, "a"), (0, 0, "a"), (0, 0, "b"), (0, 1, "b")]).unwrap();
        assert_eq!(out.by_group["b"].true_positive_rate, None);
        assert_eq!(out.equal_opportunity_difference, 0.0);
        assert!(out.warnings.iter().any(|warning| warning.contains("no truly positive")));
    }

    #[test]
    fn nobody_selected_anywhere_is_equal() {
        assert_eq!(of(&[(1, 0, "a"), (0, 0, "b")]).unwrap().demographic_parity_ratio, 1.0);
    }

    #[test]
    fn refuses_rows_that_do_not_fit() {
        assert_eq!(of(&[]).unwrap_err().path, "/y_true");
        assert_eq!(of(&[(1, 1, "a"), (1, 2, "b")]).unwrap_err().path, "/y_pred/1");
        let short = Args { y_true: vec![1, 0], y_pred: vec![1], group: vec![Label::from(1), Label::from(2)] };
        assert_eq!(run(&short).unwrap_err().path, "/y_pred");
    }

    proptest! {
        #[test]
        fn bounded_and_fair_to_equals(rows in prop::collection::vec((0_i64..2, 0_i64..2, 0_usize..3), 1..40)) {
            let names = ["a", "b", "c"];
            let rows: Vec<(i64, i64, &str)> = rows.into_iter().map(|(t, p, g)| (t, p, names[g])).collect();
            let out = of(&rows).unwrap();
            for value in [out.demographic_parity_difference, out.demographic_parity_ratio, out.equalized_odds_difference, out.equalized_odds_ratio] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            prop_assert!(out.equal_opportunity_difference <= out.equalized_odds_difference);
            // Two copies of the same group are treated alike.
            let twins: Vec<(i64, i64, &str)> = rows.iter().flat_map(|(t, p, _)| [(*t, *p, "x"), (*t, *p, "y")]).collect();
            let twins = of(&twins).unwrap();
            prop_assert_eq!((twins.demographic_parity_difference, twins.equalized_odds_difference), (0.0, 0.0));
        }
    }
}
