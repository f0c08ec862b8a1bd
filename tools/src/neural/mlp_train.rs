//! # Training a network
//!
//! Stochastic gradient descent on a network of layers: draw the first weights, go through the rows in a new order each
//! epoch, and after every small batch take one optimiser step along the gradient that backpropagation gives
//! (`network.rs`). Everything is in single precision and in buffers made once: a step gathers its rows, multiplies three
//! matrices a layer, and passes once over the flat parameters. The same seed gives the same bits on any number of
//! threads.
//!
//! Cost: 6 · rows · weights operations an epoch.
//! References: D. Rumelhart, G. Hinton, R. Williams, Nature 323, 1986; Y. LeCun et al., "Efficient BackProp", 1998; the
//! first weights as in K. He et al., ICCV 2015, and X. Glorot, Y. Bengio, AISTATS 2010.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activation::Activation,
    mlp_backprop::read_classes,
    network::{Init, Loss, Pass, Shape, Target},
    softmax,
};
use crate::{
    error::Error,
    optimize::{
        rule::{Method, Optimizer, Rule},
        walk::check_rate,
    },
    random::Random,
    value::{Matrix, Seed, Vector},
};

/// Trains a neural network (multi-layer perceptron, MLP) on a table, to predict classes or numbers. Use it when the
/// border between classes is bent or a number depends on its inputs in a bent way.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Args {
    /// The table to learn from, one sample a row.
    pub X: Matrix,
    /// What to predict: labels, targets. A class from 0 to 999 for each row, or with the loss mse a number.
    pub y: Vector,
    /// Rows to predict instead of those of `X`, with as many columns.
    #[serde(default)]
    pub X_test: Option<Matrix>,
    /// What all inputs are multiplied by: they should end up around 1 in size; 1 when not given.
    #[serde(default = "one")]
    pub scale: f64,
    /// The hidden layers: how many neurons each has, up to 20 layers of up to 4096. One of 32 when not given.
    #[serde(default = "hidden")]
    pub hidden: Vec<NonZeroUsize>,
    /// The activation of the hidden layers; relu when not given.
    #[serde(default)]
    pub activation: Activation,
    /// What is made small: the loss. cross_entropy for classes, which it is when not given, bce for two classes with one
    /// output, mse for numbers: regression.
    #[serde(default)]
    pub loss: Loss,
    /// How many epochs: times through all rows. 200 when not given.
    #[serde(default = "epochs")]
    pub epochs: NonZeroUsize,
    /// How many rows a step sees: the batch size; 32 when not given.
    #[serde(default = "batch")]
    pub batch_size: NonZeroUsize,
    /// The optimiser: the method; adam when not given.
    #[serde(default)]
    pub optimizer: Method,
    /// The learning rate: the step size, eta. Above 0; 0.001 for adam and its kin, 0.05 for sgd, momentum, nesterov and
    /// adagrad, 1 for adadelta when not given.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// The pull towards 0: weight decay, L2, alpha. 0 when not given, 0.01 for adamw.
    #[serde(default)]
    pub weight_decay: Option<f64>,
    /// Whether to give the weights and biases too.
    #[serde(default)]
    pub return_weights: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

fn one() -> f64 {
    1.0
}

fn hidden() -> Vec<NonZeroUsize> {
    vec![batch()]
}

fn epochs() -> NonZeroUsize {
    const { NonZeroUsize::new(200).expect("not zero") }
}

fn batch() -> NonZeroUsize {
    const { NonZeroUsize::new(32).expect("not zero") }
}

/// What it predicts, and how training went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The class, or with the loss mse the number, of each row of `X_test`, or of `X` when there is none.
    pub predictions: Predictions,
    /// The mean loss over each epoch, while the weights were changing.
    pub losses: Vec<f64>,
    /// The loss on `X` at the end.
    pub train_loss: f64,
    /// The share of the rows of `X` whose class it gets right; null for numbers.
    pub train_accuracy: Option<f64>,
    /// How many weights and biases there are.
    pub parameters: usize,
    /// The weights of each layer, inputs x outputs, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<Vec<Vec<f64>>>>,
    /// The biases of each layer, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biases: Option<Vec<Vec<f64>>>,
}

/// Classes or numbers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Predictions {
    /// Classes from 0.
    Classes(Vec<usize>),
    /// Numbers.
    Numbers(Vec<f64>),
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Train a neural network with 8 hidden neurons on X = [[0,0],[0,1],[1,0],[1,1]], y = [0,1,1,0]",
    "fit an MLP classifier with two hidden layers of 64 and predict the test rows",
    "train a network with tanh and the Adam optimizer for 500 epochs",
    "neural network regression of y on X with the mse loss",
];

