//! # Gradient boosting of trees
//!
//! Adds up small trees, each fitted to what the sum of those before it still gets wrong. With the loss replaced by its
//! second-order expansion, a leaf whose rows have gradients g and second derivatives h does best with the value
//! -G / (H + l2), where G and H are their sums, and a split gains (G_l²/(H_l + l2) + G_r²/(H_r + l2) - G²/(H + l2)) / 2:
//! both need sums only. Each tree enters with a small learning rate, so that many have a say.
//!
//! As in XGBoost and LightGBM the columns are cut into at most 256 bins, sums by bin replace sorting, the histogram of the
//! larger child is what the smaller one leaves of the parent's, and the leaf that gains most is split next, up to a number
//! of leaves (`boosted.rs`, `histogram.rs`).
//!
//! Cost: O(n · d) a level of a tree. References: J. Friedman, "Greedy function approximation: a gradient boosting
//! machine", Annals of Statistics 29(5), 2001; J. Friedman, "Stochastic gradient boosting", CSDA 38, 2002 (`subsample`);
//! T. Chen, C. Guestrin, "XGBoost", KDD 2016, section 2.2; G. Ke et al., "LightGBM", NeurIPS 2017.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::target::{Predictions, Target, Task};
use super::{
    boosted::{Grower, Growth, Slope},
    columns::Binned,
    scoring::sum_of_leaves,
    target::{Read, check, check_test, most_probable},
    tree::{Tree, normalized},
};
use crate::{
    error::Error,
    kernel,
    neural::{activation::softplus, softmax},
    pool,
    random::Random,
    value::{Fraction, Matrix, Seed, Vector},
};

/// Trains gradient-boosted decision trees, the method of XGBoost and LightGBM: many small trees, each correcting those
/// before it. Use it to predict classes or numbers from a table as well as possible.
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
    /// How many rounds of boosting: trees, estimators, iterations, up to 10,000; 100 when not given. With three or more
    /// classes each round grows a tree a class.
    #[serde(default = "hundred")]
    pub n_trees: NonZeroUsize,
    /// The learning rate: shrinkage, step size, eta; above 0 and at most 1, 0.1 when not given.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub learning_rate: f64,
    /// The most leaves of a tree, from 2 to 4096; 31 when not given.
    #[serde(default = "thirty_one")]
    pub max_leaves: NonZeroUsize,
    /// The most questions in a row: depth, levels; 1 for stumps, no limit but `max_leaves` when not given.
    #[serde(default)]
    pub max_depth: Option<NonZeroUsize>,
    /// The share of rows that each tree learns from, drawn without replacement: subsample, bagging fraction; above 0, 1
    /// when not given.
    #[serde(default = "whole")]
    pub subsample: Fraction,
    /// The share of columns that each tree may ask about, drawn anew: colsample, feature fraction; above 0, 1 when not
    /// given.
    #[serde(default = "whole")]
    pub feature_fraction: Fraction,
    /// The penalty on large leaf values: L2, lambda. When not given 1 for classification and 0 for regression, where a
    /// leaf is then the mean of what is left to explain.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub l2: Option<f64>,
    /// The least sum of second derivatives in a leaf; for regression that is its number of rows. 1 when not given.
    #[serde(default = "one")]
    #[schemars(range(min = 0.0))]
    pub min_child_weight: f64,
    /// The least gain of a split: gamma; 0 when not given.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub min_split_gain: f64,
    /// The most bins of a column, from 2 to 256; 256 when not given. Columns with fewer distinct values are split exactly.
    #[serde(default = "most_bins")]
    pub max_bins: NonZeroUsize,
    /// Where the random sequence starts; it matters only with `subsample` or `feature_fraction` below 1.
    #[serde(default)]
    pub seed: Seed,
}

fn hundred() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("not zero") }
}

fn tenth() -> f64 {
    0.1
}

fn thirty_one() -> NonZeroUsize {
    const { NonZeroUsize::new(31).expect("not zero") }
}

