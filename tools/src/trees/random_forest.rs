//! # Random forest
//!
//! Grows many trees, each on as many rows as there are, drawn with replacement, and each node split by the best of a few
//! columns drawn at random; then lets them all speak and takes the mean. Single trees are fickle, but their mistakes are
//! not the same ones: the mean keeps what they agree on. The third or so of the rows that a tree has not drawn ("out of
//! bag") test it for free.
//!
//! Columns are cut into at most 256 bins first, by value where there are few values and by rank where there are many: a
//! fully grown forest cannot tell the difference, and sums by bin replace sorting.
//!
//! Cost: O(trees · n · log n · max_features). References: L. Breiman, "Random forests", Machine Learning 45, 2001;
//! L. Breiman, "Bagging predictors", Machine Learning 24, 1996 (out-of-bag, section 6 of the first).

use std::num::NonZeroUsize;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::target::{Criterion, Predictions, Target, Task};
use super::{
    bagged::{Bagged, Growth, Table, grow},
    columns::Binned,
    forest_objective::{Classes, Objective, Squares, TwoClasses},
    scoring::sum_of_leaves,
    target::{Read, check, check_test, most_probable},
    tree::{Tree, normalized},
};
use crate::{
    error::Error,
    random::Random,
    value::{Matrix, Seed, Vector},
};

/// Grows a random forest: many decision trees on random parts of the table, whose answers are averaged. Use it to predict
/// classes or numbers from a table without tuning anything, and to see which columns matter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The examples to learn from: training rows, features, one row an example.
    pub X: Matrix,
    /// The target of each row: labels, classes, outcomes. For classification whole numbers from 0 to 255.
    pub y: Vector,
    /// The rows to predict, with the same columns; none when not given.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// What to learn: `classification` of labels (when not given) or `regression` of numbers.
    #[serde(default)]
    pub task: Task,
    /// How many trees: estimators, size of the forest, up to 10,000; 100 when not given.
    #[serde(default = "hundred")]
    pub n_trees: NonZeroUsize,
    /// How many columns to draw at each node: `sqrt` of their number, `log2` of it, `all`, or a number of columns. When
    /// not given `sqrt` for classification and `all` for regression.
    #[serde(default)]
    pub max_features: Option<MaxFeatures>,
    /// How impurity is measured for classes: `gini` (when not given) or `entropy`.
    #[serde(default)]
    pub criterion: Criterion,
    /// The most questions in a row: depth, levels; no limit when not given.
    #[serde(default)]
    pub max_depth: Option<NonZeroUsize>,
    /// The fewest draws of rows in a leaf; 1 when not given.
    #[serde(default = "one")]
    pub min_samples_leaf: NonZeroUsize,
    /// Whether each tree draws its rows with replacement: bagging, bootstrap; true when not given.
    #[serde(default = "yes")]
    pub bootstrap: bool,
    /// Whether to score each row by the trees that have not drawn it: out-of-bag score. False when not given; needs
    /// `bootstrap`.
    #[serde(default)]
    pub oob: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

/// How many columns a node may choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MaxFeatures {
    /// By a rule.
    Rule(FeatureRule),
    /// As many; no more than there are.
    Count(NonZeroUsize),
}

/// A number of columns that depends on how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeatureRule {
    /// Their square root.
    Sqrt,
    /// Their logarithm to base 2.
    Log2,
    /// All of them.
    All,
}

impl MaxFeatures {
    /// The number for a table with so many columns: at least one.
    fn of(self, columns: usize) -> usize {
        let number = match self {
            MaxFeatures::Rule(FeatureRule::Sqrt) => columns.isqrt(),
            MaxFeatures::Rule(FeatureRule::Log2) => columns.ilog2() as usize,
            MaxFeatures::Rule(FeatureRule::All) => columns,
            MaxFeatures::Count(count) => count.get(),
        };
        number.clamp(1, columns)
    }
}

fn hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("not zero") }
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

fn yes() -> bool {
    true
}

/// What the forest says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// What it says of each row of `X_test`: labels or numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Predictions>,
    /// For classification, the mean over the trees of the class shares for each row of `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<Vec<f64>>>,
    /// If asked for: how well trees predict rows that they have not seen, as accuracy or R²; missing if every tree has
    /// seen every row, or R² is not defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oob_score: Option<f64>,
    /// How much of the fall in impurity each column brought about: shares with sum 1, the mean over the trees.
    pub feature_importances: Vec<f64>,
    /// For classification, the share of training rows that it gets right; out-of-bag scores are more honest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// For regression, the mean squared error on the training rows; out-of-bag scores are more honest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_mse: Option<f64>,
    /// How many leaves a tree has on average.
    pub mean_leaves: f64,
    /// How many questions the longest path of any tree asks.
    pub depth: usize,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Train a random forest with 200 trees on [[5.1,3.5],[4.9,3.0],[6.7,3.1],[6.3,2.5]], labels [0,0,1,1]",
    "random forest regression of y = [1.2, 3.1, 2.9, 4.8] on X = [[1],[3],[3],[5]], predict [[4]]",
    "which columns matter most according to a forest of trees?",
    "what is the out-of-bag score of a random forest on this data?",
    "classify these rows with bagged trees, sqrt features at each split",
];

