//! # Normalised discounted cumulative gain
//!
//! Every result brings a gain for its relevance, divided by `log2(rank + 1)`, because what stands further down is seen
//! less often. The sum over the first k results (DCG) is divided by that of the best possible order, so 1 is perfect.
//! The *linear* gain is the grade itself; the *exponential* one, `2^grade - 1`, insists on the very best results.
//!
//! Without any relevant result the best possible sum is 0, and so is the score.
//!
//! Cost: O(n log n) for n results.
//! References: K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002;
//! C. Burges et al., "Learning to rank using gradient descent", ICML 2005 (the exponential gain).

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, value::Vector};

/// Scores one ranking by normalised discounted cumulative gain (nDCG) from the relevance of its results. Use it when
/// results have grades and their order matters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The relevance of each result, in the order of the ranking: grades, gains, 0 or more, up to 1,000,000 of them.
    pub relevances_in_rank_order: Vector,
    /// How many of the first results count: cutoff, k; all when not given.
    #[serde(default)]
    pub k: Option<NonZeroUsize>,
    /// What a grade brings: exponential or linear; exponential when not given.
    #[serde(default)]
    pub gain: Gain,
    /// The relevances of everything that could have been found, to judge the ranking against; those of the ranking itself
    /// when not given.
    #[serde(default)]
    pub all_relevances: Option<Vector>,
}

/// What a grade brings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gain {
    /// `2^grade - 1`.
    #[default]
    Exponential,
    /// The grade itself.
    Linear,
}

/// The score.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The sum of discounted gains.
    pub dcg: f64,
    /// The same of the best possible order.
    pub ideal_dcg: f64,
    /// The first over the second, from 0 to 1; 0 when nothing is relevant.
    pub ndcg: f64,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "ndcg of relevances [3, 2, 3, 0, 1, 2] at k = 5",
    "normalised discounted cumulative gain for the ranking with grades 0, 2, 1, 3",
    "how good is the order of these results? relevance: 1 0 0 1, linear gain",
    "compute DCG and the ideal DCG of [2, 0, 1]",
];

/// The most results, and the largest grade of an exponential gain.
const LIMITS: (usize, f64) = (1_000_000, 500.0);

/// Scores the ranking.
///
/// # Errors
/// `invalid_arguments` for a negative relevance, `too_large` beyond 1,000,000 results, grade 500 of an exponential gain or
/// the largest number.
pub fn run(args: &Args) -> Result<Output, Error> {
    let relevances = &args.relevances_in_rank_order;
    check("/relevances_in_rank_order", relevances, args.gain)?;
    let mut ideal = relevances.to_vec();
    if let Some(all) = &args.all_relevances {
        check("/all_relevances", all, args.gain)?;
        ideal = all.to_vec();
    }
    ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    let k = args.k.map_or(usize::MAX, NonZeroUsize::get);
    let (dcg, ideal_dcg) = (dcg(relevances, k, args.gain), dcg(&ideal, k, args.gain));
    if !dcg.is_finite() || !ideal_dcg.is_finite() {
        let message = format!("the gains add up to more than {:e}, the largest number", f64::MAX);
        return Err(Error::too_large("/relevances_in_rank_order", message).with_hint("scale the relevances down"));
    }
    if dcg > ideal_dcg * (1.0 + 1e-9) {
        let message = "the ranking is better than the best order of `all_relevances`";
        return Err(Error::invalid("/all_relevances", message).with_hint("include the relevances of the ranking"));
    }
    Ok(Output { dcg, ideal_dcg, ndcg: if ideal_dcg > 0.0 { dcg / ideal_dcg } else { 0.0 } })
}

fn check(path: &str, relevances: &[f64], gain: Gain) -> Result<(), Error> {
    let (most, largest) = LIMITS;
    if relevances.len() > most {
        return Err(Error::too_large(path, format!("there are {} results, the limit is {most}", relevances.len())));
    }
    for (i, relevance) in relevances.iter().enumerate() {
        if *relevance < 0.0 {
            return Err(Error::invalid(format!("{path}/{i}"), format!("`{relevance}` is negative"))
                .with_hint("use 0 for what is not relevant"));
        }
        if gain == Gain::Exponential && *relevance > largest {
            let message = format!("grade `{relevance}` is above {largest}, the limit of an exponential gain");
            return Err(Error::too_large(format!("{path}/{i}"), message).with_hint("use a linear gain"));
        }
    }
    Ok(())
}

/// The sum of the discounted gains of the first `k` grades.
pub(super) fn dcg(grades: &[f64], k: usize, gain: Gain) -> f64 {
    let worth = |grade: f64| match gain {
        Gain::Exponential => grade.exp2() - 1.0,
        Gain::Linear => grade,
    };
    grades.iter().take(k).enumerate().map(|(i, grade)| worth(*grade) / ((i + 2) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn of(grades: &[f64], k: Option<usize>, gain: Gain) -> Result<Output, Error> {
        let k = k.and_then(NonZeroUsize::new);
        run(&Args { relevances_in_rank_order: Vector::new(grades.to_vec())?, k, gain, all_relevances: None })
    }

    #[test]
    fn the_paper_by_hand() {
        // 3 + 0 / log2(3) + 1 / 2, ideal 3 + 1 / log2(3).
        let out = of(&[3.0, 0.0, 1.0], None, Gain::Linear).unwrap();
        assert!((out.dcg - 3.5).abs() < 1e-15);
        assert!((out.ndcg - 3.5 / (3.0 + 1.0 / 3.0_f64.log2())).abs() < 1e-15);
        assert_eq!(of(&[3.0], None, Gain::Exponential).unwrap().dcg, 7.0);
    }

    #[test]
    fn nothing_relevant_scores_nothing() {
        assert_eq!(of(&[0.0, 0.0], None, Gain::Linear).unwrap().ndcg, 0.0);
    }

    #[test]
    fn what_was_not_found_lowers_the_score() {
        let args = |all: &[f64]| Args {
            relevances_in_rank_order: [1.0].try_into().unwrap(),
            k: None,
            gain: Gain::Linear,
            all_relevances: Vector::new(all.to_vec()).ok(),
        };
        assert!(run(&args(&[1.0, 1.0])).unwrap().ndcg < 1.0);
        assert_eq!(run(&args(&[0.5])).unwrap_err().path, "/all_relevances");
    }

    #[test]
    fn refuses_what_has_no_gain() {
        assert_eq!(of(&[1.0, -1.0], None, Gain::Linear).unwrap_err().path, "/relevances_in_rank_order/1");
        assert!(of(&[1e300], None, Gain::Exponential).is_err());
        assert!(of(&[f64::MAX, f64::MAX, f64::MAX], None, Gain::Linear).is_err());
    }

    proptest! {
        #[test]
        fn a_better_order_scores_better(grades in prop::collection::vec(0_u8..5, 2..10), i in 0_usize..9) {
            let grades: Vec<f64> = grades.iter().map(|grade| f64::from(*grade)).collect();
            let i = i % (grades.len() - 1);
            let mut swapped = grades.clone();
            swapped.swap(i, i + 1);
            let (one, two) = (of(&grades, None, Gain::Exponential).unwrap().ndcg, of(&swapped, None, Gain::Exponential).unwrap().ndcg);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&one));
            prop_assert_eq!(grades[i] >= grades[i + 1], one >= two - 1e-15);
        }
    }
}
