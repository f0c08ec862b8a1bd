//! # Vanishing gradients
//!
//! On its way back through a deep network, a gradient is multiplied in every layer by the weights and by the slopes of
//! the activations. If that factor is below 1 on average, the first layers hear next to nothing (it vanishes: sigmoids,
//! whose slope is at most 1/4, or weights that are too small); above 1 it explodes. First weights of the right variance
//! and rectifiers keep it near 1. The tool sends random inputs through fresh networks and measures.
//!
//! Cost: 6 · samples · weights operations a network.
//! References: S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, 1991; Y. Bengio, P. Simard, P. Frasconi,
//! "Learning long-term dependencies with gradient descent is difficult", IEEE Trans. Neural Networks 5(2), 1994; X.
//! Glorot, Y. Bengio, AISTATS 2010; K. He et al., ICCV 2015.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activation::Activation,
    compare_activations::name,
    network::{Init, Pass, Shape, Target},
};
use crate::{
    error::Error,
    plot::chart::{self, Line},
    random::Random,
    value::Seed,
};

/// Shows vanishing and exploding gradients: the size of the gradient in each layer of deep networks with different
/// activations and first weights, with a picture. Use it to explain why deep sigmoid networks do not learn and what ReLU
/// and a good initialisation change; it runs without any argument.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// The networks to compare, 1 to 10; sigmoid and tanh with glorot, relu with he, tanh with small and relu with large
    /// weights when not given.
    pub networks: Option<Vec<Network>>,
    /// How deep: the number of layers, from 2 to 100; 20 when not given.
    pub depth: Option<NonZeroUsize>,
    /// How wide: the number of neurons in each layer, from 1 to 256; 64 when not given.
    pub width: Option<NonZeroUsize>,
    /// Where the random sequence starts.
    pub seed: Seed,
}

/// One network.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// What its neurons do.
    pub activation: Activation,
    /// How its first weights are drawn: the initialisation; what suits the activation when not given.
    #[serde(default)]
    pub init: Option<Init>,
}

/// The gradients.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Output {
    /// What was measured in each network, in the order given.
    pub networks: Vec<Measured>,
    /// The picture, as the text of an SVG file: the size of the gradient by layer, logarithmic.
    pub svg: String,
}

/// What was measured in one network.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Measured {
    /// Activation and initialisation.
    pub name: String,
    /// The root mean square of the gradient in the weighted sums of each layer, the first layer first.
    pub gradients: Vec<f64>,
    /// The root mean square of what each layer puts out.
    pub activations: Vec<f64>,
    /// The first layer's gradient as a share of the last layer's: far below 1 it vanishes, far above it explodes; null
    /// if the last is 0.
    pub first_to_last: Option<f64>,
    /// What a layer multiplies the gradient by on its way back, on average; null if it dies on the way.
    pub factor_per_layer: Option<f64>,
}

/// What a person would say.
pub const EXAMPLES: &[&str] = &[
    "Show me the vanishing gradient problem",
    "why do deep sigmoid networks not learn? compare with relu over 30 layers",
    "gradient norm by layer for tanh with small and with Glorot weights",
    "do gradients explode with large initial weights?",
];

/// How many random samples go through each network.
const SAMPLES: usize = 32;

/// Measures them.
///
/// # Errors
/// `invalid_arguments` for an empty list or one layer, `too_large` beyond the limits of size.
pub fn run(args: &Args) -> Result<Output, Error> {
    let (depth, width) = (args.depth.map_or(20, NonZeroUsize::get), args.width.map_or(64, NonZeroUsize::get));
    let networks = args.networks.clone().unwrap_or_else(usual);
    if networks.is_empty() {
        return Err(Error::invalid("/networks", "there is nothing to compare").with_hint("leave it out, or name two"));
    }
    if networks.len() > 10 {
        return Err(Error::too_large("/networks", format!("there are {} networks, the limit is 10", networks.len())));
    }
    if depth < 2 {
        return Err(Error::invalid("/depth", "one layer has no depth").with_hint("use `depth` from 2 to 100"));
    }
    if depth > 100 {
        return Err(Error::too_large("/depth", format!("`depth` is {depth}, the limit is 100")));
    }
    if width > 256 {
        return Err(Error::too_large("/width", format!("`width` is {width}, the limit is 256")));
    }
    let measured: Vec<Measured> = networks.iter().map(|network| measure(network, depth, width, args.seed)).collect();
    let points: Vec<Vec<(f64, f64)>> = measured
        .iter()
        .map(|network| network.gradients.iter().enumerate().map(|(l, size)| ((l + 1) as f64, *size)).collect())
        .collect();
    let lines: Vec<Line<'_>> =
        measured.iter().zip(&points).map(|(network, points)| Line { name: &network.name, points }).collect();
    let (title, x, y) =
        ("Gradients in a deep network", "layer (1 is next to the inputs)", "gradient, root mean square");
    let alive = measured.iter().any(|network| network.gradients.iter().any(|size| *size > 0.0));
    let svg = if alive { chart::lines_log_y(title, x, y, &lines)? } else { chart::lines(title, x, y, &lines)? };
    Ok(Output { networks: measured, svg })
}

