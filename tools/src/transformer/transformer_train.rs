//! # Training a transformer
//!
//! A small GPT learns to write a text, character by character: draw windows at random, let it guess each next character
//! from those before, and go down the gradient of minus the logarithm of what it gave to the right one. The formulas
//! stand in `model.rs`, the way there and back in `pass.rs`.
//!
//! A batch is cut into a few shards, always the same ones: each goes forwards and backwards by itself, in its own memory,
//! on whichever thread is free, and their gradients are added in a fixed order. So the same seed gives the same bits on
//! any number of threads, and what a shard touches stays in the cache.
//!
//! Cost: 6 · parameters operations a token, plus attention's 14 · d · context.
//! References: A. Vaswani et al., "Attention is all you need", NeurIPS 2017; A. Karpathy, *nanoGPT*, for the size.

use std::{collections::BTreeSet, num::NonZeroUsize};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    model::{Config, Params},
    pass::Pass,
    transformer_generate::{draw, write},
};
use crate::{
    error::Error,
    kernel,
    neural::softmax::softmax,
    optimize::{
        rule::{Method, Optimizer, Rule},
        walk::check_rate,
    },
    random::Random,
    value::{Fraction, Seed},
};

/// Trains a small GPT transformer on a text, character by character, and reports its loss. Use it to see a language model
/// learn on toy data, and to get weights for `transformer_generate`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The text to learn, up to 2,000,000 characters of at most 512 kinds.
    pub text: String,
    /// How many characters it sees at once: the context, block size, up to 1024; 16 when not given.
    #[serde(default = "sixteen")]
    pub context: NonZeroUsize,
    /// How many numbers a character is: the width, embedding size, up to 512; 16 when not given.
    #[serde(default = "sixteen")]
    pub d_model: NonZeroUsize,
    /// How many heads share the width; a divisor of it. 2 when not given.
    #[serde(default = "two")]
    pub n_heads: NonZeroUsize,
    /// How many layers: blocks, up to 12; 2 when not given.
    #[serde(default = "two")]
    pub n_layers: NonZeroUsize,
    /// How many windows a step sees: the batch size, up to 512; 8 when not given.
    #[serde(default = "eight")]
    pub batch_size: NonZeroUsize,
    /// How many steps: iterations. 200 when not given.
    #[serde(default = "two_hundred")]
    pub steps: NonZeroUsize,
    /// The optimiser: the method; adam when not given.
    #[serde(default)]
    pub optimizer: Method,
    /// The learning rate: the step size, eta. Above 0; 0.003 when not given.
    #[serde(default = "rate")]
    pub learning_rate: f64,
    /// The share of the text, at its end, that is kept to measure and not learnt from: the validation part; 0.1 when not
    /// given.
    #[serde(default = "tenth")]
    pub validation_fraction: Fraction,
    /// How many characters to write at the end, to see what it learnt, up to 1000; 0 when not given.
    #[serde(default)]
    pub sample: usize,
    /// Whether to give the weights too.
    #[serde(default)]
    pub return_params: bool,
    /// Where the random sequence starts.
    #[serde(default)]
    pub seed: Seed,
}

const fn whole(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("not zero")
}

fn sixteen() -> NonZeroUsize {
    const { whole(16) }
}

fn eight() -> NonZeroUsize {
    const { whole(8) }
}

fn two() -> NonZeroUsize {
    const { whole(2) }
}

fn two_hundred() -> NonZeroUsize {
    const { whole(200) }
}

fn rate() -> f64 {
    0.003
}

fn tenth() -> Fraction {
    Fraction::TENTH
}

/// How training went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// The mean loss of a character in the validation part, in nats; null if there is none. e to this power is how many
    /// characters it hesitates between.
    pub validation_loss: Option<f64>,
    /// The mean loss over the last tenth of the steps.
    pub train_loss: f64,
    /// The loss of each step, thinned to 200.
    pub losses: Vec<f64>,
    /// How many parameters there are.
    pub parameters: usize,
    /// The characters that the tokens stand for, in their order.
    pub vocabulary: String,
    /// What it writes by itself, drawn by probability, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// The weights, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Params>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Train a mini transformer on this text: to be or not to be, that is the question",
    "train a character-level GPT with 2 layers and 4 heads for 400 steps",
    "teach a tiny language model my text and let it write 200 characters",
    "what validation loss does a small transformer reach on this text?",
];