/// The most layers, neurons of a layer, weights, and operations.
const LIMITS: (usize, usize, usize, usize) = (20, 4096, 10_000_000, 400_000_000_000);
const MOST_CLASSES: usize = 1000;

/// Trains it.
///
/// # Errors
/// `invalid_arguments` if the labels do not fit the rows or the loss, `X_test` has other columns or the rate is not
/// positive; `too_large` beyond the limits of size and work; `undefined` if training diverges.
pub fn run(args: &Args) -> Result<Output, Error> {
    super::same_columns(args.X_test.as_ref(), args.X.columns())?;
    let rate = args.learning_rate.unwrap_or(match args.optimizer {
        Method::Sgd | Method::Momentum | Method::Nesterov | Method::AdaGrad => 0.05,
        Method::AdaDelta => 1.0,
        _ => 0.001,
    });
    check_rate(rate, "/learning_rate")?;
    let mut rule = Rule::new(args.optimizer);
    rule.weight_decay = args.weight_decay.unwrap_or(rule.weight_decay);
    rule.check("")?;
    let settings = Settings {
        hidden: args.hidden.iter().map(|size| size.get()).collect(),
        activation: args.activation,
        rule,
        learning_rate: rate,
        epochs: args.epochs.get(),
        batch_size: args.batch_size.get(),
        seed: args.seed,
    };
    let x = single(&args.X, args.scale, "/X")?;
    let columns = args.X.columns();
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    let model = match args.loss {
        Loss::Mse => {
            if args.y.len() != args.X.rows() {
                let (given, rows) = (args.y.len(), args.X.rows());
                return Err(Error::invalid("/y", format!("`y` has {given} values, but `X` has {rows} rows")));
            }
            numbers = args.y.iter().map(|y| *y as f32).collect();
            Model::fit(&x, columns, Target::Numbers(&numbers), 1, &settings)?
        }
        Loss::Bce => {
            labels = read_classes(&args.y, args.X.rows(), 2)?;
            Model::fit(&x, columns, Target::YesOrNo(&labels), 1, &settings)?
        }
        Loss::CrossEntropy => {
            labels = read_classes(&args.y, args.X.rows(), MOST_CLASSES)?;
            let classes = labels.iter().max().map_or(2, |most| most + 1).max(2);
            Model::fit(&x, columns, Target::Classes(&labels), classes, &settings)?
        }
    };
    let target = match args.loss {
        Loss::Mse => Target::Numbers(&numbers),
        Loss::Bce => Target::YesOrNo(&labels),
        Loss::CrossEntropy => Target::Classes(&labels),
    };
    let (train_loss, on_train) = model.measure(&x, target);
    let train_accuracy = (args.loss != Loss::Mse).then(|| {
        let classes = model.classes_of(&on_train);
        classes.iter().zip(&labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
    });
    let outputs = match &args.X_test {
        Some(test) => model.outputs(&single(test, args.scale, "/X_test")?),
        None => on_train,
    };
    let predictions = match args.loss {
        Loss::Mse => Predictions::Numbers(outputs.iter().map(|y| f64::from(*y)).collect()),
        Loss::Bce | Loss::CrossEntropy => Predictions::Classes(model.classes_of(&outputs)),
    };
    let layer = |l: usize| model.shape.split(&model.parameters, l);
    let double = |row: &[f32]| row.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let layers = || (0..model.shape.layers()).map(layer);
    let weights = || layers().map(|(weights, biases)| weights.chunks(biases.len()).map(double).collect()).collect();
    Ok(Output {
        predictions,
        train_loss,
        train_accuracy,
        parameters: model.parameters.len(),
        weights: args.return_weights.then(weights),
        biases: args.return_weights.then(|| layers().map(|(_, biases)| double(biases)).collect()),
        losses: model.losses,
    })
}

/// The numbers of a table times `scale` in single precision.
fn single(table: &Matrix, scale: f64, path: &str) -> Result<Vec<f32>, Error> {
    let numbers: Vec<f32> = table.as_slice().iter().map(|x| (x * scale) as f32).collect();
    match numbers.iter().position(|x| !x.is_finite()) {
        Some(at) => {
            let (i, j) = (at / table.columns(), at % table.columns());
            let number = table.row(i)[j];
            Err(Error::invalid(format!("{path}/{i}/{j}"), format!("`{number:e}` times `scale` is not a usual number"))
                .with_hint("scale the columns to sizes around 1"))
        }
        None => Ok(numbers),
    }
}

/// How a network is trained.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sizes of the hidden layers; none of them makes a linear model.
    pub hidden: Vec<usize>,
    /// What the hidden neurons do.
    pub activation: Activation,
    /// How a step is made from a gradient.
    pub rule: Rule,
    /// The size of the steps, above 0.
    pub learning_rate: f64,
    /// How many times through all rows.
    pub epochs: usize,
    /// How many rows a step sees.
    pub batch_size: usize,
    /// Where the random sequence starts.
    pub seed: Seed,
}

