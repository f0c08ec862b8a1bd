//! Any model of this crate, chosen by name: what a curve or a picture over models takes as an argument.
//!
//! In JSON a model is its name and what it may be told, `{"kind": "ridge", "alpha": 0.1}`; everything left out is as in
//! the tool of that name. Some models predict numbers, some classes, some either.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    algebra::dot,
    error::Error,
    linear::{elastic_net, lasso_regression, linear_regression, logistic_regression, ridge_regression},
    neural::{mlp_train, perceptron},
    probability::gaussian_naive_bayes,
    trees::{
        decision_tree::{self, Target},
        gradient_boosting, random_forest,
    },
    value::{Fraction, Matrix, Seed},
};

/// A model and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// Least squares; predicts numbers.
    #[serde(alias = "linear_regression", alias = "ols")]
    Linear {},
    /// Least squares with an L2 penalty; predicts numbers.
    #[serde(alias = "ridge_regression")]
    Ridge {
        /// The price of squared weights, 0 or more; 1 when not given.
        #[serde(default = "one")]
        alpha: f64,
    },
    /// Least squares with an L1 penalty; predicts numbers.
    #[serde(alias = "lasso_regression")]
    Lasso {
        /// The price of weights, 0 or more; 1 when not given.
        #[serde(default = "one")]
        alpha: f64,
    },
    /// Least squares with both penalties; predicts numbers.
    ElasticNet {
        /// The price of weights, 0 or more; 1 when not given.
        #[serde(default = "one")]
        alpha: f64,
        /// The share of it on absolute values; 0.5 when not given.
        #[serde(default = "half")]
        l1_ratio: Fraction,
    },
    /// Logistic regression; predicts classes.
    #[serde(alias = "logistic_regression")]
    Logistic {
        /// How much the rows count against the penalty, above 0; 1 when not given.
        #[serde(default = "one", rename = "C")]
        c: f64,
        /// What keeps the weights small; l2 when not given.
        #[serde(default)]
        penalty: logistic_regression::Penalty,
    },
    /// A normal distribution a class and column; predicts classes.
    #[serde(alias = "naive_bayes")]
    GaussianNaiveBayes {
        /// The share of the largest variance that is added to all, 0 or more; 1e-9 when not given.
        #[serde(default = "tiny")]
        var_smoothing: f64,
    },
    /// Questions about one column at a time; predicts either.
    DecisionTree {
        /// The most questions in a row; no limit when not given.
        #[serde(default)]
        max_depth: Option<usize>,
        /// The fewest rows in a leaf; 1 when not given.
        #[serde(default = "once")]
        min_samples_leaf: usize,
    },
    /// The mean of trees on rows and columns drawn at random; predicts either.
    RandomForest {
        /// How many trees, from 1 to 1000; 100 when not given.
        #[serde(default = "hundred")]
        n_trees: usize,
        /// The most questions in a row; no limit when not given.
        #[serde(default)]
        max_depth: Option<usize>,
    },
    /// The sum of small trees, each of which corrects those before; predicts either.
    GradientBoosting {
        /// How many rounds, from 1 to 1000; 100 when not given.
        #[serde(default = "hundred")]
        n_trees: usize,
        /// What each tree is multiplied by, above 0 and at most 1; 0.1 when not given.
        #[serde(default = "tenth")]
        learning_rate: f64,
        /// The most questions in a row; no limit when not given.
        #[serde(default)]
        max_depth: Option<usize>,
    },
    /// A single neuron; predicts two classes.
    Perceptron {
        /// How many times through all rows, from 1; 100 when not given.
        #[serde(default = "hundred")]
        epochs: usize,
    },
    /// A network with hidden layers, on columns brought to mean 0 and deviation 1; predicts classes.
    Mlp {
        /// The sizes of the hidden layers; one of 32 when not given.
        #[serde(default = "hidden")]
        hidden: Vec<usize>,
        /// The size of the steps, above 0; 0.01 when not given.
        #[serde(default = "hundredth")]
        learning_rate: f64,
        /// How many times through all rows, from 1; 100 when not given.
        #[serde(default = "hundred")]
        epochs: usize,
    },
    /// The nearest rows decide; predicts either.
    #[serde(alias = "k_nearest_neighbors", alias = "k_nearest_neighbours")]
    Knn {
        /// How many of them, from 1; 5 when not given.
        #[serde(default = "five")]
        #[schemars(range(min = 1))]
        k: usize,
    },
}