fn whole() -> Fraction {
    Fraction::ONE
}

fn one() -> f64 {
    1.0
}

fn most_bins() -> NonZeroUsize {
    const { NonZeroUsize::new(256).expect("not zero") }
}

/// What the sum of trees says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// What it says of each row of `X_test`: labels or numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Predictions>,
    /// For classification, the probability of each class for each row of `X_test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<Vec<f64>>>,
    /// What it says before the first tree: the mean; for two classes the log odds of class 1, for more the logarithm of
    /// each class's share.
    pub initial: Initial,
    /// The loss on the training rows after each round: mean squared error, or mean log loss in nats.
    pub train_loss: Vec<f64>,
    /// For regression, the same: the mean squared error on the training rows after each round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_mse: Option<Vec<f64>>,
    /// For classification, the share of training rows that it gets right in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_accuracy: Option<f64>,
    /// How much of the gain each column brought about: shares with sum 1, or all 0 if nothing was split.
    pub feature_importances: Vec<f64>,
}

/// Where boosting starts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Initial {
    /// For numbers and for two classes.
    One(f64),
    /// For more classes, one each.
    Each(Vec<f64>),
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Boost 100 trees of depth 3 on [[1,2],[2,1],[3,5],[4,4]] with labels [0,0,1,1]",
    "XGBoost-style gradient boosting for y = [1.5, 2.2, 3.9] from X = [[1],[2],[4]], learning rate 0.05",
    "train a LightGBM-like model with 31 leaves and predict these test rows",
    "gradient boosted trees with stumps: how does the training loss fall?",
];

/// The most rounds, the most leaves of a tree, the most bins, and the most work: trees times values.
const LIMITS: (usize, usize, usize, usize) = (10_000, 4096, 256, 5_000_000_000);

/// The largest number that a regression learns: its squares can still be added up.
const LARGEST: f64 = 1e150;

/// Trains and predicts.
///
/// # Errors
/// `invalid_arguments` if the targets do not fit the rows or the task, the test rows have other columns, or a rate or
/// share is 0; `too_large` beyond 10,000 rounds, 4096 leaves, 256 classes, or 5e9 values in all trees.
pub fn run(args: &Args) -> Result<Output, Error> {
    let read = Read::new(args.task, &args.y, args.X.rows())?;
    check_test(&args.X, args.X_test.as_ref())?;
    let (x, columns) = (args.X.as_slice(), args.X.columns());
    let settings = Settings {
        n_trees: args.n_trees.get(),
        learning_rate: args.learning_rate,
        max_leaves: args.max_leaves.get(),
        max_depth: args.max_depth.map(NonZeroUsize::get),
        subsample: args.subsample.get(),
        feature_fraction: args.feature_fraction.get(),
        l2: args.l2,
        min_child_weight: args.min_child_weight,
        min_split_gain: args.min_split_gain,
        max_bins: args.max_bins.get(),
        seed: args.seed,
        track_loss: true,
    };
    let (most_trees, most_leaves, most_bins, most_work) = LIMITS;
    for (name, given, most) in [
        ("n_trees", settings.n_trees, most_trees),
        ("max_leaves", settings.max_leaves, most_leaves),
        ("max_bins", settings.max_bins, most_bins),
    ] {
        if given > most {
            return Err(Error::too_large(format!("/{name}"), format!("`{name}` is {given}, the limit is {most}")));
        }
    }
    let trees = settings.n_trees * shape(&read.target()).max(1);
    if trees.saturating_mul(x.len()) > most_work {
        let message = format!("{trees} trees of {} values are above the limit of {most_work}", x.len());
        return Err(Error::too_large("/n_trees", message).with_hint("use fewer rounds, or give fewer rows"));
    }
    let model = fit(x, columns, read.target(), &settings)?;
    let classification = args.task == Task::Classification;
    let test = args.X_test.as_ref().map(Matrix::as_slice);
    let probabilities = test.filter(|_| classification).map(|test| model.predict_proba(test));
    Ok(Output {
        predictions: test.map(|test| read.predictions(&model.predict(test))),
        probabilities: probabilities.map(|all| all.chunks_exact(model.classes).map(<[f64]>::to_vec).collect()),
        initial: match model.initial.as_slice() {
            [one] => Initial::One(*one),
            each => Initial::Each(each.to_vec()),
        },
        train_mse: (!classification).then(|| model.train_loss.clone()),
        train_accuracy: classification.then(|| read.accuracy_or_error(&model.predict(x))),
        feature_importances: model.feature_importances(),
        train_loss: model.train_loss,
    })
}

