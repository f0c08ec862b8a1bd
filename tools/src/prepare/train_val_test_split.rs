//! # Training, validation, test
//!
//! Rows are set apart for three uses: to fit a model, to choose between models, and once, at the end, to say how good
//! the chosen one is. A row that serves two uses makes the figure better than the truth. With `stratify` each class is
//! cut by itself, so that a rare one is not missing from a part; with `groups` all rows of a group (a patient, a user)
//! stay together, because they resemble each other more than rows that are really new.
//!
//! Sizes are rounded by largest remainders, so each part is within one row of its share. Groups are dealt out by what
//! each part still lacks, the best of a few random orders.
//!
//! Cost: O(n).
//! References: T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd ed., 2009, §7.2;
//! M. L. Balinski, H. P. Young, *Fair Representation*, 1982 (largest remainders).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{by_label, check_rows, order};
use crate::{
    error::Error,
    random::Random,
    value::{Fraction, Seed},
};

/// Splits rows at random into training, validation and test parts; keeps class shares or groups if asked. Use it before
/// fitting anything, so that the model is judged on rows that it has not seen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// How many rows there are, up to a million.
    pub n: usize,
    /// The share of each part: two fractions for training and test, or three for training, validation and test; they
    /// must add up to 1. When not given 0.6, 0.2 and 0.2.
    #[serde(default = "usual")]
    pub fractions: Vec<Fraction>,
    /// The class of each row, needed for `stratify`: labels, targets.
    #[serde(default)]
    pub y: Option<Vec<usize>>,
    /// The group of each row, none of which is torn apart: patients, users, sessions.
    #[serde(default)]
    pub groups: Option<Vec<usize>>,
    /// Whether each part gets the same share of every class.
    #[serde(default)]
    pub stratify: bool,
    /// Whether to mix the rows first; otherwise the first rows go to training and the last to test. True when not given.
    #[serde(default = "yes")]
    pub shuffle: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn usual() -> Vec<Fraction> {
    [0.6, 0.2, 0.2].into_iter().filter_map(|share| Fraction::new(share).ok()).collect()
}

fn yes() -> bool {
    true
}

/// The parts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The rows of each part, counted from 0.
    pub indices: Indices,
    /// How many rows each part has, in the order of the fractions.
    pub sizes: Vec<usize>,
}

/// Which rows are for what.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Indices {
    /// Rows to fit a model to.
    pub train: Vec<usize>,
    /// Rows to choose between models; only where three fractions were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val: Option<Vec<usize>>,
    /// Rows to judge the chosen model on, once.
    pub test: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Split 100 rows into 60 % training, 20 % validation and 20 % test, seed 42",
    "train/test split of 50 samples, 80/20",
    "stratified split with labels 0, 0, 0, 1, 1, 1, 0, 1 into two halves",
    "split 1000 rows so that no patient is in two parts",
];

/// How far from 1 the fractions may add up to.
const ROUNDING: f64 = 1e-6;

/// Splits the rows.
///
/// # Errors
/// `invalid_arguments` if the fractions do not add up to 1, labels or groups are missing or do not fit, a class has one
/// row only, or a part would be empty; `too_large` above a million rows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check(args)?;
    let shares: Vec<f64> = args.fractions.iter().map(|share| share.get()).collect();
    let mut random = args.shuffle.then(|| Random::new(args.seed));
    let order = order(args.n, random.as_mut());
    let mut parts = match (&args.groups, &args.y) {
        (Some(groups), _) => whole_groups(&by_label(groups, &order), &shares, random.as_mut()),
        (None, Some(y)) if args.stratify => {
            let mut parts = class_by_class(&by_label(y, &order), &shares);
            // Rows come class after class; as they were mixed, or in their own order.
            parts.iter_mut().for_each(|part| match &mut random {
                Some(random) => random.shuffle(part),
                None => part.sort_unstable(),
            });
            parts
        }
        _ => cut(&order, &sizes(args.n, &shares)),
    };
    if let Some(empty) = parts.iter().zip(&shares).position(|(part, share)| part.is_empty() && *share > 0.0) {
        let message = format!("the part with the share {} would have no rows", shares[empty]);
        return Err(Error::invalid("/fractions", message).with_hint("use more rows or groups, or fewer parts"));
    }
    let sizes = parts.iter().map(Vec::len).collect();
    let test = parts.pop().unwrap_or_default();
    let val = if parts.len() > 1 { parts.pop() } else { None };
    let train = parts.pop().unwrap_or_default();
    Ok(Output { indices: Indices { train, val, test }, sizes })
}

