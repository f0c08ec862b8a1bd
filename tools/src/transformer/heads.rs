//! One head of attention, forwards and backwards, for the tools and for training.
//!
//! Each row of weights is the softmax of a query's products with the keys that it may see. Backwards they are computed
//! again and not kept (T. Dao et al., "FlashAttention", NeurIPS 2022): what a head needs then grows with the square of
//! the context only while it is at work.

use crate::{
    kernel::{Real, View, inside, matmul, vectorized},
    neural::softmax,
};

/// Which keys a query may see.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Allowed<'a> {
    /// All.
    All,
    /// Those at its own place and before.
    Causal,
    /// Those where its row of the mask says so; at least one.
    Mask(&'a [Vec<bool>]),
}

/// The weights `softmax(q k' / √d)`, one row a query, into `weights`.
pub(crate) fn weigh<T: Real>(q: View<'_, T>, k: View<'_, T>, allowed: Allowed<'_>, weights: &mut [T]) {
    let keys = k.rows;
    let scale = T::from_f64(1.0 / (q.columns as f64).sqrt());
    matmul(q, k.t(), weights, T::ZERO);
    for (i, row) in weights.chunks_exact_mut(keys).enumerate() {
        let seen = if matches!(allowed, Allowed::Causal) { keys.min(i + 1) } else { keys };
        let (seen, unseen) = row.split_at_mut(seen);
        vectorized(
            #[inline(always)]
            || seen.iter_mut().for_each(|x| *x *= scale),
        );
        unseen.fill(T::ZERO);
        if let Allowed::Mask(mask) = allowed {
            seen.iter_mut().zip(&mask[i]).filter(|(_, may)| !**may).for_each(|(x, _)| *x = -T::INFINITY);
        }
        softmax::in_place(seen);
    }
}

/// The causal weights of one head of a sequence.
pub(crate) fn weights_of<T: Real>(qkv: &[T], length: usize, d: usize, heads: usize, head: usize) -> Vec<T> {
    let width = d / heads;
    let part = |which: usize| View::strided(&qkv[which * d + head * width..], length, width, 3 * d);
    let mut weights = vec![T::ZERO; length * length];
    weigh(part(0), part(1), Allowed::Causal, &mut weights);
    weights
}

/// Room for one head at work: made once, used for each.
pub(crate) struct Room<T> {
    weights: Vec<T>,
    slopes: Vec<T>,
    narrow: Vec<T>,
}

impl<T: Real> Room<T> {
    /// For sequences of up to `length` tokens and heads of `width` numbers.
    pub(crate) fn new(length: usize, width: usize) -> Self {
        let square = || vec![T::ZERO; length * length];
        Room { weights: square(), slopes: square(), narrow: vec![T::ZERO; length * width] }
    }

    /// What all heads of one sequence gather: from queries, keys and values side by side (`length` x 3 `d`) to `mixed`
    /// (`length` x `d`).
    pub(crate) fn forward(&mut self, qkv: &[T], length: usize, d: usize, heads: usize, mixed: &mut [T]) {
        let width = d / heads;
        let weights = &mut self.weights[..length * length];
        let out = &mut self.narrow[..length * width];
        for head in 0..heads {
            let part = |which: usize| View::strided(&qkv[which * d + head * width..], length, width, 3 * d);
            weigh(part(0), part(1), Allowed::Causal, weights);
            matmul(View::new(weights, length, length), part(2), out, T::ZERO);
            put(out, width, &mut mixed[head * width..], d);
        }
    }

    /// From the slopes of a loss in `mixed` to those in queries, keys and values.
    pub(crate) fn backward(
        &mut self,
        qkv: &[T],
        length: usize,
        d: usize,
        heads: usize,
        in_mixed: &[T],
        in_qkv: &mut [T],
    ) {
        let width = d / heads;
        let scale = T::from_f64(1.0 / (width as f64).sqrt());
        let weights = &mut self.weights[..length * length];
        let slopes = &mut self.slopes[..length * length];
        let out = &mut self.narrow[..length * width];
        for head in 0..heads {
            let part = |which: usize| View::strided(&qkv[which * d + head * width..], length, width, 3 * d);
            let above = View::strided(&in_mixed[head * width..], length, width, d);
            weigh(part(0), part(1), Allowed::Causal, weights);
            let square = View::new(weights, length, length);
            matmul(square.t(), above, out, T::ZERO);
            put(out, width, &mut in_qkv[2 * d + head * width..], 3 * d);
            // The softmax: a score's slope is its weight times how far the weight's slope is above their mean.
            matmul(above, part(2).t(), slopes, T::ZERO);
            vectorized(
                #[inline(always)]
                || {
                    for (i, (slopes, weights)) in
                        slopes.chunks_exact_mut(length).zip(weights.chunks_exact(length)).enumerate()
                    {
                        let (slopes, unseen) = slopes.split_at_mut(i + 1);
                        let mean = inside::dot(slopes, &weights[..=i]);
                        for (slope, weight) in slopes.iter_mut().zip(weights) {
                            *slope = *weight * (*slope - mean) * scale;
                        }
                        unseen.fill(T::ZERO);
                    }
                },
            );
            let square = View::new(slopes, length, length);
            matmul(square, part(1), out, T::ZERO);
            put(out, width, &mut in_qkv[head * width..], 3 * d);
            matmul(square.t(), part(0), out, T::ZERO);
            put(out, width, &mut in_qkv[d + head * width..], 3 * d);
        }
    }
}

/// Copies rows of `width` numbers to where rows are `stride` apart.
fn put<T: Real>(rows: &[T], width: usize, to: &mut [T], stride: usize) {
    for (row, to) in rows.chunks_exact(width).zip(to.chunks_mut(stride)) {
        to[..width].copy_from_slice(row);
    }
}