fn one() -> f64 {
    1.0
}

fn once() -> usize {
    1
}

fn hundred() -> usize {
    100
}

fn tenth() -> f64 {
    0.1
}

fn hundredth() -> f64 {
    0.01
}

fn hidden() -> Vec<usize> {
    vec![32]
}

fn tiny() -> f64 {
    1e-9
}

fn half() -> Fraction {
    Fraction::HALF
}

fn five() -> usize {
    5
}

/// What a model is to predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Numbers.
    Regression,
    /// Classes.
    Classification,
}

/// What a fitted model says about rows that lie one after the other.
type Says = Box<dyn Fn(&[f64]) -> Vec<f64> + Send + Sync>;

/// A model that predicts numbers.
pub struct Regressor(Says);

impl Regressor {
    /// The prediction for each of the rows that lie one after the other.
    pub fn predict(&self, rows: &[f64]) -> Vec<f64> {
        (self.0)(rows)
    }
}

/// A model that predicts classes.
pub struct Classifier {
    /// The labels that it knows, in order.
    pub classes: Vec<usize>,
    probabilities: Says,
}

impl Classifier {
    /// The probability of each class, or a score where the model has no probabilities, for each of the rows that lie one
    /// after the other.
    pub fn predict_proba(&self, rows: &[f64]) -> Vec<f64> {
        (self.probabilities)(rows)
    }

    /// The most probable label of each row, the smaller of two that are equally so.
    pub fn predict(&self, rows: &[f64]) -> Vec<usize> {
        let most =
            |values: &[f64]| (1..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best });
        self.predict_proba(rows).chunks_exact(self.classes.len()).map(|values| self.classes[most(values)]).collect()
    }
}

impl Model {
    /// Its name in JSON.
    pub fn kind(&self) -> String {
        self.settings()["kind"].as_str().unwrap_or_default().to_owned()
    }

