//! The encoder of BERT, as far as sentence vectors need it.
//!
//! Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019; the shape is that of MiniLM-L6 (Wang et
//! al., "MiniLM", 2020): 6 layers of width 384, 12 heads, an inner width of 1,536. The letters below: `b` texts in a
//! batch, `t` tokens of the longest, `h` the width, `n` heads of `d = h / n` numbers each.
//!
//! Linear layers are turned back from int8 to f32 when the model is loaded (43 MB); the word embedding stays int8 and only
//! the rows of words that occur are turned back. A text of 230 tokens costs about 5 billion multiplications and additions.

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Tensor};
use safetensors::tensor::{Dtype, SafeTensors};

use super::quantise::floats;

const HEADS: usize = 12;
const LAYERS: usize = 6;
const EPSILON: f32 = 1e-12;

/// The weights, ready to run.
pub struct Bert {
    words: Words,
    positions: Tensor,
    kind: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    width: usize,
}

/// The word embedding: int8 rows and a scale for each.
struct Words {
    rows: &'static [u8],
    scales: Vec<f32>,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

struct Linear {
    /// Inputs × outputs, as the product wants it.
    weight: Tensor,
    bias: Tensor,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    joined: Linear,
    joined_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

impl Bert {
    /// Takes the weights out of a file that [`super::quantise`] wrote.
    pub fn load(bytes: &'static [u8]) -> Result<Bert> {
        let weights = Weights { tensors: SafeTensors::deserialize(bytes).map_err(candle_core::Error::wrap)? };
        let words = weights.view("embeddings.word_embeddings.weight.q")?;
        let scales = floats(weights.view("embeddings.word_embeddings.weight.s")?.data());
        let width = words.shape().get(1).copied().unwrap_or_default();
        let layer = |i: usize| -> Result<Layer> {
            let at = |part: &str| format!("encoder.layer.{i}.{part}");
            Ok(Layer {
                query: weights.linear(&at("attention.self.query"))?,
                key: weights.linear(&at("attention.self.key"))?,
                value: weights.linear(&at("attention.self.value"))?,
                joined: weights.linear(&at("attention.output.dense"))?,
                joined_norm: weights.norm(&at("attention.output.LayerNorm"))?,
                inner: weights.linear(&at("intermediate.dense"))?,
                outer: weights.linear(&at("output.dense"))?,
                outer_norm: weights.norm(&at("output.LayerNorm"))?,
            })
        };
        Ok(Bert {
            words: Words { rows: words.data(), scales },
            positions: weights.tensor("embeddings.position_embeddings.weight")?,
            // Every token is of the first kind: there is one text, not a pair.
            kind: weights.tensor("embeddings.token_type_embeddings.weight")?.get(0)?,
            norm: weights.norm("embeddings.LayerNorm")?,
            layers: (0..LAYERS).map(layer).collect::<Result<_>>()?,
            width,
        })
    }

