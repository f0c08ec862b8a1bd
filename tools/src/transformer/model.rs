//! # The transformer behind `transformer_forward`, `transformer_train` and `transformer_generate`
//!
//! A small GPT: a token is looked up and its position added; each layer then adds to this running sum what attention
//! gathers from the tokens before, and what a network of one hidden layer makes of each token by itself; the sum is
//! normalised and compared with every token of the vocabulary.
//!
//! ```text
//! h = tok[id] + pos[t]
//! h = h + concat_heads(softmax(q k' / √(d/heads), causal) v) Wo,   q, k, v = LN1(h) Wq, LN1(h) Wk, LN1(h) Wv
//! h = h + gelu_tanh(LN2(h) W1 + b1) W2 + b2
//! logits = LNf(h) head
//! ```
//!
//! All parameters lie in one flat slice, so that an optimiser sees a single vector; the three matrices of q, k and v lie
//! side by side as one of d x 3d, so that one product serves them all.
//!
//! References: A. Vaswani et al., "Attention is all you need", NeurIPS 2017; A. Radford et al., "Language models are
//! unsupervised multitask learners", 2019, §2.3 (the norms before each part).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    kernel::Real,
    random::Random,
    value::{Matrix, Vector},
};

/// The weights of a small GPT.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The vector of each token, vocabulary x d.
    pub tok: Matrix,
    /// The vector of each position, context x d; up to 2048 of them.
    pub pos: Matrix,
    /// The layers, up to 48.
    pub layers: Vec<Layer>,
    /// The gains of the last norm, d numbers.
    pub lnf_g: Vector,
    /// The shifts of the last norm, d numbers.
    pub lnf_b: Vector,
    /// From vectors to scores of tokens, d x vocabulary.
    pub head: Matrix,
}

/// The weights of one layer.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(non_snake_case)]
pub struct Layer {
    /// The gains of the norm before attention, d numbers.
    pub ln1_g: Vector,
    /// Its shifts, d numbers.
    pub ln1_b: Vector,
    /// To queries, d x d.
    pub Wq: Matrix,
    /// To keys, d x d.
    pub Wk: Matrix,
    /// To values, d x d.
    pub Wv: Matrix,
    /// From what the heads gathered, d x d.
    pub Wo: Matrix,
    /// The gains of the norm before the network, d numbers.
    pub ln2_g: Vector,
    /// Its shifts, d numbers.
    pub ln2_b: Vector,
    /// To the hidden neurons, d x hidden.
    pub W1: Matrix,
    /// Their biases.
    pub b1: Vector,
    /// From the hidden neurons, hidden x d.
    pub W2: Matrix,
    /// Its biases, d numbers.
    pub b2: Vector,
}

/// The sizes of a transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How many tokens there are.
    pub vocabulary: usize,
    /// How many tokens it sees at once.
    pub context: usize,
    /// How many numbers a token is: d.
    pub width: usize,
    /// How many heads share them; they divide the width.
    pub heads: usize,
    /// How many layers.
    pub layers: usize,
    /// How many hidden neurons a layer's network has, usually 4 d.
    pub hidden: usize,
}

/// Where the parts of a layer begin in the flat slice.
pub(crate) struct At {
    pub(crate) norm1: usize,
    pub(crate) qkv: usize,
    pub(crate) mix: usize,
    pub(crate) norm2: usize,
    pub(crate) up: usize,
    pub(crate) up_bias: usize,
    pub(crate) down: usize,
    pub(crate) down_bias: usize,
}

impl Config {
    fn of_layer(&self) -> usize {
        let (d, f) = (self.width, self.hidden);
        4 * d + 4 * d * d + 2 * d * f + f + d
    }

    /// How many parameters there are in all.
    pub fn parameters(&self) -> usize {
        self.last_norm() + 2 * self.width + self.width * self.vocabulary
    }

    /// The numbers of a head.
    pub(crate) fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Where the positions begin; the tokens are at 0.
    pub(crate) fn positions(&self) -> usize {
        self.vocabulary * self.width
    }

    /// Where layer `l` has its parts.
    pub(crate) fn layer(&self, l: usize) -> At {
        let (d, f) = (self.width, self.hidden);
        let norm1 = self.positions() + self.context * d + l * self.of_layer();
        let qkv = norm1 + 2 * d;
        let mix = qkv + 3 * d * d;
        let norm2 = mix + d * d;
        let up = norm2 + 2 * d;
        let up_bias = up + d * f;
        let down = up_bias + f;
        At { norm1, qkv, mix, norm2, up, up_bias, down, down_bias: down + f * d }
    }

