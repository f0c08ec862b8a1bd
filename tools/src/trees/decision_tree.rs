//! # Decision tree (CART)
//!
//! Asks one question after the other, each of the form "is this column at most this threshold?", and ends in a leaf that
//! holds the class shares (or the mean) of the training rows that took the same way. It grows greedily: of all columns
//! and all thresholds halfway between neighbouring values, the one that makes the two sides purest splits the node; purity
//! is Gini impurity or entropy for classes, and the variance for numbers. A split that gains nothing is made all the same,
//! for it may let the next one gain: neither coordinate of an exclusive or says anything alone.
//!
//! Cost: O(n · d · log n) to sort the columns and O(n · d) a level to grow (see `exact.rs`); a question a level to predict.
//! Reference: L. Breiman, J. Friedman, R. Olshen, C. Stone, *Classification and Regression Trees*, 1984, chapters 2, 4
//! and 8.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::target::{Criterion, Predictions, Target, Task};
use super::{
    columns::Sorted,
    drawing,
    exact::{Grown, Limits, grow},
    measure::{Measure, Visit, with_measure},
    scoring::sum_of_leaves,
    target::{Read, check, check_test, most_probable},
    tree::{LEAF, Tree, normalized},
};
use crate::{
    error::Error,
    pool,
    value::{Matrix, Vector},
};

/// Grows a decision tree (CART) that predicts a class or a number by yes-or-no questions about single columns. Use it to
/// learn rules from examples that a person can read, check and draw, or to see which columns matter.
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
    /// How impurity is measured for classes: `gini` (when not given) or `entropy`; a regression uses the variance.
    #[serde(default)]
    pub criterion: Criterion,
    /// The most questions in a row: depth, levels; from 1 to 100. When not given the tree grows until its leaves are pure,
    /// at most 100 levels.
    #[serde(default)]
    pub max_depth: Option<NonZeroUsize>,
    /// The fewest rows that a node must have to be split; 2 when not given.
    #[serde(default = "two")]
    pub min_samples_split: NonZeroUsize,
    /// The fewest rows in a leaf; 1 when not given.
    #[serde(default = "one")]
    pub min_samples_leaf: NonZeroUsize,
    /// What the columns are called, one name each; `x0`, `x1`, ... when not given.
    #[serde(default)]
    pub feature_names: Option<Vec<String>>,
    /// Whether to draw it too: plot, picture, diagram. The top four levels are drawn.
    #[serde(default)]
    pub picture: bool,
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

fn two() -> NonZeroUsize {
    const { NonZeroUsize::new(2).expect("not zero") }
}

/// The tree and what it says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The root; inner nodes hold their two children, leaves their value.
    pub tree: TreeNode,
    /// The tree as indented text: one line a question or leaf, the top ten levels.
    pub text: String,
    /// What it says of each row of `X_test`: labels or numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Predictions>,
    /// For classification, the share of each class in the leaf of each row of `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<Vec<f64>>>,
    /// How many leaves it has.
    pub n_leaves: usize,
    /// How many questions its longest path asks; 0 for a single leaf.
    pub depth: usize,
    /// The fewest training rows that ended in one leaf.
    pub min_leaf_size: usize,
    /// How much of the fall in impurity each column brought about: shares with sum 1, or all 0 for a single leaf.
    pub feature_importances: Vec<f64>,
    /// For classification, the share of training rows that it gets right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// For regression, the mean squared error on the training rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_mse: Option<f64>,
    /// The drawing as SVG, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
}

/// A node of a tree, as JSON.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TreeNode {
    /// How many training rows came here.
    pub n: usize,
    /// Gini impurity, entropy in bits, or variance of their targets.
    pub impurity: f64,
    /// The question of an inner node, and its children.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub split: Option<Box<Split>>,
    /// In a leaf: the share of each class, or the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<LeafValue>,
}

/// The question of an inner node: whether a column is at most a threshold.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Split {
    /// The column asked about, from 0.
    pub feature: usize,
    /// Rows whose value is at most this go left.
    pub threshold: f64,
    /// Where "yes" leads.
    pub left: TreeNode,
    /// Where "no" leads.
    pub right: TreeNode,
}

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LeafValue {
    /// The share of each class.
    Shares(Vec<f64>),
    /// The mean.
    Mean(f64),
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Grow a decision tree on [[2.1,0],[1.3,1],[3.5,1],[0.4,0]] with labels [0,0,1,0]",
    "fit a CART tree of depth 3 with entropy to this table and draw it",
    "which yes-or-no questions separate these classes? X = [[1,5],[2,6],[7,1]], y = [0,0,1]",
    "regression tree for prices [10, 12, 30, 33] from sizes [[1],[2],[8],[9]], then predict [[5]]",
    "learn a rule from these examples that I can read",
];