/// The most trees, and the most work: trees times values.
const LIMITS: (usize, usize) = (10_000, 2_000_000_000);

/// Grows the forest and predicts.
///
/// # Errors
/// `invalid_arguments` if the targets do not fit the rows or the task, the test rows have other columns, or an out-of-bag
/// score is asked for without draws; `too_large` beyond 10,000 trees, 256 classes, or 2e9 values in all trees.
pub fn run(args: &Args) -> Result<Output, Error> {
    let read = Read::new(args.task, &args.y, args.X.rows())?;
    check_test(&args.X, args.X_test.as_ref())?;
    let (most_trees, most_work) = LIMITS;
    if args.n_trees.get() > most_trees {
        return Err(Error::too_large("/n_trees", format!("`n_trees` is {}, the limit is {most_trees}", args.n_trees)));
    }
    let (x, columns) = (args.X.as_slice(), args.X.columns());
    if args.n_trees.get().saturating_mul(x.len()) > most_work {
        let message = format!("{} trees of {} values are above the limit of {most_work}", args.n_trees, x.len());
        return Err(Error::too_large("/n_trees", message).with_hint("grow fewer trees, or give fewer rows"));
    }
    if args.oob && !args.bootstrap {
        return Err(Error::invalid("/oob", "without `bootstrap` no row is out of bag")
            .with_hint("leave `bootstrap` true to get an out-of-bag score"));
    }
    let settings = Settings {
        n_trees: args.n_trees.get(),
        max_features: args.max_features,
        criterion: args.criterion,
        max_depth: args.max_depth.map(NonZeroUsize::get),
        min_samples_leaf: args.min_samples_leaf.get(),
        bootstrap: args.bootstrap,
        seed: args.seed,
    };
    let model = fit(x, columns, read.target(), &settings)?;
    let quality = read.accuracy_or_error(&model.predict(x));
    let classification = args.task == Task::Classification;
    let test = args.X_test.as_ref().map(Matrix::as_slice);
    let probabilities = test.filter(|_| classification).map(|test| model.predict_proba(test));
    let trees = || model.trees.iter();
    Ok(Output {
        predictions: test.map(|test| read.predictions(&model.predict(test))),
        probabilities: probabilities.map(|all| all.chunks_exact(model.outputs).map(<[f64]>::to_vec).collect()),
        oob_score: if args.oob { model.oob_score(x, &read.target()) } else { None },
        feature_importances: model.feature_importances(),
        train_accuracy: classification.then_some(quality),
        train_mse: (!classification).then_some(quality),
        mean_leaves: trees().map(Tree::n_leaves).sum::<usize>() as f64 / model.trees.len() as f64,
        depth: trees().map(Tree::depth).max().unwrap_or(0),
    })
}

/// How a forest grows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many trees, 1 or more.
    pub n_trees: usize,
    /// How many columns a node chooses from; `None` is the square root for classes and all for numbers.
    pub max_features: Option<MaxFeatures>,
    /// How impurity is measured for classes.
    pub criterion: Criterion,
    /// The most questions in a row; no limit when `None`.
    pub max_depth: Option<usize>,
    /// The fewest draws of rows in a leaf.
    pub min_samples_leaf: usize,
    /// Whether each tree draws its rows with replacement.
    pub bootstrap: bool,
    /// Where the random sequence starts.
    pub seed: Seed,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_trees: 100,
            max_features: None,
            criterion: Criterion::Gini,
            max_depth: None,
            min_samples_leaf: 1,
            bootstrap: true,
            seed: Seed::default(),
        }
    }
}

/// A grown forest.
#[derive(Debug, Clone)]
pub struct RandomForest {
    trees: Vec<Tree>,
    /// For each tree, which rows it has drawn: a bit each.
    drawn: Vec<Vec<u64>>,
    importances: Vec<f64>,
    outputs: usize,
    columns: usize,
    classification: bool,
}