/// How many trees a round grows.
fn shape(target: &Target<'_>) -> usize {
    match target {
        Target::Classes { classes, .. } if *classes > 2 => *classes,
        Target::Classes { .. } | Target::Numbers(_) => 1,
    }
}

/// How boosting goes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many rounds.
    pub n_trees: usize,
    /// What each tree is multiplied by, above 0 and at most 1.
    pub learning_rate: f64,
    /// The most leaves of a tree, 2 or more.
    pub max_leaves: usize,
    /// The most questions in a row; no limit when `None`.
    pub max_depth: Option<usize>,
    /// The share of rows that each tree learns from, above 0 and at most 1.
    pub subsample: f64,
    /// The share of columns that each tree may ask about, above 0 and at most 1.
    pub feature_fraction: f64,
    /// The penalty on squared leaf values; `None` is 1 for classes and 0 for numbers.
    pub l2: Option<f64>,
    /// The least sum of second derivatives in a leaf.
    pub min_child_weight: f64,
    /// The least gain of a split.
    pub min_split_gain: f64,
    /// The most bins of a column, 2 to 256.
    pub max_bins: usize,
    /// Where the random sequence starts.
    pub seed: Seed,
    /// Whether to compute the loss on the training rows after each round.
    pub track_loss: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_trees: 100,
            learning_rate: 0.1,
            max_leaves: 31,
            max_depth: None,
            subsample: 1.0,
            feature_fraction: 1.0,
            l2: None,
            min_child_weight: 1.0,
            min_split_gain: 0.0,
            max_bins: 256,
            seed: Seed::default(),
            track_loss: false,
        }
    }
}

/// A sum of trees.
#[derive(Debug, Clone)]
pub struct GradientBoosting {
    /// Round after round, in each a tree for every score.
    trees: Vec<Tree>,
    initial: Vec<f64>,
    train_loss: Vec<f64>,
    importances: Vec<f64>,
    columns: usize,
    /// How many classes there are, or 0 for numbers.
    classes: usize,
}

/// Boosts trees on a row-major table of finite numbers with `columns` columns. The threads of rayon's current pool share
/// the work; the result does not depend on how many they are.
///
/// ```
/// use roundtable_tools::trees::gradient_boosting::{Settings, Target, fit};
///
/// let x: Vec<f64> = (0..40).map(f64::from).collect();
/// let y: Vec<f64> = x.iter().map(|x| if *x < 20.0 { 1.0 } else { 5.0 }).collect();
/// let model = fit(&x, 1, Target::Numbers(&y), &Settings::default())?;
/// assert!((model.predict(&[33.0])[0] - 5.0).abs() < 0.001);
/// # Ok::<(), roundtable_tools::Error>(())
/// ```
///
/// # Errors
/// `invalid_arguments` if the values do not make whole rows, are not finite, or do not have one target a row, or a setting
/// is out of its range.
pub fn fit<T: Copy + Into<f64> + Sync>(
    x: &[T],
    columns: usize,
    target: Target<'_>,
    settings: &Settings,
) -> Result<GradientBoosting, Error> {
    check(x, columns, &target)?;
    check_settings(settings)?;
    pool::enter(|| boost(x, columns, target, settings))
}