/// The most characters, kinds of them, context, width, layers, windows and operations.
const LIMITS: [usize; 7] = [2_000_000, 512, 1024, 512, 12, 512, 1_000_000_000_000];

/// Trains it.
///
/// # Errors
/// `invalid_arguments` if the text is too short for the context or the heads do not divide the width, `too_large` beyond
/// the limits of size and work, `undefined` if training diverges.
pub fn run(args: &Args) -> Result<Output, Error> {
    let letters: Vec<char> = args.text.chars().collect::<BTreeSet<char>>().into_iter().collect();
    let config = check(args, letters.len())?;
    // Every letter is in the list that was made from the text.
    let tokens: Vec<usize> = args.text.chars().map(|c| letters.binary_search(&c).unwrap_or(0)).collect();
    let kept = (tokens.len() as f64 * args.validation_fraction.get()).round() as usize;
    let (train, validation) = tokens.split_at(tokens.len() - kept);
    let context = config.context;
    if train.len() <= context {
        return Err(Error::invalid("/text", format!("{} characters are too few to learn from", train.len()))
            .with_hint(format!("give more than {context}, or a smaller `context`")));
    }
    let mut random = Random::new(args.seed);
    let batch = args.batch_size.get();
    let mut trainer = Trainer::new(config, batch, Rule::new(args.optimizer), &mut random);
    let (mut inputs, mut targets) = (vec![0; batch * context], vec![0; batch * context]);
    let mut losses = Vec::with_capacity(args.steps.get());
    for step in 0..args.steps.get() {
        let rows = inputs.chunks_exact_mut(context).zip(targets.chunks_exact_mut(context));
        for (input, target) in rows {
            let start = random.below(train.len() - context);
            input.copy_from_slice(&train[start..start + context]);
            target.copy_from_slice(&train[start + 1..start + 1 + context]);
        }
        let loss = trainer.step(&inputs, &targets, args.learning_rate);
        if !loss.is_finite() {
            let message = format!("training diverged at step {}: the loss is no longer a number", step + 1);
            return Err(
                Error::undefined("", message).with_hint(format!("lower the learning rate, now {}", args.learning_rate))
            );
        }
        losses.push(loss);
    }
    let last = losses.len().div_ceil(10);
    let validation_loss = (validation.len() > 1).then(|| trainer.measure(validation));
    let sample = (args.sample > 0).then(|| {
        let choose = |scores: &[f64]| draw(&softmax(scores, 1.0), letters.len(), 1.0, &mut random);
        let (ids, _) = write(config, trainer.parameters(), train[..1].to_vec(), args.sample, choose);
        ids.iter().map(|&id| letters[id]).collect()
    });
    Ok(Output {
        validation_loss,
        train_loss: losses[losses.len() - last..].iter().sum::<f64>() / last as f64,
        losses: losses.iter().step_by(losses.len().div_ceil(200)).copied().collect(),
        parameters: config.parameters(),
        vocabulary: letters.iter().collect(),
        sample,
        params: if args.return_params { Some(config.write(trainer.parameters())?) } else { None },
    })
}

