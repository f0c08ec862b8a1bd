//! # The network behind `mlp_forward`, `mlp_backprop` and `mlp_train`
//!
//! Layers of neurons, each x ↦ f(x W + b), the last one without f. Backpropagation is the chain rule from the loss
//! backwards: with δ the slope of the loss in a layer's sums x W + b, the slopes in W are xᵀ δ, those in b the column
//! sums of δ, and those in the layer before δ Wᵀ times f'. All parameters lie in one flat slice, layer after layer, the
//! weights (inputs x outputs, row by row) before the biases, so that an optimiser sees a single vector; all intermediate
//! results lie in buffers made once.
//!
//! Cost: 2 · rows · weights operations forward, twice that backward.
//! Reference: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323,
//! 1986; I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, 2016, §6.5.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    activation::{Activation, sigmoid, softplus},
    softmax,
};
use crate::{
    kernel::{Real, View, matmul, vectorized},
    random::Random,
};

/// What a network's output is measured by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// For classes: the softmax of the outputs, and minus the logarithm of the right one's probability, on average.
    #[default]
    CrossEntropy,
    /// For two classes with one output: the sigmoid of the output, and minus the logarithm of the right probability.
    Bce,
    /// For numbers: the mean squared error over rows and outputs.
    Mse,
}

/// How the first weights are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Variance 2 / (inputs + outputs), for tanh and sigmoid (X. Glorot, Y. Bengio, AISTATS 2010): xavier.
    Glorot,
    /// Variance 2 / inputs, for relu, which loses half (K. He et al., ICCV 2015).
    He,
    /// Variance 1 / inputs, for selu (Y. LeCun et al., "Efficient BackProp", 1998).
    Lecun,
    /// Standard deviation 0.01, whatever the size: too little for a deep network.
    Small,
    /// Standard deviation 1, whatever the size: far too much.
    Large,
}

impl Init {
    /// What suits an activation.
    pub fn suited_to(activation: Activation) -> Self {
        match activation {
            Activation::Identity
            | Activation::Sigmoid
            | Activation::Tanh
            | Activation::Softsign
            | Activation::HardTanh
            | Activation::LogSigmoid => Init::Glorot,
            Activation::Selu => Init::Lecun,
            Activation::Relu
            | Activation::LeakyRelu
            | Activation::Elu
            | Activation::Gelu
            | Activation::GeluTanh
            | Activation::Softplus
            | Activation::Silu
            | Activation::Mish => Init::He,
        }
    }

    fn deviation(self, inputs: usize, outputs: usize) -> f64 {
        match self {
            Init::Glorot => (2.0 / (inputs + outputs) as f64).sqrt(),
            Init::He => (2.0 / inputs as f64).sqrt(),
            Init::Lecun => (1.0 / inputs as f64).sqrt(),
            Init::Small => 0.01,
            Init::Large => 1.0,
        }
    }
}

/// The sizes of a network's layers, inputs first, and what its neurons do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    sizes: Vec<usize>,
    activation: Activation,
}

impl Shape {
    /// Takes at least two sizes, none of them 0.
    pub(crate) fn new(sizes: Vec<usize>, activation: Activation) -> Self {
        debug_assert!(sizes.len() >= 2 && sizes.iter().all(|size| *size > 0));
        Shape { sizes, activation }
    }

    /// How many layers of weights.
    pub fn layers(&self) -> usize {
        self.sizes.len() - 1
    }

    /// How many numbers a row goes in with.
    pub fn inputs(&self) -> usize {
        self.sizes[0]
    }

    /// How many numbers come out.
    pub fn outputs(&self) -> usize {
        self.sizes[self.layers()]
    }

    /// How many weights and biases there are in all.
    pub fn parameters(&self) -> usize {
        self.sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
    }

    /// A layer's inputs, outputs, and place in the flat slice.
    fn layer(&self, l: usize) -> (usize, usize, usize) {
        let before = self.sizes[..=l].windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
        (self.sizes[l], self.sizes[l + 1], before)
    }

    /// The weights and the biases of a layer.
    pub(crate) fn split<'a, T>(&self, parameters: &'a [T], l: usize) -> (&'a [T], &'a [T]) {
        let (inputs, outputs, at) = self.layer(l);
        parameters[at..at + (inputs + 1) * outputs].split_at(inputs * outputs)
    }

    fn split_mut<'a, T>(&self, parameters: &'a mut [T], l: usize) -> (&'a mut [T], &'a mut [T]) {
        let (inputs, outputs, at) = self.layer(l);
        parameters[at..at + (inputs + 1) * outputs].split_at_mut(inputs * outputs)
    }

    /// First weights, normal around 0; biases 0.
    pub(crate) fn draw<T: Real>(&self, init: Init, random: &mut Random) -> Vec<T> {
        let mut parameters = vec![T::ZERO; self.parameters()];
        for l in 0..self.layers() {
            let deviation = init.deviation(self.sizes[l], self.sizes[l + 1]);
            let (weights, _) = self.split_mut(&mut parameters, l);
            weights.iter_mut().for_each(|w| *w = T::from_f64(deviation * random.normal()));
        }
        parameters
    }
}