/// Grows a forest on a row-major table of finite numbers with `columns` columns. The threads of rayon's current pool share
/// the trees; the result does not depend on how many they are.
///
/// ```
/// use roundtable_tools::trees::random_forest::{Settings, Target, fit};
///
/// let x: Vec<f64> = (0..40).map(f64::from).collect();
/// let labels: Vec<usize> = (0..40).map(|i| i / 20).collect();
/// let forest = fit(&x, 1, Target::Classes { labels: &labels, classes: 2 }, &Settings::default())?;
/// assert_eq!(forest.predict(&[3.0, 33.0]), [0.0, 1.0]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if the values do not make whole rows, are not finite, or do not have one target a row, or there are
/// to be no trees.
pub fn fit<T: Copy + Into<f64> + Sync>(
    x: &[T],
    columns: usize,
    target: Target<'_>,
    settings: &Settings,
) -> Result<RandomForest, Error> {
    check(x, columns, &target)?;
    if settings.n_trees == 0 {
        return Err(Error::invalid("/n_trees", "a forest has at least one tree"));
    }
    let binned = Binned::new(x, columns, 256);
    let bagged = match target {
        Target::Classes { labels, classes: 2 } if settings.criterion == Criterion::Gini => {
            grow_all(&binned, &TwoClasses(labels), settings, true)
        }
        Target::Classes { labels, classes } => {
            grow_all(&binned, &Classes::new(labels, classes, settings.criterion), settings, true)
        }
        Target::Numbers(numbers) => grow_all(&binned, &Squares::new(numbers), settings, false),
    };
    let mut importances = vec![0.0; columns];
    for tree in &bagged {
        let shares = normalized(tree.falls.clone());
        importances.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
    }
    let (trees, drawn) = bagged.into_iter().map(|bagged| (bagged.tree, bagged.drawn)).unzip();
    let classification = matches!(target, Target::Classes { .. });
    Ok(RandomForest {
        trees,
        drawn,
        importances: normalized(importances),
        outputs: target.outputs(),
        columns,
        classification,
    })
}

fn grow_all<O: Objective>(binned: &Binned, objective: &O, settings: &Settings, classes: bool) -> Vec<Bagged> {
    let usual = MaxFeatures::Rule(if classes { FeatureRule::Sqrt } else { FeatureRule::All });
    let growth = Growth {
        depth: settings.max_depth.unwrap_or(usize::MAX),
        leaf: settings.min_samples_leaf,
        features: settings.max_features.unwrap_or(usual).of(binned.columns),
        bootstrap: settings.bootstrap,
    };
    // Each tree has a seed of its own, so it does not matter who grows it when.
    let mut random = Random::new(settings.seed);
    let seeds: Vec<u64> = (0..settings.n_trees).map(|_| random.bits()).collect();
    let table = Table::new(binned);
    seeds.par_iter().map(|seed| grow(&table, objective, growth, *seed)).collect()
}