fn check(args: &Args, vocabulary: usize) -> Result<Config, Error> {
    let (width, heads, context) = (args.d_model.get(), args.n_heads.get(), args.context.get());
    let given = [args.text.len(), vocabulary, context, width, args.n_layers.get(), args.batch_size.get()];
    let names = ["text", "text", "context", "d_model", "n_layers", "batch_size"];
    let what = ["bytes", "kinds of characters", "positions", "columns", "layers", "windows"];
    for (((given, most), name), what) in given.into_iter().zip(LIMITS).zip(names).zip(what) {
        if given > most {
            return Err(Error::too_large(
                format!("/{name}"),
                format!("{given} {what} are too many, the limit is {most}"),
            ));
        }
    }
    if args.sample > 1000 {
        return Err(Error::too_large("/sample", format!("`sample` is {}, the limit is 1000", args.sample)));
    }
    if vocabulary == 0 {
        return Err(Error::invalid("/text", "the text is empty").with_hint("give some sentences"));
    }
    if !width.is_multiple_of(heads) {
        return Err(Error::invalid("/n_heads", format!("{heads} heads cannot share {width} columns evenly"))
            .with_hint("take a divisor of `d_model`"));
    }
    check_rate(args.learning_rate, "/learning_rate")?;
    let config = Config { vocabulary, context, width, heads, layers: args.n_layers.get(), hidden: 4 * width };
    if config.parameters() > 10_000_000 {
        let given = config.parameters();
        return Err(Error::too_large("/d_model", format!("{given} parameters are too many, the limit is 10000000")));
    }
    let step = (args.batch_size.get() * context)
        .saturating_mul(6 * config.parameters() + 14 * width * context * config.layers + 10_000);
    let most = (LIMITS[6] / step).max(1);
    if args.steps.get() > most {
        return Err(Error::too_large("/steps", format!("`steps` is {}, the limit is {most} here", args.steps))
            .with_hint("take fewer steps, a smaller model or a smaller batch"));
    }
    Ok(config)
}

/// How many shards a batch is cut into, and how many tokens a shard takes at once.
const SHARDS: usize = 4;
const TOKENS: usize = 512;

/// A transformer in training, with all the memory that a step needs.
pub struct Trainer {
    config: Config,
    parameters: Vec<f32>,
    shards: Vec<Shard>,
    optimizer: Optimizer<f32>,
}

struct Shard {
    pass: Pass<f32>,
    gradient: Vec<f32>,
    loss: f64,
}

impl Trainer {
    /// A transformer with first weights from a seed, for batches of `batch` windows as long as its context.
    pub fn from_seed(config: Config, batch: usize, rule: Rule, seed: Seed) -> Self {
        Self::new(config, batch, rule, &mut Random::new(seed))
    }

    fn new(config: Config, batch: usize, rule: Rule, random: &mut Random) -> Self {
        let parameters = config.draw(random);
        let shards = SHARDS.min(batch).max(1);
        let tokens = (batch.div_ceil(shards) * config.context).min(TOKENS.max(config.context));
        let shard = || Shard {
            pass: Pass::new(config, tokens, config.context),
            gradient: vec![0.0; parameters.len()],
            loss: 0.0,
        };
        let shards = (0..shards).map(|_| shard()).collect();
        let optimizer = Optimizer::new(rule, parameters.len());
        Trainer { config, parameters, shards, optimizer }
    }

    /// All parameters, in the order of `model.rs`.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// One step on windows of tokens, one after the other, and on the tokens that follow each of theirs: gives the mean
    /// loss before the step, in nats a token. All tokens must be below the vocabulary.
    ///
    /// # Panics
    /// When the tokens are not whole windows or there are not as many targets.
    pub fn step(&mut self, inputs: &[usize], targets: &[usize], learning_rate: f64) -> f64 {
        let length = self.config.context;
        assert!(inputs.len() == targets.len() && inputs.len().is_multiple_of(length), "whole windows");
        let windows = inputs.len() / length;
        let share = 1.0 / inputs.len() as f64;
        let count = self.shards.len();
        let (parameters, at_once) = (&self.parameters, TOKENS.max(length) / length * length);
        self.shards.par_iter_mut().enumerate().for_each(|(s, shard)| {
            let range = s * windows / count * length..(s + 1) * windows / count * length;
            shard.gradient.fill(0.0);
            shard.loss = 0.0;
            for (ids, targets) in inputs[range.clone()].chunks(at_once).zip(targets[range].chunks(at_once)) {
                shard.pass.forward(parameters, ids, length);
                shard.loss += shard.pass.loss(targets, share);
                shard.pass.backward(parameters, ids, length, &mut shard.gradient);
            }
        });
        let loss: f64 = self.shards.iter().map(|shard| shard.loss).sum();
        if let Some((first, rest)) = self.shards.split_first_mut() {
            rest.iter().for_each(|shard| kernel::axpy(1.0, &shard.gradient, &mut first.gradient));
            self.optimizer.step(&mut self.parameters, &first.gradient, learning_rate);
        }
        loss * share
    }