    fn settings(&self) -> Value {
        // Plain data, which always has a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What it predicts; none if it can do either.
    pub fn only(&self) -> Option<Task> {
        match self {
            Model::Linear {} | Model::Ridge { .. } | Model::Lasso { .. } | Model::ElasticNet { .. } => {
                Some(Task::Regression)
            }
            Model::Logistic { .. }
            | Model::GaussianNaiveBayes { .. }
            | Model::Perceptron { .. }
            | Model::Mlp { .. } => Some(Task::Classification),
            Model::DecisionTree { .. }
            | Model::RandomForest { .. }
            | Model::GradientBoosting { .. }
            | Model::Knn { .. } => None,
        }
    }

    /// The same model with one setting changed.
    ///
    /// ```
    /// use roundtable_tools::evaluate::model::Model;
    ///
    /// assert_eq!(Model::Ridge { alpha: 1.0 }.with("alpha", 2.0)?, Model::Ridge { alpha: 2.0 });
    /// assert!(Model::Ridge { alpha: 1.0 }.with("beta", 2.0).is_err());
    /// # Ok::<(), roundtable_tools::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_arguments` if it has no such setting, or the setting cannot have this value.
    pub fn with(&self, setting: &str, value: f64) -> Result<Model, Error> {
        let mut settings = self.settings();
        let fields = settings.as_object_mut();
        let names: Vec<String> =
            fields.iter().flat_map(|fields| fields.keys()).filter(|name| *name != "kind").cloned().collect();
        if !names.iter().any(|name| name == setting) {
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!("`{}` has no setting `{setting}`", self.kind());
            return Err(Error::invalid("/parameter", message).with_hint(format!("its settings are: {has}")));
        }
        // Counts are whole.
        let whole = value.fract() == 0.0 && value.abs() < 9e15 && !settings[setting].is_f64();
        settings[setting] = if whole { Value::from(value as i64) } else { Value::from(value) };
        serde_json::from_value(settings).map_err(|error| {
            Error::invalid("/values", format!("`{setting}` of `{}` cannot be {value}: {error}", self.kind()))
        })
    }

    /// Learns to predict numbers from rows of `columns` numbers in `x`, one for each of `y`.
    ///
    /// # Errors
    /// `invalid_arguments` if the model predicts classes or a setting makes no sense, and the errors of the model itself.
    pub fn fit_numbers(&self, x: &[f64], columns: usize, y: &[f64], seed: Seed) -> Result<Regressor, Error> {
        let line = match self {
            Model::Linear {} => linear_regression::fit(x, columns, y, None, true)?.line,
            Model::Ridge { alpha } => ridge_regression::fit(x, columns, y, price("alpha", *alpha)?, true)?,
            Model::Lasso { alpha } => lasso_regression::fit(x, columns, y, price("alpha", *alpha)?, true)?,
            Model::ElasticNet { alpha, l1_ratio } => {
                elastic_net::fit(x, columns, y, price("alpha", *alpha)?, *l1_ratio, true)?
            }
            Model::Logistic { .. }
            | Model::GaussianNaiveBayes { .. }
            | Model::Perceptron { .. }
            | Model::Mlp { .. } => {
                return Err(Error::invalid("/model/kind", format!("`{}` predicts classes, not numbers", self.kind())));
            }
            Model::DecisionTree { .. } | Model::RandomForest { .. } | Model::GradientBoosting { .. } => {
                return Ok(Regressor(self.grow(x, columns, Target::Numbers(y), seed)?));
            }
            Model::Knn { k } => {
                let neighbours = Neighbours::new(x, columns, *k)?;
                let y = y.to_vec();
                let mean = move |row: &[f64]| {
                    let near = neighbours.of(row);
                    vec![near.iter().map(|i| y[*i] / near.len() as f64).sum()]
                };
                return Ok(Regressor(row_by_row(columns, mean)));
            }
        };
        Ok(Regressor(Box::new(move |rows| line.predict(rows))))
    }

    /// Learns to predict classes from rows of `columns` numbers in `x`, with a label for each in `y`.
    ///
    /// # Errors
    /// `invalid_arguments` if the model predicts numbers or a setting makes no sense, and the errors of the model itself.
    pub fn fit_classes(&self, x: &[f64], columns: usize, y: &[usize], seed: Seed) -> Result<Classifier, Error> {
        let mut classes = y.to_vec();
        classes.sort_unstable();
        classes.dedup();
        // One class needs no model, and most refuse it: a small part of the rows may have only one.
        if let [_] = classes[..] {
            return Ok(Classifier { classes, probabilities: row_by_row(columns, |_| vec![1.0]) });
        }
        let positions: Vec<usize> = y.iter().map(|label| classes.partition_point(|class| class < label)).collect();
        match self {
            Model::DecisionTree { .. } | Model::RandomForest { .. } | Model::GradientBoosting { .. } => {
                if classes.len() > MOST_CLASSES {
                    let message = format!("`y` has {} classes, the limit of trees is {MOST_CLASSES}", classes.len());
                    return Err(Error::too_large("/y", message));
                }
                let target = Target::Classes { labels: &positions, classes: classes.len() };
                Ok(Classifier { probabilities: self.grow(x, columns, target, seed)?, classes })
            }
            Model::Linear {} | Model::Ridge { .. } | Model::Lasso { .. } | Model::ElasticNet { .. } => {
                Err(Error::invalid("/model/kind", format!("`{}` predicts numbers, not classes", self.kind())))
            }
            Model::Logistic { c, penalty } => {
                if !(*c > 0.0 && c.is_finite()) {
                    return Err(Error::invalid("/model", format!("`C` is {c}, but must be above 0")));
                }
                let settings = logistic_regression::Settings { c: *c, penalty: *penalty, ..Default::default() };
                let fit = logistic_regression::fit(x, columns, y, settings).map_err(about_the_model)?;
                Ok(Classifier { classes, probabilities: row_by_row(columns, move |row| fit.probabilities(row)) })
            }
            Model::GaussianNaiveBayes { var_smoothing } => {
                let rows = Matrix::from_rows(x.chunks_exact(columns).map(<[f64]>::to_vec).collect())?;
                let model = gaussian_naive_bayes::fit(&rows, y, *var_smoothing).map_err(about_the_model)?;
                // Too far from all classes to compare densities: the shares of the classes.
                let probabilities =
                    move |row: &[f64]| model.predict_proba(row).unwrap_or_else(|| model.class_prior.clone());
                Ok(Classifier { classes, probabilities: row_by_row(columns, probabilities) })
            }
            Model::Perceptron { epochs } => {
                let args = json!({
                    "X": x.chunks_exact(columns).collect::<Vec<_>>(), "y": positions, "epochs": epochs, "seed": seed,
                });
                let args = perceptron::Args::deserialize(args)
                    .map_err(|error| Error::invalid("/model", format!("no perceptron for this: {error}")))?;
                let neuron = perceptron::run(&args).map_err(about_the_model)?;
                let scores = move |row: &[f64]| {
                    let margin = dot(row, &neuron.weights) + neuron.bias;
                    vec![-margin, margin]
                };
                Ok(Classifier { classes, probabilities: row_by_row(columns, scores) })
            }
            Model::Mlp { hidden, learning_rate, epochs } => {
                let scale = Scale::new(x, columns);
                let settings = mlp_train::Settings {
                    hidden: hidden.clone(),
                    learning_rate: *learning_rate,
                    epochs: *epochs,
                    seed,
                    ..Default::default()
                };
                let model = mlp_train::Model::fit_classes(&scale.of(x), columns, &positions, classes.len(), &settings)
                    .map_err(about_the_model)?;
                let probabilities = move |rows: &[f64]| -> Vec<f64> {
                    model.predict_probabilities(&scale.of(rows)).into_iter().map(f64::from).collect()
                };
                Ok(Classifier { classes, probabilities: Box::new(probabilities) })
            }
            Model::Knn { k } => {
                let neighbours = Neighbours::new(x, columns, *k)?;
                let count = classes.len();
                let probabilities = move |row: &[f64]| {
                    let near = neighbours.of(row);
                    let mut shares = vec![0.0; count];
                    near.iter().for_each(|i| shares[positions[*i]] += 1.0 / near.len() as f64);
                    shares
                };
                Ok(Classifier { classes, probabilities: row_by_row(columns, probabilities) })
            }
        }
    }
}

/// Asks about one row after the other.
fn row_by_row(columns: usize, says: impl Fn(&[f64]) -> Vec<f64> + Send + Sync + 'static) -> Says {
    Box::new(move |rows| rows.chunks_exact(columns).flat_map(&says).collect())
}

/// Whatever a model's own tool calls its arguments, here they are all part of the model.
fn about_the_model(error: Error) -> Error {
    Error { path: "/model".to_owned(), ..error }
}

/// The most classes that trees tell apart.
const MOST_CLASSES: usize = 256;
/// The most trees of a forest or rounds of boosting.
const TREES: usize = 1000;

impl Model {
    /// Grows what is made of trees.
    fn grow(&self, x: &[f64], columns: usize, target: Target<'_>, seed: Seed) -> Result<Says, Error> {
        let count = |trees: usize| match trees {
            0 => Err(Error::invalid("/model", "`n_trees` is 0, but must be 1 or more")),
            trees if trees > TREES => {
                Err(Error::too_large("/model", format!("`n_trees` is {trees}, the limit is {TREES}")))
            }
            trees => Ok(trees),
        };
        match self {
            Model::RandomForest { n_trees, max_depth } => {
                let n_trees = count(*n_trees)?;
                let settings = random_forest::Settings { n_trees, max_depth: *max_depth, seed, ..Default::default() };
                let fit = random_forest::fit(x, columns, target, &settings).map_err(about_the_model)?;
                Ok(Box::new(move |rows| fit.predict_proba(rows)))
            }
            Model::GradientBoosting { n_trees, learning_rate, max_depth } => {
                let settings = gradient_boosting::Settings {
                    n_trees: count(*n_trees)?,
                    learning_rate: *learning_rate,
                    max_depth: *max_depth,
                    seed,
                    ..Default::default()
                };
                let fit = gradient_boosting::fit(x, columns, target, &settings).map_err(about_the_model)?;
                Ok(Box::new(move |rows| fit.predict_proba(rows)))
            }
            Model::DecisionTree { max_depth, min_samples_leaf } => {
                let leaf = (*min_samples_leaf).max(1);
                let settings =
                    decision_tree::Settings { max_depth: *max_depth, min_samples_leaf: leaf, ..Default::default() };
                let fit = decision_tree::fit(x, columns, target, &settings).map_err(about_the_model)?;
                Ok(Box::new(move |rows| fit.predict_proba(rows)))
            }
            _ => Err(Error::invalid("/model/kind", format!("`{}` is not made of trees", self.kind()))),
        }
    }
}

fn price(name: &str, value: f64) -> Result<f64, Error> {
    if value >= 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(Error::invalid("/model", format!("`{name}` is {value}, but must be 0 or more")))
}

/// The means and deviations of the columns that a network has seen.
struct Scale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Scale {
    fn new(x: &[f64], columns: usize) -> Self {
        let n = (x.len() / columns) as f64;
        let column = |j: usize| x.iter().skip(j).step_by(columns);
        let mean: Vec<f64> = (0..columns).map(|j| column(j).map(|x| x / n).sum()).collect();
        let spread = |j: usize| column(j).map(|x| (x - mean[j]) * (x - mean[j]) / n).sum::<f64>().sqrt();
        // A constant column stays at 0.
        let deviation = (0..columns).map(spread).map(|s| if s > 0.0 { s } else { 1.0 }).collect();
        Scale { mean, deviation }
    }