impl RandomForest {
    /// For each row of a row-major table the mean of the class shares that the trees give, row after row; for numbers the
    /// mean of theirs.
    pub fn predict_proba<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let mut sums = sum_of_leaves(&self.trees, x, self.columns, self.outputs);
        sums.iter_mut().for_each(|sum| *sum /= self.trees.len() as f64);
        sums
    }

    /// For each row of a row-major table its most probable label (the lowest of equals), or its number.
    pub fn predict<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let said = self.predict_proba(x);
        if !self.classification {
            return said;
        }
        said.chunks_exact(self.outputs).map(|shares| most_probable(shares) as f64).collect()
    }

    /// How much of the fall in impurity each column brought about, as shares: the mean over the trees.
    pub fn feature_importances(&self) -> Vec<f64> {
        self.importances.clone()
    }

    /// Accuracy (or R²) on the rows that it was fitted to, each predicted by the trees that have not drawn it; `None` if
    /// every tree has drawn every row or the numbers do not vary. `x` and `target` must be those of the fit.
    pub fn oob_score<T: Copy + Into<f64> + Sync>(&self, x: &[T], target: &Target<'_>) -> Option<f64> {
        let votes: Vec<(usize, Vec<f64>)> = x
            .par_chunks_exact(self.columns)
            .enumerate()
            .map(|(i, row)| {
                let mut sums = vec![0.0; self.outputs];
                let mut trees = 0_usize;
                for (tree, _) in
                    self.trees.iter().zip(&self.drawn).filter(|(_, drawn)| drawn[i / 64] >> (i % 64) & 1 == 0)
                {
                    sums.iter_mut().zip(tree.values(tree.leaf(row))).for_each(|(sum, value)| *sum += value);
                    trees += 1;
                }
                (trees, sums)
            })
            .collect();
        let voted = || votes.iter().enumerate().filter(|(_, (trees, _))| *trees > 0);
        let n = voted().count() as f64;
        if n == 0.0 {
            return None;
        }
        match target {
            Target::Classes { labels, .. } => {
                Some(voted().filter(|(i, (_, sums))| most_probable(sums) == labels[*i]).count() as f64 / n)
            }
            Target::Numbers(numbers) => {
                let mean = voted().map(|(i, _)| numbers[i] / n).sum::<f64>();
                let spread: f64 = voted().map(|(i, _)| (numbers[i] - mean).powi(2)).sum();
                let error: f64 = voted().map(|(i, (trees, sums))| (numbers[i] - sums[0] / *trees as f64).powi(2)).sum();
                (spread > 0.0).then(|| 1.0 - error / spread)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{from_value, json};

    /// Three noisy columns, of which two matter.
    fn table(rows: usize) -> (Vec<f64>, Vec<usize>, Vec<f64>) {
        let mut random = Random::new(5.into());
        let x: Vec<f64> = (0..rows * 3).map(|_| random.normal()).collect();
        let labels = x.chunks(3).map(|row| usize::from(row[0] * row[1] > 0.0) + usize::from(row[0] > 1.0)).collect();
        let numbers = x.chunks(3).map(|row| row[0] * row[0] + row[1]).collect();
        (x, labels, numbers)
    }

    #[test]
    fn one_tree_without_draws_is_a_decision_tree() {
        // All rows, all columns, a bin for each value: only thresholds between bins may differ, not what they part.
        let (x, labels, numbers) = table(200);
        let all = Some(MaxFeatures::Rule(FeatureRule::All));
        for target in [Target::Classes { labels: &labels, classes: 3 }, Target::Numbers(&numbers)] {
            let settings = Settings { n_trees: 1, max_features: all, bootstrap: false, ..Settings::default() };
            let forest = fit(&x, 3, target, &settings).unwrap();
            let tree = super::super::decision_tree::fit(&x, 3, target, &Default::default()).unwrap();
            let (said, want) = (forest.predict(&x), tree.predict(&x));
            assert!(said.iter().zip(&want).all(|(said, want)| (said - want).abs() < 1e-9));
            assert_eq!(forest.trees[0].n_leaves(), tree.n_leaves());
        }
    }

    #[test]
    fn two_classes_grow_as_any_number_do() {
        let (x, labels, _) = table(400);
        let labels: Vec<usize> = labels.iter().map(|label| label % 2).collect();
        let settings = Settings { n_trees: 5, ..Settings::default() };
        let grow = |classes| fit(&x, 3, Target::Classes { labels: &labels, classes }, &settings).unwrap();
        assert_eq!(grow(2).predict(&x), grow(3).predict(&x));
    }

    #[test]
    fn threads_change_nothing_and_seeds_do() {
        let (x, labels, _) = table(300);
        let grow = |threads, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let settings = Settings { n_trees: 8, seed: seed.into(), ..Settings::default() };
            let target = Target::Classes { labels: &labels, classes: 3 };
            pool.install(|| {
                let forest = fit(&x, 3, target, &settings).unwrap();
                (forest.predict_proba(&x), forest.oob_score(&x, &target), forest.feature_importances())
            })
        };
        assert_eq!(grow(1, 1), grow(2, 1));
        assert_ne!(grow(1, 1).0, grow(1, 2).0);
    }

    #[test]
    fn rows_out_of_bag_are_predicted_nearly_as_well_as_new_ones() {
        let (x, labels, numbers) = table(600);
        let settings = Settings::default();
        let target = Target::Classes { labels: &labels, classes: 3 };
        let score = fit(&x, 3, target, &settings).unwrap().oob_score(&x, &target).unwrap();
        assert!((0.88..0.99).contains(&score), "{score}");
        let target = Target::Numbers(&numbers);
        let forest = fit(&x, 3, target, &settings).unwrap();
        let score = forest.oob_score(&x, &target).unwrap();
        assert!((0.9..1.0).contains(&score), "{score}");
        let importances = forest.feature_importances();
        assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12 && importances[2] < 0.05, "{importances:?}");
    }

    #[test]
    fn degenerate_tables() {
        let run = |value| run(&from_value::<Args>(value).unwrap());
        let out = run(json!({"X": [[1, 1], [1, 1], [1, 1]], "y": [1, 1, 0], "X_test": [[1, 1]], "oob": true})).unwrap();
        assert_eq!((out.depth, out.feature_importances), (0, vec![0.0, 0.0]));
        let out = run(json!({"X": [[1]], "y": [3.5], "task": "regression", "oob": true, "X_test": [[9]]})).unwrap();
        assert_eq!((out.predictions, out.oob_score), (Some(Predictions::Numbers(vec![3.5])), None));
        let out = run(json!({"X": [[1], [2], [3]], "y": [0, 1, 1], "min_samples_leaf": 9})).unwrap();
        assert_eq!(out.mean_leaves, 1.0);
        assert_eq!(run(json!({"X": [[1]], "y": [0], "oob": true, "bootstrap": false})).unwrap_err().path, "/oob");
        assert_eq!(run(json!({"X": [[1]], "y": [0], "n_trees": 10001})).unwrap_err().path, "/n_trees");
    }
}