/// The deepest tree that is given as JSON, whose readers often stop at 128 levels.
const DEEPEST: usize = 100;

/// Grows the tree and predicts.
///
/// # Errors
/// `invalid_arguments` if the targets do not fit the rows or the task, or the test rows have other columns; `too_large`
/// beyond 256 classes or 100 levels.
pub fn run(args: &Args) -> Result<Output, Error> {
    let read = Read::new(args.task, &args.y, args.X.rows())?;
    check_test(&args.X, args.X_test.as_ref())?;
    let columns = args.X.columns();
    let names = match &args.feature_names {
        Some(names) if names.len() != columns => {
            let message = format!("`feature_names` has {} names, but `X` has {columns} columns", names.len());
            return Err(Error::invalid("/feature_names", message).with_hint("give one name for each column"));
        }
        Some(names) => names.clone(),
        None => (0..columns).map(|j| format!("x{j}")).collect(),
    };
    if let Some(depth) = args.max_depth.filter(|depth| depth.get() > DEEPEST) {
        return Err(Error::too_large("/max_depth", format!("`max_depth` is {depth}, the limit is {DEEPEST}"))
            .with_hint("leave it out to grow until the leaves are pure"));
    }
    let settings = Settings {
        criterion: args.criterion,
        max_depth: Some(args.max_depth.map_or(DEEPEST, NonZeroUsize::get)),
        min_samples_split: args.min_samples_split.get(),
        min_samples_leaf: args.min_samples_leaf.get(),
    };
    let model = fit(args.X.as_slice(), columns, read.target(), &settings)?;
    let quality = read.accuracy_or_error(&model.predict(args.X.as_slice()));
    let classification = args.task == Task::Classification;
    let test = args.X_test.as_ref().map(Matrix::as_slice);
    let probabilities = test.filter(|_| classification).map(|test| model.predict_proba(test));
    Ok(Output {
        text: drawing::text(&model, &names),
        predictions: test.map(|test| read.predictions(&model.predict(test))),
        probabilities: probabilities.map(|all| all.chunks_exact(model.tree.outputs).map(<[f64]>::to_vec).collect()),
        n_leaves: model.n_leaves(),
        depth: model.depth(),
        min_leaf_size: model.leaf_sizes().min().unwrap_or(0),
        feature_importances: model.feature_importances(),
        train_accuracy: classification.then_some(quality),
        train_mse: (!classification).then_some(quality),
        svg: args.picture.then(|| drawing::svg(&model, &names)),
        tree: model.node(0),
    })
}

/// How a tree grows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How impurity is measured for classes.
    pub criterion: Criterion,
    /// The most questions in a row; no limit when `None`.
    pub max_depth: Option<usize>,
    /// The fewest rows that a node must have to be split.
    pub min_samples_split: usize,
    /// The fewest rows in a leaf.
    pub min_samples_leaf: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { criterion: Criterion::Gini, max_depth: None, min_samples_split: 2, min_samples_leaf: 1 }
    }
}

/// A grown tree.
#[derive(Debug, Clone)]
pub struct DecisionTree {
    pub(super) tree: Tree,
    pub(super) sizes: Vec<usize>,
    pub(super) impurities: Vec<f64>,
    columns: usize,
    classification: bool,
}

/// Grows a tree on a row-major table of finite numbers with `columns` columns.
///
/// ```
/// use roundtable_tools::trees::decision_tree::{Settings, Target, fit};
///
/// let x: [f32; 8] = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let target = Target::Classes { labels: &[0, 1, 1, 0], classes: 2 };
/// let tree = fit(&x, 2, target, &Settings::default())?;
/// assert_eq!(tree.predict(&x), [0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if the values do not make whole rows, are not finite, or do not have one target a row.
pub fn fit<T: Copy + Into<f64> + Sync>(
    x: &[T],
    columns: usize,
    target: Target<'_>,
    settings: &Settings,
) -> Result<DecisionTree, Error> {
    check(x, columns, &target)?;
    let limits = Limits {
        depth: settings.max_depth.unwrap_or(usize::MAX),
        split: settings.min_samples_split,
        leaf: settings.min_samples_leaf,
    };
    let growing = Growing { x, columns, limits };
    let Grown { tree, sizes, impurities } = pool::enter(|| with_measure(&target, settings.criterion, growing));
    let classification = matches!(target, Target::Classes { .. });
    Ok(DecisionTree { tree, sizes, impurities, columns, classification })
}