    /// The rows as the network sees them: within six digits, and not so far out that these are lost.
    fn of(&self, rows: &[f64]) -> Vec<f32> {
        let scaled = |(x, (mean, deviation)): (&f64, (&f64, &f64))| ((x - mean) / deviation).clamp(-1e6, 1e6) as f32;
        rows.iter().zip(self.mean.iter().zip(&self.deviation).cycle()).map(scaled).collect()
    }
}

/// Rows to look among.
struct Neighbours {
    x: Vec<f64>,
    columns: usize,
    k: usize,
}

impl Neighbours {
    fn new(x: &[f64], columns: usize, k: usize) -> Result<Self, Error> {
        if k == 0 {
            return Err(Error::invalid("/model", "`k` is 0, but must be 1 or more"));
        }
        // Fewer rows than asked for: all of them.
        Ok(Neighbours { k: k.min(x.len() / columns), x: x.to_vec(), columns })
    }

    /// The nearest rows; of several as far, the first.
    fn of(&self, row: &[f64]) -> Vec<usize> {
        let far = |other: &[f64]| -> f64 {
            let apart: Vec<f64> = row.iter().zip(other).map(|(a, b)| a - b).collect();
            dot(&apart, &apart)
        };
        let mut order: Vec<(f64, usize)> =
            self.x.chunks_exact(self.columns).enumerate().map(|(i, other)| (far(other), i)).collect();
        if self.k < order.len() {
            order.select_nth_unstable_by(self.k, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        order[..self.k].iter().map(|(_, i)| *i).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn reads_its_json_form() {
        let model: Model = from_value(json!({"kind": "ridge", "alpha": 0.1})).unwrap();
        assert_eq!(model, Model::Ridge { alpha: 0.1 });
        assert_eq!(model.kind(), "ridge");
        assert_eq!(from_value::<Model>(json!({"kind": "linear_regression"})).unwrap(), Model::Linear {});
        assert!(from_value::<Model>(json!({"kind": "ridge", "aplha": 0.1})).is_err());
    }

    #[test]
    fn neighbours_by_hand() {
        let knn = Model::Knn { k: 3 };
        let x = [0.0, 1.0, 2.0, 10.0, 11.0];
        let numbers = knn.fit_numbers(&x, 1, &[1.0, 2.0, 6.0, 0.0, 0.0], Seed::default()).unwrap();
        assert_eq!(numbers.predict(&[0.4, 10.6]), [3.0, 2.0]);
        let classes = knn.fit_classes(&x, 1, &[4, 4, 7, 7, 7], Seed::default()).unwrap();
        assert_eq!((classes.predict(&[0.4, 9.0]), classes.predict_proba(&[0.4])[1]), (vec![4, 7], 1.0 / 3.0));
    }

    #[test]
    fn a_setting_can_be_changed() {
        assert_eq!(Model::Knn { k: 3 }.with("k", 9.0).unwrap(), Model::Knn { k: 9 });
        assert_eq!(Model::Knn { k: 3 }.with("k", 1.5).unwrap_err().path, "/values");
        assert_eq!(Model::Linear {}.with("alpha", 1.0).unwrap_err().path, "/parameter");
    }

    #[test]
    fn each_model_keeps_to_its_task() {
        let logistic = Model::Logistic { c: 1.0, penalty: logistic_regression::Penalty::L2 };
        assert!(logistic.fit_numbers(&[1.0, 2.0], 1, &[0.0, 1.0], Seed::default()).is_err());
        assert!(Model::Linear {}.fit_classes(&[1.0, 2.0], 1, &[0, 1], Seed::default()).is_err());
        assert_eq!(
            logistic.fit_classes(&[1.0, 2.0, 3.0], 1, &[0, 1, 1], Seed::default()).unwrap().predict(&[9.0]),
            [1]
        );
    }
}