fn check(args: &Args) -> Result<(), Error> {
    check_rows(args.n, [("y", args.y.as_ref()), ("groups", args.groups.as_ref())])?;
    if args.n == 0 {
        return Err(Error::invalid("/n", "there are no rows"));
    }
    if !(2..=3).contains(&args.fractions.len()) {
        let message = format!("there are {} fractions, not 2 or 3", args.fractions.len());
        return Err(Error::invalid("/fractions", message)
            .with_hint("give the shares of training and test, or of training, validation and test"));
    }
    let total: f64 = args.fractions.iter().map(|share| share.get()).sum();
    if (total - 1.0).abs() > ROUNDING {
        return Err(Error::invalid("/fractions", format!("the fractions add up to {total}, not to 1"))
            .with_hint("give shares that together make 1, as in `[0.6, 0.2, 0.2]`"));
    }
    if !args.stratify {
        return Ok(());
    }
    if args.groups.is_some() {
        return Err(Error::invalid("/groups", "groups are kept whole and classes are cut: both cannot be had at once")
            .with_hint("leave out `groups` or `stratify`"));
    }
    let Some(y) = &args.y else {
        return Err(Error::invalid("/y", "`stratify` needs the class of each row").with_hint("give `y`"));
    };
    let rows: Vec<usize> = (0..args.n).collect();
    match by_label(y, &rows).iter().find(|class| class.len() == 1) {
        Some(class) => {
            let message = format!("class {} has one row only, which cannot be shared out", y[class[0]]);
            Err(Error::invalid("/y", message).with_hint("leave the row out, or do not stratify"))
        }
        None => Ok(()),
    }
}

/// How many rows each part gets: the whole part of its share, and those left over by largest remainder. A part with a
/// share but no row takes one from the largest part.
fn sizes(n: usize, shares: &[f64]) -> Vec<usize> {
    let exact: Vec<f64> = shares.iter().map(|share| share * n as f64).collect();
    // A crumb up, so that 0.1 * 30 = 2.9999… is 3.
    let mut sizes: Vec<usize> = exact.iter().map(|exact| (exact + 1e-9).floor() as usize).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| (exact[b] - sizes[b] as f64).total_cmp(&(exact[a] - sizes[a] as f64)));
    let left = n.saturating_sub(sizes.iter().sum());
    order.iter().cycle().take(left).for_each(|&part| sizes[part] += 1);
    for part in 0..sizes.len() {
        let largest = (0..sizes.len()).max_by_key(|&other| sizes[other]).unwrap_or(part);
        if sizes[part] == 0 && shares[part] > 0.0 && sizes[largest] > 1 {
            sizes[part] += 1;
            sizes[largest] -= 1;
        }
    }
    sizes
}

/// Consecutive pieces of these sizes.
fn cut(order: &[usize], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut rest = order;
    let piece = |size: &usize| {
        let (piece, left) = rest.split_at((*size).min(rest.len()));
        rest = left;
        piece.to_vec()
    };
    sizes.iter().map(piece).collect()
}

/// Every class by itself: the whole part of each share, and what is left over to the parts that lack most so far.
fn class_by_class(classes: &[Vec<usize>], shares: &[f64]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); shares.len()];
    let mut seen = 0.0;
    for class in classes {
        seen += class.len() as f64;
        let mut sizes: Vec<usize> =
            shares.iter().map(|share| (share * class.len() as f64 + 1e-9).floor() as usize).collect();
        let lacks = |part: usize| shares[part] * seen - (parts[part].len() + sizes[part]) as f64;
        let mut order: Vec<usize> = (0..shares.len()).filter(|&part| shares[part] > 0.0).collect();
        order.sort_by(|&a, &b| lacks(b).total_cmp(&lacks(a)));
        let left = class.len().saturating_sub(sizes.iter().sum());
        order.iter().cycle().take(left).for_each(|&part| sizes[part] += 1);
        for (part, rows) in parts.iter_mut().zip(cut(class, &sizes)) {
            part.extend(rows);
        }
    }
    parts
}