    /// The mean loss over consecutive windows of tokens, in nats a token.
    ///
    /// # Panics
    /// When there are fewer than two tokens.
    pub fn measure(&self, tokens: &[usize]) -> f64 {
        assert!(tokens.len() > 1, "there is nothing to predict");
        let length = self.config.context;
        let mut pass = Pass::new(self.config, length, length);
        let mut total = 0.0;
        for start in (0..tokens.len() - 1).step_by(length) {
            let end = (start + length).min(tokens.len() - 1);
            pass.forward(&self.parameters, &tokens[start..end], end - start);
            total += pass.loss(&tokens[start + 1..end + 1], 1.0);
        }
        total / (tokens.len() - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::ErrorKind;

    fn args(text: &str) -> Args {
        let args = serde_json::json!({"text": text, "context": 8, "d_model": 16, "n_heads": 2, "n_layers": 1,
            "batch_size": 6, "steps": 120, "learning_rate": 0.01, "validation_fraction": 0.2, "seed": 3});
        serde_json::from_value(args).unwrap()
    }

    #[test]
    fn learns_a_text_that_repeats() {
        let out = run(&Args { sample: 20, return_params: true, ..args(&"abcd".repeat(30)) }).unwrap();
        // By hand: after the first letter of a window everything is certain; before, the loss is ln 4 = 1.39.
        assert!(out.losses[0] > 1.0 && out.train_loss < 0.1, "{:?}", out.losses);
        assert!(out.validation_loss.unwrap() < 0.1 && out.vocabulary == "abcd");
        assert!("abcd".repeat(7).contains(&out.sample.unwrap()[..8]));
        assert_eq!(out.params.unwrap().pos.rows(), 8);
    }

    #[test]
    fn the_same_bits_on_one_thread_and_on_two() {
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let args = Args { steps: whole(4), return_params: true, ..args(&"so it goes, and so it went. ".repeat(5)) };
            pool.install(|| serde_json::to_string(&run(&args).unwrap()).unwrap())
        };
        assert_eq!(fit(1), fit(2));
    }

    #[test]
    fn shards_add_up_to_the_whole() {
        // One step on a batch by four shards, and the same gradient by one pass over all of it.
        let config = Config { vocabulary: 5, context: 4, width: 8, heads: 2, layers: 1, hidden: 16 };
        let inputs: Vec<usize> = (0..24).map(|i| i * i % 5).collect();
        let targets: Vec<usize> = (0..24).map(|i| (i * 3 + 1) % 5).collect();
        let mut trainer = Trainer::from_seed(config, 6, Rule::new(Method::Sgd), Seed::from(1));
        let before = trainer.parameters().to_vec();
        let mut pass = Pass::new(config, 24, 4);
        let mut gradient = vec![0.0; before.len()];
        pass.forward(&before, &inputs, 4);
        let loss = pass.loss(&targets, 1.0 / 24.0) / 24.0;
        pass.backward(&before, &inputs, 4, &mut gradient);
        assert!((trainer.step(&inputs, &targets, 0.5) - loss).abs() < 1e-6);
        for ((after, before), slope) in trainer.parameters().iter().zip(&before).zip(&gradient) {
            assert!((before - 0.5 * slope - after).abs() < 1e-5);
        }
    }

    #[test]
    fn a_divergence_is_reported() {
        let args = Args { optimizer: Method::Sgd, learning_rate: 1e30, ..args(&"abcd".repeat(30)) };
        let error = run(&args).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Undefined, "{error}");
    }

    #[test]
    fn limits_have_names() {
        let check = |change: fn(&mut Args), path: &str| {
            let mut args = args("abcd");
            change(&mut args);
            assert_eq!(run(&args).unwrap_err().path, path);
        };
        check(|_| (), "/text");
        check(|args| args.text = String::new(), "/text");
        check(|args| args.n_heads = whole(3), "/n_heads");
        check(|args| args.context = NonZeroUsize::MAX, "/context");
        check(|args| args.steps = NonZeroUsize::MAX, "/steps");
        check(|args| args.learning_rate = -1.0, "/learning_rate");
    }
}
