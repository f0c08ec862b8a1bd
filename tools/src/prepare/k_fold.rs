//! # k folds
//!
//! Cross-validation cuts the rows into k parts and fits k times, each time leaving one part out to test on, so that
//! every row is tested on once by a model that has not seen it. The mean of the k scores is steadier than that of one
//! split, and their spread says how steady. Stratified folds hold every class in equal shares; with groups, all rows of
//! a group are in one fold.
//!
//! Cost: O(n log n).
//! References: M. Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36(2), 1974;
//! R. Kohavi, "A study of cross-validation and bootstrap", IJCAI 1995. Rows go to folds as in scikit-learn's `KFold`,
//! `StratifiedKFold` and `GroupKFold`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{by_label, check_rows, order};
use crate::{error::Error, random::Random, value::Seed};

/// Cuts rows into k folds for cross-validation: each fold is the test set once. Use it to judge a model when there are
/// too few rows to set some apart for good.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// How many rows there are, up to a million.
    pub n: usize,
    /// How many folds: from 2 to the number of rows; 5 when not given.
    #[serde(default = "five")]
    pub k: usize,
    /// Whether to mix the rows first.
    #[serde(default)]
    pub shuffle: bool,
    /// Whether each fold gets the same share of every class.
    #[serde(default)]
    pub stratify: bool,
    /// The class of each row, needed for `stratify`: labels, targets.
    #[serde(default)]
    pub y: Option<Vec<usize>>,
    /// The group of each row, none of which is torn apart: patients, users, sessions.
    #[serde(default)]
    pub groups: Option<Vec<usize>>,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn five() -> usize {
    5
}

/// The folds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The rows of each fold, counted from 0 and in order: test on them and train on all others.
    pub test_folds: Vec<Vec<usize>>,
    /// How many rows each fold has.
    pub sizes: Vec<usize>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "5-fold cross-validation indices for 20 rows",
    "cut 10 samples into 3 folds",
    "stratified 4-fold split for the labels 0, 1, 0, 1, 0, 1, 0, 1, 1, 0",
    "10 folds of 150 shuffled rows, seed 1",
];

/// Cuts the rows.
///
/// # Errors
/// `invalid_arguments` if there are fewer rows (or groups, or rows of the largest class) than folds, or labels or groups
/// do not fit; `too_large` above a million rows.
pub fn run(args: &Args) -> Result<Output, Error> {
    check_rows(args.n, [("y", args.y.as_ref()), ("groups", args.groups.as_ref())])?;
    let mut random = args.shuffle.then(|| Random::new(args.seed));
    if !(2..=args.n).contains(&args.k) {
        return Err(Error::invalid("/k", format!("`k` is {}, but there are {} rows", args.k, args.n))
            .with_hint("use `k` from 2 to the number of rows"));
    }
    let fold_of = match (&args.groups, &args.y) {
        (Some(_), _) if args.stratify => {
            let message = "groups are kept whole and classes are cut: both cannot be had at once";
            return Err(Error::invalid("/groups", message).with_hint("leave out `groups` or `stratify`"));
        }
        (Some(groups), _) => whole_groups(groups, args.k, random.as_mut())?,
        (None, Some(y)) if args.stratify => stratified(y, args.k, random.as_mut())?,
        (None, None) if args.stratify => {
            return Err(Error::invalid("/y", "`stratify` needs the class of each row").with_hint("give `y`"));
        }
        _ => consecutive(&order(args.n, random.as_mut()), args.k),
    };
    let mut test_folds = vec![Vec::new(); args.k];
    fold_of.iter().enumerate().for_each(|(row, &fold)| test_folds[fold].push(row));
    Ok(Output { sizes: test_folds.iter().map(Vec::len).collect(), test_folds })
}

/// The fold of each row: rows that follow each other in `order`, the first folds one row larger where k does not divide
/// their number.
pub(crate) fn consecutive(order: &[usize], k: usize) -> Vec<usize> {
    let mut fold_of = vec![0; order.len()];
    let (size, larger) = (order.len() / k, order.len() % k);
    for (i, row) in order.iter().enumerate() {
        let in_larger = larger * (size + 1);
        fold_of[*row] = if i < in_larger { i / (size + 1) } else { larger + (i - in_larger) / size };
    }
    fold_of
}

/// The fold of each row, each class dealt evenly ([`dealt`]).
///
/// # Errors
/// `invalid_arguments` if every class has fewer rows than there are folds.
pub(crate) fn stratified(y: &[usize], k: usize, random: Option<&mut Random>) -> Result<Vec<usize>, Error> {
    let rows: Vec<usize> = (0..y.len()).collect();
    let classes = by_label(y, &rows);
    let largest = classes.iter().map(Vec::len).max().unwrap_or(0);
    if largest < k {
        return Err(Error::invalid("/k", format!("`k` is {k}, but no class has more than {largest} rows"))
            .with_hint("use fewer folds"));
    }
    Ok(dealt(&classes, k, random))
}