struct Growing<'a, T> {
    x: &'a [T],
    columns: usize,
    limits: Limits,
}

impl<T: Copy + Into<f64> + Sync> Visit for Growing<'_, T> {
    type Output = Grown;
    fn visit<M: Measure>(self, measure: &M) -> Grown {
        if self.x.len() / self.columns <= 1 << 16 {
            grow(Sorted::<u32>::new(self.x, self.columns), measure, self.limits)
        } else {
            grow(Sorted::<u64>::new(self.x, self.columns), measure, self.limits)
        }
    }
}

impl DecisionTree {
    /// For each row of a row-major table the share of each class in its leaf, row after row; for numbers their mean.
    pub fn predict_proba<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        sum_of_leaves(std::slice::from_ref(&self.tree), x, self.columns, self.tree.outputs)
    }

    /// For each row of a row-major table its most probable label (the lowest of equals), or its number.
    pub fn predict<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let said = self.predict_proba(x);
        if !self.classification {
            return said;
        }
        said.chunks_exact(self.tree.outputs).map(|shares| most_probable(shares) as f64).collect()
    }

    /// How much of the fall in impurity each column brought about, as shares; all 0 for a single leaf.
    pub fn feature_importances(&self) -> Vec<f64> {
        let mut falls = vec![0.0; self.columns];
        // Shares of the rows, not their numbers: variances may be near the largest number.
        let part = |i: usize| self.sizes[i] as f64 / self.sizes[0] as f64 * self.impurities[i];
        for (i, node) in self.tree.nodes.iter().enumerate().filter(|(_, node)| node.feature != LEAF) {
            let next = node.next as usize;
            falls[node.feature as usize] += (part(i) - part(next) - part(next + 1)).max(0.0);
        }
        normalized(falls)
    }

    /// How many leaves it has.
    pub fn n_leaves(&self) -> usize {
        self.tree.n_leaves()
    }

    /// How many questions its longest path asks.
    pub fn depth(&self) -> usize {
        self.tree.depth()
    }

    /// Whether it predicts classes.
    pub(super) fn is_classification(&self) -> bool {
        self.classification
    }

    /// The values of a leaf.
    pub(super) fn values(&self, node: usize) -> &[f64] {
        let (at, outputs) = (self.tree.nodes[node].next as usize, self.tree.outputs);
        &self.tree.leaves[at * outputs..(at + 1) * outputs]
    }

    fn leaf_sizes(&self) -> impl Iterator<Item = usize> {
        self.tree.nodes.iter().zip(&self.sizes).filter(|(node, _)| node.feature == LEAF).map(|(_, size)| *size)
    }

    fn node(&self, at: usize) -> TreeNode {
        let node = self.tree.nodes[at];
        let (n, impurity) = (self.sizes[at], self.impurities[at]);
        if node.feature == LEAF {
            let values = self.values(at);
            let value =
                if self.classification { LeafValue::Shares(values.to_vec()) } else { LeafValue::Mean(values[0]) };
            return TreeNode { n, impurity, split: None, value: Some(value) };
        }
        let next = node.next as usize;
        let (left, right) = (self.node(next), self.node(next + 1));
        let split = Split { feature: node.feature as usize, threshold: node.threshold, left, right };
        TreeNode { n, impurity, split: Some(Box::new(split)), value: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{error::ErrorKind, random::Random};
    use proptest::prelude::*;
    use serde_json::{from_value, json};

    fn args(value: serde_json::Value) -> Args {
        from_value(value).unwrap()
    }

    #[test]
    fn by_hand() {
        // At 2.5 both sides are pure: the impurity 4/9 falls to 0.
        let out =
            run(&args(json!({"X": [[1, 7], [2, 7], [3, 7]], "y": [0, 0, 1], "X_test": [[2.4, 0], [2.6, 0]]}))).unwrap();
        let tree = serde_json::to_value(&out.tree).unwrap();
        let leaf = |n: usize, value: [f64; 2]| json!({"n": n, "impurity": 0.0, "value": value});
        let impurity = tree["impurity"].as_f64().unwrap();
        assert!((impurity - 4.0 / 9.0).abs() < 1e-15);
        let want = json!({"n": 3, "impurity": impurity, "feature": 0, "threshold": 2.5,
            "left": leaf(2, [1.0, 0.0]), "right": leaf(1, [0.0, 1.0])});
        assert_eq!(tree, want);
        assert_eq!(out.predictions, Some(Predictions::Labels(vec![0, 1])));
        assert_eq!((out.feature_importances, out.depth, out.min_leaf_size), (vec![1.0, 0.0], 1, 1));
        assert_eq!(out.text, "x0 <= 2.5\n|   class 0 (100 % of 2)\nx0 > 2.5\n|   class 1 (100 % of 1)");
    }

    #[test]
    fn numbers_by_hand() {
        let out =
            run(&args(json!({"X": [[1], [2], [8], [9]], "y": [10, 12, 30, 34], "task": "regression", "max_depth": 1})))
                .unwrap();
        // Means 11 and 32; squared errors 1, 1, 4, 4.
        assert_eq!(out.train_mse, Some(2.5));
        assert_eq!(serde_json::to_value(&out.tree).unwrap()["right"]["value"], json!(32.0));
    }

    #[test]
    fn refuses_what_cannot_be_learned() {
        let kind = |value| run(&args(value)).map(|_| ()).unwrap_err();
        assert_eq!(kind(json!({"X": [[1], [2]], "y": [0, 1, 0]})).path, "/y");
        assert_eq!(kind(json!({"X": [[1], [2]], "y": [0, 0.5]})).path, "/y/1");
        assert_eq!(kind(json!({"X": [[1], [2]], "y": [0, 256]})).kind, ErrorKind::TooLarge);
        assert_eq!(kind(json!({"X": [[1], [2]], "y": [0, 1], "X_test": [[1, 2]]})).path, "/X_test");
        assert_eq!(kind(json!({"X": [[1], [2]], "y": [0, 1], "feature_names": []})).path, "/feature_names");
    }

    #[test]
    fn leaves_that_may_not_be_small() {
        let out = run(&args(json!({"X": [[1], [2], [3]], "y": [0, 1, 1], "min_samples_leaf": 4}))).unwrap();
        assert_eq!((out.n_leaves, out.depth), (1, 0));
        assert_eq!(
            run(&args(json!({"X": [[1], [2], [3]], "y": [0, 1, 1], "min_samples_split": 4}))).unwrap().n_leaves,
            1
        );
    }

    #[test]
    fn a_deep_tree_is_drawn_in_part() {
        let rows: Vec<[f64; 1]> = (0..64).map(|i| [f64::from(i)]).collect();
        let labels: Vec<usize> = (0..64).map(|i| i % 2).collect();
        let out = run(&args(json!({"X": rows, "y": labels, "picture": true, "feature_names": ["a<b"]}))).unwrap();
        let svg = out.svg.unwrap();
        assert!(svg.contains("...") && svg.contains("a&lt;b ≤"), "{svg}");
        assert_eq!(out.train_accuracy, Some(1.0));
    }

    /// A table with ties and noise.
    fn table(rows: usize, seed: u64) -> (Vec<f64>, Vec<usize>, Vec<f64>) {
        let mut random = Random::new(seed.into());
        let x: Vec<f64> = (0..rows * 3).map(|_| (random.normal() * 4.0).round() / 2.0).collect();
        let labels = x.chunks(3).map(|row| usize::from(row[0] + row[1] * row[2] + random.normal() > 0.0)).collect();
        let numbers = x.chunks(3).map(|row| row[0] * row[1] + random.normal()).collect();
        (x, labels, numbers)
    }

    /// The plain way: every cut of every column, impurities from scratch.
    fn best_by_trying_all(x: &[f64], labels: &[usize], impurity: fn(&[u64]) -> f64) -> f64 {
        let mut best = f64::INFINITY;
        for j in 0..3 {
            for cut in x.iter().skip(j).step_by(3) {
                let mut sides = [[0_u64; 2]; 2];
                x.chunks(3).zip(labels).for_each(|(row, &label)| sides[usize::from(row[j] > *cut)][label] += 1);
                if sides[1].iter().sum::<u64>() > 0 {
                    let mixed = sides.iter().map(|side| side.iter().sum::<u64>() as f64 * impurity(side)).sum::<f64>();
                    best = best.min(mixed);
                }
            }
        }
        best / labels.len() as f64
    }

    #[test]
    fn the_first_split_is_the_best_of_all() {
        for seed in 0..20 {
            let (x, labels, _) = table(60, seed);
            for (criterion, impurity) in [
                (Criterion::Gini, super::super::measure::gini as fn(&[u64]) -> f64),
                (Criterion::Entropy, super::super::measure::entropy),
            ] {
                let settings = Settings { criterion, max_depth: Some(1), ..Settings::default() };
                let tree = fit(&x, 3, Target::Classes { labels: &labels, classes: 2 }, &settings).unwrap();
                let after = (1..3).map(|i| tree.sizes[i] as f64 / 60.0 * tree.impurities[i]).sum::<f64>();
                assert!((after - best_by_trying_all(&x, &labels, impurity)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn two_classes_grow_as_any_number_do() {
        // With a third class that no row has, the general code runs instead of that for two classes.
        let (x, labels, _) = table(500, 9);
        let grow = |classes| {
            let tree = fit(&x, 3, Target::Classes { labels: &labels, classes }, &Settings::default()).unwrap();
            tree.tree.nodes.iter().map(|node| (node.feature, node.threshold.to_bits())).collect::<Vec<_>>()
        };
        assert_eq!(grow(2), grow(3));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn shuffled_rows_and_more_threads_change_nothing(seed in 0_u64..1000, regression: bool) {
            let (x, labels, numbers) = table(200, seed);
            let mut order: Vec<usize> = (0..200).collect();
            let mut random = Random::new(seed.into());
            random.shuffle(&mut order);
            let moved: Vec<f64> = order.iter().flat_map(|&i| x[i * 3..(i + 1) * 3].to_vec()).collect();
            let (labels2, numbers2): (Vec<usize>, Vec<f64>) = order.iter().map(|&i| (labels[i], numbers[i])).unzip();
            let grow = |x: &[f64], labels: &[usize], numbers: &[f64]| {
                let target = if regression { Target::Numbers(numbers) } else { Target::Classes { labels, classes: 2 } };
                fit(x, 3, target, &Settings::default()).unwrap().node(0)
            };
            let first = serde_json::to_string(&grow(&x, &labels, &numbers)).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
            let second = pool.install(|| serde_json::to_string(&grow(&moved, &labels2, &numbers2)).unwrap());
            prop_assert_eq!(first, second);
        }

        #[test]
        fn deeper_is_never_worse_on_the_training_rows(seed in 0_u64..1000) {
            let (x, labels, numbers) = table(120, seed);
            let (mut errors, mut squares) = (f64::INFINITY, f64::INFINITY);
            for depth in 1..8 {
                let settings = Settings { max_depth: Some(depth), ..Settings::default() };
                let tree = fit(&x, 3, Target::Classes { labels: &labels, classes: 2 }, &settings).unwrap();
                let wrong = tree.predict(&x).iter().zip(&labels).filter(|(said, label)| **said != **label as f64).count();
                prop_assert!(wrong as f64 <= errors);
                errors = wrong as f64;
                let importances = tree.feature_importances();
                prop_assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let tree = fit(&x, 3, Target::Numbers(&numbers), &settings).unwrap();
                let error: f64 = tree.predict(&x).iter().zip(&numbers).map(|(said, y)| (said - y).powi(2)).sum();
                prop_assert!(error <= squares + 1e-9);
                squares = error;
            }
        }

        #[test]
        fn only_the_order_of_a_column_matters(seed in 0_u64..1000) {
            let (x, labels, _) = table(150, seed);
            let bent: Vec<f64> = x.iter().map(|value| value.exp()).collect();
            let target = Target::Classes { labels: &labels, classes: 2 };
            let (one, two) = (fit(&x, 3, target, &Settings::default()).unwrap(), fit(&bent, 3, target, &Settings::default()).unwrap());
            let shape = |tree: &DecisionTree| tree.tree.nodes.iter().map(|node| (node.feature, node.next)).collect::<Vec<_>>();
            prop_assert_eq!((shape(&one), &one.sizes), (shape(&two), &two.sizes));
            prop_assert_eq!(one.predict(&x), two.predict(&bent));
        }
    }

    #[test]
    fn numbers_of_any_size() {
        for size in [1e300, f64::MAX, 1e-300] {
            let tree = fit(&[1.0, 2.0, 3.0], 1, Target::Numbers(&[-size, 0.0, size]), &Settings::default()).unwrap();
            let said = tree.predict(&[1.0, 2.0, 3.0]);
            assert!((said[0] + size).abs() <= size * 1e-7 && said[1].abs() <= size * 1e-7, "{said:?}");
        }
    }
}