fn boost<T: Copy + Into<f64> + Sync>(
    x: &[T],
    columns: usize,
    target: Target<'_>,
    settings: &Settings,
) -> Result<GradientBoosting, Error> {
    let rows = target.len();
    let binned = Binned::new(x, columns, settings.max_bins);
    let scores_per_row = shape(&target);
    let classification = matches!(target, Target::Classes { .. });
    let growth = Growth {
        leaves: settings.max_leaves,
        depth: settings.max_depth.unwrap_or(usize::MAX),
        l2: settings.l2.unwrap_or(if classification { 1.0 } else { 0.0 }),
        weight: settings.min_child_weight,
        gain: 2.0 * settings.min_split_gain,
        rate: settings.learning_rate,
    };
    if let Target::Numbers(numbers) = target
        && let Some(at) = numbers.iter().position(|number| number.abs() > LARGEST)
    {
        let message = format!("`{}` is beyond the limit of {LARGEST:e}", numbers[at]);
        return Err(Error::too_large(format!("/y/{at}"), message).with_hint("scale the numbers down"));
    }
    let initial = initial(&target);
    let mut scores: Vec<f64> = initial.iter().copied().cycle().take(rows * scores_per_row).collect();
    let mut slopes = vec![[0.0; 2]; rows];
    let mut grower = Grower::new(&binned, growth);
    let mut random = Random::new(settings.seed);
    let mut trees = Vec::with_capacity(settings.n_trees * scores_per_row);
    let mut train_loss = Vec::new();
    let mut gains = vec![0.0; columns];
    let mut shares = Vec::new();
    for _ in 0..settings.n_trees {
        pool::give_way();
        let used = (settings.subsample < 1.0).then(|| draw(rows, settings.subsample, &mut random));
        let asked = draw(columns, settings.feature_fraction, &mut random);
        if scores_per_row > 1 {
            shares.clone_from(&scores);
            to_shares(&mut shares, scores_per_row);
        }
        for k in 0..scores_per_row {
            derive(&target, &scores, &shares, k, &mut slopes);
            if let Some(used) = &used {
                slopes.iter_mut().zip(used).filter(|(_, used)| !**used).for_each(|(slope, _)| *slope = [0.0; 2]);
            }
            trees.push(grower.grow(&slopes, &asked, &mut scores[k..], scores_per_row, &mut gains));
        }
        if settings.track_loss {
            train_loss.push(loss(&target, &scores));
        }
    }
    let classes = if classification { target.outputs() } else { 0 };
    Ok(GradientBoosting { trees, initial, train_loss, importances: normalized(gains), columns, classes })
}

fn check_settings(settings: &Settings) -> Result<(), Error> {
    let shares = [
        ("learning_rate", settings.learning_rate),
        ("subsample", settings.subsample),
        ("feature_fraction", settings.feature_fraction),
    ];
    if let Some((name, value)) = shares.into_iter().find(|(_, value)| !(*value > 0.0 && *value <= 1.0)) {
        return Err(Error::invalid(format!("/{name}"), format!("`{name}` is `{value}`"))
            .with_hint("use a number above 0 and at most 1"));
    }
    let penalties = [
        ("l2", settings.l2.unwrap_or(0.0)),
        ("min_child_weight", settings.min_child_weight),
        ("min_split_gain", settings.min_split_gain),
    ];
    if let Some((name, value)) = penalties.into_iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
        return Err(Error::invalid(format!("/{name}"), format!("`{name}` is `{value}`")).with_hint("use 0 or more"));
    }
    if settings.max_leaves < 2 {
        return Err(Error::invalid("/max_leaves", format!("`max_leaves` is {}", settings.max_leaves))
            .with_hint("a tree that splits has at least 2 leaves"));
    }
    if !(2..=256).contains(&settings.max_bins) {
        return Err(
            Error::invalid("/max_bins", format!("`max_bins` is {}", settings.max_bins)).with_hint("use 2 to 256 bins")
        );
    }
    Ok(())
}