impl Default for Settings {
    /// One hidden layer of 32 rectifiers, Adam at 0.001, 200 epochs of batches of 32.
    fn default() -> Self {
        Settings {
            hidden: vec![32],
            activation: Activation::Relu,
            rule: Rule::new(Method::Adam),
            learning_rate: 0.001,
            epochs: 200,
            batch_size: 32,
            seed: Seed::default(),
        }
    }
}

/// A trained network.
#[derive(Debug, Clone)]
pub struct Model {
    shape: Shape,
    parameters: Vec<f32>,
    losses: Vec<f64>,
}

impl Model {
    /// Learns classes: `x` holds rows of `columns` numbers, `y` a class below `classes` for each row.
    ///
    /// ```
    /// use roundtable_tools::neural::mlp_train::{Model, Settings};
    ///
    /// let x = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    /// let settings = Settings { learning_rate: 0.03, epochs: 400, ..Settings::default() };
    /// let model = Model::fit_classes(&x, 2, &[0, 1, 1, 0], 2, &settings)?;
    /// assert_eq!(model.predict_classes(&x), [0, 1, 1, 0]);
    /// # Ok::<(), roundtable_tools::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_arguments` if `x` and `y` do not fit together, `too_large` beyond the limits of size and work,
    /// `undefined` if training diverges.
    pub fn fit_classes(
        x: &[f32],
        columns: usize,
        y: &[usize],
        classes: usize,
        settings: &Settings,
    ) -> Result<Self, Error> {
        if let Some(at) = y.iter().position(|class| *class >= classes) {
            return Err(Error::invalid(format!("/y/{at}"), format!("`{}` is no class below {classes}", y[at])));
        }
        Self::fit(x, columns, Target::Classes(y), classes, settings)
    }

    /// Learns numbers: `x` holds rows of `columns` numbers, `y` as many rows of `outputs` numbers.
    ///
    /// # Errors
    /// As [`Model::fit_classes`].
    pub fn fit_numbers(
        x: &[f32],
        columns: usize,
        y: &[f32],
        outputs: usize,
        settings: &Settings,
    ) -> Result<Self, Error> {
        Self::fit(x, columns, Target::Numbers(y), outputs, settings)
    }

    fn fit(
        x: &[f32],
        columns: usize,
        target: Target<'_, f32>,
        outputs: usize,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let rows = x.len() / columns.max(1);
        let shape = check(rows, columns, target, outputs, settings)?;
        let mut random = Random::new(settings.seed);
        let mut parameters = shape.draw(Init::suited_to(settings.activation), &mut random);
        let mut gradient = vec![0.0; parameters.len()];
        let mut optimizer = Optimizer::new(settings.rule, parameters.len());
        let batch = settings.batch_size.min(rows);
        let mut pass = Pass::new(&shape, batch);
        let mut wanted = Batch::default();
        let mut order: Vec<usize> = (0..rows).collect();
        let mut losses = Vec::with_capacity(settings.epochs);
        for epoch in 0..settings.epochs {
            random.shuffle(&mut order);
            let mut total = 0.0;
            for chosen in order.chunks(batch) {
                for (to, &i) in pass.inputs(chosen.len()).chunks_exact_mut(columns).zip(chosen) {
                    to.copy_from_slice(&x[i * columns..(i + 1) * columns]);
                }
                pass.forward(&parameters, chosen.len());
                total += pass.loss(wanted.gather(target, outputs, chosen), chosen.len()) * chosen.len() as f64;
                pass.backward(&parameters, chosen.len(), &mut gradient);
                optimizer.step(&mut parameters, &gradient, settings.learning_rate);
            }
            let loss = total / rows as f64;
            if !loss.is_finite() || parameters.iter().any(|p| !p.is_finite()) {
                let message = format!("training diverged in epoch {}: the loss is no longer a number", epoch + 1);
                return Err(Error::undefined("", message).with_hint(format!(
                    "lower the learning rate, now {}, or scale the columns of `X` to sizes around 1",
                    settings.learning_rate
                )));
            }
            losses.push(loss);
        }
        Ok(Model { shape, parameters, losses })
    }