    /// Where the last norm begins.
    pub(crate) fn last_norm(&self) -> usize {
        self.layer(self.layers).norm1
    }

    /// Where the matrix of the scores begins.
    pub(crate) fn head(&self) -> usize {
        self.last_norm() + 2 * self.width
    }

    /// First parameters: gains 1, shifts and biases 0, tokens and positions of size 1/10, matrices that keep sizes; those
    /// that add to the running sum are smaller, so that a deep sum does not grow (Radford et al., §2.3).
    pub(crate) fn draw<T: Real>(&self, random: &mut Random) -> Vec<T> {
        let (d, f) = (self.width, self.hidden);
        let mut parameters = vec![T::ZERO; self.parameters()];
        let keep = (1.0 / d as f64).sqrt();
        let add = 1.0 / (2.0 * self.layers.max(1) as f64).sqrt();
        let mut normal = |range: std::ops::Range<usize>, deviation: f64| {
            parameters[range].iter_mut().for_each(|p| *p = T::from_f64(deviation * random.normal()));
        };
        normal(0..self.layer(0).norm1, 0.1);
        for l in 0..self.layers {
            let at = self.layer(l);
            normal(at.qkv..at.mix, keep);
            normal(at.mix..at.norm2, keep * add);
            normal(at.up..at.up_bias, keep);
            normal(at.down..at.down_bias, (1.0 / f as f64).sqrt() * add);
        }
        normal(self.head()..self.parameters(), 0.5 * keep);
        for l in 0..self.layers {
            let at = self.layer(l);
            parameters[at.norm1..at.norm1 + d].fill(T::ONE);
            parameters[at.norm2..at.norm2 + d].fill(T::ONE);
        }
        let last = self.last_norm();
        parameters[last..last + d].fill(T::ONE);
        parameters
    }

    /// The flat parameters as matrices.
    pub(crate) fn write<T: Real>(&self, parameters: &[T]) -> Result<Params, Error> {
        let (d, f) = (self.width, self.hidden);
        let vector = |at: usize, n: usize| Vector::new(parameters[at..at + n].iter().map(|p| p.to_f64()).collect());
        let strided = |at: usize, rows: usize, columns: usize, stride: usize| {
            let row = |i: usize| parameters[at + i * stride..][..columns].iter().map(|p| p.to_f64()).collect();
            Matrix::from_rows((0..rows).map(row).collect())
        };
        let matrix = |at: usize, rows: usize, columns: usize| strided(at, rows, columns, columns);
        let layer = |l: usize| {
            let at = self.layer(l);
            Ok(Layer {
                ln1_g: vector(at.norm1, d)?,
                ln1_b: vector(at.norm1 + d, d)?,
                Wq: strided(at.qkv, d, d, 3 * d)?,
                Wk: strided(at.qkv + d, d, d, 3 * d)?,
                Wv: strided(at.qkv + 2 * d, d, d, 3 * d)?,
                Wo: matrix(at.mix, d, d)?,
                ln2_g: vector(at.norm2, d)?,
                ln2_b: vector(at.norm2 + d, d)?,
                W1: matrix(at.up, d, f)?,
                b1: vector(at.up_bias, f)?,
                W2: matrix(at.down, f, d)?,
                b2: vector(at.down_bias, d)?,
            })
        };
        Ok(Params {
            tok: matrix(0, self.vocabulary, d)?,
            pos: matrix(self.positions(), self.context, d)?,
            layers: (0..self.layers).map(layer).collect::<Result<_, Error>>()?,
            lnf_g: vector(self.last_norm(), d)?,
            lnf_b: vector(self.last_norm() + d, d)?,
            head: matrix(self.head(), d, self.vocabulary)?,
        })
    }
}

/// The most layers of a model that is read, and the most positions.
const MOST_LAYERS: usize = 48;
const MOST_POSITIONS: usize = 2048;

