//! One way through the transformer and back: from tokens to scores, and from the slopes of the loss to those of every
//! parameter. The formulas stand in `model.rs`; here is the order of the work, and the memory for it, made once.
//!
//! Cost: about 2 · parameters operations a token forwards and 4 backwards, plus attention's 4 · d · context and 10.

use super::{
    heads::{Room, weights_of},
    model::Config,
    rows::{add_rows, cross_entropy, norm, norm_backward},
};
use crate::{
    kernel::{Real, View, matmul, vectorized},
    neural::activation::Activation,
};

/// The memory of a pass over up to so many tokens.
pub(crate) struct Pass<T> {
    config: Config,
    /// The running sum of each token, and on the way back its slopes.
    sum: Vec<T>,
    layers: Vec<Kept<T>>,
    last: Normed<T>,
    /// The scores of all tokens of the vocabulary, and on the way back their slopes.
    scores: Vec<T>,
    /// Slopes on the way back: as wide as a token, three tokens, and the hidden neurons.
    narrow: Vec<T>,
    triple: Vec<T>,
    hidden: Vec<T>,
    room: Room<T>,
}

/// What a layer keeps for the way back.
struct Kept<T> {
    before_attention: Normed<T>,
    qkv: Vec<T>,
    mixed: Vec<T>,
    before_network: Normed<T>,
    /// The slopes of the hidden neurons, and what they put out.
    slopes: Vec<T>,
    active: Vec<T>,
}

/// What a norm keeps.
struct Normed<T> {
    hat: Vec<T>,
    inverse: Vec<T>,
    out: Vec<T>,
}

impl<T: Real> Normed<T> {
    fn new(tokens: usize, d: usize) -> Self {
        let room = |n: usize| vec![T::ZERO; n];
        Normed { hat: room(tokens * d), inverse: room(tokens), out: room(tokens * d) }
    }

    fn forward(&mut self, x: &[T], gains_and_shifts: &[T]) {
        norm(x, gains_and_shifts, &mut self.hat, &mut self.inverse, &mut self.out);
    }
}

impl<T: Real> Pass<T> {
    /// Room for `tokens` tokens in sequences of up to `length`.
    pub(crate) fn new(config: Config, tokens: usize, length: usize) -> Self {
        let (d, f) = (config.width, config.hidden);
        let room = |n: usize| vec![T::ZERO; n];
        let kept = || Kept {
            before_attention: Normed::new(tokens, d),
            qkv: room(tokens * 3 * d),
            mixed: room(tokens * d),
            before_network: Normed::new(tokens, d),
            slopes: room(tokens * f),
            active: room(tokens * f),
        };
        Pass {
            config,
            sum: room(tokens * d),
            layers: (0..config.layers).map(|_| kept()).collect(),
            last: Normed::new(tokens, d),
            scores: room(tokens * config.vocabulary),
            narrow: room(tokens * d),
            triple: room(tokens * 3 * d),
            hidden: room(tokens * f),
            room: Room::new(length, config.head_width()),
        }
    }

    /// The scores of the last forward pass, a row of the vocabulary for each token.
    pub(crate) fn scores(&self, tokens: usize) -> &[T] {
        &self.scores[..tokens * self.config.vocabulary]
    }

    /// The attention weights of the last forward pass over one sequence: of each layer, each head, each place, the weight
    /// of every place.
    pub(crate) fn attention(&self, length: usize) -> Vec<Vec<Vec<Vec<f64>>>> {
        let Config { width: d, heads, .. } = self.config;
        let rows = |weights: Vec<T>| -> Vec<Vec<f64>> {
            weights.chunks_exact(length).map(|row| row.iter().map(|w| w.to_f64()).collect()).collect()
        };
        let layer =
            |kept: &Kept<T>| (0..heads).map(|head| rows(weights_of(&kept.qkv, length, d, heads, head))).collect();
        self.layers.iter().map(layer).collect()
    }