fn usual() -> Vec<Network> {
    [
        (Activation::Sigmoid, Init::Glorot),
        (Activation::Tanh, Init::Glorot),
        (Activation::Relu, Init::He),
        (Activation::Tanh, Init::Small),
        (Activation::Relu, Init::Large),
    ]
    .map(|(activation, init)| Network { activation, init: Some(init) })
    .to_vec()
}

fn measure(network: &Network, depth: usize, width: usize, seed: Seed) -> Measured {
    let init = network.init.unwrap_or(Init::suited_to(network.activation));
    let shape = Shape::new(vec![width; depth + 1], network.activation);
    let mut random = Random::new(seed);
    let mut pass = Pass::new(&shape, SAMPLES);
    pass.inputs(SAMPLES).iter_mut().for_each(|x| *x = random.normal());
    let parameters: Vec<f64> = shape.draw(init, &mut random);
    pass.forward(&parameters, SAMPLES);
    // A loss whose slopes in the outputs are of size 1, whatever the outputs: only the way back differs.
    let wanted: Vec<f64> = {
        let outputs = pass.outputs(SAMPLES);
        let half = outputs.len() as f64 / 2.0;
        outputs.iter().map(|out| out - half * random.normal()).collect()
    };
    pass.loss(Target::Numbers(&wanted), SAMPLES);
    let mut gradient = vec![0.0; parameters.len()];
    pass.backward(&parameters, SAMPLES, &mut gradient);
    let gradients: Vec<f64> = (0..depth).map(|l| size(pass.deltas_of(l, SAMPLES))).collect();
    let activations = (1..=depth).map(|l| size(pass.values_of(l, SAMPLES))).collect();
    let (first, last) = (gradients[0], gradients[depth - 1]);
    let first_to_last = (last > 0.0).then(|| first / last).filter(|ratio| ratio.is_finite());
    let factor_per_layer = first_to_last.filter(|ratio| *ratio > 0.0).map(|ratio| ratio.powf(1.0 / (depth - 1) as f64));
    let init = match init {
        Init::Glorot => "glorot",
        Init::He => "he",
        Init::Lecun => "lecun",
        Init::Small => "small",
        Init::Large => "large",
    };
    let name = format!("{}, {init}", name(network.activation));
    Measured { name, gradients, activations, first_to_last, factor_per_layer }
}

/// The root mean square.
fn size(numbers: &[f64]) -> f64 {
    crate::optimize::walk::norm(numbers) / (numbers.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sigmoids_vanish_and_rectifiers_do_not() {
        let out = run(&Args::default()).unwrap();
        let factor = |i: usize| out.networks[i].factor_per_layer.unwrap();
        // By hand: near 0 a sigmoid's slope is 1/4, and Glorot's weights keep sizes, so about 1/4 a layer.
        assert!(factor(0) < 0.35 && factor(0) > 0.15, "{}", factor(0));
        assert!((0.8..1.2).contains(&factor(2)), "{}", factor(2));
        // Small weights: 0.01 * sqrt(64) = 0.08 a layer; large ones: sqrt(64 / 2) = 5.7.
        assert!((factor(4) / 32.0_f64.sqrt() - 1.0).abs() < 0.3, "{}", factor(4));
        assert!(out.networks[3].first_to_last.unwrap() < 1.0 && out.svg.contains("sigmoid, glorot"));
    }

    #[test]
    fn extremes_are_answered() {
        let network = Network { activation: Activation::Relu, init: Some(Init::Large) };
        let wide = Args { networks: Some(vec![network]), width: NonZeroUsize::new(1), ..Args::default() };
        assert!(run(&wide).is_ok());
        let check = |args: Args, path: &str| assert_eq!(run(&args).unwrap_err().path, path);
        check(Args { depth: NonZeroUsize::new(1), ..Args::default() }, "/depth");
        check(Args { width: NonZeroUsize::new(1000), ..Args::default() }, "/width");
        check(Args { networks: Some(vec![]), ..Args::default() }, "/networks");
    }
}