/// Every group to the part that lacks most rows, for a few random orders of the groups; the one that comes closest to
/// the shares counts. The last groups go to parts that have none yet.
fn whole_groups(groups: &[Vec<usize>], shares: &[f64], random: Option<&mut Random>) -> Vec<Vec<usize>> {
    let n: usize = groups.iter().map(Vec::len).sum();
    let deal = |order: &[usize]| {
        let mut parts: Vec<Vec<usize>> = vec![Vec::new(); shares.len()];
        for (dealt, &group) in order.iter().enumerate() {
            let lacks = |part: usize| shares[part] * n as f64 - parts[part].len() as f64;
            let empty = |part: &usize| parts[*part].is_empty() && shares[*part] > 0.0;
            let last = order.len() - dealt <= (0..shares.len()).filter(empty).count();
            let open = (0..shares.len()).rev().filter(|part| !last || empty(part));
            let most = open.max_by(|&a, &b| lacks(a).total_cmp(&lacks(b))).unwrap_or(0);
            parts[most].extend(&groups[group]);
        }
        parts
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let Some(random) = random else { return deal(&order) };
    let off = |parts: &[Vec<usize>]| {
        let off = |(part, share): (&Vec<usize>, &f64)| {
            let empty = if part.is_empty() && *share > 0.0 { n as f64 } else { 0.0 };
            (part.len() as f64 - share * n as f64).abs() + empty
        };
        parts.iter().zip(shares).map(off).sum::<f64>()
    };
    let deals = (0..20).map(|_| {
        random.shuffle(&mut order);
        deal(&order)
    });
    deals.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(n: usize, shares: &[f64]) -> Args {
        let fractions = shares.iter().map(|share| Fraction::new(*share).unwrap()).collect();
        Args { n, fractions, y: None, groups: None, stratify: false, shuffle: true, seed: Seed::from(3) }
    }

    fn parts(args: &Args) -> Vec<Vec<usize>> {
        let Indices { train, val, test } = run(args).unwrap().indices;
        [Some(train), val, Some(test)].into_iter().flatten().collect()
    }

    #[test]
    fn by_hand() {
        let ordered = Args { shuffle: false, ..args(10, &[0.5, 0.3, 0.2]) };
        assert_eq!(parts(&ordered), [vec![0, 1, 2, 3, 4], vec![5, 6, 7], vec![8, 9]]);
        // 5, 2.5 and 2.5: the first of equal remainders gets the row.
        assert_eq!(run(&args(10, &[0.5, 0.25, 0.25])).unwrap().sizes, [5, 3, 2]);
        assert_eq!(run(&args(3, &[0.8, 0.1, 0.1])).unwrap().sizes, [1, 1, 1]);
        assert_ne!(parts(&args(30, &[0.5, 0.5]))[0], (0..15).collect::<Vec<_>>());
    }

    #[test]
    fn refuses_what_cannot_be_split() {
        assert_eq!(run(&args(10, &[0.6, 0.3, 0.3])).unwrap_err().path, "/fractions");
        assert_eq!(run(&args(1, &[0.5, 0.5])).unwrap_err().path, "/fractions");
        assert_eq!(run(&args(10, &[1.0])).unwrap_err().path, "/fractions");
        assert_eq!(run(&Args { stratify: true, ..args(4, &[0.5, 0.5]) }).unwrap_err().path, "/y");
        let single = Args { stratify: true, y: Some(vec![0, 0, 0, 1]), ..args(4, &[0.5, 0.5]) };
        assert_eq!(run(&single).unwrap_err().path, "/y");
        assert_eq!(run(&Args { groups: Some(vec![0; 4]), ..args(4, &[0.5, 0.5]) }).unwrap_err().path, "/fractions");
        assert_eq!(run(&args(2_000_000, &[0.5, 0.5])).unwrap_err().path, "/n");
    }

    #[test]
    fn a_large_group_leaves_some_for_every_part() {
        let y = vec![3, 0, 3, 1, 1, 1, 1, 1, 1, 1, 0, 2, 1, 2];
        let groups = Args { groups: Some(y), shuffle: false, ..args(14, &[0.5, 0.3, 0.2]) };
        assert_eq!(run(&groups).unwrap().sizes, [4, 8, 2]);
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_part(
            y in prop::collection::vec(0_usize..4, 12..90), stratify: bool, grouped: bool, shuffle: bool, seed: u64,
        ) {
            let n = y.len();
            let class = |c: usize| y.iter().filter(|y| **y == c).count();
            prop_assume!((0..4).all(|c| class(c) > 1));
            let shares = [0.5, 0.3, 0.2];
            let args = Args { shuffle, seed: Seed::from(seed), y: Some(y.clone()), ..args(n, &shares) };
            let parts = if grouped {
                parts(&Args { groups: Some(y.clone()), ..args })
            } else {
                parts(&Args { stratify, ..args })
            };
            let mut all: Vec<usize> = parts.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..n).collect::<Vec<_>>());
            for (part, share) in parts.iter().zip(shares) {
                if grouped {
                    let others: Vec<usize> = (0..n).filter(|i| !part.contains(i)).collect();
                    prop_assert!(part.iter().all(|&i| others.iter().all(|&j| y[i] != y[j])));
                } else {
                    prop_assert!((part.len() as f64 - share * n as f64).abs() <= 2.0);
                }
                for c in (0..4).filter(|_| stratify && !grouped) {
                    let here = part.iter().filter(|&&i| y[i] == c).count();
                    prop_assert!((here as f64 - share * class(c) as f64).abs() <= 1.0 + 1e-9);
                }
            }
        }
    }
}