    /// The length of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One vector of length 1 per text: the mean over its tokens' last states. `batch` holds token ids, `[CLS]` and
    /// `[SEP]` included, of one text each; texts of similar length waste least.
    pub fn embed(&self, batch: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
        let (b, h) = (batch.len(), self.width);
        let t = batch.iter().map(Vec::len).max().unwrap_or_default();
        if t == 0 {
            return Ok(vec![vec![0.0; h]; b]);
        }
        let looked_up = self.words.look_up(batch, t, h)?;
        let x = looked_up.broadcast_add(&self.positions.narrow(0, 0, t)?)?.broadcast_add(&self.kind)?;
        let mut x = self.norm.apply(&x.reshape((b * t, h))?)?;
        let padding = padding(batch, t)?;
        for layer in &self.layers {
            x = layer.apply(&x, padding.as_ref(), b, t)?;
        }
        let states: Vec<f32> = x.flatten_all()?.to_vec1()?;
        let mean = |(text, ids): (usize, &Vec<u32>)| {
            let mut sum = vec![0.0; h];
            for state in states[text * t * h..].chunks_exact(h).take(ids.len()) {
                for (sum, x) in sum.iter_mut().zip(state) {
                    *sum += x;
                }
            }
            // The mean has the sum's direction, and only that counts.
            super::normalise(&mut sum);
            sum
        };
        Ok(batch.iter().enumerate().map(mean).collect())
    }
}

impl Words {
    /// b × t × h; zeros where a shorter text has ended.
    fn look_up(&self, batch: &[Vec<u32>], t: usize, h: usize) -> Result<Tensor> {
        let mut out = vec![0.0; batch.len() * t * h];
        for (text, ids) in batch.iter().enumerate() {
            for (place, &id) in ids.iter().enumerate() {
                let id = id as usize;
                let (Some(row), Some(scale)) = (self.rows.get(id * h..(id + 1) * h), self.scales.get(id)) else {
                    candle_core::bail!("there is no word {id}");
                };
                for (out, q) in out[(text * t + place) * h..].iter_mut().zip(row) {
                    *out = f32::from(*q as i8) * scale;
                }
            }
        }
        Tensor::from_vec(out, (batch.len(), t, h), &Device::Cpu)
    }
}

/// What is added to the attention scores so that nobody looks at padding, b × 1 × 1 × t; nothing if there is none.
fn padding(batch: &[Vec<u32>], t: usize) -> Result<Option<Tensor>> {
    if batch.iter().all(|ids| ids.len() == t) {
        return Ok(None);
    }
    let row = |ids: &Vec<u32>| {
        let length = ids.len();
        (0..t).map(move |place| if place < length { 0.0 } else { f32::MIN / 2.0 })
    };
    let mask: Vec<f32> = batch.iter().flat_map(row).collect();
    Tensor::from_vec(mask, (batch.len(), 1, 1, t), &Device::Cpu).map(Some)
}

impl Layer {
    fn apply(&self, x: &Tensor, padding: Option<&Tensor>, b: usize, t: usize) -> Result<Tensor> {
        let h = x.dim(1)?;
        let d = h / HEADS;
        let heads = |x: Tensor| x.reshape((b, t, HEADS, d))?.transpose(1, 2)?.contiguous();
        let query = heads((self.query.apply(x)? / (d as f64).sqrt())?)?;
        let key = heads(self.key.apply(x)?)?;
        let value = heads(self.value.apply(x)?)?;
        let mut scores = query.matmul(&key.t()?)?; // b × n × t × t
        if let Some(padding) = padding {
            scores = scores.broadcast_add(padding)?;
        }
        let seen = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&value)?;
        let seen = seen.transpose(1, 2)?.reshape((b * t, h))?;
        let x = self.joined_norm.apply(&(self.joined.apply(&seen)? + x)?)?;
        let inner = self.inner.apply(&x)?;
        inner.inplace_op1(&Gelu)?;
        self.outer_norm.apply(&(self.outer.apply(&inner)? + x)?)
    }
}

impl Linear {
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

impl Norm {
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm(x, &self.weight, &self.bias, EPSILON)
    }
}

/// x · Φ(x) (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016), with an error function that the compiler can turn
/// into vector instructions: the rational approximation of Eigen, exact to some 1e-7.
struct Gelu;

impl InplaceOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(numbers) = storage else { candle_core::bail!("gelu is for f32") };
        let Some((start, end)) = layout.contiguous_offsets() else { candle_core::bail!("gelu is for whole tensors") };
        for x in &mut numbers[start..end] {
            *x *= 0.5 * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
        }
        Ok(())
    }
}

fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    // Horner's scheme, written out: in a debug build a loop over the numbers took most of the time of a pass.
    let above = -2.726_142_3e-10;
    let above = above * s + 2.770_681_4e-8;
    let above = above * s - 2.101_024_1e-6;
    let above = above * s - 5.692_506_4e-5;
    let above = above * s - 7.349_906_3e-4;
    let above = above * s - 2.954_6e-3;
    let above = above * s - 1.609_603_3e-2;
    let below = -1.456_607_2e-5;
    let below = below * s - 2.133_740_6e-4;
    let below = below * s - 1.682_827e-3;
    let below = below * s - 7.373_329e-3;
    let below = below * s - 1.426_473_9e-2;
    x * above / below
}

/// The file, by names.
struct Weights {
    tensors: SafeTensors<'static>,
}

impl Weights {
    fn view(&self, name: &str) -> Result<safetensors::tensor::TensorView<'static>> {
        self.tensors.tensor(name).map_err(candle_core::Error::wrap)
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        let view = self.view(name)?;
        if view.dtype() != Dtype::F32 {
            candle_core::bail!("`{name}` is {:?} instead of f32", view.dtype());
        }
        Tensor::from_vec(floats(view.data()), view.shape(), &Device::Cpu)
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        let view = self.view(&format!("{name}.weight.q"))?;
        let scales = floats(self.view(&format!("{name}.weight.s"))?.data());
        let &[outputs, inputs] = view.shape() else { candle_core::bail!("`{name}` is no matrix") };
        if scales.len() != outputs || view.dtype() != Dtype::I8 {
            candle_core::bail!("`{name}` is not quantised by rows");
        }
        let mut weight = vec![0.0; outputs * inputs];
        for (output, (row, scale)) in view.data().chunks_exact(inputs).zip(&scales).enumerate() {
            for (input, q) in row.iter().enumerate() {
                weight[input * outputs + output] = f32::from(*q as i8) * scale;
            }
        }
        let weight = Tensor::from_vec(weight, (inputs, outputs), &Device::Cpu)?;
        Ok(Linear { weight, bias: self.tensor(&format!("{name}.bias"))? })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        Ok(Norm { weight: self.tensor(&format!("{name}.weight"))?, bias: self.tensor(&format!("{name}.bias"))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_is_right() {
        // Abramowitz and Stegun, table 7.1.
        for (x, expected) in [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (-2.0, -0.995_322_3), (9.0, 1.0)] {
            assert!((erf(x) - expected).abs() < 1e-6, "erf({x}) = {}", erf(x));
        }
    }
}
