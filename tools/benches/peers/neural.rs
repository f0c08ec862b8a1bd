//! Networks: a classifier of handwritten digits, and twenty steps of a small transformer on characters.

use roundtable_tools::{
    Seed,
    neural::{
        activation::Activation,
        mlp_train::{Model, Settings},
    },
    optimize::rule::{Method, Rule},
    transformer::{model::Config, transformer_train::Trainer},
};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

/// 64 inputs, layers as the manifest says, Adam at 1e-3.
pub struct MlpDigits {
    x: Vec<f32>,
    y: Vec<usize>,
    x_test: Vec<f32>,
    y_test: Vec<usize>,
    columns: usize,
    classes: usize,
    settings: Settings,
}

fn labels(folder: &Folder, name: &str) -> Outcome<Vec<usize>> {
    Ok(folder.array::<i64>(name)?.numbers.into_iter().map(usize::try_from).collect::<Result<_, _>>()?)
}

impl Workload for MlpDigits {
    const NAME: &'static str = "mlp_digits";
    type Output = Model;

    fn load(folder: &Folder) -> Outcome<Self> {
        let sizes: Vec<usize> = serde_json::from_value(folder.parameter("layers").clone())?;
        let [columns, hidden @ .., classes] = sizes.as_slice() else { return Err("too few `layers`".into()) };
        let settings = Settings {
            hidden: hidden.to_vec(),
            activation: Activation::Relu,
            rule: Rule::new(Method::Adam),
            learning_rate: 1e-3,
            epochs: folder.count("epochs")?,
            batch_size: folder.count("batch")?,
            seed: Seed::default(),
        };
        Ok(MlpDigits {
            x: folder.array("X")?.numbers,
            y: labels(folder, "y")?,
            x_test: folder.array("Xt")?.numbers,
            y_test: labels(folder, "yt")?,
            columns: *columns,
            classes: *classes,
            settings,
        })
    }

    fn run(&self) -> Outcome<Model> {
        Ok(Model::fit_classes(&self.x, self.columns, &self.y, self.classes, &self.settings)?)
    }

    fn score(&self, model: Model, _: Clock) -> Outcome<Metrics> {
        let predicted = model.predict_classes(&self.x_test);
        let right = predicted.iter().zip(&self.y_test).filter(|(a, b)| a == b).count();
        Ok(Metrics::from_iter([
            ("accuracy".into(), json!(right as f64 / predicted.len() as f64)),
            ("train_loss".into(), json!(model.losses().last())),
        ]))
    }
}

/// Forward, backward and Adam at 3e-4 on random windows.
pub struct CharTransformer {
    tokens: Vec<usize>,
    config: Config,
    batch: usize,
    steps: usize,
}

impl CharTransformer {
    /// Takes steps and gives the last loss; the windows go on from `seed`.
    fn steps(&self, trainer: &mut Trainer, count: usize, mut seed: u64) -> f64 {
        let length = self.config.context;
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        let mut loss = f64::NAN;
        for _ in 0..count {
            inputs.clear();
            targets.clear();
            for _ in 0..self.batch {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let start = (seed >> 33) as usize % (self.tokens.len() - length - 1);
                inputs.extend_from_slice(&self.tokens[start..start + length]);
                targets.extend_from_slice(&self.tokens[start + 1..start + 1 + length]);
            }
            loss = trainer.step(&inputs, &targets, 3e-4);
        }
        loss
    }
}

impl Workload for CharTransformer {
    const NAME: &'static str = "char_transformer";
    type Output = (Trainer, f64);

    fn load(folder: &Folder) -> Outcome<Self> {
        let width = folder.count("d_model")?;
        let config = Config {
            vocabulary: folder.count("vocab")?,
            context: folder.count("context")?,
            width,
            heads: folder.count("heads")?,
            layers: folder.count("layers")?,
            hidden: 4 * width,
        };
        let tokens = folder.array::<i32>("tokens")?.numbers.into_iter().map(usize::try_from);
        let tokens = tokens.collect::<Result<_, _>>()?;
        Ok(CharTransformer { tokens, config, batch: folder.count("batch")?, steps: folder.count("steps")? })
    }

    fn run(&self) -> Outcome<(Trainer, f64)> {
        let mut trainer = Trainer::from_seed(self.config, self.batch, Rule::new(Method::Adam), Seed::default());
        let loss = self.steps(&mut trainer, self.steps, 1);
        Ok((trainer, loss))
    }

    fn score(&self, (mut trainer, loss): (Trainer, f64), clock: Clock) -> Outcome<Metrics> {
        let (_, seconds) = clock.time(|| self.steps(&mut trainer, 5, 2));
        let Config { context, width, layers, vocabulary, .. } = self.config;
        let tokens = (self.batch * context) as f64;
        // As ml_peers.py counts: six operations a weight and token, and attention's.
        let weights = (layers * 12 * width * width + vocabulary * width) as f64;
        let attention = (12 * layers * self.batch * context * context * width) as f64;
        let gflop = (6.0 * weights * tokens + attention) / 1e9;
        Ok(Metrics::from_iter([
            ("loss_last".into(), json!(loss)),
            ("ms_step".into(), json!(seconds / 5.0 * 1e3)),
            ("tokens_s".into(), json!(tokens * 5.0 / seconds)),
            ("gflop_step".into(), json!(gflop)),
            ("gflop_s".into(), json!(gflop * 5.0 / seconds)),
        ]))
    }
}