/// What rows are to come out as, which says how the loss is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a, T> {
    /// A class for each row, one output for each class: [`Loss::CrossEntropy`].
    Classes(&'a [usize]),
    /// 0 or 1 for each row, one output: [`Loss::Bce`].
    YesOrNo(&'a [usize]),
    /// Numbers for each row, row after row: [`Loss::Mse`].
    Numbers(&'a [T]),
}

/// The buffers of a pass over so many rows, made once and used again.
pub(crate) struct Pass<T> {
    shape: Shape,
    /// What goes into each layer, and behind it what comes out of the last.
    values: Vec<Vec<T>>,
    /// The slopes f' of each hidden layer's neurons.
    slopes: Vec<Vec<T>>,
    /// The slopes of the loss in the sums of each layer.
    deltas: Vec<Vec<T>>,
}

impl<T: Real> Pass<T> {
    /// Room for up to `rows` rows.
    pub(crate) fn new(shape: &Shape, rows: usize) -> Self {
        let room = |sizes: &[usize]| sizes.iter().map(|size| vec![T::ZERO; rows * size]).collect();
        let sizes = &shape.sizes;
        Pass {
            shape: shape.clone(),
            values: room(sizes),
            slopes: room(&sizes[1..sizes.len() - 1]),
            deltas: room(&sizes[1..]),
        }
    }

    /// Where the inputs of `rows` rows belong.
    pub(crate) fn inputs(&mut self, rows: usize) -> &mut [T] {
        &mut self.values[0][..rows * self.shape.sizes[0]]
    }

    /// The outputs of the last forward pass.
    pub(crate) fn outputs(&self, rows: usize) -> &[T] {
        &self.values[self.shape.layers()][..rows * self.shape.outputs()]
    }

    /// What the last forward pass put out after `l` layers.
    pub(crate) fn values_of(&self, l: usize, rows: usize) -> &[T] {
        &self.values[l][..rows * self.shape.sizes[l]]
    }

    /// The slopes of the loss in the sums of layer `l`, counted from 0, after the last backward pass.
    pub(crate) fn deltas_of(&self, l: usize, rows: usize) -> &[T] {
        &self.deltas[l][..rows * self.shape.sizes[l + 1]]
    }

    /// From the inputs to the outputs.
    pub(crate) fn forward(&mut self, parameters: &[T], rows: usize) {
        for l in 0..self.shape.layers() {
            let (inputs, outputs, _) = self.shape.layer(l);
            let (weights, biases) = self.shape.split(parameters, l);
            let (before, after) = self.values.split_at_mut(l + 1);
            let x = View::new(&before[l][..rows * inputs], rows, inputs);
            let out = &mut after[0][..rows * outputs];
            // The biases go first and the products on top of them: one pass less.
            match self.slopes.get_mut(l) {
                Some(sums) => {
                    let sums = &mut sums[..rows * outputs];
                    sums.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(biases));
                    matmul(x, View::new(weights, inputs, outputs), sums, T::ONE);
                    self.shape.activation.apply(sums, out);
                }
                None => {
                    out.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(biases));
                    matmul(x, View::new(weights, inputs, outputs), out, T::ONE);
                }
            }
        }
    }

    /// The loss of the outputs, and its slopes in them as the last delta.
    pub(crate) fn loss(&mut self, target: Target<'_, T>, rows: usize) -> f64 {
        let outputs = self.shape.outputs();
        let last = self.shape.layers();
        let out = &self.values[last][..rows * outputs];
        let delta = &mut self.deltas[last - 1][..rows * outputs];
        let mut total = 0.0;
        match target {
            Target::Classes(classes) => {
                let share = T::from_f64(1.0 / rows as f64);
                delta.copy_from_slice(out);
                for ((row, out), &class) in delta.chunks_exact_mut(outputs).zip(out.chunks_exact(outputs)).zip(classes)
                {
                    total += softmax::in_place(row).to_f64() - out[class].to_f64();
                    row[class] -= T::ONE;
                    row.iter_mut().for_each(|p| *p *= share);
                }
                total / rows as f64
            }
            Target::YesOrNo(classes) => {
                for ((delta, out), &class) in delta.iter_mut().zip(out).zip(classes) {
                    let (logit, yes) = (out.to_f64(), class == 1);
                    total += softplus(if yes { -logit } else { logit });
                    *delta = T::from_f64((sigmoid(logit) - f64::from(u8::from(yes))) / rows as f64);
                }
                total / rows as f64
            }
            Target::Numbers(numbers) => {
                let count = (rows * outputs) as f64;
                let twice = T::from_f64(2.0 / count);
                for ((delta, out), wanted) in delta.iter_mut().zip(out).zip(numbers) {
                    let error = *out - *wanted;
                    total += error.to_f64() * error.to_f64();
                    *delta = twice * error;
                }
                total / count
            }
        }
    }

    /// From the slopes in the outputs to those in all parameters.
    pub(crate) fn backward(&mut self, parameters: &[T], rows: usize, gradient: &mut [T]) {
        for l in (0..self.shape.layers()).rev() {
            let (inputs, outputs, _) = self.shape.layer(l);
            let (before, after) = self.deltas.split_at_mut(l);
            let delta = &after[0][..rows * outputs];
            let x = &self.values[l][..rows * inputs];
            let (in_weights, in_biases) = self.shape.split_mut(gradient, l);
            matmul(View::new(x, rows, inputs).t(), View::new(delta, rows, outputs), in_weights, T::ZERO);
            in_biases.fill(T::ZERO);
            vectorized(
                #[inline(always)]
                || {
                    for row in delta.chunks_exact(outputs) {
                        in_biases.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x);
                    }
                },
            );
            let Some(next) = before.last_mut() else { break };
            let next = &mut next[..rows * inputs];
            let (weights, _) = self.shape.split(parameters, l);
            matmul(View::new(delta, rows, outputs), View::new(weights, inputs, outputs).t(), next, T::ZERO);
            let slopes = &self.slopes[l - 1][..rows * inputs];
            vectorized(
                #[inline(always)]
                || next.iter_mut().zip(slopes).for_each(|(delta, slope)| *delta *= *slope),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{neural::activation::tests::ALL, value::Seed};

    /// The gradient of every parameter against finite differences.
    fn check(activation: Activation, target: Target<'_, f64>, outputs: usize) {
        let shape = Shape::new(vec![3, 5, 4, outputs], activation);
        let mut random = Random::new(Seed::from(7));
        let mut parameters: Vec<f64> = shape.draw(Init::Glorot, &mut random);
        parameters.iter_mut().for_each(|p| *p += 0.1 * random.normal());
        let inputs: Vec<f64> = (0..12).map(|_| random.normal()).collect();
        let mut pass = Pass::new(&shape, 4);
        let mut at = |parameters: &[f64], gradient: Option<&mut [f64]>| {
            pass.inputs(4).copy_from_slice(&inputs);
            pass.forward(parameters, 4);
            let value = pass.loss(target, 4);
            if let Some(gradient) = gradient {
                pass.backward(parameters, 4, gradient);
            }
            value
        };
        let mut gradient = vec![0.0; parameters.len()];
        at(&parameters, Some(&mut gradient));
        for i in 0..parameters.len() {
            let original = parameters[i];
            parameters[i] = original + 1e-5;
            let above = at(&parameters, None);
            parameters[i] = original - 1e-5;
            let below = at(&parameters, None);
            parameters[i] = original;
            let slope = (above - below) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-8, "{activation:?} {target:?} {i}: {} not {slope}", gradient[i]);
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences_for_every_activation_and_loss() {
        for activation in ALL {
            check(activation, Target::Classes(&[0, 2, 1, 1]), 3);
            check(activation, Target::YesOrNo(&[0, 1, 1, 0]), 1);
            check(activation, Target::Numbers(&[0.3, -1.0, 2.0, 0.5, 0.1, 0.2, -0.7, 1.1]), 2);
        }
    }

    #[test]
    fn first_weights_have_the_variance_of_their_paper() {
        let shape = Shape::new(vec![100, 200, 3], Activation::Relu);
        for (init, variance) in
            [(Init::Glorot, 2.0 / 300.0), (Init::He, 0.02), (Init::Lecun, 0.01), (Init::Small, 1e-4)]
        {
            let parameters: Vec<f64> = shape.draw(init, &mut Random::new(Seed::from(1)));
            let (weights, biases) = shape.split(&parameters, 0);
            let measured = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
            // Five standard errors of a variance from 20,000 draws: 5 * sqrt(2 / 20000) = 0.05.
            assert!((measured / variance - 1.0).abs() < 0.05, "{init:?}: {measured}");
            assert!(biases.iter().all(|b| *b == 0.0));
        }
    }
}