    /// From tokens (sequences of `length` one after the other) to scores.
    pub(crate) fn forward(&mut self, parameters: &[T], ids: &[usize], length: usize) {
        let Config { width: d, hidden: f, heads, vocabulary, .. } = self.config;
        let n = ids.len();
        let part = |at: usize, size: usize| &parameters[at..at + size];
        let x = &mut self.sum[..n * d];
        for (t, (x, id)) in x.chunks_exact_mut(d).zip(ids).enumerate() {
            let (token, position) = (part(id * d, d), part(self.config.positions() + t % length * d, d));
            x.iter_mut().zip(token.iter().zip(position)).for_each(|(x, (a, b))| *x = *a + *b);
        }
        for (l, kept) in self.layers.iter_mut().enumerate() {
            let at = self.config.layer(l);
            kept.before_attention.forward(x, part(at.norm1, 2 * d));
            let normed = View::new(&kept.before_attention.out, n, d);
            let qkv = &mut kept.qkv[..n * 3 * d];
            matmul(normed, View::new(part(at.qkv, 3 * d * d), d, 3 * d), qkv, T::ZERO);
            let mixed = &mut kept.mixed[..n * d];
            for (qkv, mixed) in qkv.chunks_exact(length * 3 * d).zip(mixed.chunks_exact_mut(length * d)) {
                self.room.forward(qkv, length, d, heads, mixed);
            }
            matmul(View::new(mixed, n, d), View::new(part(at.mix, d * d), d, d), x, T::ONE);

            kept.before_network.forward(x, part(at.norm2, 2 * d));
            let normed = View::new(&kept.before_network.out, n, d);
            let (sums, active) = (&mut kept.slopes[..n * f], &mut kept.active[..n * f]);
            // Biases go first and products on top of them: one pass less.
            sums.chunks_exact_mut(f).for_each(|row| row.copy_from_slice(part(at.up_bias, f)));
            matmul(normed, View::new(part(at.up, d * f), d, f), sums, T::ONE);
            Activation::GeluTanh.apply(sums, active);
            let biases = part(at.down_bias, d);
            x.chunks_exact_mut(d).for_each(|x| x.iter_mut().zip(biases).for_each(|(x, b)| *x += *b));
            matmul(View::new(active, n, f), View::new(part(at.down, f * d), f, d), x, T::ONE);
        }
        self.last.forward(x, part(self.config.last_norm(), 2 * d));
        let head = View::new(part(self.config.head(), d * vocabulary), d, vocabulary);
        matmul(View::new(&self.last.out, n, d), head, &mut self.scores[..n * vocabulary], T::ZERO);
    }

    /// The sum over the tokens of `-ln p[target]`. The scores become the slopes of `share` times that.
    pub(crate) fn loss(&mut self, targets: &[usize], share: f64) -> f64 {
        let share = T::from_f64(share);
        let rows = self.scores.chunks_exact_mut(self.config.vocabulary).zip(targets);
        rows.map(|(scores, target)| cross_entropy(scores, *target, share)).sum()
    }