    /// The mean loss over each epoch, while the weights were changing.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The outputs of the last layer for each row, row after row: numbers, or the logits of classes.
    pub fn outputs(&self, x: &[f32]) -> Vec<f32> {
        let (inputs, outputs) = (self.shape.inputs(), self.shape.outputs());
        let block = 256.min((x.len() / inputs).max(1));
        let mut pass = Pass::new(&self.shape, block);
        let mut all = Vec::with_capacity(x.len() / inputs * outputs);
        for part in x.chunks(block * inputs) {
            let rows = part.len() / inputs;
            pass.inputs(rows).copy_from_slice(&part[..rows * inputs]);
            pass.forward(&self.parameters, rows);
            all.extend_from_slice(pass.outputs(rows));
        }
        all
    }

    /// The class of each row.
    pub fn predict_classes(&self, x: &[f32]) -> Vec<usize> {
        self.classes_of(&self.outputs(x))
    }

    /// The probability of each class for each row, row after row.
    pub fn predict_probabilities(&self, x: &[f32]) -> Vec<f32> {
        let mut outputs = self.outputs(x);
        outputs.chunks_exact_mut(self.shape.outputs()).for_each(|row| {
            softmax::in_place(row);
        });
        outputs
    }

    /// The largest of the outputs, or with one output whether it is positive.
    fn classes_of(&self, outputs: &[f32]) -> Vec<usize> {
        let width = self.shape.outputs();
        if width == 1 {
            return outputs.iter().map(|logit| usize::from(*logit > 0.0)).collect();
        }
        let largest = |row: &[f32]| (1..width).fold(0, |best, i| if row[i] > row[best] { i } else { best });
        outputs.chunks_exact(width).map(largest).collect()
    }

    /// The loss on rows, and their outputs.
    fn measure(&self, x: &[f32], target: Target<'_, f32>) -> (f64, Vec<f32>) {
        let rows = x.len() / self.shape.inputs();
        let mut pass = Pass::new(&self.shape, rows);
        pass.inputs(rows).copy_from_slice(x);
        pass.forward(&self.parameters, rows);
        let loss = pass.loss(target, rows);
        (loss, pass.outputs(rows).to_vec())
    }
}

/// The targets of a batch.
#[derive(Debug, Default)]
struct Batch {
    classes: Vec<usize>,
    numbers: Vec<f32>,
}

impl Batch {
    fn gather<'a>(&'a mut self, target: Target<'_, f32>, outputs: usize, chosen: &[usize]) -> Target<'a, f32> {
        self.classes.clear();
        self.numbers.clear();
        match target {
            Target::Classes(all) => {
                self.classes.extend(chosen.iter().map(|&i| all[i]));
                Target::Classes(&self.classes)
            }
            Target::YesOrNo(all) => {
                self.classes.extend(chosen.iter().map(|&i| all[i]));
                Target::YesOrNo(&self.classes)
            }
            Target::Numbers(all) => {
                for &i in chosen {
                    self.numbers.extend_from_slice(&all[i * outputs..(i + 1) * outputs]);
                }
                Target::Numbers(&self.numbers)
            }
        }
    }
}