/// Which of `n` are drawn, without replacement: at least one (D. Knuth, *The Art of Computer Programming* 2, algorithm S).
fn draw(n: usize, share: f64, random: &mut Random) -> Vec<bool> {
    let mut wanted = ((n as f64 * share).round() as usize).clamp(1, n);
    (0..n)
        .map(|i| {
            let taken = wanted == n - i || (wanted > 0 && random.uniform() * ((n - i) as f64) < wanted as f64);
            wanted -= usize::from(taken);
            taken
        })
        .collect()
}

/// The scores that do best without any tree.
fn initial(target: &Target<'_>) -> Vec<f64> {
    match *target {
        Target::Numbers(numbers) => vec![numbers.iter().sum::<f64>() / numbers.len() as f64],
        Target::Classes { labels, classes } => {
            let mut counts = vec![0.0_f64; classes];
            labels.iter().for_each(|label| counts[*label] += 1.0);
            let n = labels.len() as f64;
            // A class without rows is improbable, not impossible.
            let share = |count: f64| (count / n).clamp(1e-6, 1.0 - 1e-6);
            match counts.as_slice() {
                // One class alone is certain; its score does not count.
                [_] => vec![0.0],
                [zeros, ones] => vec![(share(*ones) / share(*zeros)).ln()],
                counts => counts.iter().map(|count| share(*count).ln()).collect(),
            }
        }
    }
}

/// The derivatives of the loss of each row with respect to its score `k`.
fn derive(target: &Target<'_>, scores: &[f64], shares: &[f64], k: usize, slopes: &mut [Slope]) {
    match *target {
        Target::Numbers(numbers) => {
            slopes.iter_mut().zip(numbers).zip(scores).for_each(|((slope, y), score)| *slope = [score - y, 1.0]);
        }
        Target::Classes { labels, classes } if classes <= 2 => {
            const BLOCK: usize = 256;
            let mut shares = [0.0; BLOCK];
            let rows = slopes.chunks_mut(BLOCK).zip(labels.chunks(BLOCK)).zip(scores.chunks(BLOCK));
            for ((slopes, labels), scores) in rows {
                let shares = &mut shares[..scores.len()];
                shares.copy_from_slice(scores);
                kernel::sigmoid(shares);
                for ((slope, label), p) in slopes.iter_mut().zip(labels).zip(shares) {
                    *slope = [*p - *label as f64, *p * (1.0 - *p)];
                }
            }
        }
        Target::Classes { labels, classes } => {
            // Friedman's factor for classes whose scores are free up to a common constant.
            let factor = classes as f64 / (classes - 1) as f64;
            for ((slope, label), shares) in slopes.iter_mut().zip(labels).zip(shares.chunks_exact(classes)) {
                let p = shares[k];
                *slope = [p - f64::from(u8::from(*label == k)), factor * p * (1.0 - p)];
            }
        }
    }
}

/// Makes class shares of the scores of each row.
fn to_shares(scores: &mut [f64], classes: usize) {
    for row in scores.chunks_exact_mut(classes) {
        softmax::in_place(row);
    }
}

/// The mean loss.
fn loss(target: &Target<'_>, scores: &[f64]) -> f64 {
    let n = target.len() as f64;
    match *target {
        Target::Numbers(numbers) => numbers.iter().zip(scores).map(|(y, score)| (y - score).powi(2)).sum::<f64>() / n,
        Target::Classes { labels, classes } if classes <= 2 => {
            let one = |(label, score): (&usize, &f64)| softplus(if *label == 1 { -score } else { *score });
            labels.iter().zip(scores).map(one).sum::<f64>() / n
        }
        Target::Classes { labels, classes } => {
            let one = |(label, row): (&usize, &[f64])| {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                largest + row.iter().map(|score| (score - largest).exp()).sum::<f64>().ln() - row[*label]
            };
            labels.iter().zip(scores.chunks_exact(classes)).map(one).sum::<f64>() / n
        }
    }
}

