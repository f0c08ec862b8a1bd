//! A decision tree, a random forest and gradient boosting on 50,000 rows of 28 columns with two classes.

use std::marker::PhantomData;

use roundtable_tools::trees::{decision_tree, gradient_boosting, random_forest};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

/// A fully grown tree, Gini impurity, every threshold considered.
pub type DecisionTree = Classes<decision_tree::DecisionTree>;
/// 100 fully grown trees on bootstrap samples, the square root of the columns at each node.
pub type RandomForest = Classes<random_forest::RandomForest>;
/// 100 rounds with 31 leaves and a learning rate of 0.1.
pub type GradientBoosting = Classes<gradient_boosting::GradientBoosting>;

/// A model for two classes.
pub trait Model: Sized {
    /// The workload's name.
    const NAME: &'static str;
    /// Learns; timed.
    fn fit(x: &[f32], columns: usize, target: decision_tree::Target<'_>) -> Outcome<Self>;
    /// The probabilities of both classes for each row.
    fn predict_proba(&self, x: &[f32]) -> Vec<f64>;
}

macro_rules! model {
    ($name:literal, $module:ident::$model:ident) => {
        impl Model for $module::$model {
            const NAME: &'static str = $name;
            fn fit(x: &[f32], columns: usize, target: decision_tree::Target<'_>) -> Outcome<Self> {
                Ok($module::fit(x, columns, target, &$module::Settings::default())?)
            }
            fn predict_proba(&self, x: &[f32]) -> Vec<f64> {
                $module::$model::predict_proba(self, x)
            }
        }
    };
}

model!("decision_tree", decision_tree::DecisionTree);
model!("random_forest", random_forest::RandomForest);
model!("gradient_boosting", gradient_boosting::GradientBoosting);

/// The table, with rows to test on.
pub struct Classes<M> {
    columns: usize,
    x: Vec<f32>,
    labels: Vec<usize>,
    x_test: Vec<f32>,
    labels_test: Vec<usize>,
    model: PhantomData<M>,
}

impl<M: Model> Workload for Classes<M> {
    const NAME: &'static str = M::NAME;
    type Output = M;

    fn load(folder: &Folder) -> Outcome<Self> {
        let labels = |name: &str| -> Outcome<Vec<usize>> {
            Ok(folder.array::<i64>(name)?.numbers.iter().map(|label| *label as usize).collect())
        };
        let x = folder.array::<f32>("X")?;
        Ok(Classes {
            columns: x.columns(),
            x: x.numbers,
            labels: labels("y")?,
            x_test: folder.array::<f32>("Xt")?.numbers,
            labels_test: labels("yt")?,
            model: PhantomData,
        })
    }

    fn run(&self) -> Outcome<M> {
        M::fit(&self.x, self.columns, decision_tree::Target::Classes { labels: &self.labels, classes: 2 })
    }

    fn score(&self, model: M, clock: Clock) -> Outcome<Metrics> {
        let (shares, seconds) = clock.time(|| model.predict_proba(&self.x_test));
        let ones: Vec<f64> = shares.chunks_exact(2).map(|shares| shares[1]).collect();
        let rows = || ones.iter().copied().zip(self.labels_test.iter().map(|label| *label == 1));
        let n = ones.len() as f64;
        let of_truth = rows().map(|(p, one)| if one { p } else { 1.0 - p });
        Ok(Metrics::from_iter([
            ("auc".into(), json!(area_under_curve(rows().collect()))),
            ("accuracy".into(), json!(rows().filter(|(p, one)| (*p > 0.5) == *one).count() as f64 / n)),
            ("log_loss".into(), json!(-of_truth.map(|p| p.clamp(1e-6, 1.0 - 1e-6).ln()).sum::<f64>() / n)),
            ("predict_seconds".into(), json!(seconds)),
        ]))
    }
}

/// By the sum of the ranks of the ones, equal scores sharing theirs (Mann and Whitney).
fn area_under_curve(mut rows: Vec<(f64, bool)>) -> f64 {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut before) = (0.0, 0.0);
    for equal in rows.chunk_by(|a, b| a.0 == b.0) {
        let n = equal.len() as f64;
        ranks += equal.iter().filter(|row| row.1).count() as f64 * (before + (n + 1.0) / 2.0);
        before += n;
    }
    let ones = rows.iter().filter(|row| row.1).count() as f64;
    (ranks - ones * (ones + 1.0) / 2.0) / (ones * (before - ones))
}