fn check(
    rows: usize,
    columns: usize,
    target: Target<'_, f32>,
    outputs: usize,
    settings: &Settings,
) -> Result<Shape, Error> {
    let targets = match target {
        Target::Classes(all) | Target::YesOrNo(all) => all.len(),
        Target::Numbers(all) => all.len() / outputs.max(1),
    };
    if rows == 0 || columns == 0 || outputs == 0 || targets != rows {
        return Err(Error::invalid("/y", format!("there are {targets} targets for {rows} rows")));
    }
    let (layers, neurons, weights, work) = LIMITS;
    if settings.hidden.len() > layers {
        let given = settings.hidden.len();
        return Err(Error::too_large("/hidden", format!("there are {given} hidden layers, the limit is {layers}")));
    }
    if let Some(at) = settings.hidden.iter().position(|size| !(1..=neurons).contains(size)) {
        let size = settings.hidden[at];
        return Err(Error::too_large(format!("/hidden/{at}"), format!("`{size}` is not from 1 to {neurons}")));
    }
    let sizes: Vec<usize> = [columns].into_iter().chain(settings.hidden.iter().copied()).chain([outputs]).collect();
    let shape = Shape::new(sizes, settings.activation);
    let parameters = shape.parameters();
    if parameters > weights {
        return Err(Error::too_large("/hidden", format!("there are {parameters} weights, the limit is {weights}")));
    }
    let steps = rows.div_ceil(settings.batch_size.clamp(1, rows));
    // A step is worth some operations of its own, and its pass over the parameters some more.
    let epoch = (6 * rows * parameters).saturating_add(steps * (20 * parameters + 20_000));
    if settings.epochs.saturating_mul(epoch) > work {
        let most = work / epoch;
        return Err(Error::too_large("/epochs", format!("`epochs` is {}, the limit is {most} here", settings.epochs))
            .with_hint("take fewer epochs, larger batches or smaller layers"));
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;

    fn args(text: &str) -> Args {
        serde_json::from_str(text).unwrap()
    }

    const XOR: &str = r#"{"X": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [0, 1, 1, 0], "hidden": [8], "activation": "tanh",
        "epochs": 600, "learning_rate": 0.05, "seed": 3}"#;

    #[test]
    fn learns_what_no_line_separates() {
        let out = run(&args(XOR)).unwrap();
        assert_eq!(out.predictions, Predictions::Classes(vec![0, 1, 1, 0]));
        assert_eq!((out.train_accuracy, out.parameters), (Some(1.0), 2 * 8 + 8 + 8 * 2 + 2));
        assert!(out.train_loss < 0.1 && out.losses[0] > 0.4);
        // One output for two classes learns it as well.
        let out = run(&Args { loss: Loss::Bce, ..args(XOR) }).unwrap();
        assert_eq!(out.predictions, Predictions::Classes(vec![0, 1, 1, 0]));
    }

    #[test]
    fn without_a_hidden_layer_it_is_linear_regression() {
        // By hand: y = 2x + 1 exactly.
        let out = run(&args(
            r#"{"X": [[-1], [0], [1], [2]], "y": [-1, 1, 3, 5], "hidden": [], "loss": "mse", "epochs": 400,
                "learning_rate": 0.05, "X_test": [[10]], "return_weights": true}"#,
        ))
        .unwrap();
        let Predictions::Numbers(numbers) = out.predictions else { panic!("numbers") };
        assert!((numbers[0] - 21.0).abs() < 0.05, "{numbers:?}");
        assert!((out.weights.unwrap()[0][0][0] - 2.0).abs() < 0.01 && (out.biases.unwrap()[0][0] - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_divergence_is_reported() {
        let args = Args { loss: Loss::Mse, activation: Activation::Relu, learning_rate: Some(1e4), ..args(XOR) };
        let error = run(&Args { optimizer: Method::Sgd, ..args }).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Undefined);
        assert!(error.message.starts_with("training diverged in epoch"), "{error}");
    }

    #[test]
    fn the_same_bits_on_one_thread_and_on_two() {
        let mut random = Random::new(Seed::from(4));
        let x: Vec<f32> = (0..300 * 40).map(|_| random.normal() as f32).collect();
        let y: Vec<usize> = (0..300).map(|i| usize::from(x[i * 40] + x[i * 40 + 1] > 0.0)).collect();
        let settings = Settings { hidden: vec![70, 50], epochs: 3, batch_size: 128, ..Settings::default() };
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Model::fit_classes(&x, 40, &y, 2, &settings).unwrap())
        };
        let (one, two) = (fit(1), fit(2));
        assert_eq!(one.parameters, two.parameters);
        // And learning lowers the loss.
        assert!(one.losses()[2] < one.losses()[0], "{:?}", one.losses());
        let probabilities = one.predict_probabilities(&x[..80]);
        assert!((probabilities[0] + probabilities[1] - 1.0).abs() < 1e-5 && probabilities.len() == 4);
    }

    #[test]
    fn limits_have_names() {
        let check = |change: fn(&mut Args), path: &str| {
            let mut args = args(XOR);
            change(&mut args);
            assert_eq!(run(&args).unwrap_err().path, path);
        };
        check(|args| args.epochs = NonZeroUsize::MAX, "/epochs");
        check(|args| args.hidden = vec![NonZeroUsize::MAX], "/hidden/0");
        check(|args| args.scale = 1e300, "/X/1/1");
        check(|args| args.learning_rate = Some(0.0), "/learning_rate");
        check(|args| args.y = [0.0, 1.0].try_into().unwrap(), "/y");
    }
}