impl GradientBoosting {
    /// The sum of the trees for each row of a row-major table: log odds, one score a class, or a number.
    pub fn decision_function<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let k = self.initial.len();
        let mut scores = sum_of_leaves(&self.trees, x, self.columns, k);
        scores.chunks_exact_mut(k).for_each(|row| row.iter_mut().zip(&self.initial).for_each(|(s, start)| *s += start));
        scores
    }

    /// The probability of each class for each row of a row-major table, row after row; for numbers the prediction.
    pub fn predict_proba<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let mut scores = self.decision_function(x);
        match self.classes {
            0 => {}
            1 => scores.fill(1.0),
            2 => {
                kernel::sigmoid(&mut scores);
                return scores.into_iter().flat_map(|p| [1.0 - p, p]).collect();
            }
            classes => to_shares(&mut scores, classes),
        }
        scores
    }

    /// For each row of a row-major table its most probable label (the lowest of equals), or its number.
    pub fn predict<T: Copy + Into<f64> + Sync>(&self, x: &[T]) -> Vec<f64> {
        let said = self.predict_proba(x);
        if self.classes == 0 {
            return said;
        }
        said.chunks_exact(self.classes).map(|shares| most_probable(shares) as f64).collect()
    }

    /// How much of the gain each column brought about, as shares; all 0 if nothing was split.
    pub fn feature_importances(&self) -> Vec<f64> {
        self.importances.clone()
    }

    /// The mean loss on the training rows after each round, if it was tracked.
    pub fn train_loss(&self) -> &[f64] {
        &self.train_loss
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::neural::activation::sigmoid;
    use serde_json::{from_value, json};

    fn run(value: serde_json::Value) -> Result<Output, Error> {
        super::run(&from_value(value).unwrap())
    }

    #[test]
    fn by_hand() {
        // From the mean 3, half a step towards 1 and 5, and half of what is left.
        let out = run(json!({"X": [[1], [2], [3], [4]], "y": [1, 1, 5, 5], "task": "regression", "n_trees": 2,
            "learning_rate": 0.5, "max_depth": 1, "X_test": [[0], [9]]}))
        .unwrap();
        assert_eq!((out.initial, out.train_mse), (Initial::One(3.0), Some(vec![1.0, 0.25])));
        assert_eq!(out.predictions, Some(Predictions::Numbers(vec![1.5, 4.5])));
        assert_eq!(out.feature_importances, [1.0]);
    }

    #[test]
    fn log_odds_by_hand() {
        // p = 3/4 at first: slopes 3/4 three times... of the two leaves {0} and {1, 1, 1}: G = 3/4 and -3/4, H = 3/16 and 9/16.
        let out =
            run(json!({"X": [[1], [2], [3], [4]], "y": [0, 1, 1, 1], "n_trees": 1, "learning_rate": 1.0, "l2": 0,
            "min_child_weight": 0, "X_test": [[1], [2]]}))
            .unwrap();
        let start = 3_f64.ln();
        assert_eq!(out.initial, Initial::One(start));
        let want = [sigmoid(start - 4.0), sigmoid(start + 4.0 / 3.0)];
        let said = out.probabilities.unwrap();
        assert!(said.iter().zip(want).all(|(said, want)| (said[1] - want).abs() < 1e-12), "{said:?}");
    }

    /// Columns, two of which matter, and three classes.
    fn table(rows: usize) -> (Vec<f64>, Vec<usize>, Vec<f64>) {
        let mut random = Random::new(8.into());
        let x: Vec<f64> = (0..rows * 5).map(|_| random.normal()).collect();
        let labels = x.chunks(5).map(|row| usize::from(row[0] > 0.0) + usize::from(row[1] + row[0] > 1.0)).collect();
        let numbers = x.chunks(5).map(|row| row[0] * row[1] + 0.1 * random.normal()).collect();
        (x, labels, numbers)
    }

    #[test]
    fn threads_change_nothing() {
        let (x, labels, numbers) = table(4000);
        let grow = |threads, target| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let settings = Settings { n_trees: 3, subsample: 0.7, feature_fraction: 0.6, ..Settings::default() };
            pool.install(|| fit(&x, 5, target, &settings).unwrap().predict_proba(&x))
        };
        for target in [Target::Classes { labels: &labels, classes: 3 }, Target::Numbers(&numbers)] {
            assert_eq!(grow(1, target), grow(2, target));
        }
    }

    #[test]
    fn every_kind_of_target_is_learned() {
        let (x, labels, numbers) = table(800);
        let fit = |target| fit(&x, 5, target, &Settings { track_loss: true, ..Settings::default() }).unwrap();
        let two: Vec<usize> = labels.iter().map(|label| label.min(&1)).copied().collect();
        for (labels, classes) in [(&labels, 3), (&two, 2)] {
            let model = fit(Target::Classes { labels, classes });
            let right = model.predict(&x).iter().zip(labels).filter(|(said, label)| **said == **label as f64).count();
            assert!(right > 790, "{right}");
            assert!(model.train_loss().windows(2).all(|pair| pair[1] < pair[0]));
            assert!(model.predict_proba(&x).chunks(classes).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
        }
        let model = fit(Target::Numbers(&numbers));
        assert!(model.train_loss()[99] < 0.05 * model.train_loss()[0]);
        assert!((model.feature_importances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // What it says of the training rows is what boosting arrived at.
        let error = model.predict(&x).iter().zip(&numbers).map(|(said, y)| (said - y).powi(2)).sum::<f64>() / 800.0;
        assert!((error - model.train_loss()[99]).abs() < 1e-12);
    }

    #[test]
    fn a_leaf_has_its_least_weight_and_a_tree_its_most_leaves() {
        let (x, _, numbers) = table(300);
        let settings = Settings { n_trees: 4, max_leaves: 7, min_child_weight: 20.0, ..Settings::default() };
        let model = fit(&x, 5, Target::Numbers(&numbers), &settings).unwrap();
        for tree in &model.trees {
            assert!((2..=7).contains(&tree.n_leaves()));
            for value in &tree.leaves {
                assert!(x.chunks(5).filter(|row| tree.values(tree.leaf(row)) == [*value]).count() >= 20);
            }
        }
    }

    #[test]
    fn degenerate_tables() {
        let out = run(json!({"X": [[1, 1], [1, 1]], "y": [0, 1], "X_test": [[1, 1]], "n_trees": 3})).unwrap();
        assert_eq!((out.probabilities, out.feature_importances), (Some(vec![vec![0.5, 0.5]]), vec![0.0, 0.0]));
        let out = run(json!({"X": [[1], [2]], "y": [0, 0], "X_test": [[1]]})).unwrap();
        assert_eq!((out.predictions, out.probabilities), (Some(Predictions::Labels(vec![0])), Some(vec![vec![1.0]])));
        let out = run(json!({"X": [[1], [2]], "y": [2, 2], "X_test": [[1]], "n_trees": 2})).unwrap();
        assert_eq!(out.predictions, Some(Predictions::Labels(vec![2])));
        let out = run(json!({"X": [[1], [2]], "y": [7, 7], "task": "regression", "X_test": [[1]]})).unwrap();
        assert_eq!(out.predictions, Some(Predictions::Numbers(vec![7.0])));
    }

    #[test]
    fn settings_have_their_ranges() {
        let path = |key: &str, value: serde_json::Value| {
            let mut args = json!({"X": [[1], [2]], "y": [0, 1]});
            args[key] = value;
            run(args).unwrap_err().path
        };
        for (key, value) in [
            ("learning_rate", json!(-0.1)),
            ("subsample", json!(0)),
            ("feature_fraction", json!(0)),
            ("max_leaves", json!(1)),
            ("max_bins", json!(1)),
            ("n_trees", json!(10_001)),
            ("min_child_weight", json!(-1)),
            ("l2", json!(-1)),
        ] {
            assert_eq!(path(key, value), format!("/{key}"));
        }
    }
}