/// The fold of each row, given the rows of each class: with all rows sorted by class, every k-th one counts for the same
/// fold, which says how many rows of each class a fold gets; within a class the first rows go to the first fold, unless
/// they are mixed.
pub(crate) fn dealt(classes: &[Vec<usize>], k: usize, mut random: Option<&mut Random>) -> Vec<usize> {
    let mut fold_of = vec![0; classes.iter().map(Vec::len).sum()];
    let mut start = 0;
    for class in classes {
        let mut folds: Vec<usize> = (start..start + class.len()).map(|place| place % k).collect();
        folds.sort_unstable();
        if let Some(random) = random.as_deref_mut() {
            random.shuffle(&mut folds);
        }
        class.iter().zip(folds).for_each(|(&row, fold)| fold_of[row] = fold);
        start += class.len();
    }
    fold_of
}

/// The fold of each row: the largest groups first, each to the fold with the fewest rows.
fn whole_groups(groups: &[usize], k: usize, random: Option<&mut Random>) -> Result<Vec<usize>, Error> {
    let mut members = by_label(groups, &order(groups.len(), random));
    if members.len() < k {
        return Err(Error::invalid("/k", format!("`k` is {k}, but there are only {} groups", members.len()))
            .with_hint("use fewer folds"));
    }
    members.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut sizes = vec![0; k];
    let mut fold_of = vec![0; groups.len()];
    for group in members {
        let lightest = (0..k).min_by_key(|&fold| sizes[fold]).unwrap_or(0);
        sizes[lightest] += group.len();
        group.into_iter().for_each(|row| fold_of[row] = lightest);
    }
    Ok(fold_of)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn args(n: usize, k: usize) -> Args {
        Args { n, k, shuffle: false, stratify: false, y: None, groups: None, seed: Seed::from(5) }
    }

    #[test]
    fn by_hand() {
        assert_eq!(run(&args(7, 3)).unwrap().test_folds, [vec![0, 1, 2], vec![3, 4], vec![5, 6]]);
        // Sorted by class: 0 0 0 0 1 1; every second one counts for fold 0, so both folds get two 0 and one 1.
        let y = Some(vec![0, 1, 0, 0, 1, 0]);
        let out = run(&Args { stratify: true, y, ..args(6, 2) }).unwrap();
        assert_eq!(out.test_folds, [vec![0, 1, 2], vec![3, 4, 5]]);
        let groups = Some(vec![4, 4, 4, 1, 1, 2]);
        assert_eq!(run(&Args { groups, ..args(6, 2) }).unwrap().test_folds, [vec![0, 1, 2], vec![3, 4, 5]]);
    }

    #[test]
    fn refuses_what_cannot_be_cut() {
        assert_eq!(run(&args(3, 5)).unwrap_err().path, "/k");
        assert_eq!(run(&args(3, 1)).unwrap_err().path, "/k");
        assert_eq!(run(&Args { stratify: true, ..args(3, 2) }).unwrap_err().path, "/y");
        assert_eq!(run(&Args { y: Some(vec![1]), ..args(3, 2) }).unwrap_err().path, "/y");
        let rare = Args { stratify: true, y: Some(vec![0, 0, 1, 1]), ..args(4, 3) };
        assert_eq!(run(&rare).unwrap_err().path, "/k");
        assert_eq!(run(&Args { groups: Some(vec![0, 0, 1]), ..args(3, 3) }).unwrap_err().path, "/k");
    }

    proptest! {
        #[test]
        fn every_row_is_tested_once(
            y in prop::collection::vec(0_usize..3, 12..60), k in 2_usize..5, shuffle: bool, stratify: bool, seed: u64,
        ) {
            let class = |c: usize| y.iter().filter(|y| **y == c).count();
            let args = Args { shuffle, stratify, y: Some(y.clone()), seed: Seed::from(seed), ..args(y.len(), k) };
            let Ok(out) = run(&args) else { return Ok(()) };
            let mut all: Vec<usize> = out.test_folds.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..y.len()).collect::<Vec<_>>());
            prop_assert!(out.sizes.iter().all(|size| size.abs_diff(y.len() / k) <= 1));
            for c in (0..3).filter(|_| stratify) {
                for fold in &out.test_folds {
                    let here = fold.iter().filter(|&&i| y[i] == c).count();
                    prop_assert!((here as f64 - class(c) as f64 / k as f64).abs() <= 1.0);
                }
            }
        }
    }
}