impl Params {
    /// The sizes and the flat parameters, if all shapes fit together.
    ///
    /// # Errors
    /// `invalid_arguments` with the first part that does not fit, under `/params` or at `/n_heads`.
    pub(crate) fn read(&self, heads: usize) -> Result<(Config, Vec<f64>), Error> {
        let (vocabulary, d) = (self.tok.rows(), self.tok.columns());
        if !d.is_multiple_of(heads) {
            return Err(Error::invalid("/n_heads", format!("{heads} heads cannot share {d} numbers evenly"))
                .with_hint("take a divisor of the columns of `tok`"));
        }
        if self.layers.len() > MOST_LAYERS {
            let given = self.layers.len();
            return Err(Error::too_large("/params/layers", format!("there are {given}, the limit is {MOST_LAYERS}")));
        }
        if self.pos.rows() > MOST_POSITIONS {
            let given = self.pos.rows();
            return Err(Error::too_large(
                "/params/pos",
                format!("there are {given} rows, the limit is {MOST_POSITIONS}"),
            ));
        }
        let hidden = self.layers.first().map_or(4 * d, |layer| layer.W1.columns());
        let config =
            Config { vocabulary, context: self.pos.rows(), width: d, heads, layers: self.layers.len(), hidden };
        let mut flat = Vec::with_capacity(config.parameters());
        matrix(&mut flat, &self.tok, "/params/tok", vocabulary, d)?;
        matrix(&mut flat, &self.pos, "/params/pos", config.context, d)?;
        for (l, layer) in self.layers.iter().enumerate() {
            let path = |part: &str| format!("/params/layers/{l}/{part}");
            vector(&mut flat, &layer.ln1_g, &path("ln1_g"), d)?;
            vector(&mut flat, &layer.ln1_b, &path("ln1_b"), d)?;
            let qkv = [(&layer.Wq, "Wq"), (&layer.Wk, "Wk"), (&layer.Wv, "Wv")];
            for (part, name) in qkv {
                shape(part, &path(name), d, d)?;
            }
            for i in 0..d {
                qkv.iter().for_each(|(part, _)| flat.extend_from_slice(part.row(i)));
            }
            matrix(&mut flat, &layer.Wo, &path("Wo"), d, d)?;
            vector(&mut flat, &layer.ln2_g, &path("ln2_g"), d)?;
            vector(&mut flat, &layer.ln2_b, &path("ln2_b"), d)?;
            matrix(&mut flat, &layer.W1, &path("W1"), d, hidden)?;
            vector(&mut flat, &layer.b1, &path("b1"), hidden)?;
            matrix(&mut flat, &layer.W2, &path("W2"), hidden, d)?;
            vector(&mut flat, &layer.b2, &path("b2"), d)?;
        }
        vector(&mut flat, &self.lnf_g, "/params/lnf_g", d)?;
        vector(&mut flat, &self.lnf_b, "/params/lnf_b", d)?;
        matrix(&mut flat, &self.head, "/params/head", d, vocabulary)?;
        Ok((config, flat))
    }
}

fn shape(matrix: &Matrix, path: &str, rows: usize, columns: usize) -> Result<(), Error> {
    if (matrix.rows(), matrix.columns()) == (rows, columns) {
        return Ok(());
    }
    let (has, wide) = (matrix.rows(), matrix.columns());
    Err(Error::invalid(path, format!("it is {has} x {wide}, but must be {rows} x {columns}")))
}

fn matrix(flat: &mut Vec<f64>, matrix: &Matrix, path: &str, rows: usize, columns: usize) -> Result<(), Error> {
    shape(matrix, path, rows, columns)?;
    flat.extend_from_slice(matrix.as_slice());
    Ok(())
}

fn vector(flat: &mut Vec<f64>, vector: &Vector, path: &str, length: usize) -> Result<(), Error> {
    if vector.len() != length {
        return Err(Error::invalid(path, format!("it has {} numbers, but must have {length}", vector.len())));
    }
    flat.extend_from_slice(vector);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::value::Seed;

    /// A model so small that every parameter can be tried.
    pub(crate) const TINY: Config = Config { vocabulary: 5, context: 6, width: 6, heads: 2, layers: 2, hidden: 7 };

    #[test]
    fn what_is_written_reads_back() {
        let flat: Vec<f64> = TINY.draw(&mut Random::new(Seed::from(2)));
        assert_eq!(flat.len(), TINY.parameters());
        let params = TINY.write(&flat).unwrap();
        assert_eq!(params.layers[1].Wk.row(2)[3], flat[TINY.layer(1).qkv + 2 * 18 + 6 + 3]);
        assert_eq!(params.read(2).unwrap(), (TINY, flat));
    }

    #[test]
    fn parts_have_to_fit() {
        let flat: Vec<f64> = TINY.draw(&mut Random::new(Seed::from(2)));
        let params = TINY.write(&flat).unwrap();
        assert_eq!(params.read(4).unwrap_err().path, "/n_heads");
        let check = |change: fn(&mut Params), path: &str| {
            let mut params = params.clone();
            change(&mut params);
            assert_eq!(params.read(2).unwrap_err().path, path);
        };
        check(|params| params.head = params.tok.clone(), "/params/head");
        check(|params| params.layers[1].b1 = params.lnf_g.clone(), "/params/layers/1/b1");
        check(|params| params.layers[0].Wv = params.tok.clone(), "/params/layers/0/Wv");
    }
}