    /// From the slopes in the scores to those in all parameters, which are added to `gradient`.
    pub(crate) fn backward(&mut self, parameters: &[T], ids: &[usize], length: usize, gradient: &mut [T]) {
        let Config { width: d, hidden: f, heads, vocabulary, .. } = self.config;
        let n = ids.len();
        let part = |at: usize, size: usize| &parameters[at..at + size];
        let (x, narrow) = (&mut self.sum[..n * d], &mut self.narrow[..n * d]);
        let (triple, hidden) = (&mut self.triple[..n * 3 * d], &mut self.hidden[..n * f]);
        let scores = View::new(&self.scores, n, vocabulary);
        let (head, last) = (self.config.head(), self.config.last_norm());
        matmul(View::new(&self.last.out, n, d).t(), scores, &mut gradient[head..head + d * vocabulary], T::ONE);
        matmul(scores, View::new(part(head, d * vocabulary), d, vocabulary).t(), narrow, T::ZERO);
        x.fill(T::ZERO);
        let in_norm = &mut gradient[last..last + 2 * d];
        norm_backward(narrow, part(last, 2 * d), &self.last.hat, &self.last.inverse, x, in_norm);

        for (l, kept) in self.layers.iter_mut().enumerate().rev() {
            let at = self.config.layer(l);
            let active = View::new(&kept.active, n, f);
            add_rows(x, &mut gradient[at.down_bias..at.down_bias + d]);
            matmul(active.t(), View::new(x, n, d), &mut gradient[at.down..at.down + f * d], T::ONE);
            matmul(View::new(x, n, d), View::new(part(at.down, f * d), f, d).t(), hidden, T::ZERO);
            vectorized(
                #[inline(always)]
                || hidden.iter_mut().zip(&kept.slopes).for_each(|(above, slope)| *above *= *slope),
            );
            add_rows(hidden, &mut gradient[at.up_bias..at.up_bias + f]);
            let normed = View::new(&kept.before_network.out, n, d);
            matmul(normed.t(), View::new(hidden, n, f), &mut gradient[at.up..at.up + d * f], T::ONE);
            matmul(View::new(hidden, n, f), View::new(part(at.up, d * f), d, f).t(), narrow, T::ZERO);
            let Normed { hat, inverse, .. } = &kept.before_network;
            norm_backward(narrow, part(at.norm2, 2 * d), hat, inverse, x, &mut gradient[at.norm2..at.norm2 + 2 * d]);

            let mixed = View::new(&kept.mixed, n, d);
            matmul(mixed.t(), View::new(x, n, d), &mut gradient[at.mix..at.mix + d * d], T::ONE);
            matmul(View::new(x, n, d), View::new(part(at.mix, d * d), d, d).t(), narrow, T::ZERO);
            let sequences = kept.qkv[..n * 3 * d].chunks_exact(length * 3 * d);
            let slopes = narrow.chunks_exact(length * d).zip(triple.chunks_exact_mut(length * 3 * d));
            for (qkv, (in_mixed, in_qkv)) in sequences.zip(slopes) {
                self.room.backward(qkv, length, d, heads, in_mixed, in_qkv);
            }
            let normed = View::new(&kept.before_attention.out, n, d);
            matmul(normed.t(), View::new(triple, n, 3 * d), &mut gradient[at.qkv..at.qkv + 3 * d * d], T::ONE);
            matmul(View::new(triple, n, 3 * d), View::new(part(at.qkv, 3 * d * d), d, 3 * d).t(), narrow, T::ZERO);
            let Normed { hat, inverse, .. } = &kept.before_attention;
            norm_backward(narrow, part(at.norm1, 2 * d), hat, inverse, x, &mut gradient[at.norm1..at.norm1 + 2 * d]);
        }
        let positions = self.config.positions();
        for (t, (x, id)) in x.chunks_exact(d).zip(ids).enumerate() {
            for at in [id * d, positions + t % length * d] {
                gradient[at..at + d].iter_mut().zip(x).for_each(|(g, x)| *g += *x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::model::tests::TINY, *};
    use crate::{random::Random, value::Seed};

    /// Parameters none of which is special.
    fn parameters() -> Vec<f64> {
        let mut random = Random::new(Seed::from(11));
        let mut parameters: Vec<f64> = TINY.draw(&mut random);
        parameters.iter_mut().for_each(|p| *p += 0.2 * random.normal());
        parameters
    }

    #[test]
    fn every_gradient_agrees_with_finite_differences() {
        let mut parameters = parameters();
        // Two sequences of five of the six places.
        let (ids, targets) = ([0, 3, 1, 4, 4, 2, 2, 0, 1, 3], [3, 1, 4, 4, 2, 2, 0, 1, 3, 0]);
        let mut pass = Pass::new(TINY, 10, 5);
        let mut gradient = vec![0.0; parameters.len()];
        pass.forward(&parameters, &ids, 5);
        pass.loss(&targets, 0.1);
        pass.backward(&parameters, &ids, 5, &mut gradient);
        let mut loss = |parameters: &[f64]| {
            pass.forward(parameters, &ids, 5);
            0.1 * pass.loss(&targets, 0.1)
        };
        for i in 0..parameters.len() {
            let original = parameters[i];
            parameters[i] = original + 1e-5;
            let above = loss(&parameters);
            parameters[i] = original - 1e-5;
            let below = loss(&parameters);
            parameters[i] = original;
            let slope = (above - below) / 2e-5;
            assert!((slope - gradient[i]).abs() < 1e-8, "{i}: {} instead of {slope}", gradient[i]);
        }
    }

    #[test]
    fn later_tokens_never_change_earlier_scores() {
        let parameters = parameters();
        let mut pass = Pass::new(TINY, 6, 6);
        let mut scores = |ids: [usize; 6]| {
            pass.forward(&parameters, &ids, 6);
            pass.scores(6).to_vec()
        };
        let before = scores([0, 1, 2, 3, 4, 0]);
        for at in 1..6 {
            let mut ids = [0, 1, 2, 3, 4, 0];
            ids[at..].iter_mut().for_each(|id| *id = (*id + 2) % 5);
            let after = scores(ids);
            assert_eq!(before[..at * 5], after[..at * 5], "{at}");
            assert_ne!(before[at * 5..], after[at * 5..]);
        }
    }

    #[test]
    fn sequences_do_not_see_each_other() {
        let parameters = parameters();
        let mut pass = Pass::new(TINY, 8, 4);
        pass.forward(&parameters, &[1, 2, 3, 4, 0, 0, 1, 1], 4);
        let both = pass.scores(8).to_vec();
        pass.forward(&parameters, &[0, 0, 1, 1], 4);
        let alone = pass.scores(4);
        assert!(both[20..].iter().zip(alone).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
